"""The sensor itself: how it is strapped on, and its noise, offsets, gain, range and resolution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sensing.recording import GRAVITY, FloatArray, Side
from sensing.simulate.params import Simulation

# Bosch Sensortec BMI270 data sheet: noise density, and zero offset after calibration.
_ACC_DENSITY = 160e-6 * GRAVITY
_GYR_DENSITY = 0.008
_ACC_OFFSET = 0.01 * GRAVITY
_GYR_OFFSET = 0.3
_STRAP_TILT_DEG = 6.0

_OUTER_SIDE = {
    Side.LEFT: np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]),
    Side.RIGHT: np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]]),
}
"""Sensor to segment: sensor x up the limb, sensor z away from the body."""


@dataclass(frozen=True, eq=False)
class Sensor:
    """One sensor as worn.

    Attributes
    ----------
    mounting : (3, 3) float array
        Rotation from sensor to segment axes.
    acc_bias, gyr_bias : (3,) float array
        Zero offsets, m/s2 and deg/s.
    acc_gain, gyr_gain : float
        Gains, 1 when perfect.
    """

    mounting: FloatArray
    acc_bias: FloatArray
    gyr_bias: FloatArray
    acc_gain: float
    gyr_gain: float


def draw_sensor(params: Simulation, side: Side, rng: np.random.Generator) -> Sensor:
    """Draw one side's mounting and imperfections."""
    anywhere, tilt = _rotation(rng.standard_normal(4)), rng.standard_normal(3)
    if params.mounting == "mirrored":
        mounting = _OUTER_SIDE[side] @ _rotation(np.append(1.0, np.radians(_STRAP_TILT_DEG) / 2 * tilt))
    else:
        mounting = anywhere if params.mounting == "random" else np.eye(3)
    offsets, gains = rng.standard_normal((2, 3)), 1 + params.scale_error * rng.standard_normal(2)
    return Sensor(
        mounting,
        params.bias * _ACC_OFFSET * offsets[0],
        params.bias * _GYR_OFFSET * offsets[1],
        float(gains[0]),
        float(gains[1]),
    )


def _rotation(quaternion: FloatArray) -> FloatArray:
    """Rotation matrix of a quaternion (w, x, y, z) of any length."""
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def read_out(
    params: Simulation,
    sensor: Sensor,
    acc: FloatArray,
    gyr: FloatArray,
    rate_hz: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """What the sensor reports for true specific force (m/s2) and angular velocity (deg/s) of its segment.

    Returns
    -------
    acc, gyr : (n, 3) float array
        In sensor axes, clipped at full scale and rounded to 16 bits of it.
    """
    # White noise of this density, seen through the half of the sampling rate that a sample can hold.
    band = math.sqrt(rate_hz / 2) * params.noise
    ranges = (params.acc_range_g * GRAVITY, params.gyr_range_deg_s)
    read = []
    for true, gain, bias, density, full, decimals in (
        (acc, sensor.acc_gain, sensor.acc_bias, _ACC_DENSITY, ranges[0], 5),
        (gyr, sensor.gyr_gain, sensor.gyr_bias, _GYR_DENSITY, ranges[1], 4),
    ):
        value = gain * (true @ sensor.mounting) + bias + density * band * rng.standard_normal(true.shape)
        step = full / 32768
        value = np.clip(value, -full, full - step)
        if params.quantise:
            # Decimals far below a step, so that files are short; + 0.0 leaves no negative zero.
            value = np.round(np.round(value / step) * step, decimals) + 0.0
        read.append(value)
    return read[0], read[1]
