"""Samples that are no measurement: impossible, spiking, frozen, stuck or at full scale."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from sensing.recording import CHANNELS, GRAVITY, FloatArray, Interval, Stream
from sensing.spool import ROWS, every, let_go, placed_stretches, stretches

BoolArray = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

MAX_BRIDGE_S: Final = 0.05
"""Longest stretch of missing data that is interpolated, s."""

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


@dataclass(frozen=True, eq=False)
class Faults:
    """What is wrong with the samples of one stream.

    Attributes
    ----------
    impossible : (n,) bool array
        Not finite, or beyond what a limb can do.
    spikes : (n,) bool array
        Where angular velocity jumps there and back as in no limb.
    acc_clipped, gyr_clipped : (n,) bool array
        At full scale.
    held, stuck : tuple of Interval
        Stretches in which every channel, or one instrument alone, repeats the same value, s: they count as
        missing.
    dead : tuple of str
        Channels that never change.
    repeated : float
        Share of samples in movement that only repeat the one before, 0 to 1; 0 without a gyroscope.
    """

    impossible: BoolArray
    spikes: BoolArray
    acc_clipped: BoolArray
    gyr_clipped: BoolArray
    held: tuple[Interval, ...]
    stuck: tuple[Interval, ...]
    dead: tuple[str, ...]
    repeated: float

    @cached_property
    def gyr_absent(self) -> BoolArray:
        """Samples of angular velocity that are bridged, (n,)."""
        return self.impossible | self.spikes


def find_faults(stream: Stream) -> Faults:
    """Look at every sample of a stream."""
    faulty = impossible(stream)
    spiking: BoolArray = np.zeros(len(stream), dtype=bool)
    gyr_clipped: BoolArray = spiking
    if stream.gyr is not None:
        spiking = spikes(stream.gyr, stream.rate_hz, faulty)
        gyr_clipped = clipped(stream.gyr, stream.gyr_range, LEAST_GYR, FLAT_GYR, faulty | spiking)
    same_acc = _unchanged(stream.acc)
    same_gyr = np.ones_like(same_acc) if stream.gyr is None else _unchanged(stream.gyr)
    same = same_acc & same_gyr
    return Faults(
        impossible=faulty,
        spikes=spiking,
        acc_clipped=clipped(stream.acc, stream.acc_range, LEAST_ACC, FLAT_ACC, faulty),
        gyr_clipped=gyr_clipped,
        held=_held(stream, same),
        stuck=_stuck(stream, same_acc, same_gyr),
        dead=tuple(_dead(stream)),
        repeated=_repeated(stream, same),
    )


def impossible(stream: Stream) -> BoolArray:
    """Samples that are not finite or that no limb can produce, (n,) bool."""
    bad = _beyond(stream.acc, IMPOSSIBLE_ACC)
    return bad if stream.gyr is None else bad | _beyond(stream.gyr, IMPOSSIBLE_GYR)


def bridged(values: FloatArray, absent: BoolArray, start: int = 0, stop: int | None = None) -> FloatArray:
    """Rows from ``start`` to ``stop`` with straight lines where they are absent; zeros where all are.

    The lines run between the nearest rows that are there, inside of the stretch or not.
    """
    stop = len(values) if stop is None else stop
    own = absent[start:stop]
    if not own.any():
        return values[start:stop]
    before = start - int(np.argmin(absent[start::-1])) if own[0] else start
    after = stop + int(np.argmin(absent[stop - 1 :])) if own[-1] else stop
    wide = slice(before, after)
    good = np.flatnonzero(~absent[wide])
    out = np.where(own[:, None], 0.0, values[start:stop])
    if good.size:
        at = np.flatnonzero(own)
        wanted = at + (start - before)
        out[at] = np.column_stack([np.interp(wanted, good, channel[good]) for channel in values[wide].T])
    return out


def spikes(gyr: FloatArray, rate_hz: float, absent: BoolArray | None = None) -> BoolArray:
    """Samples, one or two at a time, where angular velocity jumps there and back as in no limb, (n,) bool.

    They are bridged as lost samples are. Shocks at contact make such jumps of acceleration, where they say
    nothing. Samples that are ``absent`` are bridged beforehand.
    """
    n = len(gyr)
    absent = np.zeros(n, dtype=bool) if absent is None else absent
    mask = np.zeros(n, dtype=bool)
    limit = SPIKE_TIMES * max(1.0, SPIKE_RATE_HZ / rate_hz) ** 2
    usual = [_usual(channel) for channel in _some(gyr, absent).T]
    reach = SPIKE_NEAR + 2
    for start in range(0, n, ROWS):
        low, high = max(start - reach, 0), min(start + ROWS + reach, n)
        piece = bridged(gyr, absent, low, high)
        for channel, level in zip(piece.T, usual, strict=True):
            step = np.diff(channel, prepend=channel[0], append=channel[-1])
            for width in (1, 2):
                first = low + _spikes_of(step, width, limit, level)
                first = first[(first >= start) & (first < start + ROWS)]
                mask[np.add.outer(first, np.arange(width))] = True
        let_go(gyr)
    return mask


def _some(values: FloatArray, absent: BoolArray) -> FloatArray:
    """Ten thousand rows or so, evenly spread, of those that are there."""
    step = max(1, len(values) // 10_000)
    return every(values, step)[~absent[::step]]


def _usual(some: FloatArray) -> float:
    """How far a channel usually is off its median, deg/s; no less than a limb that moves at all."""
    if not some.size:
        return MOVING_GYR
    return max(float(np.quantile(np.abs(some - np.median(some)), 0.9)), MOVING_GYR)


def _spikes_of(step: FloatArray, width: int, limit: float, usual: float) -> np.ndarray:
    """Index of the first sample of every spike of so many samples, the outermost left out, from each step."""
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


def missing(gaps: tuple[Interval, ...], rate_hz: float) -> list[Interval]:
    """Gaps that lack more than `MAX_BRIDGE_S` of data beyond the ordinary step between samples."""
    return [(a, b) for a, b in gaps if b - a - 1 / rate_hz > MAX_BRIDGE_S]


def _held(stream: Stream, same: BoolArray) -> tuple[Interval, ...]:
    """Stretches in which every channel repeats the same value: a driver that fills drop-outs, no movement."""
    return tuple((float(stream.time_s[a]), float(stream.time_s[b])) for a, b in _repeats(stream, same))


def _stuck(stream: Stream, same_acc: BoolArray, same_gyr: BoolArray) -> tuple[Interval, ...]:
    """Stretches in which accelerometer or gyroscope stops at one value while the other feels movement.

    One that never moves at all is not there, rather than stuck.
    """
    if stream.gyr is None:
        return ()
    found: list[Interval] = []
    for same, other, least in ((same_acc, stream.gyr, MOVING_GYR), (same_gyr, stream.acc, MOVING_ACC)):
        if not same.all():
            spans = [(a, b) for a, b in _repeats(stream, same) if other[a:b].std(axis=0).max() > least]
            found += [(float(stream.time_s[a]), float(stream.time_s[b])) for a, b in spans]
    return tuple(found)


def _dead(stream: Stream) -> list[str]:
    instruments = [stream.acc] if stream.gyr is None else [stream.acc, stream.gyr]
    columns = [(values, column) for values in instruments for column in range(3)]
    return [
        name
        for name, (values, column) in zip(CHANNELS, columns, strict=False)
        if all((piece[:, column] == values[0, column]).all() for piece in stretches(values))
    ]


def _repeated(stream: Stream, same: BoolArray) -> float:
    if stream.gyr is None:
        return 0.0
    moving = np.concatenate([np.einsum("ij,ij->i", v, v) > MOVING_GYR**2 for v in stretches(stream.gyr)])[1:]
    return float(same[moving].mean()) if moving.any() else 0.0


def _unchanged(values: FloatArray) -> BoolArray:
    """Rows, from the second on, that are exactly the one before, (n - 1,)."""
    same, last = [], values[:1]
    for piece in stretches(values):
        same.append(~_any_axis(np.concatenate([last, piece[:-1]]) != piece))
        last = piece[-1:].copy()
    return np.concatenate(same)[1:]


def _beyond(values: FloatArray, limit: float) -> BoolArray:
    """Rows with a value that does not lie between the limits, (n,); NaN does not."""
    return np.concatenate([_any_axis(~((v < limit) & (v > -limit))) for v in stretches(values)])


def _equal(values: FloatArray, column: int, value: float) -> BoolArray:
    """Where a column has exactly one value, (n,)."""
    return np.concatenate([piece[:, column] == value for piece in stretches(values)])


def _extremes(values: FloatArray, there: BoolArray) -> list[tuple[float, float]]:
    """Greatest and least value of each column, of the rows that are there."""
    found = []
    for rows, piece in placed_stretches(values):
        own = there[rows]
        found.append([_range(channel if own.all() else channel[own]) for channel in piece.T])
    return [(max(top for top, _ in own), min(low for _, low in own)) for own in zip(*found, strict=True)]


def _range(values: FloatArray) -> tuple[float, float]:
    return (float(values.max()), float(values.min())) if len(values) else (-np.inf, np.inf)


def _any_axis(mask: BoolArray) -> BoolArray:
    # Column by column: ten times as fast as any() along rows of three.
    x, y, z = mask.T
    return np.asarray(x | y | z)


def _repeats(stream: Stream, same: BoolArray) -> list[tuple[int, int]]:
    """First and last index of stretches, longer than `MAX_HELD_S`, in which nothing changes."""
    edges = np.flatnonzero(np.diff(np.r_[False, same, False].astype(np.int8)))
    first, last = edges.reshape(-1, 2).T
    long = stream.time_s[last] - stream.time_s[first] > MAX_HELD_S
    return list(zip(first[long].tolist(), last[long].tolist(), strict=True))


def clipped(
    values: FloatArray,
    full_scale: float | None,
    least: float,
    least_flat: float | None = None,
    absent: BoolArray | None = None,
) -> BoolArray:
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
    absent : (n,) bool array, optional
        Samples that do not count.

    Returns
    -------
    (n,) bool array
    """
    mask = np.zeros(len(values), dtype=bool)
    there = np.ones(len(values), dtype=bool) if absent is None else ~absent
    if full_scale is not None:
        mask |= there & _beyond(values, 0.998 * full_scale)
    least_flat = least if least_flat is None else least_flat
    if not there.any():
        return mask
    for column, extremes in enumerate(_extremes(values, there)):
        for extreme in extremes:
            at = _equal(values, column, extreme) & there
            repeated = full_scale is None and abs(extreme) >= least and (at[1:] & at[:-1]).any()
            if repeated or (abs(extreme) >= least_flat and _is_flat_top(values, column, at, there)):
                mask |= at
    return mask


def _is_flat_top(values: FloatArray, column: int, at: BoolArray, there: BoolArray) -> bool:
    """Whether a channel stays at its extreme as no movement does; samples that only repeat count once."""
    if at.sum() < FLAT_SAMPLES or not (at[1:] & at[:-1]).any():
        return False
    new = np.r_[True, ~_unchanged(values)]
    channel = np.concatenate([piece[:, column].copy() for piece in stretches(values)])
    count = int((at & new).sum())
    levels, counts = np.unique(channel[new & there & ~at], return_counts=True)
    highest = levels.size > 0 and channel[at][0] > levels[-1]
    beside = counts[-FLAT_LEVELS:] if highest else counts[:FLAT_LEVELS]
    return count >= FLAT_SAMPLES and beside.size == FLAT_LEVELS and count > FLAT_TIMES * float(beside.mean())
