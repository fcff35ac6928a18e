"""The mean repetition of each side, and where in the repetition the sides differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from analysis import kernels
from analysis.comparison import group_sets
from analysis.frames import Motion
from analysis.inference import ALPHA, CORRELATION_FLOOR, MIN_REPS
from analysis.kernels import POINTS
from analysis.measurement import MeasuredSet
from analysis.metrics.spans import complete, seconds
from analysis.results import Metric, VerdictWord, Waveform
from sensing.recording import FloatArray, Interval, Side

SIGNALS: Final = (
    ("turning speed", "deg/s", "angle_travelled"),
    ("dynamic acceleration", "m/s2", "movement_activation"),
)
"""Name and unit of each signal, and the metric whose gates and mounting error it shares."""

FLIPS: Final = 999
"""Random changes of sign behind the threshold; their seed is fixed, so that the same data say the same."""

MOST_PAIRS: Final = 400
"""Repetitions that enter the test, evenly spread: more change nothing but the time it takes."""

SHORTEST: Final = 3
"""Points (percent) that a stretch needs at least, and the longest break that is bridged within one."""


Shapes = dict[str, dict[Side, FloatArray]]
"""Every repetition of a set by signal and side, (r, 101); NaN where it is too short or part is missing."""


def shapes_of(measured: Sequence[MeasuredSet], motions: dict[Side, Motion]) -> list[Shapes]:
    """Time-normalised repetitions, set by set."""
    stretched = {side: _stretched(measured, side, motion) for side, motion in motions.items()}
    return [
        {name: {side: stretched[side][name][k] for side in motions} for name, _, _ in SIGNALS}
        for k in range(len(measured))
    ]


def mean_waveforms(
    measured: Sequence[MeasuredSet], shapes_by_set: Sequence[Shapes], metrics: Sequence[Metric]
) -> tuple[Waveform, ...]:
    """Time-normalised mean and SD of turning speed and dynamic acceleration over all whole repetitions.

    Parameters
    ----------
    measured : sequence of MeasuredSet
        The sets.
    shapes_by_set : sequence of Shapes
        Their `shapes_of`.
    metrics : sequence of Metric
        Rows of the whole recording: where the metric behind a signal must not be judged, neither is the
        signal.
    """
    out = []
    for name, unit, metric in SIGNALS:
        sides = [side for side in Side if any(side in own[name] for own in shapes_by_set)]
        shapes = {side: [own[name][side] for own in shapes_by_set] for side in sides}
        whole = {side: _whole(np.concatenate(own)) for side, own in shapes.items() if own}
        if not any(len(shape) for shape in whole.values()):
            continue
        mean = {side: s.mean(axis=0) for side, s in whole.items() if len(s)}
        sd = {side: s.std(axis=0, ddof=1) for side, s in whole.items() if len(s) > 1}
        row = next((row for row in metrics if row.name == metric), None)
        out.append(
            Waveform(
                name=name,
                unit=unit,
                left_mean=mean.get(Side.LEFT),
                left_sd=sd.get(Side.LEFT),
                right_mean=mean.get(Side.RIGHT),
                right_sd=sd.get(Side.RIGHT),
                left_n=len(whole.get(Side.LEFT, ())),
                right_n=len(whole.get(Side.RIGHT, ())),
                differs=_differs(measured, shapes, row),
            )
        )
    return tuple(out)


def _stretched(measured: Sequence[MeasuredSet], side: Side, motion: Motion) -> dict[str, list[FloatArray]]:
    """Every repetition of each signal, (r, 101), set by set; NaN where it is too short or part is missing."""
    track = motion.track
    reps = [one.exercise_set.reps.get(side, ()) for one in measured]
    cuts = np.cumsum([len(own) for own in reps])[:-1].astype(np.intp)
    spans = track.spans([rep for own in reps for rep in own])
    good = complete(track.valid, spans) & (seconds(spans, 1.0) > 2)
    out = {}
    for name, unit, _ in SIGNALS:
        shapes = np.full((len(spans), POINTS), np.nan)
        values = motion.speed if unit == "deg/s" else motion.dynamic_norm
        if values is not None and good.any():
            shapes[good] = kernels.normalise_time(values, spans[good])
        out[name] = np.split(shapes, cuts) if measured else []
    return out


def _whole(shapes: FloatArray) -> FloatArray:
    return shapes[np.isfinite(shapes).all(axis=1)]


def _differs(
    measured: Sequence[MeasuredSet], shapes: dict[Side, list[FloatArray]], row: Metric | None
) -> tuple[Interval, ...]:
    """Where the sides differ, from pairs of repetitions of every set that has both sides."""
    if row is None or row.blocked or row.verdict is VerdictWord.NOT_ASSESSABLE or len(shapes) < 2:
        return ()
    order = {id(one): k for k, one in enumerate(measured)}
    gain = np.exp((row.sensor_gain or 0.0) / 2)
    pairs = []
    for first, second in group_sets(measured):
        left = shapes[Side.LEFT][order[id(first)]] * gain
        right = shapes[Side.RIGHT][order[id(second)]] / gain
        if first is second and len(first.pairs):
            left, right = left[first.pairs[:, 0]], right[first.pairs[:, 1]]
        count = min(len(left), len(right))
        pair = np.stack([left[:count], right[:count]])
        pairs.append(pair[:, np.isfinite(pair).all(axis=(0, 2))])
    return where_sides_differ(pairs, row.remount_sd or 0.0, row.sensor_gain_se or 0.0)


def where_sides_differ(
    pairs: Sequence[FloatArray], remount_sd: float, gain_se: float = 0.0
) -> tuple[Interval, ...]:
    """Stretches of the repetition in which the mean left and right repetition differ.

    Parameters
    ----------
    pairs : sequence of (2, n, 101) float array
        Left and right repetitions that go together, one array per set.
    remount_sd, gain_se : float
        What mounting and the sensors themselves may do to ln(right / left).

    Returns
    -------
    tuple of (start, end)
        Percent of the repetition; empty with fewer than 6 pairs.

    Notes
    -----
    By chance, some stretch is marked anywhere in at most 5 % of recordings: the mean difference over its
    standard error must exceed what the largest of all 101 points reaches when the sign of each pair's
    difference is left to chance (Nichols and Holmes 2002). The standard error is that of the repetitions, or
    of the sets where there are three and they scatter more (with fewer sets it is widened for the correlation
    of successive repetitions, as in `inference.estimate`), and has in it what mounting may do, as a share of
    the signal: a constant factor is then no difference.
    """
    used = [pair for pair in pairs if pair.shape[1]]
    every = np.concatenate(used, axis=1) if used else np.empty((2, 0, POINTS))
    if every.shape[1] < MIN_REPS:
        return ()
    differences = every[1] - every[0]
    variance = differences.var(axis=0, ddof=1) / len(differences)
    if len(used) >= 3:
        of_sets = np.array([(pair[1] - pair[0]).mean(axis=0) for pair in used])
        variance = np.maximum(variance, of_sets.var(axis=0, ddof=1) / len(of_sets))
    else:
        variance *= (1 + CORRELATION_FLOOR) / (1 - CORRELATION_FLOOR)
    level = every.mean(axis=(0, 1))
    common = (remount_sd**2 + gain_se**2) * np.maximum(level, level.mean()) ** 2
    size = np.abs(differences.mean(axis=0)) / np.sqrt(np.maximum(variance + common, 1e-24))
    return _stretches(size > _threshold(differences))


def _threshold(differences: FloatArray) -> float:
    """Largest of all points' t under random signs, exceeded in `ALPHA` of the draws."""
    count = min(len(differences), MOST_PAIRS)
    chosen = differences[np.linspace(0, len(differences) - 1, count).round().astype(np.intp)]
    signs = np.random.default_rng(0).choice((-1.0, 1.0), (FLIPS, count))
    # Products so small that BLAS starts no threads: those go on waiting for many times as long as it takes.
    means = (signs.reshape(-1, 3, count) @ chosen).reshape(FLIPS, -1) / count
    spread = np.maximum((chosen**2).mean(axis=0) - means**2, 1e-24) / (count - 1)
    largest = (np.abs(means) / np.sqrt(spread)).max(axis=1)
    return float(np.quantile(largest, 1 - ALPHA, method="higher"))


def _stretches(differs: np.ndarray) -> tuple[Interval, ...]:
    """Runs of points, short breaks bridged and short runs left out, in percent."""
    places = np.flatnonzero(differs)
    if not len(places):
        return ()
    cuts = np.flatnonzero(np.diff(places) > SHORTEST)
    runs = np.split(places, cuts + 1)
    percent = 100 / (len(differs) - 1)
    return tuple(
        (float(run[0] * percent), float(run[-1] * percent))
        for run in runs
        if run[-1] - run[0] + 1 >= SHORTEST
    )
