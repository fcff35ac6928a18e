"""Trends and changes as text: at most 80 columns, and nothing that only a colour says."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.history.compare import Change
from analysis.history.diary import Entry
from analysis.history.sessions import Choice, Session
from analysis.history.trend import Trend
from analysis.history.usual import SportAnswer
from analysis.report.numbers import MISSING, number, printable, sided, sided_interval
from analysis.report.trend_words import CHANGES, answer, counted, facts, moved, plain_points, points, what
from analysis.report.verdicts import verdict_words
from sensing.recording import Interval

SHOWN = 20
"""Sessions shown unless all are asked for."""

_CHART = 23
_USUAL = "usual"


def show_trend(
    screen: Console,
    trend: Trend,
    choice: Choice,
    sport: SportAnswer,
    diary: Sequence[Entry] = (),
    *,
    every: bool = False,
) -> None:
    """The pooled answer first, then every session beside what is usual.

    Parameters
    ----------
    screen : Console
        Where to print.
    trend : Trend
        What to show.
    choice : Choice
        What it was made from.
    sport : SportAnswer
        What the sport makes of it.
    diary : sequence of Entry
        What was done or felt meanwhile, by date.
    every : bool
        All sessions, and not the latest `SHOWN` only.
    """
    _print(screen, answer(trend.pooled, choice, sport), style="bold")
    hidden = 0 if every else max(len(trend.points) - SHOWN, 0)
    _print(screen, f"\n{_title(trend.metric)}, {what(choice)}: {counted(len(trend.points), 'session')}")
    screen.print(_chart(screen, trend, sport, diary, hidden))
    if hidden:
        _print(screen, f"{hidden} earlier sessions are not shown; -v shows all.")
    screen.print()
    for line in facts(trend, sport):
        _item(screen, line)


def show_change(screen: Console, change: Change, choice: Choice) -> None:
    """Whether it changed, by how much, and what both times were."""
    words = CHANGES[change.verdict]
    if change.change_percent is None:
        _print(screen, f"{words}: {change.reason}.", style="bold")
    else:
        _print(screen, f"{words}: {moved(change)}; {change.reason}.", style="bold")
    _print(screen, f"\n{_title(change.metric)}, {what(choice)}")
    table = _table("", ">difference", ">95 % interval", ">sessions", "verdict")
    for name, pooled in (("before", change.before), ("after", change.after)):
        if pooled is not None:
            cells = sided(pooled.index_percent, 1), sided_interval(pooled.ci95_percent, 1)
            verdict = verdict_words(pooled.verdict, pooled.side, pooled.grade)
            table.add_row(name, *cells, str(pooled.sessions), verdict)
    screen.print(table)
    screen.print()
    if change.control_percent is not None:
        _item(screen, f"Over rest alone it changed by {points(change.control_percent)}; that is taken off.")
    if change.mdc_percent is not None:
        _item(screen, f"Measurement error of this change (MDC): {plain_points(change.mdc_percent)}.")


def _chart(screen: Console, trend: Trend, sport: SportAnswer, diary: Sequence[Entry], hidden: int) -> Table:
    table = _table("", "", ">difference", ">95 % interval", "verdict", apart=1)
    points = trend.points[hidden:]
    band = sport.match.band_percent if sport.match else None
    shown = [point.ci95_percent for point in points] + [trend.pooled.ci95_percent, trend.own_band, band]
    largest = max((abs(end) for pair in shown if pair for end in pair), default=1.0)
    scale = Text(f"{f'L {number(largest, 0)} %':<{_CHART // 2}}0{f'R {number(largest, 0)} %':>{_CHART // 2}}")
    table.add_row("", scale, "", "", "")

    def add(name: str, value: float | None, interval: Interval | None, verdict: str) -> None:
        bar = _bar(screen, value, interval, largest)
        number_of = "" if verdict == _USUAL else sided(value, 1)
        table.add_row(printable(name), bar, number_of, sided_interval(interval, 1), verdict)

    meanwhile = deque(e for e in diary if not hidden or _is_by(e, points[0].session) is False)
    for point in points:
        while meanwhile and _is_by(meanwhile[0], point.session):
            table.add_row(*_entry(meanwhile.popleft()))
        index = point.row.index_percent if point.row else None
        verdict = verdict_words(point.row.verdict, point.row.side, None) if point.row else MISSING
        add(_when(point.session), index, point.ci95_percent, verdict + ("" if point.pooled else " *"))
    for entry in meanwhile:
        table.add_row(*_entry(entry))
    together = verdict_words(trend.pooled.verdict, trend.pooled.side, None)
    add("together", trend.pooled.index_percent, trend.pooled.ci95_percent, together)
    for name, interval in (("own range", trend.own_band), (sport.sport[:10], band)):
        if interval is not None:
            add(name, None, interval, _USUAL)
    return table


def _is_by(entry: Entry, session: Session) -> bool:
    """Whether an entry stands above a session: of a day before; one of the same day may be either."""
    return session.day is not None and entry.date < session.day


def _entry(entry: Entry) -> tuple[str, str]:
    about = [
        entry.kind.value.replace("_", " "),
        "" if entry.pain is None else f"{entry.pain}/10",
        entry.place,
    ]
    text = printable(", ".join(filter(None, [*about, entry.note])))
    return str(entry.date), text if len(text) <= _CHART else f"{text[: _CHART - 1]}~"


def _bar(screen: Console, value: float | None, interval: Interval | None, largest: float) -> str:
    """An interval with its value on a line from the left side over even to the right side."""
    middle = _CHART // 2
    line, dot, even = ("─", "●", "│") if screen.encoding.lower().startswith("utf") else ("-", "o", "|")

    def place(percent: float) -> int:
        return middle + round(middle * max(-1.0, min(1.0, percent / largest)))

    cells = [" "] * _CHART
    cells[middle] = even
    if interval is not None:
        for at in range(place(interval[0]), place(interval[1]) + 1):
            cells[at] = line
    if value is not None:
        cells[place(value)] = dot
    return "".join(cells)


def _when(session: Session) -> str:
    return str(session.day) if session.day else session.path.rsplit("/", 1)[-1][:10]


def _title(metric: str) -> str:
    # The registry's titles would load all that computes the metrics.
    return metric.replace("_", " ").capitalize()


def _print(screen: Console, text: str, style: str = "") -> None:
    screen.print(Text("\n".join(printable(line) for line in text.split("\n")), style=style))


def _item(screen: Console, text: str) -> None:
    line = Table.grid(padding=(0, 1))
    line.add_row("-", Text(printable(text)))
    screen.print(line)


def _table(*headers: str, apart: int = 2) -> Table:
    table = Table(box=None, padding=(0, apart, 0, 0), pad_edge=False)
    for header in headers:
        table.add_column(header.lstrip(">"), justify="right" if header.startswith(">") else "left")
    return table
