"""A recording as a live source: what goes in comes out, in order and in time."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sensing import open_recording
from sensing.errors import BadInput, UsageError
from sensing.events import LinkEvent, Samples, State, Status
from sensing.raw import FILE, replay_raw
from sensing.recorder import Control, RecordRequest, record
from sensing.recording import Recording, Side, Stream
from sensing.replay import Replay
from sensing.simulate import Simulation, simulate
from sensing.store import write_recording
from sensing.virtual import run_virtual


@pytest.fixture(scope="module")
def simulated() -> Recording:
    return simulate(Simulation(exercise="squat", sets=1, reps=3)).recording


def plain(seconds: float = 10.0, gap: tuple[float, float] | None = None) -> Recording:
    time_s = np.arange(0, seconds, 0.01)
    if gap:
        time_s = time_s[(time_s < gap[0]) | (time_s > gap[1])]
    acc = np.random.default_rng(0).normal(size=(len(time_s), 3))
    return Recording(left=Stream(Side.LEFT, time_s, acc, None, 100.0))


def events_of(source: Replay) -> list[object]:
    async def main() -> list[object]:
        await source.start()
        return [event async for event in source]

    return run_virtual(main())


def joined(events: list[object], side: Side, name: str) -> np.ndarray:
    return np.concatenate([getattr(e, name) for e in events if isinstance(e, Samples) and e.side is side])


@pytest.mark.parametrize("speed", [1.0, 7.0, math.inf])
def test_all_samples_come_once_and_in_order_at_any_speed(simulated: Recording, speed: float) -> None:
    events = events_of(Replay(simulated, speed=speed))
    for stream in simulated.streams():
        for name in ("time_s", "acc", "gyr", "host_time_s", "device_time_s"):
            assert np.array_equal(joined(events, stream.side, name), getattr(stream, name))
    last = {event.side: event for event in events if isinstance(event, Status)}
    assert {side: status.samples for side, status in last.items()} == {
        stream.side: len(stream) for stream in simulated.streams()
    }


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_time_passes_as_it_did(speed: float) -> None:
    async def main() -> float:
        source = Replay(plain(8.0), speed=speed)
        await source.start()
        began = asyncio.get_running_loop().time()
        async for _ in source:
            pass
        return asyncio.get_running_loop().time() - began

    assert run_virtual(main()) == pytest.approx(8.0 / speed, abs=0.2)


def test_at_once_is_fast() -> None:
    began = time.perf_counter()
    events_of(Replay(plain(600.0), speed=math.inf))
    assert time.perf_counter() - began < 3.0


def test_a_gap_is_told_as_a_lost_link() -> None:
    events = events_of(Replay(plain(10.0, gap=(3.0, 6.0)), speed=math.inf))
    states = [(event.state, event.at_s) for event in events if isinstance(event, LinkEvent)]
    assert [state for state, _ in states] == [State.STREAMING, State.LOST, State.STREAMING, State.STOPPED]
    assert states[1][1] == pytest.approx(4.5, abs=0.2) and states[2][1] == pytest.approx(6.01, abs=0.2)


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_time_must_pass(speed: float) -> None:
    with pytest.raises(UsageError, match="speed must be above 0"):
        Replay(plain(), speed=speed)


def test_a_replay_can_be_recorded_again(simulated: Recording, tmp_path: Path) -> None:
    outcome = asyncio.run(
        record(
            RecordRequest(tmp_path / "r"),
            source=Replay(simulated, speed=math.inf),
            started_at=simulated.started_at,
        )
    )
    again = open_recording(tmp_path / "r")
    assert again.complete and set(outcome.sides) == set(Side)
    for stream in simulated.streams():
        copy = again.stream(stream.side)
        assert np.allclose(copy.acc, stream.acc, rtol=0, atol=1e-11)
        assert np.array_equal(copy.host_time_s, stream.host_time_s)
        assert np.allclose(copy.time_s, stream.time_s, rtol=0, atol=0.01)
        assert copy.lost == stream.lost and copy.acc_range == stream.acc_range


def test_times_that_were_never_raw_come_back_as_they_were(tmp_path: Path) -> None:
    recording = plain(20.0, gap=(5.0, 8.0))
    asyncio.run(record(RecordRequest(tmp_path / "r"), source=Replay(recording, speed=math.inf)))
    copy = open_recording(tmp_path / "r").left
    late = copy.time_s - recording.left.time_s
    assert np.ptp(late) < 1e-3 and abs(late[0]) < 0.01
    assert len(copy.gaps) == 1 and copy.lost == pytest.approx(301, abs=2)


def test_recording_a_replay_stops_when_told(simulated: Recording, tmp_path: Path) -> None:
    async def main() -> None:
        control = Control()
        asyncio.get_running_loop().call_later(5.0, control.stop)
        await record(RecordRequest(tmp_path / "r"), source=Replay(simulated), control=control)

    run_virtual(main())
    assert open_recording(tmp_path / "r").duration_s == pytest.approx(5.0, abs=0.3)


def test_a_folder_is_replayed_with_what_its_sidecar_says(simulated: Recording, tmp_path: Path) -> None:
    write_recording(tmp_path / "r", replace(simulated, exercise="squat"))
    source = Replay(tmp_path / "r", speed=math.inf)
    assert source.recording.exercise == "squat" and source.sides == (Side.LEFT, Side.RIGHT)


@pytest.mark.parametrize("content", [None, b"", b"something else", b"SWRAW\0\0\1" + bytes([7]) + bytes(20)])
def test_raw_packets_that_are_none_are_refused(
    simulated: Recording, tmp_path: Path, content: bytes | None
) -> None:
    write_recording(tmp_path / "r", simulated)
    if content is not None:
        (tmp_path / "r" / FILE).write_bytes(content)
    with pytest.raises(BadInput, match=FILE):
        replay_raw(tmp_path / "r")


def test_a_raw_file_may_be_cut_anywhere(tmp_path: Path) -> None:
    from benchmarks.recorder import record_scene, scene

    run_virtual(record_scene(scene("dot", "witmotion"), tmp_path / "r", 2.0, raw=True))
    path = tmp_path / "r" / FILE
    data = path.read_bytes()
    whole = {side: len(each.host_time_s) for side, each in replay_raw(tmp_path / "r").items()}
    for cut in np.random.default_rng(0).integers(8, len(data), 20).tolist():
        path.write_bytes(data[:cut])
        for side, each in replay_raw(tmp_path / "r").items():
            assert len(each.host_time_s) == len(each.acc) <= whole[side]
