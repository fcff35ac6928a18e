"""A recording too large for memory is the same recording."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from analysis import analyse, faults
from sensing import open_recording, spool
from sensing.errors import BadInput
from sensing.formats import source
from sensing.recording import GRAVITY, Recording
from sensing.simulate import Simulation, simulate
from sensing.store import write_recording

CHANNELS = "acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z"


@pytest.fixture(scope="module")
def squat() -> Recording:
    return simulate(Simulation(exercise="squat", sets=2, reps=5, seed=3, ideal_clock=True)).recording


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LARGE", 0)
    for module in (spool, faults):
        monkeypatch.setattr(module, "ROWS", 700)


def plain(folder: Path, squat: Recording, header: str, scale: float = 1.0, hole: bool = False) -> Path:
    for stream in squat.streams():
        assert stream.gyr is not None
        table = np.column_stack([stream.time_s, stream.acc * scale, stream.gyr])
        if hole:
            table[1000:1100, 2] = np.nan
        np.savetxt(folder / f"{stream.side}.csv", table, "%.9g", ",", header=header, comments="")
    return folder


def in_si_units(folder: Path, squat: Recording) -> Path:
    return plain(folder, squat, f"time_s,{CHANNELS}")


def in_g_with_a_hole(folder: Path, squat: Recording) -> Path:
    header = "time_s,acc_x (g),acc_y (g),acc_z (g),gyr_x,gyr_y,gyr_z"
    return plain(folder, squat, header, 1 / GRAVITY, hole=True)


def native(folder: Path, squat: Recording) -> Path:
    write_recording(folder / "r", squat)
    return folder / "r"


@pytest.mark.parametrize("write", [in_si_units, in_g_with_a_hole, native])
def test_it_is_the_same_recording(
    write: Callable[[Path, Recording], Path],
    squat: Recording,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    folder = write(tmp_path, squat)
    small = open_recording(folder)
    expected = analyse(small).to_json()
    request.getfixturevalue("everything_is_large")
    large = open_recording(folder)
    for a, b in zip(small.streams(), large.streams(), strict=True):
        assert spool.is_spooled(b.acc) and not spool.is_spooled(a.acc)
        for field in fields(a):
            one, other = getattr(a, field.name), getattr(b, field.name)
            assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other, field.name
    assert analyse(large).to_json() == expected
    assert not list(Path(tempfile.gettempdir()).glob("sidewise-*"))


def test_a_disk_without_room_is_told(
    squat: Recording, tmp_path: Path, everything_is_large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = in_si_units(tmp_path, squat)
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full.open("wb"))
    with pytest.raises(BadInput, match=r"no room for a long recording .*TMPDIR"):
        open_recording(folder)
