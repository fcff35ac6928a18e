"""The kernels of `plain`, compiled: arrays are made ready here, and the loops are in ``_compiled.c``."""

from __future__ import annotations

import math

import numpy as np

from analysis.kernels import _compiled
from analysis.kernels.plain import POINTS, Spans
from sensing.recording import FloatArray, IntArray


def zero_phase(values: FloatArray, sections: FloatArray, settled: FloatArray, pad: int) -> FloatArray:
    """As `plain.zero_phase`; each channel of what it makes lies together in memory."""
    out = np.empty(values.shape[::-1]).T
    _compiled.zero_phase(values, sections, settled, out, pad)
    return out


def running_mean(values: FloatArray, width: int, *, nearest: bool = False) -> FloatArray:
    """As `plain.running_mean`; each channel of what it makes lies together in memory."""
    out = np.empty(values.shape[::-1]).T
    _compiled.running_mean(values, np.array([width, not nearest], dtype=np.int64), out)
    return out


def turning_points(angle: FloatArray, hysteresis: float) -> tuple[IntArray, IntArray]:
    """As `plain.turning_points`."""
    index, kind = np.empty((2, len(angle)), dtype=np.int64)
    found = _compiled.turning_points(angle, np.array([hysteresis]), index, kind)
    return index[:found].copy(), kind[:found].copy()


def standstills(speed: FloatArray, spans: Spans, share: float, least: float, most: float) -> Spans:
    """As `plain.standstills`."""
    out = np.empty((len(spans), 2), dtype=np.int64)
    _compiled.standstills(speed, spans, np.array([share, least, most]), out)
    return out


def normalise_time(values: FloatArray, spans: Spans) -> FloatArray:
    """As `plain.normalise_time`."""
    out = np.empty((len(spans), POINTS, *values.shape[1:]))
    _compiled.normalise_time(values, spans, out.reshape(len(spans), POINTS * math.prod(values.shape[1:])))
    return out


def likenesses(values: FloatArray, spans: Spans) -> FloatArray:
    """As `plain.likenesses`."""
    out = np.empty(len(spans))
    _compiled.likenesses(values, spans, out)
    return out


def shifts(left: FloatArray, right: FloatArray, windows: Spans) -> FloatArray:
    """As `plain.shifts`."""
    out = np.empty(len(windows))
    _compiled.shifts(left, right, windows, out)
    return out


def least_cosines(quat: FloatArray, spans: Spans) -> FloatArray:
    """As `plain.least_cosines`."""
    out = np.empty(len(spans))
    _compiled.least_cosines(quat, spans, out)
    return out


def free_acceleration(acc: FloatArray, quat: FloatArray, gravity: float) -> FloatArray:
    """As `plain.free_acceleration`."""
    out = np.empty(acc.shape[::-1]).T
    _compiled.free_acceleration(acc, quat, np.array([gravity]), out)
    return out


def jerks(acc: FloatArray, spans: Spans) -> FloatArray:
    """As `plain.jerks`."""
    out = np.empty((len(spans), 2))
    _compiled.jerks(acc, spans, out)
    return out
