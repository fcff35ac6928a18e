"""Everybody in a cohort on one web page, with a line over the sessions of each."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from markupsafe import Markup

from analysis.cohort.overview import METRICS, Line
from analysis.report import about, words
from analysis.report.html import render_template
from analysis.report.numbers import MISSING, sided

_WIDTH, _HEIGHT, _PAD = 90.0, 30.0, 5.0
_REACHES: Final = (10.0, 20.0, 40.0, 80.0, 200.0)
"""What the ends of a line may mean, percent; what is beyond stays at the end."""

SORTING: Final = Path(__file__).with_name("sorting.js").read_text(encoding="utf-8")
"""The one script of the page; without it the table is read as it stands."""

_NOTHING: Final = Markup()


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and what it is sorted by; empty sorts last."""

    text: str
    value: str
    line: Markup = _NOTHING


def render_cohort_html(
    lines: Sequence[Line], metrics: Sequence[str] = METRICS, *, source: str = "", again: str | None = None
) -> str:
    """The page as one self-contained web page: no network, one inline script that only sorts.

    Parameters
    ----------
    lines : sequence of Line
        Everybody, as `cohort.overview.overview` gives them.
    metrics : sequence of str
        The metrics of the lines.
    source : str
        Where it is from.
    again : str, optional
        The command that makes this page again, where it is known.
    """
    people = len({line.person for line in lines})
    sessions = sum(line.sessions for line in lines)
    flagged = len({line.person for line in lines if line.flagged})
    reach = _reach(lines)
    digest = base64.b64encode(hashlib.sha256(SORTING.encode()).digest()).decode()
    return render_template(
        "cohort",
        title="Cohort overview",
        heading="Cohort overview",
        subtitle=[f"people: {people}", f"sessions: {sessions}", source],
        headline=_headline(flagged, people),
        heads=("Person", *map(words.label, metrics), *_HEADS),
        rows=[_cells(line, metrics, reach) for line in lines],
        reach=f"{reach:.0f}",
        sorting=Markup(SORTING),
        sorting_digest=digest,
        glossary=_GLOSSARY,
        note=words.NOTE,
        footer=about.made_by(again),
    )


_HEADS: Final = ("Flagged", "Poor data", "Sport", "What", "Sessions", "Latest")

_GLOSSARY: Final = [
    ("Difference", "(right − left) ÷ mean of both. L or R names the side with more; even is none."),
    ("Number", "the middle one (median) of the sessions that are not poor."),
    ("Line", "one point a session that is not poor, the latest one marked; its middle is even."),
    ("Flagged", "sessions with a difference that the sport does not make usual."),
]


def _headline(flagged: int, people: int) -> str:
    if not people:
        return "Nobody here could be followed"
    return (
        f"{flagged or 'None'} of {people} {'person' if people == 1 else 'people'} with a flagged difference"
    )


def _cells(line: Line, metrics: Sequence[str], reach: float) -> list[Cell]:
    what = ", ".join(filter(None, (line.exercise.replace("_", " "), line.placement.replace("_", " "))))
    differences = [_metric(line, name, reach) for name in metrics]
    counts = [Cell(str(count or MISSING), str(count)) for count in (line.flagged, line.poor)]
    about = [Cell(text or MISSING, text) for text in (line.sport, what, str(line.sessions), line.latest)]
    return [Cell(line.person or MISSING, line.person), *differences, *counts, *about]


def _metric(line: Line, name: str, reach: float) -> Cell:
    median = line.median(name)
    if median is None:
        return Cell(MISSING, "")
    return Cell(sided(median, 1), f"{median:.6g}", sparkline(line.series[name], reach))


def sparkline(values: Sequence[float], reach: float) -> Markup:
    """Sessions as a small line about even, the latest one marked by its side; ``reach`` is either end."""
    step = (_WIDTH - 2 * _PAD) / max(len(values) - 1, 1)
    xs = [_WIDTH - _PAD - step * i for i in range(len(values))][::-1]
    ys = [_HEIGHT / 2 - min(max(value / reach, -1.0), 1.0) * (_HEIGHT / 2 - _PAD) for value in values]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    x, y = xs[-1], ys[-1]
    mark = (
        f'<path d="M{x:.1f} {y - 4:.1f}l4 4-4 4-4-4z" fill="var(--right)"/>'
        if values[-1] >= 0
        else f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.4" fill="var(--left)"/>'
    )
    said = ", ".join(sided(value, 1) for value in values)
    return Markup(
        f'<svg class="spark" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img"><title>{said}</title>'
        f'<path d="M0 {_HEIGHT / 2}H{_WIDTH}" stroke="var(--line)"/>'
        f'<polyline points="{points}" fill="none" stroke="var(--muted)" stroke-width="1.4"/>{mark}</svg>'
    )


def _reach(lines: Sequence[Line]) -> float:
    """Percent at either end of every line, so that nearly all sessions lie within."""
    values = [abs(value) for line in lines for series in line.series.values() for value in series]
    wanted = float(np.quantile(values, 0.95)) if values else 0.0
    return next((reach for reach in _REACHES if reach >= wanted), _REACHES[-1])
