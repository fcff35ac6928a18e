"""Whether candidate repetitions are the same movement."""

from __future__ import annotations

from statistics import median

from analysis import kernels
from analysis.frames import Motion
from analysis.kernels import span_array
from analysis.segmentation.bouts import Span
from sensing.recording import FloatArray

ALIKE_TURNING, ALIKE_ACCELERATION = 0.6, 0.5
"""Median correlation with the mean of the others that makes candidates one movement; basketball: .54, .44."""


def alike(motion: Motion, reps: list[Span], *, every: bool = False) -> bool:
    """Whether irregularly timed candidates are repetitions of one movement.

    Their turning must be alike, or, where a limb hardly turns, their acceleration; with ``every``, both.
    """
    turning, acceleration = likenesses(motion, reps)
    enough = turning >= ALIKE_TURNING, acceleration >= ALIKE_ACCELERATION
    return all(enough) if every else any(enough)


def likenesses(motion: Motion, reps: list[Span]) -> tuple[float, float]:
    """Likeness in turning and in acceleration; 0 for fewer than three repetitions, which cannot show it."""
    if len(reps) < 3:
        return 0.0, 0.0
    return likeness(motion.turning, reps), likeness(motion.dynamic, reps)


def likeness(values: FloatArray, reps: list[Span]) -> float:
    """Median correlation of each time-normalised repetition, on all axes, with the mean of the others."""
    return float(median(kernels.likenesses(values, span_array(reps)).tolist()))
