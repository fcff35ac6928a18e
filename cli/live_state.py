"""What a live display shows, as text of any width: fed by events, drawn by whoever likes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Final

from rich.text import Text

from analysis.metrics import spec
from analysis.report.numbers import sided, sided_interval
from analysis.streaming import LiveEstimate, LiveResult
from cli.errors import one_line
from cli.links import Links
from cli.show import LEFT, RIGHT
from sensing.events import Event
from sensing.recording import Placement, Side

COLOURS: Final = {Side.LEFT: LEFT, Side.RIGHT: RIGHT}
MARKS: Final = {Side.LEFT: "●", Side.RIGHT: "◆"}
UNKNOWN: Final = "grey62"
UNTOLD: Final = "-"

WIDTH: Final = 78

_SCALES: Final = (20, 50, 100, 200)
_LONGEST_HALF: Final = 60
COLUMNS: Final = {"rate": 10, "loss": 8, "RSSI": 9, "battery": 8, "last packet": 12, "drift": 11}
"""What `LiveState.cells` tells, and how wide a table makes it."""

# The narrowest display that has room for the table.
_TABLE: Final = 76


def scale_for(largest_percent: float) -> int:
    """Where a line for signed differences ends so that the largest is on it, percent."""
    return next((scale for scale in _SCALES if largest_percent <= scale), _SCALES[-1])


class LiveState:
    """Takes every event of a source, in order, and says how things stand.

    Parameters
    ----------
    sides : iterable of Side
        Sides that the source has.
    exercise : str
        Exercise; may be empty.
    placement : Placement
        Where the sensors are worn.

    Attributes
    ----------
    links : Links
        How the links are doing.
    estimate : LiveEstimate
        Repetitions, sets and the difference.
    """

    def __init__(
        self,
        sides: Iterable[Side] = tuple(Side),
        *,
        exercise: str = "",
        placement: Placement = Placement.UNKNOWN,
    ) -> None:
        self.links = Links(sides)
        self._exercise = exercise
        self.estimate = LiveEstimate(self.links.sides, exercise=exercise, placement=placement)

    @property
    def result(self) -> LiveResult:
        """Repetitions, sets and the difference so far."""
        return self.estimate.result

    def take(self, event: Event) -> None:
        """Take an event."""
        self.links.take(event)
        self.estimate.add(event)
        if self.estimate.due:
            self.estimate.update()

    def text(self, width: int = WIDTH) -> Text:
        """The whole display."""
        alarms = [Text(line.center(width), "bold reverse") for line in self._alarms(width)]
        lines = [
            self._title(),
            *(alarms or [Text()]),
            Text(),
            *self._bar(width),
            Text(),
            self._counts(),
            Text(),
        ]
        lines += self._table() if width >= _TABLE else self._list()
        lines += [
            Text(),
            Text(self.timing()),
            *(Text(one_line(notice)) for notice in self.links.notices[-2:]),
        ]
        return Text("\n").join(lines)

    def line(self) -> str:
        """One line, for where nothing can be drawn: time, sets, repetitions, difference, rate and loss."""
        result, links = self.result, self.links.sides.values()
        reps = "/".join(str(result.set_reps[side]) for side in self.links.sides)
        rates = "/".join("-" if own.status is None else f"{own.status.rate_hz:.0f}" for own in links)
        losses = "/".join(f"{own.loss_percent:.1f}" for own in links)
        index = self.difference(result, short=True)
        return f"{self.links.time()} | set {result.sets} reps {reps} | {index} | {rates} Hz | lost {losses} %"

    def _title(self) -> Text:
        links = self.links
        minutes, seconds = divmod(int(links.elapsed_s), 60)
        told = [f"{minutes}:{seconds:02d}", one_line(self._exercise) or "any exercise"]
        if links.marking:
            told.append(f"marking set {links.marked + 1}")
        elif links.marked:
            told.append(f"{links.marked} sets marked")
        if links.paused:
            told.append("PAUSED")
        return Text("   ".join(told), "bold")

    def _alarms(self, width: int) -> list[str]:
        told = [f"!! {alarm} !!" for alarm in self.links.alarms()]
        return [line for alarm in told for line in textwrap.wrap(alarm, width)]

    def _bar(self, width: int) -> list[Text]:
        """The signed bar, its interval under it, and its scale; grey until there is an interval."""
        result, half = self.result, min((width - 1) // 2, _LONGEST_HALF)
        heads = Text(f"{MARKS[Side.LEFT]} left more".ljust(half + 1), LEFT)
        heads.append(f"right more {MARKS[Side.RIGHT]}".rjust(half), RIGHT)
        if result.index_percent is None or result.ci95_percent is None:
            empty = "·" * half + "┃" + "·" * half
            told = ("", empty, empty, "", "", "no interval yet: it takes repetitions on both sides")
            return [heads, *(Text(line, UNKNOWN) for line in told)]
        index, (low, high) = result.index_percent, result.ci95_percent
        scale = scale_for(max(-low, high, abs(index)))
        at, first, last = (round(half * max(min(v / scale, 1.0), -1.0)) for v in (index, low, high))
        side = Side.RIGHT if index > 0 else Side.LEFT
        cells = [("█" if min(at, 0) <= k <= max(at, 0) else " ") for k in range(-half, half + 1)]
        cells[half] = "┃"
        span = [("─" if first < k < last else " ") for k in range(-half, half + 1)]
        span[half] = "┼" if first < 0 < last else "┃"
        span[half + first], span[half + last] = "├", "┤"
        ticks = f"{scale} %".ljust(half) + "0" + f"{scale} %".rjust(half)
        return [
            heads,
            Text(),
            *(Text("".join(cells), COLOURS[side]) for _ in range(2)),
            Text("".join(span)),
            Text(ticks, UNKNOWN),
            Text(self.difference(result)),
        ]

    def difference(self, result: LiveResult, *, short: bool = False) -> str:
        """The difference and its interval in words."""
        if result.index_percent is None or result.ci95_percent is None:
            return "no interval yet"
        if short:
            return f"{sided(result.index_percent, 1)} ({sided_interval(result.ci95_percent, 0)})"
        side = Side.RIGHT if result.index_percent > 0 else Side.LEFT
        over = "over all sets" if result.scope == "recording" else "in this set"
        return (
            f"{side} {spec(result.metric).more} by {abs(result.index_percent):.1f} % {over} "
            f"(95 %: {sided_interval(result.ci95_percent, 1)})"
        )

    def _counts(self) -> Text:
        result = self.result
        reps, own = (
            ", ".join(f"{side} {counts[side]}" for side in self.links.sides)
            for counts in (result.reps, result.set_reps)
        )
        return Text(f"sets {result.sets}   repetitions {reps}   in this set {own}")

    def _table(self) -> list[Text]:
        """Both links, a row each."""
        head = Text(" " * 7, UNKNOWN)
        head.append("".join(name.rjust(width) for name, width in COLUMNS.items()) + "  state")
        rows = [head]
        for side, own in self.links.sides.items():
            cells = "".join(
                cell.rjust(width) for cell, width in zip(self.cells(side), COLUMNS.values(), strict=True)
            )
            row = Text(f"{MARKS[side]} {side:<5}", COLOURS[side])
            rows.append(row.append(f"{cells}  {own.state.value}", "default"))
        return rows

    def _list(self) -> list[Text]:
        """Both links, one thing after the other: for where a table is too wide."""
        told = []
        for side, own in self.links.sides.items():
            rate, loss, *others = self.cells(side)
            row = Text(f"{MARKS[side]} {side}", COLOURS[side])
            told += [row.append(f"  {rate}  {loss} lost  {own.state.value}", "default")]
            told += [Text("  " + "  ".join(cell for cell in others if cell != UNTOLD))]
        return told

    def cells(self, side: Side) -> list[str]:
        """What is known of a side's link: a text for each of `COLUMNS`."""
        own, silent_s = self.links.sides[side], self.links.silent_s(side)
        status = own.status
        if status is None:
            return [UNTOLD] * len(COLUMNS)
        return [
            f"{status.rate_hz:.1f} Hz",
            f"{own.loss_percent:.1f} %",
            UNTOLD if status.rssi is None else f"{status.rssi} dBm",
            UNTOLD if status.battery is None else f"{status.battery:.0f} %",
            UNTOLD if silent_s is None else f"{silent_s:.1f} s ago",
            UNTOLD if status.drift_ppm is None else f"{round(status.drift_ppm):+d} ppm",
        ]

    def timing(self) -> str:
        """How far the sides may be apart in time."""
        sync = self.links.sync
        if sync.error_s is None:
            return "left-right timing error: not known yet"
        return f"left-right timing error: {1000 * sync.error_s:.1f} ms ({sync.method})"
