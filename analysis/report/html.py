"""The report of one recording as one self-contained web page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.report import about, body_words, figures, rep_figures, words
from analysis.report.drawing import AXIS_HEIGHT
from analysis.report.panels import (
    Draw,
    Panel,
    metric_table,
    panel,
    rep_table,
    trend_table,
    value_table,
    wave_table,
)
from analysis.report.style import CSS_VARIABLE, DARK, FILL, styled
from analysis.report.trend import Trend, trend_title
from analysis.report.trend_figure import draw_trend
from analysis.results import Analysis
from sensing.recording import Side

ROW: Final = 36.0
"""Height of one metric's row, px."""


def render_html(analysis: Analysis, *, history: Trend | None = None, again: str | None = None) -> str:
    """The report as one HTML page: no script, no network, inline SVG.

    Parameters
    ----------
    analysis : Analysis
        What to report.
    history : Trend, optional
        Sessions up to this one; without it the trend panel is left out.
    again : str, optional
        The command that makes this report again, where it is known.

    Returns
    -------
    str
        The page, to be saved as UTF-8.
    """
    with styled():
        panels = _panels(analysis, history)
    return render_template(
        "report",
        title=f"Left–right report: {words.headline(analysis)}",
        heading="Left–right report",
        headline=words.headline(analysis),
        pill=words.pill(analysis),
        tone=analysis.verdict.side.value if analysis.verdict.side else "even",
        lead=words.lead(analysis),
        subtitle=about.subtitle(analysis),
        grade=analysis.quality.grade,
        quality_mark=about.quality_mark(analysis.quality),
        quality_lines=about.quality_lines(analysis),
        warnings=about.warnings(analysis),
        findings=words.findings(analysis),
        explanation=words.explanation(analysis) + body_words.said(analysis.body),
        glossary=words.glossary(analysis),
        note=words.NOTE,
        footer=about.footer(analysis, again),
        panels={one.name: one for one in panels},
    )


_LIGHT_TEXT: Final = {"--left-text": FILL[Side.LEFT], "--right-text": FILL[Side.RIGHT]}
_DARK_TEXT: Final = {"--left-text": "#63b3e4", "--right-text": "#f2995a"}


def render_template(name: str, **shown: Any) -> str:
    """A page from its template, everything in it escaped, in the colours of the figures."""
    light = _variables({color: color for color in CSS_VARIABLE}, _LIGHT_TEXT)
    page = _environment().get_template(f"{name}.html.j2")
    return page.render(light=light, dark=_variables(DARK, _DARK_TEXT), **shown)


def _variables(colours: Mapping[str, str], text: Mapping[str, str]) -> dict[str, str]:
    return {CSS_VARIABLE[key]: colour for key, colour in colours.items()} | dict(text)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: _text(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_TOGETHER: Final = re.compile(r"(?<=\d) (?=%)|(?<=\b[LR]) (?=\d)")


def _text(text: str) -> str:
    """Text that a page can show, with no line break inside ``R 11.8 %``."""
    return _TOGETHER.sub("\u00a0", words.printable(text))


def _panels(analysis: Analysis, history: Trend | None) -> list[Panel]:
    height = int(max(len(words.rows(analysis)), 1) * ROW + AXIS_HEIGHT)
    metric = words.focus(analysis)
    sport = analysis.profile is not None and analysis.profile.band_percent is not None

    def of(draw: Any, **options: Any) -> Draw:
        return lambda ax: draw(ax, analysis, **options)

    panels = [
        panel(
            "scale", "The answer on a scale", (620, 134 if sport else 112), of(figures.draw_scale),
            metric_table([metric] if metric else []), described=words.lead(analysis), narrow=350,
        ),
        panel(
            "bars", "Left and right, metric by metric", (560, height), of(figures.draw_butterfly),
            value_table(words.every_row(analysis)), narrow=370,
        ),
        panel(
            "forest", "Difference with 95 % interval", (370, height), of(figures.draw_forest),
            metric_table(analysis.metrics), narrow=400, draw_narrow=of(figures.draw_forest, named=True),
        ),
    ]  # fmt: skip
    name, wave = words.repetition(analysis), rep_figures.first_waveform(analysis)
    if words.focus_values(analysis) is not None:
        panels.append(
            panel("reps", f"Every {name}", (460, 280), of(rep_figures.draw_reps), rep_table(analysis))
        )
    if wave is not None:
        title = f"Average {name}, left over right"
        panels.append(panel("waves", title, (460, 280), of(rep_figures.draw_waves), wave_table(wave)))
    if wave is not None and rep_figures.has_cyclogram(analysis):
        panels.append(
            panel(
                "cyclogram", "Moving together?", (180, 180), of(rep_figures.draw_cyclogram),
                wave_table(wave, step=10), caption=rep_figures.CYCLOGRAM_SAYS,
            )
        )  # fmt: skip
    if history is not None:
        panels.append(trend_panel("trend", history, (620, 250)))
    return panels


def trend_panel(
    name: str, trend: Trend, size: tuple[int, int], *, narrow: int | None = 350, title: str = ""
) -> Panel:
    """The picture of a trend."""
    named, table = title or trend_title(trend), trend_table(trend)
    return panel(name, named, size, lambda ax: draw_trend(ax, trend), table, narrow=narrow)
