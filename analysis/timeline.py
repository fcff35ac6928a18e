"""One uniform time grid for both sides. Gaps are masked and never bridged beyond 50 ms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import signal

from sensing.errors import BadInput
from sensing.recording import GRAVITY, FloatArray, Interval, Recording, Side, Stream

MAX_BRIDGE_S: Final = 0.05
"""Longest stretch of missing data that is interpolated, s."""

SLOWEST_HZ, FASTEST_HZ = 2.0, 20_000.0
"""No motion sensor for limbs samples slower or faster, Hz."""

SAME_RATE: Final = 0.05
"""Sides whose rates differ by less than this fraction are put on a grid of their mean rate."""

MAX_HELD_S: Final = 0.25
"""Samples that repeat exactly for longer than this are missing ones that a driver filled in, s."""

MOVING_ACC, MOVING_GYR = 0.5, 15.0
"""SD of an instrument that feels movement, m/s2 and deg/s."""

LEAST_ACC, LEAST_GYR = 1.9 * GRAVITY, 240.0
"""Smallest full scale that sensors offer, m/s2 and deg/s."""

FLAT_ACC, FLAT_GYR = 1.2 * GRAVITY, 15.0
"""Flat tops are looked for above this, m/s2 and deg/s: below it lies rest."""

FLAT_SAMPLES, FLAT_TIMES, FLAT_LEVELS = 8, 10.0, 5
"""A flat top: so many samples at exactly the extreme of a channel, and so many times as many as at each of
the next levels on average (a coarsely read sine: 3.5 times; real recordings: at most 3 samples)."""

IMPOSSIBLE_ACC, IMPOSSIBLE_GYR = 1000 * GRAVITY, 20_000.0
"""No limb reaches this, m/s2 and deg/s: such samples are faults and count as missing."""

SPIKE_TIMES, SPIKE_RATE_HZ, SPIKE_NEAR = 100.0, 40.0, 3
"""A gyroscope's sample is a spike where the square of its jump there and back is this many times the product
of what is usual in the recording (90th percentile off the median) and the largest step among so
many neighbours on either side. Below `SPIKE_RATE_HZ` a jolt takes one sample, so the limit grows with the
square of the step between samples (real recordings: 84 of 256 at 25 Hz, 26 of 100 above)."""

_PIECE: Final = 4096
"""Grid points that are interpolated at once."""

MIN_OVERLAP_S: Final = 2.0
"""Shortest time both sides must have in common, s."""


@dataclass(frozen=True, eq=False)
class Track:
    """One side on a uniform grid.

    Attributes
    ----------
    side : Side
        The limb.
    start_s, rate_hz : float
        Time of the first grid point and grid rate.
    acc : (n, 3) float array
        m/s2, sensor frame; interpolated inside gaps so that filters can run, but see ``valid``.
    gyr : (n, 3) float array or None
        deg/s, sensor frame.
    valid : (n,) bool array
        False where no sample is near: such points never enter a metric.
    acc_clipped, gyr_clipped : (n,) bool array
        True at grid points next to a sample at full scale.
    native_rate_hz : float
        The sensor's own sampling rate, which decides what a metric may claim.
    acc_has_gravity : bool
        False where the device already removed gravity.
    spikes : int
        Samples of the sensor that were spikes and were bridged.
    """

    side: Side
    start_s: float
    rate_hz: float
    acc: FloatArray
    gyr: FloatArray | None
    valid: np.ndarray
    acc_clipped: np.ndarray
    gyr_clipped: np.ndarray
    native_rate_hz: float
    acc_has_gravity: bool = True
    spikes: int = 0

    def __len__(self) -> int:
        return len(self.acc)

    @property
    def time_s(self) -> FloatArray:
        """Grid times, s."""
        return self.start_s + np.arange(len(self)) / self.rate_hz

    @property
    def end_s(self) -> float:
        """Time of the last grid point."""
        return self.start_s + (len(self) - 1) / self.rate_hz

    def index(self, time_s: float) -> int:
        """Nearest grid point, held to the grid."""
        return min(max(round((time_s - self.start_s) * self.rate_hz), 0), len(self) - 1)

    def runs(self) -> list[tuple[int, int]]:
        """Start and stop index of every stretch of valid points."""
        edges = np.flatnonzero(np.diff(np.r_[False, self.valid, False].astype(np.int8)))
        return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


@dataclass(frozen=True, eq=False)
class Aligned:
    """Both sides; on the same grid, unless they were recorded one after the other."""

    left: Track | None
    right: Track | None
    shared_grid: bool

    def track(self, side: Side) -> Track | None:
        """The track of one side, or None."""
        return self.left if side is Side.LEFT else self.right

    def tracks(self) -> list[Track]:
        """The tracks that are there, left first."""
        return [track for track in (self.left, self.right) if track is not None]


def align(recording: Recording) -> Aligned:
    """Put both sides of a recording on one uniform grid over the time they have in common.

    Sides recorded one after the other, and a side alone, get a grid of their own. Where the sides' rates
    differ, the grid takes the lower one and the faster side is low-passed first, so that both sides keep the
    same bandwidth and a difference of rates cannot look like a difference of limbs.

    Raises
    ------
    BadInput
        If the sides have less than two seconds in common, or a rate that no motion sensor has.
    """
    left, right = recording.left, recording.right
    for stream in recording.streams():
        if not SLOWEST_HZ <= stream.rate_hz <= FASTEST_HZ:
            where = f"{stream.source or recording.path or 'recording'} ({stream.side})"
            raise BadInput(
                f"{where}: {stream.rate_hz:g} samples a second cannot be a motion sensor's; "
                "are the times in seconds, as the header says?"
            )
    if left is None or right is None or recording.sequential:
        tracks = [_alone(stream) if stream is not None else None for stream in (left, right)]
        return Aligned(tracks[0], tracks[1], shared_grid=False)
    start, end = max(left.start_s, right.start_s), min(left.end_s, right.end_s)
    if end - start < MIN_OVERLAP_S:
        raise BadInput(
            f"{recording.path or 'recording'}: left ({left.start_s:.1f} to {left.end_s:.1f} s) and right "
            f"({right.start_s:.1f} to {right.end_s:.1f} s) have less than {MIN_OVERLAP_S:g} s in common; "
            "check that both files are of the same workout, or say --sequential"
        )
    rates = sorted((_mean_rate(left), _mean_rate(right)))
    rate = sum(rates) / 2 if rates[1] <= rates[0] * (1 + SAME_RATE) else rates[0]
    n = int((end - start) * rate + 1e-6) + 1
    return Aligned(_resample(left, start, rate, n), _resample(right, start, rate, n), shared_grid=True)


def _alone(stream: Stream) -> Track:
    rate = _mean_rate(stream)
    return _resample(stream, stream.start_s, rate, int(stream.duration_s * rate + 1e-6) + 1)


def _mean_rate(stream: Stream) -> float:
    """Mean sampling rate, gaps excluded: an exact grid for a stream that was uniform to begin with."""
    steps = np.diff(stream.time_s)
    whole = steps < 1.5 / stream.rate_hz
    return float(whole.sum() / steps[whole].sum()) if whole.any() else stream.rate_hz


def _resample(stream: Stream, start_s: float, rate_hz: float, n: int) -> Track:
    native = _mean_rate(stream)
    grid = start_s + np.arange(n) / rate_hz
    position = np.interp(grid, stream.time_s, np.arange(len(stream), dtype=np.float64))
    near = np.rint(position)
    exact = bool(np.max(np.abs(position - near)) < 0.002)
    before = near.astype(np.intp) if exact else np.minimum(position.astype(np.intp), len(stream) - 2)
    share = position - before
    faulty = impossible(stream)
    acc = _bridged(stream.acc, faulty)
    gyr, glitches = stream.gyr, 0
    gyr_clipped = np.zeros(len(stream), dtype=bool)
    if gyr is not None:
        gyr = _bridged(gyr, faulty)
        spiking = spikes(gyr, stream.rate_hz)
        glitches = int(spiking.sum())
        gyr = _bridged(gyr, spiking)
        gyr_clipped = clipped(gyr, stream.gyr_range, LEAST_GYR, FLAT_GYR)

    def on_grid(values: FloatArray) -> FloatArray:
        if native > rate_hz * (1 + SAME_RATE):
            sos = signal.butter(4, 0.4 * rate_hz, fs=native, output="sos")
            values = signal.sosfiltfilt(sos, values, axis=0)
        return values[before] if exact else _hermite(values, stream.time_s, native, before, share)

    def touched(mask: np.ndarray) -> np.ndarray:
        return np.asarray(mask[before] if exact else mask[before] | mask[before + 1])

    absent = _inside(grid, missing(stream.gaps, native) + held(stream) + stuck(stream))
    return Track(
        side=stream.side,
        start_s=float(start_s),
        rate_hz=float(rate_hz),
        acc=on_grid(acc),
        gyr=None if gyr is None else on_grid(gyr),
        valid=~(absent | touched(faulty)),
        acc_clipped=touched(clipped(acc, stream.acc_range, LEAST_ACC, FLAT_ACC)),
        gyr_clipped=touched(gyr_clipped),
        native_rate_hz=native,
        acc_has_gravity=stream.acc_has_gravity,
        spikes=glitches,
    )


def _bridged(values: FloatArray, absent: np.ndarray) -> FloatArray:
    """Values with straight lines where they are absent; zeros where all are."""
    if not absent.any():
        return values
    out = np.where(absent[:, None], 0.0, values)
    at, good = np.flatnonzero(absent), np.flatnonzero(~absent)
    if good.size:
        out[at] = np.column_stack([np.interp(at, good, channel[good]) for channel in values.T])
    return out


def _hermite(
    values: FloatArray, time_s: FloatArray, rate_hz: float, before: np.ndarray, share: FloatArray
) -> FloatArray:
    """Cubic interpolation between neighbours: flat to a tenth of the rate, where a straight line is not.

    A line between samples takes up to 5 % off a 10 Hz movement at 100 Hz, and by a different amount on each
    side. Slopes never reach across a gap.
    """
    out = np.empty((len(before), values.shape[1]))
    # In pieces that stay in the processor's cache: twice as fast, and nothing as large as the recording.
    for start in range(0, len(before), _PIECE):
        piece = slice(start, start + _PIECE)
        first = max(int(before[piece][0]) - 1, 0)
        near = slice(first, int(before[piece][-1]) + 3)
        own, at, u = np.ascontiguousarray(values[near].T), before[piece] - first, share[piece]
        rise = np.diff(own)
        step = np.where(np.diff(time_s[near]) > 1.5 / rate_hz, 0.0, rise)
        slope = np.zeros_like(own)
        slope[:, 1:-1] = (step[:, 1:] + step[:, :-1]) / 2
        # The cubic through both ends by Horner's rule.
        bend = slope[:, :-1] + slope[:, 1:] - 2 * rise
        a, b, c, d = (v.take(at, axis=1) for v in (own, slope, rise - slope[:, :-1] - bend, bend))
        out[piece] = (a + u * (b + u * (c + u * d))).T
    return out


def missing(gaps: tuple[Interval, ...], rate_hz: float) -> list[Interval]:
    """Gaps that lack more than `MAX_BRIDGE_S` of data beyond the ordinary step between samples."""
    return [(a, b) for a, b in gaps if b - a - 1 / rate_hz > MAX_BRIDGE_S]


def _inside(grid: FloatArray, intervals: list[Interval]) -> np.ndarray:
    mask = np.zeros(len(grid), dtype=bool)
    for a, b in intervals:
        # Half a grid step of grace: a grid point at the edge of a gap still has its sample.
        grace = 1e-6 + 0.5 * (grid[1] - grid[0]) if len(grid) > 1 else 0.0
        mask[np.searchsorted(grid, a + grace) : np.searchsorted(grid, b - grace)] = True
    return mask


def impossible(stream: Stream) -> np.ndarray:
    """Samples that are not finite or that no limb can produce, (n,) bool."""
    bad = _any_axis(~(np.abs(stream.acc) < IMPOSSIBLE_ACC))
    return bad if stream.gyr is None else bad | _any_axis(~(np.abs(stream.gyr) < IMPOSSIBLE_GYR))


def spikes(gyr: FloatArray, rate_hz: float) -> np.ndarray:
    """Samples, one or two at a time, where angular velocity jumps there and back as in no limb, (n,) bool.

    They are bridged as lost samples are. Shocks at contact make such jumps of acceleration, where they say
    nothing.
    """
    mask = np.zeros(len(gyr), dtype=bool)
    limit = SPIKE_TIMES * max(1.0, SPIKE_RATE_HZ / rate_hz) ** 2
    for channel in gyr.T:
        for width in (1, 2):
            first = _spikes_of(channel, width, limit)
            mask[np.add.outer(first, np.arange(width))] = True
    return mask


def _spikes_of(channel: FloatArray, width: int, limit: float) -> np.ndarray:
    """Index of the first sample of every spike of so many samples."""
    some = channel[:: max(1, len(channel) // 10_000)]
    usual = max(float(np.quantile(np.abs(some - np.median(some)), 0.9)), MOVING_GYR)
    step = np.diff(channel, prepend=channel[0], append=channel[-1])
    # Neighbours step by a twentieth of what is usual at least, so that rest makes nothing a spike.
    least = usual / 20
    first = np.flatnonzero(np.abs(step[:-width]) > np.sqrt(limit * usual * least))
    first = first[(first >= SPIKE_NEAR) & (first + width + SPIKE_NEAR < len(step))]
    there, back = step[first], step[first + width]
    jump = np.where(there * back < 0, np.minimum(np.abs(there), np.abs(back)), 0.0)
    around = np.r_[-SPIKE_NEAR:0, width + 1 : width + SPIKE_NEAR + 1]
    near = np.abs(step[np.add.outer(first, around)]).max(axis=1, initial=least)
    near = np.maximum(near, np.abs(there + back))
    return np.asarray(first[jump > np.sqrt(limit * usual * near)])


def held(stream: Stream) -> list[Interval]:
    """Stretches in which every channel repeats the same value: a driver that fills drop-outs, no movement."""
    return [
        (float(stream.time_s[a]), float(stream.time_s[b])) for a, b in _repeats(stream, unchanged(stream))
    ]


def stuck(stream: Stream) -> list[Interval]:
    """Stretches in which accelerometer or gyroscope stops at one value while the other feels movement.

    One that never moves at all is not there, rather than stuck.
    """
    if stream.gyr is None:
        return []
    found = []
    for own, other, least in ((stream.acc, stream.gyr, MOVING_GYR), (stream.gyr, stream.acc, MOVING_ACC)):
        same = _unchanged(own)
        if not same.all():
            spans = [(a, b) for a, b in _repeats(stream, same) if other[a:b].std(axis=0).max() > least]
            found += [(float(stream.time_s[a]), float(stream.time_s[b])) for a, b in spans]
    return found


def unchanged(stream: Stream) -> np.ndarray:
    """Samples, from the second on, that are exactly the one before, (n - 1,) bool."""
    same = _unchanged(stream.acc)
    return same if stream.gyr is None else same & _unchanged(stream.gyr)


def _unchanged(values: FloatArray) -> np.ndarray:
    return ~_any_axis(values[1:] != values[:-1])


def _any_axis(mask: np.ndarray) -> np.ndarray:
    # Column by column: ten times as fast as any() along rows of three.
    x, y, z = mask.T
    return np.asarray(x | y | z)


def _repeats(stream: Stream, same: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of stretches, longer than `MAX_HELD_S`, in which nothing changes."""
    edges = np.flatnonzero(np.diff(np.r_[False, same, False].astype(np.int8)))
    first, last = edges.reshape(-1, 2).T
    long = stream.time_s[last] - stream.time_s[first] > MAX_HELD_S
    return list(zip(first[long].tolist(), last[long].tolist(), strict=True))


def clipped(
    values: FloatArray, full_scale: float | None, least: float, least_flat: float | None = None
) -> np.ndarray:
    """Samples at full scale.

    Full scale is what the file or device states. Where nothing is stated, two or more samples in a row at
    exactly the same extreme value of a channel count as clipped, since an unclipped sensor does not repeat
    its extreme. Whatever is stated, many samples at exactly one extreme are clipped too, wherever it lies.

    Parameters
    ----------
    values : (n, 3) float array
        Accelerometer or gyroscope.
    full_scale : float or None
        Stated range.
    least : float
        Smallest range a sensor may have: extremes below it are never its full scale.
    least_flat : float or None
        Flat tops below this do not count; ``least`` where None.

    Returns
    -------
    (n,) bool array
    """
    mask = np.zeros(len(values), dtype=bool)
    if full_scale is not None:
        mask |= _any_axis(np.abs(values) >= 0.998 * full_scale)
    least_flat = least if least_flat is None else least_flat
    for channel in values.T:
        for extreme in (channel.max(), channel.min()):
            at = channel == extreme
            repeated = full_scale is None and abs(extreme) >= least and (at[1:] & at[:-1]).any()
            if repeated or (abs(extreme) >= least_flat and _is_flat_top(values, channel, at)):
                mask |= at
    return mask


def _is_flat_top(values: FloatArray, channel: FloatArray, at: np.ndarray) -> bool:
    """Whether a channel stays at its extreme as no movement does; samples that only repeat count once."""
    if at.sum() < FLAT_SAMPLES or not (at[1:] & at[:-1]).any():
        return False
    new = np.r_[True, ~_unchanged(values)]
    count = int((at & new).sum())
    levels, counts = np.unique(channel[new & ~at], return_counts=True)
    highest = levels.size > 0 and channel[at][0] > levels[-1]
    beside = counts[-FLAT_LEVELS:] if highest else counts[:FLAT_LEVELS]
    return count >= FLAT_SAMPLES and beside.size == FLAT_LEVELS and count > FLAT_TIMES * float(beside.mean())
