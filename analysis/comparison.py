"""From sets and metrics to rows: left against right, with interval and verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from analysis import inference
from analysis.inference import Estimate, SetValues
from analysis.measurement import MeasuredSet
from analysis.metrics import AMPLITUDE_REMOUNT_SD, METRICS, MetricSpec
from analysis.own_error import NOTHING_MEASURED, OwnError
from analysis.quality import DAMNING, GATES
from analysis.results import Count, Kind, Metric, Quality, RepValues, VerdictWord
from analysis.settings import Settings
from analysis.symmetry import symmetry_index
from sensing.recording import FloatArray, Side

NOISE_FLOOR: Final = {"gyr": 2.0, "acc": 0.1}
"""Movement that a sensor on a standing person reads: mean |angular velocity|, deg/s, and VeDBA, m/s2."""

TIMES_FLOOR: Final = 3.0
"""A side that moves less than this many times the noise floor is not assessable."""

MAX_CLIPPED_REPS: Final = 0.05
"""Peaks are not judged if more than this share of a side's repetitions reach full scale."""

MAX_CLIPPED_SAMPLES: Final = 0.01
"""Nor are sums and means, if more than this share of their samples do."""

POOR: Final = {gate.code for gate in GATES if gate.grade == "poor"} | DAMNING
"""Gates that block every verdict."""

PEAK_METRICS: Final = ("peak_angular_velocity", "peak_acceleration", "impact_peak", "impact_load")


def compare(
    measured: Sequence[MeasuredSet],
    settings: Settings,
    quality: Quality,
    *,
    own: OwnError = NOTHING_MEASURED,
    set_index: int | None = None,
) -> tuple[Metric, ...]:
    """One row per metric over all sets given; ``own`` is what is used of the athlete's own error."""
    groups = group_sets(measured)
    levels = _usual_levels(measured)
    rows: list[tuple[MetricSpec, Estimate | None, str]] = []
    for entry in METRICS:
        if entry.optional and not any(entry.name in m.values for m in measured):
            continue
        found = None
        refused = _refusal(entry, measured, levels, quality)
        if not refused:
            sets = [_set_values(entry, group) for group in groups]
            found = _estimate(entry, settings, own, sets)
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
    pairs = group[0].pairs
    if group[0] is group[1] and len(pairs):
        left, right = left[pairs[:, 0]], right[pairs[:, 1]]
        good = _usable(left, entry) & _usable(right, entry)
        return SetValues(left[good], right[good], paired=True)
    return SetValues(left[_usable(left, entry)], right[_usable(right, entry)], paired=False)


def _usable(values: FloatArray, entry: MetricSpec) -> np.ndarray:
    return np.isfinite(values) & ((values > 0) | (not entry.ratio))


def _estimate(
    entry: MetricSpec, settings: Settings, own: OwnError, sets: Sequence[SetValues]
) -> Estimate | None:
    study = own.study(entry.name)
    if study is None or not entry.ratio:
        found = inference.estimate(sets, _remount_sd(entry, settings, sets), log=entry.ratio)
    else:
        found = inference.estimate(sets, study.used_sd, remount_df=study.used_df)
    gain = own.gain(entry.name)
    if found is None or gain is None or not entry.ratio:
        return found
    return found.without_gain(gain.log_gain, gain.se, gain.df)


def _remount_sd(entry: MetricSpec, settings: Settings, sets: Sequence[SetValues]) -> float:
    if entry.timing:
        return 0.0
    sd = AMPLITUDE_REMOUNT_SD if settings.remount_sd is None else settings.remount_sd
    if entry.ratio:
        return sd
    # On the scale of the metric: the same share of what the sides show.
    sizes = [s.left.mean() + s.right.mean() for s in sets if s.left.size and s.right.size]
    return sd * float(np.mean(sizes)) / 2 if sizes else 0.0


def _usual_levels(measured: Sequence[MeasuredSet]) -> dict[tuple[Side, str], float]:
    """Usual movement of each side in the set in which it moves most, by signal."""
    return {
        (side, signal): max(
            (_median(m.facts[side].level[signal]) for m in measured if m.exercise_set.reps[side]), default=0.0
        )
        for side in Side
        for signal in NOISE_FLOOR
    }


def _refusal(
    entry: MetricSpec,
    measured: Sequence[MeasuredSet],
    levels: dict[tuple[Side, str], float],
    quality: Quality,
) -> str:
    """Why a metric is not assessable, or nothing."""
    sides = {Side.LEFT: quality.left, Side.RIGHT: quality.right}
    alone = [side for side, q in sides.items() if q is not None]
    if len(alone) == 1:
        return f"only the {alone[0]} side was recorded"
    if not measured:
        return "no repetitions were found"
    if entry.steps_only and quality.has("no_foot_swing"):
        return "the sensors never swing as feet do in steps"
    rate = min(q.new_hz or q.rate_hz for q in sides.values() if q is not None)
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
                if entry.signal == "gyr" and all(not m.facts[side].level["gyr"].any() for m in own)
                else "too few samples in every repetition"
            )
        level = levels[side, entry.signal]
        least = TIMES_FLOOR * NOISE_FLOOR[entry.signal]
        if level < least:
            unit = "deg/s" if entry.signal == "gyr" else "m/s2"
            return f"the {side} side hardly moved ({level:.2g} {unit}, at least {least:g} is needed)"
    return ""


def _median(values: FloatArray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else 0.0


def _blocked(entry: MetricSpec, measured: Sequence[MeasuredSet], quality: Quality) -> str:
    """Why a metric may be shown but not judged, or nothing."""
    if quality.grade == "poor":
        return "the data are poor: " + ", ".join(w.message for w in quality.warnings if w.code in POOR)
    if entry.signal == "time":
        return ""
    for side in Side:
        own = [m for m in measured if m.exercise_set.reps[side]]
        clipped = np.concatenate([m.facts[side].clipped[entry.signal] for m in own] or [np.array([])])
        samples = np.concatenate([m.facts[side].samples for m in own] or [np.array([])])
        reps_share = float(np.mean(clipped > 0)) if clipped.size else 0.0
        samples_share = float(clipped.sum() / max(samples.sum(), 1))
        peaks_cut = entry.name in PEAK_METRICS and reps_share > MAX_CLIPPED_REPS
        if peaks_cut or samples_share > MAX_CLIPPED_SAMPLES:
            return f"the {side} sensor reached its full scale"
    return ""


def _adjust(rows: Sequence[tuple[MetricSpec, Estimate | None, str]]) -> dict[str, float]:
    """Adjusted p: Holm over the primary metrics, Benjamini-Hochberg over the others.

    Weight times angle is the primary angle once more, so it is not one look more.
    """
    out = {e.name: f.p for e, f, _ in rows if f is not None and e.load_only}
    for primary, adjust in ((True, inference.holm), (False, inference.benjamini_hochberg)):
        chosen = [(e.name, f.p) for e, f, _ in rows if f and e.primary is primary and not e.load_only]
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
    alpha = inference.ALPHA if entry.primary else inference.EXPLORATORY_Q
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
        blocked=bool(blocked),
        se=found.se if finite else None,
        df=found.df if finite else None,
        remount_sd=found.remount_sd if finite else None,
        remount_df=found.remount_df if math.isfinite(found.remount_df) else None,
        sensor_gain=found.gain if found.gain_se else None,
        sensor_gain_se=found.gain_se or None,
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
            "marked": f"very likely above {margin}",
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
