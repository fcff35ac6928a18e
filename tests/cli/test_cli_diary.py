"""The diary on the command line: adding, listing, showing, deleting, and questions before an inversion."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.history.athlete import Athlete, athlete_folder, save_athlete
from analysis.history.diary import CONTRAINDICATIONS, FILE, Kind, read_diary
from cli.commands.diary import KINDS


@pytest.fixture
def home(tmp_path: Path) -> Path:
    save_athlete(tmp_path, Athlete("a01"))
    return tmp_path


@pytest.fixture
def diary(run, home: Path):
    def invoke(action: str, *args: object):
        return run("diary", action, "a01", *args, "--home", home)

    return invoke


def test_the_kinds_are_those_of_the_diary():
    assert tuple(Kind) == KINDS


def test_what_is_added_can_be_listed_shown_and_deleted(diary, home):
    added = diary(
        "add", "trigger-point", "--minutes=5", "--place=left calf", "--date=2026-03-02", "--pain=3", "--json"
    )
    assert added.exit_code == 0, added.stderr
    entry = json.loads(added.stdout)
    assert diary("add", "note", "--note", "slept badly").exit_code == 0
    assert json.loads(diary("list", "--kind=trigger_point", "--json").stdout) == [entry]
    assert json.loads(diary("list", "--from=2026-03-03", "--json").stdout)[0]["note"] == "slept badly"
    assert diary("list", "--to=2026-03-01").stdout == "no entries\n"
    listed = diary("list").stdout
    assert all(text in listed for text in (entry["id"], "trigger point", "left calf", "3/10"))
    assert "place: left calf" in diary("show", entry["id"]).stdout
    assert diary("delete", entry["id"]).exit_code == 0
    assert [each.kind for each in read_diary(athlete_folder(home, "a01")).entries] == [Kind.NOTE]
    assert diary("show", entry["id"]).exit_code == 2


def test_an_entry_is_of_today_unless_said_and_never_of_the_future(diary):
    assert json.loads(diary("add", "rest", "--json").stdout)["date"] == dt.date.today().isoformat()
    tomorrow = dt.date.today() + dt.timedelta(days=1)
    refused = diary("add", "rest", f"--date={tomorrow}")
    assert (refused.exit_code, "still to come" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["sauna"], "massage"),
        (["pain"], "--pain"),
        (["note"], "--note"),
        (["rest", "--pain=11"], "0<=x<=10"),
        (["rest", "--date=2.3.2026"], "2026-03-02"),
        (["rest", "--contraindications=none"], "inversion"),
        (["inversion", "--contraindications=flu"], "glaucoma"),
    ],
)
def test_a_wrong_entry_is_refused_in_one_line(diary, home, args, said):
    refused = diary("add", *args)
    assert refused.exit_code == 2
    assert said in refused.stderr and len(refused.stderr.splitlines()) == 1
    assert not (athlete_folder(home, "a01") / FILE).exists()


def test_an_inversion_is_logged_only_after_its_questions(diary, home):
    refused = diary("add", "inversion", "--minutes=3")
    assert refused.exit_code == 2
    assert "17/16 mmHg" in refused.stderr and "--contraindications none" in refused.stderr
    assert read_diary(athlete_folder(home, "a01")).entries == ()
    clear = diary("add", "inversion", "--contraindications=none", "--json")
    assert json.loads(clear.stdout)["contraindications"] == []
    assert clear.stderr == ""
    warned = diary("add", "inversion", "--contraindications=glaucoma,pregnancy")
    assert warned.exit_code == 0
    assert "ask a doctor" in warned.stderr


def test_on_a_terminal_every_question_is_asked_and_none_is_assumed(home):
    main, terminal = pytest.importorskip("pty").openpty()
    command = [sys.executable, "-m", "cli.main", "diary", "add", "a01", "inversion", "--home", str(home)]
    running = subprocess.Popen(
        command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    os.write(main, b"\nn\nn\ny\nn\n")  # the first is no answer, and asked again
    _, told = running.communicate(timeout=30)
    os.close(terminal)
    os.close(main)
    assert running.returncode == 0, told
    assert all(question in told for question in CONTRAINDICATIONS.values())
    (entry,) = read_diary(athlete_folder(home, "a01")).entries
    assert entry.contraindications == ("heart_disease",)


def test_a_damaged_line_is_said_and_the_others_are_listed(diary, home):
    assert diary("add", "rest").exit_code == 0
    with (athlete_folder(home, "a01") / FILE).open("a") as file:
        file.write("oops\n")
    listed = diary("list", "--json")
    assert len(json.loads(listed.stdout)) == 1
    assert f"{FILE}, line 2" in listed.stderr


def test_an_unknown_athlete_is_refused(run, home):
    refused = run("diary", "list", "a02", "--home", home)
    assert (refused.exit_code, "sidewise athlete add a02" in refused.stderr) == (2, True)


def test_the_home_comes_from_the_environment_too(run, home, monkeypatch):
    monkeypatch.setenv("SIDEWISE_HOME", str(home))
    assert run("diary", "add", "a01", "rest").exit_code == 0
    assert len(read_diary(athlete_folder(home, "a01")).entries) == 1


def test_options_come_from_the_configuration_file_too(run, home, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(f'home = "{home}"\n[diary]\nplace = "right knee"\n')
    added = run("diary", "--config", config, "add", "a01", "ice", "--json")
    assert added.exit_code == 0, added.stderr
    assert json.loads(added.stdout)["place"] == "right knee"
    config.write_text('[diary]\nplce = "right knee"\n')
    assert "plce" in run("diary", "--config", config, "list", "a01").stderr


@pytest.mark.parametrize("action", ["add", "list", "show", "delete"])
def test_every_action_has_help_with_an_example(run, action):
    done = run("diary", action, "--help")
    assert f"  sidewise diary {action}" in done.stdout.split("Example:")[1]
    assert max(map(len, done.stdout.splitlines())) <= 80
