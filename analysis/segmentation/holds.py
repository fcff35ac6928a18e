"""Stillness, and the isometric holds in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy import ndimage

from analysis.exercises import Exercise
from analysis.frames import Motion, norm
from analysis.segmentation.bouts import REST_ACCELERATION, REST_SPEED, Span
from sensing.recording import FloatArray, Interval

SMOOTHING_S: Final = 0.5
"""Angular velocity is averaged over this first, so that tremor is no movement, s."""

MIN_HOLD_S: Final = 5.0
"""Shorter stillness is a pause, s."""

SAME_POSTURE_DEG: Final = 20.0
"""Stretches whose direction of gravity differs by more than this are different postures, degrees."""

SHAKES_AS_MUCH: Final = 0.5
"""A hold shakes at least this share as much as the one that shakes most."""


def is_still(motion: Motion) -> np.ndarray:
    """Where a limb does not move, tremor aside, (n,) bool."""
    track = motion.track
    width = max(1, round(SMOOTHING_S * track.rate_hz))
    if track.gyr is None:
        # The dynamic acceleration of a slow turn lasts; that of tremor averages out.
        calm = norm(ndimage.uniform_filter1d(motion.dynamic, width, axis=0)) < REST_ACCELERATION
    else:
        calm = norm(ndimage.uniform_filter1d(track.gyr, width, axis=0)) < REST_SPEED
    return np.asarray(calm & track.valid)


def stretches(still: np.ndarray, least: int) -> list[Span]:
    """Runs of true values of at least so many samples."""
    edges = np.flatnonzero(np.diff(np.r_[False, still, False].astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= least]


def find_holds(motions: Sequence[Motion], exercise: Exercise) -> tuple[Interval, ...]:
    """Isometric holds: still stretches of an exercise that is held, in the posture that shakes most.

    Parameters
    ----------
    motions : sequence of Motion
        Sides on one grid; all are still in a hold.
    exercise : Exercise
        Its preset must say ``hold``. Without that a limb that works and one that rests look alike.

    Returns
    -------
    tuple of (start_s, end_s)
        In order. A rest counts as a hold where it shakes as much and lies within 20 degrees of it.
    """
    if exercise.movement != "hold" or not motions:
        return ()
    track = motions[0].track
    still = np.logical_and.reduce([is_still(motion) for motion in motions])
    trim = round(SMOOTHING_S * track.rate_hz)
    found = [(a + trim, b - trim) for a, b in stretches(still, round(MIN_HOLD_S * track.rate_hz))]
    if not found:
        return ()
    shakes = [max(_shake(motion, span) for motion in motions) for span in found]
    model = found[int(np.argmax(shakes))]
    return tuple(
        (track.start_s + a / track.rate_hz, track.start_s + b / track.rate_hz)
        for (a, b), shake in zip(found, shakes, strict=True)
        if shake >= SHAKES_AS_MUCH * max(shakes)
        and all(_turned(motion, (a, b), model) <= SAME_POSTURE_DEG for motion in motions)
    )


def direction(motion: Motion, span: Span) -> FloatArray:
    """Unit vector (3,) of mean acceleration: up, where the sensor rests."""
    mean = motion.track.acc[span[0] : span[1]].mean(axis=0)
    return np.asarray(mean / (np.linalg.norm(mean) + 1e-12), dtype=np.float64)


def angle_deg(a: FloatArray, b: FloatArray) -> float:
    """Angle between two unit vectors, degrees, 0 to 180."""
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)))


def _turned(motion: Motion, span: Span, other: Span) -> float:
    return angle_deg(direction(motion, span), direction(motion, other))


def _shake(motion: Motion, span: Span) -> float:
    """Typical deviation of acceleration from its mean over half a second; the median bears impacts."""
    track = motion.track
    own = track.acc[span[0] : span[1]]
    width = max(1, round(SMOOTHING_S * track.rate_hz))
    return float(np.median(norm(own - ndimage.uniform_filter1d(own, width, axis=0))))
