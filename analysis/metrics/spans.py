"""Sums, means and maxima over many spans at once, masked samples left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from analysis.segmentation.bouts import Span
from sensing.recording import FloatArray

MIN_VALID: Final = 0.8
"""A repetition needs this share of its samples, or it has no value."""


def masked_mean(values: FloatArray, valid: np.ndarray, spans: Sequence[Span]) -> FloatArray:
    """Mean over the valid samples of each span; NaN where fewer than `MIN_VALID` of them are valid."""
    total = np.r_[0.0, np.cumsum(np.where(valid, values, 0.0))]
    a, b = _bounds(spans)
    n = counts(valid, spans)
    mean = (total[b] - total[a]) / np.maximum(n, 1)
    return np.where(n >= MIN_VALID * (b - a), mean, np.nan)


def masked_max(values: FloatArray, valid: np.ndarray, spans: Sequence[Span]) -> FloatArray:
    """Maximum over the valid samples of each span; NaN where too few are valid."""
    a, b = _bounds(spans)
    known = (b > a) & (counts(valid, spans) >= MIN_VALID * (b - a))
    out = np.full(len(spans), np.nan)
    if known.any():
        # One value more, since a span may end where the values do; every second piece lies between spans.
        inside = np.append(np.where(valid, values, -np.inf), -np.inf)
        out[known] = np.maximum.reduceat(inside, np.column_stack([a, b])[known].ravel())[::2]
    return out


def counts(mask: np.ndarray, spans: Sequence[Span]) -> np.ndarray:
    """True samples in each span."""
    total = np.r_[0, np.cumsum(mask)]
    a, b = _bounds(spans)
    return np.asarray(total[b] - total[a])


def seconds(spans: Sequence[Span], rate_hz: float) -> FloatArray:
    """Length of each span, s."""
    a, b = _bounds(spans)
    return np.asarray((b - a) / rate_hz, dtype=np.float64)


def _bounds(spans: Sequence[Span]) -> tuple[np.ndarray, np.ndarray]:
    array = np.asarray(spans, dtype=np.intp).reshape(-1, 2)
    return array[:, 0], array[:, 1]
