"""A cohort person by person: how each stands, session by session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import numpy as np

from analysis.metrics import METRICS as KNOWN
from sensing.errors import BadInput, UsageError

METRICS: Final = ("angle_travelled", "peak_angular_velocity", "movement_activation", "player_load")
"""What is shown unless something else is asked for."""

_QUERY: Final = """
SELECT coalesce(athlete, recording) AS person, coalesce(sport, '') AS sport,
    coalesce(exercise, '') AS exercise, coalesce(placement, '') AS placement, recording,
    coalesce(started_at, '') AS started_at, quality = 'poor' AS poor, coalesce(flagged, false) AS flagged,
    metric, index_percent
FROM read_parquet($files)
WHERE failure IS NULL AND "set" IS NULL AND list_contains($metrics, metric)
ORDER BY person, exercise, placement, started_at, recording
"""


@dataclass(frozen=True)
class Line:
    """One person, exercise and placement.

    Attributes
    ----------
    person, sport, exercise, placement : str
        Who and what; the recording's name where it names nobody.
    latest : str
        Day of the latest session, ISO; empty where unknown.
    sessions, poor, flagged : int
        How many there are, how many have poor data, and in how many the difference was flagged.
    series : dict of str to tuple of float
        The index of each metric in every session that is not poor, percent, + meaning right more, in order.
    """

    person: str
    sport: str
    exercise: str
    placement: str
    latest: str
    sessions: int
    poor: int
    flagged: int
    series: dict[str, tuple[float, ...]]

    def median(self, metric: str) -> float | None:
        """Median of a metric over sessions; None where it has no value."""
        values = self.series[metric]
        return float(np.median(values)) if values else None


def overview(result: Path, metrics: Sequence[str] = METRICS) -> tuple[Line, ...]:
    """Everybody in a cohort, those first who were flagged most often and lean most to one side.

    Parameters
    ----------
    result : Path
        What a batch wrote.
    metrics : sequence of str
        What is followed, the main one first.

    Raises
    ------
    BadInput
        There is no result of a batch.
    UsageError
        A metric is not known, or not compared as a ratio.
    """
    ratios = [metric.name for metric in KNOWN if metric.ratio]
    if wrong := [name for name in metrics if name not in ratios]:
        raise UsageError(f"no metric {wrong[0]!r} to follow here; use {', '.join(ratios)}")
    parts = sorted(str(part) for part in result.glob("part-*.parquet"))
    if not parts:
        raise BadInput(f"{result}: no result of a batch; make one with 'sidewise batch FOLDER -o {result}'")
    try:
        with duckdb.connect() as connection:
            found = connection.execute(_QUERY, {"files": parts, "metrics": list(metrics)}).df()
    except duckdb.Error as error:
        raise BadInput(f"{result}: not the result of a batch ({str(error).splitlines()[0]})") from error
    lines = []
    for (person, exercise, placement), rows in found.groupby(["person", "exercise", "placement"], sort=False):
        each = rows.drop_duplicates("recording")
        good = rows[~rows["poor"] & rows["index_percent"].notna()]
        lines.append(
            Line(
                person=str(person),
                sport=next((sport for sport in each["sport"][::-1] if sport), ""),
                exercise=str(exercise),
                placement=str(placement),
                latest=_day(str(each["started_at"].iloc[-1])),
                sessions=len(each),
                poor=int(each["poor"].sum()),
                flagged=int(each["flagged"].sum()),
                series={
                    name: tuple(float(value) for value in good.loc[good["metric"] == name, "index_percent"])
                    for name in metrics
                },
            )
        )
    main = metrics[0]
    return tuple(sorted(lines, key=lambda line: (-line.flagged, -abs(line.median(main) or 0.0))))


def _day(started_at: str) -> str:
    try:
        return dt.datetime.fromisoformat(started_at).date().isoformat()
    except ValueError:
        return ""
