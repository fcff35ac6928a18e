"""One uniform time grid for both sides. Gaps are masked and never bridged beyond 50 ms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import signal

from analysis.faults import BoolArray, Faults, bridged, find_faults, missing
from analysis.kernels import Spans
from sensing.errors import BadInput
from sensing.recording import FloatArray, Interval, Recording, Side, Stream
from sensing.spool import let_go

SLOWEST_HZ, FASTEST_HZ = 2.0, 20_000.0
"""No motion sensor for limbs samples slower or faster, Hz."""

SAME_RATE: Final = 0.05
"""Sides whose rates differ by less than this fraction are put on a grid of their mean rate."""

MIN_OVERLAP_S: Final = 2.0
"""Shortest time both sides must have in common, s."""

_PIECE: Final = 4096
"""Grid points that are interpolated at once."""

_SAMPLES: Final = 1 << 20
"""Samples whose times are looked at at once."""

_SETTLES_S: Final = 2.0
"""Samples before and after a stretch that its low-pass needs, s."""


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
        m/s2, sensor frame; interpolated inside gaps so that filters can run, but see ``valid``. Each channel
        lies together in memory, here and in ``gyr``: every pass over them is up to six times as fast.
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
    """

    side: Side
    start_s: float
    rate_hz: float
    acc: FloatArray
    gyr: FloatArray | None
    valid: BoolArray
    acc_clipped: BoolArray
    gyr_clipped: BoolArray
    native_rate_hz: float
    acc_has_gravity: bool = True

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

    def spans(self, intervals: Sequence[Interval]) -> Spans:
        """Nearest grid points of the ends of intervals, held to the grid, (r, 2)."""
        times = np.array(intervals, dtype=np.float64).reshape(-1, 2)
        points = np.rint((times - self.start_s) * self.rate_hz)
        return np.clip(points, 0, len(self) - 1).astype(np.int64)

    def part(self, start: int, stop: int) -> Track:
        """The grid points from ``start`` to ``stop``; views of the same numbers."""
        return replace(
            self,
            start_s=self.start_s + start / self.rate_hz,
            acc=self.acc[start:stop],
            gyr=None if self.gyr is None else self.gyr[start:stop],
            valid=self.valid[start:stop],
            acc_clipped=self.acc_clipped[start:stop],
            gyr_clipped=self.gyr_clipped[start:stop],
        )

    def runs(self) -> list[tuple[int, int]]:
        """Start and stop index of every stretch of valid points."""
        edges = np.flatnonzero(np.diff(np.r_[False, self.valid, False].astype(np.int8)))
        return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


@dataclass(frozen=True, eq=False)
class Placed:
    """One side's stream and the uniform grid that it is laid on, cut into tracks where they are wanted.

    Attributes
    ----------
    stream : Stream
        The sensor's own samples.
    faults : Faults
        What is wrong with them.
    start_s, rate_hz : float
        Time of the first grid point and grid rate.
    size : int
        Grid points.
    native_rate_hz : float
        The sensor's own sampling rate.
    exact : bool
        Whether every grid point has a sample so near that nothing need be interpolated.
    """

    stream: Stream
    faults: Faults
    start_s: float
    rate_hz: float
    size: int
    native_rate_hz: float
    exact: bool

    @classmethod
    def of(cls, stream: Stream, start_s: float, rate_hz: float, size: int) -> Placed:
        """Lay a stream on a grid of ``size`` points."""
        starts = range(0, size, _PIECE)
        # Most streams that are not exact show it at once.
        exact = all(_is_exact(stream, start_s, rate_hz, a, min(a + _PIECE, size)) for a in starts)
        return cls(stream, find_faults(stream), start_s, rate_hz, size, mean_rate(stream), exact)

    def track(self, start: int = 0, stop: int | None = None) -> Track:
        """The grid points from ``start`` to ``stop``, those of the whole up to rounding."""
        stream, faults = self.stream, self.faults
        stop = self.size if stop is None else stop
        grid, position = _positions(stream, self.start_s, self.rate_hz, start, stop)
        if self.exact:
            before = np.rint(position).astype(np.intp)
        else:
            before = np.minimum(position.astype(np.intp), len(stream) - 2)
        faster = self.native_rate_hz > self.rate_hz * (1 + SAME_RATE)
        reach = round(_SETTLES_S * self.native_rate_hz) if faster else 2
        low, high = max(int(before[0]) - reach, 0), min(int(before[-1]) + reach + 2, len(stream))
        share, before = position - before, before - low
        consecutive = before[-1] - before[0] == len(before) - 1 and bool((np.diff(before) == 1).all())
        rows = slice(int(before[0]), int(before[-1]) + 1) if consecutive else before

        def on_grid(values: FloatArray, absent: BoolArray) -> FloatArray:
            own = bridged(values, absent, low, high)
            if faster:
                sos = signal.butter(4, 0.4 * self.rate_hz, fs=self.native_rate_hz, output="sos")
                # As many samples are mirrored at both ends as scipy would, or as there are.
                own = signal.sosfiltfilt(sos, own, axis=0, padlen=min(15, len(own) - 1))
            if self.exact:
                return np.asfortranarray(own[rows])
            return _hermite(own, stream.time_s[low:high], self.native_rate_hz, before, share)

        def touched(mask: BoolArray) -> BoolArray:
            own = mask[low:high]
            return np.asarray(own[rows] if self.exact else own[before] | own[before + 1])

        absent = [*missing(stream.gaps, self.native_rate_hz), *faults.held, *faults.stuck]
        track = Track(
            side=stream.side,
            start_s=float(grid[0]),
            rate_hz=float(self.rate_hz),
            acc=on_grid(stream.acc, faults.impossible),
            gyr=None if stream.gyr is None else on_grid(stream.gyr, faults.gyr_absent),
            valid=~(_inside(grid, absent) | touched(faults.impossible)),
            acc_clipped=touched(faults.acc_clipped),
            gyr_clipped=touched(faults.gyr_clipped),
            native_rate_hz=self.native_rate_hz,
            acc_has_gravity=stream.acc_has_gravity,
        )
        let_go(stream.acc, stream.gyr)
        return track


@dataclass(frozen=True, eq=False)
class Aligned:
    """Both sides on their grids: one for both, unless they were recorded one after the other."""

    left: Placed | None
    right: Placed | None
    shared_grid: bool

    def sides(self) -> dict[Side, Placed]:
        """The sides that are there, left first."""
        return {side: placed for side, placed in zip(Side, (self.left, self.right), strict=True) if placed}

    def tracks(self) -> dict[Side, Track]:
        """The whole track of every side."""
        return {side: placed.track() for side, placed in self.sides().items()}


@dataclass(frozen=True)
class Grid:
    """Times at which sides are compared: ``start_s`` and every 1 / ``rate_hz`` from there on."""

    start_s: float
    rate_hz: float

    @classmethod
    def shared(cls, starts_s: Sequence[float], rates_hz: Sequence[float]) -> Grid:
        """The grid of sides that start at such times and have such mean rates."""
        slow, fast = min(rates_hz), max(rates_hz)
        return cls(max(starts_s), (slow + fast) / 2 if fast <= slow * (1 + SAME_RATE) else slow)

    def within(self, start_s: float, end_s: float) -> tuple[float, int]:
        """Its first point from one time on, and how many there are up to another one."""
        first = self.start_s + np.ceil((start_s - self.start_s) * self.rate_hz - 1e-6) / self.rate_hz
        return float(first), int((end_s - first) * self.rate_hz + 1e-6) + 1


def align(recording: Recording, grid: Grid | None = None) -> Aligned:
    """Put both sides of a recording on one uniform grid over the time they have in common.

    Sides recorded one after the other, and a side alone, get a grid of their own. Where the sides' rates
    differ, the grid takes the lower one and the faster side is low-passed first, so that both sides keep the
    same bandwidth and a difference of rates cannot look like a difference of limbs.

    Parameters
    ----------
    recording : Recording
        Both sides, or one.
    grid : Grid, optional
        That of a longer recording, of which this is a part. Unless given, it starts with this one.

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
        alone = [None if stream is None else _alone(stream, grid) for stream in (left, right)]
        return Aligned(alone[0], alone[1], shared_grid=False)
    start, end = max(left.start_s, right.start_s), min(left.end_s, right.end_s)
    if end - start < MIN_OVERLAP_S:
        raise BadInput(
            f"{recording.path or 'recording'}: left ({left.start_s:.1f} to {left.end_s:.1f} s) and right "
            f"({right.start_s:.1f} to {right.end_s:.1f} s) have less than {MIN_OVERLAP_S:g} s in common; "
            "check that both files are of the same workout, or say --sequential"
        )
    grid = grid or Grid.shared((left.start_s, right.start_s), (mean_rate(left), mean_rate(right)))
    first, size = grid.within(start, end)
    placed = [Placed.of(stream, first, grid.rate_hz, size) for stream in (left, right)]
    return Aligned(placed[0], placed[1], shared_grid=True)


def _alone(stream: Stream, grid: Grid | None) -> Placed:
    grid = grid or Grid(stream.start_s, mean_rate(stream))
    first, size = grid.within(stream.start_s, stream.end_s)
    return Placed.of(stream, first, grid.rate_hz, size)


def mean_rate(stream: Stream) -> float:
    """Mean sampling rate, gaps excluded: an exact grid for a stream that was uniform to begin with."""
    count, total = 0, 0.0
    for first in range(0, len(stream) - 1, _SAMPLES):
        steps = np.diff(stream.time_s[first : first + _SAMPLES + 1])
        whole = steps[steps < 1.5 / stream.rate_hz]
        count, total = count + len(whole), total + float(whole.sum())
    return count / total if count else stream.rate_hz


def _is_exact(stream: Stream, start_s: float, rate_hz: float, first: int, stop: int) -> bool:
    """Whether every one of some grid points has a sample next to it."""
    _, position = _positions(stream, start_s, rate_hz, first, stop)
    return bool(np.max(np.abs(position - np.rint(position))) < 0.002)


def _positions(
    stream: Stream, start_s: float, rate_hz: float, first: int, stop: int
) -> tuple[FloatArray, FloatArray]:
    """Times of grid points, and where each lies among the samples: 2.5 is halfway from the third on."""
    grid = start_s + np.arange(first, stop) / rate_hz
    low = max(int(np.searchsorted(stream.time_s, grid[0])) - 2, 0)
    near = stream.time_s[low : int(np.searchsorted(stream.time_s, grid[-1])) + 2]
    return grid, np.interp(grid, near, np.arange(low, low + len(near), dtype=np.float64))


def _hermite(
    values: FloatArray, time_s: FloatArray, rate_hz: float, before: np.ndarray, share: FloatArray
) -> FloatArray:
    """Cubic interpolation between neighbours: flat to a tenth of the rate, where a straight line is not.

    A line between samples takes up to 5 % off a 10 Hz movement at 100 Hz, and by a different amount on each
    side. Slopes never reach across a gap.
    """
    out = np.empty((values.shape[1], len(before))).T
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


def _inside(grid: FloatArray, intervals: Sequence[Interval]) -> BoolArray:
    mask = np.zeros(len(grid), dtype=bool)
    for a, b in intervals:
        # Half a grid step of grace: a grid point at the edge of a gap still has its sample.
        grace = 1e-6 + 0.5 * (grid[1] - grid[0]) if len(grid) > 1 else 0.0
        mask[np.searchsorted(grid, a + grace) : np.searchsorted(grid, b - grace)] = True
    return mask
