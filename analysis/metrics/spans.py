"""Sums, means and maxima over many spans at once, masked samples left out."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analysis.kernels import Spans
from sensing.recording import FloatArray

MIN_VALID: Final = 0.8
"""A repetition needs this share of its samples, or it has no value."""


def masked_mean(values: FloatArray, valid: np.ndarray, spans: Spans) -> FloatArray:
    """Mean over the valid samples of each span; NaN where fewer than `MIN_VALID` of them are valid."""
    return _of_valid(np.add, 0.0, values, valid, spans) / np.maximum(counts(valid, spans), 1)


def masked_max(values: FloatArray, valid: np.ndarray, spans: Spans) -> FloatArray:
    """Maximum over the valid samples of each span; NaN where too few are valid."""
    return _of_valid(np.maximum, -np.inf, values, valid, spans)


def counts(mask: np.ndarray, spans: Spans) -> npt.NDArray[np.intp]:
    """True samples in each span."""
    a, b = spans.T
    out = np.zeros(len(spans), dtype=np.intp)
    some = b > a
    out[some] = _reduced(np.add, mask, a[some], b[some], dtype=np.intp)
    return out


def complete(valid: np.ndarray, spans: Spans) -> npt.NDArray[np.bool_]:
    """Whether each span has samples, and all of them are valid."""
    a, b = spans.T
    return np.asarray((b > a) & (counts(valid, spans) == b - a))


def seconds(spans: Spans, rate_hz: float) -> FloatArray:
    """Length of each span, s."""
    a, b = spans.T
    return np.asarray((b - a) / rate_hz, dtype=np.float64)


def _of_valid(
    ufunc: np.ufunc, neutral: float, values: FloatArray, valid: np.ndarray, spans: Spans
) -> FloatArray:
    """``ufunc`` over the valid values of each span; NaN where there are too few."""
    a, b = spans.T
    known = (b > a) & (counts(valid, spans) >= MIN_VALID * (b - a))
    inside = values if valid.all() else np.where(valid, values, neutral)
    out = np.full(len(spans), np.nan)
    out[known] = _reduced(ufunc, inside, a[known], b[known])
    return out


def _reduced(ufunc: np.ufunc, values: np.ndarray, a: np.ndarray, b: np.ndarray, **kwargs: Any) -> np.ndarray:
    """``ufunc`` over each span: every second piece that is reduced lies between spans."""
    if not len(a):
        return np.empty(0)
    if b.max() == len(values):
        # Pieces begin inside of the values, those after a last span too.
        values = np.append(values, values[-1])
    reduced: np.ndarray = ufunc.reduceat(values, np.column_stack([a, b]).ravel(), **kwargs)[::2]
    return reduced
