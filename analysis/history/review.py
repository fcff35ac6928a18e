"""A plan held against what happened since: what was done, what changed, and how to go on."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from typing import Any, Final

import numpy as np

from analysis.history.compare import Change, compare_means
from analysis.history.diary import Entry, Kind, entries_between
from analysis.history.pain import LOOKBACK, clean_days, pain_stop
from analysis.history.plan import Plan, Status, filled
from analysis.history.plan_words import amount
from analysis.history.pooling import by_mounting, usable
from analysis.history.sessions import Session, in_order
from analysis.history.standing import WINDOW, Course, Outlook, Ratio, look_back, stand
from analysis.metrics import AMPLITUDE_REMOUNT_SD
from sensing.errors import UsageError
from sensing.recording import Side

CLEAN_DAYS: Final = 2
"""Clean days in a row after which the load grows."""

LOAD_STEP_PERCENT: Final = 5
TOLERANCE: Final = dt.timedelta(days=1)
"""How far from its date a training day may be made up."""

EXTENSION: Final = dt.timedelta(weeks=2)
"""How long a plan goes on where its weeks are over and the sides still differ."""


class Move(StrEnum):
    """How the plan goes on."""

    SAME = "same"
    PROGRESS = "progress"
    ADJUST = "adjust"
    EVEN = "back_to_even"
    STOP = "stop"


@dataclass(frozen=True)
class Review:
    """What a review found.

    Attributes
    ----------
    move : Move
        How the plan goes on.
    reason : str
        Why, in plain words.
    planned, done : int
        Training days since the plan's start, and those of them that were done.
    sessions : int
        Recordings since those that the first plan rested on.
    change : Change or None
        Latest recordings against those that the first plan rested on; None where there are none since.
    plan : Plan
        The plan from now on; without lines where the move is to stop.
    """

    move: Move
    reason: str
    planned: int
    done: int
    sessions: int
    change: Change | None
    plan: Plan

    def to_dict(self) -> dict[str, Any]:
        """The plan's machine answer, with the review beside it."""
        found = {
            "move": self.move.value,
            "reason": self.reason,
            "adherence": {"planned": self.planned, "done": self.done},
            "sessions": self.sessions,
            "change": None if self.change is None else self.change.to_dict(),
        }
        return self.plan.to_dict() | {"review": found}


def review(plan: Plan, sessions: Sequence[Session], diary: Sequence[Entry], today: dt.date) -> Review:
    """Hold what happened against a plan, and move on.

    Parameters
    ----------
    plan : Plan
        The plan in force.
    sessions : sequence of Session
        All recordings of its athlete, placement and exercise, those before the plan too.
    diary : sequence of Entry
        The athlete's diary.
    today : datetime.date
        The present day.

    Raises
    ------
    UsageError
        What is given is no plan.
    """
    course = plan.course
    if plan.status is not Status.PLAN or course is None:
        raise UsageError("there is no plan to review; make one with: sidewise plan")
    before, since = _halves(plan, sessions)
    trained = _trained(plan, sessions, diary, today)
    planned = [date for date in plan.days if date < today or (date == today and today in trained)]
    done = _matched(planned, sorted(trained))
    change = _change(before, since, plan.aim.metric)
    move, reason, next_course = _move(plan, course, sessions, diary, today, trained)
    return Review(
        move=move,
        reason=reason,
        planned=len(planned),
        done=done,
        sessions=sum(map(len, since)),
        change=change,
        plan=_next_plan(plan, sessions, move, reason, next_course, today),
    )


def _move(
    plan: Plan,
    course: Course,
    sessions: Sequence[Session],
    diary: Sequence[Entry],
    today: dt.date,
    trained: set[dt.date],
) -> tuple[Move, str, Course]:
    if stop := pain_stop(entries_between(diary, today - LOOKBACK, today)):
        return Move.STOP, stop, course
    standing = stand(
        look_back(sessions, plan.aim.metric), plan.aim.usual(), course=course, since=plan.based_on
    )
    latest = "" if standing.look is None else f"{amount(standing.look.pooled, plan.aim)} "
    even = Course(course.weak_side, Ratio.EVEN)
    if course.ratio is not Ratio.EVEN and _strong_side_dropped(plan, sessions, course.weak_side.other):
        told = f"The {course.weak_side.other} side, which was the strong one, does clearly less than before: "
        return Move.EVEN, told + "back to 1:1.", even
    found = standing.course or course
    if found == even != course and standing.outlook is Outlook.BALANCED:
        return Move.EVEN, f"{latest}That is balanced twice in a row: back to 1:1.", even
    if found == even != course and standing.outlook is Outlook.EXPECTED:
        return Move.EVEN, f"{latest}That is expected for {plan.aim.sport}: back to 1:1.", even
    if found != course:
        return Move.ADJUST, f"{latest}The {found.weak_side} side now trains at {found.ratio}.", found
    days = sorted(trained)[-CLEAN_DAYS:]
    if len(days) == CLEAN_DAYS and set(days) <= clean_days(entries_between(diary, plan.start, today)):
        told = f"Two clean days in a row: use {LOAD_STEP_PERCENT} % more load, "
        return (
            Move.PROGRESS,
            told + "if the last repetitions were less than 20 % slower than the first.",
            course,
        )
    told = "Go on as planned. The load grows after two training days in a row with pain rated 2/10 at most."
    return Move.SAME, f"{latest}{told}", course


def _next_plan(
    plan: Plan, sessions: Sequence[Session], move: Move, reason: str, course: Course, today: dt.date
) -> Plan:
    if move is Move.STOP:
        return replace(plan, status=Status.STOP, reason=reason, drills=(), items=(), retests=(), reviews=())
    end = plan.end if today < plan.end else today + EXTENSION
    if move is Move.SAME:
        return plan if end == plan.end else filled(replace(plan, end=end))
    looks = look_back(sessions, plan.aim.metric)
    moved = replace(
        plan,
        reason=reason,
        start=today,
        end=end,
        course=course,
        load_percent=plan.load_percent + LOAD_STEP_PERCENT * (move is Move.PROGRESS),
        based_on=looks[-1].date if looks else plan.based_on,
        looks=len(looks),
    )
    return filled(moved)


Mountings = list[list[Session]]


def _halves(plan: Plan, sessions: Sequence[Session]) -> tuple[Mountings, Mountings]:
    """Mountings that the first plan rested on, and those since."""
    groups = list(by_mounting(in_order(sessions), plan.aim.metric).values())
    if plan.baseline is None:
        return groups, []
    before = [group for group in groups if (day := group[-1].day) is not None and day <= plan.baseline]
    return before, [group for group in groups if group not in before]


def _change(before: Mountings, since: Mountings, metric: str) -> Change | None:
    if not before or not since:
        return None
    first, last = (tuple(chain.from_iterable(groups[-WINDOW:])) for groups in (before, since))
    return compare_means(first, last, metric)


def _strong_side_dropped(plan: Plan, sessions: Sequence[Session], strong: Side) -> bool:
    """Whether the strong side alone does less than before, by more than the minimal detectable change.

    The MDC is 1.96 sqrt(2) times the SD of that side between mountings (Weir 2005), which is taken to be no
    smaller than what mounting a sensor anew does.
    """
    before, since = (
        np.array([_level(group, plan.aim.metric, strong) for group in groups[-WINDOW:]])
        for groups in _halves(plan, sessions)
    )
    if min(len(before), len(since)) < 2:
        return False
    scatter = np.concatenate([before - before.mean(), since - since.mean()])
    sd = math.sqrt(float(scatter @ scatter) / (len(scatter) - 2))
    mdc = 1.96 * math.sqrt(2) * max(sd, AMPLITUDE_REMOUNT_SD)
    return float(before.mean() - since.mean()) > mdc


def _level(group: Iterable[Session], metric: str, side: Side) -> float:
    """Mean ln value of one side in one mounting."""
    rows = [row for session in group if (row := usable(session, metric)) is not None]
    values = [row.left if side is Side.LEFT else row.right for row in rows]
    return float(np.mean([math.log(value) for value in values if value]))


def _trained(plan: Plan, sessions: Iterable[Session], diary: Iterable[Entry], today: dt.date) -> set[dt.date]:
    """Days since the plan's start with exercise in the diary, or a recording."""
    logged = {entry.date for entry in entries_between(diary, plan.start, today, [Kind.EXERCISE])}
    recorded = {day for session in sessions if (day := session.day) and plan.start <= day <= today}
    return logged | recorded


def _matched(planned: Iterable[dt.date], trained: Sequence[dt.date]) -> int:
    """How many planned days were done, each day of training standing for one of them."""
    left, done = list(trained), 0
    for date in planned:
        near = [day for day in left if abs(day - date) <= TOLERANCE]
        if near:
            left.remove(near[0])
            done += 1
    return done
