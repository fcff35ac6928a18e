"""Colours, type and text measuring shared by the web page and the picture.

One figure unit is one CSS pixel: figures are made at 72 dpi and scaled only when they are saved.
"""

from __future__ import annotations

import bisect
import contextlib
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Final

import matplotlib
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from analysis.report.words import printable
from sensing.recording import Side

INK: Final = "#1f2933"
MUTED: Final = "#5b6672"
LINE: Final = "#9aa5b1"
GRID: Final = "#d5dae0"
BAND: Final = "#e2e6ea"
SPORT: Final = "#f6e3b1"
SPORT_INK: Final = "#6b5200"
CARD: Final = "#f4f6fa"
SURFACE: Final = "#ffffff"
ON_FILL: Final = "#fffffe"
NEUTRAL: Final = "#66717d"
LEFT: Final = "#0072b2"
RIGHT: Final = "#d55e00"
RIGHT_FILL: Final = "#b24e00"
LEFT_TINT: Final = "#cfe4f1"
RIGHT_TINT: Final = "#f8e0cf"

MARK: Final = {Side.LEFT: LEFT, Side.RIGHT: RIGHT}
"""Lines and markers."""
FILL: Final = {Side.LEFT: LEFT, Side.RIGHT: RIGHT_FILL}
"""Bars and text."""
TINT: Final = {Side.LEFT: LEFT_TINT, Side.RIGHT: RIGHT_TINT}
MARKER: Final = {Side.LEFT: "o", Side.RIGHT: "D"}
DASHES: Final[dict[Side, str | tuple[int, tuple[float, ...]]]] = {Side.LEFT: "-", Side.RIGHT: (0, (5, 2))}

CSS_VARIABLE: Final = {
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    GRID: "--grid",
    BAND: "--band",
    SPORT: "--sport",
    SPORT_INK: "--sport-ink",
    CARD: "--card",
    SURFACE: "--surface",
    ON_FILL: "--on-fill",
    NEUTRAL: "--neutral",
    LEFT: "--left",
    RIGHT: "--right",
    RIGHT_FILL: "--right-fill",
    LEFT_TINT: "--left-tint",
    RIGHT_TINT: "--right-tint",
}
"""Each colour of the figures and the CSS variable that stands for it on the page."""

DARK: Final = {
    INK: "#e6e9ed",
    MUTED: "#a7b1bc",
    LINE: "#6c7783",
    GRID: "#39424c",
    BAND: "#2e363f",
    SPORT: "#52431a",
    SPORT_INK: "#f1d88f",
    CARD: "#1d242c",
    SURFACE: "#14191f",
    ON_FILL: "#ffffff",
    NEUTRAL: "#a0abb6",
    LEFT: LEFT,
    RIGHT: RIGHT,
    RIGHT_FILL: RIGHT_FILL,
    LEFT_TINT: "#123a52",
    RIGHT_TINT: "#51301a",
}
"""The same colours on a dark screen."""

SMALL: Final = 10.5
BODY: Final = 12.0

_RC: Final = {
    "figure.dpi": 72,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": BODY,
    "text.color": INK,
    "text.parse_math": False,
    "text.hinting": "none",  # hinted text is up to 6 % wider than measured
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": BODY,
    "axes.linewidth": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": BODY,
    "ytick.labelsize": BODY,
    "xtick.major.size": 4,
    "ytick.major.size": 4,
    "svg.fonttype": "none",
    "svg.hashsalt": "sidewise",
}


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Draw inside this block with the report's style, whatever the user's own matplotlibrc says."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A name in a script that the font lacks shows as boxes; that is no reason to warn on every glyph.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)  # type: ignore[arg-type]
        yield


@cache
def text_width(text: str, size: float = BODY, *, bold: bool = False) -> float:
    """Width of one line of text in figure units."""
    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    width, _, _ = TextToPath().get_text_width_height_descent(printable(text), font, ismath=False)
    return float(width)


def shorten(text: str, width: float, size: float = BODY, *, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than ``width``."""
    if text_width(text, size, bold=bold) <= width:
        return text
    room = width - text_width("…", size, bold=bold)
    keep = bisect.bisect_right(range(1, len(text)), room, key=lambda n: text_width(text[:n], size, bold=bold))
    return text[:keep].rstrip() + "…"


def wrap(text: str, width: float, size: float = BODY, *, bold: bool = False, most: int = 99) -> list[str]:
    """The text in at most ``most`` lines no wider than ``width``; words longer than a line are broken."""
    lines: list[str] = []
    line = ""
    words = printable(text).split()
    for position, word in enumerate(words):
        longer = f"{line} {word}".strip()
        if text_width(longer, size, bold=bold) <= width:
            line = longer
            continue
        if len(lines) == most - 1:
            return [*lines, shorten(" ".join([line, *words[position:]]).strip(), width, size, bold=bold)]
        if line:
            lines.append(line)
        line = word
        while text_width(line, size, bold=bold) > width and len(line) > 1:
            if len(lines) == most - 1:
                return [*lines, shorten(" ".join([line, *words[position + 1 :]]), width, size, bold=bold)]
            keep = max(len(shorten(line, width, size, bold=bold)) - 1, 1)
            lines.append(line[:keep])
            line = line[keep:]
    return [*lines, line] if line else lines
