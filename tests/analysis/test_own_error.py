"""What mounting and sensors add: estimated from recordings with known truth, and taken into later answers."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import Settings, analyse
from analysis.history.athlete import Athlete, load_athlete, save_athlete
from analysis.history.pooling import Level
from analysis.history.sessions import session_of
from analysis.history.studies import (
    between_mountings,
    remount_study,
    swap_check,
    with_gains,
    with_studies,
)
from analysis.inference import SetValues, estimate
from analysis.own_error import LEAST_REMOUNT_SD, OwnError, RemountStudy, SensorGain, worn_pair
from sensing.errors import BadInput, UsageError
from sensing.recording import Placement, Recording, Side
from sensing.simulate import Simulation, simulate

TODAY = dt.date(2026, 11, 21)
PAIR = ("AA:01", "AA:02")
ANGLE = "angle_travelled"


def study(sd=0.06, df=4.0, within=0.02, placement=Placement.THIGH, metric=ANGLE):
    return RemountStudy(metric, placement, sd, df, TODAY, within)


def gain(log_gain=0.05, pair=PAIR, metric=ANGLE):
    return SensorGain(metric, *pair, log_gain, 0.01, 8.0, TODAY)


def recorded(seed: int, sensors=PAIR, gains=(1.0, 1.0), **params) -> Recording:
    """A squat, with sensors of these addresses and gains on the left and on the right."""
    defaults = {"exercise": "squat", "rate_hz": 50, "remount_sd": 0.0, "set_sd": 0.0, "ideal_clock": True}
    made = simulate(Simulation(**(defaults | {"seed": seed, "mount": f"m{seed}"} | params))).recording
    streams = {
        stream.side.value: dataclasses.replace(
            stream,
            address=address,
            acc=stream.acc * factor,
            gyr=stream.gyr * factor,
            acc_range=None,
            gyr_range=None,
        )
        for stream, address, factor in zip(made.streams(), sensors, gains, strict=True)
    }
    return dataclasses.replace(made, **streams)


def sessions(*recordings: Recording):
    return [session_of(analyse(recording)) for recording in recordings]


class TestScatterBetweenMountings:
    def test_on_a_worked_example(self):
        # Means 0, 3, 6 have variance 9; two of it come from within.
        sd, upper = between_mountings([Level(x, 2.0, 4.0, 0.0) for x in (0.0, 3.0, 6.0)])
        assert sd == pytest.approx(math.sqrt(7))
        assert upper == pytest.approx(math.sqrt(9 * 2 / 0.10258659 - 2))

    def test_is_never_below_zero(self):
        assert between_mountings([Level(x, 1.0, 4.0, 0.0) for x in (0.0, 0.1, 0.2)])[0] == 0

    def test_is_unbiased_and_its_bound_holds(self):
        rng = np.random.default_rng(1)
        found = np.array(
            [
                between_mountings([Level(x, 0.03**2, 4.0, 0.0) for x in rng.normal(0, 0.05, 5)])
                for _ in range(2000)
            ]
        )
        # No within scatter was drawn, so the variance found is 0.05^2 less what was taken off.
        assert np.mean(found[:, 0] ** 2) == pytest.approx(0.05**2 - 0.03**2, rel=0.15)
        assert np.mean(found[:, 1] ** 2 >= 0.05**2 - 0.03**2) == pytest.approx(0.95, abs=0.02)

    @given(st.floats(0, 0.3), st.floats(0, 0.3))
    def test_used_is_never_less_than_found_nor_than_could_be_told(self, sd, within):
        used = study(sd=sd, within=within).used_sd
        assert used >= max(sd, LEAST_REMOUNT_SD, 0.7 * within)


def test_a_study_finds_the_scatter_that_was_put_in():
    made = [
        simulate(Simulation(exercise="squat", seed=seed, rate_hz=50, remount_sd=0.15, mount=f"m{seed}"))
        for seed in range(1, 6)
    ]
    truth = np.std([one.truth.remount_log_ratio for one in made], ddof=1)
    found = {one.study.metric: one for one in remount_study(sessions(*(m.recording for m in made)), TODAY)}
    angle = found[ANGLE]
    assert angle.study.sd == pytest.approx(truth, abs=0.05)
    assert angle.upper > angle.study.sd
    assert angle.study.df == 4
    assert angle.study.placement is Placement.THIGH
    assert "rep_duration" not in found
    assert "range_of_motion" not in found


def test_what_cannot_be_studied_is_refused():
    two = sessions(recorded(1), recorded(2))
    with pytest.raises(UsageError, match="3 mountings or more, these recordings are of 2"):
        remount_study(two, TODAY)
    other = dataclasses.replace(two[0], placement=Placement.WRIST)
    with pytest.raises(UsageError, match="several placements"):
        remount_study([*two, other], TODAY)
    with pytest.raises(UsageError, match="several exercises"):
        swap_check(two[:1], [dataclasses.replace(two[1], exercise="row")])
    with pytest.raises(UsageError, match="both as worn and"):
        swap_check(two, [])
    poor = [dataclasses.replace(s, grade="poor", mount=str(k)) for k, s in enumerate(two * 2)]
    with pytest.raises(BadInput, match="no metric can be judged"):
        remount_study(poor, TODAY)


@pytest.fixture(scope="module")
def swapped():
    """A body that does 10 % more on the right; sensor 02 reads 6 % more than sensor 01."""
    body = {"asym": math.log(1.10), "cv": 0.02}
    as_worn = [recorded(seed, gains=(1.0, 1.06), **body) for seed in (1, 2)]
    turned = [recorded(seed, PAIR[::-1], (1.06, 1.0), **body) for seed in (3, 4)]
    return as_worn, turned, swap_check(sessions(*as_worn), sessions(*turned))


class TestSwapCheck:
    def test_sensors_and_sides_are_told_apart(self, swapped):
        *_, found = swapped
        for one in found:
            if one.metric in (ANGLE, "peak_angular_velocity"):
                assert one.gain.d == pytest.approx(math.log(1.06), abs=0.02)
                assert one.body.d == pytest.approx(math.log(1.10), abs=0.02)
        assert {one.metric for one in found} >= {ANGLE, "movement_activation"}

    def test_without_difference_between_sensors_none_is_found(self):
        found = swap_check(
            sessions(*(recorded(s, cv=0.02) for s in (1, 2))),
            sessions(*(recorded(s, PAIR[::-1], cv=0.02) for s in (3, 4))),
        )
        for one in found:
            low, high = one.gain.interval()
            assert low < 0 < high

    def test_it_is_taken_off_either_way_they_are_worn(self, swapped):
        as_worn, turned, found = swapped
        gains = tuple(one.kept(PAIR, TODAY) for one in found)
        settings = Settings(own_error=OwnError("a01", sensor_gain=gains))
        for recording in (as_worn[0], turned[0]):
            plain, corrected = analyse(recording), analyse(recording, settings)
            row, before = corrected.metric(ANGLE), plain.metric(ANGLE)
            assert row.log_ratio == pytest.approx(math.log(1.10), abs=0.03)
            assert row.se > before.se
            assert row.log_ratio == pytest.approx(math.log(row.right / row.left))
            assert corrected.metric("rep_duration") == plain.metric("rep_duration")
            (told,) = [f for f in corrected.findings if f.code == "sensor_gain_corrected"]
            assert "2026-11-21" in told.message
            assert ANGLE in told.metrics
            used = json.loads(corrected.to_json())["settings"]["own_error"]
            assert [g["metric"] for g in used["sensor_gain"]] == [one.metric for one in found]

    def test_other_sensors_are_left_alone(self, swapped):
        *_, found = swapped
        settings = Settings(own_error=OwnError("a01", sensor_gain=(found[0].kept(PAIR, TODAY),)))
        for sensors in (("AA:01", "BB:02"), ("", "")):
            other = recorded(1, sensors)
            assert analyse(other, settings).metrics == analyse(other).metrics

    def test_without_correction_the_sensors_pass_for_the_body(self, swapped):
        as_worn, turned, _ = swapped
        assert analyse(as_worn[0]).metric(ANGLE).log_ratio > 0.13
        assert analyse(turned[0]).metric(ANGLE).log_ratio < 0.06


class TestInTheDecision:
    def test_a_study_replaces_the_assumption_and_costs_degrees_of_freedom(self):
        recording = recorded(1)
        result = analyse(recording, Settings(own_error=OwnError("a01", (study(),))))
        row, before = result.metric(ANGLE), analyse(recording).metric(ANGLE)
        assert (before.remount_sd, before.remount_df) == (0.04, None)
        assert (row.remount_sd, row.remount_df) == (0.06, pytest.approx(3.2))
        assert row.se**2 - row.remount_sd**2 == pytest.approx(before.se**2 - before.remount_sd**2)
        assert row.df < before.df
        assert result.metric("movement_activation").remount_sd == 0.04
        (told,) = [f for f in result.findings if f.code == "own_remount_sd"]
        assert "5 mountings" in told.message

    def test_another_placement_or_a_stated_sd_leaves_it_out(self):
        recording = recorded(1)
        elsewhere = Settings(own_error=OwnError("a01", (study(placement=Placement.WRIST),)))
        assert analyse(recording, elsewhere).metrics == analyse(recording).metrics
        stated = Settings(remount_sd=0.0, own_error=OwnError("a01", (study(),)))
        assert analyse(recording, stated).metrics == analyse(recording, Settings(remount_sd=0.0)).metrics
        assert analyse(recording, stated).settings["own_error"] is None

    def test_degrees_of_freedom_by_satterthwaite(self):
        sets = [SetValues(np.exp(np.zeros(8)), np.exp(np.full(8, d)), paired=True) for d in (0.0, 0.1, 0.2)]
        own = 0.1**2 / 3
        found = estimate(sets, 0.05, remount_df=3.0)
        assert found.df == pytest.approx((own + 0.05**2) ** 2 / (own**2 / 2 + 0.05**4 / 3))

    @given(st.floats(-0.3, 0.3), st.floats(0.001, 0.1), st.floats(1, 50))
    def test_a_gain_moves_the_difference_and_swapping_still_negates(self, log_gain, se, df):
        left, right = np.array([1.0, 1.2, 0.9]), np.array([1.1, 1.3, 1.2])
        there = estimate([SetValues(left, right, True)], 0.04)
        back = estimate([SetValues(right, left, True)], 0.04)
        corrected, mirrored = there.without_gain(log_gain, se, df), back.without_gain(-log_gain, se, df)
        assert corrected.d == pytest.approx(there.d - log_gain)
        assert mirrored.d == -corrected.d
        assert math.log(corrected.right / corrected.left) == pytest.approx(corrected.d, abs=1e-12)
        assert corrected.se == mirrored.se > there.se


def test_a_gain_seen_from_the_other_side_is_negated():
    own = OwnError("a01", sensor_gain=(gain(),))
    made = recorded(1)
    turned = dataclasses.replace(
        made,
        left=dataclasses.replace(made.left, address=PAIR[1]),
        right=dataclasses.replace(made.right, address=PAIR[0]),
    )
    assert own.fitting(made).gain(ANGLE).log_gain == 0.05
    assert own.fitting(turned).gain(ANGLE).log_gain == -0.05
    assert own.fitting(made).gain("player_load") is None


def test_sensors_that_say_the_same_are_no_pair():
    made = recorded(1, ("", ""))
    assert worn_pair(made) is None
    assert worn_pair(dataclasses.replace(made, left=None)) is None
    named = {side.value: dataclasses.replace(made.stream(side), device=f"DOT {side}") for side in Side}
    assert worn_pair(dataclasses.replace(made, **named)) == ("DOT left", "DOT right")


def test_new_studies_take_the_place_of_old_ones_and_survive_the_file(tmp_path):
    athlete = with_studies(Athlete("a01"), [study(), study(placement=Placement.WRIST)])
    athlete = with_studies(athlete, [study(sd=0.03)])
    athlete = with_gains(with_gains(athlete, [gain()]), [gain(0.01, PAIR[::-1])])
    assert [(s.placement, s.sd) for s in athlete.remount] == [
        (Placement.THIGH, 0.03),
        (Placement.WRIST, 0.06),
    ]
    assert [g.log_gain for g in athlete.sensor_gain] == [0.01]
    save_athlete(tmp_path, athlete)
    assert load_athlete(tmp_path, "a01") == athlete
    assert load_athlete(tmp_path, "a01").own_error == OwnError("a01", athlete.remount, athlete.sensor_gain)
    assert Athlete("b02").own_error is None
