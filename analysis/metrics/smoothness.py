"""How smooth a repetition is, on signals that motion sensors measure rather than integrate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy import signal

from analysis.frames import Motion, norm
from analysis.segmentation.bouts import Span
from sensing.recording import GRAVITY, FloatArray

CUT_HZ: Final = 10.0
"""Voluntary movement has nothing above this, Hz."""

AMPLITUDE: Final = 0.05
"""Share of the spectrum's peak below which its tail does not count."""

_PADDING: Final = 4
"""Zeros that refine the spectrum, as a power of two."""

_LEAST: Final = 8
"""Fewer samples have no spectrum."""


def sparc(motion: Motion, spans: Sequence[Span]) -> FloatArray:
    """Spectral arc length of |angular velocity|, at most -1, nearer 0 is smoother.

    The length of the curve of the normalised amplitude spectrum up to 10 Hz or to where it stays below 5 %,
    with its sign changed (Balasubramanian, Melendez-Calderon, Roby-Brami and Burdet 2015). It hardly depends
    on how fast the movement is. Values of different exercises do not compare. NaN without a gyroscope, across
    a gap, or where the limb did not move.
    """
    out = np.full(len(spans), np.nan)
    if motion.speed is None:
        return out
    track = motion.track
    for i, (a, b) in enumerate(spans):
        if b - a >= _LEAST and track.valid[a:b].all():
            out[i] = spectral_arc_length(motion.speed[a:b], track.rate_hz)
    return out


def spectral_arc_length(speed: FloatArray, rate_hz: float) -> float:
    """SPARC of one movement's speed, (n,), sampled at ``rate_hz``; NaN where it is zero throughout."""
    size = 2 ** (int(np.ceil(np.log2(len(speed)))) + _PADDING)
    kept = np.abs(np.fft.rfft(speed, size)[: int(CUT_HZ * size / rate_hz) + 1])
    # What is never negative has its greatest amplitude at 0 Hz.
    if kept[0] <= 0:
        return float("nan")
    kept /= kept[0]
    kept = kept[: np.flatnonzero(kept >= AMPLITUDE)[-1] + 1]
    return -float(np.hypot(1 / max(len(kept) - 1, 1), np.diff(kept)).sum())


def ldlj_a(motion: Motion, spans: Sequence[Span]) -> FloatArray:
    """Log dimensionless jerk of acceleration, negative, nearer 0 is smoother.

    ``-ln(T / a_peak^2 * integral of |da/dt|^2)``, with T the duration and a_peak the greatest deviation of
    acceleration from its mean (Melendez-Calderon, Shirota and Balasubramanian 2021), below 10 Hz. Gravity
    is taken off by orientation; without a gyroscope it stays in as the limb turns, and the value is lower.
    NaN across a gap or where nothing accelerates.
    """
    track = motion.track
    out = np.full(len(spans), np.nan)
    if track.rate_hz <= 2 * CUT_HZ or len(track) <= 30:
        return out
    sos = signal.butter(4, CUT_HZ, fs=track.rate_hz, output="sos")
    acc = signal.sosfiltfilt(sos, _free_acceleration(motion), axis=0)
    change = norm(np.diff(acc, axis=0)) * track.rate_hz
    for i, (a, b) in enumerate(spans):
        if b - a >= _LEAST and track.valid[a:b].all():
            off = acc[a:b] - acc[a:b].mean(axis=0)
            peak2 = float(np.einsum("ij,ij->i", off, off).max())
            jerk = change[a : b - 1]
            work = (b - a) / track.rate_hz * float(jerk @ jerk) / track.rate_hz
            out[i] = -np.log(work / peak2) if peak2 > 0 and work > 0 else np.nan
    return out


def _free_acceleration(motion: Motion) -> FloatArray:
    """Acceleration without gravity, (n, 3), m/s2: in the earth frame where orientation is known."""
    if motion.quat is None:
        return motion.dynamic
    w, i, j, k = motion.quat.T
    x, y, z = motion.track.acc.T
    # Twice the cross product of the quaternion's vector and the acceleration.
    tx, ty, tz = 2 * (j * z - k * y), 2 * (k * x - i * z), 2 * (i * y - j * x)
    return np.column_stack(
        [
            x + w * tx + (j * tz - k * ty),
            y + w * ty + (k * tx - i * tz),
            z + w * tz + (i * ty - j * tx) - GRAVITY,
        ]
    )
