"""A short run of every benchmark, with the gates it is there for where they can be held quickly."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp

from benchmarks import (
    asymmetry,
    cohort,
    decision_rule,
    history,
    live,
    long_recordings,
    many_recordings,
    pages,
    performance,
    pictures,
    recorder,
    repetitions,
    simulated,
    strides,
    strokes,
    sync,
    synchronisation,
    timing,
)
from benchmarks.recordings import dsa, folder
from sensing.recording import Side
from sensing.simulate import Simulation, simulate
from sensing.virtual import Link, run_virtual

real = pytest.mark.skipif(folder() is None, reason="the real recordings are not beside the project")


def test_simulated_athletes_are_counted_and_not_flagged():
    judged = [simulated.judge(exercise, seed) for exercise in ("squat", "tennis") for seed in (1, 2)]
    assert sum(alarm for _, alarm, _, _ in judged) <= 1
    assert all(counted for *_, counted in judged)


@real
@pytest.mark.real
def test_repetitions_of_some_series():
    indices = repetitions.people("development")[::10]
    names = ("as recorded", "between rests", "first 5 between rests")
    for score in repetitions.run(indices, repetitions.turning_points, names):
        assert score.within_one >= 0.85, score.name


@real
@pytest.mark.real
def test_lifts_at_a_low_rate():
    assert {name: sum(found) for name, (found, _) in repetitions.metamotion().items()} == {
        "bench": 5,
        "squat": 6,
    }


@real
@pytest.mark.real
def test_strides_and_events():
    result = strides.walk()
    assert all(b.recall >= 0.96 and b.extra <= 1 for b in strides.borders(result))
    found = strides.events(result)
    assert all(e.median_abs <= 15 for e in found)
    for event in ("contact", "foot off"):
        left, right = (e.bias for e in found if e.event == event)
        assert abs(left - right) <= 5
    assert all(abs(left - right) <= 1 for _, left, right in strides.stairs())


@real
@pytest.mark.real
@pytest.mark.parametrize(("share", "points"), [(0.01, 1), (0.05, 2), (0.20, 4)])
def test_losses_hardly_move_the_index(share, points):
    from analysis import analyse

    recording = dsa(15, 1, "leg")
    before = analyse(recording).metric("angle_travelled").index_percent
    result = analyse(asymmetry.lossy(share, recording, seed=1))
    assert abs(result.metric("angle_travelled").index_percent - before) <= points
    assert (result.quality.grade == "poor") == (share >= 0.2)


def test_half_splits_of_noise_are_covered():
    rng = np.random.default_rng(0)
    values = {name: np.exp(0.1 * rng.standard_normal(80)) for name in asymmetry.PRIMARIES}
    covered = [asymmetry._split_once(values, 1, 40, rng)[2] for _ in range(200)]
    assert 0.88 <= np.mean(covered) <= 1.0


def test_pooled_sessions_find_what_is_there_and_hardly_what_is_not():
    seeds = range(40)
    assert np.mean([history.wrist_is_expected(0.0, seed) for seed in seeds]) >= 0.95
    assert np.mean([history.leg_is_found(0.0, seed) for seed in seeds]) >= 0.85
    assert np.mean([history.control_is_flagged(0.0, 1, seed) for seed in seeds]) <= 0.06
    assert np.mean([history.rebalanced(0.0, 0.2231, 0.0, 10, seed) for seed in seeds]) >= 0.8
    assert np.mean([history.rebalanced(0.0, 0.2231, 0.2231, 10, seed) for seed in seeds]) <= 0.1


def test_a_therapy_without_effect_is_seldom_a_change_and_remounting_cannot_be_told():
    words = {design: [history.therapy_word(design, seed) for seed in range(60)] for design in history.DESIGNS}
    assert set(words.pop("remounted")) == {"cannot_tell"}
    assert all(found.count("changed") <= 6 for found in words.values())


def test_a_tennis_player_through_recordings():
    expected, found, flagged = history.recorded_player(0.3, 1)
    assert (expected, found, flagged) == (True, True, False)


@real
@pytest.mark.real
def test_a_delay_of_rowing_arms_is_recovered():
    recording = timing.delayed(next(timing.recordings())[1], 0.0)
    before, after = (timing._lag(timing.delayed(recording, delay_s)).difference for delay_s in (0.0, 0.04))
    assert after - before == pytest.approx(40, abs=5)


def test_strokes_of_a_match():
    match = strokes.play("bounce", 3)
    assert match.hits >= 0.9 * match.true and match.found <= 1.1 * match.true


def test_the_picture_of_the_rule(tmp_path):
    said = pictures.rule_section(tmp_path, 60)
    assert said.endswith("(pictures/accuracy-rule.svg)")
    assert (tmp_path / "accuracy-rule.svg").read_text().startswith("<?xml")
    one_set = replace(decision_rule.THREE_SETS, sets=1)
    assert decision_rule.beyond(one_set, 0.1, 400) > 2 * decision_rule.simulate(one_set, 400).asymmetric > 0


def test_a_small_cohort_is_made_and_tabulated(tmp_path):
    cohort.make_all(tmp_path / "recordings", 5)
    done = cohort.batch(tmp_path / "recordings", tmp_path / "table", "-j", 1)
    assert (done.code, done.said) == (0, "")
    assert [name for name, _ in cohort.content(tmp_path / "table")] == ["part-00000.parquet"]


def test_tables_of_the_accuracy_page():
    assert pages.table("a | b", [(1, 2)]) == "| a | b |\n|---|---|\n| 1 | 2 |"


def test_simulated_arrivals_are_those_of_the_virtual_radio(tmp_path):
    links = recorder.NEAR, Link(interval_s=0.045, retransmit=0.05)
    of = recorder.scene("dot", "dot", links, seed=3)
    session = run_virtual(recorder.record_scene(of, tmp_path / "r", 60.0))
    for side, link in zip(Side, links, strict=True):
        real = session.recording.stream(side).host_time_s - session.true_s(side)
        model = sync.arrivals(sync.Sensor(radio=link), 300, np.random.default_rng(1))
        assert ks_2samp(real, model.host_s - model.true_s).statistic < 0.04


def test_a_page_keeps_the_sections_that_were_not_measured_again():
    first = synchronisation.page("", {"cpu": "## Load\n\n5 %", "drops": "## Links that drop\n\nold"})
    assert first.index("## Links that drop") < first.index("## Load")
    again = synchronisation.page(first, {"drops": "## Links that drop\n\nnew"})
    assert "5 %" in again and "new" in again and "old" not in again
    assert synchronisation.page(again, {}) == again


def test_a_recorded_session_is_judged_by_what_was_asked():
    case = synchronisation.SESSIONS[0]
    (results,) = synchronisation.recorded((case,), 20.0, 2)
    assert all(r.lost == 0 and r.error_ms <= r.fit_ms <= r.stated_ms for r in results)


def test_a_pair_of_any_length_is_written_and_its_cost_measured(tmp_path):
    folder = long_recordings.write_pair(tmp_path / "pair", 700.0, rate_hz=40.0)
    assert len((folder / "left.csv").read_text().splitlines()) == 28_001
    cost = long_recordings.measured(folder)
    assert cost.length_s == pytest.approx(699.9, abs=0.5)
    assert cost.size == 2 * 28_000 * 7 * 8 and cost.peak > cost.size / 2
    assert cost.reps == pytest.approx(2 * 8 * 12 * 700 / 590, rel=0.1)


def test_a_cohort_of_linked_recordings_gives_a_row_per_metric_and_set():
    one, many = (many_recordings.measured(count) for count in (1, 22))
    assert many.rows == 22 * one.rows > 200


def test_programs_run_in_turns_and_one_that_is_not_there_is_left_out(tmp_path):
    folder = long_recordings.write_pair(tmp_path, 30.0)
    pythons = dict.fromkeys(("pandas", "sidewise", "mobgap"), Path(sys.executable))
    with performance.runners(pythons, folder) as working:
        laps = performance.in_turns(working, 2)
    assert set(laps) == {"pandas", "sidewise"}
    assert all(own.shape == (2, 2) and (own > 0).all() for own in laps.values())
    assert laps["sidewise"].min() > laps["pandas"].min()


def test_the_exponent_of_a_power_law_and_the_stages_of_the_pipeline():
    assert performance.exponent([1, 10, 100], [3, 30, 300]) == pytest.approx(1.0)
    assert "| `segment_bouts` | sets and repetitions |" in performance.profile_section(True)


@pytest.mark.parametrize("exercise", ["squat", "tennis"])
def test_live_repetitions_are_held_against_the_whole(exercise):
    found = live.agreement(simulate(Simulation(exercise=exercise, seed=2)).recording)
    assert found.live == found.whole == 48
    assert all(len(off) == 48 and np.mean(off <= live.WITHIN) > 0.95 for off in found.off.values())
