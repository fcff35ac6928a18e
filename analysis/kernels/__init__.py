"""Inner loops over samples and over the many short spans of a recording.

Compiled where the package was installed with a C compiler, and in numpy otherwise: the same numbers, slower.
`plain` is what to read, `COMPILED` says which of the two runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from analysis.kernels.plain import POINTS, Spans

try:
    from analysis.kernels.compiled import (
        free_acceleration,
        jerks,
        least_cosines,
        likenesses,
        normalise_time,
        running_mean,
        shifts,
        standstills,
        turning_points,
        zero_phase,
    )

    COMPILED: Final = True
except ImportError:
    from analysis.kernels.plain import (
        free_acceleration,
        jerks,
        least_cosines,
        likenesses,
        normalise_time,
        running_mean,
        shifts,
        standstills,
        turning_points,
        zero_phase,
    )

    COMPILED = False  # type: ignore[misc]

__all__ = [
    "COMPILED",
    "POINTS",
    "Spans",
    "free_acceleration",
    "jerks",
    "least_cosines",
    "likenesses",
    "normalise_time",
    "running_mean",
    "shifts",
    "span_array",
    "standstills",
    "turning_points",
    "zero_phase",
]


def span_array(spans: Sequence[tuple[int, int]]) -> Spans:
    """Spans as the kernels take them, (r, 2)."""
    return np.array(spans, dtype=np.int64).reshape(-1, 2)
