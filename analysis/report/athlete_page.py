"""The page of one athlete: as a web page, and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from analysis.report import about, athlete, words
from analysis.report.athlete import AthleteView
from analysis.report.drawing import Box
from analysis.report.html import render_template, trend_panel
from analysis.report.numbers import sided, sided_interval
from analysis.report.panels import Panel, Table, panel
from analysis.report.share_figure import SHARE_ROW, draw_shares
from analysis.report.sheet import INNER, MARGIN, Sheet, save_sheet
from analysis.report.style import MUTED, SMALL, shorten, styled
from analysis.report.trend import trend_title
from analysis.report.trend_figure import draw_trend
from analysis.report.verdicts import verdict_words
from analysis.report.writing import USUAL, write_pages

_MOST_SHARES: Final = 4
"""Places whose share is shown on paper."""

_SMALL_TRENDS: Final = 3
"""Trends beside each other on paper, below the main one."""


def write_athlete_report(
    view: AthleteView, folder_or_path: Path | str, formats: Sequence[str] = USUAL, *, again: str | None = None
) -> tuple[Path, ...]:
    """Write the page of an athlete into a folder, or to one file; see `writing.write_report`.

    Raises
    ------
    UsageError
        If a format is unknown or its extra is missing, or a file cannot be written.
    """

    def rendered(form: str) -> bytes:
        if form == "html":
            return render_athlete_html(view, again=again).encode("utf-8", "replace")
        return save_sheet(partial(draw_athlete_page, view=view, again=again), form)

    return write_pages(rendered, folder_or_path, formats, "athlete")


def render_athlete_html(view: AthleteView, *, again: str | None = None) -> str:
    """The page as one self-contained web page: no script, no network, inline SVG."""
    with styled():
        panels = [trend_panel("trend", view.leading.trends[0], (940, 280))]
        for i, trend in enumerate(view.leading.trends[1:], 1):
            panels.append(trend_panel(f"trend{i}", trend, (300, 200), narrow=None, title=trend.title))
        share = _share_panel(view)
    side = view.leading.pooled.side
    return render_template(
        "athlete",
        title=f"Athlete report: {view.athlete.id}",
        heading=view.athlete.id,
        subtitle=athlete.subtitle(view),
        headline=athlete.headline(view),
        pill=athlete.pill(view),
        tone=side.value if side else "even",
        lead=athlete.lead(view),
        facts=view.leading.facts,
        panels=panels,
        share=share,
        plan=view.plan,
        session_heads=athlete.SESSION_HEADS,
        session_rows=athlete.session_rows(view),
        glossary=athlete.glossary(view),
        note=words.NOTE,
        footer=about.made_by(again),
    )


def _share_panel(view: AthleteView) -> Panel:
    rows = tuple(
        (
            group.name,
            str(len(group.choice.sessions)),
            words.label(group.pooled.metric),
            sided(group.pooled.index_percent, 1),
            sided_interval(group.pooled.ci95_percent, 1),
            verdict_words(group.pooled.verdict, group.pooled.side, group.pooled.grade),
        )
        for group in view.groups
    )
    heads = ("What", "Sessions", "Metric", "Difference", "95 % interval", "Answer")
    height = int(SHARE_ROW * len(view.groups) + 18)
    return panel(
        "share",
        "Who does how much",
        (460, height),
        lambda ax: draw_shares(ax, view.groups),
        Table(heads, rows),
    )


def draw_athlete_page(sheet: Sheet, view: AthleteView, again: str | None = None) -> None:
    """Fill a sheet; call it within `style.styled`."""
    y = sheet.header(view.athlete.id, athlete.subtitle(view))
    y = sheet.verdict(
        y, athlete.headline(view), athlete.lead(view), athlete.pill(view), view.leading.pooled.side
    )
    columns = [
        ("In plain words", view.leading.facts),
        ("Words used", [f"{word}: {meaning}" for word, meaning in athlete.glossary(view)]),
        ("Please note", words.NOTE),
    ]
    bottom = sheet.foot(columns, about.made_by(again))
    trends, shares = view.leading.trends, view.groups[:_MOST_SHARES]
    wanted = {
        "first": 300.0,
        "more": 200.0 * (len(trends) > 1),
        "lower": max(SHARE_ROW * len(shares) + 60, 150),
    }
    rows = athlete.session_rows(view)
    left = (bottom - y) - sum(wanted.values())
    fitting = max(int((left - 50) / 17), 3)
    wanted["sessions"] = 50.0 + 17 * min(len(rows), fitting)
    share = min((bottom - y) / sum(wanted.values()), 1.0)
    for name, height in wanted.items():
        box = (MARGIN, y, INNER, height * share - 22)
        if name == "first":
            sheet.title(MARGIN, y, trend_title(trends[0]))
            draw_trend(sheet.panel((MARGIN, y + 24, INNER, box[3] - 24)), trends[0])
        elif name == "more" and height:
            _more_trends(sheet, view, box)
        elif name == "lower":
            _lower(sheet, view, box)
        elif name == "sessions":
            _sessions(sheet, rows[:fitting], y)
        y += height * share


def _more_trends(sheet: Sheet, view: AthleteView, box: Box) -> None:
    x, y, width, height = box
    chosen = view.leading.trends[1 : 1 + _SMALL_TRENDS]
    each = (width - 30 * (_SMALL_TRENDS - 1)) / _SMALL_TRENDS
    for i, trend in enumerate(chosen):
        left = x + i * (each + 30)
        sheet.title(left, y, trend.title)
        draw_trend(sheet.panel((left, y + 22, each, height - 22)), trend)


def _lower(sheet: Sheet, view: AthleteView, box: Box) -> None:
    x, y, width, height = box
    half = (width - 36) / 2
    shares = view.groups[:_MOST_SHARES]
    sheet.title(x, y, "Who does how much")
    tall = min(SHARE_ROW * len(shares) + 18, height - 24)
    draw_shares(sheet.panel((x, y + 26, half, tall)), shares)
    title, *lines = view.plan or ("No plan", "None was made for this athlete.")
    said = [(line, MUTED) for line in lines]
    sheet.card(x + half + 36, y, half, title, said, least=min(height, 90), most=4)


def _sessions(sheet: Sheet, rows: Sequence[Sequence[str]], y: float) -> None:
    sheet.title(MARGIN, y, "Latest sessions")
    widths = (95.0, 190.0, 150.0, 90.0, 150.0, 120.0, 60.0, INNER - 855)
    for i, row in enumerate((athlete.SESSION_HEADS, *rows)):
        x = MARGIN
        for cell, width in zip(row, widths, strict=True):
            bold = i == 0
            said = shorten(cell, width - 8, SMALL, bold=bold)
            sheet.text(x, y + 34 + 17 * i, said, size=SMALL, weight="bold" if bold else "normal")
            x += width
