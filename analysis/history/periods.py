"""Times as people write them: a day, a month, a year, a range of them, or the tag of a recording."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from analysis.history.sessions import Session
from sensing.errors import UsageError


@dataclass(frozen=True)
class Period:
    """A day, a month, a year or a range of them, both ends included; or a tag."""

    text: str
    first: dt.date | None = None
    last: dt.date | None = None

    def of(self, sessions: Iterable[Session]) -> list[Session]:
        """The sessions within."""
        if self.first is None or self.last is None:
            return [s for s in sessions if s.tag == self.text]
        return [s for s in sessions if s.day is not None and self.first <= s.day <= self.last]


def parse_period(text: str, tags: Collection[str] = ()) -> Period:
    """A period as people write it: ``2026``, ``2026-03``, ``2026-03-14``, ``2026-03..2026-04``, or a tag.

    Raises
    ------
    UsageError
        It is neither a date nor one of ``tags``.
    """
    if text in tags:
        return Period(text)
    first, _, last = text.partition("..")
    spans = [_span(part) for part in (first, last or first)]
    if spans[0] is None or spans[1] is None or spans[0][0] > spans[1][1]:
        known = f", or a tag ({', '.join(sorted(tags))})" if tags else ""
        raise UsageError(
            f"{text!r} is not a time; write 2026-03, 2026-03-14 or 2026-03-01..2026-03-20{known}"
        )
    return Period(text, spans[0][0], spans[1][1])


def _span(text: str) -> tuple[dt.date, dt.date] | None:
    match = re.fullmatch(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", text.strip())
    if not match:
        return None
    year, month, day = (None if part is None else int(part) for part in match.groups())
    try:
        first = dt.date(year or 0, month or 1, day or 1)
    except ValueError:
        return None
    end_month = month or 12
    end_day = day or calendar.monthrange(first.year, end_month)[1]
    return first, dt.date(first.year, end_month, end_day)


def split(sessions: Sequence[Session], before: str, after: str) -> tuple[list[Session], list[Session]]:
    """The sessions of two periods.

    Raises
    ------
    UsageError
        A period is not understood, holds no session, or the two overlap or are the wrong way round.
    """
    tags = {session.tag for session in sessions} - {""}
    periods = [parse_period(text, tags) for text in (before, after)]
    parts = [period.of(sessions) for period in periods]
    for period, part in zip(periods, parts, strict=True):
        if not part:
            days = [session.day for session in sessions if session.day is not None]
            there = f"from {min(days)} to {max(days)}" if days else "without dates"
            raise UsageError(f"no session in {period.text}; there are {len(sessions)}, {there}")
    if {s.path for s in parts[0]} & {s.path for s in parts[1]}:
        raise UsageError(f"{before} and {after} overlap; give two times that do not")
    ends = [period.last for period in periods]
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        raise UsageError(f"before ({before}) is later than after ({after}); swap them")
    return parts[0], parts[1]
