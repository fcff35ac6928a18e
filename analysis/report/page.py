"""The report as one picture in the shape of an A4 page, laid out from measured text."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch

from analysis.report import figures, words
from analysis.report.figures import Trend
from analysis.report.style import (
    CARD,
    FILL,
    GRID,
    INK,
    LINE,
    MARK,
    MARKER,
    MUTED,
    SMALL,
    SURFACE,
    shorten,
    styled,
    text_width,
    wrap,
)
from analysis.results import Analysis
from sensing.recording import Side

WIDTH: Final = 1000.0
HEIGHT: Final = WIDTH * 297 / 210
MARGIN: Final = 56.0
INNER: Final = WIDTH - 2 * MARGIN
LEADING: Final = 1.45
SCALE: Final = 1.6
"""Pixels per figure unit."""


@dataclass(frozen=True)
class _Sheet:
    """The page: one axes over the whole figure in figure units, y down, and the figure for the panels."""

    figure: Figure
    ax: Axes

    def text(
        self, x: float, y: float, text: str, *, size: float = 11.5, color: str = INK, **kwargs: object
    ) -> None:
        """One line; y is its middle."""
        options: dict[str, object] = {"va": "center", "color": color, "fontsize": size} | kwargs
        self.ax.text(x, y, words.printable(text), **options)  # type: ignore[arg-type]

    def lines(
        self, x: float, y: float, width: float, texts: list[str], *, size: float = 11.5, color: str = INK,
        most: int = 99, bold: bool = False,
    ) -> float:  # fmt: skip
        """Wrapped paragraphs from y down, at most so many lines in all; returns the y below them."""
        step = size * LEADING
        for text in texts:
            if most <= 0:
                break
            for line in wrap(text, width, size, bold=bold, most=most):
                self.text(x, y + step / 2, line, size=size, color=color, weight="bold" if bold else "normal")
                y, most = y + step, most - 1
        return y

    def rule(self, y: float, color: str = LINE) -> None:
        """A line across the page."""
        self.ax.add_line(Line2D((MARGIN, WIDTH - MARGIN), (y, y), color=color, linewidth=1))

    def panel(self, box: figures.Box) -> Axes:
        """Axes for one picture."""
        return figures.add_axes(self.figure, box)


def render_page(analysis: Analysis, *, history: Trend | None = None) -> bytes:
    """The page as PNG data."""
    buffer = io.BytesIO()
    with styled():
        figure = draw_page(analysis, history)
        software = {"Software": f"sidewise {words.software_version()}"}
        figure.savefig(
            buffer, format="png", dpi=72 * SCALE, metadata=software, pil_kwargs={"compress_level": 4}
        )
    return buffer.getvalue()


def draw_page(analysis: Analysis, history: Trend | None = None) -> Figure:
    """The page as a figure; call it within `style.styled`."""
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), facecolor=SURFACE)
    ax = figures.add_axes(figure, (0, 0, WIDTH, HEIGHT))
    ax.set_axis_off()
    ax.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    _draw_page(_Sheet(figure, ax), analysis, history)
    return figure


def _draw_page(sheet: _Sheet, analysis: Analysis, history: Trend | None) -> None:
    y = _header(sheet, analysis)
    y = _verdict(sheet, analysis, y)
    y = _scale_and_card(sheet, analysis, y)
    bottom = _foot(sheet, analysis, history)
    rows = max(len(words.rows(analysis)), 1)
    wanted = {"metrics": 38 + figures.AXIS_HEIGHT + 40 * rows}
    if words.focus_values(analysis) is not None or figures.first_waveform(analysis) is not None:
        wanted["halves"] = 300.0
    wanted["last"] = 270.0
    share = min((bottom - y) / sum(wanted.values()), 1.0)
    for name, height in wanted.items():
        box = (MARGIN, y, INNER, height * share - 22)
        if name == "metrics":
            _metrics(sheet, analysis, box)
        elif name == "halves":
            _halves(sheet, analysis, box)
        else:
            _last(sheet, analysis, history, box)
        y += height * share


def _header(sheet: _Sheet, analysis: Analysis) -> float:
    sheet.text(MARGIN, 52, "Left–right report", size=25, weight="bold")
    x = WIDTH - MARGIN
    for side in (Side.RIGHT, Side.LEFT):
        name = side.value.upper()
        sheet.text(x, 52, name, size=13, color=FILL[side], weight="bold", ha="right")
        x -= text_width(name, 13, bold=True) + 14
        sheet.ax.plot([x], [52], MARKER[side], color=MARK[side], markersize=11 if side is Side.LEFT else 9.5)
        x -= 34
    about = "  ·  ".join(words.subtitle(analysis))
    y = sheet.lines(MARGIN, 72, INNER, [about], size=12, color=MUTED, most=2) + 6
    sheet.rule(y)
    return y


def _verdict(sheet: _Sheet, analysis: Analysis, y: float) -> float:
    side = analysis.verdict.side
    color = FILL[side] if side else MUTED
    status = shorten(words.status(analysis), INNER - 30, SMALL, bold=True)
    wide = text_width(status, SMALL, bold=True)
    pill = FancyBboxPatch(
        (MARGIN + 9, y + 21),
        wide,
        6,
        boxstyle="round,pad=7,rounding_size=10",
        facecolor="none",
        edgecolor=color,
        linewidth=1.2,
    )
    sheet.ax.add_patch(pill)
    sheet.text(MARGIN + 9, y + 24, status, size=SMALL, color=color, weight="bold")
    y = sheet.lines(MARGIN, y + 42, INNER, [words.headline(analysis)], size=20, most=2, bold=True) + 2
    y = sheet.lines(MARGIN, y, INNER, [analysis.summary], size=13, most=2)
    if facts := words.facts(analysis):
        y = sheet.lines(MARGIN, y + 1, INNER, ["   ·   ".join(facts)], size=12, color=MUTED, most=2)
    return y + 14


def _scale_and_card(sheet: _Sheet, analysis: Analysis, y: float) -> float:
    gap, card = 34.0, 272.0
    lines = [(line, MUTED) for line in words.quality_lines(analysis)]
    notes = words.warnings(analysis)
    most = 3
    lines += [(f"! {note}", INK) for note in notes[:most]]
    if len(notes) > most:
        lines.append((f"and {len(notes) - most} more: see the web page or the JSON", MUTED))
    wrapped = [(part, color) for text, color in lines for part in wrap(text, card - 28, SMALL + 0.5, most=2)]
    height = max(128.0, 44 + len(wrapped) * 16)
    x = WIDTH - MARGIN - card
    box = FancyBboxPatch(
        (x + 6, y + 6),
        card - 12,
        height - 12,
        boxstyle="round,pad=6",
        facecolor=CARD,
        edgecolor=GRID,
        linewidth=1.2,
    )
    sheet.ax.add_patch(box)
    mark = {"good": "✓", "usable": "!"}.get(analysis.quality.grade, "✗")
    sheet.text(x + 14, y + 21, f"{mark} Data quality: {analysis.quality.grade}", size=13, weight="bold")
    for i, (text, color) in enumerate(wrapped):
        sheet.text(x + 14, y + 46 + i * 16, text, size=SMALL + 0.5, color=color)
    figures.draw_scale(sheet.panel((MARGIN, y + (height - 128) / 2, INNER - card - gap, 128)), analysis)
    return y + height + 26


def _title(sheet: _Sheet, x: float, y: float, text: str) -> None:
    sheet.text(x, y + 8, text, size=13.5, weight="bold")


def _metrics(sheet: _Sheet, analysis: Analysis, box: figures.Box) -> None:
    x, y, width, height = box
    left = width * 0.59
    _title(sheet, x, y, "Left and right, metric by metric")
    _title(sheet, x + left + 32, y, "Difference with 95 % interval")
    figures.draw_butterfly(sheet.panel((x, y + 26, left, height - 26)), analysis)
    figures.draw_forest(sheet.panel((x + left + 32, y + 26, width - left - 32, height - 26)), analysis)


def _halves(sheet: _Sheet, analysis: Analysis, box: figures.Box) -> None:
    x, y, width, height = box
    half = (width - 36) / 2
    name = words.repetition(analysis)
    _title(sheet, x, y, f"Every {name}")
    figures.draw_reps(sheet.panel((x, y + 24, half, height - 24)), analysis)
    _title(sheet, x + half + 36, y, f"Average {name}, left over right")
    figures.draw_waves(sheet.panel((x + half + 36, y + 24, half, height - 24)), analysis)


def _last(sheet: _Sheet, analysis: Analysis, history: Trend | None, box: figures.Box) -> None:
    """Cyclogram, then the trend or, without one, the plain words."""
    x, y, width, height = box
    if figures.has_cyclogram(analysis):
        side = min(height - 24, 290)
        _title(sheet, x, y, "Moving together?")
        figures.draw_cyclogram(sheet.panel((x, y + 24, side, side)), analysis)
        x, width = x + side + 40, width - side - 40
    if history is not None and history.points:
        _title(sheet, x, y, f"Last {len(history.points)} sessions")
        figures.draw_trend(sheet.panel((x, y + 24, width, height - 24)), analysis, history)
    else:
        _plain_words(sheet, analysis, x, y, width, int((height - 24) / 17.4))


def _plain_words(sheet: _Sheet, analysis: Analysis, x: float, y: float, width: float, most: int) -> None:
    _title(sheet, x, y, "In plain words")
    said = [message for _, message in words.findings(analysis)] + words.explanation(analysis)
    top = y + 24
    for text in said:
        left = most - round((top - y - 24) / 17.4)
        if left <= 0:
            return
        top = sheet.lines(x, top, width, [text], size=12, most=min(left, 3))


def _foot(sheet: _Sheet, analysis: Analysis, history: Trend | None) -> float:
    """Words used, note and footer, drawn from the bottom up; returns the y above them."""
    source = wrap("  ·  ".join(words.footer(analysis)), INNER, 9, most=3)
    y = HEIGHT - 34 - len(source) * 13
    for i, line in enumerate(source):
        sheet.text(MARGIN, y + 6 + i * 13, line, size=9, color=MUTED)
    trend = history is not None and bool(history.points)
    columns = [("Words used", [f"{word}: {meaning}" for word, meaning in words.glossary(analysis)])]
    columns.append(("Please note", list(words.NOTE)))
    if trend:
        said = [message for _, message in words.findings(analysis)] + words.explanation(analysis)
        columns.insert(0, ("In plain words", said))
    width = (INNER - 32 * (len(columns) - 1)) / len(columns)
    size = SMALL + 0.5
    wrapped = [[line for text in texts for line in wrap(text, width, size)][:7] for _, texts in columns]
    top = y - 22 - max(len(lines) for lines in wrapped) * size * LEADING - 30
    sheet.rule(top)
    for i, ((title, _), lines) in enumerate(zip(columns, wrapped, strict=True)):
        x = MARGIN + i * (width + 32)
        sheet.text(x, top + 20, title, size=12, weight="bold")
        sheet.lines(x, top + 32, width, lines, size=size, color=MUTED)
    return top - 4
