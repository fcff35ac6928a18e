"""Errors: one line on stderr, the right exit code, nothing on stdout, no trace unless asked for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import Result

from cli import errors
from cli.common import State
from cli.main import main
from sensing.errors import BadInput

HEADER = "time_s,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z"
ROWS = [f"{i / 50:.2f},0.1,0.{i % 7},9.8,{i % 11}.5,{i % 5},0" for i in range(400)]
GOOD = "\n".join([HEADER, *ROWS, ""])


def assert_one_line(done: Result, code: int) -> str:
    assert done.exit_code == code, done.output
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("sidewise: ")
    return lines[0]


def with_cell(row: int, column: int, text: str) -> str:
    """The good file with one cell changed; row 0 is the header."""
    lines = GOOD.split("\n")
    cells = lines[row].split(",")
    cells[column] = text
    lines[row] = ",".join(cells)
    return "\n".join(lines)


def in_g() -> str:
    return "\n".join([HEADER, *(row.replace(",9.8,", ",1.0,") for row in ROWS), ""])


BAD = {
    "empty": (b"", "right.csv"),
    "header only": (HEADER + "\n", "right.csv"),
    "text in a number": (with_cell(100, 2, "abc"), "line 101, column acc_y"),
    "all values missing": (GOOD.replace(",9.8,", ",nan,"), "right.csv"),
    "time runs backwards": (with_cell(100, 0, "0.5"), "line 101"),
    "one side far shorter": ("\n".join([HEADER, *ROWS[:20], ""]), "right.csv"),
    "mixed units": (in_g(), "right.csv"),
    "decimal comma": (GOOD.replace(".", ","), "line 2: 12 columns"),
    "too few columns": (with_cell(100, 6, "").replace(",\n", "\n", 1), "line 101"),
    "column twice": (GOOD.replace("acc_y", "acc_x", 1), "line 1"),
    "binary": (bytes(range(256)) * 50, "line 1"),
    "one long line": (HEADER + "\n" + "1" * 3_000_000, "line 2"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("command", ["analyse", "check"])
def test_a_bad_file_is_named_with_line_and_column(run, tmp_path: Path, command: str, name: str) -> None:
    content, where = BAD[name]
    (tmp_path / "left.csv").write_text(GOOD)
    right = tmp_path / "right.csv"
    right.write_bytes(content if isinstance(content, bytes) else content.encode())
    line = assert_one_line(run(command, tmp_path), 5)
    assert str(tmp_path / "right.csv") in line
    assert where in line


def test_a_line_of_two_gigabytes_is_refused_at_once(run, tmp_path: Path) -> None:
    (tmp_path / "left.csv").write_text(GOOD)
    with (tmp_path / "right.csv").open("wb") as file:
        file.write(f"{HEADER}\n1".encode())
        file.truncate(2**31)  # sparse: takes no space on the disk
    start = time.monotonic()
    assert "right.csv" in assert_one_line(run("analyse", tmp_path), 5)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("name", "content", "warned"),
    [
        ("cut last line", GOOD[:-4], "the last line"),
        ("UTF-16", GOOD.encode("utf-16"), "UTF-16"),
        ("NaN", with_cell(100, 2, "nan"), "NaN"),
        ("Inf", with_cell(100, 2, "inf"), "NaN"),
        ("repeated time", with_cell(100, 0, ROWS[98].split(",")[0]), "repeat"),
    ],
)
def test_a_repair_is_said(run, tmp_path: Path, name: str, content: str | bytes, warned: str) -> None:
    (tmp_path / "left.csv").write_text(GOOD.replace(",9.8,", ",9.81,"))
    (tmp_path / "right.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run("check", tmp_path)
    assert done.exit_code == 0, done.stderr
    assert warned in done.stdout


def test_missing_paths_are_bad_input(run, tmp_path: Path) -> None:
    assert "nowhere" in assert_one_line(run("analyse", tmp_path / "nowhere"), 5)
    assert str(tmp_path) in assert_one_line(run("analyse", tmp_path), 5)
    (tmp_path / "left.csv").write_text(GOOD)
    assert "right" in assert_one_line(run("analyse", tmp_path), 5)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not hold here")
def test_an_unreadable_file_is_bad_input(run, tmp_path: Path) -> None:
    for name in ("left.csv", "right.csv"):
        (tmp_path / name).write_text(GOOD)
    (tmp_path / "right.csv").chmod(0)
    assert "right.csv" in assert_one_line(run("analyse", tmp_path), 5)


def test_many_problems_stay_one_line_of_bearable_length(run, tmp_path: Path) -> None:
    for name in ("left.csv", "right.csv"):
        (tmp_path / name).write_text(GOOD.replace(",9.8,", ",x" * 1000 + ","))
    assert len(assert_one_line(run("analyse", tmp_path), 5)) < 3000


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["analyze", "s1"], "did you mean 'analyse'"),
        (["analyse", "--sprot", "tennis"], "--sport"),
        (["analyse", "s1", "--side", "middle"], "'left', 'right'"),
        (["analyse"], "name a recording"),
        (["analyse", "a", "b", "c"], "3 were named"),
        (["analyse", "s1", "--remount-sd", "lots"], "'lots'"),
        (["replay", "s1", "--speed", "-1"], "speed"),
        (["simulate", "--exercise", "juggling", "-o", "x"], "juggling"),
        (["simulate", "--asym", "12", "-o", "x"], "+12%"),
        (["simulate", "--date", "yesterday", "-o", "x"], "yesterday"),
        (["export", "s1", "-o", "x.docx"], ".csv, .json, .parquet"),
        (["export", "s1", "--reps", "--aligned", "-o", "x.csv"], "choose one"),
        (["report", "a.csv", "b.csv"], "-o FOLDER"),
        (["completion", "tcsh"], "'bash'"),
    ],
)
def test_wrong_use_is_exit_2_and_says_what_to_do(run, args: list[str], said: str) -> None:
    assert said in assert_one_line(run(*args), 2)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--acc-unit", "furlong"], "m/s2, g, mg"),
        (["--gyr-unit", "g"], "deg/s, rad/s, mdeg/s"),
        (["--time-unit", "h"], "s, ms, us, ns"),
        (["--timezone", "Mars/Phobos"], "+02:00"),
        (["--timezone", "+99:99"], "+02:00"),
        (["--timezone", "+01:75"], "+02:00"),
        (["--rate", "0"], "--rate"),
        (["--rate", "nan"], "1 to 10000"),
        (["--rate", "1e300"], "--rate"),
        (["--load-kg", "inf", "1"], "--load-kg"),
        (["--load-kg", "1e308", "1e-308"], "--load-kg"),
        (["--load-kg", "-5", "1"], "--load-kg"),
        (["--load-kg", "1", "nan"], "0 to 1000"),
        (["--rpe", "11"], "--rpe"),
        (["--rpe", "nan"], "0 to 10"),
        (["--left", ""], "an empty path"),
        ([""], "an empty path"),
    ],
)
def test_values_that_make_no_sense_are_wrong_use(run, squat: Path, args: list[str], said: str) -> None:
    line = assert_one_line(run("analyse", squat, *args), 2)
    assert said in line
    assert line.count(args[0]) <= 1 or not args[0]


def test_values_in_any_usual_spelling_are_taken(run, tmp_path: Path) -> None:
    for name in ("left.csv", "right.csv"):
        (tmp_path / name).write_text(in_g())
    options = [
        "--acc-unit",
        "G",
        "--gyr-unit",
        "dps",
        "--timezone",
        "-03:30",
        "--rpe",
        "0",
        "--load-kg",
        "0",
        "1e3",
    ]
    done = run("check", tmp_path, *options, "--rate", "10000")
    assert done.exit_code == 0, done.stderr


def test_no_arguments_show_the_help(run) -> None:
    done = run()
    assert done.exit_code == 2
    assert "Commands:" in done.stderr


def test_text_from_a_file_cannot_forge_output(capsys: pytest.CaptureFixture[str]) -> None:
    code = errors.explain(BadInput("a\nsidewise: all is well\x1b[2J\u202e"), State())
    printed = capsys.readouterr().err
    assert code == 5
    assert printed.count("\n") == 1
    assert "\x1b" not in printed and "\u202e" not in printed


@click.command("boom")
def boom() -> None:
    raise ZeroDivisionError("by\nnought")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command with a bug, in the place of a real one."""
    find = main.get_command
    monkeypatch.setattr(main, "get_command", lambda ctx, name: boom if name == "doctor" else find(ctx, name))


@pytest.mark.usefixtures("broken")
def test_a_bug_is_one_line_and_a_trace_only_if_asked_for(run) -> None:
    line = assert_one_line(run("doctor"), 1)
    assert "ZeroDivisionError: by nought" in line
    assert "-v" in line
    detailed = run("-v", "doctor")
    assert detailed.exit_code == 1
    assert "Traceback" in detailed.stderr


def sidewise(*args: object, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cli.main", *map(str, args)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, **options)  # type: ignore[call-overload]


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send")
def test_ctrl_c_is_130_without_a_trace(squat: Path) -> None:
    with sidewise("replay", squat) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.split() == ["sidewise:", "interrupted"]


def test_a_reader_that_goes_away_is_no_error(squat: Path) -> None:
    with sidewise("replay", squat, "--speed=max") as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        process.wait(20)


def test_output_survives_an_ascii_terminal(squat: Path) -> None:
    env = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with sidewise("analyse", squat, env=env) as process:
        shown, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "#|#" in shown
