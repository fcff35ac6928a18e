"""What must be known of a whole recording before any part of it can be judged.

A long recording is never held as a whole: the survey goes through it piece by piece, twice, and keeps a
few numbers a second and one level a sample. A short recording is one piece, whose motion is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import lcm
from typing import Final

import numpy as np
import numpy.typing as npt

from analysis import kernels, wearing
from analysis.faults import BoolArray
from analysis.frames import Motion, gyroscope_bias, levels, norm, still_block, still_blocks
from analysis.segmentation.bouts import is_active, rest_level, working_level
from analysis.timeline import Aligned, Placed
from sensing.recording import GRAVITY, FloatArray, IntArray, Side

PAD_S: Final = 5.0
"""Time before and after a piece in which filters settle, s."""

ENOUGH: Final = 1_000_000
"""Of more points than this, evenly spread ones stand for all in percentiles and medians."""

EXCERPT_S: Final = 1800
"""Length of the excerpt in which the wearing of the sensors is looked at, s."""

CALM_ACCELERATION, CALM_SPEED = 0.3, 5.0
"""A second is calm below these means of dynamic acceleration, m/s2, and angular velocity, deg/s."""


@dataclass(frozen=True, eq=False)
class SideSurvey:
    """One side as a whole.

    Attributes
    ----------
    bias : (3,) float array
        What the gyroscope reads while nothing moves, deg/s.
    active : (n,) bool array
        Where the side moves above its rest level.
    seconds : (s,) float array
        Mean movement of each whole second, deg/s, or m/s2 without a gyroscope; NaN where under half of it
        was recorded.
    rest : float
        Level below which such a second is rest.
    vigour : float
        The second's mean level that is exceeded in a twentieth of the time.
    gravity : float or None
        Median acceleration while nothing moves, g; None where that is never seen.
    acc_clipped, gyr_clipped, clipped : int
        Grid points at full scale: of either instrument, and of any.
    windows : wearing.Windows
        Pieces of movement, to find a sensor that slipped.
    """

    bias: FloatArray
    active: BoolArray
    seconds: FloatArray
    rest: float
    vigour: float
    gravity: float | None
    acc_clipped: int
    gyr_clipped: int
    clipped: int
    windows: wearing.Windows


@dataclass(frozen=True, eq=False)
class Survey:
    """All sides as a whole.

    Attributes
    ----------
    aligned : Aligned
        The sides on their grids.
    sides : dict of Side to SideSurvey
        The sides that were recorded.
    whole : dict of Side to Motion
        The motion, without orientation, of sides that are short enough to be kept.
    at_once : int
        Grid points that are looked at at once, about.
    """

    aligned: Aligned
    sides: dict[Side, SideSurvey]
    whole: dict[Side, Motion]
    at_once: int

    def motion(self, side: Side, start: int, stop: int) -> Motion:
        """A stretch of one side's grid, without orientation."""
        if side in self.whole:
            return self.whole[side].part(start, stop)
        return levels(self.aligned.sides()[side].track(start, stop), self.sides[side].bias)

    def groups(self) -> list[tuple[Side, ...]]:
        """Sides that share a grid."""
        sides = tuple(self.sides)
        return [sides] if self.aligned.shared_grid else [(side,) for side in sides]

    def stretches(self, sides: Sequence[Side]) -> Iterator[Stretch]:
        """Piece after piece of sides that share a grid."""
        placed = self.aligned.sides()[sides[0]]
        for start, stop in _pieces(placed, self.at_once):
            low, high = padded(placed, start, stop)
            motions = {side: self.motion(side, low, high) for side in sides}
            yield Stretch(motions, low, slice(start - low, stop - low))

    def excerpt(self) -> dict[Side, Motion]:
        """The half hour with most movement, or the whole of a shorter recording."""
        found: dict[Side, Motion] = {}
        for sides in self.groups():
            placed = self.aligned.sides()[sides[0]]
            length = min(round(EXCERPT_S * placed.rate_hz), placed.size)
            movement = np.sum([np.nan_to_num(self.sides[side].seconds) for side in sides], axis=0)
            total = np.r_[0.0, np.cumsum(movement)]
            seconds = min(EXCERPT_S, len(movement))
            busiest = int(np.argmax(total[seconds:] - total[: len(total) - seconds]))
            start = min(round(busiest * placed.rate_hz), placed.size - length)
            found |= {side: self.motion(side, start, start + length) for side in sides}
        return found


@dataclass(frozen=True, eq=False)
class Stretch:
    """A piece of sides on one grid, with some more on both ends.

    Attributes
    ----------
    motions : dict of Side to Motion
        The sides, without orientation.
    first : int
        Where on the grid they begin.
    core : slice
        The piece itself, in ``motions``.
    """

    motions: dict[Side, Motion]
    first: int
    core: slice


def survey(aligned: Aligned, at_once: int) -> Survey:
    """Go through every side as a whole, about so many grid points at once."""
    sides, whole = {}, {}
    for side, placed in aligned.sides().items():
        spans = list(_pieces(placed, at_once))
        kept = placed.track() if len(spans) == 1 else None
        still = [still_blocks(kept or placed.track(*span)) for span in spans]
        bias = gyroscope_bias(still)
        observed = []
        for start, stop in spans:
            low, high = padded(placed, start, stop)
            motion = levels(kept or placed.track(low, high), bias)
            observed.append(_observe(motion, slice(start - low, stop - low), start, placed))
            if kept is not None:
                whole[side] = motion
        sides[side] = _summed_up(observed, placed, bias, rest_level(motion))
    return Survey(aligned, sides, whole, at_once)


def padded(placed: Placed, start: int, stop: int) -> tuple[int, int]:
    """The points from ``start`` to ``stop`` with `PAD_S` more on both ends, as far as the side goes."""
    pad = round(PAD_S * placed.rate_hz)
    return max(start - pad, 0), min(stop + pad, placed.size)


def _pieces(placed: Placed, at_once: int) -> Iterator[tuple[int, int]]:
    """Start and stop of about so many points each, so that every block and window lies in one piece."""
    step = lcm(still_block(placed.rate_hz), wearing.window_size(placed.rate_hz))
    length = -(-at_once // step) * step
    for start in range(0, placed.size, length):
        yield start, min(start + length, placed.size)


@dataclass(frozen=True, eq=False)
class _Observed:
    """What one piece adds to a `SideSurvey`; ``means`` and ``calm`` hold evenly spread points."""

    level: npt.NDArray[np.float32]
    valid: BoolArray
    recorded: np.ndarray
    moved: np.ndarray
    means: FloatArray
    calm: FloatArray
    clipped: IntArray
    windows: wearing.Windows


def _observe(motion: Motion, core: slice, first: int, placed: Placed) -> _Observed:
    track = motion.track
    rate = track.rate_hz
    valid, level = track.valid[core], motion.level[core]
    # Seconds are counted from the start of the side, so that pieces can be summed.
    second = (np.arange(first, first + len(valid)) / rate).astype(np.intp)
    count = int((placed.size - 1) / rate) + 1
    spread = max(1, placed.size // ENOUGH)
    some = slice(core.start + -first % spread, core.stop, spread)
    width = max(1, round(rate))
    mean = kernels.running_mean(motion.level, width)[some]
    calm = track.valid[some] & (kernels.running_mean(motion.dynamic_norm, width)[some] < CALM_ACCELERATION)
    if motion.speed is not None:
        calm &= mean < CALM_SPEED
    full = track.acc_clipped[core], track.gyr_clipped[core]
    return _Observed(
        level=working_level(motion)[core].astype(np.float32),
        valid=valid,
        recorded=np.bincount(second, weights=valid.astype(np.float64), minlength=count),
        moved=np.bincount(second, weights=np.where(valid, level, 0.0), minlength=count),
        means=mean[track.valid[some]],
        calm=norm(track.acc[some][calm]) / GRAVITY,
        clipped=np.array([full[0].sum(), full[1].sum(), (full[0] | full[1]).sum()]),
        windows=wearing.windows_of(motion, core),
    )


def _summed_up(observed: list[_Observed], placed: Placed, bias: FloatArray, rest: float) -> SideSurvey:
    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(one, name) for one in observed])

    recorded = np.sum([one.recorded for one in observed], axis=0)
    moved = np.sum([one.moved for one in observed], axis=0)
    means, calm = joined("means"), joined("calm")
    acc_clipped, gyr_clipped, clipped = np.sum([one.clipped for one in observed], axis=0)
    spread = max(1, placed.size // ENOUGH)
    return SideSurvey(
        bias=bias,
        active=is_active(joined("level"), joined("valid"), rest),
        seconds=np.where(recorded >= 0.5 * placed.rate_hz, moved / np.maximum(recorded, 1), np.nan),
        rest=rest,
        vigour=float(np.percentile(means, 95)) if len(means) else 0.0,
        gravity=float(np.median(calm)) if spread * len(calm) >= placed.rate_hz and len(calm) else None,
        acc_clipped=int(acc_clipped),
        gyr_clipped=int(gyr_clipped),
        clipped=int(clipped),
        windows=wearing.join_windows([one.windows for one in observed]),
    )
