"""What every kernel computes, in numpy. Spans are (start, stop) on the grid, stop not included."""

from __future__ import annotations

import math
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal

from sensing.recording import FloatArray, IntArray

POINTS: Final = 101
"""Points of a time-normalised repetition, 0 to 100 %."""

Spans = npt.NDArray[np.int64]


def zero_phase(values: FloatArray, sections: FloatArray, settled: FloatArray, pad: int) -> FloatArray:
    """Second-order sections forth and back along the first axis, ``pad`` samples mirrored at both ends.

    Parameters
    ----------
    values : (n,) or (n, c) float array
        n is greater than ``pad``; at most three channels.
    sections : (k, 6) float array
        The filter, each with a leading denominator of 1.
    settled : (k, 2) float array
        States that a constant 1 leaves as they are.
    pad : int
        Samples, 0 or more.
    """
    before, after = 2 * values[0] - values[pad:0:-1], 2 * values[-1] - values[-2 : -pad - 2 : -1]
    out = np.concatenate([before, values, after])
    for _ in range(2):
        states = np.multiply.outer(settled, out[0])
        for section, state in zip(sections, states, strict=True):
            out, _ = signal.lfilter(section[:3], section[3:], out, axis=0, zi=state)
        out = out[::-1]
    return np.ascontiguousarray(out[pad : len(out) - pad])


def running_mean(values: FloatArray, width: int, *, nearest: bool = False) -> FloatArray:
    """Mean over ``width`` samples around each, along the first axis, (n,) or (n, c).

    Beyond its ends the signal goes on as in a mirror, or as its ``nearest`` sample.
    """
    # Channel by channel, and so made as they lie in memory.
    mode: Literal["nearest", "reflect"] = "nearest" if nearest else "reflect"
    return np.asarray(ndimage.uniform_filter1d(values.T, width, mode=mode).T)


def turning_points(angle: FloatArray, hysteresis: float) -> tuple[IntArray, IntArray]:
    """Alternating maxima and minima after which ``angle`` goes back by at least ``hysteresis``.

    Returns
    -------
    index, kind : (m,) int arrays
        Position, and +1 for a maximum or -1 for a minimum.
    """
    falling = np.diff(angle) < 0
    candidates = [0, *(np.flatnonzero(falling[1:] != falling[:-1]) + 1).tolist(), len(angle) - 1]
    index: list[int] = []
    kind: list[int] = []
    low = high = heading = 0
    bottom = top = float(angle[0])
    for i, value in zip(candidates, angle[candidates].tolist(), strict=True):
        if value > top:
            high, top = i, value
        if value < bottom:
            low, bottom = i, value
        if heading >= 0 and top - value >= hysteresis:
            index.append(high)
            kind.append(1)
            heading, low, high, bottom, top = -1, i, i, value, value
        elif heading <= 0 and value - bottom >= hysteresis:
            index.append(low)
            kind.append(-1)
            heading, low, high, bottom, top = 1, i, i, value, value
    if heading:
        index.append(high if heading > 0 else low)
        kind.append(heading)
    return np.array(index, dtype=np.int64), np.array(kind, dtype=np.int64)


def standstills(speed: FloatArray, spans: Spans, share: float, least: float, most: float) -> Spans:
    """Samples for which a limb stands still at the start and at the end of each span, (r, 2).

    It moves above ``share`` of the span's greatest speed, or above ``least`` where that is more. A smooth
    movement gains speed with the square of time at first (minimum jerk; Flash and Hogan 1985), so that it
    takes from its onset to a level as long as from there to four times that; no longer than ``most`` samples.
    """

    def onset(speed: FloatArray, level: float) -> int:
        moving = int(np.argmax(speed > level))
        if moving == 0:
            return 0
        fast = int(np.argmax(speed > 4 * level))
        return max(moving - int(min(max(fast - moving, 0), most)), 0)

    out = np.zeros((len(spans), 2), dtype=np.int64)
    for row, (start, stop) in zip(out, spans.tolist(), strict=True):
        own = speed[start:stop]
        level = max(share * float(own.max(initial=0.0)), least)
        row[:] = onset(own, level), onset(own[::-1], level)
    return out


def normalise_time(values: FloatArray, spans: Spans) -> FloatArray:
    """Spans of a signal (n,) or (n, c) stretched to 0..100 % of their time, (r, 101) or (r, 101, c)."""
    start, stop = spans.astype(np.float64).reshape(-1, 2).T
    at = np.linspace(start, stop, POINTS, axis=-1)
    low = np.minimum(at.astype(np.intp), len(values) - 2)
    part = (at - low).reshape(at.shape + (1,) * (values.ndim - 1))
    return np.asarray(values[low] * (1 - part) + values[low + 1] * part)


def likenesses(values: FloatArray, spans: Spans) -> FloatArray:
    """Correlation of each of two or more stretched spans, on all axes, with the mean of the others, (r,)."""
    stretched = normalise_time(values, spans).reshape(len(spans), -1)
    stretched = stretched - stretched.mean(axis=1, keepdims=True)
    others = (stretched.sum(axis=0) - stretched) / (len(spans) - 1)
    scale = np.linalg.norm(stretched, axis=1) * np.linalg.norm(others, axis=1) + 1e-12
    return np.asarray((stretched * others).sum(axis=1) / scale)


def shifts(left: FloatArray, right: FloatArray, windows: Spans) -> FloatArray:
    """Samples by which ``right`` comes after ``left``, (p,); NaN at the edge of the search.

    Each side's window is slid over the other side and the two answers are averaged, so that swapping the
    sides negates the result. The correlation is normalised for every lag: otherwise what leaves the window
    pulls the answer towards zero. Sub-sample by a parabola.

    Parameters
    ----------
    left, right : (n,) float array
        Both sides' speed.
    windows : (p, 3) int array
        Start, stop and how far to look to either side.
    """

    def slide(window: FloatArray, other: FloatArray) -> float:
        n = len(window)
        other = other - other.mean()
        sums, squares = (np.concatenate([[0.0], np.cumsum(v)]) for v in (other, other * other))
        sums, squares = sums[n:] - sums[:-n], squares[n:] - squares[:-n]
        spread = np.sqrt(np.maximum(n * squares - sums * sums, 0.0)) + 1e-12
        correlation = np.correlate(other, window - window.mean(), "valid") / spread
        at = int(np.argmax(correlation))
        if at in (0, len(correlation) - 1):
            return math.nan
        before, peak, after = correlation[at - 1 : at + 2]
        curve = before - 2 * peak + after
        return float(at - len(correlation) // 2 + (0.5 * (before - after) / curve if curve else 0.0))

    out = np.empty(len(windows))
    for k, (low, high, reach) in enumerate(windows.tolist()):
        there = slide(left[low:high], right[low - reach : high + reach])
        back = slide(right[low:high], left[low - reach : high + reach])
        out[k] = (there - back) / 2
    return out


def least_cosines(quat: FloatArray, spans: Spans) -> FloatArray:
    """Cosine of half of the largest rotation within each span, (r,), from orientations (n, 4).

    From the orientation furthest from the first, and then the one furthest from that.
    """
    out = np.empty(len(spans))
    for k, (start, stop) in enumerate(spans.tolist()):
        own = quat[start:stop]
        furthest = own[np.abs(own @ own[0]).argmin()]
        out[k] = np.abs(own @ furthest).min()
    return out


def free_acceleration(acc: FloatArray, quat: FloatArray, gravity: float) -> FloatArray:
    """Acceleration (n, 3) turned into the earth's frame by orientations (n, 4), less gravity."""
    w, i, j, k = quat.T
    x, y, z = acc.T
    # Twice the cross product of the quaternion's vector and the acceleration.
    tx, ty, tz = 2 * (j * z - k * y), 2 * (k * x - i * z), 2 * (i * y - j * x)
    free = [x + w * tx + (j * tz - k * ty), y + w * ty + (k * tx - i * tz), z + w * tz + (i * ty - j * tx)]
    return np.array([*free[:2], free[2] - gravity]).T


def jerks(acc: FloatArray, spans: Spans) -> FloatArray:
    """Sum of squared changes of acceleration within each span, and its largest squared deviation, (r, 2)."""
    out = np.empty((len(spans), 2))
    for row, (start, stop) in zip(out, spans.tolist(), strict=True):
        own = acc[start:stop]
        change, off = np.diff(own, axis=0), own - own.mean(axis=0)
        row[:] = (change**2).sum(), (off**2).sum(axis=1).max()
    return out
