"""One metric over an athlete's sessions: where it stands, what is usual for them, whether it changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from analysis.history.compare import Change, compare_means
from analysis.history.pooling import (
    Level,
    Pooled,
    by_mounting,
    contrast,
    index_interval,
    levels,
    pool,
    usable,
)
from analysis.history.sessions import Session
from analysis.inference import t_quantile
from analysis.results import Metric
from analysis.symmetry import symmetry_index
from sensing.recording import Interval, Side

SCHEMA: Final = "sidewise.trend/1"

KEPT: Final = 6
"""One athlete's direction is kept only at 6 of 6: by chance alone that happens in 3.1 %."""

ENDS: Final = 3
"""Mountings at either end whose means are held against each other."""

MIN_BASELINE: Final = 3
"""Earlier mountings that a usual band needs."""


@dataclass(frozen=True)
class Point:
    """One session on the trend; ``pooled`` is False where it could not be judged and only stands there."""

    session: Session
    row: Metric | None
    pooled: bool

    @property
    def ci95_percent(self) -> Interval | None:
        """The interval in index percent."""
        return None if self.row is None else index_interval(self.row.ci95)

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        row = self.row
        return {
            "date": None if self.session.date is None else self.session.date.isoformat(),
            "path": self.session.path,
            "index_percent": None if row is None else row.index_percent,
            "ci95": self.ci95_percent,
            "verdict": None if row is None else row.verdict.value,
            "grade": None if row is None else row.grade,
            "side": None if row is None or row.side is None else row.side.value,
            "tag": self.session.tag or None,
            "mount": self.session.mount or None,
            "pooled": self.pooled,
        }


@dataclass(frozen=True)
class Direction:
    """How many of the latest mountings (at most `KEPT`) lean to ``side``."""

    side: Side
    same: int
    of: int

    @property
    def kept(self) -> bool:
        """Whether so many lean the same way that chance is no explanation."""
        return self.same == self.of == KEPT


@dataclass(frozen=True)
class Trend:
    """One metric over the sessions of one athlete, placement and exercise.

    Attributes
    ----------
    metric : str
        Name.
    points : tuple of Point
        Every session, in order.
    pooled : Pooled
        All of them as one answer.
    latest : Pooled
        The latest `ENDS` mountings as one answer.
    looks : int
        How often a pooled answer could have been looked at so far: once after every mounting.
    mdc_percent : float or None
        The smallest change between two single sessions that is not noise, index percent.
    own_band : (low, high) or None
        Where the latest session was to be expected from the earlier ones (95 %), index percent.
    in_own_band : bool or None
        Whether it is there.
    direction : Direction or None
        None where nothing can be judged.
    change : Change or None
        The latest `ENDS` mountings against the first; None where there are fewer than twice as many.
    """

    metric: str
    points: tuple[Point, ...]
    pooled: Pooled
    latest: Pooled
    looks: int
    mdc_percent: float | None
    own_band: Interval | None
    in_own_band: bool | None
    direction: Direction | None
    change: Change | None

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        direction, change = self.direction, self.change
        return {
            "schema": SCHEMA,
            "metric": self.metric,
            "sessions": [point.to_dict() for point in self.points],
            "pooled": self.pooled.to_dict(),
            "mdc_percent": self.mdc_percent,
            "latest": self.latest.to_dict(),
            "looks": self.looks,
            "own_band": self.own_band,
            "in_own_band": self.in_own_band,
            "direction": None
            if direction is None
            else {
                "side": direction.side.value,
                "same": direction.same,
                "of": direction.of,
                "kept": direction.kept,
            },
            "change": None if change is None else change.to_dict(),
        }


def trend(sessions: Sequence[Session], metric: str) -> Trend:
    """Follow one metric over sessions.

    Parameters
    ----------
    sessions : sequence of Session
        One athlete, placement and exercise, in order of time.
    metric : str
        A metric that is compared as a ratio.

    Raises
    ------
    UsageError
        The metric cannot be followed.
    """
    pooled = pool(sessions, metric)
    mountings = list(by_mounting(sessions, metric).values())
    found = levels(sessions, metric)
    newest = _together(mountings[-ENDS:])
    own_band = _own_band(found[:-1])
    return Trend(
        metric=metric,
        points=tuple(Point(s, s.metric(metric), usable(s, metric) is not None) for s in sessions),
        pooled=pooled,
        latest=pool(newest, metric) if newest else pooled,
        looks=len(found),
        mdc_percent=_mdc_percent(found),
        own_band=index_interval(own_band),
        in_own_band=None if own_band is None else own_band[0] <= found[-1].d <= own_band[1],
        direction=_direction(found),
        change=compare_means(_together(mountings[:ENDS]), newest, metric)
        if len(mountings) >= 2 * ENDS
        else None,
    )


def _together(mountings: Sequence[Sequence[Session]]) -> list[Session]:
    return [session for mounting in mountings for session in mounting]


def _mdc_percent(found: Sequence[Level]) -> float | None:
    """1.96 sqrt(2) times the SD of one mounting about the athlete's mean (Weir 2005), index percent."""
    if not found:
        return None
    sem = math.sqrt(contrast((1.0, found)).level_variance)
    return symmetry_index(1.96 * math.sqrt(2) * sem)


def _own_band(earlier: Sequence[Level]) -> Interval | None:
    """Prediction interval for one more mounting, ln ratio."""
    if len(earlier) < MIN_BASELINE:
        return None
    mean = contrast((1.0, earlier))
    half = t_quantile(0.975, mean.df) * math.sqrt(mean.se**2 + mean.level_variance)
    return mean.d - half, mean.d + half


def _direction(found: Sequence[Level]) -> Direction | None:
    latest = found[-KEPT:]
    if not latest:
        return None
    right = sum(level.d > 0 for level in latest)
    side = Side.RIGHT if 2 * right >= len(latest) else Side.LEFT
    return Direction(side, right if side is Side.RIGHT else len(latest) - right, len(latest))
