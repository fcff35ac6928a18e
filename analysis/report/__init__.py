"""Reports of a recording and of an athlete: a self-contained web page, and a picture of a page.

Importing this package loads nothing heavy; matplotlib is loaded when something is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.report.athlete import AthleteView, view_athlete
    from analysis.report.athlete_page import render_athlete_html, write_athlete_report
    from analysis.report.cohort_page import render_cohort_html
    from analysis.report.html import render_html
    from analysis.report.trend import Trend, TrendMark, TrendPoint, trend_of, trend_up_to
    from analysis.report.writing import FORMATS, render_png, write_report

__all__ = [
    "FORMATS",
    "AthleteView",
    "Trend",
    "TrendMark",
    "TrendPoint",
    "render_athlete_html",
    "render_cohort_html",
    "render_html",
    "render_png",
    "trend_of",
    "trend_up_to",
    "view_athlete",
    "write_athlete_report",
    "write_report",
]

_HOME = (
    {"render_html": "html", "render_cohort_html": "cohort_page"}
    | dict.fromkeys(("Trend", "TrendMark", "TrendPoint", "trend_of", "trend_up_to"), "trend")
    | dict.fromkeys(("AthleteView", "view_athlete"), "athlete")
    | dict.fromkeys(("render_athlete_html", "write_athlete_report"), "athlete_page")
)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'writing')}"), name)
