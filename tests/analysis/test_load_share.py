"""Share of the load by placement: sums of what was recorded, and no verdict."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import analyse
from analysis.history.sessions import session_of
from analysis.load_share import load_share
from sensing.errors import UsageError
from sensing.recording import Placement
from sensing.simulate import Simulation, simulate

DAY = dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)


def analysed(exercise, placement, day=0, **changes):
    made = Simulation(
        exercise=exercise, placement=placement, date=DAY + dt.timedelta(days=day), sets=1, seed=day, **changes
    )
    return simulate(made), analyse(simulate(made).recording)


@pytest.fixture(scope="module")
def recordings():
    return [
        analysed("curl", "wrist", 0),
        analysed("curl", "forearm", 1),
        analysed("squat", "thigh", 2),
        analysed("squat", "hip", 3),
    ]


def true_angle(simulated):
    angle = simulated.truth.metric("angle_travelled")
    return sum(sum(row) for row in (*angle.left, *angle.right))


def test_shares_are_those_of_the_angle_that_was_turned(recordings):
    found = load_share(analysis for _, analysis in recordings)
    angles = [true_angle(simulated) for simulated, _ in recordings]
    assert found.total == pytest.approx(sum(angles), rel=0.05)
    assert found.by_region["arms"] == pytest.approx(100 * sum(angles[:2]) / sum(angles), abs=2)
    assert sum(found.by_region.values()) == pytest.approx(100)
    assert sum(found.by_placement.values()) == pytest.approx(100)
    assert set(found.by_placement) == {Placement.WRIST, Placement.FOREARM, Placement.THIGH, Placement.HIP}
    assert found.recordings == 4
    assert str(found).startswith("arms ")
    assert str(found).count("%") == 3


def test_sessions_of_history_give_the_same(recordings):
    analyses = [analysis for _, analysis in recordings]
    assert load_share(map(session_of, analyses)) == load_share(analyses)


def test_a_period_takes_its_days(recordings):
    analyses = [analysis for _, analysis in recordings]
    found = load_share(analyses, since=dt.date(2026, 3, 2), until=dt.date(2026, 3, 3))
    assert set(found.by_region) == {"arms", "legs"}
    assert found.recordings == 2


def test_what_has_no_place_or_no_repetitions_is_left_out_and_counted():
    _, unknown = analysed("curl", "unknown")
    _, still = analysed("stand", "thigh", bout_s=10.0)
    found = load_share([unknown, still])
    assert (found.recordings, found.left_out, found.total, found.by_region) == (0, 2, 0.0, {})
    assert str(found) == ""


@given(st.sampled_from(["peak_angular_velocity", "range_of_motion", "grip", ""]))
def test_metrics_that_do_not_add_up_are_refused(metric):
    with pytest.raises(UsageError, match="does not add up"):
        load_share([], metric=metric)
