"""The diary: what an athlete did or felt between recordings, one JSON line each, kept with the athlete.

It only logs. Nothing here advises a therapy, and no entry changes a measurement.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sensing.errors import BadInput, UsageError

SCHEMA: Final = "sidewise.diary/1"
FILE: Final = "diary.jsonl"
MAX_TEXT: Final = 2000
MAX_MINUTES: Final = 24 * 60
MAX_PAIN: Final = 10


class Kind(StrEnum):
    """What an entry is about."""

    MASSAGE = "massage"
    TRIGGER_POINT = "trigger_point"
    INVERSION = "inversion"
    HEAT = "heat"
    ICE = "ice"
    HYDROTHERAPY = "hydrotherapy"
    STRETCHING = "stretching"
    EXERCISE = "exercise"
    REST = "rest"
    PAIN = "pain"
    NOTE = "note"


CONTRAINDICATIONS: Final = {
    "high_blood_pressure": "Do you have high blood pressure?",
    "glaucoma": "Do you have glaucoma, or another eye disease?",
    "heart_disease": "Do you have a heart disease?",
    "pregnancy": "Are you pregnant?",
}
"""What is asked before hanging upside down is logged: blood pressure rises by about 17/16 mmHg."""


@dataclass(frozen=True)
class Entry:
    """One line of the diary.

    Attributes
    ----------
    date : datetime.date
        The day.
    kind : Kind
        What it is about.
    note, place : str
        Free text, one line each: what, and where on the body.
    pain : int or None
        Pain from 0 (none) to 10 (the worst there is), at its worst on that day or around what was done.
    minutes : int or None
        How long.
    contraindications : tuple of str or None
        Keys of `CONTRAINDICATIONS` answered with yes; None where they were not asked, which an inversion
        does not allow.
    id : str
        Names the entry; given when it is added.

    Raises
    ------
    UsageError
        If a value is out of range; every problem is named.
    """

    date: dt.date
    kind: Kind
    note: str = ""
    place: str = ""
    pain: int | None = None
    minutes: int | None = None
    contraindications: tuple[str, ...] | None = None
    id: str = ""

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise UsageError(f"diary entry: {'; '.join(problems)}")

    def to_dict(self) -> dict[str, Any]:
        """The entry in JSON types, without what is not known."""
        known = {key: value for key, value in asdict(self).items() if value not in (None, "")}
        return {"id": known.pop("id", "")} | known | {"date": self.date.isoformat(), "kind": self.kind.value}


@dataclass(frozen=True)
class Diary:
    """What a diary holds: entries by date, and one line for each line of the file that cannot be read."""

    entries: tuple[Entry, ...]
    problems: tuple[str, ...] = ()

    def entry(self, entry_id: str) -> Entry:
        """The entry of an id.

        Raises
        ------
        UsageError
            There is none.
        """
        for entry in self.entries:
            if entry.id == entry_id:
                return entry
        raise UsageError(f"no diary entry {entry_id!r}; 'sidewise diary list' shows their ids")


def entries_between(
    entries: Iterable[Entry], first: dt.date, last: dt.date, kinds: Iterable[Kind] = tuple(Kind)
) -> tuple[Entry, ...]:
    """Entries from ``first`` to ``last``, both included, in the order given."""
    wanted = set(kinds)
    return tuple(entry for entry in entries if first <= entry.date <= last and entry.kind in wanted)


def read_diary(folder: Path) -> Diary:
    """Read the diary in an athlete's folder; a damaged line is named and costs no other line.

    Raises
    ------
    BadInput
        The file is there and cannot be read at all.
    """
    path = folder / FILE
    entries, problems = [], []
    for number, line in enumerate(_content(path).split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            entries.append(_parse(line))
        except (UsageError, ValueError, TypeError, KeyError) as error:
            problems.append(
                f"{path}, line {number}: not a diary entry ({_reason(error)}); correct or remove the line"
            )
    return Diary(tuple(sorted(entries, key=lambda entry: entry.date)), tuple(problems))


def add_entry(folder: Path, entry: Entry) -> Entry:
    """Append an entry to the diary in an athlete's folder, and return it with its id.

    Notes
    -----
    One write of one whole line to a file opened for appending: processes that add at the same time never
    overwrite each other, and a line cut off by a crash stays alone on its line.
    """
    named = Entry(**_fields(entry) | {"id": secrets.token_hex(4)})
    body = {"schema": SCHEMA} | named.to_dict()
    line = (json.dumps(body, ensure_ascii=False) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    handle = os.open(folder / FILE, flags, 0o644)
    try:
        end = os.lseek(handle, 0, os.SEEK_END)
        if end:
            os.lseek(handle, end - 1, os.SEEK_SET)
            line = line if os.read(handle, 1) == b"\n" else b"\n" + line
        if os.write(handle, line) != len(line):
            raise OSError(f"{folder / FILE}: the entry could not be written whole; is the disk full?")
        os.fsync(handle)
    finally:
        os.close(handle)
    return named


def delete_entry(folder: Path, entry_id: str) -> Entry:
    """Delete an entry, and return what it was.

    The line is overwritten with blanks where it stands, so that nothing added meanwhile is lost.

    Raises
    ------
    UsageError
        There is no such entry.
    """
    entry = read_diary(folder).entry(entry_id)
    path = folder / FILE
    with path.open("r+b") as file:
        start = 0
        for line in file.read().split(b"\n"):
            if _is_entry(line, entry_id):
                file.seek(start)
                file.write(b" " * len(line))
            start += len(line) + 1
        file.flush()
        os.fsync(file.fileno())
    return entry


def _problems(entry: Entry) -> Iterator[str]:
    for name, text in (("note", entry.note), ("place", entry.place)):
        if len(text) > MAX_TEXT or not text.isprintable():
            yield f"{name} must be one line of at most {MAX_TEXT} printable characters"
    if entry.pain is not None and not (_is_int(entry.pain) and 0 <= entry.pain <= MAX_PAIN):
        yield f"pain {entry.pain!r} is not a whole number from 0 to {MAX_PAIN}"
    if entry.minutes is not None and not (_is_int(entry.minutes) and 1 <= entry.minutes <= MAX_MINUTES):
        yield f"minutes {entry.minutes!r} is not a whole number from 1 to {MAX_MINUTES}"
    if entry.kind is Kind.PAIN and entry.pain is None:
        yield "an entry on pain needs --pain 0-10"
    if entry.kind is Kind.NOTE and not entry.note:
        yield "a note needs its text: --note TEXT"
    unknown = sorted(set(entry.contraindications or ()) - set(CONTRAINDICATIONS))
    if unknown:
        yield f"contraindication {', '.join(unknown)} is not one of {', '.join(CONTRAINDICATIONS)}"
    if entry.kind is Kind.INVERSION and entry.contraindications is None:
        yield "before an inversion is logged its questions must be answered"


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error})") from error


def _parse(line: bytes) -> Entry:
    body = json.loads(line.decode("utf-8"))
    if not isinstance(body, dict) or body.pop("schema", None) != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    answered = body.pop("contraindications", None)
    for name in ("note", "place", "id"):
        if not isinstance(body.get(name, ""), str):
            raise ValueError(f"{name} is not text")
    return Entry(
        **body
        | {
            "date": dt.date.fromisoformat(body["date"]),
            "kind": Kind(body["kind"]),
            "contraindications": None if answered is None else tuple(answered),
        }
    )


def _reason(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _is_entry(line: bytes, entry_id: str) -> bool:
    try:
        return _parse(line).id == entry_id
    except (UsageError, ValueError, TypeError, KeyError):
        return False


def _fields(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
