"""Athletes, trends and comparisons on the command line."""

from __future__ import annotations

import html
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def recordings(run, tmp_path_factory) -> Path:
    """Seven sessions of a thigh and one of a wrist; of three on one day with the sensors left on."""
    folder = tmp_path_factory.mktemp("recordings")

    def make(name: str, seed: int, asym: str, *more: str) -> None:
        asked = ["simulate", f"--asym={asym}", f"--seed={seed}", "--rate=50", "--athlete=a01", *more]
        done = run(*asked, "-o", folder / name)
        assert done.exit_code == 0, done.stderr

    for week in range(7):
        day = f"2026-0{3 if week < 4 else 4}-{1 + 7 * (week % 4):02d}"
        make(f"s{week}", week, "+30%" if week < 4 else "+4%", "--exercise=squat", f"--date={day}T18:00+00:00")
    make("wrist", 9, "+10%", "--exercise=curl", "--date=2026-04-03T18:00+00:00")
    return folder


@pytest.fixture(scope="module")
def home(run, tmp_path_factory, recordings: Path) -> Path:
    """A home with an athlete whose recordings are those, all indexed."""
    home = tmp_path_factory.mktemp("home")
    facts = ("--name=Zoë", "--sport=tennis", "--dominant=right", "--born=1990", "--folder", recordings)
    assert run("athlete", "add", "a01", *facts, "--home", home).exit_code == 0
    assert run("trend", "a01", "--home", home).exit_code == 0
    return home


@pytest.fixture
def leaving(run, tmp_path: Path, recordings: Path) -> Path:
    """A home of an athlete with two recordings, which a test may delete."""
    for name in ("s0", "s1"):
        shutil.copytree(recordings / name, tmp_path / "recordings" / name)
    done = run("athlete", "add", "a01", "--folder", tmp_path / "recordings", "--home", tmp_path / "home")
    assert done.exit_code == 0
    return tmp_path / "home"


def test_trend_for_machines(run, recordings):
    done = run("trend", "--folder", recordings, "--json")
    assert done.exit_code == 0, done.stderr
    body = json.loads(done.stdout)
    assert (body["schema"], body["metric"], body["placement"]) == (
        "sidewise.trend/1",
        "angle_travelled",
        "thigh",
    )
    assert len(body["sessions"]) == 7 and body["pooled"]["side"] == "right"
    assert "also there: 1 of curl on the forearm" in done.stderr
    assert body["change"]["verdict"] == "changed" and body["diary"] == []
    one = json.loads(run("trend", "--folder", recordings, "--json", "--exercise=curl", "-q").stdout)
    assert (len(one["sessions"]), one["looks"], one["own_band"]) == (1, 1, None)


def test_trend_for_people_fits_the_page_with_the_diary_among_the_sessions(run, home):
    assert run("diary", "add", "a01", "massage", "--date=2026-03-10", "--home", home).exit_code == 0
    for name in ("trend", "compare"):
        more = ("--before=2026-03", "--after=2026-04") if name == "compare" else ()
        done = run(name, "a01", "--home", home, "-q", *more)
        assert done.exit_code == 0, done.stderr
        assert max(map(len, done.stdout.splitlines())) <= 80
    shown = run("trend", "a01", "--home", home).stdout
    assert shown.startswith("The right thigh does more over 7 sessions")
    dates = [line.split()[0] for line in shown.splitlines() if line.startswith("2026")]
    assert dates == sorted(dates) and "2026-03-10 massage" in shown
    assert "This is look 7" in shown


def test_answers_are_the_same_with_and_without_an_index(run, home, recordings):
    asked = ("--json", "-q", "--metric=peak_angular_velocity", "--placement=thigh")
    by_index = json.loads(run("trend", "a01", "--home", home, *asked).stdout)
    by_folder = json.loads(run("trend", "a01", "--folder", recordings, "--home", home, *asked).stdout)
    assert by_index["pooled"] == by_folder["pooled"] and by_index["change"] == by_folder["change"]


def test_compare_by_dates(run, home):
    body = json.loads(
        run("compare", "a01", "--home", home, "--before=2026-03", "--after=2026-04", "--json").stdout
    )
    assert (body["schema"], body["kind"], body["verdict"]) == ("sidewise.compare/1", "periods", "changed")
    assert body["ci95"][0] < body["change_percent"] < body["ci95"][1] < 0 < body["mdc_percent"]
    assert set(body) >= {"metric", "reason"}


def test_compare_a_therapy(run, tmp_path, recordings):
    home, folder = tmp_path / "home", tmp_path / "day"
    for hour, (tag, mount) in enumerate((("before", "m1"), ("rest", "m1"), ("after", "m1"))):
        made = shutil.copytree(recordings / f"s{hour}", folder / f"r{hour}")
        sidecar = json.loads((made / "recording.json").read_text())
        sidecar |= {"tag": tag, "mount": mount, "started_at": f"2026-05-01T1{hour}:00:00+00:00"}
        (made / "recording.json").write_text(json.dumps(sidecar))
    assert run("athlete", "add", "a01", "--folder", folder, "--home", home).exit_code == 0
    asked = ("compare", "a01", "--home", home)
    body = json.loads(run(*asked, "--json").stdout)
    assert body["kind"] == "tags" and body["verdict"] in ("unchanged", "inconclusive", "changed")
    assert body["control_percent"] is not None
    refused = run(*asked, "--therapy=massage")
    assert refused.exit_code == 2 and "sidewise diary add" in refused.stderr
    run("diary", "add", "a01", "massage", "--date=2026-05-01", "--home", home)
    assert json.loads(run(*asked, "--therapy=massage", "--json").stdout)["verdict"] == body["verdict"]
    after = folder / "r2" / "recording.json"
    after.write_text(after.read_text().replace('"m1"', '"m2"'))
    remounted = run(*asked, "--therapy=massage")
    assert remounted.exit_code == 0 and remounted.stdout.startswith(
        "Cannot be compared: the sensors were not left on"
    )


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["trend"], "name an athlete, or recordings with --folder DIR"),
        (["trend", "b02"], "sidewise athlete add b02 --folder DIR"),
        (["trend", "a01", "--metric=strength"], "use angle_travelled, "),
        (["trend", "a01", "--exercise=row"], "there are: 7 of squat on the thigh, 1 of curl on the forearm"),
        (["compare", "a01"], "tag them with --tag"),
        (["compare", "a01", "--before=2026-03"], "belong together"),
        (["compare", "a01", "--before=2024", "--after=2026"], "no session in 2024; there are 7, from 2026-"),
        (["compare", "a01", "--before=spring", "--after=2026"], "'spring' is not a time; write 2026-03"),
        (["compare", "a01", "--therapy=prayer"], "use massage, "),
        (["compare", "a01", "--therapy=heat", "--before=2026", "--after=2027"], "leave out --before"),
        (["athlete", "add", "a01", "--folder=nowhere"], "nowhere: no such folder"),
        (["athlete", "add", "a01", "--born=90"], "year of birth 90"),
        (["athlete", "delete", "a01"], "add --yes"),
    ],
)  # fmt: skip
def test_wrong_use_says_what_to_do(run, home, args, said):
    done = run(*args, "--home", home)
    assert done.exit_code == 2
    assert said in done.stderr and done.stdout == ""


def test_an_athlete_without_recordings_hears_what_to_do(run, tmp_path):
    asked = ("--home", tmp_path / "home")
    run("athlete", "add", "a01", *asked)
    assert "sidewise athlete add a01 --folder DIR" in run("trend", "a01", *asked).stderr
    run("athlete", "add", "a01", "--folder", tmp_path, *asked)
    assert "sidewise record -a a01" in run("trend", "a01", *asked).stderr
    assert "no recordings" in run("trend", "--folder", tmp_path).stderr


def test_athletes_are_added_changed_listed_and_shown(run, home, tmp_path):
    own = tmp_path / "home"
    run("athlete", "add", "a01", "--name=Zoë", "--sport=tennis", "--dominant=right", "--home", own)
    run("athlete", "add", "a01", "--sport=squash", "--folder", tmp_path, "--home", own)
    run("athlete", "add", "b02", "--home", own)
    listed = run("athlete", "list", "--home", own)
    assert listed.stdout.splitlines() == ["a01  Zoë  squash  right-handed", "b02"]
    assert [one["folders"] for one in json.loads(run("athlete", "list", "--home", own, "--json").stdout)] == [
        [str(tmp_path)], [],
    ]  # fmt: skip
    facts = json.loads(run("athlete", "show", "a01", "--home", home, "--json").stdout)
    assert (facts["born"], facts["sport"], len(facts["folders"])) == (1990, "tennis", 1)
    assert facts["sessions"][0] == {
        "exercise": "squat", "placement": "thigh", "sessions": 7, "first": "2026-03-01", "last": "2026-04-15",
    }  # fmt: skip
    shown = run("athlete", "show", "a01", "--home", home).stdout
    assert "7 x squat, thigh, 2026-03-01 to 2026-04-15" in shown


def test_an_athlete_becomes_a_page(run, home, tmp_path):
    run("diary", "add", "a01", "massage", '--place="<b>calf\'s</b>"', "--date=2026-03-10", "--home", home)
    folder = tmp_path / 'it\'s "here"'
    done = run("athlete", "report", "a01", "-o", folder, "--home", home)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.split("\n")[:2] == [str(folder / "athlete.html"), str(folder / "athlete.png")]
    page = (folder / "athlete.html").read_text(encoding="utf-8")
    assert "Zoë" in page and "8 sessions" in page and "last 7 sessions" in page
    again = html.unescape(re.search(r"again: (.*?)<", page)[1])
    assert shlex.split(again) == ["sidewise", "athlete", "report", "a01", "--output", str(folder)]
    assert "&lt;b&gt;calf&#39;s&lt;/b&gt;" in page and "<b>" not in page
    one = run("athlete", "report", "a01", "-o", tmp_path / "a.html", "--metric=player_load", "--home", home)
    assert one.exit_code == 0 and "Player load, last 7" in (tmp_path / "a.html").read_text(encoding="utf-8")
    for wrong, says in (
        (("-o", tmp_path / "a.docx"), "docx"),
        (("-o", folder, "--metric=nonsense"), "nonsense"),
    ):
        failed = run("athlete", "report", "a01", *wrong, "--home", home)
        assert failed.exit_code == 2 and says in failed.stderr and failed.stderr.count("\n") == 1
    run("athlete", "add", "b02", "--home", tmp_path / "home")
    nothing = run("athlete", "report", "b02", "-o", folder, "--home", tmp_path / "home")
    assert nothing.exit_code == 2 and "athlete add b02 --folder" in nothing.stderr


def test_export_then_delete_leaves_nothing_behind(run, leaving, tmp_path):
    done = run("athlete", "export", "a01", "-o", tmp_path / "a01", "--recordings", "--home", leaving)
    assert done.exit_code == 0, done.stderr
    sessions = json.loads((tmp_path / "a01" / "sessions.json").read_text())["sessions"]
    assert len(sessions) == 2 and len(list((tmp_path / "a01" / "recordings").iterdir())) == 2
    assert any(b"a01" in path.read_bytes() for path in leaving.iterdir() if path.is_file()), "an index"
    deleted = run("athlete", "delete", "a01", "--yes", "--home", leaving)
    assert deleted.exit_code == 0 and "s1: recording" in deleted.stderr
    assert list((tmp_path / "recordings").iterdir()) == []
    assert not any(b"a01" in path.read_bytes() for path in leaving.rglob("*") if path.is_file())
    assert run("trend", "a01", "--home", leaving).exit_code == 2


@pytest.mark.parametrize(("answer", "code"), [("n", 130), ("y", 0)])
def test_on_a_terminal_deleting_asks(leaving, answer, code):
    main, terminal = pytest.importorskip("pty").openpty()
    command = [sys.executable, "-m", "cli.main", "athlete", "delete", "a01", "--home", str(leaving)]
    with subprocess.Popen(
        command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        os.write(main, f"{answer}\n".encode())
        _, asked = process.communicate(timeout=60)
    os.close(main)
    os.close(terminal)
    assert process.returncode == code
    assert "Delete all of this?" in asked
    assert len(list((leaving.parent / "recordings").iterdir())) == (2 if code else 0)


def test_nothing_is_kept_where_nobody_asked(run, own_home, recordings, tmp_path):
    run("trend", "--folder", recordings)
    run("simulate", "--exercise=stand", "--athlete=a01", "-o", tmp_path / "s")
    assert list(own_home.rglob("*")) == []


def test_help_and_a_trend_load_no_more_than_they_need(run, home):
    code = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
    code += "from cli.main import main; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, "trend", "a01", "--home", str(home)],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0
    loaded = set(done.stderr.split())
    assert not {"pandas", "vqf", "scipy", "matplotlib", "analysis.pipeline"} & loaded


def test_what_is_known_of_an_athlete_holds_in_every_answer(run, tmp_path):
    folder, home, table = tmp_path / "w", tmp_path / "home", tmp_path / "c.parquet"
    person = ("--sport=tennis", "--dominant=right", "--folder", folder, "--home", home)
    made = ("--exercise=curl", "--placement=wrist", "--asym=+30%", "--athlete=b02", "--remount-sd=0")
    run("simulate", *made, "-o", folder / "s1")
    before = json.loads(run("analyse", folder / "s1", "--home", home, "--json").stdout)
    assert before["verdict"]["flagged"] and not before["recording"]["sport"]
    assert run("athlete", "add", "b02", *person).exit_code == 0
    after = json.loads(run("analyse", folder / "s1", "--home", home, "--json").stdout)
    assert not after["verdict"]["flagged"] and after["recording"]["dominant"] == "right"
    assert "athlete_known" in {warning["code"] for warning in after["quality"]["warnings"]}
    assert json.loads(run("trend", "b02", "--home", home, "--json").stdout)["pooled"]["side"] == "right"
    assert run("batch", folder, "-o", table, "-j", 1, "--home", home).exit_code == 0
    (row, *_) = json.loads(run("cohort", table, "--json").stdout)
    assert (row["sport"], row["dominant_known"]) == ("tennis", 1)
    other = json.loads(run("analyse", folder / "s1", "--home", home, "--sport=golf", "--json").stdout)
    assert other["recording"]["sport"] == "golf"


def test_a_damaged_athlete_hides_nobody(run, home):
    (home / "athletes" / "bad").mkdir()
    (home / "athletes" / "bad" / "athlete.json").write_text("[]")
    listed = run("athlete", "list", "--home", home)
    assert listed.exit_code == 0 and "a01" in listed.stdout
    assert "bad" in listed.stderr and "delete it and add the athlete again" in listed.stderr
    assert run("trend", "a01", "--home", home).exit_code == 0
    assert run("athlete", "show", "bad", "--home", home).exit_code == 5
