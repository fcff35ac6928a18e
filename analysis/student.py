"""Student's t distribution for single numbers.

`scipy.special` gives the same, and takes half of the time in which a trend over a thousand sessions answers
to load; the tests hold these functions to it.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Final

MAX_DF: Final = 1e4
"""More degrees of freedom count as this many, which moves a quantile by less than one in ten thousand."""

_TINY: Final = 1e-300
_ROUNDS: Final = 10_000


def two_sided_p(t: float, df: float) -> float:
    """Probability of a value at least as far from 0 as ``t``, with ``df`` degrees of freedom."""
    df = min(df, MAX_DF)
    return _incomplete_beta(df / 2, 0.5, df / (df + t * t), t * t / (df + t * t))


@lru_cache(maxsize=1024)
def quantile(probability: float, df: float) -> float:
    """The value that is not exceeded with this probability, between 0 and 1.

    Newton's method from the normal quantile: that lies nearer to 0, and from there the distribution bends
    so that no step goes too far.
    """
    if probability < 0.5:
        return -quantile(1 - probability, df)
    df = min(df, MAX_DF)
    t = NormalDist().inv_cdf(probability)
    scale = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - math.log(df * math.pi) / 2
    for _ in range(_ROUNDS):
        density = math.exp(scale - (df + 1) / 2 * math.log1p(t * t / df))
        step = (two_sided_p(t, df) / 2 - (1 - probability)) / density
        t += step
        if abs(step) <= 1e-13 * t:
            break
    return t


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """Regularised incomplete beta function at ``x``, with ``rest = 1 - x`` exactly (DLMF 8.17)."""
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, rest, x)
    log_front = a * math.log(x) + b * math.log(rest)
    log_front += math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(log_front) * _beta_fraction(a, b, x) / a


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, DLMF 8.17.22, by Lentz's method."""
    c, d = 1.0, 1 / _kept(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _ROUNDS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for term in (even, odd):
            d, c = 1 / _kept(1 + term * d), _kept(1 + term / c)
            change *= c * d
        value *= change
        if abs(change - 1) < 1e-15:
            break
    return value


def _kept(value: float) -> float:
    """Away from zero, as Lentz's method needs."""
    return value if abs(value) > _TINY else _TINY
