"""Where an athlete stands: which side moves less, and how much more it should do, by pooled answers alone.

The latest three mountings are pooled after each of them. An asymmetric answer sets the ratio by its grade,
two balanced ones in a row bring it back to 1:1, and anything else leaves it as it was.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from analysis.history.pooling import Pooled, by_mounting, pool, usable
from analysis.history.sessions import Session, in_order
from analysis.inference import t_quantile
from analysis.profiles import Profile
from analysis.results import VerdictWord
from sensing.recording import Placement, Side

WINDOW: Final = 3
"""Mountings that are pooled into one answer."""

BALANCED_IN_A_ROW: Final = 2
"""Balanced answers, each over `WINDOW` mountings, that bring a plan back to 1:1."""

AMOUNTS: Final = (
    "angle_travelled",
    "peak_angular_velocity",
    "movement_activation",
    "peak_acceleration",
    "player_load",
    "load_moved",
)
"""Metrics that say how much a side moves; by impacts or timing no side is the weak one."""


class Ratio(StrEnum):
    """Work of the weak side to that of the strong side."""

    EVEN = "1:1"
    HALF_MORE = "1.5:1"
    DOUBLE = "2:1"


class Outlook(StrEnum):
    """What the pooled answers allow."""

    TRAIN = "train"
    EXPECTED = "expected"
    BALANCED = "balanced"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Course:
    """Which side moves less, and the ratio it trains at."""

    weak_side: Side
    ratio: Ratio


@dataclass(frozen=True)
class Look:
    """The pooled answer after one mounting.

    Attributes
    ----------
    date : datetime.date or None
        Day of its last recording.
    pooled : Pooled
        The latest mountings together, at most `WINDOW`.
    in_set_only : bool
        True where it rests on one mounting whose answer holds for its one or two sets only.
    """

    date: dt.date | None
    pooled: Pooled
    in_set_only: bool

    @property
    def verdict(self) -> VerdictWord:
        """The pooled verdict, inconclusive where it does not reach beyond a set."""
        return VerdictWord.INCONCLUSIVE if self.in_set_only else self.pooled.verdict

    @property
    def balanced(self) -> bool:
        """Whether it counts towards going back to 1:1."""
        return self.verdict is VerdictWord.BALANCED and self.pooled.mountings >= WINDOW


@dataclass(frozen=True)
class Standing:
    """What a plan rests on.

    Attributes
    ----------
    outlook : Outlook
        What the latest answer allows.
    course : Course or None
        Weak side and ratio after all looks; None where there has been nothing to train for.
    look : Look or None
        The latest one; None where no recording can be judged.
    looks : int
        How many there were.
    """

    outlook: Outlook
    course: Course | None
    look: Look | None
    looks: int


Usual = Mapping[Side, float]
"""Per side, ln ratio up to which more on that side is usual in a sport; infinite without a known size."""

NOTHING_USUAL: Final[Usual] = {Side.LEFT: 0.0, Side.RIGHT: 0.0}


def usual_in_sport(
    profile: Profile | None, placement: Placement, dominant: Side | None, metric: str
) -> Usual:
    """How much more on each side a sport makes usual where the sensors were worn."""
    expectation = profile.expectation(placement, dominant, metric) if profile else None
    if expectation is None or expectation.min_hours > 0:  # what holds over a day says nothing of an exercise
        return NOTHING_USUAL
    if band := expectation.band(dominant):
        return {Side.LEFT: _log_ratio(-band[0]), Side.RIGHT: _log_ratio(band[1])}
    side = expectation.side(dominant)
    return NOTHING_USUAL if side is None else {side: math.inf, side.other: 0.0}


def _log_ratio(percent: float) -> float:
    """The ln ratio of a symmetry index, 0 for what lies on the other side."""
    return math.inf if percent >= 200 else 2 * math.atanh(max(percent, 0.0) / 200)


def look_back(sessions: Iterable[Session], metric: str) -> tuple[Look, ...]:
    """The pooled answer after each mounting, the first one first."""
    groups = list(by_mounting(in_order(sessions), metric).values())
    return tuple(_look(groups[max(0, end - WINDOW) : end], metric) for end in range(1, len(groups) + 1))


def _look(groups: Sequence[Sequence[Session]], metric: str) -> Look:
    within = [session for group in groups for session in group]
    rows = [row for session in within if (row := usable(session, metric)) is not None]
    return Look(
        date=groups[-1][-1].day,
        pooled=pool(within, metric),
        in_set_only=len(groups) == 1 and all(row.scope == "this_set" for row in rows),
    )


def stand(
    looks: Sequence[Look],
    usual: Usual = NOTHING_USUAL,
    *,
    course: Course | None = None,
    since: dt.date | None = None,
) -> Standing:
    """Follow the looks to where they lead.

    Parameters
    ----------
    looks : sequence of Look
        All of them, the first one first.
    usual : mapping of Side to float
        What the sport makes usual.
    course : Course, optional
        What a plan in force has decided; looks up to ``since`` are then counted but change nothing.
    since : datetime.date, optional
        Day of the last recording that the plan in force rests on.

    Returns
    -------
    Standing
        ``UNCLEAR`` without looks.
    """
    outlook, in_a_row = Outlook.UNCLEAR, 0
    for look in looks:
        in_a_row = in_a_row + 1 if look.balanced else 0
        outlook = _outlook(look, usual)
        if course is None or since is None or look.date is None or look.date > since:
            course = _next_course(course, look, outlook, usual, in_a_row)
    return Standing(outlook, course, looks[-1] if looks else None, len(looks))


def _outlook(look: Look, usual: Usual) -> Outlook:
    if look.verdict is VerdictWord.BALANCED:
        return Outlook.BALANCED
    if look.verdict is not VerdictWord.ASYMMETRIC:
        return Outlook.UNCLEAR
    return Outlook.TRAIN if _beyond(look.pooled, usual, 0.975) > 0 else Outlook.EXPECTED


def _next_course(
    course: Course | None, look: Look, outlook: Outlook, usual: Usual, in_a_row: int
) -> Course | None:
    if outlook is Outlook.TRAIN and look.pooled.side is not None:
        return Course(look.pooled.side.other, _ratio(look.pooled, usual))
    if course and (outlook is Outlook.EXPECTED or in_a_row >= BALANCED_IN_A_ROW):
        return Course(course.weak_side, Ratio.EVEN)
    return course


def _ratio(pooled: Pooled, usual: Usual) -> Ratio:
    """The ratio by the grade of what goes beyond the usual; without anything usual, by the plain grade."""
    if _beyond(pooled, usual, 0.5) < pooled.delta:
        return Ratio.EVEN
    return Ratio.DOUBLE if _beyond(pooled, usual, 0.95) > pooled.delta else Ratio.HALF_MORE


def _beyond(pooled: Pooled, usual: Usual, confidence: float) -> float:
    """Lower one-sided bound of how far the side with more goes beyond what is usual there, as a ln ratio."""
    if pooled.log_ratio is None or pooled.se is None or pooled.df is None or pooled.side is None:
        return -math.inf
    return abs(pooled.log_ratio) - t_quantile(confidence, pooled.df) * pooled.se - usual[pooled.side]
