"""The sync gesture: both sensors knocked together show a latency between them that no clock can."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sensing.recording import FloatArray

_KNOCK_PERIODS: Final = 0.3
"""Uncertainty of a knock's lag in sample periods of the slower side (see benchmarks/sync.py)."""


@dataclass(frozen=True)
class Knocks:
    """Knocks of both sensors against each other.

    Attributes
    ----------
    at_s : tuple of float
        When, s: the middle of both sides' times. One or two, in order.
    lag_s : tuple of float
        How much later each is on the right side's timeline than on the left's, s.
    error_s : float
        Uncertainty (95 %) of each lag, s: the larger.
    """

    at_s: tuple[float, ...]
    lag_s: tuple[float, ...]
    error_s: float

    @property
    def drift_ppm(self) -> float:
        """Drift of right against left between the knocks; 0 with one."""
        if len(self.at_s) < 2:
            return 0.0
        return (self.lag_s[1] - self.lag_s[0]) / (self.at_s[1] - self.at_s[0]) * 1e6


@dataclass(frozen=True)
class _Lag:
    at_s: float
    lag_s: float
    error_s: float


def find_knocks(
    left_time_s: npt.ArrayLike,
    left_acc: npt.ArrayLike,
    right_time_s: npt.ArrayLike,
    right_acc: npt.ArrayLike,
    *,
    search_s: float = 30.0,
    max_lag_s: float = 0.5,
) -> Knocks | None:
    """Find the sync gesture: both sensors knocked together, once or more, at the start and at the end.

    Acceleration magnitudes (which do not care how a sensor is mounted) lose what is slower than about 4 Hz,
    are smoothed over a sample period and cross-correlated around the strongest movements of the first and
    last ``search_s`` seconds; the peak is interpolated. Bannach, Amft and Lukowicz 2009 (Automatic
    event-based synchronization of multimodal data streams, EuroSSC) describe such gestures.

    Ordinary movement is not a knock: both sides must reach 8 m/s2 after the high-pass, much of the movement
    must be that fast and none of it free fall (a jump's landing is no knock), both sides must look alike
    (correlation 0.9), no other lag may explain them nearly as well (steps repeat), and the sensors must be
    quiet before and after (hold still for two seconds). Below 45 Hz a knock falls between samples and None is
    returned. A sensor that samples without filtering first has the same weakness at any rate: its lags may be
    off by more than stated.

    Parameters
    ----------
    left_time_s, right_time_s : (n,), (m,) float array
        Sample times on the shared timeline, s.
    left_acc, right_acc : (n, 3), (m, 3) float array
        Acceleration, m/s2. Rows that are not finite are left out.
    search_s : float
        How much of the start and of the end is searched, s; at most half of the recording each.
    max_lag_s : float
        Largest difference between the sides that is looked for, s.

    Returns
    -------
    Knocks or None
        None where neither start nor end holds a knock.
    """
    left, right = _magnitude(left_time_s, left_acc), _magnitude(right_time_s, right_acc)
    if left is None or right is None:
        return None
    period = max(left.period_s, right.period_s)
    start = float(max(left.time_s[0], right.time_s[0]))
    end = float(min(left.time_s[-1], right.time_s[-1]))
    search_s = min(search_s, (end - start) / 2)
    if period > 1 / 45 or search_s < 2 * max_lag_s:
        return None
    found = []
    for first, last in ((start, start + search_s), (end - search_s, end)):
        step = min(left.period_s, right.period_s) / 4
        grid = first + step * np.arange(int((last - first) / step) + 1, dtype=np.float64)
        knock = _strongest_knock(grid, left.at(grid, period), right.at(grid, period), max_lag_s, period)
        if knock is not None:
            found.append(knock)
    if not found:
        return None
    return Knocks(tuple(k.at_s for k in found), tuple(k.lag_s for k in found), max(k.error_s for k in found))


@dataclass(frozen=True, eq=False)
class _Shock:
    """One side on an even grid: magnitude, movement about it, the fast part of that, and that smoothed."""

    step: float
    acc: FloatArray
    movement: FloatArray
    fast: FloatArray
    smooth: FloatArray

    def part(self, where: slice) -> _Shock:
        return _Shock(self.step, self.acc[where], self.movement[where], self.fast[where], self.smooth[where])

    def is_knock(self) -> bool:
        """Whether it is hard enough, fast for the most part, and not the landing after a flight."""
        hard = float(np.max(np.abs(self.fast))) >= 8.0
        flying = np.flatnonzero(np.diff(np.concatenate([[0], self.acc < 4.0, [0]]).astype(np.int8)))
        if len(flying) and np.max(flying[1::2] - flying[::2]) * self.step > 0.1:
            return False
        return hard and float(np.sum(self.fast**2)) >= 0.4 * float(np.sum(self.movement**2))


@dataclass(frozen=True, eq=False)
class _Magnitude:
    time_s: FloatArray
    acc: FloatArray
    period_s: float

    def at(self, grid: FloatArray, period_s: float) -> _Shock:
        step = float(grid[1] - grid[0])
        acc = np.interp(grid, self.time_s, self.acc)
        fast = acc - _moving_mean(acc, 0.12 / step)
        # Three passes of a moving mean are close to a Gaussian.
        smooth = fast
        for _ in range(3):
            smooth = _moving_mean(smooth, period_s / step)
        return _Shock(step, acc, acc - float(np.median(acc)), fast, smooth)


def _magnitude(time_s: npt.ArrayLike, acc: npt.ArrayLike) -> _Magnitude | None:
    time, size = (
        np.asarray(time_s, dtype=np.float64),
        np.linalg.norm(np.asarray(acc, dtype=np.float64), axis=1),
    )
    good = np.isfinite(size)
    if np.count_nonzero(good) < 10:
        return None
    return _Magnitude(time[good], size[good], float(np.median(np.diff(time[good]))))


def _moving_mean(values: FloatArray, width: float) -> FloatArray:
    half = max(round(width / 2), 1)
    total = np.cumsum(np.concatenate([[0.0], np.pad(values, half, mode="edge")]))
    mean: FloatArray = (total[2 * half + 1 :] - total[: -2 * half - 1]) / (2 * half + 1)
    return mean


def _strongest_knock(
    grid: FloatArray, left: _Shock, right: _Shock, max_lag: float, period: float
) -> _Lag | None:
    step = float(grid[1] - grid[0])
    rest = np.abs(left.smooth) + np.abs(right.smooth)
    for _ in range(5):
        at = int(np.argmax(rest))
        near, wide = (
            slice(max(at - round((max_lag + reach) / step), 0), at + round((max_lag + reach) / step) + 1)
            for reach in (0.5, 2.5)
        )
        lag = None
        if all(_stands_alone(side, near, wide) for side in (left, right)):
            lag = _lag_between(left.part(near), right.part(near), step, max_lag)
        if lag is not None:
            peaks = [float(grid[near][np.argmax(np.abs(side.smooth[near]))]) for side in (left, right)]
            return _Lag(sum(peaks) / 2, lag, _KNOCK_PERIODS * period)
        rest[near] = 0
    return None


def _stands_alone(side: _Shock, near: slice, wide: slice) -> bool:
    """Whether a knock is in ``near`` and what else there is in ``wide`` is quiet."""
    size = np.abs(side.smooth)
    around = np.concatenate([size[wide.start : near.start], size[near.stop : wide.stop]])
    quiet = float(np.max(around, initial=0.0)) <= 0.2 * float(np.max(size[near]))
    return quiet and side.part(near).is_knock()


def _lag_between(left: _Shock, right: _Shock, step: float, max_lag: float) -> float | None:
    """Lag of right behind left, s; None where the sides differ or repeat."""
    lags = np.arange(1 - len(left.smooth), len(left.smooth))
    # Both ways round, so that swapping the sides negates the lag to the last bit.
    product = (
        np.correlate(right.smooth, left.smooth, "full")
        + np.correlate(left.smooth, right.smooth, "full")[::-1]
    )
    product /= 2 * math.sqrt(float(np.sum(left.smooth**2)) * float(np.sum(right.smooth**2)))
    product[np.abs(lags) * step > max_lag] = 0
    i = int(np.argmax(product))
    apart = np.abs(lags - lags[i]) * step > 0.1
    if product[i] < 0.9 or np.max(product[apart], initial=0.0) > 0.8 * product[i]:
        return None
    if not 0 < i < len(product) - 1:
        return None
    before, peak, after = product[i - 1 : i + 2]
    return float((lags[i] + 0.5 * (before - after) / (before - 2 * peak + after)) * step)


def apply_knocks(
    left_time_s: npt.ArrayLike, right_time_s: npt.ArrayLike, knocks: Knocks
) -> tuple[FloatArray, FloatArray]:
    """Move both sides by half of what the knocks show, so that they meet.

    Two knocks correct offset and drift: the lag is a line between them, and before and after
    what it was at the nearer one, since a slope would carry their error on. One corrects the offset.

    Parameters
    ----------
    left_time_s, right_time_s : (n,), (m,) float array
        Sample times on the shared timeline, s.
    knocks : Knocks
        From `find_knocks` on these very times.

    Returns
    -------
    tuple of (n,), (m,) float arrays
        Corrected times, s; strictly increasing as before.
    """
    left, right = np.asarray(left_time_s, dtype=np.float64), np.asarray(right_time_s, dtype=np.float64)
    # The lag changes by parts per million, so each side may look it up at its own time.
    return (
        left + np.interp(left, knocks.at_s, knocks.lag_s) / 2,
        right - np.interp(right, knocks.at_s, knocks.lag_s) / 2,
    )
