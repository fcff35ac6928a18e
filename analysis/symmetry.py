"""Symmetry indices: converters of d = ln(right / left), or of the two sides' values.

The same pair of sides reads differently in every index (left/right = .90 is 10, 10.5, 5.3 or 3.35), so no
cut-off is ever shared between them. Only `symmetry_index` is displayed; the others serve comparison with the
literature. All of them take positive values unless they say otherwise, and arrays as well as numbers.
"""

from __future__ import annotations

import math
from typing import Final, overload

import numpy as np

from sensing.recording import FloatArray, Side

Values = float | FloatArray


@overload
def symmetry_index(d: float) -> float: ...
@overload
def symmetry_index(d: FloatArray) -> FloatArray: ...
def symmetry_index(d: Values) -> Values:
    """Symmetry index in percent, 200 (R - L) / (R + L) = 200 tanh(d / 2); -200 to 200, + if right is larger.

    Robinson, Herzog and Nigg 1987. Near zero values it inflates: refuse a side below its noise floor first.
    """
    return 200 * math.tanh(d / 2) if isinstance(d, float) else np.asarray(200 * np.tanh(d / 2))


def log_ratio(left: Values, right: Values) -> Values:
    """The stored difference d = ln(right / left); any real number, + if right is larger.

    Raises
    ------
    ValueError
        At 0 and below, where it is undefined.
    """
    _require_positive(left, right)
    return _like(np.log(right) - np.log(left))


def bilateral_asymmetry_1(left: Values, right: Values, dominant: Side) -> Values:
    """BAI-1, percent: 100 (D - ND) / (D + ND); -100 to 100, + if the dominant side is larger (Kobayashi)."""
    return _like(np.asarray(bilateral_asymmetry_2(left, right, dominant)) / 2)


def bilateral_asymmetry_2(left: Values, right: Values, dominant: Side) -> Values:
    """BAI-2, percent: twice BAI-1; -200 to 200."""
    sign = 1.0 if dominant is Side.RIGHT else -1.0
    return _like(sign * np.asarray(symmetry_index(np.asarray(log_ratio(left, right)))))


def limb_symmetry_index(involved: Values, uninvolved: Values) -> Values:
    """LSI, percent: 100 involved / uninvolved; above 0, 100 is symmetric. Not mirror-symmetric."""
    _require_positive(involved, uninvolved)
    return _like(100 * np.asarray(involved) / np.asarray(uninvolved))


def bilateral_strength_asymmetry(left: Values, right: Values) -> Values:
    """BSA, percent: 100 (strong - weak) / strong; 0 to 100, unsigned and hence biased upward.

    Impellizzeri, Rampinini, Maffiuletti and Marcora 2007.
    """
    _require_positive(left, right)
    high, low = np.maximum(left, right), np.minimum(left, right)
    return _like(100 * (high - low) / high)


def percentage_difference(left: Values, right: Values) -> Values:
    """Percentage difference, 100 (max - min) / max, + if right is larger; -100 to 100 (Bishop 2018)."""
    return _like(np.sign(np.subtract(right, left)) * np.asarray(bilateral_strength_asymmetry(left, right)))


def symmetry_angle(left: Values, right: Values) -> Values:
    """Symmetry angle, percent: 100 (45 - atan(L / R) in degrees) / 90; -50 to 50, + if right is larger.

    Zifchock, Davis, Higginson and Royer 2008. Positive values keep the bracket within 45 degrees, so their
    subtraction of 180 never applies.
    """
    _require_positive(left, right)
    return _like(100 * (45 - np.degrees(np.arctan2(left, right))) / 90)


def gait_asymmetry(left: Values, right: Values) -> Values:
    """Gait asymmetry, percent: 100 ln(R / L); unbounded, + if right is larger (Plotnik 2005, signed)."""
    return _like(100 * np.asarray(log_ratio(left, right)))


def normalized_symmetry_index(left: FloatArray, right: FloatArray) -> FloatArray:
    """NSI of each trial, percent, -100 to 100, + if right is larger (Queen et al. 2020).

    100 (R - L) / (max over trials of max(0, R, L) - min over trials of min(0, R, L)). Values may be negative.
    It depends on the set of trials; 0 where every value is 0.

    Parameters
    ----------
    left, right : (n,) float arrays
        Paired trials.
    """
    both = np.r_[0.0, np.ravel(left), np.ravel(right)]
    span = float(both.max() - both.min())
    difference = np.asarray(right, dtype=np.float64) - np.asarray(left, dtype=np.float64)
    return np.asarray(100 * difference / span) if span > 0 else np.zeros_like(difference)


def laterality_index(left: Values, right: Values) -> Values:
    """(R - L) / (R + L); -1 to 1, + if right is larger."""
    return _like(np.asarray(symmetry_index(np.asarray(log_ratio(left, right)))) / 200)


def use_ratio(nondominant_s: float, dominant_s: float) -> float | None:
    """Active time of the non-dominant side over the dominant one (Bailey and Lang 2013); None at zero."""
    return nondominant_s / dominant_s if dominant_s > 0 else None


def trend_symmetry(left: FloatArray, right: FloatArray) -> tuple[float, float]:
    """Trend symmetry and range ratio of two waveforms (Crenshaw and Richards 2006).

    Parameters
    ----------
    left, right : (n,) float arrays
        Mean repetitions, time-normalised.

    Returns
    -------
    symmetry, range_ratio : float
        100 x variance about over variance along the principal axis of the centred points (0 = same shape,
        100 at most), and range of right over range of left. NaN where a waveform is flat.
    """
    points = np.column_stack([left - np.mean(left), right - np.mean(right)])
    if not (np.ptp(left) > 0 and np.ptp(right) > 0):
        return math.nan, math.nan
    about, along = np.linalg.eigvalsh(points.T @ points)
    return float(100 * max(about, 0.0) / along), float(np.ptp(right) / np.ptp(left))


def peak_cross_correlation(left: FloatArray, right: FloatArray) -> tuple[float, float]:
    """Greatest circular correlation of two time-normalised waveforms, and the lag where it is.

    Returns
    -------
    correlation, lag : float
        -1 to 1, and the share of a cycle by which right comes after left, -0.5 to 0.5.
    """
    x, y = left - np.mean(left), right - np.mean(right)
    n = len(x)
    scale = float(np.linalg.norm(x) * np.linalg.norm(y))
    if scale == 0:
        return math.nan, math.nan
    r = np.fft.irfft(np.fft.rfft(y) * np.conj(np.fft.rfft(x)), n) / scale
    at = int(np.argmax(r))
    return float(r[at]), (at if at <= n / 2 else at - n) / n


def cyclogram_orientation(left: FloatArray, right: FloatArray) -> float:
    """Direction of the left-right cyclogram's principal axis, degrees, 0 to 180; 45 is symmetric.

    Goswami 1998. Above 45 the right side moves more. NaN where nothing moves.
    """
    points = np.column_stack([left - np.mean(left), right - np.mean(right)])
    if not np.any(points):
        return math.nan
    _, axes = np.linalg.eigh(points.T @ points)
    return float(np.degrees(np.arctan2(axes[1, -1], axes[0, -1])) % 180)


def _require_positive(*values: Values) -> None:
    if any(np.any(~(np.asarray(v) > 0)) for v in values):
        raise ValueError("a ratio needs values above zero on both sides")


def _like(value: np.ndarray | np.floating) -> Values:
    array = np.asarray(value, dtype=np.float64)
    return float(array) if array.ndim == 0 else array


RANGES: Final = {
    "symmetry_index": (-200.0, 200.0),
    "bilateral_asymmetry_1": (-100.0, 100.0),
    "bilateral_asymmetry_2": (-200.0, 200.0),
    "bilateral_strength_asymmetry": (0.0, 100.0),
    "percentage_difference": (-100.0, 100.0),
    "symmetry_angle": (-50.0, 50.0),
    "normalized_symmetry_index": (-100.0, 100.0),
    "laterality_index": (-1.0, 1.0),
}
"""Range of each index, ends included."""
