"""What a plan is made of: exercises and rules from `analysis/profiles/plans.toml`, and the dated routine."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import Any

from analysis.exercises import find_exercise
from analysis.history.standing import Course, Ratio
from sensing.recording import Placement, Side


@dataclass(frozen=True)
class Rule:
    """A rule in plain words, and where it comes from."""

    words: str
    source: str


@dataclass(frozen=True)
class Drill:
    """An exercise that each side does for itself, and how it is done."""

    name: str
    how: str


@dataclass(frozen=True)
class Item:
    """One line of the routine: an exercise of one side on one day.

    ``load_percent`` is the load held, in percent of that at the plan's start.
    """

    date: dt.date
    exercise: str
    side: Side
    sets: int
    reps: int
    load_percent: int
    rule: str
    source: str


@dataclass(frozen=True)
class Work:
    """Sets of each side at one ratio, and the rules that say so."""

    weak_sets: int
    strong_sets: int
    weak_rule: str
    strong_rule: str
    source: str


@dataclass(frozen=True)
class Schedule:
    """When what happens: days from each week's start, weeks between re-tests and up to the reviews."""

    days_of_week: tuple[int, ...]
    exercises_per_day: int
    reps: int
    retest_weeks: int
    review_weeks: tuple[int, ...]


def schedule() -> Schedule:
    """The schedule that every plan keeps."""
    table = _table()["schedule"]
    return Schedule(**table | {name: tuple(table[name]) for name in ("days_of_week", "review_weeks")})


def rules(*codes: str) -> tuple[Rule, ...]:
    """Rules by their codes."""
    return tuple(Rule(**_table()["rules"][code]) for code in codes)


def work(ratio: Ratio) -> Work:
    """What each side does at a ratio."""
    return Work(**_table()["ratio"][ratio.value])


def choose_drills(placement: Placement, exercise: str) -> tuple[Drill, ...]:
    """Exercises for where the sensors were and what was recorded, the fittest first."""
    preset = find_exercise(exercise).preset
    fitting = [drill for drill in _table()["exercise"] if placement.region in drill["regions"]]
    fitting.sort(key=lambda drill: (preset not in drill["presets"], placement not in drill["placements"]))
    chosen = fitting[: schedule().exercises_per_day] or [_table()["own_exercise"]]
    return tuple(Drill(drill["name"], drill["how"]) for drill in chosen)


def training_days(start: dt.date, end: dt.date) -> tuple[dt.date, ...]:
    """Days of training from ``start`` until before ``end``."""
    days = schedule().days_of_week
    weeks = range(0, (end - start).days, 7)
    dates = (start + dt.timedelta(days=week + day) for week in weeks for day in days)
    return tuple(date for date in dates if date < end)


def routine(
    course: Course, dates: Sequence[dt.date], drills: Sequence[Drill], *, load_percent: int
) -> tuple[Item, ...]:
    """The dated lines: on each day all work of the weak side, then that of the strong side."""
    doing = work(course.ratio)
    sides = (
        (course.weak_side, doing.weak_sets, doing.weak_rule),
        (course.weak_side.other, doing.strong_sets, doing.strong_rule),
    )
    return tuple(
        Item(date, drill.name, side, sets, schedule().reps, load_percent, rule, doing.source)
        for date in dates
        for side, sets, rule in sides
        for drill in drills
    )


def item_to_dict(item: Item) -> dict[str, Any]:
    """The line in JSON types."""
    return asdict(item) | {"date": item.date.isoformat(), "side": item.side.value}


def item_from_dict(body: dict[str, Any]) -> Item:
    """The line that `item_to_dict` wrote."""
    return Item(**body | {"date": dt.date.fromisoformat(body["date"]), "side": Side(body["side"])})


@cache
def _table() -> dict[str, Any]:
    text = resources.files("analysis.profiles").joinpath("plans.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
