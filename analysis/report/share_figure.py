"""How the work is shared between the sides, wherever it was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes

from analysis.report.athlete import Followed
from analysis.report.drawing import canvas, put_line, put_rectangle, put_text
from analysis.report.numbers import finite, finite_pair, number
from analysis.report.style import FILL, INK, MUTED, ON_FILL, SMALL, SURFACE, shorten
from sensing.recording import Side

SHARE_ROW: Final = 44.0
"""Height of one row, figure units."""


def left_share(index_percent: float) -> float:
    """Share of the left side, percent, of a symmetry index 200 (R - L) / (R + L)."""
    return 50 - index_percent / 4


def draw_shares(ax: Axes, groups: Sequence[Followed]) -> None:
    """One bar per placement and exercise, parted where the sides meet, with its interval."""
    width, height = canvas(ax)
    row = (height - 18) / len(groups)
    for i, group in enumerate(groups):
        _share(ax, group, row * i, row, width)
    put_line(ax, (width / 2, width / 2), (0, height - 18), INK, width=1.2)
    put_text(ax, width / 2, height - 7, "half", size=SMALL, color=MUTED, ha="center")


def _share(ax: Axes, group: Followed, top: float, row: float, width: float) -> None:
    index = finite(group.pooled.index_percent)
    put_text(ax, 0, top + 9, shorten(group.name, width / 2 - 8, SMALL), size=SMALL)
    count = len(group.choice.sessions)
    said = f"{count} session{'s' * (count > 1)}"
    put_text(ax, width, top + 9, said, size=SMALL, color=MUTED, ha="right")
    y0, y1 = top + 18, top + row - 6
    if index is None:
        put_text(ax, width / 2 + 6, (y0 + y1) / 2, "no value", size=SMALL, color=MUTED)
        return
    left = left_share(index)
    middle = width * left / 100
    put_rectangle(ax, 0, middle - 1, y0, y1, FILL[Side.LEFT])
    put_rectangle(ax, middle + 1, width, y0, y1, FILL[Side.RIGHT])
    y = (y0 + y1) / 2
    put_text(ax, 6, y, f"left {number(left, 1)} %", color=ON_FILL, weight="bold")
    put_text(ax, width - 6, y, f"right {number(100 - left, 1)} %", color=ON_FILL, weight="bold", ha="right")
    if (pair := finite_pair(group.pooled.ci95_percent)) is not None:
        ends = tuple(width * left_share(end) / 100 for end in pair)
        put_line(ax, ends, (y, y), SURFACE, width=5)
        put_line(ax, ends, (y, y), INK, width=2.4)
