"""Whether candidate repetitions are the same movement."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.frames import Motion
from analysis.segmentation.bouts import Span
from sensing.recording import FloatArray

ALIKE_TURNING, ALIKE_ACCELERATION = 0.6, 0.5
"""Median correlation with the mean of the others that makes candidates one movement; basketball: .54, .44."""

POINTS: Final = 101
"""Points of a time-normalised repetition, 0 to 100 %."""


def normalise_time(values: FloatArray, reps: list[Span]) -> FloatArray:
    """Repetitions stretched to 0..100 % of their own time.

    Parameters
    ----------
    values : (n,) or (n, c) float array
        A signal on the grid.
    reps : list of (start, stop)
        Indices on the grid.

    Returns
    -------
    (r, 101) or (r, 101, c) float array
    """
    start, stop = np.array(reps, dtype=np.float64).reshape(-1, 2).T
    at = np.linspace(start, stop, POINTS, axis=-1)
    low = np.minimum(at.astype(np.intp), len(values) - 2)
    part = (at - low).reshape(at.shape + (1,) * (values.ndim - 1))
    return np.asarray(values[low] * (1 - part) + values[low + 1] * part)


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
    stretched = normalise_time(values, reps).reshape(len(reps), -1)
    stretched = stretched - stretched.mean(axis=1, keepdims=True)
    others = (stretched.sum(axis=0) - stretched) / (len(reps) - 1)
    scale = np.linalg.norm(stretched, axis=1) * np.linalg.norm(others, axis=1) + 1e-12
    return float(np.median((stretched * others).sum(axis=1) / scale))
