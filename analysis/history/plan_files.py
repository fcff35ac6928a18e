"""Plans on disk: one JSON file each, in the folder ``plans`` of the athlete."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Final

from analysis.history.aim import Aim
from analysis.history.plan import Plan, plan_from_dict
from sensing.errors import BadInput, UsageError
from sensing.files import write_atomically

FOLDER: Final = "plans"


def save_plan(folder: Path, plan: Plan) -> Path:
    """Write a plan into an athlete's folder, atomically, named by its first day.

    A plan of the same series and day is replaced; one of another series is left alone, and the new file then
    has a number behind its date.
    """
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    names = (f"{plan.start}{f'-{number}' if number > 1 else ''}.json" for number in count(1))
    path = next(
        path
        for name in names
        if not (path := place / name).exists() or _read(path).aim.series() == plan.aim.series()
    )
    write_atomically(path, json.dumps(plan.to_dict(), indent=2, ensure_ascii=False) + "\n")
    return path


def plans(folder: Path) -> tuple[Plan, ...]:
    """Every plan in an athlete's folder, the oldest first.

    Raises
    ------
    BadInput
        A file is damaged; all of them are named.
    """
    found: list[Plan] = []
    problems: list[str] = []
    for path in sorted((folder / FOLDER).glob("*.json")):
        try:
            found.append(_read(path))
        except BadInput as error:
            problems += error.problems
    if problems:
        raise BadInput(problems)
    return tuple(sorted(found, key=lambda plan: plan.start))


def latest_plan(folder: Path, **wanted: object) -> Plan:
    """The plan in force.

    Parameters
    ----------
    folder : Path
        The athlete's folder.
    **wanted
        Fields of the plan's `Aim` that it must have; None stands for any.

    Raises
    ------
    UsageError
        There is none, or several of different series are wanted.
    BadInput
        A file is damaged.
    """
    fitting = [plan for plan in plans(folder) if _has(plan.aim, wanted)]
    if not fitting:
        raise UsageError("there is no such plan to review; make one with: sidewise plan ATHLETE")
    if len({plan.aim.series() for plan in fitting}) > 1:
        named = sorted({" ".join(filter(None, plan.aim.series())) for plan in fitting})
        raise UsageError(
            f"there are several plans: {', '.join(named)}; say which by --metric, --placement or --exercise"
        )
    return fitting[-1]


def _has(aim: Aim, wanted: dict[str, object]) -> bool:
    return all(value is None or getattr(aim, name) == value for name, value in wanted.items())


def _read(path: Path) -> Plan:
    try:
        return plan_from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, KeyError, TypeError, ValueError, AttributeError, UsageError) as error:
        told = f"{path}: not a plan ({type(error).__name__}: {error}); move it away"
        raise BadInput(told) from error
