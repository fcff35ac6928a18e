"""Several sessions as one answer: their mean with an honest interval, its verdict, and differences of means.

The unit is the mounting: what taking the sensors off and on does is averaged away over mountings only, and
what happens within one (its sets, its repetitions) over everything recorded in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from analysis.history.sessions import Session
from analysis.inference import (
    ALPHA,
    EXPLORATORY_Q,
    MIN_REPS,
    Estimate,
    benjamini_hochberg,
    decide,
    holm,
    t_quantile,
)
from analysis.results import Metric, VerdictWord
from analysis.symmetry import symmetry_index
from sensing.errors import UsageError
from sensing.recording import Interval, Side

PRIOR_DF: Final = 12.0
"""Weight of the stated scatter between mountings against the observed one, in degrees of freedom.

A choice by simulation (`benchmarks.history`): large enough that three sessions find +14 % nearly as often as
by the stated scatter alone, small enough that people who differ from day to day are not flagged for it.
"""


@dataclass(frozen=True)
class Level:
    """One metric in one mounting.

    Attributes
    ----------
    d : float
        Mean ln(right / left) of its recordings.
    within, within_df : float
        Variance of ``d`` from sets and repetitions, and its degrees of freedom.
    remount, remount_df : float
        Variance between mountings, tau squared, and its degrees of freedom; infinite where it is taken as
        known. All levels share one estimate of it.
    gain_se : float
        Standard error of the sensors' gain that was taken off; all levels share its error.
    """

    d: float
    within: float
    within_df: float
    remount: float
    remount_df: float = math.inf
    gain_se: float = 0.0

    @property
    def variance(self) -> float:
        """Variance about the athlete's long-run mean, as far as it is known beforehand."""
        return self.within + self.remount


@dataclass(frozen=True)
class Contrast:
    """A signed sum of means of levels.

    Attributes
    ----------
    d, se, df : float
        Value, standard error and degrees of freedom.
    level_variance : float
        Variance of a single level, no smaller than stated.
    """

    d: float
    se: float
    df: float
    level_variance: float

    def interval(self, level: float = 0.95) -> Interval:
        """Two-sided t interval."""
        half = t_quantile(0.5 + level / 2, self.df) * self.se
        return self.d - half, self.d + half


@dataclass(frozen=True)
class Pooled:
    """One metric over several sessions.

    ``log_ratio`` is the mean ln(right / left) over mountings and ``ci95`` its interval, on the same scale;
    ``side`` the side with more. ``sessions`` counts the recordings used, ``mountings`` what they rest on,
    ``left_out`` recordings that could not be judged.
    """

    metric: str
    primary: bool
    delta: float
    verdict: VerdictWord
    reason: str
    grade: str | None = None
    side: Side | None = None
    log_ratio: float | None = None
    se: float | None = None
    df: float | None = None
    ci95: Interval | None = None
    p: float | None = None
    p_adjusted: float | None = None
    sessions: int = 0
    mountings: int = 0
    left_out: int = 0

    @property
    def index_percent(self) -> float | None:
        """The symmetry index of ``log_ratio``, percent."""
        return None if self.log_ratio is None else symmetry_index(self.log_ratio)

    @property
    def ci95_percent(self) -> Interval | None:
        """``ci95`` in index percent."""
        return index_interval(self.ci95)

    def to_dict(self) -> dict[str, Any]:
        """JSON types; ``ci95`` in index percent, ``log_ratio`` a log ratio."""
        return {
            "verdict": self.verdict.value,
            "grade": self.grade,
            "side": None if self.side is None else self.side.value,
            "log_ratio": self.log_ratio,
            "index_percent": self.index_percent,
            "ci95": self.ci95_percent,
            "sessions": self.sessions,
            "mountings": self.mountings,
            "left_out": self.left_out,
            "reason": self.reason,
        }


def index_interval(interval: Interval | None) -> Interval | None:
    """An interval of ln(right / left) in index percent."""
    return None if interval is None else (symmetry_index(interval[0]), symmetry_index(interval[1]))


def usable(session: Session, metric: str) -> Metric | None:
    """The metric's row if it may enter a mean: good enough data, enough repetitions, an interval."""
    row = session.metric(metric)
    if row is None or row.log_ratio is None or row.ci95 is None or session.grade == "poor" or row.blocked:
        return None
    return row if min(row.n.left, row.n.right) >= MIN_REPS else None


def by_mounting(sessions: Iterable[Session], metric: str) -> dict[str, list[Session]]:
    """The sessions that may enter a mean, per mounting, in the order in which mountings first appear."""
    groups: dict[str, list[Session]] = {}
    for session in sessions:
        if usable(session, metric) is not None:
            groups.setdefault(session.mounting, []).append(session)
    return groups


def levels(sessions: Iterable[Session], metric: str) -> tuple[Level, ...]:
    """One level per mounting: the mean of its recordings."""
    groups = by_mounting(sessions, metric).values()
    return tuple(weigh([(1 / len(group), session) for session in group], metric) for group in groups)


def weigh(weighted: Iterable[tuple[float, Session]], metric: str) -> Level:
    """A weighted sum of recordings of one mounting; what mounting does cancels where the weights sum to 0."""
    rows = [(w, row) for w, session in weighted if (row := usable(session, metric)) is not None]
    tau2 = math.fsum((row.remount_sd or 0.0) ** 2 for _, row in rows) / len(rows)
    within = [(w, max((row.se or 0.0) ** 2 - _common(row), 0.0)) for w, row in rows]
    variance = math.fsum(w**2 * v for w, v in within)
    # A row's degrees of freedom are se^4 / sum(v^2 / df), over all of its parts.
    spread = math.fsum(
        w**4 * max((row.se or 0.0) ** 4 / (row.df or math.inf) - _remount_spread(row), 0.0) for w, row in rows
    )
    return Level(
        d=math.fsum(w * (row.log_ratio or 0.0) for w, row in rows),
        within=variance,
        within_df=variance**2 / spread if spread > 0 else math.inf,
        remount=math.fsum(w for w, _ in rows) ** 2 * tau2,
        remount_df=min(row.remount_df or math.inf for _, row in rows),
        gain_se=math.fsum(w * (row.sensor_gain_se or 0.0) for w, row in rows),
    )


def _common(row: Metric) -> float:
    """Variance of a row that comes from mounting and from the sensors."""
    return (row.remount_sd or 0.0) ** 2 + (row.sensor_gain_se or 0.0) ** 2


def _remount_spread(row: Metric) -> float:
    return (row.remount_sd or 0.0) ** 4 / (row.remount_df or math.inf)


def contrast(*groups: tuple[float, Sequence[Level]]) -> Contrast:
    """The signed sum of the means of groups of levels.

    Parameters
    ----------
    *groups : (sign, levels)
        At least one level each.

    Notes
    -----
    The variance of a group's mean over S levels is ``mean(within) / S + tau^2 / S``. Where levels scatter
    more than that about their group's mean, as people who differ from day to day do, the variance is
    multiplied by what they scatter more, their scatter first drawn towards the stated one with `PRIOR_DF`
    degrees of freedom (Smyth 2004). Levels that scatter less never narrow an interval.
    """
    d = variance = spread = observed = expected = remount = gain_se = 0.0
    free, count = 0, 0
    for sign, of_group in groups:
        n = len(of_group)
        mean = math.fsum(level.d for level in of_group) / n
        d += sign * mean
        variance += sign**2 * math.fsum(level.variance for level in of_group) / n**2
        spread += sign**4 * math.fsum(level.within**2 / level.within_df for level in of_group) / n**4
        remount += sign**2 * math.fsum(level.remount for level in of_group) / n**2
        gain_se += sign * math.fsum(level.gain_se for level in of_group) / n
        observed += math.fsum((level.d - mean) ** 2 for level in of_group)
        expected += math.fsum(level.variance for level in of_group)
        free, count = free + n - 1, count + n
    expected /= count
    spread += remount**2 / min(level.remount_df for _, of_group in groups for level in of_group)
    df = variance**2 / spread if spread > 0 else math.inf
    level_variance = (PRIOR_DF * expected + observed) / (PRIOR_DF + free)
    if level_variance > expected > 0:
        variance *= level_variance / expected
        df = min(df, PRIOR_DF + free)
    se = math.hypot(math.sqrt(variance), gain_se)
    return Contrast(d, se, min(max(df, 1.0), 1e6), max(level_variance, expected))


def pool(sessions: Sequence[Session], metric: str) -> Pooled:
    """One metric over all sessions given (Holm over the primary metrics, as in one recording).

    Parameters
    ----------
    sessions : sequence of Session
        One athlete, placement and exercise.
    metric : str
        A metric that is compared as a ratio.

    Returns
    -------
    Pooled
        ``not_assessable`` where no session can be judged.

    Raises
    ------
    UsageError
        No session has such a metric, or it is compared in its own unit.
    """
    rows = {row.name: row for session in sessions for row in session.metrics}
    if metric not in ratio_metrics(sessions):
        raise UsageError(f"no metric {metric!r} to follow here; use {', '.join(ratio_metrics(sessions))}")
    wanted = rows[metric]
    family = [name for name, row in rows.items() if row.primary is wanted.primary]
    estimates = {name: found for name in family if (found := _estimate(sessions, name)) is not None}
    used = sum(usable(session, metric) is not None for session in sessions)
    left_out = len(sessions) - used
    if metric not in estimates:
        reason = "no session gives it with data good enough and repetitions enough on both sides"
        refused = VerdictWord.NOT_ASSESSABLE
        return Pooled(metric, wanted.primary, wanted.delta, refused, reason, left_out=left_out)
    found = estimates[metric]
    adjust = holm if wanted.primary else benjamini_hochberg
    adjusted = dict(zip(estimates, adjust([e.p for e in estimates.values()]), strict=True))[metric]
    alpha = ALPHA if wanted.primary else EXPLORATORY_Q
    verdict, grade = decide(found, wanted.delta, adjusted, alpha=alpha)
    return Pooled(
        metric,
        wanted.primary,
        wanted.delta,
        verdict,
        _reason(found, wanted.delta, verdict),
        grade=grade,
        side=None if found.d == 0 else Side.RIGHT if found.d > 0 else Side.LEFT,
        log_ratio=found.d,
        se=found.se,
        df=found.df,
        ci95=found.interval(),
        p=found.p,
        p_adjusted=adjusted,
        sessions=used,
        mountings=found.sets,
        left_out=left_out,
    )


def ratio_metrics(sessions: Iterable[Session]) -> tuple[str, ...]:
    """Names of the metrics that are compared as a ratio, in the order of the rows."""
    rows = [row for session in sessions for row in session.metrics]
    own_unit = {row.name for row in rows if row.log_ratio is None and row.difference is not None}
    return tuple(dict.fromkeys(row.name for row in rows if row.name not in own_unit))


def _estimate(sessions: Sequence[Session], metric: str) -> Estimate | None:
    """The mean over mountings in the shape that the decision rule takes; the sides relative to each other."""
    rows = [row for session in sessions if (row := usable(session, metric)) is not None]
    found = levels(sessions, metric)
    if not found:
        return None
    mean = contrast((1.0, found))
    return Estimate(
        d=mean.d,
        se=mean.se,
        df=mean.df,
        left=math.exp(-mean.d / 2),
        right=math.exp(mean.d / 2),
        sets=len(found),
        n_left=sum(row.n.left for row in rows),
        n_right=sum(row.n.right for row in rows),
        scope="recording",
    )


def _reason(found: Estimate, delta: float, verdict: VerdictWord) -> str:
    margin = f"{100 * delta:g} %"
    if verdict is VerdictWord.BALANCED:
        return f"the 90 % interval lies within {margin} either way"
    if verdict is VerdictWord.ASYMMETRIC:
        return "the difference is real over these sessions"
    low, high = found.interval()
    if low <= 0 <= high:
        return f"the interval includes no difference, and does not lie within {margin}"
    return "the interval excludes zero, but not once several metrics are looked at"
