"""Posture, holds and muscle activation, held against the simulator's truth."""

import json
from dataclasses import replace

import numpy as np
import pytest

from analysis import analyse
from analysis.metrics.emg import envelope
from analysis.metrics.tilt import posture_change
from analysis.metrics.tremor import vibration_band, vibration_rms
from analysis.results import VerdictWord
from cli.show_body import body_lines
from sensing.recording import Emg, Side
from sensing.simulate import Simulation, simulate
from sensing.simulate.muscle import LOUDEST_UV
from sensing.simulate.schedule import LIFT_S

KEYS = {"posture", "holds", "fatigue", "muscle_activation"}


def standing(**changes):
    defaults = {"exercise": "stand", "placement": "hip", "bout_s": 15.0, "seed": 2}
    return simulate(Simulation(**(defaults | changes)))


def holding(**changes):
    return simulate(Simulation(**({"exercise": "hold", "sets": 2, "seed": 1} | changes)))


def turned(recording, degrees):
    """The recording with the right sensor's wearer tilted, so that gravity turns in the sensor's frame."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
    right = recording.right
    return replace(recording, right=replace(right, acc=right.acc @ turn.T, gyr=right.gyr @ turn.T))


class TestPosture:
    @pytest.mark.parametrize("seed", range(6))
    def test_tilt_is_that_of_the_sensor(self, seed):
        simulated = standing(seed=seed)
        posture = analyse(simulated.recording).body.posture
        for side, found in ((Side.LEFT, posture.left), (Side.RIGHT, posture.right)):
            up = np.array(simulated.truth.side(side).mounting)[2]
            true = np.degrees(np.arccos(np.abs(up).max()))
            assert found.tilt_deg == pytest.approx(true, abs=2.0)  # zero offset of 0.01 g: 0.6 degrees SD
            assert found.axis == "xyz"[np.abs(up).argmax()]
        assert posture.difference_deg == pytest.approx(posture.right.tilt_deg - posture.left.tilt_deg)

    @pytest.mark.parametrize("degrees", [0.0, 3.0, 12.0])
    def test_change_from_a_baseline(self, degrees):
        baseline = standing(mounting="identity", seed=3).recording
        now = turned(standing(mounting="identity", seed=3).recording, degrees)
        postures = [analyse(recording).body.posture for recording in (now, baseline)]
        change = posture_change(*postures, same_mount=True)
        assert change.left_deg == pytest.approx(0, abs=0.1)
        assert change.right_turned_deg == pytest.approx(degrees, abs=0.1)
        assert abs(change.right_deg) == pytest.approx(degrees, abs=1.5)
        assert change.difference_deg == pytest.approx(change.right_deg - change.left_deg)
        assert not change.includes_remounting
        assert posture_change(*postures, same_mount=False).includes_remounting

    def test_tilt_alone_is_no_verdict(self):
        result = analyse(turned(standing(mounting="identity").recording, 25.0))
        assert result.body.posture.difference_deg == pytest.approx(25, abs=2)
        assert result.verdict.verdict is VerdictWord.NOT_ASSESSABLE
        assert not [f for f in result.findings if f.level != "info"]

    def test_it_is_of_the_trunk_only(self):
        assert analyse(standing(placement="thigh").recording).body.posture is None

    def test_sensors_that_are_worn_otherwise_have_no_difference(self):
        posture = analyse(turned(standing(mounting="identity").recording, 85.0)).body.posture
        assert posture.difference_deg is None
        assert "not worn alike" in posture.reason

    def test_never_still_is_said(self):
        recording = standing(mounting="identity").recording
        shaken = recording.right.gyr + 40 * np.sin(recording.right.time_s)[:, None]
        posture = analyse(replace(recording, right=replace(recording.right, gyr=shaken))).body.posture
        assert posture.right is None
        assert "right side was never still" in posture.reason


class TestHolds:
    @pytest.mark.parametrize(("rate", "band"), [(100.0, (5, 45)), (200.0, (5, 90))])
    def test_holds_are_found_and_their_vibration_is_the_tremor(self, rate, band):
        simulated = holding(rate_hz=rate)
        holds = analyse(simulated.recording).body.holds
        assert len(holds) == len(simulated.truth.sets)
        for k, (hold, (start, end)) in enumerate(zip(holds, simulated.truth.sets, strict=True)):
            assert hold.start_s == pytest.approx(start + LIFT_S, abs=1.0)
            assert hold.end_s == pytest.approx(end - LIFT_S, abs=1.0)
            assert hold.band_hz == band
            assert hold.left_rms == pytest.approx(simulated.truth.left.tremor_m_s2[k], rel=0.06)
            assert hold.right_rms == pytest.approx(simulated.truth.right.tremor_m_s2[k], rel=0.06)

    def test_at_50_hz_vibration_is_refused_with_the_reason(self):
        holds = analyse(holding(rate_hz=50.0).recording).body.holds
        assert len(holds) == 2
        for hold in holds:
            assert (hold.band_hz, hold.left_rms, hold.right_rms) == (None, None, None)
            assert hold.reason == "vibration needs 100 Hz or more, this recording has 50 Hz"

    def test_rates_just_below_nominal_count_as_nominal(self):
        assert vibration_band(104) == vibration_band(98) == (5, 45)
        assert vibration_band(197) == (5, 90)
        assert vibration_band(52) is None

    def test_impacts_are_left_out(self):
        simulated = holding(ideal_clock=True, sets=1)
        left = simulated.recording.left
        plain, none = vibration_rms(left, (8.0, 24.0), (5, 45))
        acc = np.array(left.acc)
        for at in (10.0, 15.0, 20.0):
            acc[np.searchsorted(left.time_s, at)] += 60.0
        knocked, discarded = vibration_rms(replace(left, acc=acc), (8.0, 24.0), (5, 45))
        assert none == pytest.approx(0, abs=0.01)
        assert 0.1 < discarded < 0.4
        assert knocked == pytest.approx(plain, rel=0.1)

    def test_a_sensor_that_only_reads_noise_has_no_vibration(self):
        holds = analyse(holding(tremor_deg_s=0.0, fidgets_per_min=0.0).recording).body.holds
        assert all(hold.left_rms is None and hold.right_rms is None for hold in holds)
        assert all("own noise" in hold.reason for hold in holds)

    @pytest.mark.parametrize("exercise", ["stand", ""])
    def test_standing_and_unnamed_stillness_are_no_holds(self, exercise):
        assert analyse(replace(holding().recording, exercise=exercise)).body.holds == ()

    @pytest.mark.parametrize("name", ["plank", "side plank", "wall sit", "isometric hold"])
    def test_presets_of_holds(self, name):
        result = analyse(replace(holding(sets=1).recording, exercise=name))
        assert len(result.body.holds) == 1
        assert result.verdict.verdict is VerdictWord.NOT_ASSESSABLE


class TestMuscleActivation:
    def test_it_follows_the_effort_on_the_scale_of_each_side(self):
        simulated = simulate(Simulation(exercise="curl", sets=2, emg_rate_hz=1000.0, seed=4))
        recording = simulated.recording
        louder = replace(recording.right.emg, value_uv=7 * recording.right.emg.value_uv)
        recording = replace(recording, right=replace(recording.right, emg=louder))
        plain, changed = (analyse(r).body.muscle_activation for r in (simulated.recording, recording))
        assert changed.right.mean_percent == pytest.approx(plain.right.mean_percent)
        assert changed.right.maximum_uv == pytest.approx(7 * plain.right.maximum_uv)
        assert 5 < plain.left.mean_percent < 60
        assert len(plain.left.sets_percent) == 2

    def test_the_envelope_is_the_rms_that_was_put_in(self):
        rng = np.random.default_rng(0)
        time_s = np.arange(0, 20, 1 / 2000)
        loud = np.where(time_s < 10, 50.0, 200.0)
        emg = Emg(time_s, loud * rng.standard_normal(len(time_s)), 2000.0)
        inside = np.sqrt(430 / 1000)  # share of white noise that the band passes
        level = envelope(emg)
        assert np.median(level[1000:19000]) == pytest.approx(50 * inside, rel=0.05)
        assert np.median(level[21000:39000]) == pytest.approx(200 * inside, rel=0.05)

    def test_a_slow_electromyogram_is_refused(self):
        result = analyse(simulate(Simulation(exercise="curl", sets=1, emg_rate_hz=500.0)).recording)
        own = result.body.muscle_activation.left
        assert own.mean_percent is None
        assert own.reason == "needs 1000 Hz or more, this electromyogram has 500 Hz"

    def test_a_flat_electromyogram_is_refused(self):
        recording = simulate(Simulation(exercise="curl", sets=1, emg_rate_hz=1000.0)).recording
        flat = replace(recording.left.emg, value_uv=0 * recording.left.emg.value_uv)
        own = analyse(replace(recording, left=replace(recording.left, emg=flat))).body.muscle_activation.left
        assert own.mean_percent is None
        assert "flat" in own.reason

    def test_without_one_nobody_speaks_of_muscles(self):
        result = analyse(simulate(Simulation(exercise="curl", sets=1)).recording)
        assert result.body.muscle_activation is None
        assert not any("muscle" in line for line in body_lines(result.body))
        with_one = analyse(simulate(Simulation(exercise="curl", sets=1, emg_rate_hz=1000.0)).recording)
        assert any(line.startswith("muscle activation, left") for line in body_lines(with_one.body))

    def test_the_simulated_loudness_is_the_stated_one(self):
        simulated = simulate(Simulation(exercise="hold", sets=1, emg_rate_hz=1000.0))
        emg, (start, end) = simulated.recording.left.emg, simulated.truth.sets[0]
        inside = (emg.time_s > start + 2) & (emg.time_s < end - 2)
        assert emg.value_uv[inside].std() == pytest.approx(0.3 * LOUDEST_UV, rel=0.1)


@pytest.mark.parametrize("exercise", ["squat", "run", "stand", "hold", "tennis"])
def test_the_contract_has_four_more_keys_and_text_says_the_same(exercise):
    recording = simulate(Simulation(exercise=exercise, sets=1, bout_s=15.0, emg_rate_hz=1000.0)).recording
    result = analyse(replace(recording, placement="hip"))
    body = json.loads(result.to_json())
    assert set(body) >= KEYS
    lines = body_lines(result.body)
    assert any(line.startswith("tilt at rest") for line in lines) == (body["posture"] is not None)
    assert sum(line.startswith("hold ") for line in lines) == len(body["holds"])
    assert any(line.startswith("velocity loss") for line in lines) == (body["fatigue"] is not None)


def test_swapping_sides_swaps_them():
    recording = simulate(Simulation(exercise="curl", sets=2, fatigue=(0.1, 0.4), seed=5)).recording
    other = replace(
        recording,
        left=replace(recording.right, side=Side.LEFT),
        right=replace(recording.left, side=Side.RIGHT),
    )
    there, back = (analyse(r).body.fatigue for r in (recording, other))
    for one, two in zip(there.sets, back.sets, strict=True):
        assert (one.left, one.right) == (two.right, two.left)
        assert one.asymmetry.change == pytest.approx(two.asymmetry.change)
    assert there.side is back.side.other
