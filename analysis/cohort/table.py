"""The cohort's table: a row per recording, metric and set, and one row for a recording that failed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet

from analysis.results import Analysis
from sensing.recording import Side

_TEXT, _NUMBER, _COUNT, _FLAG = pa.string(), pa.float64(), pa.int64(), pa.bool_()

SCHEMA: Final = pa.schema(
    [
        ("recording", _TEXT),
        ("failure", _TEXT),
        ("athlete", _TEXT),
        ("sex", _TEXT),
        ("age", _COUNT),
        ("sport", _TEXT),
        ("exercise", _TEXT),
        ("placement", _TEXT),
        ("dominant", _TEXT),
        ("started_at", _TEXT),
        ("duration_s", _NUMBER),
        ("mount", _TEXT),
        ("tag", _TEXT),
        ("quality", _TEXT),
        ("sync_error_s", _NUMBER),
        ("flagged", _FLAG),
        ("metric", _TEXT),
        ("set", _COUNT),
        ("unit", _TEXT),
        ("primary", _FLAG),
        ("left", _NUMBER),
        ("right", _NUMBER),
        ("log_ratio", _NUMBER),
        ("difference", _NUMBER),
        ("ci95_low", _NUMBER),
        ("ci95_high", _NUMBER),
        ("difference_ci95_low", _NUMBER),
        ("difference_ci95_high", _NUMBER),
        ("index_percent", _NUMBER),
        ("delta", _NUMBER),
        ("sets", _COUNT),
        ("n_left", _COUNT),
        ("n_right", _COUNT),
        ("verdict", _TEXT),
        ("grade", _TEXT),
        ("side", _TEXT),
        ("scope", _TEXT),
        ("p", _NUMBER),
        ("p_adjusted", _NUMBER),
        ("mdc_percent", _NUMBER),
        ("reason", _TEXT),
    ]
)
"""Columns of the table. ``set`` is null in the row of the whole recording."""


KEY: Final = b"sidewise.key"
"""Metadata of a part that tells what it was made from."""


@dataclass(frozen=True)
class Person:
    """What is known of somebody besides their recordings.

    Sex and year of birth divide a cohort; sport and dominant side hold where a recording does not say them.
    """

    sex: str = ""
    born: int | None = None
    sport: str = ""
    dominant: Side | None = None


def rows_of(name: str, analysis: Analysis, people: dict[str, Person]) -> list[dict[str, Any]]:
    """The rows of one analysed recording."""
    about = analysis.recording
    person = people.get(about["athlete"] or "", Person())
    shared = {
        "recording": name,
        **{key: about[key] for key in ("athlete", "sport", "exercise", "placement", "dominant")},
        **{key: about[key] for key in ("started_at", "duration_s", "mount", "tag")},
        "sex": person.sex or None,
        "age": _age(person, about["started_at"]),
        "quality": analysis.quality.grade,
        "sync_error_s": analysis.quality.sync.error_s,
        "flagged": analysis.verdict.flagged,
    }
    metrics = analysis.to_frame().rename(columns={"name": "metric"})
    metrics = metrics.astype(object).where(metrics.notna(), None)
    columns = [str(column) for column in metrics.columns]
    rows = metrics.itertuples(index=False, name=None)
    return [shared | dict(zip(columns, row, strict=True)) for row in rows]


def failed(name: str, why: str) -> dict[str, Any]:
    """The row of a recording that could not be analysed."""
    return {"recording": name, "failure": why}


def _age(person: Person, started_at: str | None) -> int | None:
    """Age in the year of the recording."""
    if person.born is None or started_at is None:
        return None
    return dt.datetime.fromisoformat(started_at).year - person.born


def to_parquet(rows: Sequence[dict[str, Any]], key: str) -> bytes:
    """Rows as one Parquet file, the same bytes for the same rows; ``key`` says what they were made from."""
    columns = {field.name: [row.get(field.name) for row in rows] for field in SCHEMA}
    table = pa.table(columns, schema=SCHEMA.with_metadata({KEY: key.encode()}))
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    made: bytes = sink.getvalue().to_pybytes()
    return made


def failures(parts: Sequence[Path]) -> list[tuple[str, str]]:
    """(recording, reason) of every recording that failed."""
    found = []
    for part in parts:
        table = parquet.read_table(part, columns=["recording", "failure"], filters=[("failure", "!=", "")])
        found += list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return found
