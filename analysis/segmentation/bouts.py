"""Bouts: stretches of movement between rests."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from analysis import kernels
from analysis.faults import BoolArray
from analysis.frames import Motion
from sensing.recording import FloatArray

Float32Array = npt.NDArray[np.float32]

Span = tuple[int, int]
"""Start and stop index on the grid, stop not included."""

REST_SPEED: Final = 8.0
"""RMS angular velocity over a second below which a limb rests, deg/s: four times the sway of standing."""

REST_ACCELERATION: Final = 0.5
"""The same for sensors without a gyroscope: RMS dynamic acceleration, m/s2."""

REST_FRACTION: Final = 0.1
"""A limb also rests below this fraction of its own vigorous movement."""

REST_S: Final = 6.0
"""A pause this long ends a set; shorter ones are pauses between repetitions, s."""

TURN_S: Final = 12.0
"""A limb that moves and waits no longer than this takes turns with the other one, s."""

GESTURE_S: Final = 2.0
"""Movements closer than this are one, s."""

MIN_BOUT_S: Final = 1.5
"""Shorter bouts are fidgets, s."""

PAD_S: Final = 0.5
"""Added at both ends of a bout, so that the first and the last turning point are inside, s."""


def rest_level(motion: Motion) -> float:
    """Level of movement below which any limb rests, deg/s, or m/s2 without a gyroscope."""
    return REST_ACCELERATION if motion.speed is None else REST_SPEED


def working_level(motion: Motion) -> FloatArray:
    """RMS of a side's movement over a second, (n,), deg/s, or m/s2 without a gyroscope."""
    power = np.where(motion.track.valid, motion.level, 0.0) ** 2
    width = max(1, round(motion.track.rate_hz))
    return np.asarray(np.sqrt(np.maximum(kernels.running_mean(power, width), 0.0)), dtype=np.float64)


def is_active(level: FloatArray | Float32Array, valid: BoolArray, rest: float) -> BoolArray:
    """Where one side moves above its rest level, (n,).

    Parameters
    ----------
    level : (n,) float array
        Its `working_level`.
    valid : (n,) bool array
        Where it was recorded.
    rest : float
        Level below which any limb rests.
    """
    vigorous = float(np.percentile(level[valid], 95)) if valid.any() else 0.0
    return np.asarray(level > max(rest, REST_FRACTION * vigorous))


def activity(motion: Motion) -> BoolArray:
    """Where one side moves above its rest level, of a motion that is held as a whole, (n,)."""
    return is_active(working_level(motion), motion.track.valid, rest_level(motion))


def bouts(active: BoolArray, rate_hz: float, other: BoolArray | None = None) -> list[Span]:
    """Bouts of one side.

    Parameters
    ----------
    active : (n,) bool array
        Where the side moves.
    rate_hz : float
        Sampling rate.
    other : (n,) bool array or None
        Where the other side moves, if it is on the same grid.

    Returns
    -------
    list of (start, stop)
        In order, not overlapping: pauses under `REST_S` are closed, and those in which a limb only waits for
        its turn; fidgets are dropped and `PAD_S` is added at both ends.
    """
    together = active if other is None else active | other
    work = _joined(_runs(together), REST_S * rate_hz)
    ends = np.array([stop for _, stop in work])
    longest = TURN_S * rate_hz
    merged: list[Span] = []
    turn = (0, 0)
    for start, stop in _joined(_runs(active), GESTURE_S * rate_hz):
        before, turn = turn, (start, stop)
        pause = start - before[1]
        resting = np.searchsorted(ends, before[1]) != np.searchsorted(ends, stop)
        waiting = not resting and max(pause, stop - start, before[1] - before[0]) <= longest
        if merged and (pause < REST_S * rate_hz or waiting):
            merged[-1] = (merged[-1][0], stop)
        else:
            merged.append((start, stop))
    pad = round(PAD_S * rate_hz)
    return [
        (max(start - pad, 0), min(stop + pad, len(active)))
        for start, stop in merged
        if stop - start >= MIN_BOUT_S * rate_hz
    ]


def _runs(active: BoolArray) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.r_[False, active, False].astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _joined(runs: list[Span], gap: float) -> list[Span]:
    out: list[Span] = []
    for start, stop in runs:
        if out and start - out[-1][1] < gap:
            out[-1] = (out[-1][0], stop)
        else:
            out.append((start, stop))
    return out


def joint_bouts(left: list[Span], right: list[Span]) -> list[tuple[Span, bool, bool]]:
    """Bouts of both sides on one grid, joined where they overlap by half of the shorter one.

    Returns
    -------
    list of (span, left_moves, right_moves)
        In order of time.
    """
    tagged = sorted([(span, 0) for span in left] + [(span, 1) for span in right])
    joined: list[tuple[Span, set[int]]] = []
    for (start, stop), side in tagged:
        if joined:
            (a, b), sides = joined[-1]
            shorter = min(stop - start, b - a)
            if min(b, stop) - max(a, start) > 0.5 * shorter:
                joined[-1] = ((a, max(b, stop)), sides | {side})
                continue
        joined.append(((start, stop), {side}))
    return [(span, 0 in sides, 1 in sides) for span, sides in joined]
