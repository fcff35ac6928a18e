"""The simulator: its truth is the truth of its signals, and its random model is the one that is stated."""

import dataclasses
import datetime as dt
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensing.errors import BadInput, UsageError
from sensing.recording import GRAVITY, Placement, Recording, Side, Stream
from sensing.simulate import (
    EXERCISES,
    UNSEEN_S,
    Simulation,
    Truth,
    draw_effects,
    draw_reps,
    parse_asymmetries,
    parse_asymmetry,
    parse_fraction,
    save,
    simulate,
)
from sensing.simulate.body import feel
from sensing.simulate.effects import TIMING_SHARE
from sensing.simulate.radio import sample_times
from sensing.simulate.schedule import Draws, make_plan
from sensing.stored import read_recording

REPEATED = [name for name, exercise in EXERCISES.items() if exercise.kind != "still"]
CLEAN = Simulation(
    cv=0,
    set_sd=0,
    remount_sd=0,
    tremor_deg_s=0,
    fidgets_per_min=0,
    noise=0,
    bias=0,
    quantise=False,
    ideal_clock=True,
    rate_hz=400.0,
    rest_s=3.0,
    bout_s=6.0,
    sets=2,
    reps=4,
)


def clean(exercise: str, **changes: object) -> Simulation:
    if exercise == "run":
        # A right stride spans two halves of left ones, so that only even strides compare exactly.
        changes = {"tempo_cv": 0.0} | changes
    return dataclasses.replace(CLEAN, exercise=exercise, **changes)


def both(recording: Recording) -> tuple[Stream, Stream]:
    assert recording.left is not None
    assert recording.right is not None
    return recording.left, recording.right


def arrays(recording: Recording) -> list[np.ndarray]:
    found = []
    for stream in both(recording):
        values = (stream.time_s, stream.acc, stream.gyr, stream.host_time_s, stream.device_time_s, stream.seq)
        found += [value for value in values if value is not None]
    return found


def speed(stream: Stream) -> np.ndarray:
    assert stream.gyr is not None
    return np.linalg.norm(stream.gyr, axis=1)


def measured(recording: Recording, truth: Truth, name: str) -> np.ndarray:
    """Metric of every true repetition, measured on the signals: (2, sets, reps)."""
    values = []
    for stream in both(recording):
        of_side = []
        for reps in truth.side(stream.side).reps:
            of_set = []
            for start, end in reps:
                inside = (stream.time_s >= start) & (stream.time_s <= end)
                turning = speed(stream)[inside]
                total = float(np.sum(turning)) / stream.rate_hz
                of_set.append(total if name == "angle_travelled" else float(turning.max()))
            of_side.append(of_set)
        values.append(of_side)
    return np.array(values)


# ---------------------------------------------------------------- determinism


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_seed_gives_the_same_bytes_and_another_does_not(exercise: str) -> None:
    params = Simulation(exercise, sets=1, reps=3, bout_s=3, seed=5, loss=0.05)
    first, again = simulate(params), simulate(params)
    other = simulate(dataclasses.replace(params, seed=6))
    assert [a.tobytes() for a in arrays(first.recording)] == [a.tobytes() for a in arrays(again.recording)]
    assert first.truth.to_json() == again.truth.to_json()
    assert arrays(first.recording)[1].tobytes() != arrays(other.recording)[1].tobytes()


def test_loss_leaves_movement_and_sensor_noise_as_they_were() -> None:
    whole, lossy = (
        simulate(Simulation(sets=1, reps=4, seed=2, loss=loss, retry=retry))
        for loss, retry in ((0.0, 0.05), (0.2, 0.3))
    )
    for complete, holed in zip(both(whole.recording), both(lossy.recording), strict=True):
        assert len(holed) < len(complete)
        assert holed.seq is not None
        assert np.array_equal(holed.acc, complete.acc[holed.seq])
        assert np.array_equal(holed.gyr, complete.gyr[holed.seq])
    assert whole.truth.metrics == lossy.truth.metrics


def test_noise_and_mounting_leave_the_movement_as_it_was() -> None:
    base = Simulation(sets=1, reps=4, seed=2)
    for change in ({"noise": 0.0}, {"mounting": "random"}, {"rate_hz": 50.0}, {"drift_ppm": 500.0}):
        assert simulate(dataclasses.replace(base, **change)).truth.metrics == simulate(base).truth.metrics


# ---------------------------------------------------------------- signals against truth


@pytest.mark.parametrize("exercise", REPEATED)
@pytest.mark.parametrize("name", ["angle_travelled", "peak_angular_velocity"])
def test_truth_is_what_noise_free_signals_show(exercise: str, name: str) -> None:
    done = simulate(clean(exercise, cv=0.1, set_sd=0.03, remount_sd=0.04, seed=3))
    metric = done.truth.metric(name)
    true = np.array([metric.left, metric.right])
    assert measured(done.recording, done.truth, name) == pytest.approx(true, rel=0.02)


@pytest.mark.parametrize("exercise", ["squat", "curl", "row"])
def test_realistic_signals_show_the_truth_within_noise(exercise: str) -> None:
    done = simulate(Simulation(exercise, sets=1, seed=8, bias=0))
    metric = done.truth.metric("angle_travelled")
    shown = measured(done.recording, done.truth, "angle_travelled")
    assert shown == pytest.approx(np.array([metric.left, metric.right]), rel=0.02)


@pytest.mark.parametrize("exercise", REPEATED)
@pytest.mark.parametrize("asym", [-0.2, 0.0, 0.1133])
def test_asymmetry_of_clean_signals_is_the_one_asked_for(exercise: str, asym: float) -> None:
    done = simulate(clean(exercise, asym=asym, seed=4))
    for name in ("angle_travelled", "peak_angular_velocity"):
        assert done.truth.metric(name).log_ratio == pytest.approx(asym, abs=1e-3)
        assert done.truth.metric(name).asked == pytest.approx(asym)
        left, right = measured(done.recording, done.truth, name)
        assert np.log(right / left).mean() == pytest.approx(asym, abs=0.01)


@pytest.mark.parametrize("exercise", ["squat", "curl", "row", "tennis"])
def test_tempo_changes_duration_and_speed_but_not_size(exercise: str) -> None:
    truth = simulate(clean(exercise, asym={"tempo": 0.1})).truth
    found = {m.name: round(m.log_ratio, 6) for m in truth.metrics}
    assert found["rep_duration"] == pytest.approx(0.1)
    assert found["peak_angular_velocity"] == pytest.approx(-0.1, abs=1e-4)
    assert found["angle_travelled"] == pytest.approx(0, abs=1e-4)
    assert all(m.log_ratio == pytest.approx(m.asked, abs=1e-3) for m in truth.metrics)


def test_running_asymmetries_of_stance_and_impact_are_those_asked_for() -> None:
    params = clean("run", asym={"tempo": 0.08, "impact": -0.15}, bout_s=10, reps=None, rate_hz=1000.0)
    done = simulate(params)
    for name in ("stance_time", "swing_time", "impact_peak", "stride_time"):
        metric = done.truth.metric(name)
        assert metric.log_ratio == pytest.approx(metric.asked, abs=2e-3)
    # The shock alone: the same run without it is the same movement.
    quiet = simulate(dataclasses.replace(params, asym={"tempo": 0.08, "impact": -1.5}))
    rises = []
    for loud, soft in zip(both(done.recording), both(quiet.recording), strict=True):
        rises.append(np.linalg.norm(loud.acc - soft.acc, axis=1).max() / GRAVITY)
    factor = {i: [math.exp(s * a / 2) for s in (-1, 1)] for i, a in enumerate((-0.15, -1.5))}
    expected = [EXERCISES["run"].impact_g * (factor[0][k] - factor[1][k]) for k in (0, 1)]
    assert rises == pytest.approx([abs(e) for e in expected], rel=0.02)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_swapping_the_sides_negates_the_asymmetry_exactly(exercise: str) -> None:
    plus, minus = (simulate(clean(exercise, asym=a, onset_lag_s=a / 10, seed=9)).truth for a in (0.3, -0.3))
    for one, other in zip(plus.metrics, minus.metrics, strict=True):
        assert np.allclose(one.left, other.right, rtol=2e-3)
        assert one.log_ratio == pytest.approx(-other.log_ratio, abs=1e-3)


@pytest.mark.parametrize("exercise", ["squat", "curl", "row", "run"])
def test_equal_sides_move_as_mirror_images(exercise: str) -> None:
    params = clean(exercise)
    none = [draw_effects(params, np.random.default_rng(0), 1, q) for q in ("amplitude", "tempo", "impact")]
    plan = make_plan(params, Draws(*none, *(np.random.default_rng(k) for k in range(3))))
    (left_start, left_end), (right_start, _) = (plan.sides[k].reps[0, 0] for k in (0, 1))
    phase = np.linspace(0, left_end - left_start, 200)
    _, left = feel(params.spec, plan, Side.LEFT, left_start + phase)
    _, right = feel(params.spec, plan, Side.RIGHT, right_start + phase)
    scale = np.abs(left).max()
    assert left == pytest.approx(right * [-1, 1, -1], abs=1e-9 * scale)


@pytest.mark.parametrize("exercise", EXERCISES)
@pytest.mark.parametrize("mounting", ["mirrored", "random", "identity"])
def test_standing_still_reads_one_g_whatever_the_mounting(exercise: str, mounting: str) -> None:
    done = simulate(clean(exercise, mounting=mounting, seed=1))
    for stream in both(done.recording):
        still = stream.time_s < 3.9
        assert np.linalg.norm(stream.acc[still], axis=1) == pytest.approx(GRAVITY, abs=1e-6)
        rotation = np.array(done.truth.side(stream.side).mounting)
        assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1)
        assert rotation @ stream.acc[0] == pytest.approx([0, 0, GRAVITY], abs=1e-6)


def test_acceleration_is_the_second_derivative_of_the_path() -> None:
    """Integrated twice in the world frame, a repetition of the squat ends where it began, at rest."""
    done = simulate(clean("squat", mounting="identity", sets=1, reps=1, rate_hz=2000.0))
    stream = both(done.recording)[0]
    assert stream.gyr is not None
    step = 1 / stream.rate_hz
    rotation, velocity, position = np.eye(3), np.zeros(3), np.zeros(3)
    lowest = 0.0
    rates = np.radians(stream.gyr)
    for k in range(len(stream) - 1):
        middle = (rates[k] + rates[k + 1]) / 2 * step
        x, y, z = middle
        half = rotation @ (np.eye(3) + np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) / 2)
        force = half @ (stream.acc[k] + stream.acc[k + 1]) / 2
        velocity = velocity + (force - [0, 0, GRAVITY]) * step
        position = position + velocity * step
        angle = float(np.linalg.norm(middle))
        if angle > 0:
            cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) / angle
            rotation = rotation @ (
                np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
            )
        lowest = min(lowest, position[2])
    assert velocity == pytest.approx(np.zeros(3), abs=0.01)
    assert position == pytest.approx(np.zeros(3), abs=0.03)
    assert -0.5 < lowest < -0.15


def test_strides_have_a_contact_an_off_and_a_contact_in_turn_between_the_sides() -> None:
    truth = simulate(Simulation("run", bout_s=20, seed=3)).truth
    left, right = truth.left, truth.right
    for side in (left, right):
        assert [start for start, _ in side.reps[0]] == list(side.contact_s[:-1])
        assert all(a < off < b for (a, b), off in zip(side.reps[0], side.foot_off_s, strict=True))
    order = sorted([(t, "left") for t in left.contact_s] + [(t, "right") for t in right.contact_s])
    assert [side for _, side in order] == ["left", "right"] * len(left.contact_s)
    assert truth.sets[0][1] - truth.sets[0][0] == pytest.approx(20, rel=0.05)


def test_curls_alternate_and_never_overlap() -> None:
    truth = simulate(Simulation("curl", seed=2)).truth
    reps = sorted([*truth.left.reps[0], *truth.right.reps[0]])
    assert reps[0] in truth.left.reps[0]
    assert all(end <= start + 1e-9 for (_, end), (start, _) in itertools.pairwise(reps))


def test_the_dominant_arm_swings_more_unless_an_asymmetry_is_asked_for() -> None:
    for dominant, sign in ((None, 1), (Side.LEFT, -1)):
        done = simulate(Simulation("tennis", dominant=dominant, seed=1, cv=0, set_sd=0, remount_sd=0))
        assert done.truth.metric("angle_travelled").log_ratio == pytest.approx(sign * math.log(3), abs=1e-3)
        assert done.recording.dominant is (dominant or Side.RIGHT)
        swing = done.truth.side(dominant or Side.RIGHT).strokes
        assert all(800 < stroke.peak_deg_s < 1500 for stroke in swing)
    strokes = np.array([s.t_s for s in simulate(Simulation("tennis", reps=30, seed=4)).truth.right.strokes])
    within = np.diff(strokes[:30])
    assert within.min() > 1.9
    assert within.max() < 5.5


def test_hold_and_stand_repeat_nothing() -> None:
    hold = simulate(Simulation("hold", seed=1)).truth
    stand = simulate(Simulation("stand", seed=1))
    assert hold.metrics == stand.truth.metrics == ()
    assert len(hold.sets) == 3
    assert stand.truth.sets == ()
    assert 0.3 < float(np.median(speed(both(stand.recording)[0]))) < 3


def test_fatigue_slows_the_last_repetition() -> None:
    done = simulate(clean("squat", fatigue=(0.0, 0.3), sets=1, reps=8, tempo_cv=0.0))
    metric = done.truth.metric("peak_angular_velocity")
    assert metric.left[0][-1] == pytest.approx(metric.left[0][0], rel=1e-6)
    assert metric.right[0][-1] == pytest.approx(0.7 * metric.right[0][0], rel=1e-6)


def test_pauses_and_holds_lie_between_and_within_repetitions() -> None:
    truth = simulate(clean("squat", pause_s=0.5, hold_s=0.4, tempo_cv=0.0)).truth
    starts = np.array(truth.left.reps[0])[:, 0]
    ends = np.array(truth.left.reps[0])[:, 1]
    assert ends - starts == pytest.approx(2.5 + 0.4)
    assert starts[1:] - ends[:-1] == pytest.approx(0.5, abs=0.07)


# ---------------------------------------------------------------- the statistical model


def test_repetitions_vary_as_stated() -> None:
    params = Simulation(asym=0.1133, cv=0.10, set_sd=0.03, remount_sd=0.04)
    values = draw_reps(params, np.random.default_rng(1), 20_000)
    assert values.shape == (20_000, 3, 8, 2)
    ratio = np.log(values[..., 1] / values[..., 0])
    assert ratio.mean() == pytest.approx(0.1133, abs=0.002)
    within = np.log(values[..., 0]).std(axis=2, ddof=1)
    assert np.sqrt(np.mean(within**2)) == pytest.approx(math.sqrt(math.log(1.01)), rel=0.01)
    mean_of_set = ratio.mean(axis=2)
    noise = 2 * math.log(1.01) / 8
    assert mean_of_set.var(axis=1, ddof=1).mean() == pytest.approx(0.03**2 + noise, rel=0.02)
    assert mean_of_set.mean(axis=1).var() == pytest.approx(0.04**2 + (0.03**2 + noise) / 3, rel=0.04)


@settings(max_examples=20, deadline=None)
@given(rho=st.floats(-0.6, 0.8), seed=st.integers(0, 1000))
def test_repetitions_are_correlated_as_stated(rho: float, seed: int) -> None:
    params = Simulation(rho=rho, set_sd=0, remount_sd=0, sets=1, reps=20)
    logs = np.log(draw_reps(params, np.random.default_rng(seed), 2000))
    assert logs.std() == pytest.approx(math.sqrt(math.log(1.01)), rel=0.06)
    lagged = np.mean(logs[:, :, 1:] * logs[:, :, :-1]) / np.mean(logs**2)
    assert lagged == pytest.approx(rho, abs=0.03)
    assert np.mean(logs[..., 0] * logs[..., 1]) / np.mean(logs**2) == pytest.approx(0, abs=0.04)


def test_half_of_the_log_ratio_goes_to_each_side() -> None:
    params = Simulation(cv=0, asym=0.2)
    effects = draw_effects(params, np.random.default_rng(3), 50)
    assert np.array_equal(effects.log_side[..., 0], -effects.log_side[..., 1])
    assert np.allclose(2 * effects.log_side[:, :, 0, 1], effects.set_log_ratio)


def test_mounting_does_not_change_timing() -> None:
    params = Simulation(remount_sd=0.5, set_sd=0.1)
    effects = draw_effects(params, np.random.default_rng(3), 5000, "tempo")
    assert not effects.remount.any()
    assert effects.set_log_ratio.std() == pytest.approx(TIMING_SHARE * 0.1, rel=0.03)


def test_a_simulated_recording_follows_the_model() -> None:
    """Truth of the signals' model: the remount effect is set apart, and the sets scatter around it."""
    params = Simulation(asym=0.1, cv=0.1, set_sd=0.03, remount_sd=0.2, rest_s=1, still_s=0, ideal_clock=True)
    found, apart = [], []
    for seed in range(40):
        truth = simulate(dataclasses.replace(params, seed=seed, rate_hz=10.0)).truth
        metric = truth.metric("angle_travelled")
        found.append(metric.log_ratio)
        apart.append(metric.log_ratio_without_remount)
        assert metric.log_ratio - metric.log_ratio_without_remount == pytest.approx(truth.remount_log_ratio)
        assert metric.log_ratio == pytest.approx(np.mean(metric.set_log_ratios))
    assert np.std(apart) < 0.06 < 0.12 < np.std(found)
    assert np.mean(apart) == pytest.approx(0.1, abs=0.03)


# ---------------------------------------------------------------- sensor


def test_readings_are_steps_of_16_bits_and_clip_at_the_range() -> None:
    done = simulate(Simulation("tennis", seed=1, acc_range_g=4.0, gyr_range_deg_s=500.0))
    for stream in both(done.recording):
        for values, full in ((stream.acc, 4 * GRAVITY), (stream.gyr, 500.0)):
            counts = values / (full / 32768)
            assert counts == pytest.approx(np.round(counts), abs=0.01)
    right = both(done.recording)[1]
    assert right.gyr is not None
    assert np.abs(right.gyr).max() == pytest.approx(500, abs=0.02)
    assert right.gyr_range == 500
    assert np.sum(np.abs(right.gyr) > 499.9) > 50


def test_noise_and_bias_are_those_of_the_truth() -> None:
    done = simulate(
        Simulation("stand", seed=1, tremor_deg_s=0, quantise=False, rate_hz=100.0, mounting="random")
    )
    for stream in both(done.recording):
        truth = done.truth.side(stream.side)
        assert stream.gyr is not None
        assert stream.gyr.mean(axis=0) == pytest.approx(truth.gyr_bias, abs=0.005)
        assert stream.gyr.std(axis=0) == pytest.approx(0.008 * math.sqrt(50), rel=0.05)
        down = np.array(truth.mounting).T @ [0, 0, GRAVITY]
        assert stream.acc.mean(axis=0) == pytest.approx(down + truth.acc_bias, abs=0.001)
        assert stream.acc.std(axis=0) == pytest.approx(160e-6 * GRAVITY * math.sqrt(50), rel=0.05)


def test_straps_mirror_the_sensors() -> None:
    done = simulate(clean("squat", sets=1))
    left, right = both(done.recording)
    assert left.gyr is not None
    assert right.gyr is not None
    main = int(np.argmax(np.abs(left.gyr).max(axis=0)))
    assert np.corrcoef(left.gyr[:, main], right.gyr[:, main])[0, 1] < -0.9


# ---------------------------------------------------------------- clock and radio


@pytest.mark.parametrize("exercise", ["squat", "run"])
def test_the_shared_timeline_is_right_within_what_is_stated(exercise: str) -> None:
    done = simulate(Simulation(exercise, seed=11, drift_ppm=(-40.0, 35.0), loss=(0.0, 0.1)))
    late = []
    for stream in both(done.recording):
        clock = done.truth.side(stream.side).clock
        assert clock is not None
        late.append(stream.time_s - clock.true_time(stream.device_time_s))
        assert late[-1].min() > 0  # A packet can be late, never early.
    worst = max(abs(late[0].min() - late[1].max()), abs(late[0].max() - late[1].min()))
    stated = done.recording.sync.error_s
    assert stated is not None
    assert worst < stated < 0.012
    assert done.recording.sync.method == "hull"


def test_a_hidden_latency_shows_only_against_the_truth() -> None:
    done = simulate(Simulation(seed=1, latency_s=(0.002, 0.032)))
    offsets = []
    for stream in both(done.recording):
        clock = done.truth.side(stream.side).clock
        assert clock is not None
        offsets.append(float(np.mean(stream.time_s - clock.true_time(stream.device_time_s))))
    assert offsets[1] - offsets[0] == pytest.approx(0.030, abs=0.002)
    assert done.recording.sync.unseen_s == UNSEEN_S


def test_clock_truth_maps_back_and_forth() -> None:
    clock = simulate(
        Simulation("stand", bout_s=2, clock_offset_s=(5.0, 7.0), drift_ppm=100.0)
    ).truth.right.clock
    assert clock is not None
    assert clock.offset_s == 7.0
    assert clock.device_time(10.0) == pytest.approx(7.0 + 10.0 * 1.0001)
    assert clock.true_time(clock.device_time(np.arange(5.0))) == pytest.approx(np.arange(5.0))
    times = sample_times(clock, 100.0, 60.0, np.random.default_rng(0), ideal=False)
    assert np.diff(clock.device_time(times)) == pytest.approx(0.01)


@settings(max_examples=15, deadline=None)
@given(loss=st.floats(0.01, 0.5), burst=st.floats(1, 8), seed=st.integers(0, 10_000))
def test_lost_samples_are_counted_and_become_gaps(loss: float, burst: float, seed: int) -> None:
    done = simulate(Simulation("stand", loss=loss, loss_burst=burst, seed=seed, bout_s=20))
    for stream in both(done.recording):
        truth = done.truth.side(stream.side)
        missing = {i for first, count in truth.lost for i in range(first, first + count)}
        assert stream.seq is not None
        assert missing == set(range(truth.samples)) - set(stream.seq.tolist())
        inner = {i for i in missing if stream.seq[0] < i < stream.seq[-1]}
        assert stream.lost == len(inner)
        assert len(stream.gaps) == np.sum(np.diff(stream.seq) > 1)
        assert all(start in stream.time_s and end in stream.time_s for start, end in stream.gaps)


def test_loss_comes_at_the_rate_asked_for_and_in_bursts() -> None:
    done = simulate(
        Simulation(
            "stand", loss=(0.1, 0.1), loss_burst=4, bout_s=1500, rate_hz=50.0, packet_samples=4, seed=3
        )
    )
    truth = done.truth.left
    runs = np.array([count for _, count in truth.lost])
    assert runs.sum() / truth.samples == pytest.approx(0.1, abs=0.03)
    assert runs.mean() / 4 == pytest.approx(4, rel=0.3)  # Packets of four samples.


def test_outages_leave_a_gap_on_the_sides_they_name() -> None:
    done = simulate(Simulation("stand", bout_s=20, gaps=(("left", 6.0, 8.0), ("both", 12.0, 12.5))))
    left, right = both(done.recording)
    for gaps, expected in ((left.gaps, [(6, 8), (12, 12.5)]), (right.gaps, [(12, 12.5)])):
        assert np.array(gaps) == pytest.approx(np.array(expected), abs=0.03)
    assert left.lost == pytest.approx(251, abs=2)


def test_without_a_device_clock_the_counter_stands_in() -> None:
    done = simulate(Simulation(seed=1, device_clock=False, loss=0.05, drift_ppm=(0.0, 3000.0)))
    assert done.recording.sync.method == "index"
    for stream in both(done.recording):
        assert stream.device_time_s is None
        clock = done.truth.side(stream.side).clock
        assert clock is not None
        assert stream.seq is not None
        step = np.diff(stream.time_s) / np.diff(stream.seq)
        assert step.mean() == pytest.approx(0.01 / clock.rate, rel=1e-4)


def test_an_ideal_clock_keeps_no_raw_times() -> None:
    done = simulate(Simulation(ideal_clock=True, rate_hz=(100.0, 50.0)))
    left, right = both(done.recording)
    assert left.time_s == pytest.approx(np.arange(len(left)) / 100)
    assert right.time_s == pytest.approx(np.arange(len(right)) / 50)
    assert left.host_time_s is None
    assert done.recording.sync.error_s == 0
    assert done.truth.left.clock is None


def test_a_saved_recording_reads_back_with_its_truth(tmp_path: Path) -> None:
    done = simulate(Simulation("squat", sets=1, reps=3, loss=0.05, seed=2))
    save(done, tmp_path / "s1")
    back = read_recording(tmp_path / "s1")
    for written, read in zip(both(done.recording), both(back), strict=True):
        assert np.array_equal(read.time_s, written.time_s)
        assert np.array_equal(read.acc, written.acc)
        assert read.gaps == written.gaps
        assert read.lost == written.lost
    assert back.sync == done.recording.sync
    assert (tmp_path / "s1" / "truth.json").read_text() == done.truth.to_json()
    with pytest.raises(UsageError, match="already exists"):
        save(done, tmp_path / "s1")


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(BadInput, match="left stream: fewer than 2 samples"):
        simulate(Simulation("stand", bout_s=2, gaps=(("left", -1.0, 100.0),)))


# ---------------------------------------------------------------- parameters and words


def test_the_recording_says_what_was_asked() -> None:
    date = dt.datetime(2026, 3, 1, 9, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    params = Simulation("forehand", athlete="a01", date=date, mount="m1", tag="before", dominant=Side.LEFT)
    recording = simulate(params).recording
    assert (recording.athlete, recording.mount, recording.tag) == ("a01", "m1", "before")
    assert (recording.sport, recording.exercise) == ("tennis", "forehand")
    assert recording.placement is Placement.WRIST
    assert recording.started_at == date
    assert recording.dominant is Side.LEFT
    changed = simulate(dataclasses.replace(params, placement=Placement.FOREARM, sport=""))
    assert (changed.recording.placement, changed.recording.sport) == (Placement.FOREARM, "")


@pytest.mark.parametrize("exercise", EXERCISES)
def test_truth_is_plain_json(exercise: str) -> None:
    truth = simulate(Simulation(exercise, sets=2, reps=3, bout_s=3, loss=0.1)).truth
    body = json.loads(truth.to_json())
    assert body["schema"] == "sidewise.truth/1"
    assert body["parameters"]["exercise"] == exercise
    assert [m["name"] for m in body["metrics"]] == [m.name for m in truth.metrics]
    assert body["left"]["lost"] == [list(run) for run in truth.left.lost]


@pytest.mark.parametrize(
    ("text", "ratio"), [("+12%", 1.12), ("-12%", 0.88), ("0%", 1.0), ("12.5 %", 1.125), ("x1.5", 1.5)]
)
def test_asymmetries_are_read_as_people_write_them(text: str, ratio: float) -> None:
    assert parse_asymmetry(text) == pytest.approx(math.log(ratio))


def test_asymmetries_may_be_given_per_metric() -> None:
    expected = {"amplitude": math.log(1.12), "tempo": math.log(0.95)}
    assert parse_asymmetries("angle_travelled=+12%, tempo=-5%") == pytest.approx(expected)
    assert parse_asymmetries("+12%") == pytest.approx(math.log(1.12))


@pytest.mark.parametrize("text", ["", "12", "0.12", "a lot", "+12", "-100%", "+900%", "nan%", "x0"])
def test_other_words_for_asymmetry_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="asymmetry"):
        parse_asymmetry(text)


@given(st.text(max_size=12))
def test_no_text_makes_the_parsers_fail_otherwise(text: str) -> None:
    for parse in (parse_asymmetries, parse_fraction):
        try:
            result = parse(text)
        except UsageError:
            continue
        assert isinstance(result, dict) or math.isfinite(result)


def test_fractions_are_percentages_or_numbers() -> None:
    assert parse_fraction("10%") == parse_fraction("0.1") == pytest.approx(0.1)
    for text in ("-1%", "110%", "ten", ""):
        with pytest.raises(UsageError, match="fraction"):
            parse_fraction(text)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [("Running", "run"), ("biceps-curl", "curl"), ("standing still", "stand"), ("forehand", "tennis")],
)
def test_exercises_have_aliases(name: str, canonical: str) -> None:
    assert Simulation(name).exercise == canonical


def test_an_unknown_exercise_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean squat"):
        Simulation("sqat")


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        Simulation(cv=-1, reps=0, loss=(0.1, 2.0), asym=5.0, date=dt.datetime(2026, 1, 1), rho=math.nan)
    for word in ("cv", "reps", "loss", "asym", "date", "rho"):
        assert word in str(caught.value)


def test_a_recording_too_long_for_memory_is_refused() -> None:
    with pytest.raises(UsageError, match="samples a side"):
        Simulation(sets=1000, reps=100_000)


# ---------------------------------------------------------------- the samples in the project

SAMPLES = Path(__file__).parents[2] / "recordings"


@pytest.mark.parametrize("name", ["squat", "tennis_forehand", "run"])
def test_samples_are_small_and_what_their_parameters_make(name: str) -> None:
    folder = SAMPLES / name
    assert sum(file.stat().st_size for file in folder.iterdir()) < 1_000_000
    body = json.loads((folder / "truth.json").read_text())
    asked = {k: tuple(v) if isinstance(v, list) else v for k, v in body["parameters"].items()}
    again = simulate(Simulation(**asked | {"date": dt.datetime.fromisoformat(asked["date"])}))
    assert f"--seed {asked['seed']} -o recordings/{name}`" in (SAMPLES / "README.md").read_text()
    # Another processor may round otherwise, by a step of the sensor here and there.
    for metric, stored in zip(again.truth.metrics, body["metrics"], strict=True):
        assert metric.log_ratio == pytest.approx(stored["log_ratio"], abs=1e-9)
    for made, kept in zip(both(again.recording), both(read_recording(folder)), strict=True):
        assert made.seq is not None
        assert np.array_equal(made.seq, kept.seq)
        assert made.acc == pytest.approx(kept.acc, abs=0.01)
        assert made.gyr == pytest.approx(kept.gyr, abs=0.13)
