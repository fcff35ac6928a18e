"""Orientation, gravity and the left-right mirror.

Straps put the left and the right sensor on the body mirrored, or turned by any angle, so nothing is ever
compared axis by axis. Metrics use norms and angles, which do not depend on how a sensor sits; where a
signed signal is needed, each side is reduced to rotation about its own main axis, and the two signs are
made to agree through the vertical, the one direction that both sensors share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from scipy import ndimage
from vqf import VQF, BasicVQF

from analysis import kernels
from analysis.timeline import Track
from sensing.recording import GRAVITY, FloatArray

STATIC_WINDOW_S: Final = 2.0
"""Window of the running mean that separates static from dynamic acceleration (Shepard et al. 2008), s."""

STILL_BLOCK_S, MIN_STILL_BLOCKS = 0.5, 4
"""Blocks looked at for stillness, s, and how many of them it takes to know the gyroscope's bias."""

STILL_GYR, STILL_ACC = 1.0, 0.15
"""SD of a still sensor on a body, deg/s and m/s2."""


@dataclass(frozen=True, eq=False)
class Motion:
    """One side's track with the signals that every later step needs.

    Attributes
    ----------
    track : Track
        The samples, the gyroscope's bias taken off.
    speed : (n,) float array or None
        Norm of angular velocity, deg/s.
    dynamic_norm : (n,) float array
        Norm of `dynamic`: VeDBA, m/s2.
    quat : (n, 4) float array or None
        `Orientation` w x y z, sensor to earth; None without a gyroscope.
    gyr_bias : (3,) float array
        What was taken off the gyroscope, deg/s.
    """

    track: Track
    speed: FloatArray | None
    dynamic_norm: FloatArray
    quat: FloatArray | None
    gyr_bias: FloatArray

    @property
    def level(self) -> FloatArray:
        """How much the side moves: `speed`, or `dynamic_norm` where there is no gyroscope, (n,)."""
        return self.dynamic_norm if self.speed is None else self.speed

    def part(self, start: int, stop: int) -> Motion:
        """The grid points from ``start`` to ``stop``; views of the same numbers."""
        own = slice(start, stop)
        return replace(
            self,
            track=self.track.part(start, stop),
            speed=None if self.speed is None else self.speed[own],
            dynamic_norm=self.dynamic_norm[own],
            quat=None if self.quat is None else self.quat[own],
        )

    @cached_property
    def dynamic(self) -> FloatArray:
        """Acceleration less its running mean over `STATIC_WINDOW_S`, (n, 3), m/s2, sensor frame."""
        return _dynamic(self.track)

    def vertical(self, span: slice) -> FloatArray | None:
        """Acceleration along the earth's vertical, gravity taken off, of some points, m/s2, + is up."""
        if self.quat is None:
            return None
        w, x, y, z = self.quat[span].T
        # The third row of each rotation matrix.
        up = np.column_stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)])
        return np.asarray(np.einsum("ij,ij->i", up, self.track.acc[span]) - GRAVITY, dtype=np.float64)

    @cached_property
    def turning(self) -> FloatArray:
        """Angular velocity, or the rate at which acceleration turns where there is no gyroscope, (n, 3)."""
        track = self.track
        if track.gyr is not None:
            return track.gyr
        return np.asarray(np.gradient(track.acc, 1 / track.rate_hz, axis=0), dtype=np.float64)


def motion(track: Track) -> Motion:
    """Everything about one side that can be told from its track alone."""
    return oriented(levels(track, gyroscope_bias([still_blocks(track)])), Orientation())


def levels(track: Track, bias: FloatArray) -> Motion:
    """How fast one side turns and accelerates, its gyroscope's bias (3,) taken off; orientation left out."""
    track = replace(track, gyr=None if track.gyr is None else track.gyr - bias)
    return Motion(
        track=track,
        speed=None if track.gyr is None else norm(track.gyr),
        dynamic_norm=norm(_dynamic(track)),
        quat=None,
        gyr_bias=bias,
    )


def oriented(motion: Motion, orientation: Orientation, first: int = 0) -> Motion:
    """The same motion with orientation, where it has a gyroscope and gravity.

    Parameters
    ----------
    motion : Motion
        A stretch of one side.
    orientation : Orientation
        What has followed the side so far.
    first : int
        Where on the side's grid the stretch begins: no later than the one before ended.
    """
    track = motion.track
    if track.gyr is None or not track.acc_has_gravity:
        return motion
    return replace(motion, quat=orientation.follow(motion, first))


class Orientation:
    """Orientation of one side, stretch after stretch, each going on from the one before.

    VQF (Laidig and Seel 2023) runs in one batch call per run of valid samples: it starts afresh after a gap,
    since one missing stretch otherwise leaves every later orientation wrong. It estimates the gyroscope's
    bias, at half of its cost, only where rest did not show that.
    """

    def __init__(self) -> None:
        self._filter: VQF | BasicVQF | None = None
        self._next = 0
        self._last = np.empty((0, 4))

    def follow(self, motion: Motion, first: int) -> FloatArray:
        """Orientation of the stretch that begins at point ``first`` of the side's grid, (n, 4), w x y z."""
        track = motion.track
        assert track.gyr is not None
        quat = np.tile([1.0, 0.0, 0.0, 0.0], (len(track), 1))
        known = self._next - first
        quat[:known] = self._last[len(self._last) - known :]
        for start, stop in track.runs():
            if stop <= known:
                continue
            if start > known or self._filter is None:
                self._filter = (BasicVQF if motion.gyr_bias.any() else VQF)(1 / track.rate_hz)
            new = slice(max(start, known), stop)
            turning, acc = (np.ascontiguousarray(values[new]) for values in (track.gyr, track.acc))
            quat[new] = self._filter.updateBatch(np.radians(turning), acc)["quat6D"]
        if not track.valid[-1]:
            self._filter = None
        self._next, self._last = first + len(track), quat
        return quat


def _dynamic(track: Track) -> FloatArray:
    width = max(1, round(STATIC_WINDOW_S * track.rate_hz))
    static = kernels.running_mean(track.acc, width, nearest=True)
    return np.subtract(track.acc, static, out=static)


def still_block(rate_hz: float) -> int:
    """Samples in a block that is looked at for stillness."""
    return max(2, round(STILL_BLOCK_S * rate_hz))


def still_blocks(track: Track) -> FloatArray:
    """Mean angular velocity of every block in which neither gyroscope nor accelerometer varies, (k, 3)."""
    if track.gyr is None:
        return np.empty((0, 3))
    block = still_block(track.rate_hz)
    n = len(track) // block
    whole = slice(0, n * block)
    still = np.asarray(track.valid[whole].reshape(n, block).all(axis=1))
    for values, most in ((track.gyr, STILL_GYR), (track.acc, STILL_ACC)):
        for channel in values[whole].T:
            still[still] = channel.reshape(n, block)[still].std(axis=1) < most
    return np.asarray(track.gyr[whole].reshape(n, block, 3)[still].mean(axis=1), dtype=np.float64)


def gyroscope_bias(still: Sequence[FloatArray]) -> FloatArray:
    """Rate that the gyroscope reads while nothing moves, (3,), deg/s; zeros where it is never still.

    A constant offset of one sensor would otherwise look like movement of one limb. It is the median of the
    `still_blocks` of all stretches.
    """
    blocks = np.concatenate(still)
    if len(blocks) < MIN_STILL_BLOCKS:
        return np.zeros(3)
    return np.asarray(np.median(blocks, axis=0), dtype=np.float64)


def norm(vectors: FloatArray) -> FloatArray:
    """Euclidean norm of each row."""
    squares = np.einsum("ij,ij->i", vectors, vectors)
    # In place: of a long recording, new memory costs more than the roots.
    return np.asarray(np.sqrt(squares, out=squares), dtype=np.float64)


def main_axis(vectors: FloatArray) -> FloatArray:
    """Unit vector along which the rows of ``vectors`` (n, 3) have the most power; its sign is arbitrary."""
    _, axes = np.linalg.eigh(vectors.T @ vectors)
    axis: FloatArray = axes[:, -1]
    return axis


def relative_sign(left: tuple[FloatArray, FloatArray], right: tuple[FloatArray, FloatArray]) -> int:
    """Whether the left and the right main axis point the same way, +1, or opposite ways, -1.

    Parameters
    ----------
    left, right : (rotation, vertical)
        Two (n,) signals of each side: angular velocity about its main axis, and vertical acceleration.

    Notes
    -----
    How a limb's rotation goes with its own rise and fall does not depend on how the sensor is turned on the
    limb, and is alike on both limbs. With C the complex coherency of rotation and vertical acceleration over
    the spectrum, the signs agree where the two sides' C agree, whatever the delay between the limbs.
    """
    cross = []
    for rotation, vertical in (left, right):
        spectrum = np.fft.rfft(rotation - rotation.mean()) * np.conj(np.fft.rfft(vertical - vertical.mean()))
        cross.append(spectrum / (np.linalg.norm(rotation) * np.linalg.norm(vertical) + 1e-12))
    n = min(len(cross[0]), len(cross[1]))
    # Smoothed over neighbouring frequencies, since random phase between the limbs' repetitions averages out.
    a, b = (ndimage.uniform_filter1d(c[:n], 5) for c in cross)
    return 1 if float(np.real(a @ np.conj(b))) >= 0 else -1
