"""The plan's rules: who trains what and when, when there is no plan, and when it stops."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from dataclasses import replace
from fractions import Fraction
from importlib import resources
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_history import FIRST, session, sessions

from analysis.exercises import known_exercises
from analysis.history.aim import Aim, aim_at
from analysis.history.athlete import Athlete
from analysis.history.diary import Entry, Kind
from analysis.history.plan import Plan, Status, make_plan, plan_from_dict
from analysis.history.red_flags import CLINICIAN, EMERGENCY, RED_FLAGS
from analysis.history.routine import choose_drills, rules, work
from analysis.history.standing import Course, Outlook, Ratio, look_back, stand
from analysis.results import VerdictWord
from sensing.errors import UsageError
from sensing.recording import Placement, Side

PLANS = tomllib.loads((resources.files("analysis.profiles") / "plans.toml").read_text(encoding="utf-8"))
AIM = Aim("angle_travelled", Placement.THIGH, "squat", athlete="a01")
TODAY = FIRST + dt.timedelta(days=21)


def plan_of(made, aim: Aim = AIM, *, red_flags=(), diary=(), weeks=10) -> Plan:
    return make_plan(made, aim, red_flags=red_flags, diary=diary, start=TODAY, today=TODAY, weeks=weeks)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def marked(rng) -> Plan:
    return plan_of(sessions([35, 35, 35], rng))


def volume(plan: Plan, side: Side, date: dt.date) -> int:
    return sum(item.sets * item.reps for item in plan.items if item.side is side and item.date == date)


def test_the_side_that_moves_less_comes_first_on_every_day(marked):
    assert marked.status is Status.PLAN
    assert marked.course == Course(Side.LEFT, Ratio.DOUBLE)
    for _, of_day in groupby(marked.items, key=lambda item: item.date):
        sides = [item.side for item in of_day]
        assert sides == sorted(sides, key=lambda side: side is not Side.LEFT)
        assert set(sides) == set(Side)


@pytest.mark.parametrize(
    ("percent", "ratio"), [(35, Ratio.DOUBLE), (14, Ratio.HALF_MORE), (8, Ratio.EVEN), (-35, Ratio.DOUBLE)]
)
def test_the_ratio_goes_by_the_grade_and_is_kept_as_volume_on_every_day(percent, ratio):
    """Of many athletes with this difference, those graded as it is get this ratio, exactly as work done."""
    grade = {Ratio.DOUBLE: "marked", Ratio.HALF_MORE: "moderate", Ratio.EVEN: "mild"}[ratio]
    found = 0
    for seed in range(40):
        made = sessions([percent] * 3, np.random.default_rng(seed))
        look = look_back(made, "angle_travelled")[-1]
        if look.pooled.grade != grade:
            continue
        plan = plan_of(made)
        assert plan.course == Course(Side.LEFT if percent > 0 else Side.RIGHT, ratio)
        weak = plan.course.weak_side
        for date in plan.days:
            done = Fraction(volume(plan, weak, date), volume(plan, weak.other, date))
            assert done == Fraction(ratio.value.split(":")[0])
        found += 1
    assert found >= 5


@pytest.mark.parametrize("ratio", Ratio)
def test_the_strong_side_never_rests_and_the_weak_side_does_at_most_double(ratio):
    doing = work(ratio)
    assert doing.strong_sets > 0
    assert doing.strong_sets <= doing.weak_sets <= 2 * doing.strong_sets


def test_dates_lie_within_the_plan_and_follow_their_weeks(marked):
    assert marked.days[0] == TODAY
    assert all(marked.start <= date < marked.end for date in marked.days)
    assert len(marked.days) == 20
    weeks = [(date - TODAY).days / 7 for date in marked.retests]
    assert weeks == [2, 4, 6, 8, 10]
    assert [(date - TODAY).days / 7 for date in marked.reviews] == [4, 8, 10]


def test_a_plan_on_old_recordings_says_so(rng):
    made = sessions([35, 35, 35], rng)
    later = TODAY + dt.timedelta(weeks=30)
    plan = make_plan(made, AIM, red_flags=(), diary=(), start=later, today=later, weeks=10)
    assert plan.status is Status.PLAN
    assert "31 weeks before the first day" in plan.reason and "record a new one first" in plan.reason
    assert "record a new one" not in plan_of(made).reason


def test_every_line_has_its_rule_and_source(marked):
    for item in marked.items:
        assert item.rule and item.source
    for rule in (*marked.rules, *marked.stop_rules):
        assert rule.words and rule.source


def test_one_unclear_session_gives_no_plan_and_says_what_to_record(rng):
    for _ in range(50):
        made = [session(9, rng)]
        (look,) = look_back(made, "angle_travelled")
        if look.verdict is VerdictWord.INCONCLUSIVE:
            break
    plan = plan_of(made)
    assert (plan.status, plan.items, plan.course) == (Status.NOT_YET, (), None)
    assert "Record 2 more sessions" in plan.reason


def test_a_single_set_is_not_enough_however_large_the_difference(rng):
    plan = plan_of([session(60, rng, sets=1)])
    assert plan.status is Status.NOT_YET
    assert "this set only" in plan.reason


def test_nothing_that_can_be_judged_gives_no_plan(rng):
    poor = [replace(made, grade="poor") for made in sessions([40, 40, 40], rng)]
    assert plan_of(poor).status is plan_of([]).status is Status.NOT_YET
    assert "Record 3 more sessions" in plan_of(poor).reason


def test_balanced_sides_get_no_plan(rng):
    plan = plan_of(sessions([0.0] * 8, rng))
    assert plan.status is Status.NOT_YET
    assert "nothing to even out" in plan.reason


@pytest.mark.parametrize("exercise", ["barbell_squat", "cycling", "erg"])
def test_movements_that_force_the_sides_alike_give_no_plan(rng, exercise):
    made = sessions([40, 40, 40], rng, exercise=exercise)
    plan = plan_of(made, replace(AIM, exercise=exercise))
    assert plan.status is Status.NOT_YET
    assert "cannot be seen" in plan.reason


@pytest.mark.parametrize("metric", ["stance_time", "rep_duration", "impact_load", "range_of_motion", "odd"])
def test_only_amounts_of_movement_name_a_weak_side(metric):
    with pytest.raises(UsageError, match="angle_travelled"):
        Aim(metric)


def test_a_dominant_tennis_arm_gives_no_plan_and_is_called_expected(rng):
    wrist = {"placement": Placement.WRIST, "exercise": "forehand", "sport": "tennis", "dominant": Side.RIGHT}
    made = sessions([18] * 8, rng, **wrist)
    plan = plan_of(made, aim_at(made, "angle_travelled", None, None))
    assert plan.status is Status.NOT_YET
    assert "expected for tennis" in plan.reason
    other = sessions([-18] * 8, rng, **wrist)
    plan = plan_of(other, aim_at(other, "angle_travelled", None, None))
    assert (plan.status, plan.course and plan.course.weak_side) == (Status.PLAN, Side.RIGHT)
    leg = sessions([-18] * 8, rng, **wrist | {"placement": Placement.THIGH, "exercise": "squat"})
    assert plan_of(leg, aim_at(leg, "angle_travelled", None, None)).status is Status.PLAN


def test_a_band_moves_the_aim_from_zero_to_its_edge(rng):
    looks = look_back(sessions([40] * 3, rng), "angle_travelled")
    usual = {Side.RIGHT: 0.0, Side.LEFT: 0.0}
    assert stand(looks, usual).course == Course(Side.LEFT, Ratio.DOUBLE)
    nearly = usual | {Side.RIGHT: abs(looks[-1].pooled.log_ratio) - 0.13}
    assert stand(looks, nearly).course in (
        Course(Side.LEFT, Ratio.HALF_MORE),
        Course(Side.LEFT, Ratio.DOUBLE),
    )
    inside = usual | {Side.RIGHT: abs(looks[-1].pooled.log_ratio) + 0.05}
    assert (stand(looks, inside).outlook, stand(looks, inside).course) == (Outlook.EXPECTED, None)


@given(st.integers(0, 10**6), st.floats(-40, 40), st.integers(1, 6))
def test_without_a_sport_the_ratio_is_that_of_the_grade(seed, percent, n):
    looks = look_back(sessions([percent] * n, np.random.default_rng(seed)), "angle_travelled")
    standing = stand(looks[-1:])
    grade = {None: None, "mild": Ratio.EVEN, "moderate": Ratio.HALF_MORE, "marked": Ratio.DOUBLE}
    assert (standing.course and standing.course.ratio) == grade[looks[-1].pooled.grade]


@pytest.mark.parametrize("flag", RED_FLAGS, ids=lambda flag: flag.code)
def test_any_red_flag_stops_before_anything_else(rng, flag):
    plan = plan_of(sessions([40, 40, 40], rng), red_flags=[flag.code])
    assert (plan.status, plan.items) == (Status.STOP, ())
    assert plan.reason == (EMERGENCY if flag.emergency else CLINICIAN)


def test_an_emergency_outranks_what_a_clinician_should_see(rng):
    assert plan_of([], red_flags=["fever", "bladder"]).reason == EMERGENCY


def pain(*ratings: int, until: dt.date = TODAY) -> list[Entry]:
    first = until - dt.timedelta(days=len(ratings) - 1)
    return [Entry(first + dt.timedelta(days=i), Kind.PAIN, pain=value) for i, value in enumerate(ratings)]


@pytest.mark.parametrize(
    ("ratings", "stops"),
    [
        ((4,), True), ((3,), False), ((0, 4), True), ((4, 1), False), ((0, 2, 2), True), ((0, 2, 1), False),
        ((1, 2, 2), False), ((0, 2), False), ((1, 3, 3, 1), False), ((), False),
    ],
)  # fmt: skip
def test_pain_in_the_diary_stops(rng, ratings, stops):
    plan = plan_of(sessions([40, 40, 40], rng), diary=pain(*ratings))
    assert (plan.status is Status.STOP) is stops


def test_pain_of_long_ago_does_not_stop(rng):
    long_ago = pain(8, until=TODAY - dt.timedelta(days=30))
    assert plan_of(sessions([40, 40, 40], rng), diary=long_ago).status is Status.PLAN


@pytest.mark.parametrize("placement", Placement)
@pytest.mark.parametrize("exercise", ["", "squats", "alternating curl", "run", "something new"])
def test_there_is_an_exercise_for_every_place(placement, exercise):
    assert choose_drills(placement, exercise)


def test_exercises_follow_where_the_sensors_were_and_what_was_recorded():
    assert choose_drills(Placement.UPPER_ARM, "biceps curl")[0].name == "one-arm curl"
    assert choose_drills(Placement.SHANK, "running")[0].name in ("step-up", "single-leg calf raise")
    arm = {drill.name for drill in choose_drills(Placement.WRIST, "")}
    leg = {drill.name for drill in choose_drills(Placement.THIGH, "")}
    assert not arm & leg


def test_the_answer_for_machines_is_complete_and_reads_back(marked):
    body = json.loads(json.dumps(marked.to_dict(), allow_nan=False))
    assert body["schema"] == "sidewise.plan/1"
    assert (body["status"], body["weak_side"], body["ratio"]) == ("plan", "left", "2:1")
    wanted = {"date", "exercise", "side", "sets", "reps", "rule", "source"}
    assert all(wanted <= set(item) for item in body["items"])
    assert plan_from_dict(body) == marked


def test_without_a_plan_the_answer_for_machines_has_the_same_keys(marked):
    body = plan_of([], red_flags=["fever"]).to_dict()
    assert set(body) == set(marked.to_dict())
    assert (body["status"], body["weak_side"], body["ratio"], body["items"]) == ("stop", None, None, [])


def test_sport_and_dominant_side_come_from_who_knows_them_best(rng):
    made = sessions([40, 40], rng, sport="golf", dominant=Side.LEFT)
    athlete = Athlete("a01", sport="tennis", dominant=Side.RIGHT)
    aim = aim_at(made, "angle_travelled", athlete, None)
    assert (aim.sport, aim.dominant) == ("golf", Side.LEFT)
    assert aim_at(made, "angle_travelled", None, "squash").sport == "squash"
    silent = sessions([40, 40], rng)
    aim = aim_at(silent, "angle_travelled", athlete, None)
    assert (aim.sport, aim.dominant) == ("tennis", Side.RIGHT)


def test_every_rule_that_is_written_down_is_shown(marked):
    shown = {rule.words for rule in (*marked.rules, *marked.stop_rules, *rules("sport"))}
    assert shown == {rule["words"] for rule in PLANS["rules"].values()}


def test_exercises_name_presets_and_placements_that_exist():
    for drill in PLANS["exercise"]:
        assert set(drill["presets"]) <= set(known_exercises())
        assert set(drill["placements"]) <= set(Placement)
        assert set(drill["regions"]) <= {"arm", "leg", "trunk"}
