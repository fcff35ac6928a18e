"""The live comparison: what it counts and measures is what the whole recording's analysis says."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from analysis import analyse, streaming
from analysis.results import Analysis
from analysis.streaming import LiveEstimate
from sensing import open_recording
from sensing.events import LinkEvent, Samples, State
from sensing.recording import FloatArray, Recording, Side, Stream, gaps_from_times
from sensing.simulate import Simulation, simulate

RECORDINGS = Path(__file__).parents[2] / "recordings"
PRIMARIES = ("angle_travelled", "peak_angular_velocity")
CHUNK_S = 0.5


def batches(recording: Recording) -> list[Samples]:
    """All samples in pieces of half a second, sides in turn."""
    pieces = []
    for start in np.arange(recording.start_s, recording.end_s, CHUNK_S):
        for stream in recording.streams():
            a, b = np.searchsorted(stream.time_s, [start, start + CHUNK_S])
            if b > a:
                gyr = None if stream.gyr is None else stream.gyr[a:b]
                time_s = stream.time_s[a:b]
                pieces.append(Samples(stream.side, time_s, time_s, stream.acc[a:b], gyr))
    return pieces


def live(recording: Recording, every_s: float = 6.0) -> tuple[LiveEstimate, list[streaming.LiveResult]]:
    """Everything fed, with a look at the window every few seconds to be quick."""
    estimate = LiveEstimate(
        [stream.side for stream in recording.streams()],
        exercise=recording.exercise,
        placement=recording.placement,
    )
    results, last_s = [], -math.inf
    for samples in batches(recording):
        estimate.add(samples)
        if samples.time_s[-1] - last_s >= every_s:
            last_s = samples.time_s[-1]
            results.append(estimate.update())
    return estimate, [*results, estimate.update()]


@cache
def sample(name: str) -> Recording:
    if name in ("squat", "curl", "tennis"):
        return simulate(Simulation(exercise=name, seed=5)).recording
    return open_recording(RECORDINGS / name.removeprefix("recordings/"))


def of_side(analysis: Analysis, metric: str, side: Side) -> tuple[FloatArray, FloatArray]:
    """Middles and values of a side's repetitions."""
    found = next(values for values in analysis.rep_values if values.metric == metric)
    own = np.array([each is side for each in found.side])
    return found.time_s[own], found.value[own]


@cache
def lived(name: str) -> tuple[LiveEstimate, list[streaming.LiveResult]]:
    return live(sample(name))


SAMPLES = ("squat", "curl", "tennis", "recordings/squat", "recordings/run", "recordings/tennis_forehand")


@pytest.mark.parametrize("name", SAMPLES)
def test_completed_repetitions_agree_with_the_whole_recordings_analysis(name: str) -> None:
    recording = sample(name)
    whole = analyse(recording)
    estimate, results = lived(name)
    assert results[-1].sets == len(whole.sets)
    for side in Side:
        assert results[-1].reps[side] == sum(len(one.reps[side]) for one in whole.sets)
        for metric in PRIMARIES:
            time_s, value = of_side(whole, metric, side)
            own = np.concatenate([one.values[metric][side] for one in estimate.sets])
            middles = [np.mean(rep) for one in estimate.sets for rep in one.exercise_set.reps[side]]
            assert np.allclose(middles, time_s, atol=0.1)
            assert np.allclose(own, value, rtol=0.02)
    row = whole.metric(results[-1].metric)
    assert results[-1].index_percent == pytest.approx(row.index_percent, abs=0.5)
    assert [one.exercise_set.kind for one in estimate.sets] == [one.kind for one in whole.sets]


@pytest.mark.parametrize("name", ["squat", "curl"])
def test_counts_only_grow_and_no_repetition_is_counted_twice(name: str) -> None:
    estimate, results = lived(name)
    for side in Side:
        counts = [result.reps[side] for result in results]
        assert counts == sorted(counts)
        spans = [rep for one in estimate.sets for rep in one.exercise_set.reps[side]]
        assert all(b[0] > a[1] - 0.3 * (a[1] - a[0]) for a, b in pairwise(spans))


def test_the_index_holds_for_the_last_set_until_there_are_three() -> None:
    _, results = lived("recordings/squat")
    assert results[0].index_percent is None and results[0].ci95_percent is None
    told = [result for result in results if result.ci95_percent is not None]
    assert all(low < result.index_percent < high for result in told for low, high in [result.ci95_percent])
    assert {result.scope for result in told if result.sets < 3} == {"this_set"}
    assert {result.scope for result in told if result.sets >= 3} == {"recording"}


def test_what_the_end_cuts_off_counts_once_nothing_follows() -> None:
    recording = sample("recordings/squat")
    end_s = analyse(recording).sets[-1].reps[Side.LEFT][-1][1] + 0.3
    estimate = LiveEstimate(exercise="squat")
    for samples in batches(recording):
        if samples.time_s[-1] < end_s:
            estimate.add(samples)
            if estimate.due:
                estimate.update()
    assert estimate.update().reps == dict.fromkeys(Side, 23)
    for side in Side:
        estimate.add(LinkEvent(side, end_s, State.STOPPED))
    assert estimate.due
    assert estimate.update().reps == dict.fromkeys(Side, 24)


def test_swapped_sides_turn_the_index_round() -> None:
    recording = sample("recordings/tennis_forehand")

    def other(stream: Stream) -> Stream:
        return Stream(stream.side.other, stream.time_s, stream.acc, stream.gyr, stream.rate_hz)

    swapped = Recording(
        left=other(recording.right),
        right=other(recording.left),
        exercise=recording.exercise,
        placement=recording.placement,
    )
    there, back = lived("recordings/tennis_forehand")[1][-1], live(swapped)[1][-1]
    assert there.index_percent == pytest.approx(-back.index_percent, abs=0.01)


def test_a_side_that_falls_silent_takes_nothing_away() -> None:
    recording = sample("recordings/squat")
    estimate = LiveEstimate(exercise="squat")
    counts = []
    for samples in batches(recording):
        if samples.side is Side.LEFT and 40 < samples.time_s[0] < 55:
            continue
        estimate.add(samples)
        if estimate.due and samples.time_s[-1] % 6 < 0.5:
            counts.append(estimate.update().reps[Side.RIGHT])
    assert counts == sorted(counts) and estimate.update().reps[Side.RIGHT] == 24


def test_one_side_alone_is_counted_and_not_compared() -> None:
    recording = sample("recordings/squat")
    _, results = live(Recording(left=recording.left, exercise="squat"))
    assert results[-1].reps == {Side.LEFT: 24, Side.RIGHT: 0}
    assert results[-1].sets == 3 and results[-1].index_percent is None


def test_standing_still_counts_nothing() -> None:
    _, results = live(simulate(Simulation(exercise="stand")).recording)
    assert results[-1] == streaming.LiveResult()


def test_work_and_memory_do_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("MAX_REPS", 14), ("WINDOW_S", 30.0), ("EDGE_S", 8.0)):
        monkeypatch.setattr(streaming, name, value)
    recording = simulate(Simulation(exercise="squat", sets=1, reps=30, seed=1)).recording
    estimate, results = live(recording)
    assert results[-1].sets == 1 and results[-1].reps == {Side.LEFT: 30, Side.RIGHT: 30}
    assert len(estimate.sets[0].exercise_set.reps[Side.LEFT]) == 14
    window = estimate.window()
    assert window is not None and window.recording.duration_s <= 30.0 + CHUNK_S


def silent(recording: Recording, at_s: float, seconds: float) -> Recording:
    """The same with nothing for so long: what came at ``at_s`` comes later."""

    def moved(stream: Stream) -> Stream:
        time_s = stream.time_s + np.where(stream.time_s >= at_s, seconds, 0.0)
        return replace(stream, time_s=time_s, gaps=gaps_from_times(time_s, stream.rate_hz))

    return replace(recording, left=moved(recording.left), right=moved(recording.right))


@pytest.mark.parametrize("seconds", [30, 60, 74, 200])
def test_repetitions_after_a_long_silence_count_from_the_first(seconds):
    simulated = simulate(Simulation(exercise="squat", sets=2, reps=8, rest_s=20, seed=3))
    before_second_set = simulated.truth.sets[1][0] - 3.0
    estimate, _ = live(silent(simulated.recording, before_second_set, seconds), every_s=1.0)
    assert estimate.result.reps == {Side.LEFT: 16, Side.RIGHT: 16}


@pytest.mark.parametrize("slow_s, every", [(20.0, 100), (40.0, 50)])
def test_a_slow_start_does_not_set_the_pace_for_good(slow_s, every):
    recording = simulate(Simulation(exercise="squat", sets=3, reps=8, rest_s=15, seed=3)).recording

    def thinned(stream: Stream) -> Stream:
        kept = (stream.time_s > slow_s) | (np.arange(len(stream)) % every == 0)
        return Stream(stream.side, stream.time_s[kept], stream.acc[kept], stream.gyr[kept], stream.rate_hz)

    estimate, _ = live(replace(recording, left=thinned(recording.left)), every_s=1.0)
    assert estimate._rings[Side.LEFT].mean_rate() == pytest.approx(100, rel=0.01)
    whole = analyse(recording)
    late = sum(a > slow_s + 5 for one in whole.sets for a, _ in one.reps[Side.LEFT])
    assert estimate.result.reps[Side.LEFT] >= late


def test_what_is_kept_does_not_grow_while_one_side_is_silent():
    estimate = LiveEstimate()
    sizes = []
    for k in range(1200):
        time_s = 0.5 * k + np.arange(50) / 100
        estimate.add(Samples(Side.LEFT, time_s, time_s, np.ones((50, 3)), np.ones((50, 3))))
        estimate.update()
        sizes.append(len(pickle.dumps(estimate)))
    assert max(sizes[600:]) <= 1.01 * sizes[300]
