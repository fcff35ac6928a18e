"""How the links of a live source are doing, as text: fed by events, and light to load."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sensing.events import (
    Event,
    LinkEvent,
    MarkEvent,
    NoticeEvent,
    PauseEvent,
    Samples,
    State,
    Status,
    SyncEvent,
)
from sensing.recording import Side, Sync

SILENT_S: Final = 2.0
"""A side without a packet for so long is called out, s."""


@dataclass
class SideLink:
    """What is known of one side's link.

    Attributes
    ----------
    status : Status or None
        The last one.
    state : State
        Its state.
    last_s : float or None
        Arrival of the last packet, s.
    """

    status: Status | None = None
    state: State = State.SEARCHING
    last_s: float | None = None

    @property
    def loss_percent(self) -> float:
        """Share of the samples that are known to be lost."""
        if self.status is None:
            return 0.0
        return 100 * self.status.lost / max(self.status.lost + self.status.samples, 1)


class Links:
    """Takes every event of a source, in order.

    Parameters
    ----------
    sides : iterable of Side
        Sides that the source has.
    """

    def __init__(self, sides: Iterable[Side] = tuple(Side)) -> None:
        self.sides = {side: SideLink() for side in sides}
        self.sync = Sync()
        self.marking = False
        self.marked = 0
        self.paused = False
        self.notices: list[str] = []
        self._began_s: float | None = None
        self._now_s = 0.0

    @property
    def elapsed_s(self) -> float:
        """Time since the first event."""
        return 0.0 if self._began_s is None else self._now_s - self._began_s

    def take(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, Samples):
            self.sides[event.side].last_s = float(event.host_time_s[-1])
            self._passed(float(event.host_time_s[-1]))
        elif isinstance(event, Status):
            self.sides[event.side].status = event
            self.sides[event.side].state = event.state
            self._passed(event.at_s)
        elif isinstance(event, LinkEvent):
            self.sides[event.side].state = event.state
            self._passed(event.at_s)
        elif isinstance(event, SyncEvent):
            self.sync = event.sync
        elif isinstance(event, MarkEvent):
            self.marking = event.end_s is None
            self.marked += event.end_s is not None
        elif isinstance(event, PauseEvent):
            self.paused = event.end_s is None
        elif isinstance(event, NoticeEvent):
            self.notices.append(event.message)

    def silent_s(self, side: Side) -> float | None:
        """Time since the last packet; None before the first."""
        last_s = self.sides[side].last_s
        return None if last_s is None else max(self._now_s - last_s, 0.0)

    def alarms(self) -> list[str]:
        """Sides that are silent, loudly."""
        told = []
        for side, own in self.sides.items():
            silent_s = self.silent_s(side)
            lost = own.state is State.LOST or (silent_s is not None and silent_s >= SILENT_S)
            if own.state is State.STOPPED or self.paused or not lost:
                continue
            since = "from the start" if silent_s is None else f"for {silent_s:.0f} s"
            told.append(f"{side.upper()} SENSOR SILENT {since}: is it on, charged and near?")
        return told

    def time(self) -> str:
        """Time, and whether a set is being marked or all is paused."""
        return f"{self.elapsed_s:.0f} s" + " marking" * self.marking + " PAUSED" * self.paused

    def progress(self, width: int) -> str:
        """One line: time, and of each side rate, loss, battery and last packet, as far as there is room."""
        for told in (4, 3, 2, 1):
            sides = (" ".join(self._of_side(side)[:told]) for side in self.sides)
            line = " | ".join((self.time(), *sides))
            if len(line) <= width:
                break
        return line[:width]

    def _of_side(self, side: Side) -> list[str]:
        """What is known of a side, the most important first."""
        own, silent_s, letter = self.sides[side], self.silent_s(side), side.value[0].upper()
        if own.status is None or own.state is not State.STREAMING:
            return [f"{letter} {own.state.value}"]
        told = [f"{letter} {own.status.rate_hz:.0f} Hz", f"{own.loss_percent:.1f}% lost"]
        if silent_s is not None:
            told.append(f"{silent_s:.1f} s")
        if own.status.battery is not None:
            told.append(f"bat {own.status.battery:.0f}%")
        return told

    def _passed(self, at_s: float) -> None:
        if self._began_s is None:
            self._began_s = self._now_s = at_s
        self._now_s = max(self._now_s, at_s)
