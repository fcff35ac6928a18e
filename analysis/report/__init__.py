"""The report of one analysis: one self-contained web page, and one picture of a page.

Importing this package loads nothing heavy; matplotlib is loaded when something is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.report.html import render_html
    from analysis.report.trend import Trend, TrendMark, TrendPoint, trend_of, trend_up_to
    from analysis.report.writing import FORMATS, render_png, write_report

__all__ = [
    "FORMATS",
    "Trend",
    "TrendMark",
    "TrendPoint",
    "render_html",
    "render_png",
    "trend_of",
    "trend_up_to",
    "write_report",
]

_HOME = {"render_html": "html"} | dict.fromkeys(
    ("Trend", "TrendMark", "TrendPoint", "trend_of", "trend_up_to"), "trend"
)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'writing')}"), name)
