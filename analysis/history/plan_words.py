"""A plan's reasons, in plain words."""

from __future__ import annotations

import datetime as dt
import math
from typing import Final

from analysis.history.aim import Aim
from analysis.history.pooling import Pooled
from analysis.history.standing import WINDOW, Course, Look, Outlook, Ratio, Standing
from analysis.metrics import spec
from analysis.results import VerdictWord

COUPLED: Final = (
    "No plan from this movement: crank, barbell or handle make both sides move alike, so which side does "
    "less cannot be seen. Record one that each side does for itself, such as a split squat or a one-arm row."
)


OLD: Final = dt.timedelta(weeks=8)
"""A session that long before the first day says little of that day."""


def why(standing: Standing, look: Look, course: Course, aim: Aim) -> str:
    """Why the weak side and the ratio are what they are."""
    weak = f"the {course.weak_side}"
    if standing.outlook is Outlook.TRAIN:
        told = f"The weak side, which means the side that moves less, is {weak}. {amount(look.pooled, aim)}"
        return told if look.pooled.mountings >= WINDOW else f"{told} Record more soon to make this firmer."
    told = f"The weak side, which means the side that moves less, was {weak}. {amount(look.pooled, aim)}"
    if standing.outlook is Outlook.EXPECTED:
        return f"{told} That is expected for {aim.sport}: both sides do the same work."
    if course.ratio is Ratio.EVEN:
        return f"{told} Both sides do the same work."
    return f"{told} A second such answer in a row brings the plan back to 1:1."


def old(latest: dt.date | None, start: dt.date) -> str:
    """A sentence about recordings that are old when the plan begins; empty where they are not."""
    if latest is None or (age := start - latest) <= OLD:
        return ""
    return (
        f" The latest session was {age.days // 7} weeks before the first day of this plan ({latest}), "
        "and much may have changed: record a new one first."
    )


def why_not(standing: Standing, aim: Aim) -> str:
    """Why there is no plan, and what to record next."""
    if standing.look is None:
        return f"No recording here can be judged. {_record_next(WINDOW)}"
    pooled = standing.look.pooled
    if standing.outlook is Outlook.EXPECTED:
        return f"{amount(pooled, aim)} That is expected for {aim.sport}, so there is nothing to even out."
    if standing.outlook is Outlook.BALANCED:
        return f"{amount(pooled, aim)} There is nothing to even out; record again in a few weeks."
    unclear = "That holds for this set only" if standing.look.in_set_only else "That is not clear enough"
    return f"{amount(pooled, aim)} {unclear}: no plan yet. {_record_next(WINDOW - pooled.mountings)}"


def _record_next(missing: int) -> str:
    count = f"{missing} more session{'s' * (missing > 1)}" if missing > 0 else "another session"
    return (
        f"Record {count} on other days, each with three sets of eight or more on both sides; "
        f"the latest {WINDOW} are then taken together."
    )


def amount(pooled: Pooled, aim: Aim) -> str:
    """One sentence: which side did more over how many sessions, and how sure that is."""
    over = "In one session" if pooled.mountings == 1 else f"Over the latest {pooled.mountings} sessions"
    index, interval = pooled.index_percent, pooled.ci95_percent
    if index is None or interval is None or pooled.side is None:
        return f"{over} neither side did more."
    sign = math.copysign(1.0, index)
    low, high = sorted(sign * bound for bound in interval)
    grade = f", {pooled.grade}" if pooled.grade and pooled.verdict is VerdictWord.ASYMMETRIC else ""
    both = "both sides are balanced" if pooled.verdict is VerdictWord.BALANCED else ""
    who = both or f"the {pooled.side} {aim.limb} {spec(aim.metric).more}"
    return f"{over} {who}: {abs(index):.0f} % (95 % interval {low:.0f} to {high:.0f} %{grade})."
