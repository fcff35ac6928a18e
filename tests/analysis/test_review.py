"""Plans over weeks: what was done, what changed, and how they go on, to the end of a rebalancing."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pytest
from make_history import FIRST, log_ratio, session, sessions

from analysis.history.aim import Aim
from analysis.history.diary import Entry, Kind
from analysis.history.plan import Plan, Status, make_plan
from analysis.history.plan_calendar import plan_events
from analysis.history.plan_files import latest_plan, plans, save_plan
from analysis.history.review import LOAD_STEP_PERCENT, Move, review
from analysis.history.standing import Course, Ratio, look_back
from analysis.results import VerdictWord
from sensing.errors import BadInput, UsageError
from sensing.recording import Placement, Side

AIM = Aim("angle_travelled", Placement.THIGH, "squat", athlete="a01")
DAY, WEEK = dt.timedelta(days=1), dt.timedelta(weeks=1)
START = FIRST + 3 * WEEK
STRONG = 1000.0


def first_plan(made, start: dt.date = START) -> Plan:
    return make_plan(made, AIM, red_flags=(), diary=(), start=start, today=start, weeks=10)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.fixture
def before(rng):
    return sessions([35, 35, 35], rng)


@pytest.fixture
def plan(before) -> Plan:
    return first_plan(before)


def trained(plan: Plan, days: int, pain: int | None = 1) -> list[Entry]:
    return [Entry(date, Kind.EXERCISE, pain=pain) for date in plan.days[:days]]


def test_nothing_since_leaves_the_plan_as_it_is(plan, before):
    held = review(plan, before, [], START)
    assert (held.move, held.change, held.done, held.planned) == (Move.SAME, None, 0, 0)
    assert held.plan == plan


def test_the_present_day_counts_once_it_is_trained(plan, before):
    first = plan.days[0]
    assert review(plan, before, [], first).planned == 0
    held = review(plan, before, trained(plan, 1), first)
    assert (held.planned, held.done) == (1, 1)
    assert review(plan, before, [], first + DAY).planned == 1


def test_training_days_count_once_and_may_be_made_up_a_day_later(plan, before, rng):
    today = START + WEEK
    diary = [
        Entry(START + DAY, Kind.EXERCISE),
        Entry(START + DAY, Kind.EXERCISE),
        Entry(START + 5 * DAY, Kind.EXERCISE),
    ]
    held = review(plan, before, diary, today)
    assert (held.done, held.planned) == (1, 2)
    recorded = [*before, session(35, rng, START + 3 * DAY)]
    assert review(plan, recorded, diary, today).done == 2
    assert review(plan, before, [Entry(START, Kind.MASSAGE)], today).done == 0


def test_two_clean_days_in_a_row_let_the_load_grow_and_are_then_used_up(plan, before):
    today = START + WEEK
    diary = trained(plan, 2)
    held = review(plan, before, diary, today)
    assert held.move is Move.PROGRESS
    assert {item.load_percent for item in held.plan.items} == {100 + LOAD_STEP_PERCENT}
    assert held.plan.course == plan.course
    assert min(held.plan.days) >= today and held.plan.end == plan.end
    assert review(held.plan, before, diary, today).move is Move.SAME


@pytest.mark.parametrize("pains", [(1, 3), (3, 1), (1, None)])
def test_a_day_that_is_not_clean_does_not(plan, before, pains):
    diary = [Entry(date, Kind.EXERCISE, pain=pain) for date, pain in zip(plan.days, pains, strict=False)]
    assert review(plan, before, diary, START + WEEK).move is Move.SAME


def test_pain_stops_and_the_plan_goes_on_when_it_is_gone(plan, before):
    diary = trained(plan, 2, pain=5)
    held = review(plan, before, diary, START + WEEK)
    assert (held.move, held.plan.status, held.plan.items) == (Move.STOP, Status.STOP, ())
    better = [*diary, Entry(START + WEEK, Kind.PAIN, pain=0)]
    assert review(plan, before, better, START + WEEK).move is Move.SAME


def test_a_smaller_difference_lowers_the_ratio(plan, before):
    for seed in range(30):
        since = sessions([15] * 3, np.random.default_rng(seed), first=START + WEEK)
        if look_back(since, AIM.metric)[-1].pooled.grade == "moderate":
            break
    held = review(plan, [*before, *since], [], START + 5 * WEEK)
    assert (held.move, held.plan.course) == (Move.ADJUST, Course(Side.LEFT, Ratio.HALF_MORE))
    assert held.change is not None and held.change.change_percent is not None
    assert held.change.change_percent < 0
    assert held.plan.baseline == plan.baseline and held.plan.began == plan.began


def test_the_strong_side_doing_less_than_before_ends_the_extra_work(plan, before, rng):
    """Both sides fall alike, so that the difference itself stays as large as it was."""
    since = sessions([35] * 3, rng, first=START + WEEK, level=450.0)
    held = review(plan, [*before, *since], [], START + 5 * WEEK)
    assert (held.move, held.plan.course) == (Move.EVEN, Course(Side.LEFT, Ratio.EVEN))
    alike = sessions([35] * 3, rng, first=START + WEEK)
    assert review(plan, [*before, *alike], [], START + 5 * WEEK).move is not Move.EVEN


def test_a_plan_whose_weeks_are_over_goes_on_for_two(plan, before):
    today = plan.end + 3 * DAY
    held = review(plan, before, [], today)
    assert held.move is Move.SAME
    assert held.plan.end == today + 2 * WEEK


def test_what_is_no_plan_cannot_be_reviewed(rng):
    stopped = make_plan([], AIM, red_flags=["fever"], diary=(), start=START, today=START, weeks=10)
    with pytest.raises(UsageError, match="sidewise plan"):
        review(stopped, [], [], START)


def rebalance(seed: int, weeks: int = 14) -> tuple[list[Plan], list]:
    """A weak side that catches up, from 25 % to 0 in ten weeks; recorded and reviewed every week."""
    rng = np.random.default_rng(seed)
    made = sessions([25, 25, 25], rng, level=STRONG * math.exp(-log_ratio(25) / 2))
    plan = first_plan(made)
    history = [plan]
    if plan.status is not Status.PLAN:
        return history, made
    for week in range(1, weeks + 1):
        day = START + week * WEEK
        percent = max(25 * (1 - week / 10), 0)
        made.append(session(percent, rng, day, level=STRONG * math.exp(-log_ratio(percent) / 2)))
        history.append(review(history[-1], made, [], day).plan)
    return history, made


SEEDS = range(60)


def test_a_rebalancing_of_ten_weeks_ends_at_one_to_one_after_two_balanced_answers():
    returned = 0
    for seed in SEEDS:
        history, made = rebalance(seed)
        assert history[0].course is not None
        assert history[0].course.weak_side is Side.LEFT
        looks = look_back(made, AIM.metric)[2:]  # one after each week, the first that of the first plan
        for before, after, look, earlier in zip(history, history[1:], looks[1:], looks, strict=False):
            assert before.course is not None and after.course is not None
            twice = look.balanced and earlier.balanced
            if twice:
                assert after.course.ratio is Ratio.EVEN
            elif look.verdict is not VerdictWord.ASYMMETRIC:
                assert after.course == before.course
            assert look.pooled.mountings == 3
        returned += history[-1].course == Course(Side.LEFT, Ratio.EVEN)
    assert returned >= 0.9 * len(SEEDS)


def test_a_difference_that_stays_keeps_its_plan():
    kept = 0
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        made = sessions([25, 25, 25], rng)
        plan = first_plan(made)
        for week in range(1, 11):
            made.append(session(25, rng, START + week * WEEK))
            plan = review(plan, made, [], START + week * WEEK).plan
        kept += plan.course is not None and plan.course.ratio is not Ratio.EVEN
    assert kept >= 0.95 * len(SEEDS)


def test_the_plan_from_all_recordings_agrees_with_the_plan_reviewed_week_by_week():
    for seed in range(15):
        history, made = rebalance(seed)
        afresh = make_plan(made, AIM, red_flags=(), diary=(), start=START, today=START, weeks=10)
        if afresh.status is Status.PLAN:
            assert afresh.course == history[-1].course


def test_plans_are_kept_by_date_and_the_latest_of_a_series_is_in_force(tmp_path, plan, before):
    assert save_plan(tmp_path, plan) == tmp_path / "plans" / f"{START}.json"
    later = replace(plan, start=START + WEEK)
    save_plan(tmp_path, later)
    assert latest_plan(tmp_path, metric=AIM.metric) == later
    arms = replace(plan, aim=replace(AIM, placement=Placement.WRIST))
    assert save_plan(tmp_path, arms).name == f"{START}-2.json"
    assert save_plan(tmp_path, plan).name == f"{START}.json"
    assert plans(tmp_path) == (arms, plan, later) or plans(tmp_path) == (plan, arms, later)
    with pytest.raises(UsageError, match="--placement"):
        latest_plan(tmp_path)
    assert latest_plan(tmp_path, placement="wrist") == arms
    with pytest.raises(UsageError, match="no such plan"):
        latest_plan(tmp_path, exercise="curl")


def test_damaged_plans_are_named(tmp_path, plan):
    path = save_plan(tmp_path, plan)
    for text in ("{", "[]", "{}", '{"schema": "sidewise.plan/1"}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BadInput, match=path.name):
            plans(tmp_path)


def test_the_calendar_has_every_day_once_under_names_that_stay(plan, before):
    events = plan_events(plan)
    assert len({event.uid for event in events}) == len(events)
    dates = [event.date for event in events if "train" in event.uid]
    assert tuple(dates) == plan.days
    assert {event.date for event in events} == {*plan.days, *plan.retests, *plan.reviews}
    later = review(plan, before, trained(plan, 2), START + WEEK).plan
    assert {event.uid for event in plan_events(later)} <= {event.uid for event in events}
