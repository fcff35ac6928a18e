"""Strides of walking and running from a foot or shank: borders, foot contact and foot off."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from analysis.frames import Motion, norm
from analysis.results import SideEvents
from analysis.segmentation.bouts import Span
from analysis.segmentation.filters import butterworth, lowpass
from analysis.segmentation.repetitions import Cycle
from sensing.recording import FloatArray, Interval, Placement

MAX_STRIDE_S: Final = 2.5
"""Longer cycles are not taken for strides, s."""

MAX_SWING_SHARE: Final = 0.46
"""Share of the cycle in which the foot swings forward; in pedalling both halves are equal."""


IMPACT_BAND_HZ: Final = 5.0
"""Acceleration above this shows impacts, Hz."""

SPIKY: Final = 4.0
"""Usual peak of that acceleration in a cycle over its median: under 3 in pedalling, 10 to 100 in steps."""


@dataclass(frozen=True)
class Strides:
    """Strides of one side in one bout: borders at foot off, and the events."""

    borders: tuple[Interval, ...]
    events: SideEvents


def find_strides(
    motion: Motion, cycle: Cycle, placement: Placement, *, known: bool = False
) -> Strides | None:
    """Strides of one side, or None where the movement is not stepping; ``known`` says that it is.

    Notes
    -----
    The foot turns forward in one fast lobe, the swing, and back in the rest of the stride. A stride runs from
    one push-off peak (the extreme of rotation just before the swing; Barth et al. 2015) to the next. Foot
    off is where the push-off breaks off, between that peak and the reversal into the swing, and contact where
    rotation reverses out of it (after Rampp et al. 2015); on a shank, the extremes just before and after the
    swing (Aminian et al. 2002).
    """
    index, kind = cycle.turns.index, cycle.turns.kind
    if len(index) < 4 or cycle.rhythm is None or cycle.rhythm.period_s > MAX_STRIDE_S:
        return None
    step_s = np.diff(index)
    falling, rising = step_s[kind[:-1] > 0], step_s[kind[:-1] < 0]
    into = 1 if np.median(falling) < np.median(rising) else -1
    swing = min(float(np.median(falling)), float(np.median(rising)))
    quick_swing = swing <= MAX_SWING_SHARE * float(np.median(falling) + np.median(rising))
    if not (known or quick_swing or has_impacts(motion, cycle.span, cycle.rhythm.period_s)):
        return None
    track = motion.track
    rotation = -into * _fine_rotation(motion, cycle)
    period = round(cycle.rhythm.period_s * track.rate_hz)
    offs, borders, contacts = [], [], []
    for a, b in zip(index[:-1][kind[:-1] == into], index[1:][kind[:-1] == into], strict=True):
        lift = _crossing(rotation, int(a) * cycle.step, period // 5, rising=True)
        land = _crossing(rotation, int(b) * cycle.step, period // 5, rising=False)
        push = _trough(rotation, lift - period // 4, lift + 1)
        offs.append(_steepest(rotation, push, lift) if placement is Placement.FOOT else push)
        contacts.append(land if placement is Placement.FOOT else _next_trough(rotation, land, period // 6))
        borders.append(push)

    def seconds(i: int) -> float:
        return track.start_s + (cycle.span[0] + i) / track.rate_hz

    strides = tuple(
        (seconds(a), seconds(b)) for a, b in pairwise(borders) if 0.5 * period < b - a < 2 * period
    )
    events = SideEvents(
        contact_s=tuple(seconds(i) for i in contacts), foot_off_s=tuple(seconds(i) for i in offs)
    )
    return Strides(strides, events)


def has_impacts(motion: Motion, span: Span, period_s: float) -> bool:
    """Whether acceleration above 5 Hz spikes once a cycle, as from feet meeting the ground."""
    rate = motion.track.rate_hz
    if rate < 2.5 * IMPACT_BAND_HZ:
        return False
    sharp = norm(butterworth("high", (IMPACT_BAND_HZ,), rate).zero_phase(motion.track.acc[slice(*span)], 3.0))
    cycle = max(1, round(period_s * rate))
    whole = sharp[: len(sharp) // cycle * cycle].reshape(-1, cycle)
    return bool(whole.size and np.median(whole.max(axis=1)) >= SPIKY * np.median(sharp))


def _fine_rotation(motion: Motion, cycle: Cycle) -> FloatArray:
    """Rotation about the cycle's axis, low-passed at 50 Hz only, so that events stay sharp."""
    rate = motion.track.rate_hz
    return lowpass(motion.turning[slice(*cycle.span)] @ cycle.axis, min(50.0, 0.4 * rate), rate)


def _crossing(rotation: FloatArray, near: int, reach: int, *, rising: bool) -> int:
    """Zero crossing nearest to ``near``, or the point nearest to zero."""
    low = max(near - reach, 0)
    piece = rotation[low : near + reach + 1] * (1 if rising else -1)
    at = np.flatnonzero((piece[:-1] <= 0) & (piece[1:] > 0))
    if not at.size:
        return low + int(np.argmin(np.abs(piece)))
    return int(low + at[np.argmin(np.abs(at + low - near))])


def _steepest(rotation: FloatArray, start: int, stop: int) -> int:
    """Where rotation changes fastest between two points: push-off breaks off as the toe leaves the ground."""
    if stop - start < 2:
        return stop
    return start + int(np.argmax(np.abs(np.diff(rotation[start : stop + 1]))))


def _next_trough(rotation: FloatArray, start: int, reach: int) -> int:
    """First local minimum after ``start``, or ``start`` where there is none within ``reach``."""
    slope = np.diff(rotation[start : start + reach + 1])
    turns = np.flatnonzero((slope[:-1] < 0) & (slope[1:] >= 0))
    return start + int(turns[0]) + 1 if turns.size else start


def _trough(rotation: FloatArray, low: int, high: int) -> int:
    low, high = max(low, 0), min(high, len(rotation))
    return low + int(np.argmin(rotation[low:high])) if high > low else min(low, len(rotation) - 1)
