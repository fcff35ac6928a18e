"""Device clocks to one shared timeline: lower convex hull per connection segment.

A packet can be late but never early, so the line that runs just below all points (device time, host
arrival) is the device's clock on the host's timeline (Zhang, Liu and Xia 2002, "Clock synchronization
algorithms for network measurements", INFOCOM).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sensing.errors import BadInput
from sensing.recording import ClockSegment, FloatArray, IntArray

Method = Literal["hull", "index"]


@dataclass(frozen=True, eq=False)
class ClockFit:
    """Sample times on the host timeline and the lines they came from.

    Attributes
    ----------
    time_s : (n,) float array
        Strictly increasing sample times on the host's timeline, s.
    segments : tuple of ClockSegment
        One line per connection segment (more where the clock stepped), in order, covering all samples.
    fit_s : float or None
        Stated uncertainty of ``time_s``, s; None where there are too few samples to tell.
    method : str
        ``hull`` (device clock) or ``index`` (sample counter or row number instead of a clock).
    """

    time_s: FloatArray
    segments: tuple[ClockSegment, ...]
    fit_s: float | None
    method: Method


def unwrap(counter: npt.ArrayLike, bits: int) -> IntArray:
    """Undo the wrapping of an unsigned counter.

    Parameters
    ----------
    counter : (n,) array of int
        Raw counter values, such as u32 microseconds or a u16 sequence number.
    bits : int
        Width of the counter, 1 to 62.

    Returns
    -------
    (n,) int64 array
        Counter without wraps, starting at the first raw value. Each step is taken to be the shorter way
        round, so a step back (late packet, restarted device) stays a step back; a pause longer than half a
        wrap cannot be told from one and needs a new segment.
    """
    if not 1 <= bits <= 62:
        raise BadInput(f"a counter has 1 to 62 bits, not {bits}")
    raw = np.asarray(counter, dtype=np.int64)
    if raw.size == 0:
        return raw.copy()
    half = 1 << (bits - 1)
    steps = (np.diff(raw) + half) % (1 << bits) - half
    return np.concatenate([raw[:1], raw[0] + np.cumsum(steps)])


class LowerHull:
    """Lower convex hull of (device time, host arrival), grown point by point.

    Adding a point costs O(1) amortised. Device times must not decrease within one hull.

    Parameters
    ----------
    max_points : int
        Most vertices kept. Beyond it the vertices that matter least are dropped, each of which raises the
        hull by less than any other would.
    """

    def __init__(self, max_points: int = 4096) -> None:
        self._x: list[float] = []
        self._y: list[float] = []
        self._max = max(max_points, 4)
        self._n = 0
        self._mean = 0.0

    def __len__(self) -> int:
        return len(self._x)

    def add(self, device_s: float, host_s: float) -> None:
        """Add one point; ``device_s`` must not be less than the one before."""
        xs, ys = self._x, self._y
        if xs and device_s < xs[-1]:
            raise BadInput(f"device time steps back from {xs[-1]} to {device_s} s: start a new hull there")
        self._n += 1
        self._mean += (device_s - self._mean) / self._n
        if xs and device_s == xs[-1]:
            if host_s >= ys[-1]:
                return
            xs.pop()
            ys.pop()
        while len(xs) >= 2:
            dx, dy = xs[-1] - xs[-2], ys[-1] - ys[-2]
            if dy * (device_s - xs[-2]) < (host_s - ys[-2]) * dx:
                break
            xs.pop()
            ys.pop()
        xs.append(device_s)
        ys.append(host_s)
        if len(xs) > self._max:
            self._shrink()

    def extend(self, device_s: Iterable[float], host_s: Iterable[float]) -> None:
        """Add several points in order."""
        for x, y in zip(device_s, host_s, strict=True):
            self.add(float(x), float(y))

    def _shrink(self) -> None:
        x, y = np.array(self._x), np.array(self._y)
        chord = y[:-2] + (y[2:] - y[:-2]) * (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
        # Alternate vertices only: a neighbour's height changes once its own neighbour is gone.
        odd = np.arange(1, len(x) - 1, 2)
        drop = odd[np.argsort(chord[odd - 1] - y[odd])[: max(len(odd) // 2, 1)]]
        keep = np.ones(len(x), dtype=bool)
        keep[drop] = False
        self._x, self._y = x[keep].tolist(), y[keep].tolist()

    def vertices(self) -> tuple[FloatArray, FloatArray]:
        """Hull vertices: device times and host times, s."""
        return np.array(self._x), np.array(self._y)

    def line(self) -> tuple[float, float, float] | None:
        """Current line: the edge below the mean device time.

        Returns
        -------
        (origin_s, rate, offset_s) or None
            None before there are two points.
        """
        return _edge(self._x, self._y, self._mean)


def _edge(x: Sequence[float], y: Sequence[float], at: float) -> tuple[float, float, float] | None:
    """The hull edge over ``at`` as (origin_s, rate, offset_s)."""
    if len(x) < 2:
        return None
    i = int(np.clip(np.searchsorted(x, at), 1, len(x) - 1))
    return float(x[i - 1]), float((y[i] - y[i - 1]) / (x[i] - x[i - 1])), float(y[i - 1])


def _hull(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Exact lower hull of points sorted by x; no Python loop over all of them."""
    if len(x) > 2048:
        # The hull of the lowest point per block lies on or above the true one, so that only what is on or
        # below it can be a vertex.
        slope = (y[-1] - y[0]) / (x[-1] - x[0]) if x[-1] > x[0] else 1.0
        above = y - slope * (x - x[0])
        starts = np.arange(0, len(x), max(len(x) // 1024, 1))
        lowest = np.minimum.reduceat(above, starts)
        block = np.zeros(len(x), dtype=np.int64)
        block[starts[1:]] = 1
        first = np.flatnonzero(above == lowest[np.cumsum(block)])
        first = np.union1d(first[np.unique(np.searchsorted(first, starts))], [0, len(x) - 1])
        coarse = LowerHull(len(first))
        coarse.extend(x[first].tolist(), above[first].tolist())
        hx, hy = coarse.vertices()
        near = above <= np.interp(x, hx, hy) + 1e-9
        x, y = x[near], y[near]
    hull = LowerHull(max(len(x), 4))
    hull.extend(x.tolist(), y.tolist())
    return hull.vertices()


def fit_clock(
    host_time_s: npt.ArrayLike,
    *,
    device_time_s: npt.ArrayLike | None = None,
    seq: npt.ArrayLike | None = None,
    segment_starts: Sequence[int] = (0,),
    rate_hz: float | None = None,
) -> ClockFit:
    """Put one stream's samples on the host's timeline.

    Parameters
    ----------
    host_time_s : (n,) float array
        Arrival time of each sample, s; samples of one packet share theirs.
    device_time_s : (n,) float array, optional
        Unwrapped device time of each sample, s.
    seq : (n,) int array, optional
        Unwrapped sample counter, used where there is no device time.
    segment_starts : sequence of int
        First sample of each connection segment.
    rate_hz : float, optional
        Nominal rate: without device time, index / rate_hz stands in for it (index alone if not given).

    Returns
    -------
    ClockFit

    Raises
    ------
    BadInput
        Arrays of different lengths, values that are not finite, segment starts out of order.
    """
    host = np.asarray(host_time_s, dtype=np.float64)
    n = len(host)
    method: Method = "index" if device_time_s is None else "hull"
    device = clock_axis(n, device_time_s=device_time_s, seq=seq, rate_hz=rate_hz)
    problems: list[str] = []
    if device.shape != host.shape:
        problems.append(f"{n} arrival times but {len(device)} device times or counters")
    elif not (np.all(np.isfinite(host)) and np.all(np.isfinite(device))):
        problems.append("arrival or device times contain values that are not finite")
    starts = sorted({0, *(int(s) for s in segment_starts)})
    if starts[0] < 0 or (n and starts[-1] >= n):
        problems.append(f"segment starts must lie in 0..{n - 1}")
    if problems:
        raise BadInput(problems)
    if n == 0:
        return ClockFit(host.copy(), (), None, method)
    segments: list[ClockSegment] = []
    for start, stop in zip(starts, [*starts[1:], n], strict=True):
        segments.append(_fit_segment(device, host, start, stop))
    fits = [s.fit_s for s in segments if s.fit_s is not None]
    return ClockFit(apply_clock(device, segments), tuple(segments), max(fits, default=None), method)


def clock_axis(
    n: int,
    *,
    device_time_s: npt.ArrayLike | None = None,
    seq: npt.ArrayLike | None = None,
    rate_hz: float | None = None,
) -> FloatArray:
    """What stands for the device's clock: its time, else its sample counter, else the row number.

    Counter and row number are divided by the nominal rate where it is given. This is the array that
    `apply_clock` takes with stored segments.
    """
    if device_time_s is not None:
        return np.asarray(device_time_s, dtype=np.float64)
    index: npt.NDArray[Any] = np.arange(n) if seq is None else np.asarray(seq)
    return index.astype(np.float64) / (rate_hz or 1.0)


def _fit_segment(device: FloatArray, host: FloatArray, start: int, stop: int) -> ClockSegment:
    x, y = np.maximum.accumulate(device[start:stop]), host[start:stop]
    hull_x, hull_y = _hull(x, y)
    line = _edge(hull_x.tolist(), hull_y.tolist(), float(np.mean(x)))
    origin, rate, offset = line or (float(x[0]), 1.0, float(y[0]))
    return ClockSegment(start, stop, origin, rate, offset)


def apply_clock(device_time_or_index: npt.ArrayLike, segments: Sequence[ClockSegment]) -> FloatArray:
    """Sample times from stored segments.

    Parameters
    ----------
    device_time_or_index : (n,) float array
        Raw device times, or what `clock_axis` gives where there are none.
    segments : sequence of ClockSegment
        In order, covering all n samples.

    Returns
    -------
    (n,) float array
        Strictly increasing times, s. Where lines of neighbouring segments overlap or a device time repeats,
        samples are moved on by the least step that a float can show.

    Raises
    ------
    BadInput
        The segments do not cover the samples.
    """
    device = np.asarray(device_time_or_index, dtype=np.float64)
    time = np.empty(len(device))
    at = 0
    for s in segments:
        if s.start != at or s.stop > len(device):
            raise BadInput(f"clock segment {s.start}:{s.stop} does not follow sample {at} of {len(device)}")
        time[s.start : s.stop] = s.offset_s + s.rate * (device[s.start : s.stop] - s.origin_s)
        at = s.stop
    if at != len(device):
        raise BadInput(f"clock segments end at sample {at} of {len(device)}")
    return _increasing(time)


def _increasing(time: FloatArray) -> FloatArray:
    if np.all(np.diff(time) > 0):
        return time
    step = 1e-9 * max(1.0, float(np.max(np.abs(time))) * 1e-6)
    ramp = step * np.arange(len(time))
    increasing: FloatArray = np.maximum.accumulate(time - ramp) + ramp
    return increasing
