"""Every page that reports something, by name, for tests of what all of them have in common."""

from __future__ import annotations

from collections.abc import Callable

from make_analysis import OUTCOMES
from make_athlete import VIEWS
from make_cohort import COHORTS

from analysis.report import render_athlete_html, render_html

PAGES: dict[str, Callable[[], str]] = {
    **{name: lambda make=make: render_html(make()) for name, make in OUTCOMES.items()},
    **{name: lambda make=make: render_athlete_html(make()) for name, make in VIEWS.items()},
    **COHORTS,
}
