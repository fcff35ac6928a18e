"""Static tilt of paired sensors on pelvis, shoulders or trunk.

Small tilt is normal (scapular height differs by up to 15 degrees in healthy women) and no cut-off can be
defended: degrees, their difference, and the change from the person's own baseline, without a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.body_results import Posture, SideTilt
from analysis.frames import Motion
from analysis.segmentation.holds import angle_deg, direction, is_still, stretches
from analysis.survey import Survey
from sensing.recording import FloatArray, Side

MIN_STILL_S: Final = 2.0
"""Shorter stillness is no posture, s."""


@dataclass(frozen=True)
class PostureChange:
    """How the tilt of both sensors differs from a baseline recording of the same person, degrees.

    Attributes
    ----------
    left_turned_deg, right_turned_deg : float or None
        Angle between the directions of gravity in the sensor's frame, then and now, 0 to 180.
    left_deg, right_deg : float or None
        Change of the tilt, of the axis that was nearest to the vertical in the baseline; + is more tilt.
    difference_deg : float or None
        Change of right less left.
    includes_remounting : bool
        Whether the sensors were put on anew in between: straps alone then turn a sensor by some degrees.
    """

    left_turned_deg: float | None
    right_turned_deg: float | None
    left_deg: float | None
    right_deg: float | None
    difference_deg: float | None
    includes_remounting: bool


def measure_posture(surveyed: Survey) -> Posture:
    """Static tilt of each side over the time in which it is still.

    Acceleration at rest points up, so no gyroscope is needed. What limits it is the accelerometer's zero
    offset (0.6 degrees for 0.01 g) and how the strap sits: the tilt of one sensor is that of strap and body
    together, and the difference between the sides is the body's only as far as both sit alike.
    """
    found = {side: _tilt_of(surveyed, side) for side in surveyed.sides}
    left, right = found.get(Side.LEFT), found.get(Side.RIGHT)
    missing = [side for side, tilt in found.items() if tilt is None]
    difference, reason = None, ""
    if missing:
        reason = f"the {' and the '.join(missing)} side was never still for {MIN_STILL_S:g} s"
    elif left is not None and right is not None:
        if left.axis == right.axis:
            difference = right.tilt_deg - left.tilt_deg
        else:
            reason = "the sensors are not worn alike: different axes are nearest to the vertical"
    return Posture(left, right, difference, reason)


def _tilt_of(surveyed: Survey, side: Side) -> SideTilt | None:
    ups = [still_seconds(own.motions[side], own.first, own.core) for own in surveyed.stretches([side])]
    return side_tilt(np.concatenate(ups))


def still_seconds(motion: Motion, first: int = 0, core: slice = slice(None)) -> FloatArray:
    """Direction of up in every second of stillness that begins in ``core``, (k, 3) unit vectors.

    Parameters
    ----------
    motion : Motion
        A stretch of one side.
    first : int
        Where on the side's grid it begins: seconds are counted from the side's start.
    core : slice
        Part of the stretch.
    """
    track = motion.track
    if not track.acc_has_gravity:
        return np.empty((0, 3))
    second = max(1, round(track.rate_hz))
    start, stop, _ = core.indices(len(track))
    return np.array(
        [
            direction(motion, (at, at + second))
            for a, b in stretches(is_still(motion), round(MIN_STILL_S * track.rate_hz))
            for at in range(a + -(first + a) % second, b - second + 1, second)
            if start <= at < stop
        ]
    ).reshape(-1, 3)


def side_tilt(ups: FloatArray) -> SideTilt | None:
    """Tilt of one sensor by the mean of its `still_seconds`; None where there is none."""
    if not len(ups):
        return None
    mean = ups.mean(axis=0)
    up = mean / np.linalg.norm(mean)
    spread = [angle_deg(own, up) for own in ups]
    axis = int(np.argmax(np.abs(up)))
    return SideTilt(
        tilt_deg=_tilt(up, axis),
        axis="xyz"[axis],
        up=(float(up[0]), float(up[1]), float(up[2])),
        sd_deg=float(np.sqrt(np.mean(np.square(spread)))),
        still_s=float(len(ups)),
    )


def posture_change(now: Posture, baseline: Posture, *, same_mount: bool) -> PostureChange:
    """Tilt now against a baseline of the same person, sensors at the same place.

    Parameters
    ----------
    now, baseline : Posture
        From two recordings.
    same_mount : bool
        Whether the sensors stayed on in between.
    """
    left, right = _change(now.left, baseline.left), _change(now.right, baseline.right)
    return PostureChange(
        left_turned_deg=None if left is None else left[0],
        right_turned_deg=None if right is None else right[0],
        left_deg=None if left is None else left[1],
        right_deg=None if right is None else right[1],
        difference_deg=None if left is None or right is None else right[1] - left[1],
        includes_remounting=not same_mount,
    )


def _change(now: SideTilt | None, baseline: SideTilt | None) -> tuple[float, float] | None:
    """Angle turned, and change of the tilt, degrees."""
    if now is None or baseline is None:
        return None
    up = np.array(now.up)
    change = _tilt(up, "xyz".index(baseline.axis)) - baseline.tilt_deg
    return angle_deg(up, np.array(baseline.up)), change


def _tilt(up: FloatArray, axis: int) -> float:
    """Angle between one axis, either end of it, and the vertical, degrees, 0 to 90."""
    across = np.delete(up, axis)
    return float(np.degrees(np.arctan2(np.linalg.norm(across), abs(up[axis]))))
