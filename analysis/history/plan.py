"""The plan: a dated routine in which the side that moves less does more, or why there is none yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from analysis.history.aim import Aim
from analysis.history.diary import Entry, entries_between
from analysis.history.pain import LOOKBACK, pain_stop
from analysis.history.plan_words import COUPLED, old, why, why_not
from analysis.history.red_flags import stop_message
from analysis.history.routine import (
    Drill,
    Item,
    Rule,
    choose_drills,
    item_from_dict,
    item_to_dict,
    routine,
    rules,
    schedule,
    training_days,
)
from analysis.history.sessions import Session
from analysis.history.standing import Course, Outlook, Ratio, look_back, stand
from sensing.recording import Placement, Side

SCHEMA: Final = "sidewise.plan/1"


class Status(StrEnum):
    """What the answer is."""

    PLAN = "plan"
    NOT_YET = "not_yet"
    STOP = "stop"


@dataclass(frozen=True)
class Plan:
    """A plan, or why there is none.

    Attributes
    ----------
    aim : Aim
        What it is for.
    status : Status
        Whether there is a plan.
    reason : str
        Why, in plain words.
    start, end : datetime.date
        First day, and the day after the last.
    began : datetime.date
        First day of the first plan of a series of reviews.
    course : Course or None
        Weak side and ratio.
    load_percent : int
        Load, in percent of that at the beginning.
    based_on, baseline : datetime.date or None
        Day of the latest recording it rests on, and of the latest one the first plan rested on.
    looks : int
        Pooled answers that there could have been so far, one after each session; every one of them can err.
    drills : tuple of Drill
        The exercises.
    items : tuple of Item
        The dated lines.
    retests, reviews : tuple of datetime.date
        When to record again, and when to review.
    """

    aim: Aim
    status: Status
    reason: str
    start: dt.date
    end: dt.date
    began: dt.date
    course: Course | None = None
    load_percent: int = 100
    based_on: dt.date | None = None
    baseline: dt.date | None = None
    looks: int = 0
    drills: tuple[Drill, ...] = ()
    items: tuple[Item, ...] = field(default=(), repr=False)
    retests: tuple[dt.date, ...] = ()
    reviews: tuple[dt.date, ...] = ()

    @property
    def days(self) -> tuple[dt.date, ...]:
        """Days of training."""
        return tuple(dict.fromkeys(item.date for item in self.items))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules the plan keeps, beside those that its lines name."""
        if self.status is not Status.PLAN:
            return ()
        codes = ["weak_first", "strong_never_zero", "progress", "back_to_even", "retest", "review"]
        codes += ["sport"] if self.aim.sport else []
        return rules(*codes, "free_choice", "no_promise")

    @property
    def stop_rules(self) -> tuple[Rule, ...]:
        """When to stop."""
        return rules("stop_pain", "stop_rise", "stop_signs") if self.status is Status.PLAN else ()

    def to_dict(self) -> dict[str, Any]:
        """The machine answer, ``sidewise.plan/1``; `plan_from_dict` reads it again."""
        course = self.course if self.status is Status.PLAN else None
        return {
            "schema": SCHEMA,
            "status": self.status.value,
            "weak_side": course.weak_side.value if course else None,
            "ratio": course.ratio.value if course else None,
            "items": [item_to_dict(item) for item in self.items],
            "reason": self.reason,
            "aim": asdict(self.aim),
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "began": self.began.isoformat(),
            "load_percent": self.load_percent,
            "based_on": _iso(self.based_on),
            "baseline": _iso(self.baseline),
            "looks": self.looks,
            "exercises": [asdict(drill) for drill in self.drills],
            "retests": [date.isoformat() for date in self.retests],
            "reviews": [date.isoformat() for date in self.reviews],
            "rules": [asdict(rule) for rule in self.rules],
            "stop_rules": [asdict(rule) for rule in self.stop_rules],
        }


def plan_from_dict(body: dict[str, Any]) -> Plan:
    """The plan that `Plan.to_dict` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        It is something else.
    """
    if body["schema"] != SCHEMA:
        raise ValueError(f"schema is {body['schema']!r}, not {SCHEMA!r}")
    aim = body["aim"]
    weak, dominant = body["weak_side"], aim["dominant"]
    return Plan(
        aim=Aim(
            **aim
            | {
                "placement": Placement(aim["placement"]),
                "dominant": None if dominant is None else Side(dominant),
            }
        ),
        status=Status(body["status"]),
        reason=body["reason"],
        start=dt.date.fromisoformat(body["start"]),
        end=dt.date.fromisoformat(body["end"]),
        began=dt.date.fromisoformat(body["began"]),
        course=None if weak is None else Course(Side(weak), Ratio(body["ratio"])),
        load_percent=int(body["load_percent"]),
        drills=tuple(Drill(**drill) for drill in body["exercises"]),
        items=tuple(item_from_dict(item) for item in body["items"]),
        based_on=_date(body["based_on"]),
        baseline=_date(body["baseline"]),
        looks=int(body["looks"]),
        retests=tuple(map(dt.date.fromisoformat, body["retests"])),
        reviews=tuple(map(dt.date.fromisoformat, body["reviews"])),
    )


def make_plan(
    sessions: Sequence[Session],
    aim: Aim,
    *,
    red_flags: Collection[str],
    diary: Iterable[Entry],
    start: dt.date,
    today: dt.date,
    weeks: int,
) -> Plan:
    """A plan from what was recorded.

    Parameters
    ----------
    sessions : sequence of Session
        Recordings of one athlete, placement and exercise.
    aim : Aim
        What it is for.
    red_flags : collection of str
        Codes of the questions that were answered yes (`red_flags.QUESTIONS`); any of them stops.
    diary : iterable of Entry
        The athlete's diary; recent pain stops.
    start, today : datetime.date
        First day of the plan, and the present day.
    weeks : int
        How long.

    Returns
    -------
    Plan
        ``stop``, ``not_yet`` with what to record next, or ``plan``.
    """
    blank = Plan(aim, Status.NOT_YET, "", start, start + dt.timedelta(weeks=weeks), began=start)
    stop = stop_message(red_flags) or pain_stop(entries_between(diary, today - LOOKBACK, today))
    if stop:
        return replace(blank, status=Status.STOP, reason=stop)
    if aim.coupled:
        return replace(blank, reason=COUPLED)
    standing = stand(look_back(sessions, aim.metric), aim.usual())
    look, course = standing.look, standing.course
    if look is None or course is None or standing.outlook is Outlook.UNCLEAR:
        return replace(blank, reason=why_not(standing, aim), looks=standing.looks)
    return filled(
        replace(
            blank,
            reason=why(standing, look, course, aim) + old(look.date, start),
            course=course,
            based_on=look.date,
            baseline=look.date,
            looks=standing.looks,
        )
    )


def filled(plan: Plan) -> Plan:
    """The plan with its dated lines, in the rhythm of the day it began, from its course, dates and load."""
    if plan.course is None:
        return plan
    drills = choose_drills(plan.aim.placement, plan.aim.exercise)
    dates = [date for date in training_days(plan.began, plan.end) if date >= plan.start]
    every, weeks = schedule().retest_weeks, (plan.end - plan.began).days // 7
    return replace(
        plan,
        status=Status.PLAN,
        drills=drills,
        items=routine(plan.course, dates, drills, load_percent=plan.load_percent),
        retests=_weeks_in(plan, range(every, weeks + 1, every)),
        reviews=_weeks_in(plan, schedule().review_weeks),
    )


def _weeks_in(plan: Plan, weeks: Iterable[int]) -> tuple[dt.date, ...]:
    """Days so many weeks after the beginning, as far as the plan has them before it."""
    dates = (plan.began + dt.timedelta(weeks=week) for week in weeks)
    return tuple(date for date in dates if plan.start < date <= plan.end)


def _iso(date: dt.date | None) -> str | None:
    return None if date is None else date.isoformat()


def _date(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)
