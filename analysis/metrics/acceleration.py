"""Acceleration metrics. Secondary: a sensor 2 cm off along the limb reads up to 1.8 g differently."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.frames import Motion, norm
from analysis.kernels import Spans
from analysis.metrics.spans import masked_max, masked_mean, seconds
from sensing.recording import GRAVITY, FloatArray

PLAYER_LOAD_RATE_HZ: Final = 100.0
"""PlayerLoad is defined on samples at this rate, Hz."""


def movement_activation(motion: Motion, spans: Spans) -> FloatArray:
    """Mean vectorial dynamic body acceleration, VeDBA, m/s2, 0 and up (Qasem et al. 2012).

    The norm of acceleration less its two-second running mean. It says how much a limb moves, not how hard
    its muscles work. Slow large turns leak gravity into it.
    """
    return masked_mean(motion.dynamic_norm, motion.track.valid, spans)


def peak_acceleration(motion: Motion, spans: Spans) -> FloatArray:
    """Greatest dynamic acceleration, m/s2, 0 and up. Low where the sensor clips or samples slowly."""
    return masked_max(motion.dynamic_norm, motion.track.valid, spans)


def player_load(motion: Motion, spans: Spans) -> FloatArray:
    """PlayerLoad per repetition, arbitrary units (Boyd, Ball and Aughey 2011).

    Sum over samples at 100 Hz of the norm of the change of acceleration, in g, over 100. The definition
    depends on the rate: faster grids take the change over 10 ms, slower ones are understood as equal steps.
    """
    track = motion.track
    lag = max(1, round(track.rate_hz / PLAYER_LOAD_RATE_HZ))
    change = np.zeros_like(track.acc)
    change[lag:] = track.acc[lag:] - track.acc[:-lag]
    per_step = norm(change) / GRAVITY / 100 * (track.rate_hz / lag / PLAYER_LOAD_RATE_HZ)
    return masked_mean(per_step, track.valid, spans) * seconds(spans, track.rate_hz) * PLAYER_LOAD_RATE_HZ
