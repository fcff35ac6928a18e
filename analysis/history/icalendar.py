"""Dates as an iCalendar file (RFC 5545), for the calendar of a phone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

MAX_OCTETS: Final = 75
"""Longest content line, without its line break (RFC 5545, 3.1)."""


@dataclass(frozen=True)
class AllDayEvent:
    """One day in a calendar; the same ``uid`` replaces it when the file is imported again."""

    uid: str
    date: dt.date
    summary: str
    description: str


def calendar(events: Iterable[AllDayEvent], *, made_at: dt.datetime) -> str:
    """The text of an .ics file.

    Parameters
    ----------
    events : iterable of AllDayEvent
        In the order they are written.
    made_at : datetime.datetime
        When the calendar was made, with a time zone.

    Returns
    -------
    str
        Content lines folded at 75 octets of UTF-8, each ended by CRLF.
    """
    stamp = made_at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//sidewise//plan//EN", "CALSCALE:GREGORIAN"]
    for event in events:
        lines += _event(event, stamp)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _event(event: AllDayEvent, stamp: str) -> list[str]:
    next_day = event.date + dt.timedelta(days=1)
    return [
        "BEGIN:VEVENT",
        f"UID:{_escaped(event.uid)}",
        f"DTSTAMP:{stamp}",
        f"DTSTART;VALUE=DATE:{event.date:%Y%m%d}",
        f"DTEND;VALUE=DATE:{next_day:%Y%m%d}",
        f"SUMMARY:{_escaped(event.summary)}",
        f"DESCRIPTION:{_escaped(event.description)}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _escaped(text: str) -> str:
    """Text as a value (RFC 5545, 3.3.11); control characters, which a value may not hold, are dropped."""
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\n"), ("\n", "\\n")):
        text = text.replace(plain, written)
    return "".join(char for char in text if char == "\t" or (char >= " " and char != "\x7f"))


def _folded(line: str) -> Iterator[str]:
    """Parts of a content line, all but the first begun by the blank that marks them; no character is cut."""
    part, size = "", 0
    for char in line:
        octets = len(char.encode())
        if size + octets > MAX_OCTETS:
            yield part
            part, size = " ", 1
        part += char
        size += octets
    yield part
