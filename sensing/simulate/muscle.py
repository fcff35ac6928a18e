"""An electromyogram of the muscle that moves or holds the limb: noise in its band, louder with the effort."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import signal

from sensing.recording import Emg, FloatArray, Side
from sensing.simulate.schedule import Plan

LOUDEST_UV: Final = 300.0
"""RMS at full effort, microvolts."""

REST_SHARE: Final = 0.02
"""RMS at rest as a share of that."""

_BAND_HZ: Final = (20.0, 450.0)
_FULL_SPEED: Final = 300.0
_HOLD_EFFORT: Final = 0.3


def effort(plan: Plan, side: Side, time_s: FloatArray) -> FloatArray:
    """Effort, 0 to 1, at any times: with the limb's angular velocity, and with tremor in a hold."""
    limb = plan.sides[list(Side).index(side)]
    moving = np.abs(limb.flexion.at(time_s)[1]) / _FULL_SPEED
    holding = _HOLD_EFFORT * (limb.tremor_gain.at(time_s)[0] > 0)
    return np.asarray(np.clip(np.maximum(moving, holding), REST_SHARE, 1.0))


def electromyogram(plan: Plan, side: Side, rate_hz: float, rng: np.random.Generator) -> Emg:
    """What electrodes would show: Gaussian noise in the band of surface electromyography, times effort."""
    time_s = np.arange(int(plan.duration_s * rate_hz)) / rate_hz
    high = min(_BAND_HZ[1], 0.45 * rate_hz)
    sos = signal.butter(2, (min(_BAND_HZ[0], 0.2 * high), high), "bandpass", fs=rate_hz, output="sos")
    noise = signal.sosfilt(sos, rng.standard_normal(len(time_s)))
    return Emg(time_s, LOUDEST_UV * effort(plan, side, time_s) * noise / noise.std(), rate_hz, "simulated")
