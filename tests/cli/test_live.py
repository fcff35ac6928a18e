"""The live view: what it shows, that keys work, and that it is plain where nothing can be drawn."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from cli.commands.live import _watching
from cli.live_state import WIDTH, LiveState
from cli.live_view import LiveView
from cli.recorder import Plan, recording_of
from cli.session import Session
from cli.sources import AT_ONCE
from sensing import open_recording
from sensing.events import LinkEvent, NoticeEvent, Samples, State, Status, SyncEvent
from sensing.recorder import RecordRequest
from sensing.recording import Recording, Side, Stream, Sync

RECORDINGS = Path(__file__).parents[2] / "recordings"
SIZE = (80, 24)


def plan_of(recording: Recording, *, speed: float = AT_ONCE, folder: Path = Path()) -> Plan:
    request = RecordRequest(folder, exercise=recording.exercise, placement=recording.placement)
    return Plan("replay:it", speed, request, recording)


def view_of(plan: Plan, *, recording: bool = False) -> LiveView:
    main = recording_of(plan) if recording else _watching(plan, None)
    session: Session = Session(main, plan.source, plan.speed)
    state = LiveState(plan.sides, exercise=plan.request.exercise, placement=plan.request.placement)
    session.start()
    return LiveView(session, state, recording=recording)


def screen_of(app: LiveView) -> list[str]:
    """The characters on the screen, row by row."""
    rows = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in row).rstrip() for row in rows]


async def until(pilot: Pilot, holds) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await pilot.pause(0.05)


TENNIS = """
1:52   forehand


● left more                                                      right more ◆

                                      ┃███████████████
                                      ┃███████████████
                                      ┃       ├────────────┤
50 %                                  0                                  50 %
right turned more by 19.2 % over all sets (95 %: R 10.9 to 27.5 %)

sets 3   repetitions left 18, right 18   in this set left 6, right 6

             rate    loss     RSSI battery last packet      drift  state
● left    50.2 Hz   0.0 %        -       -   0.0 s ago    +30 ppm  stopped
◆ right   50.2 Hz   0.0 %        -       -   0.0 s ago     +0 ppm  stopped

left-right timing error: 5.8 ms (hull)
ended; q closes
"""


def test_a_replay_drives_the_view_to_the_answer_of_the_analysis() -> None:
    async def main() -> list[str]:
        app = view_of(plan_of(open_recording(RECORDINGS / "tennis_forehand")))
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: "ended; q closes" in "\n".join(screen_of(app)))
            rows = screen_of(app)
            await pilot.press("q")
        return rows

    rows = asyncio.run(main())
    assert [
        row.removeprefix(" ") for row in rows[1 : 1 + len(TENNIS.splitlines()) - 1]
    ] == TENNIS.splitlines()[1:]
    assert rows[-1].strip() == "q end"


def test_q_ends_what_runs_and_closes_the_view() -> None:
    async def main() -> LiveView:
        app = view_of(plan_of(open_recording(RECORDINGS / "squat"), speed=1.0))
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: "streaming" in "\n".join(screen_of(app)))
            await pilot.press("q")
        return app

    app = asyncio.run(main())
    assert app._session.result() is None and not app._session.running


def test_marks_and_pauses_from_the_view_are_recorded(tmp_path: Path) -> None:
    async def main() -> LiveView:
        plan = plan_of(open_recording(RECORDINGS / "squat"), speed=6.0, folder=tmp_path / "s1")
        app = view_of(plan, recording=True)
        async with app.run_test(size=SIZE) as pilot:
            for key, shows in (("m", "marking set 1"), ("m", "1 sets marked"), ("p", "PAUSED"), ("p", "")):
                await pilot.press(key)
                await until(pilot, lambda shows=shows: shows in screen_of(app)[1])
            await until(pilot, lambda: "PAUSED" not in screen_of(app)[1])
            await pilot.press("ctrl+c")
            await until(pilot, lambda: not app._session.running)
        return app

    outcome = asyncio.run(main())._session.result()
    assert outcome is not None and outcome.marks == 1
    recording = open_recording(tmp_path / "s1")
    assert recording.complete and len(recording.marks) == 1 and recording.duration_s < 100
    assert all(len(stream.gaps) == 1 for stream in recording.streams())


def cut(stream: Stream, start_s: float, end_s: float) -> Stream:
    keep = (stream.time_s < start_s) | (stream.time_s > end_s)
    return Stream(stream.side, stream.time_s[keep], stream.acc[keep], stream.gyr[keep], stream.rate_hz)


def test_a_side_that_goes_silent_is_called_out_while_it_is() -> None:
    whole = open_recording(RECORDINGS / "squat")
    recording = Recording(left=cut(whole.left, 20.0, 26.0), right=cut(whole.right, 50.0, 50.0))
    plan = plan_of(recording)
    session: Session = Session(_watching(plan, 30.0), plan.source, plan.speed)
    session.start()
    session.result()
    state, loud = LiveState(), []
    for event in session.events:
        state.links.take(event)
        if state.links.alarms():
            assert "!! LEFT SENSOR SILENT for" in state.text().plain
            loud.append(state.links.elapsed_s)
    assert loud[0] == pytest.approx(21.5, abs=0.5) and loud[-1] == pytest.approx(26.0, abs=0.3)
    assert "RIGHT SENSOR SILENT" not in state.text().plain


def test_the_bar_is_grey_until_there_is_an_interval_and_sides_differ_in_more_than_colour() -> None:
    state = LiveState(exercise="squat\x1b[2J")
    text = state.text()
    assert "\x1b" not in text.plain
    assert "no interval yet" in text.plain and "█" not in text.plain
    styles = {str(span.style) for span in text.spans}
    assert "grey62" in styles and {"#0072B2", "#D55E00"} <= styles
    assert not {style for style in styles if "red" in style or "green" in style}
    assert "● left" in text.plain and "◆ right" in text.plain


@pytest.mark.parametrize("width", [36, 60, WIDTH])
def test_everything_at_its_longest_fits(width: int) -> None:
    state = LiveState(exercise="single leg romanian deadlift")
    one = np.zeros((1, 3))
    for side in Side:
        state.take(Samples(side, np.array([0.0]), np.array([0.0]), one, one))
        state.take(Status(side, 5999.0, State.CONNECTING, 10, 90, 1, 1, 1000.0, 99.0, -2000.0, -100, 100.0))
        state.take(NoticeEvent("code", "something about this sensor"))
    state.take(SyncEvent(1.0, Sync(0.1234, 0.1, 0.0234, "hull+knock")))
    state.take(LinkEvent(Side.LEFT, 5999.0, State.LOST, "no packet"))
    text = state.text(width).plain
    rows = text.splitlines()
    bar = rows.index(next(row for row in rows if row.startswith("● left more")))
    # Words may go on in the next line where there is little room; bars may not.
    assert max(map(len, rows[1 : bar + 5])) <= width
    if width == WIDTH:
        assert max(map(len, rows)) <= width and len(rows) <= 22
    assert len(state.line()) <= 80
    for told in ("1000.0 Hz", "90.0 %", "-100 dBm", "100 %", "-2000 ppm", "connecting"):
        assert told in text
    assert "left-right timing error: 123.4 ms (hull+knock)" in rows
    assert "LEFT SENSOR SILENT for 5999 s" in " ".join(text.split())


def test_a_side_that_is_silent_from_the_start_is_called_out() -> None:
    state = LiveState()
    state.take(LinkEvent(Side.RIGHT, 1.0, State.STREAMING))
    assert "SILENT" not in state.text().plain
    state.take(LinkEvent(Side.RIGHT, 2.5, State.LOST, "no packet for 1.5 s"))
    assert "!! RIGHT SENSOR SILENT from the start" in state.text().plain


def test_piped_it_prints_a_line_for_every_second(run) -> None:
    done = run("live", RECORDINGS / "run", "--speed=max")
    assert done.exit_code == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [str(second) for second in range(1, len(lines) + 1)]
    assert "set 1 reps 23/23 | L 1.8 % (L 11 to R 7 %) | " in lines[-1]
    assert max(map(len, lines)) <= 80


def test_virtual_sensors_can_be_watched_without_recording(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("live", "virtual:dot,witmotion", "--duration=6", "--speed=max")
    assert done.exit_code == 0, done.stderr
    assert " | 60/10" in done.stdout.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        ([], 2, "Missing argument"),
        (["nowhere"], 5, "nowhere"),
        (["virtual:dot"], 2, "is not understood"),
        (["virtual:dot,dot", "--left=X", "--speed=max"], 3, "X not found"),
        (["nowhere", "--rate=3"], 2, "--rate: for sensors only"),
    ],
)
def test_what_cannot_be_watched_is_said_in_one_line(args: list[str], code: int, says: str, run) -> None:
    done = run("live", *args)
    assert done.exit_code == code
    (line,) = done.stderr.splitlines()
    assert says in line
