"""What is usual in a cohort as a profile of its sport, for `analysis.profiles` to read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from analysis.cohort.norms import norms
from analysis.metrics import METRICS
from analysis.profiles.sport import SCHEMA, parse_profile, sport_key
from sensing.errors import UsageError

LEAST_PEOPLE: Final = 20
"""The 5th and the 95th percentile of fewer people are hardly more than their smallest and largest."""

_SHARE: Final = "the middle 90 %"


def norms_profile(result: Path, name: str, *, least: int = LEAST_PEOPLE) -> str:
    """A profile of one sport whose bands are quantiles of a cohort.

    Parameters
    ----------
    result : Path
        What a batch wrote.
    name : str
        The sport, as recordings have it.
    least : int
        People that a placement needs.

    Returns
    -------
    str
        TOML that `analysis.profiles.parse_profile` takes: an entry per placement and metric, whose band holds
        the middle 90 % of people. Its sign goes by the dominant side where that is known of everybody, else
        by left and right.

    Raises
    ------
    UsageError
        No placement of the sport has people enough, or the sport is not in the cohort.
    BadInput
        There is no result of a batch.
    """
    table = norms(result, ("sport", "placement"))
    of_sport = table[[sport_key(sport or "") == sport_key(name) for sport in table["sport"]]]
    if of_sport.empty:
        known = ", ".join(sorted({sport for sport in table["sport"] if sport})) or "none that says its sport"
        raise UsageError(f"{result}: no recordings of {name!r} that can be judged; there are {known}")
    ratios = {spec.name for spec in METRICS if spec.ratio}
    enough = of_sport[(of_sport["people"] >= least) & of_sport["metric"].isin(ratios)]
    if enough.empty:
        most = of_sport["people"].max()
        raise UsageError(
            f"{result}: at most {most} people of {name} at one placement, and a band needs {least}; "
            "record more people, or lower --least"
        )
    head = {"schema": SCHEMA, "version": 1, "title": sport_key(name).replace("_", " ")}
    rows = enough[enough["p5"].round(1) < enough["p95"].round(1)].itertuples()
    tables = [head, *_expectations(rows, result.name)]
    text = "\n[[expect]]\n".join("".join(_lines(table)) for table in tables)
    parse_profile(text, f"{name}.toml", sport_key(name))
    return text


def _expectations(rows: Iterable[Any], source: str) -> Iterator[dict[str, Any]]:
    for row in rows:
        handed = row.dominant_known == row.people
        sides = ("dominant", "nondominant") if handed else ("right", "left")
        low, high = round(row.p5, 1), round(row.p95, 1)
        positive = row.median >= 0
        yield {
            "placement": row.placement,
            "metrics": [row.metric],
            "more": sides[0] if positive else sides[1],
            "words": f"{_SHARE} of the cohort {source} lie here",
            "source": f"Own recordings: {row.people} people, {row.recordings} recordings ({source}), "
            f"analysed with sidewise {version('sidewise')}",
            "n": int(row.people),
            "band_percent": [low, high] if positive else [-high, -low],
            "note": "5th to 95th percentile of people, each by the median of their recordings",
        }


def _lines(table: dict[str, Any]) -> Iterator[str]:
    """Keys and values: JSON's texts, numbers and lists are TOML's too."""
    return (f"{key} = {json.dumps(value)}\n" for key, value in table.items())
