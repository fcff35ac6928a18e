"""Recording two virtual sensors end to end: nothing lost, gaps, marks, stops, crashes, full disks."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.recorder import (
    disk_full,
    gap_error_s,
    kill_once,
    record_scene,
    request,
    rms_ms,
    scene,
)
from sensing import open_recording
from sensing.collector import Collector, Source
from sensing.errors import DeviceUnreachable, RecordingIncomplete, UsageError
from sensing.events import LinkEvent, MarkEvent, NoticeEvent, PauseEvent, Samples, State, Status, SyncEvent
from sensing.raw import replay_raw
from sensing.recorder import Control, RecordRequest, record
from sensing.recording import Placement, Side
from sensing.replay import Replay
from sensing.scan import Radio
from sensing.virtual import Link, Scene, VirtualRadio, run_virtual, virtual_radio

FAMILIES = [
    ("dot", "dot"),
    ("witmotion", "witmotion"),
    ("movesense", "polar-verity"),
    ("metamotion", "polar-h10"),
]


def recording_of(radio: VirtualRadio, folder: Path, *, client=None, on_event=None, control=None, **changes):
    return record(
        request(radio, folder, **changes),
        scanner_backend=radio.scanner_backend,
        client_backend=client or radio.client_backend,
        clock=radio.clock,
        on_event=on_event,
        control=control,
    )


@pytest.mark.parametrize(("left", "right"), FAMILIES)
def test_every_sample_that_was_delivered_is_in_the_recording(left: str, right: str, tmp_path: Path) -> None:
    session = run_virtual(record_scene(scene(left, right), tmp_path / "r", 8.0, raw=True))
    recording = session.recording
    assert recording.complete and recording.sync.error_s is not None
    for side, name in zip(Side, (left, right), strict=True):
        stream = recording.stream(side)
        # Samples of frames that had not come whole, or wait for their other half, were not delivered.
        assert 0 <= session.lost(side) <= (0 if name in ("dot", "witmotion", "polar-h10") else 60)
        assert stream.lost == 0 and not stream.gaps
        again = replay_raw(tmp_path / "r")[side]
        assert np.array_equal(again.host_time_s, stream.host_time_s)
        assert np.allclose(again.acc, stream.acc, rtol=0, atol=1e-11)
        assert again.gyr is None or np.allclose(again.gyr, stream.gyr, rtol=0, atol=1e-11, equal_nan=True)


def test_the_stated_synchronisation_covers_the_true_error(tmp_path: Path) -> None:
    session = run_virtual(record_scene(scene("dot", "dot"), tmp_path / "r", 40.0))
    _, error = session.error_s()
    sync = session.recording.sync
    assert rms_ms(error) <= min(1e3 * sync.fit_s, 1.0)
    assert sync.method == "hull" and sync.error_s == pytest.approx(sync.fit_s + sync.unseen_s)


def test_live_times_are_close_to_the_final_ones(tmp_path: Path) -> None:
    async def main() -> list[object]:
        events: list[object] = []
        async with virtual_radio(scene("dot", "witmotion")) as radio:
            await recording_of(radio, tmp_path / "r", duration_s=10.0, on_event=events.append)
        return events

    events = run_virtual(main())
    for stream in open_recording(tmp_path / "r").streams():
        pieces = [e.time_s for e in events if isinstance(e, Samples) and e.side is stream.side]
        live = np.concatenate(pieces)
        assert np.max(np.abs(live - stream.time_s)) < 0.03


def test_the_sidecar_tells_sensors_clocks_and_circumstances(tmp_path: Path) -> None:
    run_virtual(
        record_scene(
            scene("dot", "witmotion"),
            tmp_path / "r",
            5.0,
            athlete="a01",
            exercise="squat",
            placement=Placement.SHANK,
            mount="m1",
            tag="before",
            dominant=Side.LEFT,
        )
    )
    meta = json.loads((tmp_path / "r" / "recording.json").read_text())
    left = meta["left"]
    assert (
        meta["complete"] and meta["mount"] == "m1" and meta["tag"] == "before" and meta["dominant"] == "left"
    )
    assert left["driver"] == "dot" and left["device"] == "Movella DOT" and left["address"].endswith("01")
    assert left["battery"] == [100.0, 100.0] and left["rejected"] == 0 and left["segments"] == [0]
    assert left["rate_hz"] == pytest.approx(60.003, abs=0.05) and left["gaps"] == [] and left["lost"] == 0
    assert meta["right"]["battery"][0] > 80
    assert open_recording(tmp_path / "r").started_at.tzinfo is not None


@pytest.mark.parametrize("family", ["dot", "witmotion"])
@pytest.mark.parametrize("length_s", [0.7, 6.0])
def test_a_dropped_link_leaves_a_marked_gap_and_the_other_side_whole(
    family: str, length_s: float, tmp_path: Path
) -> None:
    drops = [(Side.LEFT, 8.0, length_s)]
    session = run_virtual(record_scene(scene(family, family), tmp_path / "r", 26.0, drops))
    left, right = session.recording.left, session.recording.right
    assert session.lost(Side.LEFT) == session.lost(Side.RIGHT) == 0
    assert not right.gaps and right.lost == 0
    assert len(left.gaps) == 1 and gap_error_s(session, Side.LEFT) < 0.2
    assert left.lost == pytest.approx((left.gaps[0][1] - left.gaps[0][0]) * left.rate_hz, abs=2)
    at, error = session.error_s()
    assert rms_ms(error[at > at[0] + 8.3 + length_s]) < 5
    meta = json.loads((tmp_path / "r" / "recording.json").read_text())
    assert len(meta["left"]["connections"]) == (2 if length_s > 1.5 else 1)


def test_knocks_at_both_ends_take_away_what_no_clock_shows(tmp_path: Path) -> None:
    late = Link(latency_s=0.017)
    of = scene("dot", "dot", links=(Link(), late), knocks_s=(5.0, 24.0))
    of = Scene(of.sensors, knocks_s=of.knocks_s, movement=_standing())
    session = run_virtual(record_scene(of, tmp_path / "r", 27.0))
    sync = session.recording.sync
    _, error = session.error_s()
    assert sync.method == "hull+knock" and sync.unseen_s == 0
    assert rms_ms(error) < 5 and rms_ms(error) <= 1e3 * sync.error_s


def _standing():
    from sensing.simulate import Simulation

    return Simulation(exercise="stand")


def test_marks_and_pauses_are_kept(tmp_path: Path) -> None:
    async def main():
        async with virtual_radio(scene("dot", "witmotion")) as radio:
            control, loop, events = Control(), asyncio.get_running_loop(), []
            for after_s, what in (
                (3, "mark"),
                (4, "mark"),
                (5, "pause"),
                (8, "resume"),
                (9, "mark"),
                (11, "stop"),
            ):
                loop.call_later(after_s, getattr(control, what))
            outcome = await recording_of(
                radio, tmp_path / "r", on_event=events.append, control=control, raw=True
            )
            return outcome, events

    outcome, events = run_virtual(main())
    recording = open_recording(tmp_path / "r")
    assert outcome.marks == len(recording.marks) == 2
    assert [end - start for start, end in recording.marks] == pytest.approx([1.0, 2.0], abs=0.2)
    meta = json.loads((tmp_path / "r" / "recording.json").read_text())
    ((pause_start, pause_end),) = meta["pauses"]
    for stream in recording.streams():
        inside = (stream.host_time_s > pause_start) & (stream.host_time_s < pause_end)
        assert not inside.any() and stream.lost == 0
        assert len(stream.gaps) == 1
        again = replay_raw(tmp_path / "r")[stream.side]
        assert np.array_equal(again.host_time_s, stream.host_time_s)
    assert [type(e) for e in events if isinstance(e, MarkEvent | PauseEvent)] == [
        MarkEvent, MarkEvent, PauseEvent, PauseEvent, MarkEvent, MarkEvent,
    ]  # fmt: skip


def test_cancelling_stops_the_sensors_and_saves_a_complete_recording(tmp_path: Path, spy_on) -> None:
    async def main():
        async with virtual_radio(scene("dot", "dot")) as radio:
            client, spy = spy_on(radio)
            recording = asyncio.create_task(recording_of(radio, tmp_path / "r", client=client))
            await asyncio.sleep(6.0)
            recording.cancel()
            with pytest.raises(asyncio.CancelledError):
                await recording
            return spy

    spy = run_virtual(main())
    for address in ("D0:5E:4D:00:00:01", "D0:5E:4D:00:00:02"):
        assert [name for name, _ in spy.of(address)][-2:] == ["write", "disconnect"]
        assert spy.of(address)[-2][1] == b"\x01\x00\x15"
    recording = open_recording(tmp_path / "r")
    assert recording.complete and recording.sync.error_s is not None
    assert all(stream.duration_s > 3 for stream in recording.streams())


def test_both_sensors_are_ready_before_either_starts(tmp_path: Path, spy_on) -> None:
    async def main():
        async with virtual_radio(scene("dot", "dot")) as radio:
            client, spy = spy_on(radio)
            await recording_of(radio, tmp_path / "r", client=client, duration_s=2.0)
            return spy

    calls = run_virtual(main()).calls
    starts = [k for k, (_, name, what) in enumerate(calls) if name == "write" and what == b"\x01\x01\x15"]
    subscribed = [k for k, (_, name, _) in enumerate(calls) if name == "subscribe"]
    assert len(starts) == len(subscribed) == 2 and max(subscribed) < min(starts)


def test_told_to_stop_before_the_sensors_are_there_nothing_is_left(tmp_path: Path) -> None:
    async def main():
        async with virtual_radio(scene()) as radio:
            control = Control()
            asyncio.get_running_loop().call_later(0.3, control.stop)
            with pytest.raises(RecordingIncomplete, match="nothing was recorded"):
                await recording_of(radio, tmp_path / "r", control=control)

    run_virtual(main())
    assert not (tmp_path / "r").exists()


def test_a_sensor_that_is_missing_leaves_no_folder_behind(tmp_path: Path) -> None:
    async def main():
        async with virtual_radio(scene()) as radio:
            with pytest.raises(DeviceUnreachable, match="WT-X not found"):
                await recording_of(radio, tmp_path / "r", right="WT-X")

    run_virtual(main())
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"left": None, "right": None}, "no sensor is named"),
        ({"left": "A", "right": "a"}, "named for both sides"),
        ({"duration_s": 0.0}, "above 0"),
        ({"rate_hz": 77.0}, "no rate of 77 Hz"),
        ({"driver": "wit"}, "there is no driver 'wit'"),
    ],
)
def test_a_wrong_request_is_a_usage_error(changes: dict, says: str, tmp_path: Path) -> None:
    async def main():
        async with virtual_radio(scene()) as radio:
            with pytest.raises(UsageError, match=says) as caught:
                await recording_of(radio, tmp_path / "r", **changes)
            assert "\n" not in str(caught.value)

    run_virtual(main())


def test_a_folder_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        asyncio.run(record(RecordRequest(tmp_path, "A", "B")))


def test_hardware_synchronisation_puts_both_sides_on_one_clock(tmp_path: Path) -> None:
    of = scene("dot", "dot", ppm=(30.0, 30.0))
    left, right = of.sensors
    same = Scene((left, type(right)(right.driver, right.side, right.link, left.clock_offset_s, 30.0)))
    session = run_virtual(record_scene(same, tmp_path / "same", 6.0, hardware_sync=True))
    assert session.recording.sync.method == "hardware" and session.recording.sync.unseen_s == 0
    assert rms_ms(session.error_s()[1]) < 0.01
    session = run_virtual(record_scene(of, tmp_path / "other", 6.0, hardware_sync=True))
    assert session.recording.sync.method == "hull"
    assert any(code == "hardware_sync_lost" for code, _ in session.outcome.notices)


def test_packets_cut_by_a_small_mtu_are_noticed(tmp_path: Path) -> None:
    small = Link(mtu=23)

    async def main():
        events: list[object] = []
        async with virtual_radio(scene("dot", "witmotion", links=(small, Link()))) as radio:
            await recording_of(radio, tmp_path / "r", duration_s=4.0, on_event=events.append)
        return [event for event in events if isinstance(event, NoticeEvent)]

    notices = run_virtual(main())
    assert [notice.code for notice in notices] == ["packets_cut"]
    assert "left" in notices[0].message and "20 bytes" in notices[0].message


def test_a_killed_recording_opens_and_misses_less_than_a_second(tmp_path: Path) -> None:
    assert kill_once(tmp_path / "r", 0.7).missing_s < 1.0


def test_a_full_disk_ends_with_one_line_and_keeps_what_was_written(tmp_path: Path) -> None:
    code, text, recording = disk_full(tmp_path / "r", 30_000)
    assert code == 4
    assert text.strip().count("\n") == 0 and "cannot write" in text and "what had arrived is kept" in text
    assert not recording.complete
    assert all(stream.duration_s > 1 for stream in recording.streams())


def collector(radio: VirtualRadio, _: Path) -> Source:
    return Collector(radio.addresses, Radio(radio.scanner_backend, radio.client_backend, radio.clock))


def replay(_: VirtualRadio, folder: Path) -> Source:
    return Replay(folder, speed=1.0)


def replay_at_once(_: VirtualRadio, folder: Path) -> Source:
    return Replay(folder, speed=math.inf)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded") / "r"
    run_virtual(record_scene(scene("dot", "witmotion"), folder, 12.0))
    return folder


@pytest.mark.parametrize("make", [collector, replay, replay_at_once], ids=lambda make: make.__name__)
def test_every_source_keeps_the_same_promises(make, recorded: Path) -> None:
    async def main() -> None:
        async with virtual_radio(scene("dot", "witmotion")) as radio:
            source = make(radio, recorded)
            assert source.sides == (Side.LEFT, Side.RIGHT)
            await source.start()
            last, states, counts, marks, syncs = {}, {}, {}, [], []
            async for event in source:
                if isinstance(event, Samples):
                    assert len(event) == len(event.host_time_s) == len(event.acc)
                    assert event.acc.shape == event.gyr.shape == (len(event), 3)
                    assert np.all(np.diff(event.time_s) > 0) and event.time_s[0] > last.get(event.side, -1.0)
                    assert np.all(np.diff(event.host_time_s) >= 0)
                    last[event.side] = event.time_s[-1]
                    counts[event.side] = counts.get(event.side, 0) + len(event)
                    if event.side is Side.LEFT and not marks:
                        source.mark()
                    if event.time_s[-1] > 11.0:
                        await source.stop()
                elif isinstance(event, LinkEvent):
                    states.setdefault(event.side, []).append(event.state)
                elif isinstance(event, MarkEvent):
                    marks.append(event)
                elif isinstance(event, SyncEvent):
                    syncs.append(event.sync)
                elif isinstance(event, Status):
                    assert event.samples == counts.get(event.side, 0)
            assert set(last) == set(Side) and min(last.values()) > 7.0
            assert all(State.STREAMING in each and each[-1] is State.STOPPED for each in states.values())
            assert syncs and all(sync.error_s is not None for sync in syncs)
            assert marks[0].end_s is None and marks[-1].end_s is not None
            await source.stop()
            assert [event async for event in source if isinstance(event, Samples)] == []

    run_virtual(main())
