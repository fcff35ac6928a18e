"""Starting up: what loads, how long it takes, how commands are found and help is given."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from cli.recordings import PLACEMENTS, SIDES
from sensing.recording import Placement, Side

COMMANDS = main.list_commands(main.make_context("sidewise", ["completion"]))
HEAVY = {"numpy", "scipy", "pandas", "matplotlib", "bleak", "bumble", "textual", "rich", "vqf", "jinja2"}
PRINT_MODULES = """
import atexit, sys
atexit.register(lambda: print(*sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr))
from cli.main import main
main(sys.argv[1:])
"""
MINIMAL = "import click\n@click.group()\ndef main(): pass\nmain(['--help'])"


def python(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["analyse", "--help"], 0),
        (["scan", "--help"], 0),
        (["identify", "--help"], 0),
        (["record", "--help"], 0),
        (["live", "--help"], 0),
        (["analyze"], 2),
        (["analyse", "--sprot", "tennis"], 2),
        (["analyse", "s1", "--placement", "elbow"], 2),
        (["simulate"], 2),
        (["record", "--source", "wifi"], 2),
    ],
)
def test_help_and_usage_errors_load_nothing_heavy(args: list[str], code: int) -> None:
    done = python("-c", PRINT_MODULES, *args)
    assert done.returncode == code
    assert not HEAVY & set(done.stderr.split())


def test_help_starts_about_as_fast_as_click_itself() -> None:
    def fastest(code: str) -> float:
        times = []
        for _ in range(8):
            start = time.perf_counter()
            assert python("-c", code).returncode == 0
            times.append(time.perf_counter() - start)
        return min(times)

    ours = "from cli.main import main; main(['--help'])"
    for _ in range(3):  # other work on the machine may disturb a single measurement
        ratio = fastest(ours) / fastest(MINIMAL)
        if ratio <= 1.3:
            return
    raise AssertionError(f"--help takes {ratio:.2f} times as long as a minimal click program")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_within_80_columns(name: str) -> None:
    done = CliRunner().invoke(main, [name, "--help"])
    assert done.exit_code == 0
    assert f"  sidewise {name}" in done.stdout.split("Example:")[1]
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_help_lists_every_command_with_one_line() -> None:
    listed = CliRunner().invoke(main, ["--help"]).stdout.split("Commands:")[1]
    entries = [line.split() for line in listed.splitlines() if line.startswith("  ") and line[2] != " "]
    assert [words[0] for words in entries if words[0] != "Start"] == COMMANDS
    assert all(len(words) > 2 for words in entries)


def test_choices_are_those_of_the_data_model() -> None:
    assert tuple(Placement) == PLACEMENTS
    assert tuple(Side) == SIDES


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_and_nothing_else(shell: str) -> None:
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0
    assert "_SIDEWISE_COMPLETE" in done.stdout


def test_completion_proposes_commands_and_options() -> None:
    env = {"_SIDEWISE_COMPLETE": "bash_complete", "COMP_WORDS": "sidewise an", "COMP_CWORD": "1"}
    assert "plain,analyse" in CliRunner().invoke(main, [], env=env).stdout
    env |= {"COMP_WORDS": "sidewise analyse --sp", "COMP_CWORD": "2"}
    assert "--sport" in CliRunner().invoke(main, [], env=env).stdout
