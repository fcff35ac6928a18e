"""Strokes and swings of the arms: short bursts of fast rotation between pauses."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import ndimage, signal

from analysis.exercises import Exercise
from analysis.frames import Motion
from analysis.results import ExerciseSet, Kind, SideEvents, Stroke
from sensing.recording import FloatArray, Interval, Side

MIN_PEAK: Final = 250.0
"""A stroke turns the wrist at least this fast, deg/s."""

MIN_SHARE: Final = 0.35
"""... and at least at this share of the 90th percentile of the recording's strokes."""

ISOLATED: Final = 3.5
"""... and so many times the median speed around it: strokes reach 5 and more, swinging arms 3."""

AROUND_S: Final = 2.0
"""Time before and after a stroke to which it is compared, s."""

MIN_APART_S: Final = 0.8
"""Peaks closer than this belong to one stroke, s."""

EDGE: Final = 0.15
"""A stroke lasts while the faster hand turns at more than this share of its peak."""

MAX_HALF_S: Final = 1.0
"""Longest stretch of a stroke before or after its peak, s."""

REST_S: Final = 12.0
"""A longer pause between strokes separates sets, s."""

BOTH_HANDS: Final = 0.7
"""A hand whose peak reaches this share of the other one's also strikes."""


def stroke_sets(motions: dict[Side, Motion], exercise: Exercise) -> list[ExerciseSet]:
    """Sets of strokes, found on the faster hand; both hands are measured over the same time.

    A stroke stands out from the time around it, which arms that swing in walking and running do not. Every
    stroke is one pair of repetitions with the same boundaries on both sides, so that the comparison is of
    what both arms do during a stroke. ``events`` says which hand struck.
    """
    speeds = {side: m.speed for side, m in motions.items() if m.speed is not None}
    if not speeds:
        return []
    track = next(iter(motions.values())).track
    rate = track.rate_hz
    smooth = {s: ndimage.uniform_filter1d(v, max(1, round(0.1 * rate))) for s, v in speeds.items()}
    fastest = np.max(list(smooth.values()), axis=0)
    peaks, _ = signal.find_peaks(fastest, height=MIN_PEAK, distance=max(1, round(MIN_APART_S * rate)))
    reach = round(AROUND_S * rate)
    around = [np.median(fastest[max(p - reach, 0) : p + reach]) for p in peaks]
    peaks = peaks[fastest[peaks] >= ISOLATED * np.array(around)]
    if not peaks.size:
        return []
    peaks = peaks[fastest[peaks] >= MIN_SHARE * np.percentile(fastest[peaks], 90)]
    edges = [_edges(fastest, int(p), rate) for p in peaks]
    sets, group = [], [0]
    for i in range(1, len(peaks) + 1):
        if i == len(peaks) or (peaks[i] - peaks[i - 1]) / rate > REST_S:
            if len(group) > 1:
                sets.append(
                    _make_set([peaks[j] for j in group], [edges[j] for j in group], motions, exercise)
                )
            group = []
        group.append(i)
    return sets


def _edges(speed: FloatArray, peak: int, rate: float) -> tuple[int, int]:
    reach = round(MAX_HALF_S * rate)
    low, high = max(peak - reach, 0), min(peak + reach, len(speed) - 1)
    slow = speed < EDGE * speed[peak]
    before = np.flatnonzero(slow[low:peak])
    after = np.flatnonzero(slow[peak : high + 1])
    return (low + int(before[-1]) if before.size else low), (peak + int(after[0]) if after.size else high)


def _make_set(
    peaks: list[int], edges: list[tuple[int, int]], motions: dict[Side, Motion], exercise: Exercise
) -> ExerciseSet:
    track = next(iter(motions.values())).track

    def seconds(i: int) -> float:
        return track.start_s + i / track.rate_hz

    reps: tuple[Interval, ...] = tuple((seconds(a), seconds(b)) for a, b in edges)
    top = {
        side: [float(m.speed[a : b + 1].max()) if m.speed is not None else 0.0 for a, b in edges]
        for side, m in motions.items()
    }
    events = {
        side: SideEvents(
            strokes=tuple(
                Stroke(seconds(p), own)
                for i, (p, own) in enumerate(zip(peaks, top[side], strict=True))
                if own >= BOTH_HANDS * max(t[i] for t in top.values())
            )
        )
        for side in motions
    }
    kind = Kind.SIMULTANEOUS if len(motions) == 2 else Kind(f"{next(iter(motions))}_only")
    return ExerciseSet(
        start_s=reps[0][0],
        end_s=reps[-1][1],
        exercise=exercise.name,
        kind=kind,
        coupled=False,
        reps={side: reps if side in motions else () for side in Side},
        events=events,
        pairs=tuple((i, i) for i in range(len(reps))) if len(motions) == 2 else (),
    )
