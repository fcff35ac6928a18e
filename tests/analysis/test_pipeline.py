"""From a recording to words: asymmetry put in comes out, and what cannot be known is not said."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from analysis import Settings, analyse, check_recording
from analysis.results import VerdictWord
from sensing.recording import GRAVITY, Recording, Side, Stream, Sync
from sensing.simulate import Simulation, simulate


def recorded(**kwargs):
    return simulate(Simulation(**({"exercise": "squat", "seed": 3, "remount_sd": 0.0} | kwargs))).recording


CONTRACT = {
    "schema": str,
    "recording": dict,
    "quality": dict,
    "sets": list,
    "use": dict,
    "metrics": list,
    "findings": list,
    "verdict": dict,
    "summary": str,
}
METRIC_KEYS = {
    "name", "unit", "primary", "left", "right", "log_ratio", "difference", "ci95", "index_percent", "delta",
    "n", "verdict", "grade", "side", "scope", "p", "p_adjusted", "mdc_percent", "reason",
    "se", "df", "remount_sd",
}  # fmt: skip
NAMES = {
    "angle_travelled", "peak_angular_velocity", "movement_activation", "peak_acceleration", "player_load",
    "range_of_motion", "rep_duration", "active_time", "onset_lag",
}  # fmt: skip


@pytest.mark.parametrize("kwargs", [{}, {"exercise": "run"}, {"exercise": "stand"}, {"exercise": "tennis"}])
def test_json_contract(kwargs):
    text = analyse(recorded(**kwargs), Settings(per_set=True)).to_json()
    assert "NaN" not in text
    body = json.loads(text)
    for key, kind in CONTRACT.items():
        assert isinstance(body[key], kind), key
    assert body["schema"] == "sidewise.analysis/1"
    assert {m["name"] for m in body["metrics"]} >= NAMES
    steps = {"impact_load", "impact_peak", "stride_time", "swing_time", "stance_time"}
    assert steps <= {m["name"] for m in body["metrics"]} or kwargs.get("exercise") != "run"
    for metric in body["metrics"]:
        assert set(metric) >= METRIC_KEYS
        assert metric["verdict"] in set(VerdictWord)
        assert (metric["log_ratio"] is None) == (metric["ci95"] is None)
        if metric["log_ratio"] is None and metric["verdict"] != "not_assessable":
            assert metric["difference_ci95"] is not None
        if metric["p"] is not None:
            assert metric["se"] >= metric["remount_sd"] >= 0 and metric["df"] > 0
    for found in body["sets"]:
        assert set(found["reps"]) == set(found["events"]) == {"left", "right"}
    assert set(body["quality"]["sync"]) == {"error_s", "fit_s", "unseen_s", "method"}
    assert set(body["verdict"]) == {"verdict", "grade", "side", "metric", "flagged"}


@pytest.mark.parametrize("exercise", ["squat", "curl", "row", "tennis"])
@pytest.mark.parametrize("asym", [math.log(0.8), 0.0, math.log(1.25)])
def test_asymmetry_put_in_comes_out(exercise, asym):
    simulation = Simulation(exercise=exercise, asym=asym, cv=0, set_sd=0, remount_sd=0, seed=4)
    row = analyse(simulate(simulation).recording).metric("angle_travelled")
    assert row.log_ratio == pytest.approx(asym, abs=0.015)
    assert math.log(row.right / row.left) == pytest.approx(row.log_ratio, abs=1e-9)
    assert row.index_percent == pytest.approx(200 * math.tanh(row.log_ratio / 2))


def test_marked_asymmetry_is_found_and_named():
    result = analyse(recorded(asym=-0.4))
    assert result.verdict.verdict is VerdictWord.ASYMMETRIC
    assert (result.verdict.grade, result.verdict.side) == ("marked", Side.LEFT)
    assert result.verdict.flagged
    assert "left" in result.summary and "right" not in result.summary
    assert [f.code for f in result.findings if f.level == "flag"] == ["asymmetry"]


def test_balance_is_earned_only_by_narrow_intervals():
    steady = recorded(asym=0.0, sets=6, reps=10, cv=0.03, set_sd=0.005)
    assert analyse(steady, Settings(remount_sd=0.01)).verdict.verdict is VerdictWord.BALANCED
    assert analyse(steady, Settings(remount_sd=0.10)).verdict.verdict is VerdictWord.INCONCLUSIVE


class TestTennis:
    def play(self, placement="wrist", **kwargs):
        recording = recorded(exercise="tennis", asym=0.4, sets=4, reps=10, **kwargs)
        return replace(recording, sport="tennis", dominant=Side.RIGHT, placement=placement)

    def test_playing_arm_is_expected_and_said(self):
        result = analyse(self.play())
        assert result.verdict.verdict is VerdictWord.ASYMMETRIC
        assert not result.verdict.flagged
        assert next(f.code for f in result.findings if f.level != "info") == "sport_pattern"
        assert "expected for tennis" in result.summary
        assert result.profile.name == "tennis"
        assert result.profile.in_band is None

    def test_the_same_on_a_leg_is_a_flag(self):
        result = analyse(replace(self.play(), placement="shank", exercise="squat"))
        assert result.verdict.flagged
        assert any(f.code == "asymmetry" and f.level == "flag" for f in result.findings)

    def test_the_other_arm_doing_more_is_a_flag(self):
        result = analyse(replace(self.play(), dominant=Side.LEFT))
        assert result.verdict.flagged
        assert any(f.code == "striking_hand" for f in result.findings)

    def test_without_a_dominant_side_nothing_is_expected(self):
        result = analyse(replace(self.play(), dominant=None))
        assert result.verdict.flagged
        assert "which side is dominant" in result.findings[0].message

    def test_the_sport_alone_finds_the_strokes(self):
        result = analyse(replace(self.play(), exercise=""))
        assert [len(s.reps[Side.RIGHT]) for s in result.sets] == [10] * 4
        assert "expected for tennis" in result.summary

    def test_without_a_placement_it_is_asked_for(self):
        result = analyse(replace(self.play(), placement="unknown"))
        assert "where the sensors were worn" in result.findings[0].message

    def test_a_sport_without_a_profile_expects_nothing(self):
        result = analyse(replace(self.play(), sport="quidditch"))
        assert result.verdict.flagged
        assert result.profile is None
        assert any(f.code == "no_profile" for f in result.findings)


@pytest.mark.parametrize("exercise", ["squat", "curl", "row"])
def test_active_time_of_the_quicker_side_is_its_own(exercise):
    simulated = simulate(Simulation(exercise=exercise, asym={"tempo": 0.2}, seed=2))
    expected = simulated.truth.metric("rep_duration").log_ratio
    assert analyse(simulated.recording).metric("active_time").log_ratio == pytest.approx(expected, abs=0.02)


def test_coupled_exercise_is_said():
    result = analyse(replace(recorded(), exercise="barbell squat"))
    assert any(f.code == "coupled_exercise" for f in result.findings)
    assert all(s.coupled for s in result.sets)


def test_weights_held_enter_the_load():
    recording = recorded(asym=0.0, cv=0.0, set_sd=0.0)
    row = analyse(replace(recording, load_kg=(10.0, 12.0), rpe=6.0)).metric("load_moved")
    assert row.log_ratio == pytest.approx(math.log(1.2), abs=0.015)
    with pytest.raises(KeyError):
        analyse(recording).metric("load_moved")


def test_exertion_gives_the_session_load():
    recording = replace(recorded(), rpe=6.0)
    assert analyse(recording).use.session_load == pytest.approx(6 * recording.duration_s / 60)


def test_too_few_repetitions_are_inconclusive():
    result = analyse(recorded(sets=1, reps=5, asym=0.5))
    assert result.verdict.verdict is VerdictWord.INCONCLUSIVE
    assert "at least 6" in result.metric("angle_travelled").reason


def test_one_set_speaks_of_this_set_only():
    result = analyse(recorded(sets=1, reps=12, asym=0.5))
    assert result.metric("angle_travelled").scope == "this_set"
    assert "in this set" in result.summary


def test_a_delay_of_one_side_is_found_and_small_ones_suppressed():
    known = Sync(0.002, 0.002, 0.0, "hull")
    recording = replace(recorded(sets=4, reps=10, ideal_clock=True), sync=known)
    own = recording.right
    before = analyse(recording).metric("onset_lag").difference
    for delay, judged in ((0.06, True), (0.004, False)):
        late = replace(recording, right=replace(own, time_s=own.time_s + delay))
        row = analyse(late).metric("onset_lag")
        assert row.difference == pytest.approx(before + 1000 * delay, abs=5)
        assert (row.verdict is VerdictWord.ASYMMETRIC) == judged


def test_lost_samples_become_left_out_repetitions_not_wrong_ones():
    whole = recorded(sets=4, reps=10, asym=0.1)
    before = analyse(whole).metric("angle_travelled").index_percent
    keep = np.ones(len(whole.left), dtype=bool)
    rng = np.random.default_rng(0)
    for start in rng.integers(0, len(keep) - 40, size=len(keep) // 800):
        keep[start : start + 40] = False
    assert 0.02 < 1 - keep.mean() < 0.08
    left = whole.left
    times = left.time_s[keep]
    holes = np.flatnonzero(np.diff(times) > 1.5 / left.rate_hz)
    gaps = tuple((float(times[i]), float(times[i + 1])) for i in holes)
    lossy = replace(
        left,
        time_s=times,
        acc=left.acc[keep],
        gyr=left.gyr[keep],
        host_time_s=None,
        device_time_s=None,
        seq=None,
        gaps=gaps,
        lost=int((~keep).sum()),
    )
    result = analyse(replace(whole, left=lossy))
    assert result.metric("angle_travelled").index_percent == pytest.approx(before, abs=2.0)
    assert result.quality.has("loss")


class TestGates:
    def one(self, **changes):
        recording = recorded(ideal_clock=True)
        return replace(recording, right=replace(recording.right, **changes))

    def codes(self, recording):
        return {w.code for w in check_recording(recording).warnings}

    def test_a_clean_recording_is_good(self):
        quality = check_recording(recorded(ideal_clock=True))
        assert quality.grade == "good"

    def test_duplicated_sides(self):
        recording = recorded(ideal_clock=True)
        twice = replace(recording, right=replace(recording.left, side=Side.RIGHT))
        result = analyse(twice)
        assert "duplicated_sides" in self.codes(twice)
        assert result.verdict.verdict is VerdictWord.INCONCLUSIVE

    def test_duplicated_sides_are_seen_though_shifted(self):
        recording = recorded(ideal_clock=True)
        late = replace(recording.left, side=Side.RIGHT, time_s=recording.left.time_s + 0.05)
        assert "duplicated_sides" in self.codes(replace(recording, right=late))

    def test_a_constant_offset_of_the_gyroscope_is_not_movement(self):
        recording = recorded(ideal_clock=True)
        biased = self.one(gyr=recording.right.gyr + np.array([20.0, 0.0, 0.0]))
        assert "gyroscope_bias" in self.codes(biased)
        plain, off = (analyse(r).metric("angle_travelled").log_ratio for r in (recording, biased))
        assert off == pytest.approx(plain, abs=0.005)

    def test_impossible_values_are_missing_ones(self):
        recording = recorded(ideal_clock=True)
        gyr = np.array(recording.right.gyr)
        gyr[1000] = 1e300
        faulty = self.one(gyr=gyr)
        assert "impossible_values" in self.codes(faulty)
        plain, off = (analyse(r).metric("angle_travelled").log_ratio for r in (recording, faulty))
        assert off == pytest.approx(plain, abs=0.01)

    def test_a_still_side(self):
        recording = recorded(ideal_clock=True)
        still = simulate(Simulation(exercise="stand", seed=1, ideal_clock=True)).recording
        n = min(len(recording.right), len(still.right))
        own = still.right
        stream = Stream(
            side="right",
            time_s=recording.right.time_s[:n],
            acc=own.acc[:n],
            gyr=own.gyr[:n],
            rate_hz=own.rate_hz,
        )
        mixed = replace(recording, right=stream)
        assert "still_sensor" in self.codes(mixed)
        assert analyse(mixed).verdict.verdict is VerdictWord.NOT_ASSESSABLE

    @pytest.mark.parametrize("level", [0.0, 0.05])
    def test_a_still_foot(self, level):
        recording = recorded(exercise="run", ideal_clock=True)
        own = recording.right
        noise = level * np.random.default_rng(0).standard_normal((len(own), 6))
        still = replace(own, acc=noise[:, :3] + (0, 0, GRAVITY), gyr=noise[:, 3:])
        result = analyse(replace(recording, right=still))
        assert result.verdict.verdict is VerdictWord.NOT_ASSESSABLE
        assert "right" in result.summary

    def test_units_that_cannot_be(self):
        recording = recorded(ideal_clock=True)
        in_g = self.one(acc=recording.right.acc / 9.80665)
        assert "far_from_one_g" in self.codes(in_g)
        assert analyse(in_g).verdict.verdict is VerdictWord.INCONCLUSIVE

    def test_clipping_blocks_peaks(self):
        recording = recorded(ideal_clock=True, asym=0.3)
        limit = float(np.percentile(np.abs(recording.right.gyr), 97))
        clipped = self.one(gyr=np.clip(recording.right.gyr, -limit, limit), gyr_range=limit)
        result = analyse(clipped)
        assert "clipped" in self.codes(clipped)
        row = result.metric("peak_angular_velocity")
        assert row.verdict is VerdictWord.INCONCLUSIVE
        assert "full scale" in row.reason

    def test_heavy_loss_withholds_the_verdict(self):
        lost = self.one(lost=len(recorded(ideal_clock=True).right))
        assert "heavy_loss" in self.codes(lost)
        assert analyse(lost).verdict.verdict is VerdictWord.INCONCLUSIVE

    def test_no_gyroscope(self):
        recording = recorded(ideal_clock=True)
        blind = replace(
            recording, left=replace(recording.left, gyr=None), right=replace(recording.right, gyr=None)
        )
        result = analyse(blind)
        assert "no_gyroscope" in self.codes(blind)
        assert result.metric("angle_travelled").verdict is VerdictWord.NOT_ASSESSABLE
        assert result.metric("movement_activation").log_ratio is not None


def test_swapping_sides_negates_everything():
    recording = recorded(asym=0.2, loss=0.01)
    swapped = Recording(
        left=replace(recording.right, side=Side.LEFT),
        right=replace(recording.left, side=Side.RIGHT),
        sync=recording.sync,
        placement=recording.placement,
    )
    there, back = analyse(recording), analyse(swapped)
    for a, b in zip(there.metrics, back.metrics, strict=True):
        assert a.log_ratio is None or a.log_ratio == -b.log_ratio
        assert (a.left, a.right, a.verdict, a.grade) == (b.right, b.left, b.verdict, b.grade)
    assert there.verdict.side is back.verdict.side.other


def test_frames_for_pandas():
    result = analyse(recorded(), Settings(per_set=True))
    frame = result.to_frame()
    assert len(frame) == len(result.metrics)
    assert {"name", "log_ratio", "ci95_low", "ci95_high", "n_left"} <= set(frame.columns)
    reps = result.reps_frame()
    assert len(reps[reps.metric == "angle_travelled"]) == 48
