"""Orientation, gravity and the left-right mirror.

Straps put the left and the right sensor on the body mirrored, or turned by any angle, so nothing is ever
compared axis by axis. Metrics use norms and angles, which do not depend on how a sensor sits; where a
signed signal is needed, each side is reduced to rotation about its own main axis, and the two signs are
made to agree through the vertical, the one direction that both sensors share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from scipy import ndimage
from vqf import VQF

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
        Orientation w x y z, sensor to earth, from VQF (Laidig and Seel 2023); None without a gyroscope.
    vertical : (n,) float array or None
        Acceleration along the earth's vertical with gravity taken off, m/s2, + is up.
    gyr_bias : (3,) float array
        What was taken off the gyroscope, deg/s.
    """

    track: Track
    speed: FloatArray | None
    dynamic_norm: FloatArray
    quat: FloatArray | None
    vertical: FloatArray | None
    gyr_bias: FloatArray

    @cached_property
    def dynamic(self) -> FloatArray:
        """Acceleration less its running mean over `STATIC_WINDOW_S`, (n, 3), m/s2, sensor frame."""
        return _dynamic(self.track)

    @cached_property
    def turning(self) -> FloatArray:
        """Angular velocity, or the rate at which acceleration turns where there is no gyroscope, (n, 3)."""
        track = self.track
        if track.gyr is not None:
            return track.gyr
        return np.asarray(np.gradient(track.acc, 1 / track.rate_hz, axis=0), dtype=np.float64)


def motion(track: Track) -> Motion:
    """Derive orientation, gravity-free and dynamic signals of one side.

    VQF runs in one batch call per stretch of valid samples: it starts afresh after a gap, since one missing
    stretch otherwise leaves every later orientation wrong.
    """
    bias = gyroscope_bias(track)
    track = replace(track, gyr=None if track.gyr is None else track.gyr - bias)
    quat = vertical = None
    if track.gyr is not None and track.acc_has_gravity:
        quat = np.tile([1.0, 0.0, 0.0, 0.0], (len(track), 1))
        for start, stop in track.runs():
            batch = VQF(1 / track.rate_hz).updateBatch(
                np.radians(track.gyr[start:stop]), np.ascontiguousarray(track.acc[start:stop])
            )
            quat[start:stop] = batch["quat6D"]
        vertical = _up_component(quat, track.acc) - GRAVITY
    return Motion(
        track=track,
        speed=None if track.gyr is None else norm(track.gyr),
        dynamic_norm=norm(_dynamic(track)),
        quat=quat,
        vertical=vertical,
        gyr_bias=bias,
    )


def _dynamic(track: Track) -> FloatArray:
    width = max(1, round(STATIC_WINDOW_S * track.rate_hz))
    static = ndimage.uniform_filter1d(track.acc, width, axis=0, mode="nearest")
    return np.subtract(track.acc, static, out=static)


def gyroscope_bias(track: Track) -> FloatArray:
    """Rate that the gyroscope reads while nothing moves, (3,), deg/s; zeros where it is never still.

    A constant offset of one sensor would otherwise look like movement of one limb. Still are half-second
    blocks in which neither gyroscope nor accelerometer varies; their median is the bias.
    """
    if track.gyr is None:
        return np.zeros(3)
    block = max(2, round(STILL_BLOCK_S * track.rate_hz))
    n = len(track) // block
    whole = slice(0, n * block)
    still = np.asarray(track.valid[whole].reshape(n, block).all(axis=1))
    for values, most in ((track.gyr, STILL_GYR), (track.acc, STILL_ACC)):
        for channel in values[whole].T:
            still[still] = channel.reshape(n, block)[still].std(axis=1) < most
    if still.sum() < MIN_STILL_BLOCKS:
        return np.zeros(3)
    blocks = track.gyr[whole].reshape(n, block, 3)[still]
    return np.asarray(np.median(blocks.mean(axis=1), axis=0), dtype=np.float64)


def norm(vectors: FloatArray) -> FloatArray:
    """Euclidean norm of each row."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", vectors, vectors)), dtype=np.float64)


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


def _up_component(quat: FloatArray, vectors: FloatArray) -> FloatArray:
    """Earth-vertical component of sensor-frame vectors: the third row of each rotation matrix."""
    w, x, y, z = quat.T
    up: FloatArray = (
        2 * (x * z - w * y) * vectors[:, 0]
        + 2 * (y * z + w * x) * vectors[:, 1]
        + (1 - 2 * (x * x + y * y)) * vectors[:, 2]
    )
    return up
