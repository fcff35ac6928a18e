from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.recorder import NEAR, Session, record_scene, rms_ms, scene
from sensing import open_recording
from sensing.events import Event, Samples
from sensing.recording import Side
from sensing.virtual import Link, run_virtual

LATE = replace(NEAR, latency_s=NEAR.latency_s + 0.015)


def killed(
    tmp_path: Path,
    family: str,
    after_s: float,
    right: Link = NEAR,
    knocks_s: tuple[float, ...] = (),
) -> Session:
    """What is on the disk when a recorder is killed: the folder as it was then."""
    left_behind = tmp_path / "killed"

    def copy(event: Event) -> None:
        if isinstance(event, Samples) and event.host_time_s[-1] >= after_s and not left_behind.exists():
            shutil.copytree(tmp_path / "r", left_behind)

    of = scene(family, family, (NEAR, right), knocks_s=knocks_s)
    session = run_virtual(record_scene(of, tmp_path / "r", after_s + 5, watch=copy))
    return replace(session, recording=open_recording(left_behind))


@pytest.mark.parametrize(("family", "method"), [("dot", "hull"), ("witmotion", "index")])
def test_a_killed_recording_states_its_sync_error_and_keeps_to_it(
    family: str, method: str, tmp_path: Path
) -> None:
    session = killed(tmp_path, family, 30)
    recording = session.recording
    assert not recording.complete
    assert recording.sync.method == method
    assert rms_ms(session.error_s()[1]) <= 1e3 * (recording.sync.fit_s or 0) < 5


def test_a_killed_recording_still_has_the_knock_it_began_with(tmp_path: Path) -> None:
    session = killed(tmp_path, "dot", 30, LATE, knocks_s=(4.0,))
    assert session.recording.sync.method == "hull+knock"
    assert rms_ms(session.error_s()[1]) < 5


def test_too_little_to_synchronise_opens_without_a_sync_error(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    run_virtual(record_scene(scene("dot", "dot"), folder, 3.0))
    meta = json.loads((folder / "recording.json").read_text())
    meta |= {"complete": False, "sync": None}
    (folder / "recording.json").write_text(json.dumps(meta))
    rows = (folder / "left.csv").read_text().splitlines(keepends=True)
    (folder / "left.csv").write_text("".join(rows[:3]))
    recording = open_recording(folder)
    assert recording.left is not None and len(recording.left) == 2
    assert recording.sync.error_s is None


@pytest.mark.parametrize("family", ["dot", "witmotion"])
def test_two_knocks_take_away_offset_and_drift(family: str, tmp_path: Path) -> None:
    of = scene(family, family, (NEAR, LATE), knocks_s=(4.0, 55.0))
    session = run_virtual(record_scene(of, tmp_path / "r", 60.0))
    _, error = session.error_s()
    assert session.recording.sync.method == "hull+knock"
    assert np.max(np.abs(error)) < 2e-3
    assert all(np.all(np.diff(stream.time_s) > 0) for stream in session.recording.streams())
    assert session.lost(Side.LEFT) == session.lost(Side.RIGHT) == 0
