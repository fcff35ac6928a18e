# ruff: noqa: E501 - prose of the page it is part of
"""The live comparison held against the analysis of the whole recording, and what a look at it costs.

Part of `benchmarks.performance`. Data: `sensing.simulate`, fed in pieces of half a second, looked at once a second.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from analysis import analyse
from analysis.results import Analysis
from analysis.streaming import MAX_SETS, LiveEstimate
from benchmarks.pages import met, percent, table
from sensing.events import Samples
from sensing.recording import FloatArray, Recording, Side
from sensing.simulate import Simulation, simulate

CHUNK_S = 0.5
METRICS = ("angle_travelled", "peak_angular_velocity", "movement_activation")
WITHIN = 0.02


@dataclass(frozen=True)
class Agreement:
    """Completed repetitions of one recording: how many, and how far live values of each metric are off."""

    whole: int
    live: int
    off: dict[str, FloatArray]


def pieces(recording: Recording) -> Iterator[Samples]:
    """All samples in pieces, sides in turn."""
    for start in np.arange(recording.start_s, recording.end_s, CHUNK_S):
        for stream in recording.streams():
            a, b = np.searchsorted(stream.time_s, [start, start + CHUNK_S])
            if b > a:
                gyr = None if stream.gyr is None else stream.gyr[a:b]
                time_s = stream.time_s[a:b]
                yield Samples(stream.side, time_s, time_s, stream.acc[a:b], gyr)


def feed(recording: Recording) -> Iterator[tuple[float, LiveEstimate]]:
    """Processor seconds that each look takes, and the estimate after it."""
    estimate = LiveEstimate(exercise=recording.exercise, placement=recording.placement)
    for samples in pieces(recording):
        estimate.add(samples)
        if estimate.due:
            start = time.process_time()
            estimate.update()
            yield time.process_time() - start, estimate


def agreement(recording: Recording) -> Agreement:
    """Every live repetition against the one of the whole recording's analysis at the same time."""
    *_, (_, estimate) = feed(recording)
    whole = analyse(recording)
    off = {
        metric: np.concatenate([_off(whole, estimate, metric, side) for side in Side]) for metric in METRICS
    }
    count = sum(len(reps) for one in whole.sets for reps in one.reps.values())
    return Agreement(count, sum(estimate.result.reps.values()), off)


def _off(whole: Analysis, estimate: LiveEstimate, metric: str, side: Side) -> FloatArray:
    """Relative differences of live values from those of the nearest repetition of the whole."""
    found = next(values for values in whole.rep_values if values.metric == metric)
    own = np.array([each is side for each in found.side])
    middles = np.array([np.mean(rep) for one in estimate.sets for rep in one.exercise_set.reps[side]])
    if not own.any() or not len(middles):
        return np.empty(0)
    values = np.concatenate([one.values[metric][side] for one in estimate.sets])
    nearest = np.abs(found.time_s[own][:, None] - middles[None, :]).argmin(axis=0)
    return np.asarray(np.abs(values / found.value[own][nearest] - 1))


def section(quick: bool) -> str:
    """The page's part."""
    athletes = 1 if quick else 2
    rows, beyond = [], []
    for exercise in ("squat",) if quick else ("squat", "curl", "row", "run", "tennis"):
        found = [
            agreement(simulate(Simulation(exercise=exercise, seed=seed)).recording)
            for seed in range(athletes)
        ]
        counts = f"{sum(one.live for one in found)} of {sum(one.whole for one in found)}"
        for metric in METRICS:
            off = np.concatenate([one.off[metric] for one in found])
            within = float(np.mean(off <= WITHIN))
            beyond += [f"{metric} in {exercise}"] if within < 0.95 else []
            rows.append(
                (
                    exercise,
                    counts,
                    metric,
                    percent(np.median(off)),
                    percent(np.quantile(off, 0.95)),
                    percent(within),
                )
            )
    costs = growth(4 if quick else MAX_SETS + 30)
    return (
        f"Data: {athletes} simulated athletes each, fed in pieces of {CHUNK_S} s and looked at once a second; every completed repetition against the analysis of the whole recording. Not completed are repetitions that end less than a period before the data does.\n\n"
        + table(
            "exercise | repetitions, live of all | metric | median off | 95th percentile off | within 2 %",
            rows,
        )
        + f"\n\nAsked: 95 in 100 within 2 % ({met(not beyond)}{': ' if beyond else ''}{', '.join(beyond)}). The answer after the recording is that of the whole.\n\n"
        + f"Short sets of squats, one after another: beyond the latest {MAX_SETS} sets nothing more is kept.\n\n"
        + table(
            "minute | sets so far | a look takes, ms of processor | memory held, MB",
            [(m, sets, f"{1e3 * s:.0f}", f"{b / 1e6:.2f}") for m, sets, s, b in costs],
        )
    )


def growth(sets: int) -> list[tuple[int, int, float, int]]:
    """Some minutes: sets until then, the median look in them, s, and the bytes that are held."""
    simulated = simulate(Simulation(sets=sets, reps=4, rest_s=10.0, seed=1))
    recording = replace(simulated.recording, exercise="squat")
    ends = [end for _, end in simulated.truth.sets]
    looks = [seconds for seconds, _ in feed(recording)]
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    held = [tracemalloc.get_traced_memory()[0] - before for _ in _fed_only(recording)]
    tracemalloc.stop()
    minutes = range(0, len(looks) // 60, max(1, len(looks) // 60 // 8))
    return [
        (
            m + 1,
            sum(end <= 60 * (m + 1) for end in ends),
            float(np.median(looks[60 * m : 60 * m + 60])),
            held[min(60 * m + 59, len(held) - 1)],
        )
        for m in minutes
    ]


def _fed_only(recording: Recording) -> Iterator[None]:
    """As `feed`, with a look every half minute: tracing memory is slow."""
    estimate = LiveEstimate(exercise=recording.exercise, placement=recording.placement)
    for number, samples in enumerate(pieces(recording)):
        estimate.add(samples)
        if number % 120 == 0:
            estimate.update()
        if number % 4 == 0:
            yield
