"""Exercise presets: what to expect of a movement. None is needed to count."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Exercise:
    """What is known about an exercise.

    Attributes
    ----------
    name : str
        As the user wrote it; empty where unknown.
    movement : str
        ``cycles``, ``strides``, ``strokes``, ``hold``, or empty where unknown.
    coupled : bool
        True where crank, barbell or handle force both limbs to move alike.
    preset : str
        Name of the preset, whatever alias was written; empty where there is none.
    """

    name: str = ""
    movement: str = ""
    coupled: bool = False
    preset: str = ""


def find_exercise(name: str) -> Exercise:
    """The preset of a name or alias; a name without a preset is kept and nothing is assumed of it."""
    preset = _presets().get(_key(name), {})
    return Exercise(
        name,
        str(preset.get("movement", "")),
        bool(preset.get("coupled", False)),
        str(preset.get("preset", "")),
    )


def exercise_of(name: str, sport: str, *, arms: bool) -> Exercise:
    """The preset of an exercise, or, where none is named, of the strokes that a sport has the arms do."""
    exercise = find_exercise(name)
    of_sport = find_exercise(sport)
    if not name and arms and of_sport.movement == "strokes":
        return replace(of_sport, name="")
    return exercise


def _key(name: str) -> str:
    return "_".join(name.lower().replace("-", " ").split())


@cache
def _presets() -> dict[str, dict[str, object]]:
    text = resources.files("analysis.profiles").joinpath("exercises.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return {
        _key(alias): preset | {"preset": name}
        for name, preset in table.items()
        for alias in (name, *preset.get("aliases", ()))
    }
