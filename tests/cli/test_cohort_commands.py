"""From a folder of recordings to what is usual, through the command line."""

import html
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib

import pytest


@pytest.fixture
def cohort(run, tmp_path):
    for seed in range(3):
        made = ("simulate", "--sets", 1, "--reps", 6, "--rate", 50, "--seed", seed, "--athlete", f"a{seed}")
        run(*made, "--sport", "lifting", "--placement", "thigh", "-o", tmp_path / "all" / f"r{seed}")
    (tmp_path / "all" / "bad").mkdir()
    (tmp_path / "all" / "bad" / "recording.json").write_text("{", encoding="utf-8")
    (tmp_path / "people.csv").write_text("athlete,sex,born\na0,f,1990\na1,m,\n", encoding="utf-8")
    return tmp_path


def test_a_folder_becomes_a_table_and_the_table_norms(run, cohort):
    output = cohort / "cohort.parquet"
    more = ("--people", cohort / "people.csv", "--json")
    done = run("batch", cohort / "all", "-o", output, "-j", 1, *more)
    assert json.loads(done.stdout) == {
        "output": str(output),
        "recordings": 4,
        "failed": 1,
        "parts_kept": 0,
    }
    assert run("batch", cohort / "all", "-o", output).exit_code == 2
    again = json.loads(run("batch", cohort / "all", "-o", output, "--resume", *more).stdout)
    assert again["parts_kept"] == 1
    rows = json.loads(run("cohort", output, "--metric", "angle_travelled", "--json").stdout)
    assert [(row["sport"], row["placement"], row["people"]) for row in rows] == [("lifting", "thigh", 3)]
    text = run("cohort", output, "--by", "sex").stdout
    assert "sex not known" in text and "1 person" in text
    assert max(map(len, text.splitlines())) <= 80
    assert run("cohort", output, "--csv").stdout.startswith("sport,placement,metric,people,")


def test_a_polite_kill_ends_every_process_and_keeps_what_is_done(run, tmp_path):
    run("simulate", "--sets", 1, "--reps", 6, "--rate", 50, "-o", tmp_path / "one")
    for number in range(40):
        shutil.copytree(tmp_path / "one", tmp_path / "all" / f"r{number}")
    output = tmp_path / "c.parquet"
    command = [sys.executable, "-m", "cli.main", "batch", tmp_path / "all", "-o", output, "-j", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while process.poll() is None and not list(output.glob("part-*")):
            time.sleep(0.02)
        process.terminate()
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and "--resume" in said
    with pytest.raises(ProcessLookupError):
        for _ in range(100):
            os.killpg(process.pid, 0)
            time.sleep(0.1)
    assert run("batch", tmp_path / "all", "-o", output, "-j", 1, "--resume").exit_code == 0


def test_what_is_usual_becomes_a_profile_that_is_used(run, cohort, monkeypatch):
    output, profile = cohort / "c.parquet", cohort / "own" / "lifting.toml"
    run("batch", cohort / "all", "-o", output, "-j", 1)
    few = run("cohort", output, "--profile", profile)
    assert few.exit_code == 2 and "at most 3 people" in few.stderr and not profile.exists()
    assert "there are lifting" in run("cohort", output, "--profile", cohort / "golf.toml").stderr
    assert run("cohort", output, "--profile", cohort / "lifting.txt").exit_code == 2
    made = run("cohort", output, "--profile", profile, "--least", 3)
    assert made.exit_code == 0 and made.stdout.strip() == str(profile)
    assert run("profiles", "check", profile).exit_code == 0
    table = json.loads(run("cohort", output, "--metric", "angle_travelled", "--json").stdout)
    entry = next(
        e for e in tomllib.loads(profile.read_text())["expect"] if e["metrics"] == ["angle_travelled"]
    )
    band = [round(table[0][name], 1) for name in ("p5", "p95")]
    assert entry["band_percent"] == (band if entry["more"] == "right" else [-band[1], -band[0]])
    assert entry["n"] == 3 and entry["placement"] == "thigh" and "3 people" in entry["source"]
    monkeypatch.setenv("SIDEWISE_PROFILES", str(profile.parent))
    assert "lifting" in run("profiles", "list").stdout
    assert run("analyse", cohort / "all" / "r0").exit_code == 0


def test_everybody_becomes_a_page(run, cohort):
    table = cohort / 'it\'s a "cohort".parquet'
    run("batch", cohort / "all", "-o", table, "-j", 1)
    page = cohort / 'every\'body "1".html'
    done = run("cohort", table, "-o", page)
    assert (done.exit_code, done.stdout.strip()) == (0, str(page)), done.stderr
    made = page.read_text(encoding="utf-8")
    assert made.count("<tr>") == 1 + 3
    again = html.unescape(re.search(r"again: (.*?)<", made)[1])
    assert shlex.split(again) == ["sidewise", "cohort", str(table), "--output", str(page)]
    one = run("cohort", table, "--metric", "player_load", "-o", page)
    assert one.exit_code == 0 and page.read_text(encoding="utf-8").count("<th ") < made.count("<th ")
    for wrong, says in (
        (("--metric", "nonsense", "-o", page), "nonsense"),
        (("-o", cohort / "x.pdf"), ".html"),
    ):
        failed = run("cohort", table, *wrong)
        assert failed.exit_code == 2 and says in failed.stderr and failed.stderr.count("\n") == 1


def test_text_never_becomes_a_formula(run, tmp_path):
    for seed in range(2):
        made = ("simulate", "--sets", 1, "--reps", 6, "--rate", 50, "--seed", seed, "--athlete", f"a{seed}")
        run(*made, "--placement", "thigh", "-o", tmp_path / "all" / f"r{seed}")
        sidecar = tmp_path / "all" / f"r{seed}" / "recording.json"
        known = json.loads(sidecar.read_text(encoding="utf-8"))
        sidecar.write_text(json.dumps(known | {"sport": "=1+1"}), encoding="utf-8")
    run("batch", tmp_path / "all", "-o", tmp_path / "c.parquet", "-j", 1)
    shown = run("cohort", tmp_path / "c.parquet", "--csv").stdout.splitlines()
    assert len(shown) > 1 and all(row.startswith("'=1+1,") for row in shown[1:])


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("batch", "{}/nothing", "-o", "{}/x"), 5, "no such folder"),
        (("batch", "{}", "-o", "{}/x"), 5, "no recordings"),
        (("batch", "{}", "-o", "{}/x", "--backend", "dask"), 2, "--scheduler"),
        (("batch", "{}", "-o", "{}/x", "--scheduler", "tcp://x"), 2, "--backend dask"),
        (("batch", "{}", "-o", "{}/x", "-j", "0"), 2, "-j 0"),
        (("batch", "{}", "-o", "{}/x", "--people", "{}/none.csv"), 5, "none.csv"),
        (("cohort", "{}/nothing"), 5, "sidewise batch"),
    ],
)
def test_mistakes_are_one_line(run, tmp_path, arguments, code, says):
    failed = run(*(part.format(tmp_path) for part in arguments))
    assert failed.exit_code == code
    assert says in failed.stderr
    assert failed.stderr.count("\n") == 1


def test_every_fault_of_the_people_file_is_told(run, tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("athlete,born\na0,long ago\na1,1790\n", encoding="utf-8")
    failed = run("batch", tmp_path, "-o", tmp_path / "x", "--people", people)
    assert failed.exit_code == 5
    assert "line 2" in failed.stderr
    assert "line 3" in failed.stderr
