"""Cohorts with known people for tests of their page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np

from analysis.cohort.overview import METRICS, Line
from analysis.report import render_cohort_html

FIRST = dt.date(2026, 3, 2)
SPORTS = (("tennis", "forehand", "wrist"), ("running", "run", "shank"), ("lifting", "squat", "thigh"))


def line(i: int, *, name: str = "", percent: float = 4.0, sessions: int = 8) -> Line:
    """One person whose metrics lie about ``percent``."""
    rng = np.random.default_rng(i)
    sport, exercise, placement = SPORTS[i % len(SPORTS)]
    poor = i % 3 == 2
    good = sessions - poor
    return Line(
        person=name or f"Athlete {i + 1:02d} (invented)",
        sport=sport,
        exercise=exercise,
        placement=placement,
        latest=(FIRST + dt.timedelta(days=7 * sessions + i)).isoformat(),
        sessions=sessions,
        poor=int(poor),
        flagged=good if percent > 15 else 0,
        series={metric: tuple(float(x) for x in rng.normal(percent, 5, good)) for metric in METRICS},
    )


def people(count: int) -> list[Line]:
    """People who lean to either side, some without a value, some with one session."""
    rng = np.random.default_rng(3)
    made = [line(i, percent=float(rng.normal(3, 10)), sessions=1 + i % 12) for i in range(count)]
    return [
        one if i % 7 != 6 else Line(**{**vars(one), "series": dict.fromkeys(METRICS, ())})
        for i, one in enumerate(made)
    ]


BAD = "<script>alert(1)</script>\"'&$x"
NAMES = (BAD, "Dr. " + "Maximiliana-Wilhelmine " * 4, "W" * 70, "=1+1", "Ünal Çağ")

COHORTS: dict[str, Callable[[], str]] = {
    "cohort": lambda: render_cohort_html(people(24), source="club.parquet", again="sidewise cohort club"),
    "cohort_many": lambda: render_cohort_html(people(300)),
    "cohort_names": lambda: render_cohort_html([line(i, name=name) for i, name in enumerate(NAMES)]),
    "cohort_one_metric": lambda: render_cohort_html([line(0)], ("player_load",), source=BAD, again=BAD),
    "cohort_nobody": lambda: render_cohort_html([]),
}
