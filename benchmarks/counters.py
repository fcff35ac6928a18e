"""Other ways to count the repetitions of a recording, to hold the one in the code against.

Each counts in the bouts that `analysis` finds, so that what differs is the counting alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import signal

from analysis.frames import main_axis, motion
from analysis.segmentation.bouts import activity, bouts
from analysis.segmentation.filters import lowpass
from analysis.segmentation.repetitions import Rhythm, find_rhythm
from analysis.timeline import align
from sensing.recording import FloatArray, Recording

POINTS = 25
"""Points in which a template holds one repetition."""

BoutCounter = Callable[[FloatArray, float, Rhythm], int]
"""Repetitions of one bout from angular velocity (n, 3), its rate in Hz, and its rhythm."""


def in_bouts(count: BoutCounter, recording: Recording) -> list[int]:
    """Repetitions in each bout of the first side; bouts without a rhythm have none."""
    track = next(iter(align(recording).tracks().values()))
    found = []
    for start, stop in bouts(activity(motion(track)), track.rate_hz):
        assert track.gyr is not None
        gyr = lowpass(track.gyr[start:stop], 8.0, track.rate_hz)
        rhythm = find_rhythm([gyr], track.rate_hz)
        if rhythm is not None:
            found.append(count(gyr, track.rate_hz, rhythm))
    return found


def by_period(gyr: FloatArray, rate_hz: float, rhythm: Rhythm) -> int:
    """Length of the bout over the period of its autocorrelation."""
    return round(len(gyr) / rate_hz / rhythm.period_s)


def by_peaks(gyr: FloatArray, rate_hz: float, rhythm: Rhythm) -> int:
    """Peaks of the first principal component, by prominence and half a period's distance (RecoFit's way)."""
    component = lowpass(gyr, 3.0, rate_hz) @ main_axis(gyr)
    apart = max(1.0, 0.5 * rhythm.period_s * rate_hz)
    peaks, _ = signal.find_peaks(component, distance=apart, prominence=0.8 * component.std())
    return len(peaks)


def by_zero_velocity(gyr: FloatArray, rate_hz: float, rhythm: Rhythm) -> int:
    """Sign changes of the first principal component where it is clearly not zero, two a repetition."""
    component = lowpass(gyr, 2.0, rate_hz) @ main_axis(gyr)
    above = component[np.abs(component) > 0.3 * component.std()] > 0
    return round(np.count_nonzero(np.diff(above)) / 2)


def by_template(gyr: FloatArray, rate_hz: float, rhythm: Rhythm) -> int:
    """Matches of a template that grows from one period in the middle, by subsequence dynamic time warping.

    The template becomes the mean of its matches and is matched again (after Sakurai et al. 2007 and Barth
    et al. 2015).
    """
    at = np.arange(0, len(gyr) - 1, rhythm.period_s * rate_hz / POINTS)
    values = np.column_stack([np.interp(at, np.arange(len(gyr)), axis) for axis in gyr.T]) / gyr.std()
    middle = max(len(values) // 2 - POINTS // 2, 0)
    template = values[middle : middle + POINTS]
    spans = _matches(values, template)
    if spans:
        grown = [values[np.linspace(a, b, POINTS).round().astype(int)] for a, b in spans]
        spans = _matches(values, np.mean(grown, axis=0))
    return len(spans)


def _matches(values: FloatArray, template: FloatArray) -> list[tuple[int, int]]:
    """Where a template fits better than standstill does, most of a template apart."""
    cost, start = _subsequence_warp(values, template)
    limit = 0.8 * float((template**2).sum())
    ends, _ = signal.find_peaks(np.r_[-cost, -np.inf], height=-limit, distance=3 * POINTS // 5)
    return [(int(start[end]), int(end)) for end in ends if end > start[end]]


def _subsequence_warp(values: FloatArray, template: FloatArray) -> tuple[FloatArray, np.ndarray]:
    """Least cost of the whole template ending at each sample, and where it then starts."""
    distance = ((values[:, None, :] - template[None, :, :]) ** 2).sum(axis=2).tolist()
    m = len(template)
    before, began = [np.inf] * m, [0] * m
    cost, start = np.empty(len(values)), np.empty(len(values), dtype=int)
    for t, row in enumerate(distance):
        now, here = [row[0]], [t]
        for i in range(1, m):
            steps = ((now[i - 1], here[i - 1]), (before[i], began[i]), (before[i - 1], began[i - 1]))
            least, origin = min(steps)
            now.append(row[i] + least)
            here.append(origin)
        before, began = now, here
        cost[t], start[t] = now[-1], here[-1]
    return cost, start


COUNTERS: dict[str, BoutCounter] = {
    "autocorrelation: period alone": by_period,
    "principal component: adaptive peaks": by_peaks,
    "zero velocity of the principal component": by_zero_velocity,
    "template growth by dynamic time warping": by_template,
}
