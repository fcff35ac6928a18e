"""What every figure is drawn with: axes in figure units, text, lines and labels that fit.

Figures come in two kinds: those that lay themselves out in figure units on a blank `canvas` (see `style`), so
that nothing overlaps at any size, and plain plots that `fit` shrinks until their labels are inside their box.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from analysis.report import words
from analysis.report.style import (
    BODY,
    INK,
    MUTED,
    shorten,
    wrap,
)

Box = tuple[float, float, float, float]
"""Left, top, width and height in figure units, from the top left corner."""

AXIS_HEIGHT: Final = 34.0
"""Room below the rows of the forest plot for its axis, and below the bars for their note."""


def add_axes(figure: Figure, box: Box) -> Axes:
    """Axes that fill a box given in figure units."""
    width, height = (float(size) * 72 for size in figure.get_size_inches())
    left, top, w, h = box
    return figure.add_axes((left / width, 1 - (top + h) / height, w / width, h / height))


def fit(ax: Axes) -> None:
    """Shrink axes until their labels are inside the box that the axes had."""
    box = ax.get_position()
    figure = ax.figure
    assert isinstance(figure, Figure)
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    width, height = figure.bbox.width, figure.bbox.height
    for _ in range(2):
        drawn = ax.get_tightbbox(renderer)
        inner = ax.get_position()
        if drawn is None:
            return
        left = inner.x0 + max(box.x0 - drawn.x0 / width, 0)
        bottom = inner.y0 + max(box.y0 - drawn.y0 / height, 0)
        right = inner.x1 - max(drawn.x1 / width - box.x1, 0)
        top = inner.y1 - max(drawn.y1 / height - box.y1, 0)
        ax.set_position((left, bottom, right - left, top - bottom))


def canvas(ax: Axes) -> tuple[float, float]:
    """Turn axes into a blank sheet in figure units, y down; returns width and height."""
    figure = ax.figure
    assert isinstance(figure, Figure)
    position, (w, h) = ax.get_position(), figure.get_size_inches()
    width, height = position.width * w * 72, position.height * h * 72
    ax.set_axis_off()
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    return float(width), float(height)


def put_text(
    ax: Axes, x: float, y: float, text: str, *, color: str = INK, size: float = BODY, **kwargs: object
) -> None:
    """One line of text; y is its middle."""
    options: dict[str, object] = {"va": "center", "color": color, "fontsize": size} | kwargs
    ax.text(x, y, words.printable(text), **options)  # type: ignore[arg-type]


def put_rectangle(ax: Axes, x0: float, x1: float, y0: float, y1: float, color: str) -> None:
    """A filled rectangle."""
    ax.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, facecolor=color, edgecolor="none"))


def put_line(ax: Axes, x: Sequence[float], y: Sequence[float], color: str, width: float = 1.0) -> None:
    """A straight line."""
    ax.add_line(Line2D(x, y, color=color, linewidth=width, solid_capstyle="butt"))


def name_axes(ax: Axes, x: str = "", y: str = "", *, colors: tuple[str, str] = (MUTED, MUTED)) -> None:
    """Axis labels no longer than their axis."""
    room = ax.get_window_extent()
    ax.set_xlabel(shorten(x, room.width * 0.85), color=colors[0])
    ax.set_ylabel(shorten(y, room.height * 0.7), color=colors[1])


def quantity(name: str, unit: str) -> str:
    """A quantity and its unit as an axis names it."""
    return ", ".join(filter(None, (words.label(name).lower(), words.unit(unit))))


def message(ax: Axes, text: str) -> None:
    """A grey sentence where there is nothing to draw."""
    width, height = canvas(ax)
    lines = wrap(text, width - 20)
    for i, line in enumerate(lines):
        put_text(ax, width / 2, height / 2 + (i - (len(lines) - 1) / 2) * 17, line, color=MUTED, ha="center")
