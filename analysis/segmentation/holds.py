"""Stillness, and the isometric holds in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from analysis import kernels
from analysis.exercises import Exercise
from analysis.frames import Motion, norm
from analysis.segmentation.bouts import REST_ACCELERATION, REST_SPEED, Span
from analysis.survey import Survey
from analysis.timeline import Track
from sensing.recording import FloatArray, Interval, Side

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
        calm = norm(kernels.running_mean(motion.dynamic, width)) < REST_ACCELERATION
    else:
        calm = norm(kernels.running_mean(track.gyr, width)) < REST_SPEED
    return np.asarray(calm & track.valid)


def stretches(still: np.ndarray, least: int) -> list[Span]:
    """Runs of true values of at least so many samples."""
    edges = np.flatnonzero(np.diff(np.r_[False, still, False].astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= least]


def find_holds(surveyed: Survey, exercise: Exercise) -> tuple[Interval, ...]:
    """Isometric holds: still stretches of an exercise that is held, in the posture that shakes most.

    Parameters
    ----------
    surveyed : Survey
        The sides; those on one grid are all still in a hold.
    exercise : Exercise
        Its preset must say ``hold``. Without that a limb that works and one that rests look alike.

    Returns
    -------
    tuple of (start_s, end_s)
        In order. A rest counts as a hold where it shakes as much and lies within 20 degrees of it.
    """
    if exercise.movement != "hold":
        return ()
    return tuple(sorted(hold for sides in surveyed.groups() for hold in _holds_of(surveyed, sides)))


def _holds_of(surveyed: Survey, sides: Sequence[Side]) -> list[Interval]:
    placed = surveyed.aligned.sides()[sides[0]]
    still = np.concatenate(
        [
            np.logical_and.reduce([is_still(motion)[own.core] for motion in own.motions.values()])
            for own in surveyed.stretches(sides)
        ]
    )
    trim = round(SMOOTHING_S * placed.rate_hz)
    found = [(a + trim, b - trim) for a, b in stretches(still, round(MIN_HOLD_S * placed.rate_hz))]
    if not found:
        return []
    tracks = [[surveyed.motion(side, *span).track for side in sides] for span in found]
    shakes = np.array([max(_shake(track) for track in own) for own in tracks])
    model = tracks[int(np.argmax(shakes))]
    return [
        (placed.start_s + a / placed.rate_hz, placed.start_s + b / placed.rate_hz)
        for (a, b), own, shake in zip(found, tracks, shakes, strict=True)
        if shake >= SHAKES_AS_MUCH * shakes.max()
        and all(_turned(one, other) <= SAME_POSTURE_DEG for one, other in zip(own, model, strict=True))
    ]


def direction(motion: Motion, span: Span) -> FloatArray:
    """Unit vector (3,) of mean acceleration: up, where the sensor rests."""
    return _up(motion.track.acc[span[0] : span[1]])


def _up(acc: FloatArray) -> FloatArray:
    mean = acc.mean(axis=0)
    return np.asarray(mean / (np.linalg.norm(mean) + 1e-12), dtype=np.float64)


def angle_deg(a: FloatArray, b: FloatArray) -> float:
    """Angle between two unit vectors, degrees, 0 to 180."""
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)))


def _turned(track: Track, other: Track) -> float:
    return angle_deg(_up(track.acc), _up(other.acc))


def _shake(track: Track) -> float:
    """Typical deviation of acceleration from its mean over half a second; the median bears impacts."""
    width = max(1, round(SMOOTHING_S * track.rate_hz))
    return float(np.median(norm(track.acc - kernels.running_mean(track.acc, width))))
