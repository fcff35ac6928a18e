"""Electromyograms: read beside the motion or in its file, kept on its timeline, written and read back."""

from pathlib import Path

import numpy as np
import pytest

from sensing import open_recording
from sensing.errors import BadInput
from sensing.recording import Emg
from sensing.simulate import Simulation, simulate
from sensing.store import write_recording
from sensing.stored import read_recording

AXES = "acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z"


def motion_rows(n: int, rate_hz: float) -> list[str]:
    return [f"{i / rate_hz:.4f},0.1,0.2,9.8,{i % 7},1,2" for i in range(n)]


def write_motion(path: Path, *, n: int = 500, rate_hz: float = 100.0) -> None:
    path.write_text("\n".join([f"time_s,{AXES}", *motion_rows(n, rate_hz)]) + "\n")


def write_emg(path: Path, header: str = "time_s,emg_uV", *, n: int = 5000, offset_s: float = 0.0) -> None:
    rows = [f"{offset_s + i / 1000:.4f},{10 * (i % 5)}" for i in range(n)]
    path.write_text("\n".join([header, *rows]) + "\n")


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    for side in ("left", "right"):
        write_motion(tmp_path / f"{side}.csv")
    return tmp_path


def test_a_file_beside_the_motion_is_its_electromyogram(pair: Path) -> None:
    write_emg(pair / "left_emg.csv")
    recording = open_recording(pair)
    assert recording.left.emg.rate_hz == pytest.approx(1000)
    assert recording.left.emg.value_uv.max() == 40
    assert recording.right.emg is None


@pytest.mark.parametrize(
    ("header", "top"), [("time_s,emg", 40), ("time_s,emg_mV", 4e4), ("time_s,emg_V", 4e7)]
)
def test_units_become_microvolts(pair: Path, header: str, top: float) -> None:
    write_emg(pair / "left_emg.csv", header)
    assert open_recording(pair).left.emg.value_uv.max() == pytest.approx(top)


def test_a_column_of_the_motion_file_is_read_too(tmp_path: Path) -> None:
    rows = [f"{row},{i % 9}" for i, row in enumerate(motion_rows(3000, 1000.0))]
    for name in ("left", "right"):
        (tmp_path / f"{name}.csv").write_text("\n".join([f"time_s,{AXES},emg_uV", *rows]) + "\n")
    for stream in open_recording(tmp_path).streams():
        assert stream.emg.rate_hz == pytest.approx(1000)
        assert stream.emg.value_uv.max() == 8


def test_a_wide_file_has_a_column_for_each_side(tmp_path: Path) -> None:
    header = ",".join(
        ["time_s", *(f"{s}_{a}" for s in ("left", "right") for a in AXES.split(",")), "right_emg_uV"]
    )
    rows = [f"{i / 1000},{'1,2,9,4,5,6,' * 2}{i % 3}" for i in range(3000)]
    (tmp_path / "wide.csv").write_text("\n".join([header, *rows]) + "\n")
    recording = open_recording(tmp_path / "wide.csv")
    assert recording.left.emg is None
    assert recording.right.emg.value_uv.max() == 2


def test_empty_cells_are_missing_samples_of_the_electromyogram_alone(tmp_path: Path) -> None:
    rows = [f"{row},{'' if 100 < i < 200 else 5}" for i, row in enumerate(motion_rows(3000, 1000.0))]
    (tmp_path / "left.csv").write_text("\n".join([f"time_s,{AXES},emg_uV", *rows]) + "\n")
    stream = open_recording(tmp_path / "left.csv", side="left").left
    assert len(stream) == 3000
    assert len(stream.emg.time_s) == 3000 - 99


def test_it_moves_with_the_motion_on_the_timeline(tmp_path: Path) -> None:
    for side, start in (("left", 1.7e9), ("right", 1.7e9)):
        rows = [f"{start + i / 100:.2f},0.1,0.2,9.8,{i % 7},1,2" for i in range(500)]
        (tmp_path / f"{side}.csv").write_text("\n".join([f"time_s,{AXES}", *rows]) + "\n")
    write_emg(tmp_path / "left_emg.csv", offset_s=1.7e9)
    left = open_recording(tmp_path).left
    assert left.emg.time_s[0] == pytest.approx(left.start_s, abs=1e-3)


def test_a_recording_folder_keeps_it(tmp_path: Path) -> None:
    recording = simulate(Simulation(exercise="curl", sets=1, reps=3, emg_rate_hz=1000.0, seed=2)).recording
    folder = write_recording(tmp_path / "r", recording)
    for before, after in zip(recording.streams(), read_recording(folder).streams(), strict=True):
        assert np.allclose(after.emg.time_s, before.emg.time_s, atol=1e-6)
        assert np.allclose(after.emg.value_uv, before.emg.value_uv, atol=1e-3)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a,b\n1,2\n", "time_s,emg_uV"),
        ("time_s,emg_uV\n0.0,1\n0.002,2\n0.001,3\n", "does not increase"),
        ("time_s,emg_uV\n0.0,x\n0.1,2\n", "line 2"),
    ],
)
def test_a_faulty_file_says_what_is_wrong(pair: Path, content: str, told: str) -> None:
    (pair / "right_emg.csv").write_text(content)
    with pytest.raises(BadInput, match=r"right_emg\.csv") as raised:
        open_recording(pair)
    assert told in str(raised.value)


def test_faulty_arrays_are_refused() -> None:
    with pytest.raises(BadInput, match="not finite"):
        Emg(np.arange(3.0), np.array([1.0, np.nan, 2.0]), 1000.0)
    with pytest.raises(BadInput, match="of one length"):
        Emg(np.arange(3.0), np.arange(2.0), 1000.0)
