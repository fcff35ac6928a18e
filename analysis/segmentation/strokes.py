"""Strokes and swings of the arms: short bursts of fast rotation between pauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import signal

from analysis import kernels
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


@dataclass(frozen=True, eq=False)
class Strokes:
    """Movements that stand out from the time around them, on the faster hand.

    Attributes
    ----------
    time_s, speed : (n,) float array
        When the faster hand is fastest, s, and its speed, deg/s.
    reps : (n, 2) float array
        When it begins and ends, s.
    top : dict of Side to (n,) float array
        Greatest speed of each hand meanwhile, deg/s.
    """

    time_s: FloatArray
    speed: FloatArray
    reps: FloatArray
    top: dict[Side, FloatArray]


def find_strokes(motions: dict[Side, Motion], core: slice = slice(None)) -> Strokes:
    """Candidates for strokes of both hands on one grid: those whose peak lies in ``core``.

    A stroke stands out from the time around it, which arms that swing in walking and running do not.
    """
    track = next(iter(motions.values())).track
    rate = track.rate_hz
    speeds = [motion.speed for motion in motions.values() if motion.speed is not None]
    smooth = [kernels.running_mean(own, max(1, round(0.1 * rate))) for own in speeds]
    fastest = np.max(smooth, axis=0) if smooth else np.zeros(len(track))
    peaks, _ = signal.find_peaks(fastest, height=MIN_PEAK, distance=max(1, round(MIN_APART_S * rate)))
    first, stop, _ = core.indices(len(track))
    peaks = peaks[(peaks >= first) & (peaks < stop)]
    reach = round(AROUND_S * rate)
    around = np.array([np.median(fastest[max(p - reach, 0) : p + reach]) for p in peaks])
    peaks = peaks[fastest[peaks] >= ISOLATED * around]
    edges = np.array([_edges(fastest, int(p), rate) for p in peaks], dtype=np.intp).reshape(-1, 2)
    return Strokes(
        track.start_s + peaks / rate,
        fastest[peaks],
        track.start_s + edges / rate,
        {
            side: np.array([0.0 if m.speed is None else m.speed[a : b + 1].max() for a, b in edges])
            for side, m in motions.items()
        },
    )


def stroke_sets(found: Sequence[Strokes], exercise: Exercise) -> list[ExerciseSet]:
    """Sets of strokes, found on the faster hand; both hands are measured over the same time.

    Every stroke is one pair of repetitions with the same boundaries on both sides, so that the comparison is
    of what both arms do during a stroke. ``events`` says which hand struck.

    Parameters
    ----------
    found : sequence of Strokes
        Of successive stretches of a recording.
    exercise : Exercise
        Its name.
    """
    time_s, speed, reps = (
        np.concatenate([getattr(one, name) for one in found]) for name in ("time_s", "speed", "reps")
    )
    if not len(time_s):
        return []
    top = {side: np.concatenate([one.top[side] for one in found]) for side in found[0].top}
    strong = np.flatnonzero(speed >= MIN_SHARE * np.percentile(speed, 90))
    groups = np.split(strong, np.flatnonzero(np.diff(time_s[strong]) > REST_S) + 1)
    return [
        _make_set(time_s[own], reps[own], {side: values[own] for side, values in top.items()}, exercise)
        for own in groups
        if len(own) > 1
    ]


def _edges(speed: FloatArray, peak: int, rate: float) -> tuple[int, int]:
    reach = round(MAX_HALF_S * rate)
    low, high = max(peak - reach, 0), min(peak + reach, len(speed) - 1)
    slow = speed < EDGE * speed[peak]
    before = np.flatnonzero(slow[low:peak])
    after = np.flatnonzero(slow[peak : high + 1])
    return (low + int(before[-1]) if before.size else low), (peak + int(after[0]) if after.size else high)


def _make_set(
    time_s: FloatArray, borders: FloatArray, top: dict[Side, FloatArray], exercise: Exercise
) -> ExerciseSet:
    reps: tuple[Interval, ...] = tuple((float(a), float(b)) for a, b in borders)
    fastest = np.max(list(top.values()), axis=0)
    events = {
        side: SideEvents(
            strokes=tuple(
                Stroke(float(t), float(v))
                for t, v, most in zip(time_s, own, fastest, strict=True)
                if v >= BOTH_HANDS * most
            )
        )
        for side, own in top.items()
    }
    both = len(top) == len(Side)
    return ExerciseSet(
        start_s=reps[0][0],
        end_s=reps[-1][1],
        exercise=exercise.name,
        kind=Kind.SIMULTANEOUS if both else Kind(f"{next(iter(top))}_only"),
        coupled=False,
        reps={side: reps if side in top else () for side in Side},
        events=events,
        pairs=tuple((i, i) for i in range(len(reps))) if both else (),
    )
