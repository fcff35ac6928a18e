"""One analysed recording as history keeps it: what it was, and every metric's row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from analysis.results import Analysis, Count, Metric, VerdictWord
from sensing.errors import UsageError
from sensing.recording import Interval, Placement, Side


@dataclass(frozen=True)
class Session:
    """One analysed recording.

    Attributes
    ----------
    path : str
        Recording folder.
    date : datetime or None
        When it began, with a time zone; None where the recording does not say.
    athlete, sport, exercise, tag, mount : str
        As in `sensing.recording.Recording`; empty where unknown.
    placement : Placement
        Where the sensors were worn.
    dominant : Side or None
        Declared dominant side.
    grade : str
        Quality grade: ``good``, ``usable`` or ``poor``.
    metrics : tuple of Metric
        One row per metric, of the whole recording.
    """

    path: str
    date: dt.datetime | None
    athlete: str
    sport: str
    exercise: str
    placement: Placement
    tag: str
    mount: str
    dominant: Side | None
    grade: str
    metrics: tuple[Metric, ...]

    def metric(self, name: str) -> Metric | None:
        """The row of one metric, or None where the recording has none."""
        return next((row for row in self.metrics if row.name == name), None)

    @property
    def day(self) -> dt.date | None:
        """Calendar day on which it began, as the clock there showed it."""
        return None if self.date is None else self.date.date()

    @property
    def mounting(self) -> str:
        """What tells one putting-on of the sensors from the next.

        The name of the mount where there is one. Without it, recordings of one day may share a mounting, so
        they are taken to: their common error is then not averaged away. Nothing known: each its own.
        """
        if self.mount:
            return f"mount {self.mount}"
        return f"day {self.day}" if self.day else f"path {self.path}"

    def to_dict(self) -> dict[str, Any]:
        """The session as JSON types."""
        return asdict(self) | {"date": None if self.date is None else self.date.isoformat()}


def session_of(analysis: Analysis) -> Session:
    """What history needs of an analysis."""
    about = analysis.recording
    started = about["started_at"]
    return Session(
        path=about["path"] or "",
        date=None if started is None else dt.datetime.fromisoformat(started),
        **{name: about[name] or "" for name in ("athlete", "sport", "exercise", "tag", "mount")},
        placement=Placement(about["placement"]),
        dominant=None if about["dominant"] is None else Side(about["dominant"]),
        grade=analysis.quality.grade,
        metrics=tuple(row for row in analysis.metrics if row.set_index is None),
    )


def session_from_dict(body: dict[str, Any]) -> Session:
    """The session that `Session.to_dict` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError
        It is something else.
    """
    date, dominant = body["date"], body["dominant"]
    return Session(
        **body
        | {
            "date": None if date is None else dt.datetime.fromisoformat(date),
            "placement": Placement(body["placement"]),
            "dominant": None if dominant is None else Side(dominant),
            "metrics": tuple(_metric(row) for row in body["metrics"]),
        }
    )


def _metric(row: dict[str, Any]) -> Metric:
    typed = {
        "n": Count(**row["n"]),
        "verdict": VerdictWord(row["verdict"]),
        "side": None if row["side"] is None else Side(row["side"]),
        "ci95": _pair(row["ci95"]),
        "difference_ci95": _pair(row["difference_ci95"]),
    }
    return Metric(**row | typed)


def _pair(value: list[float] | None) -> Interval | None:
    return None if value is None else (value[0], value[1])


def in_order(sessions: Iterable[Session]) -> tuple[Session, ...]:
    """Sessions by date, those without one last and by path."""
    return tuple(sorted(sessions, key=lambda s: (s.date is None, s.date and s.date.timestamp(), s.path)))


@dataclass(frozen=True)
class Choice:
    """Sessions that may be compared with each other, and those of the athlete that are another matter.

    Attributes
    ----------
    sessions : tuple of Session
        In order of time; where any has a date, all have.
    placement : Placement
        Where the sensors were worn.
    exercise : str
        What was done.
    notes : tuple of str
        What was left out, worth saying.
    """

    sessions: tuple[Session, ...]
    placement: Placement
    exercise: str
    notes: tuple[str, ...] = ()


def choose(
    sessions: Iterable[Session], placement: Placement | str | None = None, exercise: str | None = None
) -> Choice:
    """Sessions of one placement and one exercise: those asked for, else those there are most of.

    Raises
    ------
    UsageError
        There are none; what there is instead is listed.
    """
    groups: dict[tuple[Placement, str], list[Session]] = {}
    for session in in_order(sessions):
        groups.setdefault((session.placement, session.exercise), []).append(session)
    fitting = {
        key: group
        for key, group in groups.items()
        if placement in (None, key[0]) and exercise in (None, key[1])
    }
    if not fitting:
        asked = " on the ".join(filter(None, (exercise, placement)))
        raise UsageError(f"no session for {asked}; there are: {_listed(groups)}")
    key = max(fitting, key=lambda k: len(fitting[k]))
    chosen = fitting.pop(key)
    notes = []
    if fitting:
        what = _listed({key: chosen})
        notes.append(f"shown: {what}; also there: {_listed(fitting)} (--placement, --exercise)")
    dated = [session for session in chosen if session.date is not None]
    if not dated:
        notes.append("no recording says when it was made; they are taken in the order of their names")
    elif len(dated) < len(chosen):
        notes.append(f"{len(chosen) - len(dated)} recordings do not say when they were made and are left out")
        chosen = dated
    return Choice(tuple(chosen), *key, tuple(notes))


def _listed(groups: dict[tuple[Placement, str], list[Session]]) -> str:
    return ", ".join(f"{len(g)} of {e or 'no named exercise'} on the {p}" for (p, e), g in groups.items())
