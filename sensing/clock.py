"""Device clocks to one shared timeline: lower convex hull per connection segment, and the stated error.

A packet can be late but never early, so the line that runs just below all points (device time, host
arrival) is the device's clock on the host's timeline (Zhang, Liu and Xia 2002, "Clock synchronization
algorithms for network measurements", INFOCOM).

The hull alone is one-sided. Bluetooth carries packets at connection events, a fixed interval apart, and where
the packet period and the interval have a common measure (100 Hz on 30 ms: 10 ms) no packet may be ready just
before an event for minutes on end: the least delay then creeps through that measure and the hull tilts
with it. So the interval is read off the arrivals, the largest gap in the phases at which packets meet it is
worked out, and the earliest packet of every ten seconds bounds the line from below as well: it cannot
have waited longer than that gap. All lines that keep both bounds form a polygon; its centroid is the
clock and its reach is the uncertainty (a set-membership estimate: Milanese and Vicino 1991, Automatica
27, 997-1009). With no such measure the gap is small, and the polygon shrinks to the hull's edge.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from sensing.errors import BadInput
from sensing.knocks import Knocks, apply_knocks, find_knocks
from sensing.recording import ClockSegment, FloatArray, IntArray, Sync

__all__ = [
    "UNSEEN_UNKNOWN_S",
    "ClockFit",
    "Knocks",
    "LowerHull",
    "apply_clock",
    "apply_knocks",
    "clock_axis",
    "combine_fits",
    "find_knocks",
    "fit_clock",
    "lower_hull",
    "pair_sync",
    "unwrap",
]

Method = Literal["hull", "index"]
Rates = tuple[float, float]
"""Least and largest rate that a line may have."""
Line = tuple[float, float, float]
"""origin_s, rate, offset_s: ``offset_s + rate * (x - origin_s)``."""
Polygon = list[tuple[float, float]]
"""Corners of a convex polygon, counter-clockwise."""

_INTERVALS_S: Final = np.arange(6, 81) * 1.25e-3
"""Connection intervals looked for: multiples of 1.25 ms (Bluetooth Core 5.4, Vol 6, Part B, 4.5.1)."""
_COVER: Final = 0.95
"""Share of runs that a stated uncertainty covers."""
_RATE_BOUND: Final = {"hull": 0.02, "index": 0.1}
"""How far a device's clock, or an output rate, may be off its nominal value."""
_CRYSTAL: Final = 1e-4
"""Device and host crystals together: 50 ppm each (active clock accuracy, Bluetooth Core 5.4, 6.B.4.2.1)."""
_SAME_DEVICE: Final = 2e-4
"""How far the rate of one device may wander between the segments of one recording (temperature)."""


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
        Stated uncertainty of ``time_s`` (95 %, root mean square over the samples), s, apart from a constant
        latency that no clock can show; None where there are too few packets to tell.
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

    def line(self) -> Line | None:
        """Current line: the edge below the mean device time.

        Returns
        -------
        (origin_s, rate, offset_s) or None
            None before there are two points.
        """
        return _edge(self._x, self._y, self._mean)


def _edge(x: Sequence[float] | FloatArray, y: Sequence[float] | FloatArray, at: float) -> Line | None:
    """The hull edge over ``at``."""
    if len(x) < 2:
        return None
    i = int(np.clip(np.searchsorted(x, at), 1, len(x) - 1))
    return float(x[i - 1]), float((y[i] - y[i - 1]) / (x[i] - x[i - 1])), float(y[i - 1])


def lower_hull(device_s: FloatArray, host_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Exact lower hull of all points at once, in near-linear time.

    Parameters
    ----------
    device_s, host_s : (n,) float array
        Points in order of device time.

    Returns
    -------
    tuple of two (k,) float arrays
        The vertices, as `LowerHull` would keep them.
    """
    x, y = device_s, host_s
    if len(x) > 256:
        # The hull of the lowest point per block lies on or above the true one, so that only what is on or
        # below it can be a vertex.
        slope = (y[-1] - y[0]) / (x[-1] - x[0]) if x[-1] > x[0] else 1.0
        above = y - slope * (x - x[0])
        lowest = np.union1d(_block_minima(above, 2 * math.isqrt(len(x))), [0, len(x) - 1])
        coarse = LowerHull(len(lowest))
        coarse.extend(x[lowest].tolist(), above[lowest].tolist())
        near = above <= np.interp(x, *coarse.vertices()) + 1e-9
        x, y = x[near], y[near]
    hull = LowerHull(len(x))
    hull.extend(x.tolist(), y.tolist())
    return hull.vertices()


def _block_edges(n: int, blocks: int) -> IntArray:
    return np.unique(np.linspace(0, n, blocks, endpoint=False).astype(np.int64))


def _block_minima(values: FloatArray, blocks: int) -> IntArray:
    """Index of the first least value of each of ``blocks`` equal blocks."""
    edges = _block_edges(len(values), blocks)
    order = np.flatnonzero(
        values == np.repeat(np.minimum.reduceat(values, edges), np.diff([*edges, len(values)]))
    )
    found: IntArray = order[np.searchsorted(order, edges)]
    return found


def fit_clock(
    host_time_s: npt.ArrayLike,
    *,
    device_time_s: npt.ArrayLike | None = None,
    seq: npt.ArrayLike | None = None,
    segment_starts: Sequence[int] = (0,),
    rate_hz: float | None = None,
) -> ClockFit:
    """Put one stream's samples on the host's timeline.

    Each connection segment gets its own line, and so does what follows a step of the device's clock (it
    restarts, or jumps by more than half a second against the arrivals). Without a device clock and without a
    counter a lost packet shifts every later row: where arrivals pause for more than twice their usual longest
    step (95th percentile) and the earliest arrivals stay late by more than a quarter of the pause, packets
    were lost and a new line starts. Smaller losses cannot be told from delay there and bend the line by their
    length at most. Segments of one device share its rate within 200 ppm, so that a short one is not left to
    its few packets.

    Parameters
    ----------
    host_time_s : (n,) float array
        Arrival time of each sample, s, never decreasing; samples of one packet share theirs.
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
        Arrays of different lengths, values that are not finite, arrivals that run backwards, segment starts
        out of range, a rate that is not positive.

    Notes
    -----
    ``fit_s`` is not a constant: the lines that fit the data, those below every arrival yet not further below
    the earliest of each block than the phase gap allows, form a polygon, and 95 % of its largest reach from
    the line chosen is stated. It is small where phases are many or sweep through during the session, and half
    the phase gap where device and radio keep step. Where no line keeps both bounds (a crystal that warms up,
    bursts of retransmission) the gap is widened until one does, and the uncertainty grows with it. A device
    clock is first taken to be a crystal within 100 ppm, and as free as its arrivals say if that strains them.
    """
    host = np.asarray(host_time_s, dtype=np.float64)
    n = len(host)
    method: Method = "index" if device_time_s is None else "hull"
    problems: list[str] = []
    if rate_hz is not None and not (math.isfinite(rate_hz) and rate_hz > 0):
        problems.append(f"rate_hz must be positive, not {rate_hz}")
        rate_hz = None
    device = clock_axis(n, device_time_s=device_time_s, seq=seq, rate_hz=rate_hz)
    if device.shape != host.shape:
        problems.append(f"{n} arrival times but {len(device)} device times or counters")
    elif not (np.all(np.isfinite(host)) and np.all(np.isfinite(device))):
        problems.append("arrival or device times contain values that are not finite")
    elif n and np.min(np.diff(host), initial=0.0) < 0:
        back = int(np.argmax(np.diff(host) < 0)) + 1
        problems.append(
            f"arrival time runs backwards from {host[back - 1]:.6f} to {host[back]:.6f} s at sample {back}"
        )
    starts = sorted({0, *(int(s) for s in segment_starts)})
    if starts[0] < 0 or (n and starts[-1] >= n):
        problems.append(f"segment starts must lie in 0..{n - 1}")
    if problems:
        raise BadInput(problems)
    if n == 0:
        return ClockFit(host.copy(), (), None, method)
    counted = method == "hull" or seq is not None
    observed = 1.0 if method == "hull" else _typical_rate(device, host)
    nominal = observed if method == "index" and rate_hz is None else 1.0
    bounds = [
        bound
        for start, stop in zip(starts, [*starts[1:], n], strict=True)
        for bound in _split_at_steps(device, host, start, stop, rate=observed, counted=counted)
    ]
    off = _RATE_BOUND[method]
    rates = nominal * (1 - off), nominal * (1 + off)
    segments = _fit_segments(device, host, bounds, rates, clocked=method == "hull")
    return ClockFit(apply_clock(device, segments), segments, _overall(segments), method)


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


def _overall(segments: Sequence[ClockSegment]) -> float | None:
    known = [(s.stop - s.start, s.fit_s) for s in segments if s.fit_s is not None]
    if not known:
        return None
    return math.sqrt(sum(n * fit**2 for n, fit in known) / sum(n for n, _ in known))


def _typical_rate(x: FloatArray, y: FloatArray) -> float:
    """Host seconds per unit of an index: mid-mean over stretches of some 3 s, most of which lose nothing."""
    stretches = int(np.clip((y[-1] - y[0]) / 3, 10, 400))
    at = np.unique(np.linspace(0, len(x) - 1, stretches + 1).astype(np.int64))
    steps = np.diff(x[at])
    slopes = np.sort(np.diff(y[at])[steps > 0] / steps[steps > 0])
    # Not the median: whole connection intervals make the slopes a coarse grid.
    slopes = slopes[len(slopes) // 4 : len(slopes) - len(slopes) // 4]
    rate = float(np.mean(slopes)) if len(slopes) else 1.0
    return rate if rate > 0 else 1.0


def _packets(x: FloatArray, y: FloatArray) -> IntArray:
    """Last row of each packet: the one that can be on the hull."""
    return np.flatnonzero(np.append(np.diff(y) != 0, True))


def _split_at_steps(
    x: FloatArray, y: FloatArray, start: int, stop: int, *, rate: float, counted: bool
) -> list[tuple[int, int]]:
    """Cut one connection segment where the device's clock, or an uncounted index, steps against arrivals.

    A late packet also shows as a step, but what follows it catches up: only where the least delay of the next
    seconds differs from that of the last seconds has the clock itself moved.
    """
    last = start + _packets(x[start:stop], y[start:stop])
    px, py = rate * x[last], y[last]
    dx, dy = np.diff(px), np.diff(py)
    if len(dx) < 2:
        return [(start, stop)]
    if counted:
        pause = max(0.5, 3 * float(np.median(dx)))
        suspect = (dx < 0) | (np.abs(dx - dy) > pause)
    else:
        pause = 2 * float(np.quantile(dy, 0.95))
        suspect = dy > pause
    where = np.flatnonzero(suspect) + 1
    edges = [0, *where.tolist(), len(px)]
    delay = py - px
    cuts = [start]
    cut = 0
    for before, at, after in zip(edges[:-2], edges[1:-1], edges[2:], strict=True):
        # A few seconds each side, so that a rate that is off by 1 % does not look like a step.
        a = max(before if counted else cut, int(np.searchsorted(py, py[at - 1] - 3)))
        b = min(after if counted else len(py), int(np.searchsorted(py, py[at] + 3)) + 1)
        step = float(np.min(delay[at:b]) - np.min(delay[a:at]))
        limit = 0.5 * pause if counted else max(0.25 * float(dy[at - 1]), float(np.median(dx)))
        if abs(step) > limit:
            cut = at
            cuts.append(int(last[at - 1]) + 1)
    return list(zip(cuts, [*cuts[1:], stop], strict=True))


def _fit_segments(
    x: FloatArray, y: FloatArray, bounds: Sequence[tuple[int, int]], rates: Rates, *, clocked: bool
) -> tuple[ClockSegment, ...]:
    """Fit every segment: the longest first, and the others with a rate near its."""
    fitted: dict[int, ClockSegment] = {}
    for start, stop in sorted(bounds, key=lambda b: b[0] - b[1]):
        segment = _fit_segment(x, y, start, stop, rates, clocked)
        if not fitted and segment.fit_s is not None:
            # A short segment does not know its own rate better than its fit over its length.
            slack = _SAME_DEVICE + 2 * segment.fit_s / max(float(y[stop - 1] - y[start]), 1e-3)
            near = segment.rate * (1 - slack), segment.rate * (1 + slack)
            rates = max(rates[0], near[0]), min(rates[1], near[1])
        fitted[start] = segment
    return tuple(fitted[start] for start, _ in bounds)


def _fit_segment(
    x: FloatArray, y: FloatArray, start: int, stop: int, rates: Rates, clocked: bool
) -> ClockSegment:
    xs, ys = x[start:stop], y[start:stop]
    last = _packets(xs, ys)
    # A step back too small to be a new clock: the earlier, later-stamped packet says nothing about the edge.
    last = last[xs[last] >= np.maximum.accumulate(xs[last])]
    px, py = xs[last], ys[last]
    if len(px) < 2 or px[-1] <= px[0]:
        return ClockSegment(start, stop, float(px[0]), sum(rates) / 2, float(py[0]))
    interval = _connection_interval(py)
    if interval is not None:
        py = _event_times(py, interval)
    likely = max(rates[0], 1 - _CRYSTAL), min(rates[1], 1 + _CRYSTAL)
    fit = _feasible_line(px, py, interval, likely) if clocked and likely[0] < likely[1] else None
    if fit is None or fit.strained:
        fit = _feasible_line(px, py, interval, rates)
    return ClockSegment(start, stop, *fit.line, fit.fit_s)


def _connection_interval(arrival_s: FloatArray) -> float | None:
    """Connection interval on the host's clock, or None where arrivals keep to none.

    Arrivals a multiple of the interval apart line up as phases on a circle: the candidate whose phases line
    up best wins (the resultant length of circular statistics), and its slow turn gives the ratio of the
    two crystals.
    """
    first = arrival_s[np.append(True, np.diff(arrival_s) > 2.5e-3)]
    if len(first) < 20:
        return None
    span = float(first[-1] - first[0])
    block = np.minimum(
        ((first - first[0]) / span * max(span // 10, 1)).astype(np.int64), int(max(span // 10, 1)) - 1
    )
    some = np.flatnonzero(block % (block[-1] // 12 + 1) == 0)[:1000]
    strength = [_aligned(first[some], block[some], c)[1] for c in _INTERVALS_S]
    interval = float(_INTERVALS_S[int(np.argmax(strength))])
    phase, _ = _aligned(first, block, interval)
    if len(phase) > 1:
        at = np.array([np.mean(part) for part in np.split(first, np.flatnonzero(np.diff(block)) + 1)])
        turn = np.polyfit(at - at[0], np.unwrap(phase), 1)[0]
        interval = float(interval / (1 - turn * interval / (2 * np.pi)))
    # With fewer packets than events, divisors of the packet period line up as well.
    told = float(np.median(np.diff(first))) < 2.5 * interval
    return interval if told and _aligned(first, block, interval)[1] > 0.8 else None


def _aligned(at: FloatArray, block: IntArray, interval: float) -> tuple[FloatArray, float]:
    """Mean phase of each block, and how well phases line up within blocks (0 to 1)."""
    turns = (at - at[0]) / interval
    turns = 2 * np.pi * (turns - np.floor(turns))
    edges = np.flatnonzero(np.append(True, np.diff(block) > 0))
    total = np.add.reduceat(np.cos(turns), edges) + 1j * np.add.reduceat(np.sin(turns), edges)
    return np.angle(total), float(np.sum(np.abs(total)) / len(at))


def _event_times(arrival_s: FloatArray, interval: float) -> FloatArray:
    """Arrival of the first packet of each connection event: the others only queued behind it on air."""
    starts = np.append(True, np.diff(arrival_s) > min(3e-3, interval / 3))
    first = arrival_s[starts][np.cumsum(starts) - 1]
    event: FloatArray = np.maximum(first, arrival_s - interval / 2)
    return event


@dataclass(frozen=True)
class _LineFit:
    line: Line
    fit_s: float | None
    strained: bool
    """Whether the bounds had to give way by more than delays explain."""


def _feasible_line(x: FloatArray, y: FloatArray, interval: float | None, rates: Rates) -> _LineFit:
    """Centre of all lines that keep the bounds, and their reach as a 95 % uncertainty."""
    n, origin, span = len(x), float(x[0]), float(x[-1] - x[0])
    edge = _edge(*lower_hull(x, y), float(np.mean(x)))
    rate = min(max(edge[1] if edge else 1.0, rates[0]), rates[1])
    offset = float(np.min(y - rate * (x - origin)))
    if n < 8:
        return _LineFit((origin, rate, offset), None, False)
    above = y - offset - rate * (x - origin)
    blocks = int(min(max(rate * span // 10, n // 200, 3), n // 40 + 1, 360))
    lowest = _block_minima(above, blocks)
    gaps = _largest_gaps(rate * (x - origin), above, blocks, interval)
    if interval is not None and np.count_nonzero(keep := above[lowest] <= 2 * gaps) * 2 >= len(lowest):
        # Where a link is so busy that a whole block queued, its earliest packet bounds nothing.
        lowest, gaps = lowest[keep], gaps[keep]
    hull_x, hull_y = lower_hull(x, above)
    # A line is the pair (a, b) of its values at both ends, so that every bound is a half-plane.
    upper = list(zip(((hull_x - origin) / span).tolist(), hull_y.tolist(), strict=True))
    lower = list(zip(((x[lowest] - origin) / span).tolist(), (above[lowest] - gaps).tolist(), strict=True))
    polygon, slack = _polygon(upper, lower, ((rates[0] - rate) * span, (rates[1] - rate) * span))
    a, b = _centroid(polygon)
    fit_s = _COVER * float(np.max(np.abs(np.array(polygon) - (a, b))))
    explained = float(np.max(gaps) if interval is not None else np.median(above))
    return _LineFit((origin, rate + (b - a) / span, offset + a), fit_s, slack > explained)


def _polygon(
    upper: list[tuple[float, float]], lower: list[tuple[float, float]], rise: Rates
) -> tuple[Polygon, float]:
    """End values (a, b) of all lines between the bounds, and how far the lower ones had to give way."""
    reach = 2 * max(abs(value) for _, value in upper + lower) + rise[1] - rise[0] + 1.0
    outer: Polygon = [(-reach, -reach), (reach, -reach), (reach, reach), (-reach, reach)]
    outer = _clip(_clip(outer, -1.0, 1.0, rise[1]), 1.0, -1.0, -rise[0])
    for at, value in upper:
        outer = _clip(outer, 1 - at, at, value)

    def within(slack: float) -> Polygon:
        kept = outer
        for at, value in lower:
            kept = _clip(kept, at - 1, -at, slack - value)
        return kept

    slack = 0.0
    while len(polygon := within(slack)) < 3:
        slack = max(1e-4, 1.5 * slack)
    # Where the bounds do not hold as derived, a polygon that only just exists would claim too much.
    return (within(2 * slack) if slack > 0 else polygon), slack


def _largest_gaps(phase_s: FloatArray, above: FloatArray, blocks: int, interval: float | None) -> FloatArray:
    """How long, per block, its earliest packet may have waited for its connection event.

    The largest gap in the phases at which packets were ready, over so many neighbours that all of them going
    out late (by more than an interval) is not to be expected anywhere in the block. Without an interval the
    spacing of the block's earliest arrivals stands in.
    """
    edges = _block_edges(len(above), blocks)
    neighbours = 4
    if interval is not None:
        late = min(max(float(np.mean(above > interval)), 0.02), 0.8)
        neighbours = max(math.ceil(math.log(0.01 * blocks / len(above)) / math.log(late)), 3)
    gaps = []
    for phases, delays in zip(np.split(phase_s, edges[1:]), np.split(above, edges[1:]), strict=True):
        k = min(neighbours, len(phases) - 1)
        if k == 0:
            gaps.append(interval or 0.0)
        elif interval is None:
            least = np.partition(delays, k)[: k + 1]
            gaps.append(float(np.max(least) - np.min(least)))
        else:
            around = np.sort(phases % interval)
            around = np.append(around, around[:k] + interval)
            gaps.append(min(float(np.max(around[k:] - around[:-k])), interval))
    return np.array(gaps)


def _clip(polygon: Polygon, p: float, q: float, limit: float) -> Polygon:
    """The part of a convex polygon where ``p a + q b <= limit`` (Sutherland and Hodgman 1974)."""
    kept = []
    over = [p * a + q * b - limit for a, b in polygon]
    for i, (a, b) in enumerate(polygon):
        j = (i + 1) % len(polygon)
        if over[i] <= 0:
            kept.append((a, b))
        if (over[i] < 0 < over[j]) or (over[j] < 0 < over[i]):
            part = over[i] / (over[i] - over[j])
            kept.append((a + part * (polygon[j][0] - a), b + part * (polygon[j][1] - b)))
    return kept


def _centroid(polygon: Polygon) -> tuple[float, float]:
    points = np.array(polygon)
    # About its own middle, so that a sliver far from zero keeps its digits.
    middle = points.mean(axis=0)
    here = points - middle
    after = np.roll(here, -1, axis=0)
    cross = here[:, 0] * after[:, 1] - after[:, 0] * here[:, 1]
    area = float(np.sum(cross))
    if area > 1e-18:
        middle = middle + cross @ (here + after) / (3 * area)
    return float(middle[0]), float(middle[1])


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


UNSEEN_UNKNOWN_S: Final = 0.045
"""Bound on a constant latency for a sensor whose driver states none: no less than any driver's, s."""


def combine_fits(left_s: float, right_s: float) -> float:
    """Uncertainty of a difference from those of its two sides, s, each covering 95 % of runs.

    What is left on a side is an unknown phase within a gap, so it is spread evenly rather than normally:
    this is the 95 % point of the difference of two uniform variables.
    """
    wide, narrow = max(left_s, right_s) / _COVER, min(left_s, right_s) / _COVER
    if narrow <= (1 - _COVER) * wide:
        return _COVER * wide
    return wide + narrow - 2 * math.sqrt((1 - _COVER) * wide * narrow)


def pair_sync(
    left_fit: ClockFit,
    right_fit: ClockFit,
    *,
    unseen_s: tuple[float, float] = (UNSEEN_UNKNOWN_S, UNSEEN_UNKNOWN_S),
    knocks: Knocks | None = None,
    hardware_s: float | None = None,
) -> Sync:
    """State how well two streams share one timeline.

    Parameters
    ----------
    left_fit, right_fit : ClockFit
        Fits of both sides against the same host clock.
    unseen_s : (left, right)
        Bounds on the constant latency of each side, from a movement to the time its sample is given, that no
        clock can show: its driver's ``unseen_latency_s``. Each side is late by between nothing and its bound,
        so that the difference is at most the larger of the two; the same model on both sides does not make it
        zero, since filters and buffers are settings.
    knocks : Knocks, optional
        Knocks that were applied. They leave nothing unseen; two replace the clocks' fit, one adds to it.
    hardware_s : float, optional
        Error that the maker states for sensors synchronised in hardware.

    Returns
    -------
    Sync
        ``error_s = fit_s + unseen_s``; None where a fit could not be stated.
    """
    if hardware_s is not None:
        return Sync(hardware_s, hardware_s, 0.0, "hardware")
    fit_s: float | None = None
    if left_fit.fit_s is not None and right_fit.fit_s is not None:
        fit_s = combine_fits(left_fit.fit_s, right_fit.fit_s)
    if knocks is not None:
        if len(knocks.lag_s) > 1:
            fit_s = knocks.error_s
        elif fit_s is not None:
            fit_s = math.hypot(fit_s, knocks.error_s)
        return Sync(fit_s, fit_s, 0.0, "hull+knock")
    unseen = max(unseen_s)
    method = "index" if "index" in (left_fit.method, right_fit.method) else "hull"
    return Sync(None if fit_s is None else fit_s + unseen, fit_s, unseen, method)
