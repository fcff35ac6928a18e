"""The page of one athlete: as a web page, and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from analysis.report import about, athlete, words
from analysis.report.athlete import NO_DIARY, NO_PLAN, AthleteView, Followed
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

_TABLE_HEAD, _TABLE_ROW = 50.0, 17.0
"""Heights on paper, figure units."""


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
        panels = [trend_panel("trend", view.leading.trends[0], (940, 230))]
        for i, trend in enumerate(view.leading.trends[1:], 1):
            panels.append(trend_panel(f"trend{i}", trend, (300, 155), narrow=None, title=trend.title))
        share = _share_panel(view)
    side = view.leading.pooled.side
    return render_template(
        "athlete",
        title=f"Athlete report: {view.athlete.id}",
        heading=view.athlete.name or view.athlete.id,
        subtitle=athlete.subtitle(view),
        headline=athlete.headline(view),
        pill=athlete.pill(view),
        tone=side.value if side else "even",
        lead=athlete.lead(view),
        facts=view.leading.facts,
        panels=panels,
        share=share,
        plan=view.plan or NO_PLAN,
        diary=athlete.diary_lines(view) or [NO_DIARY],
        sessions_title=athlete.sessions_title(view),
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
        (400, height),
        lambda ax: draw_shares(ax, view.groups),
        Table(heads, rows),
        narrow=350,
    )


def draw_athlete_page(sheet: Sheet, view: AthleteView, again: str | None = None) -> None:
    """Fill a sheet; call it within `style.styled`."""
    y = sheet.header(view.athlete.name or view.athlete.id, athlete.subtitle(view))
    y = sheet.verdict(
        y, athlete.headline(view), athlete.lead(view), athlete.pill(view), view.leading.pooled.side
    )
    columns = [
        ("In plain words", view.leading.facts),
        ("Words used", [f"{word}: {meaning}" for word, meaning in athlete.glossary(view)]),
        ("Please note", words.NOTE),
    ]
    bottom = sheet.foot(columns, about.made_by(again), shares=(1.5, 1.3, 0.7), most=14)
    rows = athlete.session_rows(view)
    shares = view.groups[:_MOST_SHARES]
    first, more = 250.0, 200.0 * (len(view.leading.trends) > 1)
    lower = max(SHARE_ROW * len(shares) + 70, 180)
    left = bottom - y - first - more - lower - _TABLE_HEAD
    fitting = min(max(int(left / _TABLE_ROW), 3), len(rows))
    # What the table leaves free goes to the main trend.
    first += min(left - fitting * _TABLE_ROW, 120)
    _main_trend(sheet, view, (MARGIN, y, INNER, first - 22))
    y += first
    if more:
        _more_trends(sheet, view, (MARGIN, y, INNER, more - 22))
        y += more
    _lower(sheet, view, shares, (MARGIN, y, INNER, lower - 22))
    _sessions(sheet, view, rows[:fitting], y + lower)


def _main_trend(sheet: Sheet, view: AthleteView, box: Box) -> None:
    x, y, width, height = box
    trend = view.leading.trends[0]
    sheet.title(x, y, trend_title(trend))
    draw_trend(sheet.panel((x, y + 24, width, height - 24)), trend)


def _more_trends(sheet: Sheet, view: AthleteView, box: Box) -> None:
    x, y, width, height = box
    chosen = view.leading.trends[1 : 1 + _SMALL_TRENDS]
    each = (width - 30 * (_SMALL_TRENDS - 1)) / _SMALL_TRENDS
    for i, trend in enumerate(chosen):
        left = x + i * (each + 30)
        sheet.title(left, y, trend.title)
        draw_trend(sheet.panel((left, y + 22, each, height - 22)), trend)


def _lower(sheet: Sheet, view: AthleteView, shares: Sequence[Followed], box: Box) -> None:
    x, y, width, height = box
    sheet.title(x, y, "Who does how much")
    tall = min(SHARE_ROW * len(shares) + 18, height - 24)
    draw_shares(sheet.panel((x, y + 26, 0.34 * width, tall)), shares)
    title, *lines = view.plan or NO_PLAN
    diary = athlete.diary_lines(view) or [NO_DIARY]
    for at, share, name, said, most in ((0.37, 0.33, title, lines, 6), (0.72, 0.28, "Diary", diary, 1)):
        texts = [(line, MUTED) for line in said]
        sheet.card(x + at * width, y, share * width, name, texts, least=90, most=most)


def _sessions(sheet: Sheet, view: AthleteView, rows: Sequence[Sequence[str]], y: float) -> None:
    sheet.title(MARGIN, y, athlete.sessions_title(view))
    widths = (95.0, 110.0, 130.0, 160.0, 230.0, 60.0, INNER - 785)
    for i, row in enumerate((athlete.SESSION_HEADS, *rows)):
        x = MARGIN
        for cell, width in zip(row, widths, strict=True):
            bold = i == 0
            said = shorten(cell, width - 8, SMALL, bold=bold)
            sheet.text(x, y + 34 + _TABLE_ROW * i, said, size=SMALL, weight="bold" if bold else "normal")
            x += width
