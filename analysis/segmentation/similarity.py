"""Whether candidate repetitions are the same movement."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.frames import Motion
from analysis.segmentation.bouts import Span
from analysis.segmentation.repetitions import values_of
from sensing.recording import FloatArray

ALIKE: Final = 0.6
"""Median correlation of repetitions with their mean below which they are not one movement."""

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
    out = []
    for start, stop in reps:
        at = np.linspace(start, stop, POINTS)
        low = np.minimum(at.astype(np.intp), len(values) - 2)
        part = (at - low).reshape((-1,) + (1,) * (values.ndim - 1))
        out.append(values[low] * (1 - part) + values[low + 1] * part)
    return np.array(out) if out else np.empty((0, POINTS, *values.shape[1:]))


def alike(motion: Motion, reps: list[Span]) -> bool:
    """Whether irregularly timed candidates are repetitions of one movement.

    Judged by the median correlation of each time-normalised candidate, all axes at once, with the mean of
    the others. Fewer than three candidates cannot show it.
    """
    if len(reps) < 3:
        return False
    stretched = normalise_time(values_of(motion), reps).reshape(len(reps), -1)
    stretched = stretched - stretched.mean(axis=1, keepdims=True)
    others = (stretched.sum(axis=0) - stretched) / (len(reps) - 1)
    scale = np.linalg.norm(stretched, axis=1) * np.linalg.norm(others, axis=1) + 1e-12
    return bool(np.median((stretched * others).sum(axis=1) / scale) >= ALIKE)
