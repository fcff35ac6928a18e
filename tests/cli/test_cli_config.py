"""Where an option's value comes from: flag, then environment, then configuration file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.config import default_config


def sport_of(done) -> str | None:
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)["recording"]["sport"]


def test_flag_beats_environment_beats_file(run, squat: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('sport = "rowing"\n[check]\nsport = "cycling"\n')
    ask = ["check", squat, "--json"]
    assert sport_of(run(*ask)) is None
    assert sport_of(run(*ask, "--config", config)) == "cycling"
    general = {"SIDEWISE_SPORT": "running"}
    assert sport_of(run(*ask, "--config", config, env=general)) == "running"
    assert sport_of(run(*ask, "--config", config, env=general | {"SIDEWISE_CHECK_SPORT": "golf"})) == "golf"
    assert sport_of(run(*ask, "--config", config, "--sport", "tennis", env=general)) == "tennis"


def test_keys_at_the_top_hold_for_every_command_that_has_the_option(run, squat: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('sport = "rowing"\nremount-sd = 0.05\nload-kg = [10, 12.5]\nquiet = true\n')
    assert sport_of(run("--config", config, "check", squat, "--json")) == "rowing"
    analysis = json.loads(run("analyse", squat, "--json", env={"SIDEWISE_CONFIG": str(config)}).stdout)
    assert analysis["settings"]["remount_sd"] == 0.05
    assert "load_moved" in {row["name"] for row in analysis["metrics"]}


def test_the_default_file_is_used_where_it_exists(run, squat: Path) -> None:
    path = default_config()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('sport = "rowing"\n')
    try:
        assert sport_of(run("check", squat, "--json")) == "rowing"
        assert str(path) in run("doctor", "--json").stdout
    finally:
        path.unlink()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('sport = "x"\n\n[analyse]\nsprot = "tennis"\n', "line 4: unknown key 'sprot'"),
        ('colour = "x"\n', "line 1: unknown key 'colour'"),
        ('\n[analyze]\nsport = "x"\n', "line 2: unknown key 'analyze'"),
        ('[sport]\nname = "x"\n', "line 1: unknown key 'sport'"),
        ("sport = \n", "line 1, column 9"),
        ('[check]\nplacement = "elbow"\n', "'elbow' is not one of"),
        ("load-kg = [1]\n", "--load-kg"),
    ],
)
def test_a_faulty_file_is_exit_2_with_its_place(run, tmp_path: Path, text: str, said: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text)
    done = run("check", "s1", "--config", config)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert str(config) in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_missing_or_undecodable_file_is_exit_2(run, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    assert run("check", "s1", "--config", config).exit_code == 2
    config.write_bytes(b'sport = "\xff"\n')
    done = run("check", "s1", "--config", config)
    assert done.exit_code == 2
    assert "UTF-8" in done.stderr


def test_a_wrong_value_names_the_variable_it_came_from(run) -> None:
    done = run("check", "s1", env={"SIDEWISE_PLACEMENT": "elbow"})
    assert done.exit_code == 2
    assert "SIDEWISE_PLACEMENT" in done.stderr


def test_help_needs_no_valid_file(run, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("broken")
    assert run("check", "--help", env={"SIDEWISE_CONFIG": str(config)}).exit_code == 0
