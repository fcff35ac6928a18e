"""What each command prints, writes and exits with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.output import butterfly
from sensing import open_recording, remembered
from sensing.recording import Side
from sensing.remembered import Remembered
from sensing.store import write_recording


def tree(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def still(run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording whose data are poor: both sides hold the same numbers."""
    folder = tmp_path_factory.mktemp("still")
    text = "time_s,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z\n"
    text += "\n".join(f"{i / 50:.2f},0.1,0.{i % 7},9.8,{i % 11}.5,{i % 5},0" for i in range(500)) + "\n"
    for name in ("left.csv", "right.csv"):
        (folder / name).write_text(text)
    return folder


def test_simulate_makes_what_was_asked_for(run, tmp_path: Path) -> None:
    asked = ["--exercise=curl", "--sets=2", "--reps=6", "--asym=-20%", "--rate=50", "--placement=upper-arm"]
    asked += [
        "--athlete=a01",
        "--date=2026-11-21T17:42+01:00",
        "--tag=before",
        "--mount=m1",
        "--dominant=left",
    ]
    done = run("simulate", *asked, "--seed=5", "-o", tmp_path / "s1", "--json")
    assert done.exit_code == 0, done.stderr
    truth = json.loads(done.stdout)
    assert len(truth["sets"]) == 2
    recording = open_recording(tmp_path / "s1")
    assert recording.placement == "upper_arm"
    assert (recording.athlete, recording.tag, recording.mount) == ("a01", "before", "m1")
    assert recording.dominant == "left"
    assert recording.started_at is not None
    assert recording.started_at.isoformat() == "2026-11-21T17:42:00+01:00"
    assert recording.left is not None and round(recording.left.rate_hz) == 50


def test_a_seed_reproduces_and_nothing_is_overwritten_unasked(run, tmp_path: Path) -> None:
    def make(folder: str, seed: int, *more: str):
        return run(
            "simulate", "--exercise=stand", "--rate=20", f"--seed={seed}", "-o", tmp_path / folder, *more
        )

    assert make("a", 1).stdout.strip() == str(tmp_path / "a")
    assert make("b", 1).exit_code == 0
    before = tree(tmp_path / "a")
    assert list(before.values()) == list(tree(tmp_path / "b").values())
    refused = make("a", 2)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert tree(tmp_path / "a") == before
    assert make("a", 2, "--force").exit_code == 0
    assert tree(tmp_path / "a") != before


def test_force_never_replaces_what_is_no_recording(run, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    done = run("simulate", "--exercise=stand", "-o", tmp_path, "--force")
    assert done.exit_code == 2
    assert (tmp_path / "thesis.txt").exists()


def test_check_shows_rates_loss_and_sync(run, squat: Path) -> None:
    done = run("check", squat, "--strict")
    assert done.exit_code == 0, done.stderr
    assert "50.0 Hz" in done.stdout
    assert "(hull)" in done.stdout
    assert "Data quality: " in done.stdout
    body = json.loads(run("check", squat, "--json").stdout)
    assert body["quality"]["left"]["rate_hz"] == pytest.approx(50, rel=1e-3)
    assert body["recording"]["placement"] == "thigh"


def test_poor_data_exit_6_only_if_strict(run, still: Path) -> None:
    for command in ("check", "analyse"):
        assert run(command, still).exit_code == 0
        strict = run(command, still, "--strict")
        assert strict.exit_code == 6
        assert strict.stdout
        assert strict.stderr.count("\n") == 1
        assert "the data are poor" in strict.stderr


def test_analyse_says_the_answer_first_and_fits_80_columns(run, squat: Path) -> None:
    done = run("analyse", squat)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("The right thigh ")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    row = next(line for line in done.stdout.splitlines() if "Angle travelled" in line and "more" in line)
    assert "right more" in row
    assert row.count("%") == 3  # difference, interval, minimal detectable change


def test_analyse_json_is_the_contract(run, squat: Path) -> None:
    done = run("analyse", squat, "--json", "--per-set", "--athlete", "Zoë")
    body = json.loads(done.stdout)
    assert body["schema"] == "sidewise.analysis/1"
    assert body["recording"]["athlete"] == "Zoë"
    assert {row["set"] for row in body["metrics"]} == {None, 0, 1, 2}
    assert done.stderr == ""


def test_fail_on_flag_is_10_exactly_if_flagged(run, squat: Path) -> None:
    done = run("analyse", squat, "--json", "--fail-on-flag")
    assert json.loads(done.stdout)["verdict"]["flagged"]
    assert done.exit_code == 10
    # The same difference on the dominant wrist is what tennis makes usual.
    expected = ["--placement=wrist", "--sport=tennis", "--dominant=right"]
    done = run("analyse", squat, "--json", "--fail-on-flag", *expected)
    assert not json.loads(done.stdout)["verdict"]["flagged"]
    assert done.exit_code == 0


def test_two_files_and_one_side(run, squat: Path) -> None:
    both = json.loads(run("analyse", squat / "left.csv", squat / "right.csv", "--json").stdout)
    assert len(both["sets"]) == 3
    done = run("analyse", squat, "--side=left", "--json")
    alone = json.loads(done.stdout)
    assert alone["quality"]["right"] is None
    assert alone["verdict"]["verdict"] == "not_assessable"
    assert "not recorded" in run("analyse", squat, "--side=left").stdout


def test_verbose_adds_repetitions_and_quiet_takes_messages_away(run, squat: Path, tmp_path: Path) -> None:
    assert "Repetitions, s" in run("analyse", squat, "-v").stdout
    assert "Repetitions, s" not in run("analyse", squat).stdout
    assert run("completion", "fish").stderr
    assert run("-q", "completion", "fish").stderr == ""
    assert run("completion", "-q", "fish").stderr == ""


def test_report_writes_where_the_user_chose_and_says_where(run, squat: Path, tmp_path: Path) -> None:
    before = set(tree(squat))
    done = run("report", squat, "-o", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    first, *paths = done.stdout.splitlines()
    assert first.startswith("The right thigh ")
    assert {Path(path) for path in paths} == set(tree(tmp_path / "out"))
    assert {Path(path).suffix for path in paths} == {".html", ".png"}
    assert set(tree(squat)) == before
    single = tmp_path / "one.html"
    files = json.loads(run("report", squat, "-o", single, "--json").stdout)["files"]
    assert files == [str(single)]


def test_replay_has_a_line_for_every_second(run, squat: Path) -> None:
    done = run("replay", squat, "--speed", "max")
    recording = open_recording(squat)
    head, *lines = done.stdout.splitlines()
    assert len(lines) == int(recording.duration_s) + 1
    assert max(map(len, [head, *lines])) <= 80
    samples = [sum(int(line.split()[k]) for line in lines) for k in (2, -1)]
    assert recording.left is not None and recording.right is not None
    assert samples == [len(recording.left), len(recording.right)]


def test_replay_tells_a_missing_side_from_a_still_one_and_bars_have_one_scale(
    run, squat: Path, tmp_path: Path
) -> None:
    whole = run("replay", squat, "--speed=max").stdout.splitlines()[1:]
    lengths = [line.split("|")[0].count("█") for line in whole]
    sizes = [float(line.split()[3]) for line in whole]
    assert np.corrcoef(lengths, sizes)[0, 1] > 0.99
    alone = run("replay", squat / "left.csv", "--side=left", "--speed=max").stdout.splitlines()[1:]
    assert all(line.split()[-2:] == ["-", "0"] for line in alone)


def test_replay_keeps_time(run, squat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    run("replay", squat, "--speed=10x")
    lasted = open_recording(squat).duration_s
    # Without really sleeping, each wait is counted from the start.
    assert max(waits) == pytest.approx(lasted / 10, abs=1)


def test_bars_grow_from_the_middle_in_proportion() -> None:
    assert butterfly(5, 10, 10, 4, block="#") == ("  ##", "####")
    assert butterfly(0, 0, 0, 3, block="#") == ("   ", "   ")


def test_export_metrics_and_repetitions(run, squat: Path, tmp_path: Path) -> None:
    for suffix, read in ((".csv", pd.read_csv), (".parquet", pd.read_parquet)):
        path = tmp_path / f"metrics{suffix}"
        done = run("export", squat, "-o", path, "--athlete=a01")
        assert done.exit_code == 0, done.stderr
        assert done.stdout.strip() == str(path)
        frame = read(path).set_index("name")
        assert frame.loc["angle_travelled", "athlete"] == "a01"
        assert frame.loc["angle_travelled", "log_ratio"] == pytest.approx(np.log(1.4), abs=0.15)
    run("export", squat, "--reps", "-o", tmp_path / "reps.csv")
    reps = pd.read_csv(tmp_path / "reps.csv")
    assert len(reps[(reps["metric"] == "angle_travelled") & (reps["side"] == "left")]) == 24
    run("export", squat, "-o", tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["schema"] == "sidewise.analysis/1"
    run("export", squat, "--reps", "-o", tmp_path / "reps.json")
    assert len(json.loads((tmp_path / "reps.json").read_text("utf-8"))) == len(reps)


def test_export_says_the_warnings_that_its_file_does_not_hold(run, still: Path, tmp_path: Path) -> None:
    done = run("export", still, "-o", tmp_path / "m.csv")
    assert done.stdout.strip() == str(tmp_path / "m.csv")
    assert "both sides hold the same numbers" in done.stderr
    assert run("-q", "export", still, "-o", tmp_path / "n.csv").stderr == ""


def test_export_replaces_nothing_unasked_and_leaves_no_half_file(run, squat: Path, tmp_path: Path) -> None:
    raw = (squat / "left.csv").read_bytes()
    assert run("export", squat, "--aligned", "-o", squat / "left.csv").exit_code == 2
    assert (squat / "left.csv").read_bytes() == raw
    path = tmp_path / "m.csv"
    path.write_text("old")
    assert run("export", squat, "-o", path, "--force").exit_code == 0
    assert path.read_text() != "old"
    (tmp_path / "file").write_text("")
    done = run("export", squat, "-o", tmp_path / "file" / "m.csv")
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "m.csv"]


@pytest.mark.parametrize("text", ["=1+2", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_text_never_becomes_a_formula(run, squat: Path, tmp_path: Path, text: str) -> None:
    run("export", squat, f"--athlete={text}", "-o", tmp_path / "m.csv")
    frame = pd.read_csv(tmp_path / "m.csv", dtype=str, lineterminator="\n", keep_default_na=False)
    assert set(frame["athlete"]) == {"'" + text}
    assert frame.loc[0, "log_ratio"][0] != "'"  # numbers stay numbers


def test_aligned_export_is_one_uniform_timeline(run, squat: Path, tmp_path: Path) -> None:
    path = tmp_path / "signals.csv"
    done = run("export", squat, "--aligned", "-o", path)
    assert done.exit_code == 0, done.stderr
    frame = pd.read_csv(path)
    channels = [f"{sensor}_{axis}" for sensor in ("acc", "gyr") for axis in "xyz"]
    assert list(frame) == ["time_s", *(f"{side}_{name}" for side in ("left", "right") for name in channels)]
    assert np.diff(frame["time_s"]) == pytest.approx(0.02, rel=1e-3)


def test_gaps_stay_empty_in_the_aligned_export(run, tmp_path: Path) -> None:
    text = ["time_s,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z"]
    rows = [f"{i / 50:.2f},0.1,0.{i % 7},9.8,{i % 11}.5,{i % 5},0" for i in range(500)]
    (tmp_path / "left.csv").write_text("\n".join([*text, *rows]) + "\n")
    (tmp_path / "right.csv").write_text("\n".join([*text, *rows[:200], *rows[250:]]) + "\n")
    assert run("export", tmp_path, "--aligned", "-o", tmp_path / "out.csv").exit_code == 0
    frame = pd.read_csv(tmp_path / "out.csv").set_index("time_s")
    assert frame.loc[4.1:4.9, "right_acc_x"].isna().all()
    assert frame.loc[4.1:4.9, "left_acc_x"].notna().all()
    assert frame.loc[5.1:, "right_gyr_z"].notna().all()


def test_doctor_says_what_is_there(run) -> None:
    done = run("doctor")
    assert done.exit_code == 0, done.stdout
    for name in ("python", "numpy", "pyarrow", "configuration", "bluetooth"):
        assert f" {name} " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_doctor_fails_if_the_core_is_broken(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "vqf", None)
    done = run("doctor", "--json")
    assert done.exit_code == 1
    assert {"what": "vqf", "status": "broken"}.items() <= next(
        finding for finding in json.loads(done.stdout) if finding["what"] == "vqf"
    ).items()


def test_check_doubts_sensors_that_were_identified_for_the_other_sides(
    run, squat: Path, tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("SIDEWISE_HOME", str(tmp_path / "home"))
    worn = open_recording(squat)
    sides = {own.side.value: replace(own, address=str(own.side)) for own in worn.streams()}
    write_recording(tmp_path / "worn", replace(worn, **sides))

    def warned() -> bool:
        checked = json.loads(run("check", tmp_path / "worn", "--json").stdout)
        return "sensors_exchanged" in json.dumps(checked)

    assert not warned()
    remembered.save({side: Remembered(str(side.other), "WT", "witmotion") for side in Side})
    assert warned()
    (remembered.default_path()).write_text("damaged")
    assert not warned()


def test_check_doubts_a_racket_in_the_other_hand(run, tmp_path: Path):
    made = run("simulate", "--exercise=tennis", "--dominant=right", "--seed=2", "-o", tmp_path / "match")
    assert made.exit_code == 0, made.stderr

    def warned(hand: str) -> bool:
        return "striking_hand" in run("check", tmp_path / "match", f"--dominant={hand}", "--json").stdout

    assert not warned("right")
    assert warned("left")
