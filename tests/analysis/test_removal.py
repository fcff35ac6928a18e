"""Deleting removes everything of an athlete, and nothing of anybody else."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from analysis.history.athlete import Athlete, athlete_folder, save_athlete
from analysis.history.removal import belongings, remove
from analysis.history.takeout import take_out
from sensing.errors import UsageError

FILES = (
    "left.csv",
    "right.csv",
    "left_emg.csv",
    "truth.json",
    "packets.raw",
    "report/report.html",
    "report/report.png",
)


def put(folder: Path, athlete: str, *more: str) -> Path:
    """A folder that says it is a recording of somebody, with files whose content nobody looks at here."""
    for name in (*FILES, *more):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    (folder / "recording.json").write_text(json.dumps({"athlete": athlete}))
    return folder


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def athlete(tmp_path: Path, home: Path) -> Athlete:
    made = Athlete("a01", folders=(tmp_path / "shared",))
    put(tmp_path / "shared" / "one", "a01")
    put(tmp_path / "shared" / "deep" / "two", "a01")
    save_athlete(home, made)
    (athlete_folder(home, "a01") / "diary.jsonl").write_text("{}\n")
    return made


def test_everything_of_theirs_goes(tmp_path, home, athlete):
    assert remove(home, belongings(home, athlete)) == ()
    assert tree(tmp_path) == set()


def test_nothing_else_goes(tmp_path, home, athlete):
    shared = tmp_path / "shared"
    outside = put(tmp_path / "outside", "a01")
    put(shared / "theirs", "b02")
    put(shared / "one" / "nested", "b02")
    put(shared / "nobody", "")
    put(shared / "mine", "a01", "thesis.txt", "report/notes.txt")
    put(shared / "almost", "A01")
    (shared / "link").symlink_to(outside)
    (shared / "broken").mkdir()
    (shared / "broken" / "recording.json").write_text("{")
    (shared / "broken" / "left.csv").write_text("x")
    kept = {
        path
        for path in tree(tmp_path)
        if not path.startswith(("home", "shared/one/", "shared/deep", "shared/mine"))
    }
    kept |= {path for path in tree(tmp_path) if path.startswith("shared/one/nested")}
    owned = belongings(home, athlete)
    assert owned.unnamed == (shared / "broken", shared / "nobody")
    left = remove(home, owned)
    assert set(left) == {shared / "one", shared / "mine"}
    assert tree(tmp_path) == kept | {"shared/mine/thesis.txt", "shared/mine/report/notes.txt"}


def test_a_linked_report_is_not_followed(tmp_path, home, athlete):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "report.html").write_text("x")
    mine = put(tmp_path / "shared" / "three", "a01")
    for name in ("report.html", "report.png"):
        (mine / "report" / name).unlink()
    (mine / "report").rmdir()
    (mine / "report").symlink_to(elsewhere)
    remove(home, belongings(home, athlete))
    assert (elsewhere / "report.html").exists()


def test_recordings_may_be_kept(tmp_path, home, athlete):
    before = tree(tmp_path / "shared")
    remove(home, belongings(home, athlete), keep_recordings=True)
    assert tree(tmp_path / "shared") == before and not athlete_folder(home, "a01").exists()


@pytest.mark.parametrize("recordings", [False, True])
@pytest.mark.parametrize("name", ["all", "all.zip"])
def test_everything_is_handed_over(tmp_path, home, athlete, name, recordings):
    target = take_out(belongings(home, athlete), [], tmp_path / name, recordings=recordings)
    names = set(zipfile.ZipFile(target).namelist()) if name.endswith("zip") else tree(target)
    assert names >= {"athlete.json", "diary.jsonl", "sessions.json"}
    assert ("recordings/0002_one/left.csv" in names) is recordings
    with pytest.raises(UsageError, match="already exists"):
        take_out(belongings(home, athlete), [], tmp_path / name)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
