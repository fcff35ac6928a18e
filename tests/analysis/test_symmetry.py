"""Symmetry indices: zero at equality, sign flips with the sides, ranges hold, worked values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis import symmetry
from sensing.recording import Side

positive = st.floats(1e-3, 1e6)


def index(name):
    function = getattr(symmetry, name)
    if name == "symmetry_index":
        return lambda left, right: function(math.log(right) - math.log(left))
    if name.startswith("bilateral_asymmetry"):
        return lambda left, right: function(left, right, Side.RIGHT)
    if name == "normalized_symmetry_index":
        return lambda left, right: float(function(np.array([left]), np.array([right]))[0])
    return function


SIGNED = [name for name in symmetry.RANGES if name != "bilateral_strength_asymmetry"]


@pytest.mark.parametrize("name", [*symmetry.RANGES, "gait_asymmetry", "log_ratio"])
@given(value=positive)
def test_equal_sides_give_zero(name, value):
    assert index(name)(value, value) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", [*SIGNED, "gait_asymmetry", "log_ratio"])
@given(left=positive, right=positive)
def test_swapping_sides_flips_the_sign(name, left, right):
    assert index(name)(left, right) == pytest.approx(-index(name)(right, left), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", symmetry.RANGES)
@given(left=positive, right=positive)
def test_ranges_hold(name, left, right):
    low, high = symmetry.RANGES[name]
    assert low <= index(name)(left, right) <= high


@pytest.mark.parametrize("name", [*SIGNED, "gait_asymmetry", "log_ratio"])
@given(left=positive, right=positive)
def test_positive_means_right_is_larger(name, left, right):
    value = index(name)(left, right)
    assert value == 0 or (value > 0) == (right > left)


@given(left=positive, right=positive)
def test_strength_asymmetry_is_unsigned(left, right):
    bsa = symmetry.bilateral_strength_asymmetry
    assert bsa(left, right) == bsa(right, left) >= 0


@given(left=positive, right=positive)
def test_limb_symmetry_index_is_above_zero_and_100_at_equality(left, right):
    assert symmetry.limb_symmetry_index(left, right) > 0
    assert symmetry.limb_symmetry_index(left, left) == pytest.approx(100)


@given(left=positive, right=positive)
def test_dominance_turns_the_bilateral_index_round(left, right):
    by_right = symmetry.bilateral_asymmetry_1(left, right, Side.RIGHT)
    assert symmetry.bilateral_asymmetry_1(left, right, Side.LEFT) == -by_right
    assert symmetry.bilateral_asymmetry_2(left, right, Side.RIGHT) == pytest.approx(2 * by_right)


def test_one_pair_reads_differently_in_every_index():
    left, right = 0.90, 1.0
    assert symmetry.percentage_difference(left, right) == pytest.approx(10.0)
    assert symmetry.symmetry_index(math.log(right / left)) == pytest.approx(10.53, abs=0.01)
    assert symmetry.bilateral_asymmetry_1(left, right, Side.RIGHT) == pytest.approx(5.26, abs=0.01)
    assert symmetry.symmetry_angle(left, right) == pytest.approx(3.35, abs=0.01)


@pytest.mark.parametrize("name", ["log_ratio", "symmetry_angle", "laterality_index", "gait_asymmetry"])
@pytest.mark.parametrize("left", [0.0, -1.0, math.nan])
def test_ratios_refuse_values_that_are_not_positive(name, left):
    with pytest.raises(ValueError, match="above zero"):
        index(name)(left, 1.0)


trials = st.integers(1, 20).flatmap(
    lambda n: st.tuples(*[arrays(np.float64, n, elements=st.floats(-1e3, 1e3))] * 2)
)


@given(trials)
def test_nsi_takes_any_sign_and_stays_in_range(pair):
    left, right = pair
    nsi = symmetry.normalized_symmetry_index(left, right)
    assert np.all(np.abs(nsi) <= 100 + 1e-9)
    np.testing.assert_allclose(symmetry.normalized_symmetry_index(right, left), -nsi)


def wave(phase=0.0, scale=1.0):
    return scale * np.sin(2 * np.pi * (np.arange(100) / 100 - phase)) + 3


def test_trend_symmetry_sees_shape_not_size():
    assert symmetry.trend_symmetry(wave(), wave(scale=2)) == pytest.approx((0, 2), abs=1e-9)
    about, _ = symmetry.trend_symmetry(wave(), wave(phase=0.25))
    assert about == pytest.approx(100)
    assert math.isnan(symmetry.trend_symmetry(wave(), np.ones(100))[0])


@given(st.integers(-40, 40))
def test_cross_correlation_finds_the_lag(shift):
    correlation, lag = symmetry.peak_cross_correlation(wave(), wave(phase=shift / 100))
    assert correlation == pytest.approx(1)
    assert lag == pytest.approx(shift / 100)


@given(st.floats(0.2, 5))
def test_cyclogram_of_scaled_sides(scale):
    angle = symmetry.cyclogram_orientation(wave(), wave(scale=scale))
    assert angle == pytest.approx(math.degrees(math.atan(scale)))
