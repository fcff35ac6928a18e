"""From a plan to what an ideal sensor on the segment would feel: specific force and angular velocity.

World axes: x forward, y left, z up. The segment's axes coincide with them when it hangs or stands
upright. The segment turns by flexion about y, then by the off-axis angle about its own x (mirrored on the
right side), so that ``|w|^2`` is the sum of both squared rates and scales exactly with the movement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensing.recording import GRAVITY, FloatArray, Side
from sensing.simulate.exercises import Exercise
from sensing.simulate.schedule import Plan, SidePlan

_SHOCK_S = 0.025
_SWAY_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Tremor:
    """Physiological tremor (6 to 11 Hz) and slow sway as sums of sines, one set per angle.

    Attributes
    ----------
    frequency_hz, phase, rate_deg_s : (angles, n) float array
        Of each sine; ``rate_deg_s`` is its peak angular velocity.
    is_tremor : (n,) bool array
        Which sines follow the tremor gain.
    """

    frequency_hz: FloatArray
    phase: FloatArray
    rate_deg_s: FloatArray
    is_tremor: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def draw_tremor(rms_deg_s: float, rng: np.random.Generator, *, lines: int = 6) -> Tremor:
    """Draw one limb's tremor with this RMS per axis, and sway of half of it."""
    fast = rng.uniform(6.0, 11.0, (2, lines))
    slow = rng.uniform(0.2, 0.8, (2, lines // 2))
    frequency = np.concatenate([fast, slow], axis=1)
    is_tremor = np.arange(frequency.shape[1]) < lines
    share = np.where(is_tremor, np.sqrt(2 / lines), _SWAY_SHARE * np.sqrt(2 / (lines // 2)))
    phase = rng.uniform(0, 2 * np.pi, frequency.shape)
    return Tremor(frequency, phase, np.broadcast_to(rms_deg_s * share, frequency.shape), is_tremor)


def _shake(
    tremor: Tremor, axis: int, time_s: FloatArray, gain: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Angle, velocity and acceleration of tremor; the gain changes slowly, so its own rate is left out."""
    total = np.zeros((3, len(time_s)))
    for k, fast in enumerate(tremor.is_tremor):
        omega = 2 * np.pi * tremor.frequency_hz[axis, k]
        rate = tremor.rate_deg_s[axis, k] * (1.0 if gain is None or not fast else gain)
        wave = np.exp(1j * (omega * time_s + tremor.phase[axis, k]))
        total += np.stack([rate / omega * wave.imag, rate * wave.real, -rate * omega * wave.imag])
    return total[0], total[1], total[2]


def feel(
    exercise: Exercise, plan: Plan, side: Side, time_s: FloatArray, tremor: Tremor | None = None
) -> tuple[FloatArray, FloatArray]:
    """Specific force and angular velocity in the segment's axes.

    Parameters
    ----------
    exercise : Exercise
        Geometry of the limb.
    plan : Plan
        What it does.
    side : Side
        Which limb.
    time_s : (n,) float array
        Any times, s.
    tremor : Tremor or None
        None gives the voluntary movement alone.

    Returns
    -------
    acc : (n, 3) float array
        m/s2; +g along z when upright and still.
    gyr : (n, 3) float array
        deg/s.
    """
    limb = plan.sides[list(Side).index(side)]
    mirror = 1.0 if side is Side.LEFT else -1.0
    angles = [np.radians(limb.flexion.at(time_s)), mirror * np.radians(limb.off_axis.at(time_s))]
    if tremor is not None:
        gain = 1 + limb.tremor_gain.at(time_s)[0] if len(limb.tremor_gain.start_s) else None
        angles = [a + np.radians(_shake(tremor, i, time_s, gain)) for i, a in enumerate(angles)]
    (theta, theta1, theta2), (phi, phi1, phi2) = angles
    cos_phi, sin_phi = np.cos(phi), np.sin(phi)
    omega = np.stack([phi1, theta1 * cos_phi, -theta1 * sin_phi], axis=-1)
    alpha = np.stack(
        [
            phi2,
            theta2 * cos_phi - theta1 * phi1 * sin_phi,
            -theta2 * sin_phi - theta1 * phi1 * cos_phi,
        ],
        axis=-1,
    )
    joint_x, joint_z = _joint_acceleration(exercise, theta, theta1, theta2)
    force_x, force_z = joint_x, joint_z + GRAVITY + _bounce_at(plan.bounce, time_s)
    cos_theta, sin_theta = np.cos(theta), np.sin(theta)
    x = cos_theta * force_x - sin_theta * force_z
    z = sin_theta * force_x + cos_theta * force_z
    acc = np.stack([x, sin_phi * z, cos_phi * z], axis=-1)
    # alpha x r + omega x (omega x r) for r = (0, 0, lever), and what the joint itself does.
    lever = exercise.lever_m
    acc[:, 0] += lever * (alpha[:, 1] + omega[:, 0] * omega[:, 2])
    acc[:, 1] += lever * (omega[:, 1] * omega[:, 2] - alpha[:, 0])
    acc[:, 2] -= lever * (omega[:, 0] ** 2 + omega[:, 1] ** 2)
    shock = _shocks_at(limb, time_s)
    acc[:, 0] -= 0.35 * shock
    acc[:, 2] += np.sqrt(1 - 0.35**2) * shock
    return acc, np.degrees(omega)


def _joint_acceleration(
    exercise: Exercise, theta: FloatArray, theta1: FloatArray, theta2: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Acceleration (world x and z, m/s2) of the joint at the end of a link that turns with the segment."""
    ratio, length = exercise.link_ratio, exercise.link_m
    beta, beta1, beta2 = ratio * theta, ratio * theta1, ratio * theta2
    cos, sin = np.cos(beta), np.sin(beta)
    return length * (cos * beta2 - sin * beta1**2), -length * (sin * beta2 + cos * beta1**2)


def _bounce_at(bounce: FloatArray, time_s: FloatArray) -> FloatArray | float:
    if not len(bounce):
        return 0.0
    k = np.searchsorted(bounce[:, 0], time_s, side="right") - 1
    since = time_s - bounce[k, 0]
    running = (k >= 0) & (since < bounce[k, 2])
    push = np.where(since < bounce[k, 1], bounce[k, 3] * np.sin(np.pi * since / bounce[k, 1]), 0.0)
    return np.where(running, push - GRAVITY, 0.0)


def _shocks_at(limb: SidePlan, time_s: FloatArray) -> FloatArray | float:
    """Impacts as short smooth pulses, m/s2."""
    if not len(limb.shock_s):
        return 0.0
    k = np.searchsorted(limb.shock_s, time_s, side="right") - 1
    u = (time_s - limb.shock_s[k]) / _SHOCK_S
    inside = (k >= 0) & (u < 1)
    return np.where(inside, GRAVITY * limb.shock_g[k] * np.sin(np.pi * np.where(inside, u, 0)) ** 2, 0.0)
