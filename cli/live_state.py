"""What a live display shows, as text of at most 80 columns: fed by events, drawn by whoever likes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.text import Text

from analysis.metrics import spec
from analysis.streaming import LiveEstimate, LiveResult
from cli.links import Links
from cli.show import LEFT, RIGHT
from sensing.events import Event
from sensing.recording import Placement, Side

COLOURS: Final = {Side.LEFT: LEFT, Side.RIGHT: RIGHT}
MARKS: Final = {Side.LEFT: "●", Side.RIGHT: "◆"}
UNKNOWN: Final = "grey62"

_SCALES: Final = (20, 50, 100, 200)
_HALF: Final = 28
_INDENT: Final = 8


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
        self._estimate = LiveEstimate(self.links.sides, exercise=exercise, placement=placement)

    @property
    def result(self) -> LiveResult:
        """Repetitions, sets and the difference so far."""
        return self._estimate.result

    def take(self, event: Event) -> None:
        """Take an event."""
        self.links.take(event)
        self._estimate.add(event)
        if self._estimate.due:
            self._estimate.update()

    def text(self) -> Text:
        """The whole display."""
        lines = [self._title(), Text(), *self._bar(), Text(), self._counts(), Text(), *self._table()]
        lines += [Text(), Text(self._timing())]
        lines += [Text(f"!! {alarm} !!", "bold reverse") for alarm in self.links.alarms()]
        lines += [Text(notice) for notice in self.links.notices[-2:]]
        return Text("\n").join(lines)

    def line(self) -> str:
        """One line, for where nothing can be drawn: time, sets, repetitions, difference, rate and loss."""
        result, links = self.result, self.links.sides.values()
        reps = "/".join(str(result.set_reps[side]) for side in self.links.sides)
        rates = "/".join("-" if own.status is None else f"{own.status.rate_hz:.0f}" for own in links)
        losses = "/".join(f"{own.loss_percent:.1f}" for own in links)
        index = self._difference(result, short=True)
        return f"{self.links.time()} | set {result.sets} reps {reps} | {index} | {rates} Hz | lost {losses} %"

    def _title(self) -> Text:
        links = self.links
        minutes, seconds = divmod(int(links.elapsed_s), 60)
        told = [f"{minutes}:{seconds:02d}", self._exercise or "any exercise"]
        if links.marking:
            told.append(f"marking set {links.marked + 1}")
        elif links.marked:
            told.append(f"{links.marked} sets marked")
        if links.paused:
            told.append("PAUSED")
        return Text("   ".join(told), "bold")

    def _bar(self) -> list[Text]:
        """The signed bar, its interval under it, and its scale; grey until there is an interval."""
        result = self.result
        heads = Text(" " * _INDENT).append(f"{MARKS[Side.LEFT]} left more".ljust(_HALF + 1), LEFT)
        heads.append(f"right more {MARKS[Side.RIGHT]}".rjust(_HALF), RIGHT)
        if result.index_percent is None or result.ci95_percent is None:
            empty = "·" * _HALF + "|" + "·" * _HALF
            told = [empty, "", "", "no interval yet: it takes repetitions on both sides"]
            return [heads, *(Text(" " * _INDENT + line, UNKNOWN) for line in told)]
        index, (low, high) = result.index_percent, result.ci95_percent
        scale = next((s for s in _SCALES if max(-low, high, abs(index)) <= s), _SCALES[-1])
        at, first, last = (_cell(value, scale) for value in (index, low, high))
        side = Side.RIGHT if index > 0 else Side.LEFT
        cells = [("█" if min(at, 0) <= k <= max(at, 0) and k else " ") for k in range(-_HALF, _HALF + 1)]
        cells[_HALF] = "|"
        cells[_HALF + at] = MARKS[side]
        span = [("─" if first < k < last else " ") for k in range(-_HALF, _HALF + 1)]
        span[_HALF + first], span[_HALF + last] = "├", "┤"
        ticks = f"{-scale} %".ljust(_HALF) + "0" + f"+{scale} %".rjust(_HALF)
        indent = " " * _INDENT
        return [
            heads,
            Text(indent + "".join(cells), COLOURS[side]),
            Text(indent + "".join(span)),
            Text(indent + ticks, UNKNOWN),
            Text(self._difference(result)),
        ]

    def _difference(self, result: LiveResult, *, short: bool = False) -> str:
        if result.index_percent is None or result.ci95_percent is None:
            return "no interval yet"
        low, high = result.ci95_percent
        if short:
            return f"{result.index_percent:+.1f} % ({low:+.0f} to {high:+.0f})"
        side = Side.RIGHT if result.index_percent > 0 else Side.LEFT
        over = "over all sets" if result.scope == "recording" else "in this set"
        return (
            f"{side} {spec(result.metric).more} by {abs(result.index_percent):.1f} % {over} "
            f"(95 %: {low:+.1f} to {high:+.1f} %)"
        )

    def _counts(self) -> Text:
        result = self.result
        reps, own = (
            ", ".join(f"{side} {counts[side]}" for side in self.links.sides)
            for counts in (result.reps, result.set_reps)
        )
        return Text(f"sets {result.sets}   repetitions {reps}   in this set {own}")

    def _table(self) -> list[Text]:
        head = f"{'':9}{'rate':>9}{'loss':>8}{'RSSI':>9}{'battery':>9}{'last packet':>13}{'drift':>11}  state"
        return [Text(head, UNKNOWN), *(self._row(side) for side in self.links.sides)]

    def _row(self, side: Side) -> Text:
        own, silent_s = self.links.sides[side], self.links.silent_s(side)
        row, status, cells = Text(f"{MARKS[side]} {side:<7}", COLOURS[side]), own.status, ["-"] * 6
        if status is not None:
            cells = [
                f"{status.rate_hz:.1f} Hz",
                f"{own.loss_percent:.1f} %",
                "-" if status.rssi is None else f"{status.rssi} dBm",
                "-" if status.battery is None else f"{status.battery:.0f} %",
                "-" if silent_s is None else f"{silent_s:.1f} s ago",
                "-" if status.drift_ppm is None else f"{round(status.drift_ppm):+d} ppm",
            ]
        widths = (9, 8, 9, 9, 13, 11)
        row.append("".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True)), "default")
        return row.append(f"  {own.state.value}", "default")

    def _timing(self) -> str:
        sync = self.links.sync
        if sync.error_s is None:
            return "left-right timing error: not known yet"
        return f"left-right timing error: {1000 * sync.error_s:.1f} ms ({sync.method})"


def _cell(percent: float, scale: float) -> int:
    return round(_HALF * max(min(percent / scale, 1.0), -1.0))
