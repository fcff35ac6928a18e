"""Whole flows through the command line, from files to answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from cli.main import main

SAMPLES = Path(__file__).parents[2] / "recordings"
HEADER = ["time_s", "acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z"]


def run(*args: object) -> Result:
    done = CliRunner().invoke(main, [str(arg) for arg in args])
    assert done.exit_code == 0, done.stderr
    return done


def analysis_of(*args: object) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(run("analyse", *args, "--json").stdout)
    return body


def log_ratios(analysis: dict[str, Any]) -> dict[str, float]:
    return {row["name"]: row["log_ratio"] for row in analysis["metrics"] if row["log_ratio"] is not None}


@pytest.fixture(scope="module")
def rowing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flows") / "rowing"
    run("simulate", "--exercise=row", "--asym=+30%", "--seed=4", "-o", folder)
    return folder


@pytest.fixture(scope="module")
def plain(rowing: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same recording as the simplest input: two CSV files and nothing else."""
    folder = tmp_path_factory.mktemp("plain")
    aligned = folder / "aligned.csv"
    run("export", rowing, "--aligned", "-o", aligned)
    frame = pd.read_csv(aligned)
    for side in ("left", "right"):
        columns = ["time_s", *(f"{side}_{name}" for name in HEADER[1:])]
        frame[columns].set_axis(HEADER, axis=1).to_csv(folder / f"{side}.csv", index=False)
    aligned.rename(folder.parent / f"{folder.name}-wide.csv")
    return folder


def test_simulated_truth_comes_back_through_the_files(rowing: Path) -> None:
    truth = json.loads((rowing / "truth.json").read_text("utf-8"))
    analysis = analysis_of(rowing)
    assert len(analysis["sets"]) == len(truth["sets"])
    assert [len(one["reps"]["left"]) for one in analysis["sets"]] == [8, 8, 8]
    assert analysis["verdict"]["verdict"] == "asymmetric"
    assert analysis["verdict"]["side"] == "right"
    assert log_ratios(analysis)["angle_travelled"] == pytest.approx(np.log(1.3), abs=0.12)


def test_every_way_in_gives_the_same_answer(rowing: Path, plain: Path) -> None:
    expected = log_ratios(analysis_of(rowing))
    wide = plain.parent / f"{plain.name}-wide.csv"
    inputs = [[plain], [plain / "left.csv", plain / "right.csv"], [wide]]
    inputs += [["--right", plain / "right.csv", "--left", plain / "left.csv"]]
    for paths in inputs:
        found = log_ratios(analysis_of(*paths, "--exercise=row"))
        assert found["angle_travelled"] == pytest.approx(expected["angle_travelled"], abs=0.01)


def test_swapped_files_give_the_negated_answer(plain: Path) -> None:
    straight = log_ratios(analysis_of(plain / "left.csv", plain / "right.csv"))
    swapped = log_ratios(analysis_of("--left", plain / "right.csv", "--right", plain / "left.csv"))
    assert swapped == pytest.approx({name: -value for name, value in straight.items()}, abs=1e-9)


def test_sides_recorded_one_after_the_other_pair_set_by_set(plain: Path) -> None:
    analysis = analysis_of(plain, "--sequential")
    kinds = [one["kind"] for one in analysis["sets"]]
    assert kinds.count("left_only") == kinds.count("right_only") == 3
    assert analysis["verdict"]["side"] == "right"


def test_one_file_with_its_side_gives_repetitions_but_no_comparison(plain: Path) -> None:
    analysis = analysis_of(plain / "left.csv", "--side", "left")
    assert [len(one["reps"]["left"]) for one in analysis["sets"]] == [8, 8, 8]
    assert analysis["verdict"]["verdict"] == "not_assessable"


def test_the_report_holds_the_answer_and_needs_nothing_else(rowing: Path, tmp_path: Path) -> None:
    done = run("report", rowing, "-o", tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<svg" in page
    assert 'src="http' not in page and 'href="http' not in page
    assert "not a medical device" in page
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
    assert done.stdout.splitlines()[0] == analysis_of(rowing)["summary"]


def test_exported_metrics_are_those_of_the_analysis(rowing: Path, tmp_path: Path) -> None:
    run("export", rowing, "-o", tmp_path / "m.csv")
    frame = pd.read_csv(tmp_path / "m.csv").set_index("name")["log_ratio"].dropna()
    assert frame.to_dict() == pytest.approx(log_ratios(analysis_of(rowing)), rel=1e-9)


@pytest.mark.parametrize("name", ["squat", "run", "tennis_forehand"])
def test_samples_check_and_analyse(name: str) -> None:
    run("check", SAMPLES / name, "--strict")
    assert analysis_of(SAMPLES / name)["sets"]


def test_demo_ends_in_the_verdict_and_the_reports_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "cli.main", "demo"]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, timeout=60)
    assert done.returncode == 0, done.stderr
    *_, verdict, picture, page = done.stdout.splitlines()
    assert verdict.startswith("The right wrist ")
    assert verdict.endswith("That is expected for tennis.")
    assert (tmp_path / picture).is_file()
    assert (tmp_path / page).suffix == ".html" and (tmp_path / page).is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    readme = Path(__file__).parents[2] / "README.md"
    assert done.stdout.splitlines()[0] in readme.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run("demo").stdout == done.stdout  # replaces the first, with the same answer
