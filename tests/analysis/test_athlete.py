"""Athletes survive a round trip whatever they are called, and damaged files are named."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.history.athlete import (
    Athlete,
    athlete_folder,
    athlete_ids,
    load_athlete,
    remove_athlete,
    save_athlete,
)
from analysis.own_error import RemountStudy, SensorGain
from sensing.errors import BadInput, UsageError
from sensing.recording import Placement, Side

FULL = Athlete(
    "a01",
    name="Zoë",
    sport="tennis",
    dominant=Side.RIGHT,
    born=1990,
    folders=(Path("/data/a01"),),
    remount=(RemountStudy("angle_travelled", Placement.WRIST, 0.03, 4.0, dt.date(2026, 11, 21)),),
    sensor_gain=(SensorGain("angle_travelled", "AA:01", "AA:02", 0.02, 0.01, 5.0, dt.date(2026, 11, 21)),),
)


@pytest.mark.parametrize("athlete_id", ["a01", "..", "<script>", "Zoë/../x", "CON", "a b", "%2E", "=1+1"])
def test_any_id_round_trips_inside_the_home(tmp_path, athlete_id):
    athlete = Athlete(athlete_id, name="x")
    path = save_athlete(tmp_path, athlete)
    assert path.resolve().is_relative_to((tmp_path / "athletes").resolve())
    assert path.parent.parent == tmp_path / "athletes"
    assert load_athlete(tmp_path, athlete_id) == athlete
    assert list(athlete_ids(tmp_path)) == [athlete_id]


@given(st.text(max_size=70))
def test_an_id_is_refused_or_gives_one_folder(athlete_id):
    try:
        Athlete(athlete_id)
    except UsageError:
        return
    assert athlete_folder(Path("/home"), athlete_id).parent == Path("/home/athletes")
    assert athlete_folder(Path("/home"), athlete_id).name not in ("", ".", "..")


@pytest.mark.parametrize("athlete_id", ["CON", "nul", "Com1"])
def test_an_id_that_windows_takes_for_a_device_gets_another_folder(tmp_path, athlete_id):
    assert save_athlete(tmp_path, Athlete(athlete_id)).parent.name.startswith("%")
    assert list(athlete_ids(tmp_path)) == [athlete_id]


def test_everything_survives_a_round_trip(tmp_path):
    save_athlete(tmp_path, FULL)
    assert load_athlete(tmp_path, "a01") == FULL


def test_an_unknown_athlete_is_refused_and_a_damaged_file_named(tmp_path):
    with pytest.raises(UsageError, match="sidewise athlete add a02"):
        load_athlete(tmp_path, "a02")
    path = save_athlete(tmp_path, FULL)
    for text in ("{", "[]", '{"schema": "sidewise.athlete/1"}', '{"schema": "other"}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BadInput, match=r"athlete\.json"):
            load_athlete(tmp_path, "a01")


def test_removing_leaves_nothing_of_theirs_and_others_whole(tmp_path):
    save_athlete(tmp_path, FULL)
    save_athlete(tmp_path, Athlete("a02"))
    remove_athlete(tmp_path, "a01")
    assert list(athlete_ids(tmp_path)) == ["a02"]
    with pytest.raises(UsageError):
        remove_athlete(tmp_path, "a01")
