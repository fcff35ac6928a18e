"""A recording folder: what is written is what is read, and a crash leaves something that opens."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sensing import open_recording, store
from sensing.clock import fit_clock
from sensing.errors import BadInput, RecordingIncomplete, UsageError
from sensing.recording import Placement, Recording, Side, Stream, Sync
from sensing.simulate import Simulation, simulate

RATE_HZ = 50.0


def batches(writer: store.RecordingWriter, side: Side, n: int, start: int = 0, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    for first in range(start, start + n, 10):
        rows = np.arange(first, first + 10)
        device = rows / RATE_HZ
        writer.append(
            side,
            host_time_s=np.full(10, device[-1] + 0.02 + rng.exponential(0.01)),
            device_time_s=device,
            seq=rows,
            acc=rng.normal((0, 0, 9.8), 1.0, (10, 3)),
            gyr=rng.normal(0, 100, (10, 3)),
        )


def stream(side: Side = Side.LEFT, n: int = 300, **changes: object) -> Stream:
    rng = np.random.default_rng(3)
    values: dict[str, object] = {
        "side": side,
        "time_s": (np.arange(n) / RATE_HZ + 0.25).round(6),
        "acc": rng.normal((0, 0, 9.8), 1.0, (n, 3)).round(6),
        "gyr": rng.normal(0, 100, (n, 3)).round(4),
        "rate_hz": RATE_HZ,
        "device": "test 1",
        "acc_range": 156.9064,
        "gyr_range": 2000.0,
    }
    return Stream(**{**values, **changes})  # type: ignore[arg-type]


def full(**changes: object) -> Recording:
    values: dict[str, object] = {
        "left": stream(Side.LEFT, gaps=((1.0, 1.5),), lost=24),
        "right": stream(Side.RIGHT, n=310),
        "sync": Sync(0.004, 0.001, 0.003, "hull+knock"),
        "placement": Placement.WRIST,
        "athlete": "a01 é",
        "sport": "tennis",
        "exercise": "forehand",
        "dominant": Side.RIGHT,
        "started_at": dt.datetime(2026, 11, 21, 17, 42, 5, tzinfo=dt.timezone(dt.timedelta(hours=1))),
        "marks": ((0.5, 2.0), (3.0, 5.5)),
        "mount": "m1",
        "tag": "before",
        "load_kg": (5.0, 5.0),
        "rpe": 7.5,
        "notes": "windy",
    }
    return Recording(**{**values, **changes})  # type: ignore[arg-type]


def assert_same(a: Recording, b: Recording) -> None:
    for field in dataclasses.fields(Recording):
        if field.name not in ("left", "right", "path", "notices"):
            assert getattr(a, field.name) == getattr(b, field.name), field.name
    for side in Side:
        first, second = a.stream(side), b.stream(side)
        if first is None or second is None:
            assert first is second
            continue
        for name in ("time_s", "acc", "gyr", "quat", "seq"):
            x, y = getattr(first, name), getattr(second, name)
            assert (x is None) == (y is None), name
            assert x is None or np.array_equal(x, y), name
        for name in ("gaps", "lost", "rate_hz", "acc_has_gravity", "acc_range", "gyr_range", "device"):
            assert getattr(first, name) == getattr(second, name), name


def test_a_whole_recording_reads_back_exactly(tmp_path: Path) -> None:
    recording = full()
    folder = store.write_recording(tmp_path / "r", recording, {"truth.json": "{}", "x.bin": b"\0\1"})
    assert_same(recording, open_recording(folder))
    assert (folder / "truth.json").read_text() == "{}"
    assert (folder / "x.bin").read_bytes() == b"\0\1"
    assert json.loads((folder / "recording.json").read_text())["schema"] == "sidewise.recording/1"
    assert (
        (folder / "left.csv").read_text().startswith("host_time_s,device_time_s,seq,acc_x,acc_y,acc_z,gyr_x")
    )


def test_a_second_writing_changes_nothing(tmp_path: Path) -> None:
    once = open_recording(store.write_recording(tmp_path / "a", full()))
    twice = open_recording(store.write_recording(tmp_path / "b", once))
    assert_same(once, twice)
    assert (tmp_path / "a" / "left.csv").read_bytes() == (tmp_path / "b" / "left.csv").read_bytes()


@pytest.mark.parametrize(
    "left",
    [
        stream(gyr=None),
        stream(acc_has_gravity=False, quat=np.tile([1.0, 0, 0, 0], (300, 1))),
        stream(seq=np.arange(300) + 5_000_000_000),
    ],
    ids=["no gyroscope", "orientation", "large counter"],
)
def test_one_sided_and_unusual_streams(tmp_path: Path, left: Stream) -> None:
    recording = full(left=left, right=None)
    assert_same(recording, open_recording(store.write_recording(tmp_path / "r", recording)))


def test_what_the_user_says_overrides_the_sidecar(tmp_path: Path) -> None:
    folder = store.write_recording(tmp_path / "r", full())
    opened = open_recording(
        folder, athlete="b02", placement="shank", dominant="left", rpe=2.0, load_kg=(1, 2)
    )
    assert (opened.athlete, opened.placement, opened.dominant) == ("b02", Placement.SHANK, Side.LEFT)
    assert (opened.rpe, opened.load_kg, opened.sport) == (2.0, (1, 2), "tennis")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=arrays(
        np.float64,
        (8, 6),
        elements=st.one_of(
            st.floats(-5000, 5000, allow_nan=False),
            st.floats(-5000, 5000, allow_nan=False, width=32),
            st.floats(-1e-6, 1e-6, allow_nan=False),
        ),
    )
)
def test_the_fast_parser_reads_exactly_what_is_written(tmp_path: Path, values: np.ndarray) -> None:  # type: ignore[type-arg]
    t = np.arange(8) / 7.0
    path = tmp_path / "left.csv"
    path.write_text(
        "host_time_s,device_time_s,seq,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z\n"
        + store._rows_text(t, t, np.arange(8), [values[:, :3], values[:, 3:]])
    )
    fast = pd.read_csv(path)
    exact = [[float(cell) for cell in line.split(",")] for line in path.read_text().splitlines()[1:]]
    assert np.array_equal(fast.to_numpy(dtype=float), np.array(exact))
    assert np.allclose(fast.to_numpy(dtype=float)[:, 3:], values, rtol=1e-14, atol=1e-12)


def test_written_while_made(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with store.RecordingWriter(folder, {"athlete": "a", "placement": Placement.WRIST}) as writer:
        for side in Side:
            batches(writer, side, 500)
        writer.mark(1.0, 4.0)
        assert writer.samples(Side.LEFT) == 500
        unfinished = open_recording(folder)
        assert not unfinished.complete
        assert "incomplete" in {n.code for n in unfinished.notices}
        assert unfinished.marks == ((1.0, 4.0),)
    recording = open_recording(folder)
    assert recording.complete
    assert recording.placement is Placement.WRIST
    assert recording.left is not None
    assert recording.left.rate_hz == pytest.approx(RATE_HZ, rel=1e-4)
    assert recording.left.lost == 0


def test_the_stored_clock_is_used_and_a_crash_makes_it_anew(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    writer = store.RecordingWriter(folder)
    batches(writer, Side.LEFT, 500)
    raw = pd.read_csv(folder / "left.csv")
    fit = fit_clock(raw.host_time_s, device_time_s=raw.device_time_s)
    anew = open_recording(folder, side="left").left
    assert anew is not None and np.array_equal(anew.time_s, fit.time_s)
    shifted = [dataclasses.replace(s, offset_s=s.offset_s + 1.0) for s in fit.segments]
    writer.update_side(Side.LEFT, clock=shifted, gaps=[], lost=0, device="d")
    stored = open_recording(folder, side="left").left
    assert stored is not None and np.allclose(stored.time_s, fit.time_s + 1.0, atol=1e-9)
    batches(writer, Side.LEFT, 10, start=500)
    refit = open_recording(folder, side="left").left
    assert refit is not None and refit.time_s[0] == pytest.approx(fit.time_s[0], abs=0.02)


def test_counters_make_gaps_and_a_new_connection_starts_a_segment(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with store.RecordingWriter(folder) as writer:
        batches(writer, Side.LEFT, 200)
        batches(writer, Side.LEFT, 200, start=210)
        writer.segment(Side.LEFT)
        rows = np.arange(0, 100)
        device = rows / RATE_HZ
        writer.append(
            Side.LEFT,
            host_time_s=device + 10.2,
            device_time_s=device,
            seq=rows,
            acc=np.tile([0, 0, 9.8], (100, 1)),
            gyr=np.zeros((100, 3)),
        )
    left = open_recording(folder, side="left").left
    assert left is not None
    assert len(left.clock) == 2 and left.clock[1].start == 400
    assert len(left.gaps) == 2
    assert left.gaps[0][1] - left.gaps[0][0] == pytest.approx(11 / RATE_HZ, abs=1e-3)
    pause = left.gaps[1][1] - left.gaps[1][0]
    assert left.lost == 10 + round(pause * RATE_HZ) - 1


def test_missing_rows_of_a_raw_file_become_gaps(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with store.RecordingWriter(folder) as writer:
        batches(writer, Side.LEFT, 300)
    lines = (folder / "left.csv").read_text().splitlines()
    for index in (50, 51):
        cells = lines[index].split(",")
        lines[index] = ",".join([*cells[:4], "nan", *cells[5:]])
    (folder / "left.csv").write_text("\n".join(lines) + "\n")
    opened = open_recording(folder, side="left")
    assert opened.left is not None
    assert "not_finite" in {n.code for n in opened.notices}
    assert (len(opened.left), opened.left.lost, len(opened.left.gaps)) == (298, 2, 1)
    assert opened.left.clock[-1].stop == 298


CRASH = """
    import sys, time
    import numpy as np
    from sensing.store import RecordingWriter
    writer = RecordingWriter(sys.argv[1], {"athlete": "crash"})
    n = 0
    while True:
        rows = np.arange(n, n + 10)
        for side in ("left", "right"):
            writer.append(side, host_time_s=rows / 50, device_time_s=rows / 50, seq=rows,
                          acc=np.tile([0.1, 0.2, 9.8], (10, 1)), gyr=np.ones((10, 3)))
        n += 10
        if n == 500:
            writer.mark(1.0, 2.0)
            print("ready", flush=True)
"""


def test_a_killed_process_leaves_a_folder_that_opens(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CRASH), str(folder)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        os.kill(process.pid, signal.SIGKILL)
    recording = open_recording(folder)
    assert not recording.complete
    assert recording.athlete == "crash"
    assert recording.marks == ((1.0, 2.0),)
    assert all(len(each) >= 500 and each.lost == 0 for each in recording.streams())


def test_a_cut_last_line_is_dropped_even_if_it_looks_whole(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with store.RecordingWriter(folder) as writer:
        batches(writer, Side.LEFT, 200)
    path = folder / "left.csv"
    whole = path.read_bytes()
    for cut in range(1, 60):
        path.write_bytes(whole[:-cut])
        opened = open_recording(folder, side="left")
        assert len(opened.left or ()) == 199
        assert [n.code for n in opened.notices] == ["truncated_last_line"]


def test_a_sensor_that_gave_nothing_leaves_the_other(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with store.RecordingWriter(folder) as writer:
        batches(writer, Side.LEFT, 200)
    (folder / "right.csv").write_text(
        "host_time_s,device_time_s,seq,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z\n1.0,"
    )
    opened = open_recording(folder)
    assert opened.right is None
    assert "no_samples" in {n.code for n in opened.notices}
    with pytest.raises(BadInput, match="no samples from either side"):
        with store.RecordingWriter(tmp_path / "none"):
            pass
        open_recording(tmp_path / "none")


def test_a_full_disk_is_told_and_what_arrived_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    writer = store.RecordingWriter(folder)
    batches(writer, Side.LEFT, 200)
    full_disk = Path("/dev/full").open("w")  # noqa: SIM115 - closing it fails as well
    real, writer._files[Side.LEFT] = writer._files[Side.LEFT], full_disk
    with pytest.raises(RecordingIncomplete, match="the disk is full"):
        batches(writer, Side.LEFT, 10, start=200)
    writer._files[Side.LEFT] = real
    writer.close(complete=False)
    with contextlib.suppress(OSError):
        full_disk.close()
    assert len(open_recording(folder, side="left").left or ()) == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_whole_recording_on_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path], check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        with pytest.raises(UsageError, match=r"r: cannot be written to .No space left"):
            store.write_recording(tmp_path / "r", simulate(Simulation(exercise="squat", seed=1)).recording)
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


def test_columns_must_fit(tmp_path: Path) -> None:
    with store.RecordingWriter(tmp_path / "r") as writer:
        batches(writer, Side.LEFT, 10)
        with pytest.raises(BadInput, match="6 columns where 9"):
            writer.append(Side.LEFT, host_time_s=[1.0], acc=[[0, 0, 9.8]])
        with pytest.raises(BadInput, match="seq has shape"):
            writer.append(Side.LEFT, host_time_s=[1.0], acc=[[0, 0, 9.8]], gyr=[[0, 0, 0]], seq=[1, 2])


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    folder = store.write_recording(tmp_path / "r", full())
    with pytest.raises(UsageError, match="already exists"):
        store.write_recording(folder, full())
    with pytest.raises(UsageError, match="already exists"):
        store.RecordingWriter(folder)
    store.write_recording(folder, full(athlete="new"), overwrite=True)
    assert open_recording(folder).athlete == "new"
    other = tmp_path / "photos"
    other.mkdir()
    (other / "cat.jpg").write_bytes(b"x")
    with pytest.raises(UsageError, match="already exists"):
        store.write_recording(other, full(), overwrite=True)
    assert (other / "cat.jpg").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photos", "r"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a name"):
        store.write_recording(tmp_path / "r", full(), {"../evil": "x"})
    (tmp_path / "file").write_text("x")
    with pytest.raises((UsageError, RecordingIncomplete)):
        store.write_recording(tmp_path / "file" / "r", full())
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@given(text=st.text(max_size=200))
def test_safe_names(text: str) -> None:
    name = store.safe_name(text)
    assert name and len(name) <= 81
    assert not name.startswith((".", "-")) and not name.endswith((".", "-"))
    assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    assert store.safe_name(name) == name


def test_safe_names_keep_what_they_can() -> None:
    assert store.safe_name("../../Zoë's squat: 3x8") == "Zoe-s-squat-3x8"
    assert store.safe_name("CON") == "_CON"
    assert store.safe_name("日本") == "recording"
    when = dt.datetime(2026, 11, 21, 17, 42, 5, tzinfo=dt.UTC)
    assert store.folder_name(when, "squat") == "2026-11-21T17-42-05_squat"
