"""Every metric of every repetition: one pass over each array for the whole recording, then split by set."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from analysis import kernels
from analysis.frames import Motion
from analysis.metrics import METRICS
from analysis.metrics.spans import counts, masked_mean, seconds
from analysis.results import ExerciseSet, Kind, SideEvents
from analysis.segmentation.bouts import rest_level
from sensing.recording import FloatArray, Interval, Side

MAX_LAG: Final = 0.2
"""Lags are looked for up to this share of a repetition."""


@dataclass(frozen=True, eq=False)
class SideFacts:
    """What the gates need to know of one side's repetitions in one set, one value each.

    Attributes
    ----------
    level : dict of str to (n,) float array
        Mean movement by signal: ``gyr`` in deg/s, ``acc`` in m/s2; NaN where too much is missing.
    clipped : dict of str to (n,) int array
        Samples at full scale, by signal.
    samples : (n,) int array
        Samples.
    """

    level: dict[str, FloatArray]
    clipped: dict[str, np.ndarray]
    samples: np.ndarray


@dataclass(frozen=True, eq=False)
class MeasuredSet:
    """A set with every metric's value per repetition.

    ``values[name][side]`` has one value per repetition of the side, NaN where it has none.
    """

    exercise_set: ExerciseSet
    values: dict[str, dict[Side, FloatArray]]
    facts: dict[Side, SideFacts]

    @cached_property
    def pairs(self) -> npt.NDArray[np.intp]:
        """Left and right index of the repetitions that go together, (p, 2)."""
        return np.array(self.exercise_set.pairs, dtype=np.intp).reshape(-1, 2)


def measure(
    sets: Sequence[ExerciseSet], motions: dict[Side, Motion], load_kg: tuple[float, float] | None
) -> list[MeasuredSet]:
    """Every metric of every repetition of every set; weights held, if any, enter `load_moved`."""
    by_side = {side: _measure_side(sets, side, motion, load_kg) for side, motion in motions.items()}
    out = []
    for k, exercise_set in enumerate(sets):
        own = {side: measured[k] for side, measured in by_side.items()}
        names = {name: None for values, _ in own.values() for name in values}
        values = {name: {side: v[name] for side, (v, _) in own.items()} for name in names}
        values["onset_lag"] = _onset_lags(exercise_set, motions)
        out.append(MeasuredSet(exercise_set, values, {side: facts for side, (_, facts) in own.items()}))
    return out


def _measure_side(
    sets: Sequence[ExerciseSet], side: Side, motion: Motion, load_kg: tuple[float, float] | None
) -> list[tuple[dict[str, FloatArray], SideFacts]]:
    """One side's values and facts, set by set."""
    track = motion.track
    windows = [_windows(s, side) for s in sets]
    spans = track.spans([window for own in windows for window in own])
    cuts = np.cumsum([len(own) for own in windows])[:-1].astype(np.intp)
    flat = {m.name: m.compute(motion, spans) for m in METRICS if m.compute is not None}
    if load_kg is not None:
        flat["load_moved"] = load_kg[list(Side).index(side)] * flat["angle_travelled"]
    share = masked_mean((motion.level > rest_level(motion)).astype(np.float64), track.valid, spans)
    # Of the window that was looked at, which for a pair is longer than the shorter repetition.
    flat["active_time"] = share * seconds(spans, track.rate_hz)
    facts = {
        "gyr": np.zeros(len(spans))
        if motion.speed is None
        else masked_mean(motion.speed, track.valid, spans),
        "acc": masked_mean(motion.dynamic_norm, track.valid, spans),
        "gyr_clipped": counts(track.gyr_clipped, spans),
        "acc_clipped": counts(track.acc_clipped, spans),
        "samples": spans[:, 1] - spans[:, 0],
    }
    values = {name: np.split(v, cuts) for name, v in flat.items()}
    split = {name: np.split(v, cuts) for name, v in facts.items()}
    return [
        (
            _with_times(s, side, {name: v[k] for name, v in values.items()}),
            SideFacts(
                {"gyr": split["gyr"][k], "acc": split["acc"][k]},
                {"gyr": split["gyr_clipped"][k], "acc": split["acc_clipped"][k]},
                split["samples"][k],
            ),
        )
        for k, s in enumerate(sets)
    ]


def _with_times(
    exercise_set: ExerciseSet, side: Side, values: dict[str, FloatArray]
) -> dict[str, FloatArray]:
    """The values with those that come from boundaries and events; without steps, none of steps."""
    reps = np.array(exercise_set.reps[side], dtype=np.float64).reshape(-1, 2)
    duration = reps[:, 1] - reps[:, 0]
    out = values | {"rep_duration": duration}
    if any(events.contact_s for events in exercise_set.events.values()):
        swing = _swing_times(exercise_set, side)
        return out | {"stride_time": duration, "swing_time": swing, "stance_time": duration - swing}
    steps = {m.name for m in METRICS if m.steps_only}
    return {name: v for name, v in out.items() if name not in steps}


def _windows(exercise_set: ExerciseSet, side: Side) -> list[Interval]:
    """Where each repetition is measured, s.

    Sides that move together are measured over the time in which either of them is in the pair's repetition,
    so that a boundary placed a little differently does not look like work.
    """
    windows = list(exercise_set.reps[side])
    if exercise_set.kind is Kind.SIMULTANEOUS:
        for i, j in exercise_set.pairs:
            (a, b), (c, d) = exercise_set.reps[Side.LEFT][i], exercise_set.reps[Side.RIGHT][j]
            windows[i if side is Side.LEFT else j] = (min(a, c), max(b, d))
    return windows


def _swing_times(exercise_set: ExerciseSet, side: Side) -> FloatArray:
    """Foot off to the first contact after it, per stride; NaN where there is none."""
    events = exercise_set.events.get(side, SideEvents())
    contacts, offs = sorted(events.contact_s), sorted(events.foot_off_s)
    out = np.full(len(exercise_set.reps[side]), np.nan)
    for i, (start, end) in enumerate(exercise_set.reps[side]):
        first, near = bisect_right(contacts, start), bisect_left(offs, start)
        if first < len(contacts) and contacts[first] < end and offs:
            off = min(offs[max(near - 1, 0) : near + 1], key=lambda t: abs(t - start))
            if off < contacts[first]:
                out[i] = contacts[first] - off
    return out


def _onset_lags(exercise_set: ExerciseSet, motions: dict[Side, Motion]) -> dict[Side, FloatArray]:
    """Time by which the right side moves after the left one, ms, for pairs of simultaneous repetitions.

    The lag of greatest cross-correlation of |angular velocity| (of dynamic acceleration without a gyroscope),
    sub-sample by a parabola. It is held as zeros on the left and lags on the right, so that right minus left
    is the lag. NaN where repetitions alternate or do not pair.
    """
    lags = {side: np.full(len(exercise_set.reps[side]), np.nan) for side in motions}
    if exercise_set.kind is not Kind.SIMULTANEOUS or len(motions) < 2:
        return lags
    track = motions[Side.LEFT].track
    pairs = np.array(exercise_set.pairs, dtype=np.intp).reshape(-1, 2)
    # In whole samples, so that the same repetition is searched alike wherever its part begins.
    left, right = (track.spans(exercise_set.reps[side])[own] for side, own in zip(Side, pairs.T, strict=True))
    low, high = np.minimum(left[:, 0], right[:, 0]), np.maximum(left[:, 1], right[:, 1]) + 1
    length = (left[:, 1] - left[:, 0] + right[:, 1] - right[:, 0]) / 2
    reach = np.maximum(np.rint(MAX_LAG * length).astype(np.int64), 2)
    inside = (low >= reach) & (high + reach <= len(track))
    for k in np.flatnonzero(inside).tolist():
        around = slice(low[k] - reach[k], high[k] + reach[k])
        inside[k] = all(motion.track.valid[around].all() for motion in motions.values())
    windows = np.column_stack([low, high, reach])[inside]
    lags[Side.LEFT][pairs[inside, 0]] = 0.0
    shifts = kernels.shifts(motions[Side.LEFT].level, motions[Side.RIGHT].level, windows)
    lags[Side.RIGHT][pairs[inside, 1]] = 1000 * shifts / track.rate_hz
    return lags
