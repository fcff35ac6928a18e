"""Rotation metrics. They do not care where on the segment a sensor sits, nor how it is turned."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis import kernels
from analysis.frames import Motion
from analysis.kernels import Spans
from analysis.metrics.spans import complete, masked_max, masked_mean, seconds
from sensing.recording import FloatArray

PEAK_WINDOW_S: Final = 0.01
"""Peaks are of the mean over this window, so that both sides' peaks see the same bandwidth, s."""


def angle_travelled(motion: Motion, spans: Spans) -> FloatArray:
    """Angle through which the segment turned: integral of |angular velocity|, degrees, 0 and up.

    Samples missing inside a span count as the span's mean. NaN without a gyroscope or where too much is
    missing. A sensor that only drifts reads its noise: the noise-floor gate refuses that.
    """
    if motion.speed is None:
        return np.full(len(spans), np.nan)
    track = motion.track
    return masked_mean(motion.speed, track.valid, spans) * seconds(spans, track.rate_hz)


def peak_angular_velocity(motion: Motion, spans: Spans) -> FloatArray:
    """Greatest |angular velocity|, deg/s, 0 and up; NaN as `angle_travelled`. Low where the sensor clips."""
    if motion.speed is None:
        return np.full(len(spans), np.nan)
    width = max(1, round(PEAK_WINDOW_S * motion.track.rate_hz))
    smooth = kernels.running_mean(motion.speed, width) if width > 1 else motion.speed
    return masked_max(smooth, motion.track.valid, spans)


def range_of_motion(motion: Motion, spans: Spans) -> FloatArray:
    """Largest rotation between any two moments of a repetition, degrees, 0 to 180.

    From orientation, so bending and twisting both count: the orientation furthest from the start, and then
    the one furthest from that. IMU error is about 5 degrees RMSE. NaN without orientation or across a gap.
    """
    cosine = np.full(len(spans), np.nan)
    if motion.quat is None:
        return cosine
    # An orientation that restarted after a gap cannot be compared with the one before it.
    whole = complete(motion.track.valid, spans)
    cosine[whole] = kernels.least_cosines(motion.quat, spans[whole])
    # Unit quaternions: what they share is the cosine of half of the angle between them.
    return np.asarray(np.degrees(2 * np.arccos(np.minimum(cosine, 1.0))), dtype=np.float64)
