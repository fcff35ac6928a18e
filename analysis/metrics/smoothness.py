"""How smooth a repetition is, on signals that motion sensors measure rather than integrate."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import fft

from analysis import kernels
from analysis.frames import Motion
from analysis.kernels import Spans
from analysis.metrics.spans import complete
from analysis.segmentation.filters import butterworth
from sensing.recording import GRAVITY, FloatArray

CUT_HZ: Final = 10.0
"""Voluntary movement has nothing above this, Hz."""

AMPLITUDE: Final = 0.05
"""Share of the spectrum's peak below which its tail does not count."""

_PADDING: Final = 4
"""Zeros that refine the spectrum, as a power of two."""

_AT_ONCE: Final = 32
"""Movements whose spectra are taken at once."""

_LEAST: Final = 8
"""Fewer samples have no spectrum."""


def sparc(motion: Motion, spans: Spans) -> FloatArray:
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
    lengths = spans[:, 1] - spans[:, 0]
    whole = np.flatnonzero(complete(track.valid, spans) & (lengths >= _LEAST))
    sizes = np.array([_size(samples) for samples in lengths[whole].tolist()], dtype=np.intp)
    for size in np.unique(sizes):
        alike = whole[sizes == size]
        for some in np.split(alike, range(_AT_ONCE, len(alike), _AT_ONCE)):
            padded = np.zeros((len(some), size))
            for row, (start, stop) in zip(padded, spans[some].tolist(), strict=True):
                row[: stop - start] = motion.speed[start:stop]
            out[some] = _arc_lengths(padded, track.rate_hz)
    return out


def spectral_arc_length(speed: FloatArray, rate_hz: float) -> float:
    """SPARC of one movement's speed, (n,), sampled at ``rate_hz``; NaN where it is zero throughout."""
    size = _size(len(speed))
    return float(_arc_lengths(np.pad(speed, (0, size - len(speed)))[None], rate_hz)[0])


def _size(samples: int) -> int:
    """Length to which a movement is padded."""
    return 1 << ((samples - 1).bit_length() + _PADDING)


def _arc_lengths(padded: FloatArray, rate_hz: float) -> FloatArray:
    """SPARC of each row of speeds that end in zeros."""
    size = padded.shape[1]
    kept = np.abs(fft.rfft(padded)[:, : int(CUT_HZ * size / rate_hz) + 1])
    # What is never negative has its greatest amplitude at 0 Hz.
    moves = kept[:, 0] > 0
    kept /= np.where(moves, kept[:, 0], 1.0)[:, None]
    steps = kept.shape[1] - 1 - np.argmax(kept[:, ::-1] >= AMPLITUDE, axis=1)
    curve = np.hypot(1 / np.maximum(steps, 1)[:, None], np.diff(kept))
    curve[np.arange(curve.shape[1]) >= steps[:, None]] = 0.0
    return np.where(moves, -curve.sum(axis=1), np.nan)


def ldlj_a(motion: Motion, spans: Spans) -> FloatArray:
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
    acc = butterworth("low", (CUT_HZ,), track.rate_hz, order=4).zero_phase(
        _free_acceleration(motion), track.rate_hz / CUT_HZ
    )
    lengths = spans[:, 1] - spans[:, 0]
    long = complete(track.valid, spans) & (lengths >= _LEAST)
    change2, peak2 = kernels.jerks(acc, spans[long]).T
    with np.errstate(divide="ignore", invalid="ignore"):
        value = -np.log(lengths[long] * change2 / peak2)
    out[long] = np.where((change2 > 0) & (peak2 > 0), value, np.nan)
    return out


def _free_acceleration(motion: Motion) -> FloatArray:
    """Acceleration without gravity, (n, 3), m/s2: in the earth frame where orientation is known."""
    if motion.quat is None:
        return motion.dynamic
    return kernels.free_acceleration(motion.track.acc, motion.quat, GRAVITY)
