"""The trend: exact keys, honest bands, directions and changes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from make_history import sessions

from analysis.history.athlete import Athlete
from analysis.history.compare import ChangeWord
from analysis.history.trend import trend
from analysis.history.usual import hold_against_sport
from sensing.recording import Placement, Side

METRIC = "angle_travelled"


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_the_answer_for_machines_has_its_keys_and_no_nan(rng):
    body = trend(sessions([12] * 7, rng), METRIC).to_dict()
    assert body["schema"] == "sidewise.trend/1" and body["metric"] == METRIC
    assert set(body["sessions"][0]) >= {"date", "path", "index_percent", "ci95", "verdict"}
    assert set(body["pooled"]) >= {"verdict", "grade", "side", "log_ratio", "ci95"}
    assert body["looks"] == 7 and body["mdc_percent"] == pytest.approx(14.5, abs=4)
    low, high = body["pooled"]["ci95"]
    assert low < 200 * np.tanh(body["pooled"]["log_ratio"] / 2) < high, "the interval is in index percent"
    json.dumps(body, allow_nan=False)


def test_a_session_that_cannot_be_judged_stands_there_and_counts_for_nothing(rng):
    of = sessions([12] * 4, rng)
    poor = [*of[:3], replace(of[3], grade="poor")]
    assert [point.pooled for point in trend(poor, METRIC).points] == [True, True, True, False]
    assert trend(poor, METRIC).pooled.log_ratio == trend(of[:3], METRIC).pooled.log_ratio


def test_nothing_to_judge_is_said_and_breaks_nothing(rng):
    found = trend([replace(one, grade="poor") for one in sessions([12] * 7, rng)], METRIC)
    assert (found.own_band, found.direction, found.change, found.mdc_percent, found.looks) == (
        None, None, None, None, 0,
    )  # fmt: skip
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_own_band_holds_the_next_session_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = [trend(sessions([10] * 6, rng), METRIC).in_own_band for _ in range(300)]
    assert 0.92 <= np.mean(inside) <= 0.995
    assert trend(sessions([10] * 3, rng), METRIC).own_band is None
    assert trend(sessions([0, 0, 0, 0, 0, 60], rng), METRIC).in_own_band is False


def test_the_direction_is_kept_at_six_of_six_only(rng):
    kept = trend(sessions([-30] * 7, rng), METRIC).direction
    assert kept is not None and kept.kept and (kept.side, kept.same, kept.of) == (Side.LEFT, 6, 6)
    five = trend(sessions([-30] * 5, rng), METRIC).direction
    assert five is not None and not five.kept
    broken = trend(sessions([-30] * 5 + [30], rng), METRIC).direction
    assert broken is not None and not broken.kept and broken.same == 5


def test_a_rebalancing_is_a_change_and_too_few_sessions_are_none(rng):
    change = trend(sessions(list(np.linspace(30, 0, 10)), rng), METRIC).change
    assert change is not None and change.verdict is ChangeWord.CHANGED
    assert change.change_percent is not None and change.change_percent < -10
    assert trend(sessions([30, 20, 10, 5, 0], rng), METRIC).change is None


def test_sport_and_dominance_come_from_the_latest_session_or_the_athlete(rng):
    right = sessions([18] * 4, rng, placement=Placement.WRIST, sport="", dominant=None)
    pooled = trend(right, METRIC).pooled
    player = Athlete("a", sport="tennis", dominant=Side.RIGHT)
    assert hold_against_sport(pooled, right, player).expected is True
    assert hold_against_sport(pooled, right, replace(player, dominant=Side.LEFT)).expected is False
    nobody = hold_against_sport(pooled, right)
    assert nobody.flagged and nobody.expected is None
    leg = sessions([18] * 4, rng, placement=Placement.SHANK)
    assert hold_against_sport(trend(leg, METRIC).pooled, leg, player).flagged
