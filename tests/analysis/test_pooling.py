"""Pooling over sessions: rule 7 where its assumptions hold, wider where they do not, never narrower."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_history import FIRST, session, sessions

from analysis.history.pooling import contrast, levels, pool
from analysis.history.sessions import Session, choose, in_order, session_from_dict
from analysis.results import Count, VerdictWord
from sensing.errors import UsageError
from sensing.recording import Placement, Side

METRIC = "angle_travelled"
WITHIN, TAU = 0.03, 0.04


def exact(d: float, day: int = 0, **said: object) -> Session:
    """A session whose log ratio, errors and degrees of freedom are known exactly."""
    base = session(0.0, np.random.default_rng(0), FIRST + dt.timedelta(days=day))
    se = math.hypot(WITHIN, TAU)
    row = replace(base.metrics[0], log_ratio=d, se=se, df=se**4 / (WITHIN**4 / 2), remount_sd=TAU)
    return replace(base, metrics=(row,), **said)


def test_remounted_sessions_follow_rule_7():
    pooled = pool([exact(0.1, day) for day in range(4)], METRIC)
    assert pooled.log_ratio == pytest.approx(0.1)
    assert pooled.se == pytest.approx(math.sqrt((WITHIN**2 + TAU**2) / 4))
    assert pooled.df == pytest.approx((WITHIN**2 + TAU**2) ** 2 / (WITHIN**4 / 2) * 4)
    assert (pooled.sessions, pooled.mountings, pooled.side) == (4, 4, Side.RIGHT)


def test_one_session_pooled_is_itself():
    one = session(12.0, np.random.default_rng(1))
    row, pooled = one.metrics[0], pool([one], METRIC)
    assert pooled.ci95 == pytest.approx(row.ci95)
    assert (pooled.verdict, pooled.grade, pooled.side) == (row.verdict, row.grade, row.side)


@pytest.mark.parametrize("said", [{"mount": "m1"}, {"date": exact(0.0).date}])
def test_what_mounting_does_is_not_averaged_within_a_mounting(said):
    pooled = pool([exact(0.1, day, **said) for day in range(4)], METRIC)
    assert pooled.mountings == 1
    assert pooled.se == pytest.approx(math.sqrt(WITHIN**2 / 4 + TAU**2))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=8))
def test_scatter_widens_and_never_narrows_and_sides_mirror(d):
    of = [exact(x, day) for day, x in enumerate(d)]
    found = pool(of, METRIC)
    assert found.se is not None and found.ci95 is not None
    assert found.se >= math.sqrt((WITHIN**2 + TAU**2) / len(d)) * (1 - 1e-9)
    mirrored = pool([exact(-x, day) for day, x in enumerate(d)], METRIC)
    assert mirrored.ci95 == pytest.approx((-found.ci95[1], -found.ci95[0]))
    assert pool(of[::-1], METRIC).ci95 == pytest.approx(found.ci95)


def test_people_who_differ_from_day_to_day_are_not_flagged_more_often():
    rng = np.random.default_rng(3)
    scattered = [4 * rng.standard_normal(3) for _ in range(300)]
    flagged = [
        pool(sessions(list(percents), rng), METRIC).verdict is VerdictWord.ASYMMETRIC
        for percents in scattered
    ]
    assert np.mean(flagged) <= 0.09


def test_what_cannot_be_judged_is_left_out_and_counted():
    good = exact(0.2)
    row = good.metrics[0]
    refused = [
        replace(exact(0.9, 1), grade="poor"),
        replace(exact(0.9, 2), metrics=(replace(row, blocked=True),)),
        replace(exact(0.9, 3), metrics=(replace(row, n=Count(1, 5, 8)),)),
        replace(exact(0.9, 4), metrics=(replace(row, log_ratio=None, difference=None, ci95=None),)),
    ]
    pooled = pool([good, *refused], METRIC)
    assert pooled.log_ratio == pytest.approx(0.2)
    assert (pooled.sessions, pooled.left_out) == (1, 4)
    nothing = pool(refused, METRIC)
    assert nothing.verdict is VerdictWord.NOT_ASSESSABLE
    assert nothing.to_dict()["ci95"] is None and nothing.left_out == 4


def test_a_second_primary_metric_is_one_look_more():
    one = exact(0.125)
    second = replace(one.metrics[0], name="peak_angular_velocity", log_ratio=0.0)
    alone, beside = pool([one], METRIC), pool([replace(one, metrics=(*one.metrics, second))], METRIC)
    assert alone.p == beside.p and alone.p_adjusted is not None
    assert beside.p_adjusted == pytest.approx(2 * alone.p_adjusted)


def test_metrics_in_their_own_unit_or_unknown_are_refused_with_what_there_is():
    one = exact(0.1)
    motion = replace(one.metrics[0], name="range_of_motion", log_ratio=None, ci95=None, difference=3.0)
    for name in ("range_of_motion", "strength"):
        with pytest.raises(UsageError, match=r"use angle_travelled$"):
            pool([replace(one, metrics=(*one.metrics, motion))], name)


def test_a_contrast_counts_the_scatter_of_both_groups():
    apart = levels([exact(0.3, 1), exact(-0.3, 2)], METRIC)
    alike = levels([exact(0.0, 3), exact(0.0, 4)], METRIC)
    calm, wild = contrast((1.0, alike), (-1.0, alike)), contrast((1.0, alike), (-1.0, apart))
    assert wild.se > 2 * calm.se and wild.df < calm.df


def test_sessions_survive_json_exactly():
    one = session(12.3, np.random.default_rng(5), dominant=Side.LEFT)
    assert session_from_dict(one.to_dict()) == one


def test_the_most_recorded_is_chosen_and_the_rest_named():
    rng = np.random.default_rng(0)
    of = sessions([0, 0, 0], rng) + sessions([0], rng, exercise="curl", placement=Placement.WRIST)
    assert len(choose(of).sessions) == 3
    assert "1 of curl on the wrist" in choose(of).notes[0]
    assert len(choose(of, exercise="curl").sessions) == 1 and choose(of, exercise="curl").notes == ()
    with pytest.raises(UsageError, match=r"curl on the foot; there are: 3 of squat on the thigh"):
        choose(of, "foot", "curl")


def test_sessions_without_a_date_are_left_out_unless_none_has_one():
    dated, undated = exact(0.1), exact(0.1, date=None, path="b")
    assert choose([undated, dated]).sessions == (dated,)
    assert "1 recordings do not say" in choose([undated, dated]).notes[0]
    assert choose([undated]).sessions == (undated,)
    assert in_order([undated, exact(0.1, 5), dated])[-1] is undated
