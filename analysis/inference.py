"""The decision rule: from repetitions of both sides to an interval, a verdict and its error rates.

Sets are the unit, not repetitions, since repetitions of one set share its mood; every interval carries the
scatter of taking sensors off and on. One rule serves every metric: on the log scale for ratios
(d = ln(right / left)), on the plain scale for angles and lags (d = right - left).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analysis import student
from analysis.results import VerdictWord
from sensing.recording import FloatArray, Interval

MIN_REPS: Final = 6
"""Fewer repetitions a side than this force the answer inconclusive."""

FEW_REPS: Final = 20
"""Up to this many repetitions a set's own lag-1 correlation cannot be trusted to be small."""

CORRELATION_FLOOR: Final = 0.4
"""Lag-1 correlation of repetitions assumed at least, up to `FEW_REPS` (SPAR: median .39)."""

MAX_CORRELATION: Final = 0.9
"""Largest lag-1 correlation that enters, so that a trend cannot make the interval infinite."""

ALPHA: Final = 0.05

EXPLORATORY_Q: Final = 0.10
"""False discovery rate allowed among metrics that are not primary."""


@dataclass(frozen=True, eq=False)
class SetValues:
    """One metric in one set.

    Attributes
    ----------
    left, right : (n,), (m,) float arrays
        Values per repetition. Where ``paired``, they have one length and go together.
    paired : bool
        Whether left and right repetitions pair.
    """

    left: FloatArray
    right: FloatArray
    paired: bool


@dataclass(frozen=True)
class Estimate:
    """Difference between the sides with its standard error.

    Attributes
    ----------
    d : float
        ln(right / left), or right - left.
    se : float
        Standard error of ``d``, remounting included.
    df : float
        Satterthwaite degrees of freedom.
    left, right : float
        Typical value of each side; on the log scale ``d == ln(right / left)``.
    sets, n_left, n_right : int
        Sets and repetitions used.
    scope : str
        ``recording`` where sets are the unit, ``this_set`` where there are too few of them.
    remount_sd, remount_df : float
        Part of ``se`` that mounting was taken to cause, and the degrees of freedom behind it.
    gain, gain_se : float
        What the sensors themselves add, taken off ``d``, and the part of ``se`` that comes from it.
    """

    d: float
    se: float
    df: float
    left: float
    right: float
    sets: int
    n_left: int
    n_right: int
    scope: str
    remount_sd: float = 0.0
    remount_df: float = math.inf
    gain: float = 0.0
    gain_se: float = 0.0

    def without_gain(self, gain: float, se: float, df: float) -> Estimate:
        """The difference on the log scale without what the right sensor reads more than the left one.

        Parameters
        ----------
        gain, se, df : float
            ln(right sensor / left sensor) for the same movement, its standard error and degrees of freedom.
        """
        total = self.se**2 + se**2
        spread = self.se**4 / self.df + se**4 / df
        return replace(
            self,
            d=self.d - gain,
            se=math.sqrt(total),
            df=min(total**2 / spread, 1e6) if spread > 0 else self.df,
            left=self.left * math.exp(gain / 2),
            right=self.right * math.exp(-gain / 2),
            gain=gain,
            gain_se=se,
        )

    def interval(self, level: float = 0.95) -> Interval:
        """Two-sided t interval for ``d``."""
        half = t_quantile(0.5 + level / 2, self.df) * self.se
        return self.d - half, self.d + half

    @property
    def p(self) -> float:
        """Two-sided p value of no difference."""
        if self.se == 0:
            return 1.0 if self.d == 0 else 0.0
        return student.two_sided_p(self.d / self.se, self.df)

    @property
    def mdc95(self) -> float:
        """Minimal detectable change between two such recordings, 1.96 sqrt(2) SE (Weir 2005)."""
        return 1.96 * math.sqrt(2) * self.se


def estimate(
    sets: Sequence[SetValues], remount_sd: float, *, log: bool = True, remount_df: float = math.inf
) -> Estimate | None:
    """Combine the sets of one recording.

    Parameters
    ----------
    sets : sequence of SetValues
        Sets without a value on either side are left out.
    remount_sd : float
        SD of ``d`` between two mountings of the sensors, on the scale of ``d``.
    log : bool
        Compare logarithms; values must then be positive.
    remount_df : float
        Degrees of freedom behind ``remount_sd``; infinite where it is taken as known.

    Returns
    -------
    Estimate or None
        None where no set has values on both sides.

    Notes
    -----
    With three sets or more, ``SE^2 = s_d^2 / k + tau^2`` over set-level differences, and Satterthwaite
    degrees of freedom. With one or two sets the repetitions are the unit: the variance of each set's
    difference is widened for lag-1 correlation by (1 + r) / (1 - r), and the answer holds for this set only.
    """
    used = [s for s in sets if len(s.left) and len(s.right)]
    if not used:
        return None
    scale = np.log if log else np.asarray
    sides = [(scale(s.left), scale(s.right)) for s in used]
    left = float(np.mean([x.mean() for x, _ in sides]))
    right = float(np.mean([y.mean() for _, y in sides]))
    d = [float(y.mean() - x.mean()) for x, y in sides]
    k = len(used)
    tau2 = remount_sd**2
    if k >= 3:
        variances = [(float(np.var(d, ddof=1)) / k, k - 1.0)]
    else:
        variances = [_within_set(x, y, paired=s.paired) for (x, y), s in zip(sides, used, strict=True)]
        variances = [(v / k**2, df) for v, df in variances]
    between = sum(v for v, _ in variances)
    spread = sum(v**2 / df for v, df in variances)
    total = between + tau2
    spread += tau2**2 / remount_df
    # Without any scatter at all (identical repetitions) the known part, tau, decides alone.
    df = total**2 / spread if spread > 0 else math.inf
    return Estimate(
        d=right - left,
        se=math.sqrt(total),
        df=min(df, 1e6),
        left=math.exp(left) if log else left,
        right=math.exp(right) if log else right,
        sets=k,
        n_left=sum(len(s.left) for s in used),
        n_right=sum(len(s.right) for s in used),
        scope="recording" if k >= 3 else "this_set",
        remount_sd=remount_sd,
        remount_df=remount_df,
    )


def _within_set(left: FloatArray, right: FloatArray, *, paired: bool) -> tuple[float, float]:
    """Variance of one set's difference from its repetitions, and its degrees of freedom."""
    parts = [right - left] if paired else [left, right]
    variances = [_mean_variance(part) for part in parts]
    total = sum(v for v, _ in variances)
    spread = sum(v**2 / df for v, df in variances)
    return total, (total**2 / spread if spread > 0 else sum(df for _, df in variances))


def _mean_variance(x: FloatArray) -> tuple[float, float]:
    """Variance of the mean of a correlated series, and its degrees of freedom."""
    n = len(x)
    if n < 2:
        return math.inf, 1.0
    r = lag1_correlation(x)
    inflation = (1 + r) / (1 - r)
    # Correlated values scatter less about their own mean than about the true one.
    unbiased = float(np.var(x, ddof=1)) * (n - 1) / (n - min(inflation, 0.6 * n))
    return unbiased * inflation / n, n - 1.0


def lag1_correlation(x: FloatArray) -> float:
    """Lag-1 autocorrelation of repetitions, corrected for bias and held to a floor in short series.

    The estimate from n values is low by about (1 + 3 r) / n (Kendall 1954; Marriott and Pope 1954).
    """
    n = len(x)
    centred = x - x.mean()
    power = float(centred @ centred)
    raw = float(centred[1:] @ centred[:-1]) / power if power > 0 else 0.0
    corrected = raw + (1 + 3 * raw) / n
    floor = CORRELATION_FLOOR if n <= FEW_REPS else 0.0
    return min(max(corrected, floor), MAX_CORRELATION)


def decide(
    found: Estimate, delta: float, p_adjusted: float, *, alpha: float = ALPHA, min_effect: float = 0.0
) -> tuple[VerdictWord, str | None]:
    """Verdict and grade of one metric.

    Parameters
    ----------
    found : Estimate
        The difference.
    delta : float
        Smallest difference that matters, on the scale of ``found.d``.
    p_adjusted : float
        p value after adjustment for the number of metrics.
    alpha : float
        Level that ``p_adjusted`` is held against.
    min_effect : float
        Differences smaller than this are never called asymmetric; where there is such a limit, the 95 %
        interval must exclude 0 too, however lenient ``alpha`` is.

    Returns
    -------
    VerdictWord, str or None
        ``balanced`` if the 90 % interval lies inside +-delta (two one-sided tests, Schuirmann 1987), tested
        first; ``asymmetric`` if the adjusted p is below ``alpha``, as ``mild`` (below delta), ``moderate``,
        or ``marked`` where the one-sided 95 % bound exceeds delta; otherwise ``inconclusive``.
    """
    if min(found.n_left, found.n_right) < MIN_REPS:
        return VerdictWord.INCONCLUSIVE, None
    low, high = found.interval(0.90)
    if -delta < low and high < delta:
        return VerdictWord.BALANCED, None
    large = abs(found.d) >= min_effect and (min_effect == 0 or found.p < ALPHA)
    if p_adjusted < alpha and large:
        if (low if found.d > 0 else -high) > delta:
            return VerdictWord.ASYMMETRIC, "marked"
        return VerdictWord.ASYMMETRIC, "moderate" if abs(found.d) >= delta else "mild"
    return VerdictWord.INCONCLUSIVE, None


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p values (Holm 1979), in the order given."""
    order = np.argsort(p, kind="stable")
    adjusted = [0.0] * len(p)
    highest = 0.0
    for rank, i in enumerate(order.tolist()):
        highest = max(highest, min(1.0, (len(p) - rank) * p[i]))
        adjusted[i] = highest
    return adjusted


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Adjusted p values that control the false discovery rate (Benjamini and Hochberg 1995)."""
    order = np.argsort(p, kind="stable")[::-1]
    adjusted = [0.0] * len(p)
    lowest = 1.0
    for steps, i in enumerate(order.tolist()):
        lowest = min(lowest, p[i] * len(p) / (len(p) - steps))
        adjusted[i] = lowest
    return adjusted


def t_quantile(probability: float, df: float) -> float:
    """Quantile of Student's t distribution."""
    return student.quantile(probability, df)
