"""Sampling rate, gaps and lost samples from sample times and sample counters."""

from __future__ import annotations

from typing import Final

import numpy as np

from sensing.recording import FloatArray, IntArray, Interval, gaps_from_times, lost_from_gaps

_ENOUGH: Final = 1_000_000
"""Of more steps than this, evenly spread ones give the median of all."""


def estimate_rate(time_s: FloatArray, seq: IntArray | None = None) -> float:
    """Sampling rate while samples arrive.

    Parameters
    ----------
    time_s : (n,) float array
        Increasing sample times, s.
    seq : (n,) int array, optional
        Unwrapped sample counter; a step of more than one period then does not count as one.

    Returns
    -------
    float
        Rate in Hz: the reciprocal of the mean step, over steps within half of the median step of it, so
        that neither gaps nor a coarse clock (16, 17, 17 ms) bias it. NaN below two samples.
    """
    if len(time_s) < 2:
        return float("nan")
    steps = np.diff(time_s)
    if seq is not None:
        counts = np.diff(seq)
        steps = steps[counts > 0] / counts[counts > 0]
    some = steps[:: max(1, len(steps) // _ENOUGH)]
    middle = float(np.median(some)) if len(some) else 0.0
    if not middle > 0:
        return float("nan")
    near = (steps >= 0.5 * middle) & (steps <= 1.5 * middle)
    return float(1.0 / (steps if near.all() else steps[near]).mean())


def find_gaps(
    time_s: FloatArray, rate_hz: float, seq: IntArray | None = None, segment_starts: tuple[int, ...] = (0,)
) -> tuple[tuple[Interval, ...], int]:
    """Gaps and lost samples of one stream.

    Parameters
    ----------
    time_s : (n,) float array
        Increasing sample times, s.
    rate_hz : float
        Sampling rate, Hz.
    seq : (n,) int array, optional
        Unwrapped sample counter: it decides, the times do not. It may restart where a segment starts.
    segment_starts : tuple of int
        First sample of each connection segment.

    Returns
    -------
    gaps : tuple of (start_s, end_s)
        Last sample before and first sample after each gap.
    lost : int
        Samples missing in them.
    """
    if seq is None:
        gaps = gaps_from_times(time_s, rate_hz)
        return gaps, lost_from_gaps(gaps, rate_hz)
    missing = np.diff(seq) - 1
    for start in segment_starts:
        if start > 0:
            missing[start - 1] = max(round((time_s[start] - time_s[start - 1]) * rate_hz) - 1, 0)
    where = np.flatnonzero(missing > 0)
    return tuple((float(time_s[i]), float(time_s[i + 1])) for i in where), int(missing[where].sum())
