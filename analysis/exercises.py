"""Exercise presets: what to expect of a movement. None is needed to count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Final

from analysis.profiles.sport import PLACEMENTS
from sensing import toml_checks as check
from sensing.recording import Placement


@dataclass(frozen=True)
class Exercise:
    """What is known about an exercise.

    Attributes
    ----------
    name : str
        As the user wrote it; empty where unknown.
    movement : str
        ``cycles``, ``strides``, ``strokes``, ``hold``, ``still``, or empty where unknown.
    coupled : bool
        True where crank, barbell or handle force both limbs to move alike.
    preset : str
        Name of the preset, whatever alias was written; empty where there is none.
    placements : tuple of str
        Regions or placements where it is recorded; empty where unknown.
    kind : str
        ``simultaneous`` or ``alternating`` where the sides can only move so; else empty.
    """

    name: str = ""
    movement: str = ""
    coupled: bool = False
    preset: str = ""
    placements: tuple[str, ...] = ()
    kind: str = ""

    def fits(self, placement: Placement) -> bool:
        """Whether it is recorded there, as far as is known."""
        unknown = placement in (Placement.UNKNOWN, Placement.EQUIPMENT)
        return (
            unknown or not self.placements or bool({placement.value, placement.region} & {*self.placements})
        )


def find_exercise(name: str) -> Exercise:
    """The preset of a name or alias; a name without a preset is kept and nothing is assumed of it."""
    return replace(_presets().get(_key(name), Exercise()), name=name)


def exercise_of(name: str, sport: str, placement: Placement) -> Exercise:
    """The preset of an exercise, or, where none is named, of the strokes that a sport has the arms do.

    A limb away from those that a crank, barbell or handle links is free.
    """
    exercise, of_sport = find_exercise(name), find_exercise(sport)
    if not name and placement.region == "arm" and of_sport.movement == "strokes":
        exercise = replace(of_sport, name="")
    return replace(exercise, coupled=exercise.coupled and exercise.fits(placement))


def known_exercises() -> tuple[str, ...]:
    """Names that have a preset, without their aliases."""
    return tuple(sorted({exercise.preset for exercise in _presets().values()}))


def _key(name: str) -> str:
    return "_".join(name.lower().replace("-", " ").split())


@cache
def _presets() -> dict[str, Exercise]:
    """Every preset by its name and its aliases."""
    text = resources.files("analysis.profiles").joinpath("exercises.toml").read_text(encoding="utf-8")
    data, problems = check.parse(text, "exercises.toml")
    presets = {}
    for name, table in data.items():
        values = check.read_table(table, (name,), _KEYS, problems)
        aliases = values.pop("aliases")
        for alias in (name, *aliases):
            if alias in presets:
                problems.add((name,), f"{alias!r} is taken")
            presets[alias] = Exercise(preset=name, **values)
    problems.raise_if_any()
    return presets


_KEYS: Final = {
    "aliases": (check.texts, ()),
    "movement": (check.one_of("cycles", "strides", "strokes", "hold", "still"), ""),
    "coupled": (check.flag, False),
    "placements": (check.texts_of(*PLACEMENTS), ()),
    "kind": (check.one_of("simultaneous", "alternating"), ""),
}
