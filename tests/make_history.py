"""Sessions made at the level of metrics: random repetitions, judged by the functions that judge real ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.history.sessions import Session
from analysis.inference import SetValues, decide, estimate
from analysis.metrics import AMPLITUDE_REMOUNT_SD, spec
from analysis.results import Count, Metric
from analysis.symmetry import symmetry_index
from sensing.recording import Placement, Side

FIRST = dt.date(2026, 3, 2)
CV, SET_SD, REPS, SETS = 0.10, 0.03, 8, 3


def log_ratio(percent: float) -> float:
    """ln(right / left) of a symmetry index."""
    return 2 * float(np.arctanh(percent / 200))


def row(
    d: float,
    rng: np.random.Generator,
    *,
    level: float = 900.0,
    sets: int = SETS,
    metric: str = "angle_travelled",
) -> Metric:
    """A metric's row of a recording whose true ln(right / left) is ``d``."""
    true = d + rng.normal(0, AMPLITUDE_REMOUNT_SD)
    values = []
    for _ in range(sets):
        of_set = true + rng.normal(0, SET_SD)
        noise = rng.normal(0, CV, (2, REPS))
        left, right = level * np.exp(noise + of_set * np.array([[-0.5], [0.5]]))
        values.append(SetValues(left, right, paired=False))
    found = estimate(values, AMPLITUDE_REMOUNT_SD)
    assert found is not None
    verdict, grade = decide(found, spec(metric).delta, found.p)
    return Metric(
        name=metric, unit="deg", primary=True, left=found.left, right=found.right, log_ratio=found.d,
        difference=found.right - found.left, ci95=found.interval(), difference_ci95=None,
        index_percent=symmetry_index(found.d), delta=spec(metric).delta,
        n=Count(found.sets, found.n_left, found.n_right), verdict=verdict, grade=grade,
        side=Side.RIGHT if found.d > 0 else Side.LEFT, scope=found.scope, p=found.p, p_adjusted=found.p,
        mdc_percent=symmetry_index(found.mdc95), reason="", se=found.se, df=found.df,
        remount_sd=AMPLITUDE_REMOUNT_SD,
    )  # fmt: skip


def session(percent: float, rng: np.random.Generator, day: dt.date = FIRST, **said: Any) -> Session:
    """A session whose true symmetry index is ``percent``, + for more on the right."""
    of_row = {name: said.pop(name) for name in ("level", "sets", "metric") if name in said}
    about = {"placement": Placement.THIGH, "exercise": "squat", "sport": "", "dominant": None} | said
    return Session(
        path=f"/recordings/{day}",
        date=dt.datetime.combine(day, dt.time(18), dt.UTC),
        athlete="a01",
        tag="",
        mount="",
        grade="good",
        metrics=(row(log_ratio(percent), rng, **of_row),),
        **about,
    )


def sessions(
    percents: Sequence[float],
    rng: np.random.Generator,
    *,
    every: int = 7,
    first: dt.date = FIRST,
    **said: Any,
) -> list[Session]:
    """Sessions one after the other, ``every`` so many days."""
    days = (first + dt.timedelta(days=every * i) for i in range(len(percents)))
    return [session(percent, rng, day, **said) for percent, day in zip(percents, days, strict=True)]
