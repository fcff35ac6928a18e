"""A page as one picture in the shape of A4, laid out from measured text, and the files it becomes."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch

from analysis.report.about import software_version
from analysis.report.drawing import Box, add_axes
from analysis.report.numbers import printable
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
from sensing.errors import UsageError
from sensing.recording import Side

WIDTH: Final = 1000.0
HEIGHT: Final = WIDTH * 297 / 210
MARGIN: Final = 56.0
INNER: Final = WIDTH - 2 * MARGIN
LEADING: Final = 1.45
SCALE: Final = 1.6
"""Pixels per figure unit."""

A4_POINTS: Final = (595.28, 841.89)


@dataclass(frozen=True)
class Sheet:
    """The page: one axes over the whole figure in figure units, y down, and the figure for the panels."""

    figure: Figure
    ax: Axes

    def text(
        self, x: float, y: float, text: str, *, size: float = 11.5, color: str = INK, **kwargs: object
    ) -> None:
        """One line; y is its middle."""
        options: dict[str, object] = {"va": "center", "color": color, "fontsize": size} | kwargs
        self.ax.text(x, y, printable(text), **options)  # type: ignore[arg-type]

    def lines(
        self, x: float, y: float, width: float, texts: Sequence[str], *, size: float = 11.5, color: str = INK,
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

    def title(self, x: float, y: float, text: str) -> None:
        """The heading of a part; y is its top."""
        self.text(x, y + 8, text, size=13.5, weight="bold")

    def panel(self, box: Box) -> Axes:
        """Axes for one picture."""
        return add_axes(self.figure, box)

    def header(self, name: str, about: Sequence[str]) -> float:
        """Name of the page, key of the sides, and whose it is; returns the y below."""
        self.text(MARGIN, 52, shorten(name, INNER - 250, 25, bold=True), size=25, weight="bold")
        x = WIDTH - MARGIN
        for side in (Side.RIGHT, Side.LEFT):
            label = side.value.upper()
            self.text(x, 52, label, size=13, color=FILL[side], weight="bold", ha="right")
            x -= text_width(label, 13, bold=True) + 14
            size = 11 if side is Side.LEFT else 9.5
            self.ax.plot([x], [52], MARKER[side], color=MARK[side], markersize=size)
            x -= 34
        y = self.lines(MARGIN, 72, INNER, ["  ·  ".join(about)], size=12, color=MUTED, most=2) + 6
        self.rule(y)
        return y

    def verdict(self, y: float, headline: str, lead: str, pill: str = "", side: Side | None = None) -> float:
        """The answer: a few words in a pill, the headline, and what it rests on; returns the y below."""
        if pill:
            color = FILL[side] if side else MUTED
            said = shorten(pill, INNER - 30, SMALL, bold=True)
            wide = text_width(said, SMALL, bold=True)
            box = FancyBboxPatch(
                (MARGIN + 9, y + 21), wide, 6, boxstyle="round,pad=7,rounding_size=10", facecolor="none",
                edgecolor=color, linewidth=1.2,
            )  # fmt: skip
            self.ax.add_patch(box)
            self.text(MARGIN + 9, y + 24, said, size=SMALL, color=color, weight="bold")
            y += 28
        y = self.lines(MARGIN, y + 14, INNER, [headline], size=21, most=2, bold=True) + 2
        return self.lines(MARGIN, y, INNER, [lead], size=13, color=MUTED, most=3) + 14

    def card(
        self,
        x: float,
        y: float,
        width: float,
        title: str,
        lines: Sequence[tuple[str, str]],
        least: float = 0.0,
        most: int = 2,
    ) -> float:
        """A box with a title and coloured texts of at most so many lines each; returns its height."""
        wrapped = [
            (part, color) for text, color in lines for part in wrap(text, width - 28, SMALL + 0.5, most=most)
        ]
        height = max(least, 44 + len(wrapped) * 16)
        box = FancyBboxPatch(
            (x + 6, y + 6), width - 12, height - 12, boxstyle="round,pad=6", facecolor=CARD, edgecolor=GRID,
            linewidth=1.2,
        )  # fmt: skip
        self.ax.add_patch(box)
        self.text(x + 14, y + 21, shorten(title, width - 28, 13, bold=True), size=13, weight="bold")
        for i, (text, color) in enumerate(wrapped):
            self.text(x + 14, y + 46 + i * 16, text, size=SMALL + 0.5, color=color)
        return height

    def paragraphs(self, x: float, y: float, width: float, height: float, texts: Sequence[str]) -> None:
        """Short paragraphs as far as they fit, each at most three lines."""
        bottom = y + height
        for text in texts:
            left = int((bottom - y) / (12 * LEADING))
            if left <= 0:
                return
            y = self.lines(x, y, width, [text], size=12, most=min(left, 3))

    def foot(
        self,
        columns: Sequence[tuple[str, Sequence[str]]],
        source: Sequence[str],
        shares: Sequence[float] = (),
        most: int = 9,
    ) -> float:
        """Columns of small text and the footer, drawn from the bottom up; returns the y above them.

        ``shares`` is how wide the columns are beside each other, where not alike; ``most`` how many lines
        they may have.
        """
        lines = wrap("  ·  ".join(source), INNER, 9, most=3)
        y = HEIGHT - 34 - len(lines) * 13
        for i, line in enumerate(lines):
            self.text(MARGIN, y + 6 + i * 13, line, size=9, color=MUTED)
        parts = shares or (1.0,) * len(columns)
        widths = [(INNER - 32 * (len(columns) - 1)) * part / sum(parts) for part in parts]
        size = SMALL + 0.5
        wrapped = [
            _whole_texts(texts, width, size, most) for (_, texts), width in zip(columns, widths, strict=True)
        ]
        top = y - 22 - max(len(lines) for lines in wrapped) * size * LEADING - 30
        self.rule(top)
        x = MARGIN
        for (title, _), texts, width in zip(columns, wrapped, widths, strict=True):
            self.text(x, top + 20, title, size=12, weight="bold")
            self.lines(x, top + 32, width, texts, size=size, color=MUTED)
            x += width + 32
        return top - 4


def _whole_texts(texts: Sequence[str], width: float, size: float, most: int) -> list[str]:
    """Lines of the texts that fit whole, and of as many as fit."""
    lines: list[str] = []
    for text in texts:
        wrapped = wrap(text, width, size)
        if len(lines) + len(wrapped) <= most:
            lines += wrapped
    return lines


def blank_sheet() -> Sheet:
    """An empty page; call it within `style.styled`."""
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), facecolor=SURFACE)
    ax = add_axes(figure, (0, 0, WIDTH, HEIGHT))
    ax.set_axis_off()
    ax.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    return Sheet(figure, ax)


def save_sheet(draw: Callable[[Sheet], None], form: str) -> bytes:
    """A drawn page as ``png`` or ``pdf``.

    Raises
    ------
    UsageError
        PDF without the extra that it needs.
    """
    buffer = io.BytesIO()
    made_by = f"sidewise {software_version()}"
    with styled():
        sheet = blank_sheet()
        draw(sheet)
        if form == "png":
            sheet.figure.savefig(
                buffer, format="png", dpi=72 * SCALE, metadata={"Software": made_by},
                pil_kwargs={"compress_level": 4},
            )  # fmt: skip
            return buffer.getvalue()
        sheet.figure.savefig(buffer, format="pdf", metadata={"Creator": made_by, "CreationDate": None})
    return _on_a4(buffer)


def _on_a4(drawn: io.BytesIO) -> bytes:
    """The one page of a PDF, scaled to A4: matplotlib draws in figure units, which are larger."""
    try:
        from pypdf import PdfWriter
    except ImportError:
        raise UsageError(
            "PDF needs an extra: pip install 'sidewise[pdf]', or print the web page from a browser"
        ) from None
    writer = PdfWriter(clone_from=drawn)
    writer.pages[0].scale_to(*A4_POINTS)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
