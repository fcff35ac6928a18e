"""What a live source tells its listeners: samples, links, marks and counts, as frozen events in order.

`sensing.collector.Collector` (two sensors) and `sensing.replay.Replay` (a recording) are both a `Source`: a
recorder, a live view and tests are fed by either.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sensing.recording import FloatArray, IntArray, Side, Sync


class State(StrEnum):
    """Where a link is."""

    SEARCHING = "searching"
    CONNECTING = "connecting"
    READY = "ready"
    STREAMING = "streaming"
    LOST = "lost"
    STOPPED = "stopped"


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of one side, in order, from one connection.

    Attributes
    ----------
    side : Side
        Side.
    time_s : (n,) float array
        Estimated times on the shared timeline, s: strictly increasing, but fitted again at the end.
    host_time_s : (n,) float array
        Arrival of each sample's packet since the source started, s.
    acc : (n, 3) float array
        m/s2.
    gyr : (n, 3) float array or None
        deg/s.
    device_time_s : (n,) float array or None
        Unwrapped device time, s.
    seq : (n,) int array or None
        Unwrapped sample counter.
    quat : (n, 4) float array or None
        Orientation, w x y z.
    """

    side: Side
    time_s: FloatArray
    host_time_s: FloatArray
    acc: FloatArray
    gyr: FloatArray | None
    device_time_s: FloatArray | None = None
    seq: IntArray | None = None
    quat: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.time_s)


@dataclass(frozen=True)
class LinkEvent:
    """A link has come into another state at ``at_s``."""

    side: Side
    at_s: float
    state: State
    message: str = ""


@dataclass(frozen=True)
class SegmentEvent:
    """What follows on one side has a clock of its own: a new connection, or a pause that nobody counted.

    Attributes
    ----------
    side : Side
        Side.
    at_s : float
        When.
    info : mapping
        What is known of the sensor: fields of the sidecar such as ``device``, ``driver``, ``nominal_hz``.
    raw : mapping
        What decodes its raw packets: driver, rate and facts.
    """

    side: Side
    at_s: float
    info: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Status:
    """How one side is doing; comes about once a second.

    Attributes
    ----------
    side : Side
        Side.
    at_s : float
        When.
    state : State
        Its link.
    samples, lost : int
        Samples so far, and those known to be lost.
    accepted, rejected : int
        Frames that passed their checks, and what failed them.
    rate_hz : float
        Samples a second over the last seconds.
    silent_s : float
        Time since the last packet.
    drift_ppm : float or None
        Rate of the device's clock against the host's, so far; None before it can be told.
    rssi : int or None
        Signal strength when it last advertised, dBm.
    battery : float or None
        Percent.
    """

    side: Side
    at_s: float
    state: State
    samples: int = 0
    lost: int = 0
    accepted: int = 0
    rejected: int = 0
    rate_hz: float = 0.0
    silent_s: float = 0.0
    drift_ppm: float | None = None
    rssi: int | None = None
    battery: float | None = None


@dataclass(frozen=True)
class SyncEvent:
    """How well the sides share a timeline, as far as that can be told by now."""

    at_s: float
    sync: Sync


@dataclass(frozen=True)
class MarkEvent:
    """The user marked the start of a set (``end_s`` None), or its end."""

    start_s: float
    end_s: float | None = None


@dataclass(frozen=True)
class PauseEvent:
    """The user paused (``end_s`` None), or went on: there are no samples from ``start_s`` to ``end_s``."""

    start_s: float
    end_s: float | None = None


@dataclass(frozen=True)
class NoticeEvent:
    """Something a person should know."""

    code: str
    message: str


@dataclass(frozen=True)
class RawEvent:
    """Packets of one side as they came: ns since the source started, characteristic, bytes."""

    side: Side
    packets: tuple[tuple[int, str, bytes], ...]


Event = (
    Samples | LinkEvent | SegmentEvent | Status | SyncEvent | MarkEvent | PauseEvent | NoticeEvent | RawEvent
)


class Source(Protocol):
    """A live source of two sides; iterate over it for its events, once.

    `start` returns when samples begin to flow. The iteration ends after `stop`, or where there is no more,
    and hands on everything that had come until then.
    """

    @property
    def sides(self) -> tuple[Side, ...]:
        """Sides that it has, left first."""
        ...

    async def start(self) -> None:
        """Let samples flow.

        Raises
        ------
        SidewiseError
            It cannot; nothing is left running.
        """
        ...

    async def stop(self) -> None:
        """End it; a second call does nothing."""
        ...

    def mark(self) -> None:
        """Mark the start of a set; the next call marks its end."""
        ...

    def pause(self) -> None:
        """Leave out what comes from now on."""
        ...

    def resume(self) -> None:
        """Go on after a pause."""
        ...

    def __aiter__(self) -> AsyncIterator[Event]:
        """The events, in order."""
        ...


class Marks:
    """Marks and pauses of a session, told as events."""

    def __init__(self) -> None:
        self._mark_s: float | None = None
        self._pause_s: float | None = None

    @property
    def paused(self) -> bool:
        """Whether samples are left out now."""
        return self._pause_s is not None

    def mark(self, at_s: float) -> tuple[Event, ...]:
        """Start a set, or end the one that runs."""
        start, self._mark_s = self._mark_s, at_s if self._mark_s is None else None
        if start is None:
            return (MarkEvent(at_s),)
        return (MarkEvent(start, at_s),) if at_s > start else ()

    def pause(self, at_s: float) -> tuple[Event, ...]:
        """Start a pause, if none runs."""
        if self.paused:
            return ()
        self._pause_s = at_s
        return (PauseEvent(at_s),)

    def resume(self, at_s: float) -> tuple[Event, ...]:
        """End the pause, if one runs."""
        start, self._pause_s = self._pause_s, None
        return () if start is None else (PauseEvent(start, at_s),)

    def end(self, at_s: float) -> tuple[Event, ...]:
        """End what still runs."""
        open_set = self.mark(at_s) if self._mark_s is not None else ()
        return (*open_set, *self.resume(at_s))


def after(time_s: FloatArray, last_s: float) -> FloatArray:
    """The same times, made to increase strictly from ``last_s`` on by steps of a microsecond where needed."""
    ramp = 1e-6 * np.arange(1, len(time_s) + 1, dtype=np.float64)
    least: npt.NDArray[np.float64] = np.maximum.accumulate(np.maximum(time_s - ramp, last_s))
    return least + ramp
