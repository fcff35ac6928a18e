"""Repetitions, pairing and strides, on movements whose truth is known."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import analyse
from analysis.kernels import turning_points
from analysis.results import Kind
from analysis.segmentation import _start_kind
from analysis.segmentation.bouts import bouts, joint_bouts
from analysis.segmentation.pairing import pair_repetitions
from analysis.segmentation.repetitions import Cycle, Turns, autocorrelation, find_rhythm
from sensing.recording import GRAVITY, Recording, Side, Stream
from sensing.simulate import Simulation, simulate

KINDS = {
    "squat": Kind.SIMULTANEOUS,
    "curl": Kind.ALTERNATING,
    "row": Kind.SIMULTANEOUS,
    "tennis": Kind.SIMULTANEOUS,
}


@pytest.mark.parametrize("seed", [11, 12])
@pytest.mark.parametrize("exercise", KINDS)
def test_sets_repetitions_and_kind_are_the_true_ones(exercise, seed):
    simulated = simulate(Simulation(exercise=exercise, sets=3, reps=8, seed=seed))
    sets = analyse(simulated.recording).sets
    assert [s.kind for s in sets] == [KINDS[exercise]] * 3
    for found in sets:
        assert [len(found.reps[side]) for side in Side] == [8, 8]
        assert found.pairs == tuple((i, i) for i in range(8))


@pytest.mark.parametrize("exercise", ["squat", "curl", "row"])
def test_boundaries_are_where_movement_starts_and_stops(exercise):
    simulated = simulate(Simulation(exercise=exercise, seed=13))
    result = analyse(simulated.recording)
    for side in Side:
        true = np.concatenate(getattr(simulated.truth, side.value).reps)
        found = np.array([rep for s in result.sets for rep in s.reps[side]])
        assert np.abs(found - true).max() <= 0.15
        assert np.median(np.abs(found - true)) <= 0.1


@pytest.mark.parametrize("rate", [12.5, 25, 50, 200])
def test_counts_hold_from_12_to_200_hz(rate):
    result = analyse(simulate(Simulation(exercise="squat", rate_hz=rate, seed=14)).recording)
    assert [len(s.reps[side]) for s in result.sets for side in Side] == [8] * 6


SETS = st.fixed_dictionaries(
    {
        "exercise": st.sampled_from(["squat", "curl", "row"]),
        "reps": st.integers(3, 60),
        "rep_s": st.floats(0.4, 6.0),
        "hold_s": st.sampled_from([0.0, 0.5, 1.5]),
        "pause_s": st.sampled_from([0.0, 0.5, 2.0]),
        "fatigue": st.sampled_from([0.0, 0.4]),
        "rate_hz": st.sampled_from([25.0, 100.0]),
        "seed": st.integers(0, 1000),
    }
)


def has_a_visible_period(chosen):
    """Sides that take turns wait for each other: a period over 20 s, or mostly of waiting, is not found."""
    if chosen["exercise"] != "curl":
        return True
    longest = chosen["rep_s"] / (1 - chosen["fatigue"]) + chosen["hold_s"] + chosen["pause_s"]
    return chosen["rep_s"] >= 1.0 and 2 * longest < 16.0


@settings(max_examples=20, deadline=None, derandomize=True)
@given(SETS.filter(has_a_visible_period))
def test_slow_fast_paused_and_tiring_repetitions_are_all_counted(chosen):
    simulated = simulate(Simulation(sets=1, mounting="random", **chosen))
    (found,) = analyse(simulated.recording).sets
    for side in Side:
        assert len(found.reps[side]) == chosen["reps"]
        error = np.abs(np.array(found.reps[side]) - np.array(simulated.truth.side(side).reps[0]))
        assert np.median(error) <= 0.1
    assert len(found.pairs) >= 0.98 * chosen["reps"]


@pytest.mark.parametrize("turned, reps", [(0.7, 8), (0.2, 7)])
def test_a_repetition_cut_off_after_its_turning_point_counts(turned, reps):
    simulated = simulate(Simulation(exercise="squat", sets=1, seed=19))
    start, end = simulated.truth.left.reps[0][-1]
    cut = {
        side.value: until(simulated.recording.stream(side), start + turned * (end - start)) for side in Side
    }
    (found,) = analyse(replace(simulated.recording, **cut)).sets
    assert [len(found.reps[side]) for side in Side] == [reps] * 2


def until(stream, end_s):
    n = int(np.searchsorted(stream.time_s, end_s))
    return Stream(stream.side, stream.time_s[:n], stream.acc[:n], stream.gyr[:n], stream.rate_hz)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("exercise", ["squat", "row"])
def test_repetitions_between_pauses_of_any_length_are_counted(exercise, seed):
    simulated = simulate(Simulation(exercise=exercise, sets=1, reps=10, seed=seed))
    pauses_s = np.random.default_rng(seed).uniform(0.3, 4.0, 10)
    ends_s = [end for _, end in simulated.truth.left.reps[0]]
    sides = {s.side.value: paused(s, ends_s, pauses_s) for s in simulated.recording.streams()}
    (found,) = analyse(replace(simulated.recording, **sides)).sets
    assert [len(found.reps[side]) for side in Side] == [10, 10]


def paused(stream, ends_s, pauses_s):
    times = np.ones(len(stream), int)
    times[np.searchsorted(stream.time_s, ends_s)] += np.round(pauses_s * stream.rate_hz).astype(int)
    held = np.repeat(np.arange(len(stream)), times)
    still = np.r_[False, held[1:] == held[:-1]]
    noise = np.random.default_rng(0).normal(0, 0.5, (len(held), 3))
    gyr = np.where(still[:, None], noise, stream.gyr[held])
    time_s = np.arange(len(held)) / stream.rate_hz
    return Stream(stream.side, time_s, stream.acc[held], gyr, stream.rate_hz)


def test_sides_that_work_one_after_the_other_have_sets_of_their_own():
    simulated = simulate(Simulation(exercise="squat", sets=2, rest_s=2, seed=20))
    both = simulated.recording
    (_, first_end), (second_start, _) = simulated.truth.sets
    middle = (first_end + second_start) / 2
    left, right = both.left, both.right
    recording = Recording(
        left=stilled(left, left.time_s > middle),
        right=stilled(right, right.time_s < middle),
        placement=both.placement,
    )
    sets = analyse(recording).sets
    assert [s.kind for s in sets] == [Kind.LEFT_ONLY, Kind.RIGHT_ONLY]
    assert [len(sets[0].reps[Side.LEFT]), len(sets[1].reps[Side.RIGHT])] == [8, 8]


def stilled(stream, when):
    noise = np.random.default_rng(0).normal(0, 0.5, (len(stream), 3))
    acc = np.where(when[:, None], [0, 0, GRAVITY], stream.acc)
    return Stream(stream.side, stream.time_s, acc, np.where(when[:, None], noise, stream.gyr), stream.rate_hz)


def test_repetitions_are_counted_without_a_gyroscope():
    both = simulate(Simulation(exercise="curl", seed=21)).recording
    sides = {s.side.value: Stream(s.side, s.time_s, s.acc, None, s.rate_hz) for s in both.streams()}
    sets = analyse(replace(both, **sides)).sets
    assert [[len(s.reps[side]) for side in Side] for s in sets] == [[8, 8]] * 3


def test_a_side_alone_gives_sets_and_repetitions():
    recording = simulate(Simulation(exercise="squat", seed=15)).recording
    result = analyse(replace(recording, right=None))
    assert [(s.kind, len(s.reps[Side.LEFT])) for s in result.sets] == [(Kind.LEFT_ONLY, 8)] * 3
    assert {m.verdict.value for m in result.metrics} == {"not_assessable"}
    assert result.metric("angle_travelled").left > 0
    assert "only the left side" in result.summary


def test_sides_recorded_one_after_the_other_pair_set_by_set():
    left = simulate(Simulation(exercise="squat", seed=16, asym=0.2, remount_sd=0)).recording
    apart = replace(left, sequential=True)
    result = analyse(apart)
    assert sorted(s.kind for s in result.sets) == [Kind.LEFT_ONLY] * 3 + [Kind.RIGHT_ONLY] * 3
    row = result.metric("angle_travelled")
    assert (row.n.sets, row.n.left, row.n.right) == (3, 24, 24)
    assert row.log_ratio == pytest.approx(analyse(left).metric("angle_travelled").log_ratio, abs=0.01)


def test_strides_of_a_run_have_contacts_and_foot_offs():
    simulated = simulate(Simulation(exercise="run", seed=17))
    (found,) = analyse(simulated.recording).sets
    assert found.kind is Kind.ALTERNATING
    for side in Side:
        truth = getattr(simulated.truth, side.value)
        for name in ("contact_s", "foot_off_s"):
            got, true = np.array(getattr(found.events[side], name)), np.array(getattr(truth, name))
            apart = np.abs(got[:, None] - true[None, :]).min(axis=1)
            assert np.median(apart) <= 0.06, name
            assert abs(len(got) - len(true)) <= 2


def test_strokes_are_credited_to_the_hand_that_struck():
    simulated = simulate(Simulation(exercise="tennis", dominant="right", seed=18))
    result = analyse(simulated.recording)
    right = [s for k in result.sets for s in k.events[Side.RIGHT].strokes]
    left = [s for k in result.sets for s in k.events[Side.LEFT].strokes]
    assert len(right) == 24
    assert len(left) == 0
    assert all(s.peak_deg_s > 500 for s in right)


@pytest.mark.parametrize("rate, peak", [(1.0, 300.0), (1.4, 600.0), (2.0, 400.0)])
def test_arms_that_swing_are_no_strokes(rate, peak):
    t = np.arange(0, 40, 0.01)

    def arm(side):
        phase = 2 * np.pi * rate * t + (np.pi if side is Side.LEFT else 0)
        acc = np.array([0, 0, GRAVITY]) + np.outer(np.sin(2 * phase), [1, 0, 2])
        return Stream(side, t, acc, np.outer(peak * np.sin(phase), [0.6, 0.8, 0]), 100.0)

    assert not analyse(Recording(left=arm(Side.LEFT), right=arm(Side.RIGHT), exercise="forehand")).sets


@pytest.mark.parametrize("exercise", ["stand", "hold"])
@pytest.mark.parametrize("seed", range(4))
def test_nothing_done_gives_no_verdict(exercise, seed):
    result = analyse(simulate(Simulation(exercise=exercise, seed=seed)).recording)
    assert {m.verdict.value for m in result.metrics} <= {"not_assessable", "inconclusive"}
    assert not result.verdict.flagged


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 400))
def test_noise_never_gives_a_verdict(seed, size):
    rng = np.random.default_rng(seed)
    n = 3000

    def noise(side):
        acc = [0, 0, 9.81] + size / 40 * rng.standard_normal((n, 3))
        gyr = size * rng.standard_normal((n, 3))
        return Stream(side=side, time_s=np.arange(n) / 100, acc=acc, gyr=gyr, rate_hz=100.0)

    result = analyse(Recording(left=noise(Side.LEFT), right=noise(Side.RIGHT)))
    assert {m.verdict.value for m in result.metrics} <= {"not_assessable", "inconclusive"}


@given(
    st.lists(st.floats(0.5, 3), min_size=2, max_size=20),
    st.floats(-0.2, 0.2),
    st.sets(st.integers(0, 19), max_size=3),
)
def test_pairing_survives_lost_repetitions_and_mirrors(durations, lag, lost):
    edges = np.r_[0, np.cumsum(np.full(len(durations), 2.0) + 0.02 * np.array(durations))]
    left = tuple((float(a), float(b)) for a, b in pairwise(edges))
    kept = [i for i in range(len(left)) if i not in lost]
    right = tuple((left[i][0] + lag, left[i][1] + lag) for i in kept)
    if len(right) < 0.5 * len(left) or len(right) < 2:
        return
    kind, pairs = pair_repetitions(left, right)
    back, mirrored = pair_repetitions(right, left)
    assert kind == back
    assert sorted((j, i) for i, j in pairs) == sorted(mirrored)
    if kind is Kind.SIMULTANEOUS:
        assert all(kept[j] == i for i, j in pairs)


def test_alternating_sides_pair_in_order():
    left = tuple((2.0 * i, 2.0 * i + 1) for i in range(10))
    right = tuple((2.0 * i + 1, 2.0 * i + 2) for i in range(10))
    assert pair_repetitions(left, right) == (Kind.ALTERNATING, tuple((i, i) for i in range(10)))


def test_different_tempos_do_not_pair():
    left = tuple((2.0 * i, 2.0 * i + 1) for i in range(10))
    right = tuple((3.0 * i, 3.0 * i + 1) for i in range(7))
    assert pair_repetitions(left, right) == (Kind.UNPAIRED, ())


@given(st.integers(2, 30), st.floats(0.0, 6.28))
def test_turning_points_alternate_and_count_half_periods(periods, phase):
    t = np.arange(periods * 100) / 100
    index, kind = turning_points(np.cos(2 * np.pi * t + phase), 0.5)
    assert np.all(np.diff(index) > 0)
    assert np.all(kind[1:] == -kind[:-1])
    assert abs(len(index) - 2 * periods) <= 2


@given(st.floats(0.5, 5.0), st.integers(0, 5))
def test_rhythm_is_the_full_period_not_the_half(period, seed):
    t = np.arange(0, 12 * period, 0.02)
    back_and_forth = np.sin(2 * np.pi * t / period)
    rng = np.random.default_rng(seed)
    signal = np.column_stack([back_and_forth, 0.3 * back_and_forth, 0 * t])
    found = find_rhythm([signal + 0.1 * rng.standard_normal(signal.shape)], 50.0)
    assert found.period_s == pytest.approx(period, rel=0.05)


def test_autocorrelation_does_not_depend_on_the_sensors_orientation():
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(0)
    x = np.cumsum(rng.standard_normal((500, 3)), axis=0)
    turned = Rotation.random(random_state=1).apply(x)
    np.testing.assert_allclose(autocorrelation(x), autocorrelation(turned), atol=1e-9)


def test_the_start_posture_does_not_hang_on_which_way_an_axis_points():
    angle = np.array([0.0, 3.0, 1.0, -1.0, 0.5])
    turns = Turns(np.array([1, 3]), np.array([1, -1]), np.array([True]))
    cycle = Cycle((0, 5), np.array([1.0, 0, 0]), np.zeros(5), np.zeros(5), angle, 1, 50.0, turns, None)
    for other in (cycle, replace(cycle, angle=angle / 2)):
        cycles = {Side.LEFT: cycle, Side.RIGHT: other}
        swapped = {Side.LEFT: other, Side.RIGHT: cycle}
        flipped = {side: own.flipped() for side, own in cycles.items()}
        assert _start_kind(cycles) == _start_kind(swapped) == -_start_kind(flipped) == -1


@pytest.mark.parametrize("order", ["C", "F"])
def test_signals_stay_as_they_are_however_they_lie_in_memory(order):
    x = np.array(np.random.default_rng(0).standard_normal((500, 3)) + 5, order=order)
    before = x.copy()
    autocorrelation(x)
    np.testing.assert_array_equal(x, before)


def test_short_pauses_are_closed_and_fidgets_dropped():
    active = np.zeros(10000, dtype=bool)
    active[1000:2000] = active[2300:3000] = active[5000:5050] = True
    assert bouts(active, 100.0) == [(950, 3050)]


def test_a_limb_that_waits_for_the_other_one_does_not_rest():
    own, other = np.zeros(6000, dtype=bool), np.zeros(6000, dtype=bool)
    for start in (1000, 2600, 4200):
        own[start : start + 700] = True
        other[start + 750 : start + 1450] = True
    assert len(bouts(own, 100.0)) == 3
    assert bouts(own, 100.0, other) == [(950, 4950)]
    other[:] = False
    assert len(bouts(own, 100.0, other)) == 3


def test_bouts_of_both_sides_join_where_they_overlap():
    joined = joint_bouts([(0, 100), (500, 600)], [(20, 130), (800, 900)])
    assert joined == [((0, 130), True, True), ((500, 600), True, False), ((800, 900), False, True)]
