"""The index may be lost, damaged, or shared by processes: the answers are those of the recordings."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.history.athlete import Athlete, save_athlete
from analysis.history.index import forget, history, index_path, read_folder
from sensing.errors import UsageError
from sensing.recording import Side
from sensing.simulate import Simulation, save, simulate

DAMAGES = {
    "not a database": lambda path: path.write_bytes(b"garbage" * 1000),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "pages overwritten": lambda path: _overwrite(path, 4096),
}


def _overwrite(path: Path, start: int) -> None:
    data = bytearray(path.read_bytes())
    data[start:] = b"\xa5" * (len(data) - start)
    path.write_bytes(data)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    """A short recording of nobody named."""
    folder = tmp_path_factory.mktemp("recorded") / "one"
    short = Simulation(exercise="squat", sets=1, reps=6, rate_hz=25.0, rest_s=1.0, still_s=1.0, seed=1)
    save(simulate(short), folder)
    return folder


def put(recorded: Path, folder: Path, athlete: str, day: int, **said: object) -> Path:
    """A copy of the recording that says whose and when it is."""
    made = folder / f"{athlete or 'nobody'}-{day:02d}"
    shutil.copytree(recorded, made)
    sidecar = json.loads((made / "recording.json").read_text())
    sidecar |= {"athlete": athlete, "started_at": f"2026-03-{day:02d}T18:00:00+00:00"} | said
    (made / "recording.json").write_text(json.dumps(sidecar))
    return made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def athlete(tmp_path: Path, home: Path, recorded: Path) -> Athlete:
    folder = tmp_path / "recordings"
    for day in (1, 2, 3):
        put(recorded, folder, "a01", day)
    put(recorded, folder, "b02", 4)
    made = Athlete("a01", dominant=Side.RIGHT, folders=(folder,))
    save_athlete(home, made)
    return made


def counting() -> tuple[list[int], object]:
    done: list[int] = []
    return done, lambda at, total: done.append(total)


def test_only_what_is_new_or_changed_is_analysed(home, athlete, recorded):
    for expected in (3, 0):
        done, progress = counting()
        found = history(home, athlete, progress)
        assert (len(done), len(found.sessions), found.notes) == (expected, 3, ())
    put(recorded, athlete.folders[0], "a01", 9)
    sidecar = athlete.folders[0] / "a01-02" / "recording.json"
    sidecar.write_text(sidecar.read_text().replace('"exercise": "squat"', '"exercise": "lunge"'))
    done, progress = counting()
    found = history(home, athlete, progress)
    assert len(done) == 2
    assert [session.exercise for session in found.sessions] == ["squat", "lunge", "squat", "squat"]
    assert [session.day.day for session in found.sessions if session.day] == [1, 2, 3, 9]


def test_vanished_recordings_go_and_an_absent_folder_proves_nothing(home, athlete):
    history(home, athlete)
    shutil.rmtree(athlete.folders[0] / "a01-02")
    assert len(history(home, athlete).sessions) == 2
    away = athlete.folders[0].rename(athlete.folders[0].with_name("unplugged"))
    found = history(home, athlete)
    assert len(found.sessions) == 2 and "not there now" in found.notes[0]
    away.rename(athlete.folders[0])
    done, progress = counting()
    assert history(home, athlete, progress).notes == () and done == []


def test_a_deleted_index_is_made_again_to_the_same_answers(home, athlete):
    before = history(home, athlete)
    index_path(home).unlink()
    assert history(home, athlete) == before
    assert read_folder(athlete.folders[0], "a01", settings=athlete.settings).sessions == before.sessions


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_is_set_aside_and_made_again_with_one_line(home, athlete, damage):
    before = history(home, athlete)
    DAMAGES[damage](index_path(home))
    after = history(home, athlete)
    assert after.sessions == before.sessions
    assert len(after.notes) == 1 and "set aside as" in after.notes[0]
    assert len(list(home.glob("index.sqlite.damaged-*"))) == 1
    assert history(home, athlete) == before


def test_rows_that_cannot_be_read_are_made_again(home, athlete):
    before = history(home, athlete)
    base = sqlite3.connect(index_path(home))
    base.execute("UPDATE recordings SET session = '{}' WHERE path LIKE '%a01-02'")
    base.execute("UPDATE recordings SET session = '[' WHERE path LIKE '%a01-03'")
    base.commit()
    base.close()
    done, progress = counting()
    assert history(home, athlete, progress) == before and len(done) == 2


def test_an_index_of_another_version_is_made_anew(home, athlete):
    before = history(home, athlete)
    base = sqlite3.connect(index_path(home))
    base.execute("PRAGMA user_version = 99")
    base.close()
    assert history(home, athlete) == before


def test_recordings_that_name_nobody_belong_to_the_only_owner_of_their_folder(home, athlete, recorded):
    put(recorded, athlete.folders[0], "", 8)
    assert len(history(home, athlete).sessions) == 4
    save_athlete(home, Athlete("b02", folders=athlete.folders))
    assert len(history(home, athlete).sessions) == 3
    assert len(history(home, Athlete("b02", folders=athlete.folders)).sessions) == 1


def test_a_broken_recording_is_named_once_read_and_costs_no_other(home, athlete):
    (athlete.folders[0] / "a01-02" / "left.csv").write_text("nonsense\n" * 9)
    for expected in (3, 0):
        done, progress = counting()
        found = history(home, athlete, progress)
        assert (len(done), len(found.sessions)) == (expected, 2)
        assert len(found.notes) == 1 and "a01-02" in found.notes[0]


def test_links_are_not_followed(home, athlete, recorded, tmp_path):
    outside = put(recorded, tmp_path / "outside", "a01", 7)
    (athlete.folders[0] / "link").symlink_to(outside)
    (athlete.folders[0] / "tree").symlink_to(outside.parent)
    assert len(history(home, athlete).sessions) == 3


def test_forgetting_leaves_nothing_in_the_file(home, athlete):
    history(home, athlete)
    DAMAGES["not a database"](index_path(home))
    history(home, athlete)
    assert b"a01-02" in b"".join(path.read_bytes() for path in home.glob("index.sqlite*"))
    forget(home, "a01")
    assert b"a01-02" not in b"".join(path.read_bytes() for path in home.glob("index.sqlite*"))


def test_several_athletes_in_one_folder_need_a_name(athlete):
    with pytest.raises(UsageError, match="holds recordings of a01, b02"):
        read_folder(athlete.folders[0])
    assert len(read_folder(athlete.folders[0], "b02").sessions) == 1


def test_two_writers_and_a_reader_lose_nothing(home, athlete, recorded, tmp_path):
    other = Athlete("b02", folders=(tmp_path / "other",))
    save_athlete(home, other)
    for day in range(10, 17):
        put(recorded, athlete.folders[0], "a01", day)
        put(recorded, other.folders[0], "b02", day)
    work = (
        "import sys; from pathlib import Path; from analysis.history.athlete import load_athlete;"
        "from analysis.history.index import history; home = Path(sys.argv[1]);"
        "who = load_athlete(home, sys.argv[2]);"
        "print([len(history(home, who).sessions) for _ in range(int(sys.argv[3]))])"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", work, str(home), *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for args in (("a01", "1"), ("b02", "1"), ("a01", "20"))
    ]
    done = [process.communicate(timeout=120) for process in running]
    assert [err for _, err in done] == ["", "", ""]
    assert [json.loads(out)[-1] for out, _ in done] == [10, 7, 10]
    count, progress = counting()
    assert len(history(home, athlete, progress).sessions) == 10
    assert len(history(home, other, progress).sessions) == 7
    assert count == [], "what both wrote is all there"
