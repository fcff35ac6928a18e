"""Impacts of feet and shanks on the ground."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import signal

from analysis.frames import Motion
from analysis.kernels import Spans
from analysis.metrics.spans import masked_max, masked_mean
from sensing.recording import GRAVITY, FloatArray

MIN_RATE_HZ: Final = 190.0
"""An impact of 20 ms keeps 97 % of its peak at 200 Hz, 64 % at 50 Hz; below this (200 Hz less clock error)
it is refused, Hz."""

MIN_IMPACT_G: Final = 2.0
"""Peaks of dynamic acceleration below this are not impacts, g."""


def impact_peak(motion: Motion, spans: Spans) -> FloatArray:
    """Highest resultant acceleration of each step, gravity taken off, g (Sheerin et al. 2019).

    Low where the sensor clips or is strapped loosely.
    """
    return masked_max(motion.dynamic_norm / GRAVITY, motion.track.valid, spans)


def impact_load(motion: Motion, spans: Spans) -> FloatArray:
    """Sum of the peaks above `MIN_IMPACT_G` within each step, g."""
    g = motion.dynamic_norm / GRAVITY
    peaks, _ = signal.find_peaks(g, height=MIN_IMPACT_G, distance=max(1, round(0.05 * motion.track.rate_hz)))
    sums = np.r_[0.0, np.cumsum(g[peaks])]
    a, b = np.searchsorted(peaks, spans.T)
    whole = masked_mean(g, motion.track.valid, spans)
    return np.where(np.isfinite(whole), sums[b] - sums[a], np.nan)
