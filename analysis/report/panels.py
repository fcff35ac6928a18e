"""Pictures on a web page: each with its heading, its label and its data table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.report import words
from analysis.report.drawing import add_axes
from analysis.report.svg import inline_svg
from analysis.report.trend import Trend
from analysis.results import Analysis, Metric, Waveform
from sensing.recording import Side

Draw = Callable[[Axes], Mapping[str, Sequence[str]] | None]
"""Draws into axes, and returns the tooltips of its marks by their gid."""


@dataclass(frozen=True)
class Table:
    """A data table: column heads and rows of text."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Panel:
    """One picture of the page with its heading and its data table; ``narrow`` is for small screens."""

    name: str
    title: str
    svg: Markup
    narrow: Markup | None
    height: int
    table: Table
    caption: str = ""


def panel(
    name: str, title: str, size: tuple[int, int], draw: Draw, table: Table,
    *, described: str = "", narrow: int | None = None, draw_narrow: Draw | None = None, caption: str = "",
) -> Panel:  # fmt: skip
    """Draw one picture; call it within `style.styled`.

    Parameters
    ----------
    name : str
        Unique on the page.
    title : str
        Its heading.
    size : (width, height)
        In figure units.
    draw : callable
        Draws it.
    table : Table
        The numbers in it.
    described : str
        What a screen reader says besides the title.
    narrow : int, optional
        Width of a second picture for small screens.
    draw_narrow : callable, optional
        Draws that one, where ``draw`` does not.
    caption : str
        How it is read, in a line below its heading.
    """
    label = " ".join(filter(None, (f"{title}.", described, "The data table below holds the numbers.")))
    wide = _svg(name, label, size, draw)
    small = None if narrow is None else _svg(f"{name}-narrow", label, (narrow, size[1]), draw_narrow or draw)
    return Panel(name, title, wide, small, size[1], table, caption)


def _svg(name: str, label: str, size: tuple[int, int], draw: Draw) -> Markup:
    figure = Figure(figsize=(size[0] / 72, size[1] / 72))
    return inline_svg(figure, name, label, draw(add_axes(figure, (0, 0, *size))))


def value_table(metrics: Sequence[Metric]) -> Table:
    """Left and right value of each metric, with the reason where there is none."""
    rows = ((words.label(m.name), *words.side_values(m), words.unit(m.unit), m.reason) for m in metrics)
    return Table(("Metric", "Left", "Right", "Unit", "Note"), tuple(rows))


def metric_table(metrics: Sequence[Metric]) -> Table:
    """Difference, interval and answer of each metric."""
    heads = (
        "Metric",
        "Set",
        "Difference",
        "95 % interval",
        "Measurement error",
        "Answer",
        "Sets",
        "Reps L",
        "Reps R",
    )
    return Table(heads, tuple(_metric_row(metric) for metric in metrics))


def _metric_row(metric: Metric) -> tuple[str, ...]:
    effect = words.Effect(metric)
    return (
        words.label(metric.name),
        "all" if metric.set_index is None else str(metric.set_index + 1),
        effect.text,
        effect.interval_text,
        words.MISSING if effect.mdc is None else f"{words.number(effect.mdc, 1)} %",
        words.answer(metric),
        str(metric.n.sets),
        str(metric.n.left),
        str(metric.n.right),
    )


def rep_table(analysis: Analysis) -> Table:
    """The metric in focus, repetition by repetition."""
    values = words.focus_values(analysis)
    if values is None:
        return Table((), ())
    cells: dict[tuple[int, int], dict[Side, str]] = {}
    places = words.decimals(*(float(v) for v in values.value))
    for i, side in enumerate(values.side):
        text = words.number(float(values.value[i]), places) + ("" if values.used[i] else " (left out)")
        cells.setdefault((int(values.set_index[i]), int(values.rep_index[i])), {})[side] = text
    unit = words.unit(values.unit)
    rows = (
        (str(s + 1), str(r + 1), *(found.get(side, words.MISSING) for side in Side))
        for (s, r), found in sorted(cells.items())
    )
    return Table(("Set", "Rep", f"Left, {unit}", f"Right, {unit}"), tuple(rows))


def wave_table(wave: Waveform, step: int = 5) -> Table:
    """The mean repetition at every ``step`` percent, and where the sides differ."""
    columns = {
        "Left": wave.left_mean, "Left SD": wave.left_sd, "Right": wave.right_mean, "Right SD": wave.right_sd,
    }  # fmt: skip
    known = {name: np.asarray(column, float) for name, column in columns.items() if column is not None}
    points = min(len(column) for column in known.values())
    rows = (
        (
            f"{100 * i / max(points - 1, 1):.0f}",
            *(words.number(float(column[i])) for column in known.values()),
            "yes" if any(a <= 100 * i / max(points - 1, 1) <= b for a, b in wave.differs) else words.MISSING,
        )
        for i in range(0, points, step)
    )
    heads = ("% done", *(f"{name}, {words.unit(wave.unit)}" for name in known), "Differs")
    return Table(heads, tuple(rows))


def trend_table(trend: Trend) -> Table:
    """Every session, and the diary among them."""
    rows = [
        (
            words.MISSING if point.when is None else point.when.isoformat(),
            words.sided(point.index_percent, 1),
            words.sided_interval(point.interval_percent, 1),
            "" if point.judged else "could not be judged",
        )
        for point in trend.points
    ]
    rows += [(mark.when.isoformat(), "", "", mark.what) for mark in trend.marks]
    # Sorting keeps sessions without a date, which stand as a dash, behind those with one.
    return Table(("Day", "Difference", "95 % interval", "Note"), tuple(sorted(rows, key=lambda row: row[0])))
