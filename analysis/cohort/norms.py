"""What is usual in a cohort: quantiles of every metric by sport, placement and what else divides people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb
import pandas as pd

from sensing.errors import BadInput, UsageError

GROUPS: Final = {
    "sport": "sport",
    "exercise": "exercise",
    "placement": "placement",
    "sex": "sex",
    "age_band": "CAST(age // 10 * 10 AS VARCHAR) || '-' || CAST(age // 10 * 10 + 9 AS VARCHAR)",
    "dominant": "dominant",
}
"""What a cohort may be divided by, and how that is found in its table."""

QUANTILES: Final = {"p5": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}

_QUERY: Final = """
WITH judged AS (
    SELECT *, {groups} FROM read_parquet($files)
    WHERE failure IS NULL AND "set" IS NULL AND quality <> 'poor' AND verdict <> 'not_assessable'
        AND index_percent IS NOT NULL AND ($metric IS NULL OR metric = $metric)
), people AS (
    -- One value a person, so that those who recorded often do not weigh more.
    SELECT {names}, metric, coalesce(athlete, recording) AS person, count(DISTINCT recording) AS recordings,
        any_value(dominant) AS dominant,
        median(CASE dominant WHEN 'left' THEN -index_percent ELSE index_percent END) AS toward,
        median(abs(index_percent)) AS size
    FROM judged GROUP BY ALL
)
SELECT {names}, metric, count(*) AS people, CAST(sum(recordings) AS BIGINT) AS recordings,
    count(dominant) AS dominant_known,
    {quantiles}, median(size) AS median_size
FROM people GROUP BY {names}, metric HAVING count(*) >= $least ORDER BY ALL
"""


def norms(
    result: Path, by: Sequence[str] = ("sport", "placement"), *, metric: str | None = None, least: int = 1
) -> pd.DataFrame:
    """Quantiles of the symmetry index over people.

    Parameters
    ----------
    result : Path
        What a batch wrote.
    by : sequence of str
        Names of `GROUPS`.
    metric : str, optional
        Only this metric.
    least : int
        Groups of fewer people are left out.

    Returns
    -------
    pandas.DataFrame
        A row per group and metric: number of ``people`` and ``recordings``, and of people whose dominant side
        is known; quantiles of the index in percent, + meaning more on the dominant side (the right one where
        dominance is unknown); and the median of its size regardless of direction. Failed and poor recordings
        do not enter, and each person enters once, by their median.

    Raises
    ------
    UsageError
        An unknown group.
    BadInput
        There is no result of a batch.
    """
    unknown = [name for name in by if name not in GROUPS]
    if unknown or not by:
        what = ", ".join(unknown) or "nothing"
        raise UsageError(f"cannot divide by {what}; choose from {', '.join(GROUPS)}")
    parts = sorted(str(part) for part in result.glob("part-*.parquet"))
    if not parts:
        raise BadInput(f"{result}: no result of a batch; make one with 'sidewise batch FOLDER -o {result}'")
    query = _QUERY.format(
        groups=", ".join(f'{GROUPS[name]} AS "g_{name}"' for name in by),
        names=", ".join(f'"g_{name}"' for name in by),
        quantiles=", ".join(f"quantile_cont(toward, {q}) AS {name}" for name, q in QUANTILES.items()),
    )
    try:
        with duckdb.connect() as connection:
            table = connection.execute(query, {"files": parts, "metric": metric, "least": least}).df()
    except duckdb.Error as error:
        raise BadInput(f"{result}: not the result of a batch ({str(error).splitlines()[0]})") from error
    return table.rename(columns={f"g_{name}": name for name in by})
