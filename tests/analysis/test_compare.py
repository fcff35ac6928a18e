"""Before against after: what may be answered, by which numbers, and what cannot be told."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_history import FIRST, session, sessions

from analysis.history.compare import ChangeWord, compare_means, compare_therapy
from analysis.history.periods import parse_period, split
from analysis.history.sessions import Session
from analysis.results import Metric
from sensing.errors import UsageError

METRIC = "angle_travelled"


def recorded(tag: str, mount: str, d: float, hour: int, day: int = 0) -> Session:
    """A tagged session whose log ratio is ``d`` exactly."""
    one = session(0.0, np.random.default_rng(hour), FIRST + dt.timedelta(days=day))
    row = replace(one.metrics[0], log_ratio=d)
    date = one.date and one.date.replace(hour=hour)
    return replace(one, tag=tag, mount=mount, date=date, path=f"{day} {hour}", metrics=(row,))


def test_a_large_change_is_seen_and_the_numbers_add_up():
    rng = np.random.default_rng(0)
    change = compare_means(sessions([25] * 3, rng), sessions([0] * 3, rng), METRIC)
    assert change.verdict is ChangeWord.CHANGED
    assert change.before is not None and change.after is not None
    assert change.before.index_percent is not None and change.after.index_percent is not None
    assert change.change_percent == pytest.approx(change.after.index_percent - change.before.index_percent)
    assert change.ci95 is not None and change.mdc_percent is not None
    assert change.ci95[1] < 0 and abs(change.change_percent) > change.mdc_percent
    assert change.ci95[1] - change.ci95[0] == pytest.approx(2 * change.mdc_percent)


def test_many_equal_sessions_are_unchanged_and_few_leave_it_open():
    rng = np.random.default_rng(1)
    assert (
        compare_means(sessions([8] * 8, rng), sessions([8] * 8, rng), METRIC).verdict is ChangeWord.UNCHANGED
    )
    assert compare_means(sessions([8], rng), sessions([8], rng), METRIC).verdict is ChangeWord.INCONCLUSIVE


def test_without_a_session_that_can_be_judged_nothing_is_told():
    rng = np.random.default_rng(2)
    poor = [replace(one, grade="poor") for one in sessions([8] * 2, rng)]
    change = compare_means(poor, sessions([8], rng), METRIC)
    assert (change.verdict, change.change_percent) == (ChangeWord.CANNOT_TELL, None)
    assert "nothing before can be judged" in change.reason


def test_a_therapy_is_held_against_rest():
    of = [recorded("before", "m", 0.20, 9), recorded("rest", "m", 0.15, 10), recorded("after", "m", 0.05, 11)]
    change = compare_therapy(of, METRIC)
    # After less before is -.15, rest alone made -.05: what is left is after less rest.
    assert change.change_percent == pytest.approx(-10, abs=0.1)
    assert change.control_percent == pytest.approx(-5, abs=0.1)
    elsewhere = [of[0], of[2], recorded("rest", "n", 0.30, 9, 1), recorded("rest", "n", 0.25, 10, 1)]
    other = compare_therapy(elsewhere, METRIC)
    assert other.change_percent == pytest.approx(-10, abs=0.1)
    assert other.mdc_percent is not None and change.mdc_percent is not None
    assert other.mdc_percent > change.mdc_percent, "four recordings vary more than two"


def _mounted_worse(row: Metric) -> Metric:
    """The same recording where mounting is taken to do ten times as much."""
    assert row.se is not None and row.df is not None and row.remount_sd is not None
    se = math.sqrt(row.se**2 + 99 * row.remount_sd**2)
    return replace(row, se=se, df=row.df * (se / row.se) ** 4, remount_sd=10 * row.remount_sd)


def test_remounting_does_not_matter_where_the_sensors_stay_on():
    of = [recorded("before", "m", 0.2, 9), recorded("rest", "m", 0.2, 10), recorded("after", "m", 0.2, 11)]
    worse = [replace(one, metrics=(_mounted_worse(one.metrics[0]),)) for one in of]
    a, b = compare_therapy(of, METRIC), compare_therapy(worse, METRIC)
    assert a.change_percent == b.change_percent
    assert a.mdc_percent == pytest.approx(b.mdc_percent)


@pytest.mark.parametrize(
    ("of", "said"),
    [
        ([("before", "m"), ("rest", "m"), ("after", "n")], "sensors were not left on"),
        ([("before", ""), ("rest", ""), ("after", "")], "mount unnamed"),
        ([("before", "m"), ("after", "m")], "no rest control"),
        ([("before", "m"), ("after", "m"), ("rest", "n")], "no rest control"),
    ],
)
def test_what_a_therapy_comparison_cannot_tell(of, said):
    made = [recorded(tag, mount, 0.1 * i, 9 + i) for i, (tag, mount) in enumerate(of)]
    change = compare_therapy(made, METRIC)
    assert (change.verdict, change.change_percent, change.ci95) == (ChangeWord.CANNOT_TELL, None, None)
    assert said in change.reason


def test_the_step_from_rest_to_after_is_no_rest_control():
    of = [recorded("before", "m", 0.2, 9), recorded("after", "m", 0.0, 11)]
    of += [recorded("rest", "n", 0.2, 9, 1), recorded("after", "n", 0.0, 11, 1)]
    assert "no rest control" in compare_therapy(of, METRIC).reason


def test_only_the_days_of_the_therapy_count():
    of = [recorded("before", "m", 0.2, 9), recorded("rest", "m", 0.2, 10), recorded("after", "m", 0.0, 11)]
    of += [replace(one, path=f"x{i}") for i, one in enumerate(
        [recorded("before", "n", 0.2, 9, 1), recorded("after", "n", 0.5, 11, 1)])]  # fmt: skip
    assert compare_therapy(of, METRIC, {FIRST}).change_percent == pytest.approx(-20, abs=0.3)
    with pytest.raises(UsageError, match="tagged before and after"):
        compare_therapy(of, METRIC, set())


@given(st.dates(dt.date(1990, 1, 1), dt.date(2090, 12, 31)))
def test_periods_hold_their_days(day):
    for text in (f"{day}", f"{day:%Y-%m}", f"{day:%Y}", f"{day}..{day}", f"{day:%Y-%m}..{day:%Y}"):
        period = parse_period(text)
        assert period.first is not None and period.last is not None
        assert period.first <= day <= period.last
    assert parse_period(f"{day:%Y-%m}").first == day.replace(day=1)


@pytest.mark.parametrize("text", ["", "march", "2026-13", "2026-02-30", "2026-05..2026-03", "26-3", "0000"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(UsageError, match="is not a time; write 2026-03"):
        parse_period(text)


def test_periods_are_filled_apart_and_may_be_tags():
    rng = np.random.default_rng(0)
    of = sessions([0] * 8, rng, first=dt.date(2026, 3, 1))
    before, after = split(of, "2026-03", "2026-04-05..2026-04-30")
    assert (len(before), len(after)) == (5, 3)
    tagged = [replace(one, tag=f"camp {i // 4}") for i, one in enumerate(of)]
    assert [len(part) for part in split(tagged, "camp 0", "camp 1")] == [4, 4]
    for texts, said in (
        (("2025", "2026-04"), "no session in 2025; there are 8"),
        (("2026", "2026-04"), "overlap"),
    ):
        with pytest.raises(UsageError, match=said):
            split(of, *texts)


def test_periods_the_wrong_way_round_are_refused():
    rng = np.random.default_rng(0)
    made = sessions([0] * 12, rng)
    days = sorted(s.day for s in made)
    with pytest.raises(UsageError, match="swap them"):
        split(made, days[-1].isoformat(), days[0].isoformat())


def test_left_and_right_mirror():
    rng = np.random.default_rng(4)
    before, after = sessions([20, 18], rng), sessions([5, 3], rng)

    def mirrored(of: list[Session]) -> list[Session]:
        return [
            replace(s, metrics=(replace(s.metrics[0], log_ratio=-(s.metrics[0].log_ratio or 0)),)) for s in of
        ]

    change, other = (
        compare_means(before, after, METRIC),
        compare_means(mirrored(before), mirrored(after), METRIC),
    )
    assert other.change_percent == pytest.approx(-(change.change_percent or 0))
    assert other.verdict is change.verdict
