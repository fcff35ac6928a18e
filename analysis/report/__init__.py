"""The report of one analysis: one self-contained web page, and one picture of a page.

Importing this package loads nothing heavy; matplotlib is loaded when something is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.report.figures import Trend, TrendPoint
    from analysis.report.html import render_html
    from analysis.report.writing import FORMATS, render_png, write_report

__all__ = ["FORMATS", "Trend", "TrendPoint", "render_html", "render_png", "write_report"]

_HOME = {"Trend": "figures", "TrendPoint": "figures", "render_html": "html"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'writing')}"), name)
