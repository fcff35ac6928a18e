"""A recording as a live source: what was recorded comes again, in its own time or faster."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from sensing.errors import UsageError
from sensing.events import (
    Event,
    LinkEvent,
    Marks,
    PauseEvent,
    Samples,
    SegmentEvent,
    State,
    Status,
    SyncEvent,
)
from sensing.recording import FloatArray, Recording, Side, Stream
from sensing.store import is_recording
from sensing.stored import read_sidecar

CHUNK_S: Final = 0.1
"""Length of the pieces that samples come in."""

STATUS_S: Final = 1.0
_LOST_S: Final = 1.5
_KEPT: Final = ("address", "driver", "unseen_latency_s")


class Replay:
    """A recording as a `sensing.events.Source`.

    Samples come in the order of their arrival, or of their times where no arrival was recorded, all in one
    timeline that starts with 0. A gap of more than 1.5 s is told as a lost link.

    Parameters
    ----------
    recording : Recording, str or Path
        The recording, or what `sensing.open_recording` takes.
    speed : float
        How much faster than it was recorded; infinity gives it all at once.
    """

    def __init__(self, recording: Recording | str | Path, *, speed: float = 1.0) -> None:
        if not speed > 0:
            raise UsageError(f"speed must be above 0, not {speed:g}")
        if not isinstance(recording, Recording):
            from sensing.opening import open_recording

            recording = open_recording(recording)
        self.recording = recording
        self._speed = speed
        self._streams = {stream.side: stream for stream in recording.streams()}
        self._arrival = {
            side: stream.time_s if stream.host_time_s is None else stream.host_time_s
            for side, stream in self._streams.items()
        }
        self._told = _sidecar(recording)
        self._states = dict.fromkeys(self._streams, State.STREAMING)
        self._done = dict.fromkeys(self._streams, 0)
        self._marks = Marks()
        self._queue: deque[Event] = deque()
        self._began: float | None = None
        self._stopped = asyncio.Event()
        self._next_status_s = 0.0
        self._now_s = min(float(arrival[0]) for arrival in self._arrival.values())

    @property
    def sides(self) -> tuple[Side, ...]:
        """Sides that it has, left first."""
        return tuple(self._streams)

    async def start(self) -> None:
        """Begin."""
        self._began = time.monotonic() if math.isinf(self._speed) else asyncio.get_running_loop().time()
        self._next_status_s = self._now_s + STATUS_S
        self._queue.append(SyncEvent(self._now_s, self.recording.sync))
        for side, stream in self._streams.items():
            info = {
                **self._told.get(side, {}),
                "device": stream.device,
                "nominal_hz": stream.rate_hz,
                "acc_range": stream.acc_range,
                "gyr_range": stream.gyr_range,
                "acc_has_gravity": stream.acc_has_gravity,
            }
            self._queue.append(SegmentEvent(side, self._now_s, info))
            self._queue.append(LinkEvent(side, self._now_s, State.STREAMING))

    async def stop(self) -> None:
        """End it; a second call does nothing."""
        self._stopped.set()

    def mark(self) -> None:
        """Mark the start of a set; the next call marks its end."""
        self._queue.extend(self._marks.mark(self._now_s))

    def pause(self) -> None:
        """Leave out what comes from now on."""
        self._queue.extend(self._marks.pause(self._now_s))

    def resume(self) -> None:
        """Go on after a pause."""
        self._queue.extend(self._marks.resume(self._now_s))

    async def __aiter__(self) -> AsyncIterator[Event]:
        """The events, in order, until all samples have come or it is stopped."""
        assert self._began is not None, "start it first"
        begin_s = self._now_s
        while True:
            while self._queue:
                event = self._queue.popleft()
                yield event
                if isinstance(event, PauseEvent) and event.end_s is not None:
                    for segment in self._uncounted(event.end_s):
                        yield segment
            if self._stopped.is_set() or self._is_over():
                break
            await self._wait(begin_s)
            for event in self._chunk(self._now_s):
                yield event
        for event in (*self._marks.end(self._now_s), *self._ending()):
            yield event
        self._stopped.set()

    def _is_over(self) -> bool:
        return all(self._done[side] == len(stream) for side, stream in self._streams.items())

    def _uncounted(self, at_s: float) -> list[Event]:
        """Where nothing counts what a pause left out, what follows has a clock of its own."""
        return [
            SegmentEvent(side, at_s)
            for side, stream in self._streams.items()
            if _clock(stream) is None and stream.seq is None
        ]

    async def _wait(self, begin_s: float) -> None:
        """Let the next piece of time pass."""
        self._now_s += CHUNK_S
        if math.isinf(self._speed):
            await asyncio.sleep(0)
            return
        assert self._began is not None
        until = self._began + (self._now_s - begin_s) / self._speed
        try:
            async with asyncio.timeout_at(until):
                await self._stopped.wait()
        except TimeoutError:
            pass

    def _chunk(self, until_s: float) -> list[Event]:
        """What arrives until then."""
        events: list[Event] = []
        for side, stream in self._streams.items():
            start = self._done[side]
            stop = int(np.searchsorted(self._arrival[side], until_s, side="right"))
            # Connections differ in their clocks: what is handed on belongs to one.
            cuts = [c.start for c in stream.clock if start < c.start < stop]
            for a, b in zip([start, *cuts], [*cuts, stop], strict=True):
                if b > a:
                    events += self._piece(side, stream, a, b)
            self._done[side] = max(start, stop)
        for side in self._streams:
            events += self._silence(side, until_s)
        if until_s >= self._next_status_s:
            self._next_status_s += STATUS_S
            events += [self._status(side, until_s) for side in self._streams]
        return events

    def _piece(self, side: Side, stream: Stream, start: int, stop: int) -> list[Event]:
        rows, arrival = slice(start, stop), self._arrival[side]
        events: list[Event] = []
        if start and any(c.start == start for c in stream.clock):
            events.append(SegmentEvent(side, float(arrival[start])))
        if self._states[side] is State.LOST:
            self._states[side] = State.STREAMING
            events.append(LinkEvent(side, float(arrival[start]), State.STREAMING))
        if not self._marks.paused:
            events.append(
                Samples(
                    side,
                    stream.time_s[rows],
                    arrival[rows],
                    stream.acc[rows],
                    None if stream.gyr is None else stream.gyr[rows],
                    None if (clock := _clock(stream)) is None else clock[rows],
                    None if stream.seq is None else stream.seq[rows],
                    None if stream.quat is None else stream.quat[rows],
                )
            )
        return events

    def _silence(self, side: Side, now_s: float) -> list[Event]:
        silent_s = now_s - self._last_s(side)
        if self._states[side] is not State.STREAMING or silent_s < _LOST_S:
            return []
        self._states[side] = State.LOST
        return [LinkEvent(side, now_s, State.LOST, f"no packet for {silent_s:.1f} s")]

    def _last_s(self, side: Side) -> float:
        return float(self._arrival[side][max(self._done[side] - 1, 0)])

    def _status(self, side: Side, now_s: float) -> Status:
        stream, done = self._streams[side], self._done[side]
        arrival = self._arrival[side]
        first = int(np.searchsorted(arrival, now_s - 5.0))
        gone = sum(
            min(end, now_s) - start for start, end in stream.gaps if start < now_s
        )  # what a counter would have told by now
        rate = stream.clock[-1].rate if stream.clock else None
        return Status(
            side=side,
            at_s=now_s,
            state=self._states[side],
            samples=done,
            lost=min(round(gone * stream.rate_hz), stream.lost),
            accepted=done,
            rate_hz=(done - first) / 5.0 if now_s - float(arrival[0]) >= 5.0 else stream.rate_hz,
            silent_s=now_s - self._last_s(side),
            drift_ppm=None if rate is None or stream.device_time_s is None else (1 / rate - 1) * 1e6,
        )

    def _ending(self) -> list[Event]:
        """Last states."""
        events: list[Event] = [self._status(side, self._now_s) for side in self._streams]
        return [*events, *(LinkEvent(side, self._now_s, State.STOPPED) for side in self._streams)]


def _clock(stream: Stream) -> FloatArray | None:
    """The device's clock; where not even arrivals are known, the times are all there is."""
    return stream.time_s if stream.host_time_s is None else stream.device_time_s


def _sidecar(recording: Recording) -> dict[Side, dict[str, Any]]:
    """Sensors of a recording folder, as its sidecar names them."""
    if recording.path is None or not is_recording(recording.path):
        return {}
    meta = read_sidecar(recording.path)
    told = {side: meta.get(side.value) or {} for side in Side}
    return {side: {k: v for k, v in info.items() if k in _KEPT} for side, info in told.items()}
