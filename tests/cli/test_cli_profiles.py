"""Profiles on the command line: list, show, check, where, and their values for the tab key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main

PADEL = """\
schema = "sidewise.sport/1"
version = 1
title = "padel"
aliases = ["paddle tennis"]
[[expect]]
placement = "arm"
more = "dominant"
words = "the racket arm does more"
source = "own recordings"
n = 40
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "profiles"
    made.mkdir()
    monkeypatch.setenv("SIDEWISE_PROFILES", str(made))
    return made


def test_the_list_names_sports_exercises_and_own_profiles(run, folder: Path) -> None:
    (folder / "padel.toml").write_text(PADEL)
    (folder / "tennis.toml").write_text(PADEL.replace('"arm"', '"elbow"'))
    done = run("profiles", "list")
    assert done.exit_code == 0, done.stderr
    assert "bird_dog" in done.stdout and "rowing_sweep_port" in done.stdout
    text = " ".join(done.stdout.split())
    assert "tennis.toml, in place of the one shipped, not usable" in text
    sports = json.loads(run("profiles", "list", "--json").stdout)["sports"]
    assert [sport["name"] for sport in sports[:2]] == ["padel", "tennis"]


def test_show_says_source_people_and_direction(run) -> None:
    shown = " ".join(run("profiles", "show", "ping pong").stdout.split())
    assert "side with more: dominant; direction only, no norm; nobody measured it" in shown
    body = json.loads(run("profiles", "show", "running", "--json").stdout)
    assert body["expectations"][0]["band_percent"] == [-4.7, 4.7]
    assert "coupled" in run("profiles", "show", "bench press").stdout


@pytest.mark.parametrize(("name", "said"), [("rowing", "say which"), ("tenis", "did you mean tennis")])
def test_show_asks_back(run, name: str, said: str) -> None:
    done = run("profiles", "show", name)
    assert done.exit_code == 2 and said in done.stderr and done.stdout == ""


def test_check_lists_every_mistake_and_exits_2(run, tmp_path: Path) -> None:
    good, bad = tmp_path / "padel.toml", tmp_path / "bad.toml"
    good.write_text(PADEL)
    assert run("profiles", "check", good).stdout == f"{good}: in order: padel, 1 entry\n"
    bad.write_text(PADEL.replace("40", "-1").replace("source", "sauce"))
    done = run("profiles", "check", good, bad)
    assert done.exit_code == 2
    mistakes = [line for line in done.stdout.splitlines() if line.startswith(str(bad))]
    assert [line.split(":")[1] for line in mistakes] == ["5", "9", "10"]
    assert done.stderr.count("\n") == 1 and "3 mistakes" in done.stderr
    assert run("profiles", "check", tmp_path / "none.toml").exit_code == 2


def test_a_faulty_own_profile_ends_an_analysis_with_2(run, squat: Path, folder: Path) -> None:
    (folder / "padel.toml").write_text(PADEL.replace('"arm"', '"elbow"'))
    done = run("analyse", squat, "--sport", "paddle tennis")
    assert done.exit_code == 2 and "padel.toml:6: placement" in done.stderr
    assert run("analyse", squat, "--sport", "tennis").exit_code == 0


def test_where_names_the_folder(run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("profiles", "where").stdout.strip() == str(folder)
    monkeypatch.delenv("SIDEWISE_PROFILES")
    done = run("profiles", "where")
    assert done.stdout.strip().endswith("profiles") and "not there yet" in done.stderr
    monkeypatch.setenv("SIDEWISE_PROFILES", str(folder / "none"))
    assert run("profiles", "where").exit_code == 2


def test_the_answer_says_what_the_sport_makes_usual(run, squat: Path) -> None:
    worn = ["--placement=wrist", "--dominant=right"]
    shown = " ".join(run("analyse", squat, "--sport=tennis", *worn).stdout.split())
    assert "Tennis: the playing arm does more; expected for tennis; direction only, no norm." in shown
    assert "Ireland" in run("analyse", squat, "--sport=tennis", *worn, "-v").stdout


@pytest.mark.parametrize(
    ("typed", "proposed"),
    [
        ("sidewise analyse --sport te", "tennis"),
        ("sidewise record --exercise bi", "bird_dog"),
        ("sidewise analyse --acc-unit m", "m/s2"),
        ("sidewise profiles show row", "rowing_scull"),
    ],
)
def test_the_tab_key_proposes_values(typed: str, proposed: str) -> None:
    env = {"_SIDEWISE_COMPLETE": "bash_complete", "COMP_WORDS": typed}
    env["COMP_CWORD"] = str(len(typed.split()) - 1)
    assert f"plain,{proposed}" in CliRunner().invoke(main, [], env=env).stdout
