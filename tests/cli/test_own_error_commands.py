"""remount and swap from the command line, and what analyse then makes of them."""

from __future__ import annotations

import dataclasses
import json

import pytest

from analysis.history.athlete import Athlete, load_athlete, save_athlete
from sensing.recording import Side
from sensing.simulate import Simulation, simulate
from sensing.store import write_recording

PAIR = ("AA:01", "AA:02")


@pytest.fixture(scope="module")
def workouts(tmp_path_factory):
    """Six recordings of a01, each of another mounting; in the last two the sensors are exchanged."""
    folder = tmp_path_factory.mktemp("workouts")
    for seed in range(1, 7):
        params = Simulation("squat", seed=seed, rate_hz=50, cv=0.03, athlete="a01", mount=f"m{seed}")
        made = simulate(params).recording
        sensors = PAIR if seed < 5 else PAIR[::-1]
        named = {
            side.value: dataclasses.replace(made.stream(side), address=address)
            for side, address in zip(Side, sensors, strict=True)
        }
        write_recording(folder / f"r{seed}", dataclasses.replace(made, **named))
    return [folder / f"r{seed}" for seed in range(1, 7)]


@pytest.fixture
def home(tmp_path):
    save_athlete(tmp_path / "home", Athlete("a01"))
    return tmp_path / "home"


def test_a_remount_study_is_kept_and_used(run, workouts, home):
    before = json.loads(run("analyse", workouts[0], "--home", home, "--json").stdout)
    done = run("remount", "a01", *workouts[:4], "--home", home, "--json")
    assert done.exit_code == 0, done.stderr
    body = json.loads(done.stdout)
    assert (body["schema"], body["kept"], body["placement"]) == ("sidewise.remount/1", True, "thigh")
    angle = next(m for m in body["metrics"] if m["metric"] == "angle_travelled")
    assert angle["upper"] > angle["used_sd"] >= angle["sd"] >= 0
    assert {s.metric for s in load_athlete(home, "a01").remount} == {m["metric"] for m in body["metrics"]}
    after = json.loads(run("analyse", workouts[0], "--home", home, "--json").stdout)
    row = next(m for m in after["metrics"] if m["name"] == "angle_travelled")
    assert row["remount_sd"] == angle["used_sd"]
    assert after["settings"]["own_error"]["athlete"] == "a01"
    without = json.loads(run("analyse", workouts[0], "--home", home, "--no-own-error", "--json").stdout)
    assert without["metrics"] == before["metrics"]
    text = run("analyse", workouts[0], "--home", home).stdout
    assert "The scatter between mountings is your own" in " ".join(text.split())


def test_a_swap_check_tells_the_recordings_apart_by_their_sensors(run, workouts, home):
    done = run("swap", "a01", workouts[4], workouts[0], workouts[5], workouts[1], "--home", home)
    assert done.exit_code == 0, done.stderr
    assert "Angle travelled" in done.stdout
    assert load_athlete(home, "a01").sensor_gain[0].left_device == PAIR[1]
    said = run("swap", "a01", *workouts[:2], "--exchanged", workouts[4], "--home", home, "--json")
    body = json.loads(said.stdout)
    assert body["sensors"] == {"left": PAIR[0], "right": PAIR[1]}
    for one in body["metrics"]:
        assert one["precise"] is (one["gain"]["se"] <= 0.03)


def test_dry_run_keeps_nothing(run, workouts, home):
    for args in (["remount", *workouts[:3]], ["swap", workouts[0], workouts[4]]):
        done = run(args[0], "a01", *args[1:], "--dry-run", "--home", home)
        assert done.exit_code == 0, done.stderr
        assert load_athlete(home, "a01") == Athlete("a01")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["remount", "b02", 0, 1, 2], "no athlete 'b02'"),
        (["remount", "a01", 0, 1], "name three recordings or more"),
        (["remount", "a01", 0, 1, 1], "named twice"),
        (["remount", "a01"], "nobody can be asked here"),
        (["remount", "a01", "--source", "virtual:dot,dot"], "add --duration"),
        (["swap", "a01", 0, 1], "both as worn and with the sensors exchanged"),
        (["swap", "a01", 0, "--exchanged", 4, "--exchanged", 1], "contradicts what the recordings say"),
    ],
)
def test_mistakes_are_one_line(run, workouts, home, args, words):
    args = [workouts[arg] if isinstance(arg, int) else arg for arg in args]
    done = run(*args, "--home", home)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert words in line


def test_recordings_of_somebody_else_are_refused(run, workouts, home):
    save_athlete(home, Athlete("b02"))
    done = run("remount", "b02", *workouts[:3], "--home", home)
    assert done.exit_code == 2
    assert "is of a01, not of b02" in done.stderr


def test_guided_on_virtual_sensors(run, home, tmp_path):
    """Every round has a mount name of its own; swap exchanges the sensors in every second one."""
    common = ("--source", "virtual:dot,dot@squat", "--duration", "25", "--speed", "max", "--home", home)
    done = run("swap", "a01", "--times", "1", *common, "-o", tmp_path, "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["kept"] is False
    assert "exchange the sensors" in done.stderr
    assert "not known well enough" in done.stderr
    metas = [json.loads((path / "recording.json").read_text()) for path in sorted(tmp_path.glob("*swap*"))]
    assert len({meta["mount"] for meta in metas}) == 2
    assert metas[0]["left"]["address"] == metas[1]["right"]["address"] != metas[0]["right"]["address"]
    assert {meta["athlete"] for meta in metas} == {"a01"}
