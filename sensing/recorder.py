"""Record a live source into a folder, so that nothing is lost that arrived.

The folder is appended to twice a second, in a thread, so that a crash costs no more than that; clocks and
synchronisation are worked out when the recording ends.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import errno
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sensing.errors import BadInput, RecordingIncomplete, UsageError
from sensing.events import (
    Event,
    MarkEvent,
    NoticeEvent,
    PauseEvent,
    RawEvent,
    Samples,
    SegmentEvent,
    Source,
    State,
    Status,
)
from sensing.finish import finish
from sensing.raw import RawWriter
from sensing.recording import Placement, Side, Sync
from sensing.store import RecordingWriter, check_free, make_folder

if TYPE_CHECKING:
    from bleak.backends.client import BaseBleakClient
    from bleak.backends.scanner import BaseBleakScanner

WRITE_S: Final = 0.5
"""How often what arrived is appended to the files."""


@dataclass(frozen=True)
class RecordRequest:
    """What to record.

    Attributes
    ----------
    folder : Path
        New or empty folder.
    left, right : str or None
        Name or address of each side's sensor; one may be missing. Not used with a source of its own.
    driver : str or None
        Driver, or path of a profile, for both sides.
    left_driver, right_driver : str or None
        The same for one side; they win.
    rate_hz : float or None
        Rate to ask for; None takes the driver's own.
    duration_s : float or None
        End after so long; None waits for `Control.stop`.
    athlete, exercise, sport, mount, tag, notes : str
        As in `sensing.recording.Recording`.
    placement : Placement
        Where the sensors are worn.
    dominant : Side or None
        The athlete's dominant side.
    raw : bool
        Keep the packets as they came.
    hardware_sync : bool
        Let the sensors synchronise their clocks first, which only DOTs can.
    """

    folder: Path
    left: str | None = None
    right: str | None = None
    driver: str | None = None
    left_driver: str | None = None
    right_driver: str | None = None
    rate_hz: float | None = None
    duration_s: float | None = None
    athlete: str = ""
    exercise: str = ""
    sport: str = ""
    placement: Placement = Placement.UNKNOWN
    mount: str = ""
    tag: str = ""
    notes: str = ""
    dominant: Side | None = None
    raw: bool = False
    hardware_sync: bool = False

    def sensors(self) -> dict[Side, str]:
        """Name or address by side."""
        return {side: named for side in Side if (named := getattr(self, side.value))}

    def drivers(self) -> dict[Side, str]:
        """Named drivers by side."""
        named = {side: getattr(self, f"{side}_driver") or self.driver for side in Side}
        return {side: name for side, name in named.items() if name}

    def check(self) -> None:
        """Check what can be checked without a radio.

        Raises
        ------
        UsageError
            The folder is taken, no sensor is named, both sides name the same one, or a time makes no sense.
        """
        check_free(self.folder)
        if self.duration_s is not None and not 0 < self.duration_s < float("inf"):
            raise UsageError(f"a recording cannot last {self.duration_s:g} s; give a time above 0")
        named = [name.lower() for name in self.sensors().values()]
        if len(set(named)) < len(named):
            raise UsageError(f"{self.left} is named for both sides; name two sensors")


@dataclass(frozen=True)
class SideOutcome:
    """What was recorded of one side."""

    samples: int
    lost: int
    rate_hz: float | None
    rejected: int
    connections: int


@dataclass(frozen=True)
class RecordOutcome:
    """What was recorded.

    Attributes
    ----------
    folder : Path
        Where it is.
    duration_s : float
        Time from the first to the last arrival, s.
    sides : mapping of Side to SideOutcome
        Each side.
    sync : Sync
        How well the sides share a timeline.
    marks : int
        Sets that the user marked.
    notices : tuple of (code, message)
        Doubts.
    """

    folder: Path
    duration_s: float
    sides: Mapping[Side, SideOutcome]
    sync: Sync
    marks: int = 0
    notices: tuple[tuple[str, str], ...] = ()


class Control:
    """Steers a recording from outside, in the same event loop: `mark`, `pause`, `resume` and `stop`."""

    def __init__(self) -> None:
        self._source: Source | None = None
        self._stop = asyncio.Event()

    def attach(self, source: Source) -> None:
        """Steer this source."""
        self._source = source

    def mark(self) -> None:
        """Mark the start of a set, or the end of the one that runs."""
        if self._source is not None:
            self._source.mark()

    def pause(self) -> None:
        """Leave out what comes from now on."""
        if self._source is not None:
            self._source.pause()

    def resume(self) -> None:
        """Go on after a pause."""
        if self._source is not None:
            self._source.resume()

    def stop(self) -> None:
        """End the recording and save it; may be called before it has begun."""
        self._stop.set()

    async def stopped(self) -> None:
        """Wait for `stop`."""
        await self._stop.wait()


@dataclass
class _Side:
    """What is known of one side, and its samples that are not on disk yet."""

    buffer: list[Samples] = field(default_factory=list)
    info: dict[str, Any] = field(default_factory=dict)
    connections: list[float] = field(default_factory=list)
    battery: list[float] = field(default_factory=list)
    status: Status | None = None


class Recorder:
    """Writes a source's events into a recording folder.

    `take` every event, in order, then `finish` once; or `abandon` where something failed.

    Parameters
    ----------
    folder : Path
        New or empty folder.
    meta : mapping
        Fields of the sidecar.
    raw : bool
        Keep packets, where the source hands them on.

    Raises
    ------
    UsageError
        The folder is taken.
    RecordingIncomplete
        The disk is full.
    """

    def __init__(self, folder: Path, meta: Mapping[str, Any], *, raw: bool = False) -> None:
        self._folder = folder
        # One thread, so that jobs keep their order and a slow disk does not delay the stamps of packets.
        self._thread = ThreadPoolExecutor(1, "recorder")
        self._writer = RecordingWriter(folder, meta)
        self._raw = RawWriter(folder) if raw else None
        self._sides: dict[Side, _Side] = {}
        self._pending: list[Callable[[], None]] = []
        self._marks = 0
        self._pauses: list[tuple[float, float]] = []
        self._notices: list[tuple[str, str]] = []
        self._now_s = 0.0
        self._written_s = 0.0
        self._first_s: float | None = None

    async def take(self, event: Event) -> None:
        """Take an event; from time to time that writes to the disk.

        Raises
        ------
        RecordingIncomplete
            The disk is full or fails.
        """
        if isinstance(event, Samples):
            self._side(event.side).buffer.append(event)
            self._now_s = max(self._now_s, float(event.host_time_s[-1]))
            if self._first_s is None:
                self._first_s = self._now_s
        elif isinstance(event, SegmentEvent):
            self._segment(event)
        elif isinstance(event, RawEvent):
            if self._raw is not None:
                self._pending.append(partial(self._raw.packets, event.side, event.packets))
        elif isinstance(event, Status):
            self._status(event)
        elif isinstance(event, MarkEvent) and event.end_s is not None:
            self._marks += 1
            self._later(self._writer.mark, event.start_s, event.end_s)
        elif isinstance(event, PauseEvent) and event.end_s is not None:
            self._pauses.append((event.start_s, event.end_s))
            self._later(self._writer.update, pauses=list(self._pauses))
        elif isinstance(event, NoticeEvent):
            self._notices.append((event.code, event.message))
        if self._now_s - self._written_s >= WRITE_S:
            self._written_s = self._now_s
            await self._write()

    async def finish(self) -> RecordOutcome:
        """Write what is left, work out clocks and synchronisation, and close the recording as complete.

        Raises
        ------
        RecordingIncomplete
            The disk is full or fails, or there were no samples.
        """
        await self._write()
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._finish)

    async def abandon(self) -> None:
        """Save what there is as incomplete; never raises what the disk has to say."""
        with suppress(RecordingIncomplete, BadInput):
            await self._write()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close_quietly)

    def _side(self, side: Side) -> _Side:
        return self._sides.setdefault(side, _Side())

    def _later(self, what: Callable[..., None], *args: Any, **named: Any) -> None:
        """Do it in the writing thread, after the samples that came before."""
        self._pending += [*self._appends(), partial(what, *args, **named)]

    def _segment(self, event: SegmentEvent) -> None:
        side = self._side(event.side)
        self._later(self._writer.segment, event.side)
        if event.info:
            side.info = dict(event.info)
            side.connections.append(event.at_s)
            self._later(self._writer.update_side, event.side, **side.info, connections=list(side.connections))
        if event.raw and self._raw is not None:
            self._later(self._raw.connection, event.side, round(event.at_s * 1e9), event.raw)

    def _status(self, event: Status) -> None:
        side = self._side(event.side)
        side.status = event
        self._now_s = max(self._now_s, event.at_s)
        if event.battery is not None:
            side.battery = [side.battery[0] if side.battery else event.battery, event.battery]

    def _appends(self) -> list[Callable[[], None]]:
        """Jobs that append what is buffered."""
        jobs: list[Callable[[], None]] = []
        for name, side in self._sides.items():
            if side.buffer:
                jobs.append(partial(_append, self._writer, name, side.buffer))
                side.buffer = []
        return jobs

    async def _write(self) -> None:
        jobs = [*self._pending, *self._appends()]
        self._pending = []
        if jobs:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._run, jobs)

    def _run(self, jobs: list[Callable[[], None]]) -> None:
        try:
            for job in jobs:
                job()
            if self._raw is not None:
                self._raw.flush()
        except OSError as error:
            reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
            raise RecordingIncomplete(
                f"{self._folder}: cannot write ({reason}); what had arrived is kept"
            ) from error

    def _finish(self) -> RecordOutcome:
        if not any(self._writer.samples(side) > 1 for side in Side):
            self._close_quietly()
            raise RecordingIncomplete(f"{self._folder}: no samples arrived; check that the sensors are awake")
        try:
            finished = finish(self._folder)
        except BadInput as error:
            self._close_quietly()
            raise RecordingIncomplete(f"{self._folder}: too little arrived ({error}); it is kept") from error
        silent = [side for side in self._sides if side not in finished.sides]
        notices = (
            *self._notices,
            *finished.notices,
            *(("no_samples", f"the {side} sensor gave no samples") for side in silent),
        )
        for side, info in finished.sides.items():
            self._writer.update_side(side, **info, **self._counts(side))
        self._writer.update(
            sync=asdict(finished.sync),
            knocks=None if finished.knocks is None else asdict(finished.knocks),
            notices=[{"code": code, "message": message} for code, message in notices],
        )
        if self._raw is not None:
            self._raw.close()
        self._writer.close(complete=True)
        self._thread.shutdown(wait=False)
        sides = {
            side: SideOutcome(
                self._writer.samples(side),
                int(info["lost"]),
                float(info["rate_hz"]),
                self._counts(side)["rejected"],
                len(self._side(side).connections),
            )
            for side, info in finished.sides.items()
        }
        duration_s = self._now_s - (self._first_s or 0.0)
        return RecordOutcome(self._folder, duration_s, sides, finished.sync, self._marks, notices)

    def _counts(self, name: Side) -> dict[str, Any]:
        side = self._side(name)
        status = side.status or Status(name, 0.0, State.STOPPED)
        return {
            "accepted": status.accepted,
            "rejected": status.rejected,
            "rssi": status.rssi,
            "battery": side.battery or None,
        }

    def _close_quietly(self) -> None:
        with suppress(OSError):
            if self._raw is not None:
                self._raw.close()
        with suppress(RecordingIncomplete, OSError):
            self._writer.close(complete=False)
        self._thread.shutdown(wait=False)


def _append(writer: RecordingWriter, side: Side, buffer: list[Samples]) -> None:
    """Append several events as one piece of text."""

    def column(name: str) -> Any:
        values = [getattr(samples, name) for samples in buffer]
        return None if any(value is None for value in values) else np.concatenate(values)

    columns = ("host_time_s", "acc", "gyr", "device_time_s", "seq", "quat")
    writer.append(side, **{name: column(name) for name in columns})


async def record(
    request: RecordRequest,
    *,
    source: Source | None = None,
    scanner_backend: type[BaseBleakScanner] | None = None,
    client_backend: type[BaseBleakClient] | None = None,
    clock: Callable[[], int] = time.perf_counter_ns,
    started_at: dt.datetime | None = None,
    on_event: Callable[[Event], None] | None = None,
    control: Control | None = None,
) -> RecordOutcome:
    """Record two sensors, or whatever a source gives, until it ends, time is up or it is told to stop.

    Where the task is cancelled (Ctrl-C), the sensors are stopped and the recording is saved as complete
    before the cancellation goes on.

    Parameters
    ----------
    request : RecordRequest
        What to record.
    source : Source, optional
        Where samples come from, such as a `Replay`; None connects to the sensors of the request.
    scanner_backend, client_backend : type, optional
        Backends for bleak; None takes the operating system's.
    clock : callable
        Stamps arrivals, ns.
    started_at : datetime, optional
        Wall-clock time of the source's zero, with a time zone; None is now.
    on_event : callable, optional
        Takes every event, such as for a live view.
    control : Control, optional
        Steers the recording.

    Returns
    -------
    RecordOutcome

    Raises
    ------
    UsageError
        The request is wrong: folder taken or read-only, same sensor twice, unknown driver, unsupported rate.
    DeviceUnreachable
        No Bluetooth, or a sensor cannot be reached.
    RecordingIncomplete
        The disk is full or nothing arrived; what was written stays readable.
    """
    request.check()
    control = control or Control()
    source = source or _collector(request, scanner_backend, client_backend, clock)
    started_at = started_at or dt.datetime.now().astimezone()
    control.attach(source)
    with _folder_made(request.folder):
        await _start(source, control)
    try:
        recorder = Recorder(request.folder, _meta(request, started_at), raw=request.raw)
    except BaseException:
        await source.stop()
        raise
    ending = asyncio.create_task(_end(source, control, request.duration_s))
    try:
        await _pass_on(source, recorder, on_event)
        return await recorder.finish()
    except asyncio.CancelledError:
        await asyncio.shield(asyncio.create_task(_save(source, recorder)))
        raise
    except BaseException:
        await source.stop()
        await recorder.abandon()
        raise
    finally:
        ending.cancel()


@contextmanager
def _folder_made(folder: Path) -> Iterator[None]:
    """Make the folder first, for a place that cannot be written to should not cost a connection."""
    new = not folder.exists()
    make_folder(folder)
    try:
        yield
    except BaseException:
        if new:
            with suppress(OSError):
                folder.rmdir()
        raise


def _collector(
    request: RecordRequest,
    scanner_backend: type[BaseBleakScanner] | None,
    client_backend: type[BaseBleakClient] | None,
    clock: Callable[[], int],
) -> Source:
    from sensing.collector import Collector
    from sensing.scan import Radio

    sensors = request.sensors()
    if not sensors:
        raise UsageError("no sensor is named; name the left and the right one, or identify them first")
    radio = Radio(scanner_backend, client_backend, clock)
    return Collector(
        sensors,
        radio,
        drivers=request.drivers(),
        rate_hz=request.rate_hz,
        raw=request.raw,
        hardware_sync=request.hardware_sync,
    )


def _meta(request: RecordRequest, started_at: dt.datetime) -> dict[str, Any]:
    names = (
        "athlete", "exercise", "sport", "placement", "mount", "tag", "notes", "dominant", "hardware_sync",
    )  # fmt: skip
    return {name: getattr(request, name) for name in names} | {"started_at": started_at}


async def _start(source: Source, control: Control) -> None:
    """Start, unless it is told to stop before the sensors are there."""
    starting = asyncio.create_task(source.start())
    stopped = asyncio.create_task(control.stopped())
    try:
        await asyncio.wait((starting, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            raise RecordingIncomplete("stopped before the sensors were connected; nothing was recorded")
        starting.result()
    finally:
        stopped.cancel()
        if not starting.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)


async def _pass_on(source: Source, recorder: Recorder, on_event: Callable[[Event], None] | None) -> None:
    async for event in source:
        if on_event is not None:
            on_event(event)
        await recorder.take(event)


async def _end(source: Source, control: Control, duration_s: float | None) -> None:
    """End the source when the time is up, or when told to."""
    try:
        async with asyncio.timeout(duration_s):
            await control.stopped()
    except TimeoutError:
        pass
    await source.stop()


async def _save(source: Source, recorder: Recorder) -> None:
    """End the source and keep all that it still has."""
    try:
        await source.stop()
        await _pass_on(source, recorder, None)
        await recorder.finish()
    except BaseException:
        await recorder.abandon()
        raise
