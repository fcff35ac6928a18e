"""Checked values from TOML text, every mistake named with its line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Final

from sensing.errors import UsageError

Path = tuple[str | int, ...]
Check = Callable[[Any], Any]
REQUIRED: Final = object()
"""Default of a key that has to be there."""

_NAME: Final = r"(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)"
_DOTTED: Final = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER: Final = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(rf"\s*({_DOTTED})\s*=")


def key_lines(text: str) -> dict[Path, int]:
    """Line, from 1, of every key and table header that starts a line; arrays of tables are counted."""
    lines: dict[Path, int] = {}
    count: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            parts = _parts(header[2])
            table = _resolve(parts[:-1], count) + parts[-1:]
            if header[1] == "[[":
                count[table] = count.get(table, -1) + 1
                lines.setdefault(table, number)
                table = (*table, count[table])
            lines[table] = number
        elif key := _KEY.match(line):
            lines.setdefault(table + _parts(key[1]), number)
    return lines


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(_NAME, dotted))


def _resolve(parts: Path, count: Mapping[Path, int]) -> Path:
    path: Path = ()
    for part in parts:
        path = (*path, part)
        if path in count:
            path = (*path, count[path])
    return path


@dataclass
class Problems:
    """The mistakes found so far in one file."""

    source: str
    lines: Mapping[Path, int]
    found: list[tuple[int, str]]

    def add(self, path: Path, text: str) -> None:
        """Note a mistake at a key, or at the nearest thing around it that has a line."""
        while path and path not in self.lines:
            path = path[:-1]
        self.found.append((self.lines.get(path, 1), text))

    def raise_if_any(self) -> None:
        """Raise all of them, in the order of the file.

        Raises
        ------
        UsageError
            If there are any: a line each, with file and line.
        """
        if self.found:
            raise UsageError("\n".join(f"{self.source}:{line}: {text}" for line, text in sorted(self.found)))


def read_text(path: str | FilePath) -> str:
    """The text of a file.

    Raises
    ------
    UsageError
        If it cannot be read or is not UTF-8.
    """
    try:
        return FilePath(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text (byte {error.start})") from None


def parse(text: str, source: str) -> tuple[dict[str, Any], Problems]:
    """The TOML document, and where to note its mistakes.

    Raises
    ------
    UsageError
        If it is no TOML.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r" \(at line (\d+), column (\d+)\)", str(error))
        place = f"{where[1]}:{where[2]}" if where else str(text.count("\n") + 1)
        message = str(error)[: where.start()] if where else str(error).removesuffix(" (at end of document)")
        raise UsageError(f"{source}:{place}: not TOML: {message}") from None
    return data, Problems(source, key_lines(text), [])


def read_table(
    data: Any, path: Path, keys: Mapping[str, tuple[Check, Any]], problems: Problems
) -> dict[str, Any]:
    """Checked values of one table, None or the default where a key is missing or wrong.

    Parameters
    ----------
    data : object
        The table.
    path : tuple
        Where it is, for line numbers.
    keys : mapping of str to (check, default)
        A check gives the value to use or raises ValueError saying what it must be.
    problems : Problems
        Where mistakes are noted.
    """
    if not isinstance(data, dict):
        problems.add(path, f"{path[-1] if path else 'the profile'} must be a table")
        data = {}
    for key in data:
        if key not in keys:
            close = difflib.get_close_matches(key, keys, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(keys)}"
            problems.add((*path, key), f"unknown key {key!r}{hint}")
    values = {}
    for key, (check, default) in keys.items():
        values[key] = None if default is REQUIRED else default
        if key in data:
            try:
                values[key] = check(data[key])
            except ValueError as error:
                problems.add((*path, key), f"{key} must be {error}, not {data[key]!r}")
        elif default is REQUIRED:
            problems.add(path, f"{key!r} is missing{f' in {_where(path)}' if path else ''}")
    return values


def tables(data: Any, path: Path, problems: Problems) -> Iterator[tuple[Path, Any]]:
    """The tables of an array of tables, each with its path."""
    if isinstance(data, list):
        for k, each in enumerate(data):
            yield (*path, k), each
    elif data is not None:
        problems.add(path, f"{path[-1]} must be written as [{_where(path)}]")


def _where(path: Path) -> str:
    return "[" + ".".join(part for part in path if isinstance(part, str)) + "]"


def text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError("a text")
    return value


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def one_of(*choices: str) -> Check:
    """One of some words."""

    def check(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return str(value)

    return check


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise ValueError('a list of texts such as ["one", "two"]')
    return tuple(value)


def texts_of(*choices: str) -> Check:
    """A list of some words."""

    def check(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not value or not all(each in choices for each in value):
            raise ValueError(f"a list of {', '.join(choices)}")
        return tuple(value)

    return check


def integer(low: int, high: int) -> Check:
    """A whole number within limits."""

    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value

    return check


def number(low: float, high: float) -> Check:
    """A number within limits."""

    def check(value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"a number from {low:g} to {high:g}")
        return float(value)

    return check
