"""The report of one recording as a picture."""

from __future__ import annotations

from functools import partial
from typing import Final

from analysis.report import about, body_words, figures, rep_figures, words
from analysis.report.drawing import AXIS_HEIGHT, Box
from analysis.report.sheet import INNER, MARGIN, WIDTH, Sheet, save_sheet
from analysis.report.style import INK, MUTED, SMALL
from analysis.report.trend import Trend, trend_title
from analysis.report.trend_figure import draw_trend
from analysis.results import Analysis

MOST_WARNINGS: Final = 3
_CAPTION: Final = 230.0
"""Width of a line that says how a picture is read, figure units."""


def render_page(
    analysis: Analysis, form: str = "png", *, history: Trend | None = None, again: str | None = None
) -> bytes:
    """The page as ``png`` or ``pdf`` data.

    Raises
    ------
    UsageError
        PDF without the extra that it needs.
    """
    return save_sheet(partial(draw_page, analysis=analysis, history=history, again=again), form)


def draw_page(
    sheet: Sheet, analysis: Analysis, history: Trend | None = None, again: str | None = None
) -> None:
    """Fill a sheet; call it within `style.styled`."""
    y = sheet.header("Left–right report", about.subtitle(analysis))
    y = sheet.verdict(
        y, words.headline(analysis), words.lead(analysis), words.pill(analysis), analysis.verdict.side
    )
    y = _scale_and_card(sheet, analysis, y)
    plain = words.plain_words(analysis) + body_words.said(analysis.body)
    columns = [
        ("Words used", [f"{word}: {meaning}" for word, meaning in words.glossary(analysis)]),
        ("Please note", words.NOTE),
    ]
    if history is not None:
        columns.insert(0, ("In plain words", plain))
    shares = (1.6, 1.0) if history is None else (1.2, 1.4, 0.7)
    bottom = sheet.foot(columns, about.footer(analysis, again), shares)
    wanted = {"metrics": 38 + AXIS_HEIGHT + 40 * max(len(words.rows(analysis)), 1)}
    if words.focus_values(analysis) is not None or rep_figures.first_waveform(analysis) is not None:
        wanted["halves"] = 300.0
    wanted["last"] = 290.0
    share = min((bottom - y) / sum(wanted.values()), 1.0)
    for name, height in wanted.items():
        box = (MARGIN, y, INNER, height * share - 22)
        if name == "metrics":
            _metrics(sheet, analysis, box)
        elif name == "halves":
            _halves(sheet, analysis, box)
        else:
            _last(sheet, analysis, history, plain, box)
        y += height * share


def _scale_and_card(sheet: Sheet, analysis: Analysis, y: float) -> float:
    gap, card = 34.0, 272.0
    lines = [(line, MUTED) for line in about.quality_lines(analysis)]
    notes = about.warnings(analysis)
    lines += [(f"! {note}", INK) for note in notes[:MOST_WARNINGS]]
    if len(notes) > MOST_WARNINGS:
        lines.append((f"and {len(notes) - MOST_WARNINGS} more: see the web page or the JSON", MUTED))
    title = f"{about.quality_mark(analysis.quality)} Data quality: {analysis.quality.grade}"
    height = sheet.card(WIDTH - MARGIN - card, y, card, title, lines, least=128.0)
    figures.draw_scale(sheet.panel((MARGIN, y + (height - 128) / 2, INNER - card - gap, 128)), analysis)
    return y + height + 26


def _metrics(sheet: Sheet, analysis: Analysis, box: Box) -> None:
    x, y, width, height = box
    left = width * 0.59
    sheet.title(x, y, "Left and right, metric by metric")
    sheet.title(x + left + 32, y, "Difference with 95 % interval")
    figures.draw_butterfly(sheet.panel((x, y + 26, left, height - 26)), analysis)
    figures.draw_forest(sheet.panel((x + left + 32, y + 26, width - left - 32, height - 26)), analysis)


def _halves(sheet: Sheet, analysis: Analysis, box: Box) -> None:
    x, y, width, height = box
    half = (width - 36) / 2
    name = words.repetition(analysis)
    sheet.title(x, y, f"Every {name}")
    rep_figures.draw_reps(sheet.panel((x, y + 24, half, height - 24)), analysis)
    sheet.title(x + half + 36, y, f"Average {name}, left over right")
    rep_figures.draw_waves(sheet.panel((x + half + 36, y + 24, half, height - 24)), analysis)


def _last(sheet: Sheet, analysis: Analysis, history: Trend | None, plain: list[str], box: Box) -> None:
    """Cyclogram, then the trend or, without one, the plain words."""
    x, y, width, height = box
    if rep_figures.has_cyclogram(analysis):
        sheet.title(x, y, "Moving together?")
        says = [rep_figures.CYCLOGRAM_SAYS]
        below = sheet.lines(x, y + 20, _CAPTION, says, size=SMALL, color=MUTED, most=2) + 4
        side = min(y + height - below, 290)
        rep_figures.draw_cyclogram(sheet.panel((x, below, side, side)), analysis)
        side = max(side, _CAPTION)
        x, width = x + side + 40, width - side - 40
    if history is not None:
        sheet.title(x, y, trend_title(history))
        draw_trend(sheet.panel((x, y + 24, width, height - 24)), history)
    else:
        sheet.title(x, y, "In plain words")
        sheet.paragraphs(x, y + 24, width, height - 24, plain)
