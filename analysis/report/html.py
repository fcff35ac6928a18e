"""The report as one self-contained web page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.report import figures, words
from analysis.report.figures import Trend
from analysis.report.style import CSS_VARIABLE, DARK, FILL, styled
from analysis.report.svg import inline_svg
from analysis.results import Analysis, Metric, Waveform
from sensing.recording import Side

ROW: Final = 36.0
"""Height of one metric's row, px."""

Draw = Callable[[Axes, Analysis], Mapping[str, Sequence[str]] | None]


@dataclass(frozen=True)
class Table:
    """A data table: column heads and rows of text."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Panel:
    """One picture of the page with its heading and its data table."""

    name: str
    title: str
    svg: Markup
    narrow: Markup | None
    width: int
    height: int
    table: Table


def render_html(analysis: Analysis, *, history: Trend | None = None) -> str:
    """The report as one HTML page: no script, no network, inline SVG.

    Parameters
    ----------
    analysis : Analysis
        What to report.
    history : Trend, optional
        Sessions up to this one; without it the trend panel is left out.

    Returns
    -------
    str
        The page, to be saved as UTF-8.
    """
    with styled():
        panels = _panels(analysis, history)
    return _template().render(
        title=f"Left–right report: {words.headline(analysis)}",
        headline=words.headline(analysis),
        status=words.status(analysis),
        tone=_tone(analysis),
        summary=analysis.summary,
        facts=words.facts(analysis),
        subtitle=words.subtitle(analysis),
        grade=analysis.quality.grade,
        quality_lines=words.quality_lines(analysis),
        warnings=words.warnings(analysis),
        findings=words.findings(analysis),
        explanation=words.explanation(analysis),
        glossary=words.glossary(analysis),
        note=words.NOTE,
        footer=words.footer(analysis),
        panels={panel.name: panel for panel in panels},
        light=_variables({color: color for color in CSS_VARIABLE}, _LIGHT_TEXT),
        dark=_variables(DARK, _DARK_TEXT),
    )


_LIGHT_TEXT: Final = {"--left-text": FILL[Side.LEFT], "--right-text": FILL[Side.RIGHT]}
_DARK_TEXT: Final = {"--left-text": "#63b3e4", "--right-text": "#f2995a"}


def _variables(colours: Mapping[str, str], text: Mapping[str, str]) -> dict[str, str]:
    return {CSS_VARIABLE[key]: colour for key, colour in colours.items()} | dict(text)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: _text(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")


_TOGETHER: Final = re.compile(r"(?<=\d) (?=%)|(?<=\b[LR]) (?=\d)")


def _text(text: str) -> str:
    """Text that a page can show, with no line break inside ``R 11.8 %``."""
    return _TOGETHER.sub("\u00a0", words.printable(text))


def _tone(analysis: Analysis) -> str:
    return analysis.verdict.side.value if analysis.verdict.side else "even"


def _panels(analysis: Analysis, history: Trend | None) -> list[Panel]:
    rows = max(len(words.rows(analysis)), 1)
    table_height = int(rows * ROW + figures.AXIS_HEIGHT)
    metric = words.focus(analysis)
    sport = analysis.profile is not None and analysis.profile.band_percent is not None
    panels = [
        _panel(
            analysis, "scale", "The answer on a scale", (620, 134 if sport else 112), figures.draw_scale,
            _metric_table([metric] if metric else []), narrow=350,
        ),
        _panel(
            analysis, "bars", "Left and right, metric by metric", (560, table_height),
            figures.draw_butterfly, _value_table(words.rows(analysis)), narrow=370,
        ),
        _panel(
            analysis, "forest", "Difference with 95 % interval", (370, table_height),
            figures.draw_forest, _metric_table(analysis.metrics),
            narrow=400, draw_narrow=partial(figures.draw_forest, named=True),
        ),
    ]  # fmt: skip
    if words.focus_values(analysis) is not None:
        title = f"Every {words.repetition(analysis)}"
        panels.append(_panel(analysis, "reps", title, (460, 280), figures.draw_reps, _rep_table(analysis)))
    wave = figures.first_waveform(analysis)
    if wave is not None:
        title = f"Average {words.repetition(analysis)}, left over right"
        panels.append(_panel(analysis, "waves", title, (460, 280), figures.draw_waves, _wave_table(wave)))
    if wave is not None and figures.has_cyclogram(analysis):
        panels.append(
            _panel(
                analysis, "cyclogram", "Moving together?", (300, 300), figures.draw_cyclogram,
                _wave_table(wave, step=10),
            )
        )  # fmt: skip
    if history is not None and history.points:
        title = f"Last {len(history.points)} sessions"

        def draw(ax: Axes, analysis: Analysis) -> None:
            figures.draw_trend(ax, analysis, history)

        panels.append(_panel(analysis, "trend", title, (620, 250), draw, _trend_table(history)))
    return panels


def _panel(
    analysis: Analysis, name: str, title: str, size: tuple[int, int], draw: Draw, table: Table,
    *, narrow: int | None = None, draw_narrow: Draw | None = None,
) -> Panel:  # fmt: skip
    label = f"{title}. {_described(analysis, name)} The data table below holds the numbers."
    svg = _draw(analysis, name, label, size, draw)
    small = (
        None
        if narrow is None
        else _draw(analysis, f"{name}-narrow", label, (narrow, size[1]), draw_narrow or draw)
    )
    return Panel(name, title, svg, small, *size, table)


def _draw(analysis: Analysis, name: str, label: str, size: tuple[int, int], draw: Draw) -> Markup:
    figure = Figure(figsize=(size[0] / 72, size[1] / 72))
    tooltips = draw(figures.add_axes(figure, (0, 0, *size)), analysis)
    return inline_svg(figure, name, label, tooltips)


def _described(analysis: Analysis, name: str) -> str:
    if name == "scale" and (said := words.facts(analysis)):
        return f"{', '.join(said)}."
    return ""


def _value_table(metrics: Sequence[Metric]) -> Table:
    rows = ((words.label(m.name), *words.side_values(m), words.unit(m.unit), m.reason) for m in metrics)
    return Table(("Metric", "Left", "Right", "Unit", "Note"), tuple(rows))


def _metric_table(metrics: Sequence[Metric]) -> Table:
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


def _rep_table(analysis: Analysis) -> Table:
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


def _wave_table(wave: Waveform, step: int = 5) -> Table:
    columns = {
        "Left": wave.left_mean, "Left SD": wave.left_sd, "Right": wave.right_mean, "Right SD": wave.right_sd,
    }  # fmt: skip
    known = {name: np.asarray(column, float) for name, column in columns.items() if column is not None}
    points = min(len(column) for column in known.values())
    rows = (
        (
            f"{100 * i / max(points - 1, 1):.0f}",
            *(words.number(float(column[i])) for column in known.values()),
        )
        for i in range(0, points, step)
    )
    return Table(("% done", *(f"{name}, {words.unit(wave.unit)}" for name in known)), tuple(rows))


def _trend_table(trend: Trend) -> Table:
    rows = (
        (
            point.when.isoformat()[:10],
            words.sided(point.index_percent, 1),
            words.sided_interval(point.interval_percent, 1),
        )
        for point in trend.points
    )
    return Table(("Day", "Difference", "95 % interval"), tuple(rows))
