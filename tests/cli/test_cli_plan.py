"""The plan on the command line: questions first, then text, JSON and a calendar, kept and reviewed."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from analysis.history.athlete import Athlete, athlete_folder, save_athlete
from analysis.history.plan import plan_from_dict
from analysis.history.red_flags import CLINICIAN, EMERGENCY

TODAY = dt.date.today()


def simulate(run, folder: Path, asym: str, days: list[int], *more: str) -> Path:
    for day in days:
        date = f"{TODAY - dt.timedelta(days=day)}T18:00+00:00"
        asked = ["simulate", "--exercise=squat", f"--asym={asym}", "--rate=50", f"--seed={day}", *more]
        done = run(*asked, "--athlete=a01", f"--date={date}", "-o", folder / f"s{day}")
        assert done.exit_code == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def recordings(run, tmp_path_factory) -> Path:
    """Three sessions in which the right side does much more."""
    return simulate(run, tmp_path_factory.mktemp("recordings"), "+35%", [15, 8, 1])


@pytest.fixture
def home(tmp_path: Path, recordings: Path) -> Path:
    save_athlete(tmp_path, Athlete("a01", folders=(recordings,)))
    return tmp_path


def test_without_answers_and_without_a_terminal_nothing_is_assumed(run, recordings):
    refused = run("plan", "--folder", recordings)
    assert refused.exit_code == 2
    assert "--red-flags none" in refused.stderr and "saddle_numbness" in refused.stderr
    assert refused.stdout == ""


@pytest.mark.parametrize(
    ("flags", "message"), [("bladder", EMERGENCY), ("fever", CLINICIAN), ("fever,both-legs-weak", EMERGENCY)]
)
def test_a_red_flag_stops_with_its_message_before_recordings_are_read(run, tmp_path, flags, message):
    done = run("plan", "--folder", tmp_path / "nowhere", "--red-flags", flags)
    assert done.exit_code == 0, done.stderr
    assert message in " ".join(done.stdout.split())
    body = json.loads(run("plan", "a01", "--red-flags", flags, "--json").stdout)
    assert (body["status"], body["reason"], body["items"]) == ("stop", message, [])
    assert run("plan", "--red-flags", "flu").exit_code == 2
    assert run("plan", "--red-flags", "none,fever").exit_code == 2


def test_a_plan_from_a_folder_is_printed_and_not_kept(run, recordings, home):
    done = run("plan", "--folder", recordings, "--red-flags=none", "--home", home, "--weeks=4")
    assert done.exit_code == 0, done.stderr
    assert "2:1, left side first" in done.stdout
    assert done.stdout.count("the side that moves less") == 1
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "not a medical device" in done.stdout
    assert not list(home.rglob("plans"))


def test_json_has_the_plan_and_the_calendar_its_days(run, recordings, tmp_path):
    calendar, kept = tmp_path / "plan.ics", tmp_path / "plan.json"
    asked = ["plan", "--folder", recordings, "--red-flags=none", "--start=2026-12-01", "--weeks=4", "--json"]
    done = run(*asked, "--ics", calendar)
    body = json.loads(done.stdout)
    plan = plan_from_dict(body)
    assert (body["schema"], body["status"], body["ratio"]) == ("sidewise.plan/1", "plan", "2:1")
    assert plan.days[0] == dt.date(2026, 12, 1) and len(plan.days) == 8
    text = calendar.read_bytes().decode()
    assert text.count("BEGIN:VEVENT") == len(plan.days) + len(plan.retests) + len(plan.reviews)
    assert "DTSTART;VALUE=DATE:20261201\r\n" in text
    assert run(*asked, "-o", kept).stdout.strip() == str(kept)
    assert json.loads(kept.read_text(encoding="utf-8")) == body


def test_a_plan_is_kept_with_the_athlete_and_reviewed(run, home, recordings):
    start = TODAY - dt.timedelta(days=10)
    assert run("plan", "a01", "--review", "--red-flags=none", "--home", home).exit_code == 2
    made = run("plan", "a01", "--red-flags=none", "--home", home, f"--start={start}")
    assert made.exit_code == 0, made.stderr
    plans = athlete_folder(home, "a01") / "plans"
    assert [path.name for path in plans.iterdir()] == [f"{start}.json"]
    for days in (10, 7):
        day = TODAY - dt.timedelta(days=days)
        added = run("diary", "add", "a01", "exercise", "--pain=1", f"--date={day}", "--home", home)
        assert added.exit_code == 0, added.stderr
    run("diary", "add", "a01", "rest", f"--date={TODAY}", "--home", home)
    held = run("plan", "a01", "--review", "--red-flags=none", "--home", home, "--json")
    body = json.loads(held.stdout)
    assert body["schema"] == "sidewise.plan/1"
    assert body["review"]["adherence"]["done"] >= 2
    assert body["review"]["move"] in ("same", "progress")
    assert run("diary", "add", "a01", "pain", "--pain=6", "--home", home).exit_code == 0
    stopped = run("plan", "a01", "--review", "--red-flags=none", "--home", home)
    assert "pain of 6/10" in stopped.stdout
    afresh = json.loads(run("plan", "a01", "--red-flags=none", "--home", home, "--json").stdout)
    assert afresh["status"] == "stop"


def test_one_unclear_session_gives_no_plan_and_no_calendar(run, tmp_path):
    folder = simulate(run, tmp_path / "recordings", "+9%", [2], "--cv=25%", "--set-sd=8%")
    calendar = tmp_path / "plan.ics"
    done = run("plan", "--folder", folder, "--red-flags=none", "--json", "--ics", calendar)
    body = json.loads(done.stdout)
    assert (body["status"], body["weak_side"], body["ratio"], body["items"]) == ("not_yet", None, None, [])
    assert "Record 2 more sessions" in body["reason"]
    assert not calendar.exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--metric=stance_time"], "angle_travelled"),
        (["--start=soon"], "2026-03-02"),
        (["--weeks=1"], "2<=x<=26"),
        (["--review"], "sidewise plan ATHLETE"),
    ],
)
def test_a_wrong_wish_is_refused_in_one_line(run, recordings, args, said):
    refused = run("plan", "--folder", recordings, "--red-flags=none", *args)
    assert refused.exit_code == 2
    assert said in refused.stderr and len(refused.stderr.splitlines()) == 1


def test_neither_athlete_nor_folder_is_refused(run):
    assert run("plan", "--red-flags=none").exit_code == 2
