"""Fatigue: what was put into the simulator comes out, and noise is not called fatigue."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import analyse
from analysis.metrics.fatigue import over_sets, trend, velocity_loss
from analysis.metrics.smoothness import spectral_arc_length
from sensing.recording import Side
from sensing.simulate import Simulation, simulate

CODES = {"worked_to_exhaustion", "asymmetry_grows"}


def tired(**changes):
    return simulate(Simulation(**({"exercise": "curl", "cv": 0.05, "set_sd": 0.0, "reps": 10} | changes)))


def told(simulated):
    return {f.code: f for f in analyse(simulated.recording).findings if f.code in CODES}


@pytest.mark.parametrize("exercise", ["squat", "curl", "row"])
@pytest.mark.parametrize("fatigue", [0.0, 0.3, 0.5])
def test_velocity_loss_put_in_comes_out(exercise, fatigue):
    simulated = tired(exercise=exercise, fatigue=fatigue, sets=2, cv=0.02, seed=1)
    peaks = simulated.truth.metric("peak_angular_velocity")
    for one in analyse(simulated.recording).body.fatigue.sets:
        for found, rows in ((one.left, peaks.left), (one.right, peaks.right)):
            true = velocity_loss(np.array(rows[one.set]))
            assert found.velocity_loss_percent == pytest.approx(true, abs=2.0)
            assert (found.band == "over_40") == (fatigue == 0.5)
            assert (found.band == "none") == (fatigue == 0.0)


def test_a_set_worked_to_exhaustion_is_told_with_its_side():
    found = told(tired(fatigue=(0.55, 0.0), sticking=(0.9, 0.0), sets=1, seed=1))
    assert found["worked_to_exhaustion"].side is Side.LEFT
    assert found["worked_to_exhaustion"].level == "notice"
    assert "left side was worked to exhaustion in set 1" in found["worked_to_exhaustion"].message


def test_poor_data_tell_no_fatigue():
    simulated = tired(fatigue=0.55, sticking=0.9)
    right = simulated.recording.right
    poor = replace(simulated.recording, right=replace(right, lost=len(right)))
    assert told(simulated)
    assert told(replace(simulated, recording=poor)) == {}


def test_slower_but_as_smooth_is_no_exhaustion():
    assert "worked_to_exhaustion" not in told(tired(fatigue=0.55))


def test_a_difference_that_grows_within_sets_is_told():
    found = told(tired(fatigue=(0.0, 0.3)))
    assert found["asymmetry_grows"].side is Side.LEFT


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("exercise", ["squat", "curl", "stand", "hold", "run", "tennis"])
def test_variation_without_fatigue_is_not_told(exercise, seed):
    changes = {"bout_s": 20.0} if exercise in ("run", "stand", "hold") else {}
    assert told(simulate(Simulation(exercise=exercise, rho=0.4, seed=seed, **changes))) == {}


def test_strides_strokes_and_stillness_have_no_velocity_to_lose():
    for exercise in ("run", "tennis", "stand"):
        assert analyse(simulate(Simulation(exercise=exercise, bout_s=20.0)).recording).body.fatigue is None


def test_the_loss_from_set_to_set_is_that_of_their_means():
    fatigue = analyse(tired(sets=3, seed=3).recording).body.fatigue
    assert set(fatigue.session_loss_percent) == set(Side)
    assert all(0 <= loss < 15 for loss in fatigue.session_loss_percent.values())


@given(st.lists(st.floats(1, 1e3), min_size=2, max_size=20), st.floats(0.1, 10))
def test_velocity_loss_is_a_share_and_does_not_depend_on_the_unit(speeds, factor):
    loss = velocity_loss(np.array(speeds))
    assert 0 <= loss < 100
    assert velocity_loss(factor * np.array(speeds)) == pytest.approx(loss, abs=1e-9)


@given(st.floats(-5, 5), st.floats(-5, 5), st.integers(4, 30))
def test_a_straight_line_is_its_own_trend(first, change, n):
    found = trend(first + change * np.linspace(0, 1, n))
    assert found.first == pytest.approx(first, abs=1e-9)
    assert found.change == pytest.approx(change, abs=1e-9)
    assert found.last == pytest.approx(first + change, abs=1e-9)


def test_missing_repetitions_keep_their_place():
    line = np.linspace(0, 1, 10)
    line[[0, 4, 9]] = np.nan
    assert trend(line).change == pytest.approx(1.0)
    assert trend(np.array([1.0, np.nan, 2.0, 3.0])) is None


@pytest.mark.parametrize("rho", [0.0, 0.4])
def test_noise_rises_in_at_most_one_set_of_forty(rho):
    rng = np.random.default_rng(5)
    rises = 0
    for _ in range(800):
        noise = rng.standard_normal(8)
        for i in range(1, 8):
            noise[i] = rho * noise[i - 1] + math.sqrt(1 - rho**2) * noise[i]
        rises += trend(noise).rises
    assert rises / 800 <= 0.035


def test_several_sets_are_their_own_unit():
    lines = [trend(np.linspace(0, change, 8)) for change in (0.1, 0.2, 0.3)]
    pooled = over_sets(lines)
    assert pooled.change == pytest.approx(0.2)
    assert pooled.ci95[0] < 0 < pooled.ci95[1]
    assert over_sets(lines[:1]).change == pytest.approx(0.1)
    assert over_sets([]) is None


def test_spectral_arc_length_of_a_smooth_reach_does_not_depend_on_its_speed():
    # Minimum jerk; a stop in the middle makes it longer.
    for duration in (0.5, 2.0):
        u = np.arange(0, duration, 0.005) / duration
        assert spectral_arc_length(30 * (u * (1 - u)) ** 2, 200.0) == pytest.approx(-1.41, abs=0.02)
    stops = np.concatenate([30 * (u * (1 - u)) ** 2, np.zeros(100), 30 * (u * (1 - u)) ** 2])
    assert spectral_arc_length(stops, 200.0) < -2
