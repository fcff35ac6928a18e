"""Device clocks to one shared timeline: lower convex hull per connection segment, and the stated error.

A packet can be late but never early, so the line that runs just below all points (device time, host
arrival) is the device's clock on the host's timeline (Zhang, Liu and Xia 2002, "Clock synchronization
algorithms for network measurements", INFOCOM).

What the hull leaves open, and how that becomes the stated error, is in `sensing.clock_line`; measured results
are in docs/synchronisation.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from sensing.clock_line import COVER, Rates, fit_line
from sensing.errors import BadInput
from sensing.hull import LowerHull, lower_hull
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

_RATE_BOUND: Final = {"hull": 0.02, "index": 0.1}
"""How far a device's clock, or an output rate, may be off its nominal value."""
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
    bursts of retransmission) the gap is widened until one does, and the uncertainty grows with it. Where the
    link carries less than the device sends it is the median time that packets wait. A device clock is first
    taken to be a crystal, and as free as its arrivals say if that strains them.
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
    fit = fit_line(px, py, rates, crystal=clocked)
    return ClockSegment(start, stop, *fit.line, fit.fit_s)


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
    wide, narrow = max(left_s, right_s) / COVER, min(left_s, right_s) / COVER
    if narrow <= (1 - COVER) * wide:
        return COVER * wide
    return wide + narrow - 2 * math.sqrt((1 - COVER) * wide * narrow)


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
