"""Trends and changes in words; loads nothing that analyses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from analysis.history.compare import Change, ChangeWord
from analysis.history.pooling import Pooled
from analysis.history.sessions import Choice
from analysis.history.trend import ENDS, KEPT, Trend
from analysis.history.usual import SportAnswer
from analysis.report.numbers import number, sided, sided_interval
from analysis.results import VerdictWord
from sensing.recording import Placement

_LEAST_MOUNTINGS: Final = 3
"""Fewer of them lean to one side by chance too often to be worth a word."""

NOT_JUDGED: Final = "* could not be judged, and is not in the answer over all sessions."

FALSE_ALARMS_OF_8_LOOKS: Final = 20
"""Percent of people without a difference whom one of eight looks calls asymmetric: 9 to 20, measured."""

CHANGES: Final = {
    ChangeWord.CHANGED: "It changed",
    ChangeWord.UNCHANGED: "It did not change",
    ChangeWord.INCONCLUSIVE: "Not clear yet if it changed",
    ChangeWord.CANNOT_TELL: "Cannot be compared",
}


def answer(pooled: Pooled, choice: Choice, sport: SportAnswer) -> str:
    """The answer over all sessions, in a sentence or two."""
    over = f"over {counted(pooled.sessions, 'session')}"
    amount = f"{sided(pooled.index_percent, 1)} (95 % interval {sided_interval(pooled.ci95_percent, 1)})"
    if pooled.verdict is VerdictWord.NOT_ASSESSABLE:
        return f"Cannot be compared: {pooled.reason}."
    if pooled.verdict is VerdictWord.INCONCLUSIVE:
        return f"Not clear yet {over}: {amount}; {pooled.reason}."
    if pooled.verdict is VerdictWord.BALANCED:
        margin = f"very likely less than {100 * pooled.delta:g} % either way"
        return f"Both sides are balanced {over}: {amount}, {margin}."
    sentence = f"The {pooled.side} {_limb(choice.placement)} does more {over}: {amount}."
    return f"{sentence} {reading(pooled, sport)}".rstrip()


def reading(pooled: Pooled, sport: SportAnswer) -> str:
    """What the sport makes of a difference, in a sentence; empty where there is none or no profile."""
    if pooled.verdict is not VerdictWord.ASYMMETRIC or sport.match is None:
        return ""
    if sport.flagged and sport.match.in_band is not False:
        return f"{sport.sport.capitalize()} gives no reason for that."
    return f"That is {sport.match.reads}."


def facts(trend: Trend, sport: SportAnswer) -> Iterable[str]:
    """What else is known, a sentence each."""
    if any(not point.pooled for point in trend.points):
        yield NOT_JUDGED
    if trend.own_band is not None:
        band = sided_interval(trend.own_band, 1)
        where = "inside" if trend.in_own_band else "outside"
        yield f"Own range, by the earlier sessions: {band}; the latest is {where}."
    if sport.match is not None:
        yield f"{sport.match.name.capitalize()}: {sport.match.expects}."
    if (direction := trend.direction) is not None and direction.of >= _LEAST_MOUNTINGS:
        kept = "" if direction.kept else f"; {KEPT} of {KEPT} would show that it is kept"
        yield f"{direction.same} of the latest {direction.of} mountings lean to the {direction.side}{kept}."
    if trend.change is not None and trend.change.change_percent is not None:
        words = CHANGES[trend.change.verdict].lower()
        yield f"The first {ENDS} against the latest {ENDS}: {words}, {moved(trend.change)}."
    if trend.mdc_percent is not None:
        yield f"Measurement error of one session against another (MDC): {plain_points(trend.mdc_percent)}."
    if trend.looks > 1:
        yield (
            f"This is look {trend.looks}: only the latest answer counts. Each look can err. Over 8 looks, up "
            f"to {FALSE_ALARMS_OF_8_LOOKS} % of people with even sides get a false alarm."
        )


def moved(change: Change) -> str:
    """From where to where, and by how many points with the interval."""
    assert change.change_percent is not None and change.ci95 is not None
    low, high = (f"{end:+.1f}".replace("-", "−") for end in change.ci95)
    ends = [
        sided(None if pooled is None else pooled.index_percent, 1) for pooled in (change.before, change.after)
    ]
    interval = f"95 % interval {low} to {high}, + towards the right"
    return f"from {ends[0]} to {ends[1]}, by {points(change.change_percent)} ({interval})"


def points(percent: float) -> str:
    """A signed change of the difference."""
    return f"{percent:+.1f} points".replace("-", "−")


def plain_points(percent: float) -> str:
    """The size of a change of the difference."""
    return f"{number(percent, 1)} points"


def what(choice: Choice) -> str:
    """Exercise and placement: ``squat on the thigh``."""
    where = "" if choice.placement is Placement.UNKNOWN else f"on the {_limb(choice.placement)}"
    return " ".join(filter(None, (choice.exercise.replace("_", " "), where))) or "any exercise"


def _limb(placement: Placement) -> str:
    return "side" if placement.region == "unknown" else placement.value.replace("_", " ")


def counted(n: int, what: str) -> str:
    """``1 session``, ``3 sessions``."""
    return f"{n} {what}" + ("" if n == 1 else "s")
