"""Student's t agrees with scipy's."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special

from analysis import student

DF = st.floats(1, student.MAX_DF)


@settings(deadline=None)
@given(st.floats(0, 100), DF)
@example(0.0, 1.0)
@example(40.0, 1e4)
def test_probabilities_are_those_of_scipy(t, df):
    expected = 2 * special.stdtr(df, -t)
    assert student.two_sided_p(t, df) == pytest.approx(expected, rel=1e-9, abs=1e-300)
    assert student.two_sided_p(-t, df) == student.two_sided_p(t, df)


@settings(deadline=None)
@given(st.floats(0.001, 0.999), DF)
@example(0.975, 1.0)
@example(0.5, 7.0)
def test_quantiles_are_those_of_scipy(probability, df):
    assert student.quantile(probability, df) == pytest.approx(
        special.stdtrit(df, probability), rel=1e-9, abs=1e-9
    )


def test_endless_degrees_of_freedom_are_the_normal_distribution():
    assert student.quantile(0.975, float("inf")) == pytest.approx(special.ndtri(0.975), rel=2e-4)
    assert student.two_sided_p(1.96, float("inf")) == pytest.approx(2 * special.ndtr(-1.96), rel=1e-3)
