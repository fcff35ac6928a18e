"""Fatigue: how velocity, smoothness and the difference between the sides change over a set and a session."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from analysis import kernels
from analysis.body_results import Fatigue, SetFatigue, SideFatigue, Trend
from analysis.frames import Motion, norm
from analysis.inference import lag1_correlation, t_quantile
from analysis.kernels import Spans
from analysis.metrics.smoothness import ldlj_a, sparc
from analysis.metrics.spans import masked_max
from analysis.results import ExerciseSet
from sensing.recording import FloatArray, Side

BANDS: Final = ((20.0, "under_20"), (40.0, "20_to_40"), (math.inf, "over_40"))
"""Velocity loss below each number, percent, and what it is called: little, some, and much fatigue (after
Pareja-Blanco et al. 2017; Weakley et al. 2021)."""

SMOOTHING_S: Final = 0.1
"""Angular velocity is averaged over this, s."""

MIN_REPS: Final = 4
"""Fewer repetitions have no trend."""

MIN_SETS: Final = 3
"""From so many sets on they are the unit, not repetitions."""


SideValues = tuple[FloatArray, FloatArray, FloatArray]
"""Velocity, SPARC and LDLJ-A of one side's repetitions in a set."""


def fatigue_values(
    sets: Sequence[ExerciseSet], motions: dict[Side, Motion]
) -> list[dict[Side, SideValues] | None]:
    """What fatigue is told by, set by set; None for strides and strokes: their pace is chosen one by one."""
    counted = [one for one in sets if _has_repetitions(one)]
    own = {side: iter(_per_set(counted, side, motion)) for side, motion in motions.items()}
    return [
        {side: next(values) for side, values in own.items()} if _has_repetitions(one) else None
        for one in sets
    ]


def measure_fatigue(
    sets: Sequence[ExerciseSet], measured: Sequence[dict[Side, SideValues] | None]
) -> Fatigue | None:
    """Signs of fatigue in every set of repetitions, and from set to set.

    Parameters
    ----------
    sets : sequence of ExerciseSet
        The sets.
    measured : sequence of dict or None
        Their `fatigue_values`.

    Returns
    -------
    Fatigue or None
        None where there is no set of repetitions, or no gyroscope.

    Notes
    -----
    Velocity is the peak angular velocity of a repetition, so that a pause is no loss. A band is given only
    where a line through all repetitions falls, its 95 % interval below zero: the last of eight repetitions
    that vary by 10 % lies 13 % below the best of them by chance alone, and over 20 % in 23 % of sets.
    """
    counted = [
        (k, s, values) for k, (s, values) in enumerate(zip(sets, measured, strict=True)) if values is not None
    ]
    sides = {side for _, _, values in counted for side in values}
    if all(np.isnan(values[side][0]).all() for _, _, values in counted for side in values):
        return None
    speeds = {side: [values[side][0] for _, _, values in counted] for side in Side if side in sides}
    pairs = [_pair_ratios(s, {side: own[0] for side, own in values.items()}) for _, s, values in counted]
    means = [float(np.nanmean(d)) for d in pairs if np.isfinite(d).any()]
    overall = float(np.mean(means)) if means else 0.0
    sign = math.copysign(1.0, overall)
    lines = [trend(sign * d) for d in pairs]

    def of_side(side: Side, j: int) -> SideFatigue | None:
        values = counted[j][2]
        return _side_fatigue(*values[side]) if side in values else None

    return Fatigue(
        sets=tuple(
            SetFatigue(k, of_side(Side.LEFT, j), of_side(Side.RIGHT, j), lines[j])
            for j, (k, _, _) in enumerate(counted)
        ),
        side=None if overall == 0 else Side.RIGHT if overall > 0 else Side.LEFT,
        asymmetry_in_sets=over_sets([line for line in lines if line is not None]),
        asymmetry_over_sets=trend(sign * np.array(means)),
        session_loss_percent={
            side: loss for side, own in speeds.items() if (loss := _session_loss(own)) is not None
        },
    )


def peak_speed(motion: Motion, spans: Spans) -> FloatArray:
    """Greatest |angular velocity| of each span after a mean over 0.1 s, deg/s, 0 and up.

    The mean takes tremor off, which would otherwise count as speed. NaN without a gyroscope, or where too
    much is missing. Low where the sensor clips.
    """
    track = motion.track
    if track.gyr is None:
        return np.full(len(spans), np.nan)
    width = max(1, round(SMOOTHING_S * track.rate_hz))
    return masked_max(norm(kernels.running_mean(track.gyr, width)), track.valid, spans)


def velocity_loss(speed: FloatArray) -> float | None:
    """Velocity loss of a set, (best - last) / best, percent, 0 to 100; None for fewer than two repetitions.

    Sanchez-Medina and Gonzalez-Badillo 2011. High by chance where repetitions vary much.
    """
    known = speed[np.isfinite(speed)]
    if len(known) < 2 or known.max() <= 0:
        return None
    return float(100 * (known.max() - known[-1]) / known.max())


def trend(values: FloatArray) -> Trend | None:
    """Least-squares line through the values of a set in their order; None for fewer than `MIN_REPS`.

    Values that are missing (NaN) keep their place. The interval allows for correlated neighbours as the
    interval of a set's mean does: variance times (1 + r) / (1 - r), with r at least 0.4 up to 20 values.
    """
    place = np.flatnonzero(np.isfinite(values))
    n = len(place)
    if n < MIN_REPS:
        return None
    x = place / (len(values) - 1) - (place / (len(values) - 1)).mean()
    y = values[place]
    spread = float(x @ x)
    slope = float(x @ y) / spread
    residual = y - y.mean() - slope * x
    r = lag1_correlation(residual)
    se = math.sqrt(float(residual @ residual) / (n - 2) / spread * (1 + r) / (1 - r))
    half = t_quantile(0.975, n - 2) * se
    first = float(y.mean() + slope * (x[0] - place[0] / (len(values) - 1)))
    return Trend(first, first + slope, slope, (slope - half, slope + half))


def over_sets(lines: Sequence[Trend]) -> Trend | None:
    """The mean line of several sets; the sets are the unit from three on, else the one or two lines are."""
    if not lines:
        return None
    first, last = (float(np.mean([getattr(line, end) for line in lines])) for end in ("first", "last"))
    change, k = last - first, len(lines)
    if k >= MIN_SETS:
        scatter = float(np.std([line.change for line in lines], ddof=1))
        half = t_quantile(0.975, k - 1) * scatter / math.sqrt(k)
    else:
        half = math.hypot(*(line.ci95[1] - line.change for line in lines)) / k
    return Trend(first, last, change, (change - half, change + half))


def _has_repetitions(exercise_set: ExerciseSet) -> bool:
    return not any(events.contact_s or events.strokes for events in exercise_set.events.values())


def _per_set(sets: Sequence[ExerciseSet], side: Side, motion: Motion) -> list[SideValues]:
    """Velocity, SPARC and LDLJ-A of one side's repetitions, set by set."""
    track = motion.track
    spans = track.spans([rep for s in sets for rep in s.reps[side]])
    cuts = np.cumsum([len(s.reps[side]) for s in sets])[:-1].astype(np.intp)
    columns = (np.split(f(motion, spans), cuts) for f in (peak_speed, sparc, ldlj_a))
    return list(zip(*columns, strict=True))


def _side_fatigue(speed: FloatArray, smooth: FloatArray, smooth_acc: FloatArray) -> SideFatigue | None:
    loss = velocity_loss(speed)
    if loss is None:
        return None
    with np.errstate(divide="ignore"):
        line = trend(np.where(speed > 0, np.log(speed), np.nan))
    band = None if line is None else "none"
    if line is not None and line.falls:
        band = next(name for below, name in BANDS if loss < below)
    return SideFatigue(loss, band, line, trend(smooth), trend(smooth_acc))


def _pair_ratios(exercise_set: ExerciseSet, speed: dict[Side, FloatArray]) -> FloatArray:
    """ln(right / left) of the velocity of every pair of repetitions; NaN where a side has no value."""
    if len(speed) < len(Side):
        return np.empty(0)
    pairs = np.array(exercise_set.pairs, dtype=np.intp).reshape(-1, 2)
    left, right = speed[Side.LEFT][pairs[:, 0]], speed[Side.RIGHT][pairs[:, 1]]
    with np.errstate(divide="ignore", invalid="ignore"):
        d = np.log(right / left)
    return np.where(np.isfinite(d), d, np.nan)


def _session_loss(speeds: Sequence[FloatArray]) -> float | None:
    """Velocity loss from the best to the last set."""
    means = [float(np.nanmean(speed)) for speed in speeds if np.isfinite(speed).any()]
    return velocity_loss(np.array(means))
