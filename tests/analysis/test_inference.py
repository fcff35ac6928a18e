"""The decision rule: what it says on clear cases, its symmetries, and its error rates."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.inference import (
    Estimate,
    SetValues,
    benjamini_hochberg,
    decide,
    estimate,
    holm,
    lag1_correlation,
)
from analysis.results import VerdictWord
from benchmarks.decision_rule import CASES, simulate

positive = st.floats(0.1, 1000)
paired_set = st.integers(2, 12).flatmap(
    lambda n: st.tuples(
        st.lists(positive, min_size=n, max_size=n), st.lists(positive, min_size=n, max_size=n)
    )
)


def sets_of(raw, paired=True):
    return [SetValues(np.array(left), np.array(right), paired) for left, right in raw]


@given(st.lists(paired_set, min_size=1, max_size=5), st.booleans(), st.booleans())
def test_swapping_sides_negates_exactly(raw, paired, log):
    there = estimate(sets_of(raw, paired), 0.04, log=log)
    back = estimate(sets_of([(right, left) for left, right in raw], paired), 0.04, log=log)
    assert back.d == -there.d
    assert (back.se, back.df, back.left, back.right) == (there.se, there.df, there.right, there.left)
    assert back.interval() == tuple(-x for x in reversed(there.interval()))


@given(st.lists(paired_set, min_size=1, max_size=5))
def test_displayed_sides_give_the_displayed_difference(raw):
    found = estimate(sets_of(raw), 0.04)
    assert math.log(found.right / found.left) == pytest.approx(found.d, abs=1e-9)


@given(st.lists(paired_set, min_size=1, max_size=5), st.floats(0.2, 5))
def test_scaling_one_side_shifts_the_difference_only(raw, factor):
    before = estimate(sets_of(raw), 0.04)
    after = estimate(sets_of([(left, [factor * x for x in right]) for left, right in raw]), 0.04)
    assert after.d - before.d == pytest.approx(math.log(factor), abs=1e-9)
    assert after.se == pytest.approx(before.se, rel=1e-6, abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_adjusted_p_values_never_shrink_and_keep_their_order(p):
    for adjusted in (holm(p), benjamini_hochberg(p)):
        assert all(q >= x - 1e-15 and q <= 1 for q, x in zip(adjusted, p, strict=True))
        assert [adjusted[i] for i in np.argsort(p, kind="stable")] == sorted(adjusted)


def test_holm_on_a_worked_example():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_benjamini_hochberg_on_a_worked_example():
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])


def found(d, se, reps=24):
    return Estimate(d, se, 30.0, 1.0, math.exp(d), 3, reps, reps, "recording")


@pytest.mark.parametrize(
    ("d", "se", "verdict", "grade"),
    [
        (0.0, 0.03, VerdictWord.BALANCED, None),
        (0.0, 0.08, VerdictWord.INCONCLUSIVE, None),
        (0.09, 0.03, VerdictWord.ASYMMETRIC, "mild"),
        (0.13, 0.03, VerdictWord.ASYMMETRIC, "moderate"),
        (-0.13, 0.03, VerdictWord.ASYMMETRIC, "moderate"),
        (0.30, 0.03, VerdictWord.ASYMMETRIC, "marked"),
        (-0.30, 0.03, VerdictWord.ASYMMETRIC, "marked"),
        # Real but surely too small to matter: balance is tested first.
        (0.03, 0.01, VerdictWord.BALANCED, None),
    ],
)
def test_verdicts(d, se, verdict, grade):
    estimate_ = found(d, se)
    assert decide(estimate_, 0.10, estimate_.p) == (verdict, grade)


def test_few_repetitions_are_always_inconclusive():
    assert decide(found(0.5, 0.01, reps=5), 0.10, 1e-9) == (VerdictWord.INCONCLUSIVE, None)


def test_adjusted_p_decides_not_the_plain_interval():
    estimate_ = found(0.085, 0.04)
    assert estimate_.interval()[0] > 0
    assert decide(estimate_, 0.10, 2 * estimate_.p) == (VerdictWord.INCONCLUSIVE, None)


@pytest.mark.parametrize(("d", "se", "found"), [(14.0, 6.5, False), (9.5, 1.0, False), (14.0, 5.0, True)])
def test_range_of_motion_needs_ten_degrees_and_an_interval_without_zero(d, se, found):
    estimated = Estimate(d, se, 8.0, 100, 100 + d, 3, 24, 24, "recording")
    verdict, _ = decide(estimated, 10.0, estimated.p, alpha=0.10, min_effect=10.0)
    assert (verdict is VerdictWord.ASYMMETRIC) == found


def test_sets_without_values_are_left_out():
    empty, full = np.array([]), np.array([1.0, 1.1, 0.9])
    assert estimate([SetValues(empty, full, False)], 0.04) is None
    assert estimate([SetValues(empty, full, False), SetValues(full, full, True)], 0.04).sets == 1


def test_one_repetition_has_no_interval():
    one = np.array([1.0])
    assert math.isinf(estimate([SetValues(one, one, True)], 0.04).se)


def test_lag1_correlation_is_floored_only_in_short_series():
    rng = np.random.default_rng(1)
    assert lag1_correlation(rng.standard_normal(12)) >= 0.4
    assert lag1_correlation(rng.standard_normal(2000)) < 0.1
    assert lag1_correlation(np.arange(100.0)) == 0.9
    assert lag1_correlation(np.ones(30)) < 0.1


# Bounds leave three binomial standard errors at this number of runs; the benchmark runs 20,000.
RUNS = 1000


AT_ZERO = [c for c in CASES if c.d == 0 and (not c.mountings or (c.remount_sd == 0.04 and c.sets == 3))]


@pytest.mark.parametrize("case", AT_ZERO, ids=lambda c: c.name)
def test_false_alarms_and_coverage_at_zero(case):
    rates = simulate(case, RUNS, seed=2)
    assert rates.asymmetric <= 0.06 + 0.022
    assert rates.covered >= 0.93 - 0.02
    assert rates.marked <= 0.02


def test_error_rates_at_delta_and_power_beyond():
    at_delta = simulate(next(c for c in CASES if c.name == "3 x 8, d = 0.10"), RUNS, seed=3)
    assert at_delta.balanced <= 0.06 + 0.022
    assert at_delta.marked <= 0.06 + 0.022
    assert 0.93 - 0.02 <= at_delta.covered <= 0.97 + 0.02
    far = simulate(next(c for c in CASES if c.name == "3 x 8, d = 0.25"), RUNS, seed=4)
    assert far.asymmetric >= 0.90
    fifteen = simulate(next(c for c in CASES if c.name == "3 x 8, R/L = 1.15"), RUNS, seed=5)
    assert fifteen.asymmetric >= 0.60


@settings(max_examples=30)
@given(st.floats(-0.5, 0.5), st.floats(0.001, 0.3))
def test_verdict_does_not_depend_on_which_side_is_larger(d, se):
    there, back = found(d, se), found(-d, se)
    assert decide(there, 0.10, there.p) == decide(back, 0.10, back.p)
