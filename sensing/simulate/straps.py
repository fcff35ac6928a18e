"""A strap that does not hold: a sensor that rings after every jolt, or turns on the limb at some moment."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from sensing.recording import FloatArray, Side
from sensing.simulate.params import Simulation, pair
from sensing.simulate.schedule import Plan

_RING_HZ: Final = 14.0
_DECAY_S: Final = 0.15
_LEVER_M: Final = 0.02


def hold(
    params: Simulation, plan: Plan, side: Side, time_s: FloatArray, acc: FloatArray, gyr: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """What is felt under a strap that lets the sensor ring and slip, given what the limb feels.

    Every turn of the limb and every impact sets off a decaying swing of ``loose_deg`` about the limb's
    length; from ``slip_s`` on the sensor sits turned about it by ``slip_deg``.

    Parameters
    ----------
    params : Simulation
        Its ``loose_deg``, ``slip_deg`` and ``slip_s``.
    plan : Plan
        When the limb is jolted.
    side : Side
        Which limb.
    time_s : (n,) float array
        Any times, s.
    acc, gyr : (n, 3) float array
        In the segment's axes, m/s2 and deg/s.

    Returns
    -------
    acc, gyr : (n, 3) float array
        In axes that move with the sensor.
    """
    which = list(Side).index(side)
    loose, slip = (math.radians(pair(value)[which]) for value in (params.loose_deg, params.slip_deg))
    angle: FloatArray = slip * (time_s >= params.slip_s).astype(np.float64)
    rate: FloatArray = np.zeros_like(time_s)
    change = rate
    if loose:
        limb = plan.sides[which]
        jolts = [limb.shock_s, *(layer.start_s for layer in limb.flexion.layers)]
        swing = _ring(np.sort(np.concatenate(jolts)), time_s)
        angle += loose * swing.imag
        turning = 2j * math.pi * _RING_HZ - 1 / _DECAY_S
        rate = np.asarray(loose * (turning * swing).imag)
        change = np.asarray(loose * (turning**2 * swing).imag)
    cos, sin = np.cos(angle), np.sin(angle)
    acc, gyr = (
        np.stack([cos * v[:, 0] + sin * v[:, 1], cos * v[:, 1] - sin * v[:, 0], v[:, 2]], axis=-1)
        for v in (acc, gyr)
    )
    acc[:, 1] += _LEVER_M * change
    gyr[:, 2] += np.degrees(rate)
    return acc, gyr


def _ring(jolts_s: FloatArray, time_s: FloatArray) -> FloatArray:
    """Complex decaying swing that every jolt sets off anew; its imaginary part starts from 0."""
    if not len(jolts_s):
        return np.zeros_like(time_s)
    last = np.searchsorted(jolts_s, time_s, side="right") - 1
    since = time_s - jolts_s[last]
    swing = np.exp((2j * math.pi * _RING_HZ - 1 / _DECAY_S) * np.maximum(since, 0.0))
    return np.asarray(np.where(last >= 0, swing, 0.0))
