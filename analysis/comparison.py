"""From sets and metrics to rows: left against right, with interval and verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from analysis import inference
from analysis.frames import Motion
from analysis.inference import Estimate, SetValues
from analysis.metrics import AMPLITUDE_REMOUNT_SD, METRICS, MetricSpec
from analysis.metrics.spans import masked_mean
from analysis.results import Count, ExerciseSet, Kind, Metric, Quality, RepValues, VerdictWord
from analysis.segmentation.bouts import REST_ACCELERATION, REST_SPEED, Span
from analysis.settings import Settings
from analysis.symmetry import symmetry_index
from sensing.recording import FloatArray, Side

NOISE_FLOOR: Final = {"gyr": 2.0, "acc": 0.1}
"""Movement that a sensor on a standing person reads: mean |angular velocity|, deg/s, and VeDBA, m/s2."""

TIMES_FLOOR: Final = 3.0
"""A side that moves less than this many times the noise floor is not assessable."""

EXPLORATORY_Q: Final = 0.10
"""False discovery rate allowed among metrics that are not primary."""

MAX_CLIPPED_REPS: Final = 0.05
"""Peaks are not judged if more than this share of a side's repetitions reach full scale."""

MAX_CLIPPED_SAMPLES: Final = 0.01
"""Nor are sums and means, if more than this share of their samples do."""

MAX_LAG: Final = 0.2
"""Lags are looked for up to this share of a repetition."""

PEAK_METRICS: Final = ("peak_angular_velocity", "peak_acceleration", "impact_peak", "impact_load")


@dataclass(frozen=True, eq=False)
class MeasuredSet:
    """A set with every metric's value per repetition.

    ``values[name][side]`` has one value per repetition of the side, NaN where it has none.
    """

    exercise_set: ExerciseSet
    values: dict[str, dict[Side, FloatArray]]
    levels: dict[Side, dict[str, float]]
    clipped_reps: dict[Side, dict[str, float]]
    clipped_samples: dict[Side, dict[str, float]]


def measure(
    exercise_set: ExerciseSet, motions: dict[Side, Motion], load_kg: tuple[float, float] | None
) -> MeasuredSet:
    """Every metric of every repetition of one set; weights held, if any, enter `load_moved`."""
    spans = {side: _spans(motions[side], exercise_set, side) for side in motions}
    values: dict[str, dict[Side, FloatArray]] = {}
    steps = any(e.contact_s for e in exercise_set.events.values())
    for entry in METRICS:
        if entry.steps_only and not steps:
            continue
        if entry.compute is not None:
            values[entry.name] = {side: entry.compute(m, spans[side]) for side, m in motions.items()}
    if load_kg is not None:
        held = dict(zip(Side, load_kg, strict=True))
        values["load_moved"] = {side: held[side] * v for side, v in values["angle_travelled"].items()}
    values |= _times(exercise_set, motions, spans, steps=steps)
    values["onset_lag"] = onset_lags(exercise_set, motions)
    levels, clipped_reps, clipped_samples = {}, {}, {}
    for side, motion in motions.items():
        levels[side] = _levels(motion, spans[side])
        masks = {"acc": motion.track.acc_clipped, "gyr": motion.track.gyr_clipped}
        clipped_reps[side] = {
            name: float(np.mean([mask[a:b].any() for a, b in spans[side]])) if spans[side] else 0.0
            for name, mask in masks.items()
        }
        clipped_samples[side] = {
            name: float(np.mean(np.concatenate([mask[a:b] for a, b in spans[side]]))) if spans[side] else 0.0
            for name, mask in masks.items()
        }
    return MeasuredSet(exercise_set, values, levels, clipped_reps, clipped_samples)


def _spans(motion: Motion, exercise_set: ExerciseSet, side: Side) -> list[Span]:
    """Where each repetition is measured.

    Sides that move together are measured over the time in which either of them is in the pair's repetition,
    so that a boundary placed a little differently does not look like work.
    """
    windows = list(exercise_set.reps[side])
    if exercise_set.kind is Kind.SIMULTANEOUS:
        for i, j in exercise_set.pairs:
            (a, b), (c, d) = exercise_set.reps[Side.LEFT][i], exercise_set.reps[Side.RIGHT][j]
            windows[i if side is Side.LEFT else j] = (min(a, c), max(b, d))
    track = motion.track
    return [(track.index(a), track.index(b)) for a, b in windows]


def _levels(motion: Motion, spans: Sequence[Span]) -> dict[str, float]:
    """How much a side moved during its repetitions, to hold against the noise floor."""
    if not spans:
        return {"gyr": 0.0, "acc": 0.0}
    valid = motion.track.valid

    def level(values: FloatArray | None) -> float:
        found = np.array([]) if values is None else masked_mean(values, valid, spans)
        return float(np.nanmedian(found)) if np.isfinite(found).any() else 0.0

    return {"gyr": level(motion.speed), "acc": level(motion.dynamic_norm)}


def _times(
    exercise_set: ExerciseSet, motions: dict[Side, Motion], spans: dict[Side, list[Span]], *, steps: bool
) -> dict[str, dict[Side, FloatArray]]:
    values: dict[str, dict[Side, FloatArray]] = {"rep_duration": {}, "active_time": {}}
    if steps:
        values |= {"stride_time": {}, "swing_time": {}, "stance_time": {}}
    for side, motion in motions.items():
        reps = np.array(exercise_set.reps[side], dtype=np.float64).reshape(-1, 2)
        duration = reps[:, 1] - reps[:, 0]
        values["rep_duration"][side] = duration
        level, rest = (
            (motion.dynamic_norm, REST_ACCELERATION) if motion.speed is None else (motion.speed, REST_SPEED)
        )
        active = masked_mean((level > rest).astype(np.float64), motion.track.valid, spans[side])
        values["active_time"][side] = active * duration
        if steps:
            swing = _swing_times(exercise_set, side)
            values["stride_time"][side] = duration
            values["swing_time"][side] = swing
            values["stance_time"][side] = duration - swing
    return values


def _swing_times(exercise_set: ExerciseSet, side: Side) -> FloatArray:
    """Foot off to the first contact after it, per stride; NaN where there is none."""
    events = exercise_set.events[side]
    contacts, offs = np.array(events.contact_s), np.array(events.foot_off_s)
    out = np.full(len(exercise_set.reps[side]), np.nan)
    for i, (start, end) in enumerate(exercise_set.reps[side]):
        contact = contacts[(contacts > start) & (contacts < end)]
        if contact.size and offs.size:
            off = offs[np.argmin(np.abs(offs - start))]
            if off < contact[0]:
                out[i] = contact[0] - off
    return out


def onset_lags(exercise_set: ExerciseSet, motions: dict[Side, Motion]) -> dict[Side, FloatArray]:
    """Time by which the right side moves after the left one, ms, for pairs of simultaneous repetitions.

    The lag of greatest cross-correlation of |angular velocity| (of dynamic acceleration without a gyroscope),
    sub-sample by a parabola. It is held as zeros on the left and lags on the right, so that right minus left
    is the lag. NaN where repetitions alternate or do not pair.
    """
    lags = {side: np.full(len(exercise_set.reps[side]), np.nan) for side in motions}
    if exercise_set.kind is not Kind.SIMULTANEOUS or len(motions) < 2:
        return lags
    signals = {side: m.dynamic_norm if m.speed is None else m.speed for side, m in motions.items()}
    track = motions[Side.LEFT].track
    both_valid = motions[Side.LEFT].track.valid & motions[Side.RIGHT].track.valid
    for i, j in exercise_set.pairs:
        (a, b), (c, d) = exercise_set.reps[Side.LEFT][i], exercise_set.reps[Side.RIGHT][j]
        length = (b - a + d - c) / 2
        low, high = track.index(min(a, c)), track.index(max(b, d)) + 1
        reach = max(2, round(MAX_LAG * length * track.rate_hz))
        whole = slice(low - reach, high + reach)
        if low < reach or high + reach > len(track) or not both_valid[whole].all():
            continue
        shift = _best_shift(signals[Side.LEFT], signals[Side.RIGHT], low, high, reach)
        lags[Side.LEFT][i] = 0.0
        lags[Side.RIGHT][j] = 1000 * shift / track.rate_hz
    return lags


def _best_shift(left: FloatArray, right: FloatArray, low: int, high: int, reach: int) -> float:
    """Samples by which ``right`` comes after ``left`` around ``low`` to ``high``; NaN at the search's edge.

    Each side's window is slid over the other side and the two answers are averaged, so that swapping the
    sides negates the result. The correlation is normalised for every lag: otherwise what leaves the window
    pulls the answer towards zero.
    """
    there = _slide(left[low:high], right[low - reach : high + reach])
    back = _slide(right[low:high], left[low - reach : high + reach])
    return (there - back) / 2


def _slide(window: FloatArray, other: FloatArray) -> float:
    """Lag of greatest normalised correlation of a window along a longer signal, from its middle."""
    views = sliding_window_view(other, len(window))
    centred = window - window.mean()
    spread = views.std(axis=1) * len(window) + 1e-12
    correlation = (views @ centred) / spread
    at = int(np.argmax(correlation))
    if at in (0, len(correlation) - 1):
        return math.nan
    before, peak, after = correlation[at - 1 : at + 2]
    curve = before - 2 * peak + after
    return float(at - len(correlation) // 2 + (0.5 * (before - after) / curve if curve else 0.0))


def compare(
    measured: Sequence[MeasuredSet], settings: Settings, quality: Quality, *, set_index: int | None = None
) -> tuple[Metric, ...]:
    """One row per metric over all sets given."""
    groups = group_sets(measured)
    rows: list[tuple[MetricSpec, Estimate | None, str]] = []
    for entry in METRICS:
        if entry.optional and not any(entry.name in m.values for m in measured):
            continue
        found = None
        refused = _refusal(entry, measured, quality)
        if not refused:
            sets = [_set_values(entry, group) for group in groups]
            found = inference.estimate(sets, _remount_sd(entry, settings, sets), log=entry.ratio)
            if found is None:
                refused = "no repetition has a value on both sides"
        rows.append((entry, found, refused))
    adjusted = _adjust(rows)
    return tuple(
        _row(entry, found, refused, adjusted.get(entry.name), measured, quality, set_index)
        for entry, found, refused in rows
    )


def group_sets(measured: Sequence[MeasuredSet]) -> list[tuple[MeasuredSet, MeasuredSet]]:
    """What is compared with what: a set with itself, or the k-th left-only with the k-th right-only set."""
    both = [(m, m) for m in measured if m.exercise_set.kind not in (Kind.LEFT_ONLY, Kind.RIGHT_ONLY)]
    left = [m for m in measured if m.exercise_set.kind is Kind.LEFT_ONLY]
    right = [m for m in measured if m.exercise_set.kind is Kind.RIGHT_ONLY]
    return both + list(zip(left, right, strict=False))


def _set_values(entry: MetricSpec, group: tuple[MeasuredSet, MeasuredSet]) -> SetValues:
    empty = np.array([])
    left = group[0].values.get(entry.name, {}).get(Side.LEFT, empty)
    right = group[1].values.get(entry.name, {}).get(Side.RIGHT, empty)
    pairs = np.array(group[0].exercise_set.pairs if group[0] is group[1] else [], dtype=np.intp).reshape(
        -1, 2
    )
    paired = len(pairs) > 0
    if paired:
        left, right = left[pairs[:, 0]], right[pairs[:, 1]]
        good = _usable(left, entry) & _usable(right, entry)
        return SetValues(left[good], right[good], paired=True)
    return SetValues(left[_usable(left, entry)], right[_usable(right, entry)], paired=False)


def _usable(values: FloatArray, entry: MetricSpec) -> np.ndarray:
    return np.isfinite(values) & ((values > 0) | (not entry.ratio))


def _remount_sd(entry: MetricSpec, settings: Settings, sets: Sequence[SetValues]) -> float:
    if entry.timing:
        return 0.0
    sd = AMPLITUDE_REMOUNT_SD if settings.remount_sd is None else settings.remount_sd
    if entry.ratio:
        return sd
    # On the scale of the metric: the same share of what the sides show.
    everything = np.concatenate([np.r_[s.left, s.right] for s in sets] or [np.array([])])
    return sd * float(np.mean(everything)) if everything.size else 0.0


def _refusal(entry: MetricSpec, measured: Sequence[MeasuredSet], quality: Quality) -> str:
    """Why a metric is not assessable, or nothing."""
    sides = {Side.LEFT: quality.left, Side.RIGHT: quality.right}
    alone = [side for side, q in sides.items() if q is not None]
    if len(alone) == 1:
        return f"only the {alone[0]} side was recorded"
    if not measured:
        return "no repetitions were found"
    rate = min(q.rate_hz for q in sides.values() if q is not None)
    if rate < entry.min_rate_hz:
        return f"needs {entry.min_rate_hz:g} Hz or more, this recording has {rate:.0f} Hz"
    for side in Side:
        own = [m for m in measured if m.exercise_set.reps[side]]
        if not own:
            return f"the {side} side made no repetitions"
        if entry.signal == "time":
            continue
        values = [m.values.get(entry.name, {}).get(side) for m in own]
        if not any(v is not None and np.isfinite(v).any() for v in values):
            if entry.name == "onset_lag":
                return "the sides do not move at the same time"
            return (
                "no gyroscope"
                if entry.signal == "gyr" and all(m.levels[side]["gyr"] == 0 for m in own)
                else "too few samples in every repetition"
            )
        level = max(m.levels[side][entry.signal] for m in own)
        least = TIMES_FLOOR * NOISE_FLOOR[entry.signal]
        if level < least:
            unit = "deg/s" if entry.signal == "gyr" else "m/s2"
            return f"the {side} side hardly moved ({level:.2g} {unit}, at least {least:g} is needed)"
    return ""


def _blocked(entry: MetricSpec, measured: Sequence[MeasuredSet], quality: Quality) -> str:
    """Why a metric may be shown but not judged, or nothing."""
    if quality.grade == "poor":
        return "the data are poor: " + ", ".join(w.code for w in quality.warnings)
    if entry.signal == "time":
        return ""
    for side in Side:
        own = [m for m in measured if m.exercise_set.reps[side]]
        reps = np.mean([m.clipped_reps[side][entry.signal] for m in own]) if own else 0.0
        samples = np.mean([m.clipped_samples[side][entry.signal] for m in own]) if own else 0.0
        if (entry.name in PEAK_METRICS and reps > MAX_CLIPPED_REPS) or samples > MAX_CLIPPED_SAMPLES:
            return f"the {side} sensor reached its full scale"
    return ""


def _adjust(rows: Sequence[tuple[MetricSpec, Estimate | None, str]]) -> dict[str, float]:
    """Adjusted p: Holm over the primary metrics, Benjamini-Hochberg over the others."""
    out: dict[str, float] = {}
    for primary, adjust in ((True, inference.holm), (False, inference.benjamini_hochberg)):
        chosen = [(e.name, f.p) for e, f, _ in rows if f is not None and e.primary is primary]
        adjusted = adjust([p for _, p in chosen])
        out |= {name: p for (name, _), p in zip(chosen, adjusted, strict=True)}
    return out


def _row(
    entry: MetricSpec,
    found: Estimate | None,
    refused: str,
    p_adjusted: float | None,
    measured: Sequence[MeasuredSet],
    quality: Quality,
    set_index: int | None,
) -> Metric:
    if found is None or p_adjusted is None:
        return _refused_row(entry, refused, measured, set_index)
    alpha = inference.ALPHA if entry.primary else EXPLORATORY_Q
    verdict, grade = inference.decide(
        found, entry.delta, p_adjusted, alpha=alpha, min_effect=entry.min_effect
    )
    reason = _reason(entry, found, verdict, grade)
    blocked = _blocked(entry, measured, quality)
    if not blocked and entry.name == "onset_lag":
        blocked = _lag_suppressed(found, quality)
    if blocked:
        verdict, grade, reason = VerdictWord.INCONCLUSIVE, None, blocked
    low, high = found.interval()
    finite = math.isfinite(found.se)
    interval = (low, high) if finite else None
    row = Metric(
        name=entry.name,
        unit=entry.unit,
        primary=entry.primary,
        left=found.left,
        right=found.right,
        log_ratio=found.d if entry.ratio else None,
        difference=found.right - found.left,
        ci95=interval if entry.ratio else None,
        difference_ci95=None if entry.ratio else interval,
        index_percent=symmetry_index(found.d) if entry.ratio else None,
        delta=entry.delta,
        n=Count(found.sets, found.n_left, found.n_right),
        verdict=verdict,
        grade=grade,
        side=_side(found.d),
        scope=found.scope,
        p=found.p if finite else None,
        p_adjusted=p_adjusted if finite else None,
        mdc_percent=symmetry_index(found.mdc95) if entry.ratio and finite else None,
        reason=reason,
        set_index=set_index,
    )
    return replace(row, left=None, right=None) if entry.name == "onset_lag" else row


def _refused_row(
    entry: MetricSpec, refused: str, measured: Sequence[MeasuredSet], set_index: int | None
) -> Metric:
    """A row without comparison; a side that does have values still shows them."""
    typical: dict[Side, float | None] = {}
    counts = {}
    for side in Side:
        values = [m.values[entry.name][side] for m in measured if side in m.values.get(entry.name, {})]
        usable = [v[_usable(v, entry)] for v in values]
        usable = [v for v in usable if v.size]
        counts[side] = sum(len(v) for v in usable)
        mean = [float(np.exp(np.log(v).mean()) if entry.ratio else v.mean()) for v in usable]
        typical[side] = float(np.mean(mean)) if mean and entry.name != "onset_lag" else None
    return Metric(
        name=entry.name,
        unit=entry.unit,
        primary=entry.primary,
        left=typical[Side.LEFT],
        right=typical[Side.RIGHT],
        log_ratio=None,
        difference=None,
        ci95=None,
        difference_ci95=None,
        index_percent=None,
        delta=entry.delta,
        n=Count(len(measured), counts[Side.LEFT], counts[Side.RIGHT]),
        verdict=VerdictWord.NOT_ASSESSABLE,
        grade=None,
        side=None,
        scope="this_set" if set_index is not None or len(measured) < 3 else "recording",
        p=None,
        p_adjusted=None,
        mdc_percent=None,
        reason=refused,
        set_index=set_index,
    )


def _lag_suppressed(found: Estimate, quality: Quality) -> str:
    """Lags below two samples, or below the sync error, are not lags."""
    rate = min(q.rate_hz for q in (quality.left, quality.right) if q is not None)
    least = 1000 * max(2 / rate, quality.sync.error_s or 0.0)
    if abs(found.d) < least:
        return f"a lag below {least:.0f} ms cannot be told from sampling and sync"
    if quality.sync.error_s is None:
        return "the sync error between the sides is not known"
    return ""


def _reason(entry: MetricSpec, found: Estimate, verdict: VerdictWord, grade: str | None) -> str:
    few = min(found.n_left, found.n_right)
    if few < inference.MIN_REPS:
        return f"{few} repetitions on a side, at least {inference.MIN_REPS} are needed"
    margin = f"{100 * entry.delta:g} %" if entry.ratio else f"{entry.delta:g} {entry.unit}"
    where = "in this set" if found.scope == "this_set" else "over the sets"
    kind = "" if entry.primary else "exploratory: "
    if verdict is VerdictWord.BALANCED:
        return f"{kind}the 90 % interval lies within {margin} either way, {where}"
    if verdict is VerdictWord.ASYMMETRIC:
        size = {
            "mild": f"below {margin}",
            "moderate": f"{margin} or more",
            "marked": f"surely above {margin}",
        }
        return f"{kind}the difference is real {where}, {size[grade or 'mild']}"
    low, high = found.interval()
    if low <= 0 <= high:
        return f"{kind}the interval includes no difference, and does not lie within {margin}"
    return f"{kind}the interval excludes zero, but not once several metrics are looked at"


def _side(d: float) -> Side | None:
    return None if d == 0 else Side.RIGHT if d > 0 else Side.LEFT


def rep_values(measured: Sequence[MeasuredSet]) -> tuple[RepValues, ...]:
    """Every metric's value of every repetition, for figures and tables."""
    out = []
    for entry in METRICS:
        if entry.name == "onset_lag" or not any(entry.name in m.values for m in measured):
            continue
        rows: list[tuple[int, Side, int, int, float, float, bool]] = []
        for k, m in enumerate(measured):
            pairs = m.exercise_set.pairs
            pair_of = {
                Side.LEFT: {i: p for p, (i, _) in enumerate(pairs)},
                Side.RIGHT: {j: p for p, (_, j) in enumerate(pairs)},
            }
            for side, values in m.values.get(entry.name, {}).items():
                good = _usable(values, entry)
                for i, (start, end) in enumerate(m.exercise_set.reps[side]):
                    pair = pair_of[side].get(i, -1)
                    used = bool(good[i]) and (pair >= 0 or not pairs)
                    rows.append((k, side, i, pair, (start + end) / 2, float(values[i]), used))
        columns = list(zip(*rows, strict=True)) if rows else [()] * 7
        out.append(
            RepValues(
                metric=entry.name,
                unit=entry.unit,
                set_index=np.array(columns[0], dtype=np.intp),
                side=tuple(columns[1]),
                rep_index=np.array(columns[2], dtype=np.intp),
                pair=np.array(columns[3], dtype=np.intp),
                time_s=np.array(columns[4], dtype=np.float64),
                value=np.array(columns[5], dtype=np.float64),
                used=np.array(columns[6], dtype=bool),
            )
        )
    return tuple(out)
