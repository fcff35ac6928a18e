"""Zero-phase band-pass filters for signals at their own rate."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import signal

from sensing.recording import FloatArray, Interval

_ORDER: Final = 4
_SETTLES: Final = 3.0
"""Periods of the lowest frequency that a stretch must last for the filter to settle."""


def band_pass(values: FloatArray, rate_hz: float, band_hz: Interval) -> FloatArray | None:
    """Butterworth band-pass run forth and back, so that nothing is delayed.

    Parameters
    ----------
    values : (n,) or (n, k) float array
        A stretch without gaps.
    rate_hz : float
        Sampling rate, Hz.
    band_hz : (low, high)
        Passed band, Hz; ``high`` below half of the rate.

    Returns
    -------
    array like ``values``, or None
        None where the stretch is too short for the filter.
    """
    if len(values) < _SETTLES * rate_hz / band_hz[0]:
        return None
    sos = signal.butter(_ORDER, band_hz, "bandpass", fs=rate_hz, output="sos")
    return np.asarray(signal.sosfiltfilt(sos, values, axis=0), dtype=np.float64)
