"""Calendars as RFC 5545 wants them, read back by a strict small reader."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.history.icalendar import AllDayEvent, calendar

MADE_AT = dt.datetime(2026, 3, 2, 18, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.just("\n"), max_size=300)


def read_calendar(text: str) -> list[dict[str, str]]:
    """Events of an .ics text; anything against the standard fails."""
    assert text.endswith("\r\n")
    raw = text.split("\r\n")[:-1]
    assert not any(char in line for line in raw for char in "\r\n\x00")
    assert max(len(line.encode()) for line in raw) <= 75
    lines: list[str] = []
    for line in raw:
        if line.startswith(" "):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    head = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert lines[:2] == head and lines[2].startswith("PRODID:") and lines[-1] == "END:VCALENDAR"
    events: list[dict[str, str]] = []
    inside = False
    for line in lines[4:-1]:
        if line in ("BEGIN:VEVENT", "END:VEVENT"):
            assert inside is (line == "END:VEVENT")
            inside = not inside
            events += [{}] if inside else []
            continue
        assert inside
        name, _, value = line.partition(":")
        assert name not in events[-1]
        events[-1][name] = unescaped(value)
    assert not inside
    for event in events:
        assert {"UID", "DTSTAMP", "DTSTART;VALUE=DATE", "SUMMARY"} <= set(event)
    return events


def unescaped(value: str) -> str:
    plain, rest = "", iter(value)
    for char in rest:
        assert char not in ";,"
        if char == "\\":
            char = {"\\": "\\", ";": ";", ",": ",", "n": "\n"}[next(rest)]
        plain += char
    return plain


@given(TEXT, TEXT, st.dates(max_value=dt.date(9999, 12, 30), min_value=dt.date(1000, 1, 1)))
def test_any_text_survives_folding_and_escaping(summary, description, date):
    (event,) = read_calendar(
        calendar([AllDayEvent("a@sidewise", date, summary, description)], made_at=MADE_AT)
    )
    assert (event["SUMMARY"], event["DESCRIPTION"]) == (summary, description)
    assert event["DTSTART;VALUE=DATE"] == f"{date:%Y%m%d}"
    assert event["DTEND;VALUE=DATE"] == f"{date + dt.timedelta(days=1):%Y%m%d}"


@pytest.mark.parametrize(("given_text", "kept"), [("a\r\nb", "a\nb"), ("a\x00\x1b[31mb\x7f", "a[31mb")])
def test_what_a_value_may_not_hold_is_taken_out(given_text, kept):
    (event,) = read_calendar(calendar([AllDayEvent("u", MADE_AT.date(), given_text, "")], made_at=MADE_AT))
    assert event["SUMMARY"] == kept


def test_the_stamp_is_in_utc_and_an_empty_calendar_is_one():
    text = calendar([AllDayEvent("u", MADE_AT.date(), "s", "d")], made_at=MADE_AT)
    assert read_calendar(text)[0]["DTSTAMP"] == "20260302T170000Z"
    assert read_calendar(calendar([], made_at=MADE_AT)) == []
