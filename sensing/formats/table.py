"""Tables of numbers in text: a fast parser, and a careful one that says where it went wrong."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensing.errors import BadInput
from sensing.formats.source import Text
from sensing.recording import FloatArray, Notice
from sensing.spool import is_spooled, rebuilt, spooled, stretches

_Decimals = Callable[[bytes, int, int, npt.NDArray[np.int64], FloatArray], int]

try:
    from sensing.formats import _decimals

    _parse: _Decimals | None = _decimals.parse
except ImportError:
    # Installed without a C compiler.
    _parse = None

SEPARATORS: Final = (",", ";", "\t")

MOST_PROBLEMS: Final = 10
"""How many problems of one file are listed; the rest are counted."""

_MISSING: Final = ("", "nan", "NaN", "NAN", "-nan", "NA", "N/A", "null")
_BLOCK: Final = 1 << 22
"""Bytes of plain numbers that are parsed at once."""

_PIECE: Final = 65_536
"""Rows that are parsed at once: what pandas needs beside the numbers does not grow with the file."""

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
_WITH_COMMA: Final = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?")


class _Problem(NamedTuple):
    """What is wrong in one place; an advice that fits many places is given once, with their count."""

    text: str
    advice: str = ""


_DECIMAL_POINT: Final = "write decimals with a point, or separate columns by semicolons"
_ONE_MARK: Final = "use one decimal mark in the whole file"
_ONE_SEPARATOR: Final = "use one separator"


@dataclass(frozen=True, eq=False)
class Numbers:
    """A parsed table.

    Attributes
    ----------
    values : (n, k) float array
        One column per column asked for; NaN where a cell is empty.
    columns : tuple of int
        Which columns of the file they are.
    text : Text
        Where it came from.
    first_line : int
        Index of the first data line, counted from 0.
    notices : tuple of Notice
        Repairs made.
    """

    values: FloatArray
    columns: tuple[int, ...]
    text: Text
    first_line: int
    notices: tuple[Notice, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def take(self, columns: Sequence[int], scale: float = 1.0) -> FloatArray:
        """Columns of the file times a factor, (n, len(columns)); a view where nothing has to change."""
        at = [self.columns.index(column) for column in columns]
        adjacent = at == list(range(at[0], at[0] + len(at)))
        taken: FloatArray = self.values[:, at[0] : at[0] + len(at)] if adjacent else self.values[:, at]
        return scaled(taken, scale)

    def column(self, column: int, scale: float = 1.0) -> FloatArray:
        """One column of the file times a factor, (n,)."""
        taken: FloatArray = self.take([column], scale)[:, 0]
        # One column is looked at often and as a whole, so it is worth its memory.
        return np.concatenate([v.copy() for v in stretches(taken)]) if is_spooled(taken) else taken

    def without_last(self, notice: Notice) -> Numbers:
        """All rows but the last, which the notice explains."""
        return replace(self, values=self.values[:-1], notices=(*self.notices, notice))

    def where(self, row: int) -> str:
        """``FILE, line N`` of a row."""
        return f"{self.text.name}, line {self.text.line_number(self.first_line, row)}"


def scaled(values: FloatArray, scale: float) -> FloatArray:
    """Values times a factor; the same array for 1. What overflows is infinite and so a missing sample."""
    if scale == 1.0:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        return rebuilt(values, lambda piece, _: piece * scale)


def split_header(line: str, separator: str) -> list[str]:
    """Column names of a header line, unquoted; a trailing separator adds no column."""
    names = [name.strip().strip('"').strip() for name in line.split(separator)]
    while names and not names[-1]:
        names.pop()
    return names


def best_separator(line: str) -> str:
    """The separator that splits a header line into most names."""
    return max(SEPARATORS, key=line.count)


def read_numbers(
    text: Text,
    *,
    first_line: int,
    separator: str,
    names: Sequence[str],
    columns: Sequence[int],
    empty_ok: Collection[int] = (),
) -> Numbers:
    """Read columns of numbers.

    Where no comma separates the columns, all decimals may have a comma.

    Parameters
    ----------
    text : Text
        The file.
    first_line : int
        Index of the first data line, counted from 0.
    separator : str
        Between the columns.
    names : sequence of str
        Names of all columns in the file, for messages and for the expected width.
    columns : sequence of int
        Columns wanted, ascending; the others may hold anything.
    empty_ok : collection of int
        Columns that are empty as a rule, so that an empty cell there hints at no damage.

    Returns
    -------
    Numbers

    Raises
    ------
    BadInput
        No rows, text in a number, a row that is too short or too long, a decimal comma, a wrong separator;
        up to ten problems with line and column, then their count.
    """
    first = text.first_line(first_line)
    if first is None:
        raise BadInput(f"{text.name}: no samples below the header; record or export it again")
    width = len(names)
    if _fits(first[1], separator, width):
        parsed = (
            parse(text, first_line, separator, columns, width, mark)
            for parse in (_parse_plain, _parse_fast)
            for mark in _marks(separator)
        )
        values = next((values for values in parsed if values is not None), None)
        if values is not None and len(values):
            numbers = Numbers(values, tuple(columns), text, first_line, text.notices)
            # A sum sees every NaN and infinity at a fraction of the price of looking at each value.
            with np.errstate(over="ignore", invalid="ignore"):
                whole = np.isfinite(np.sum([piece.sum(axis=0) for piece in stretches(values)], axis=0))
            if all(ok or column in empty_ok for ok, column in zip(whole, columns, strict=True)):
                return numbers
            return _checked(numbers, separator, width)
    return _parse_carefully(text, first_line, separator, names, columns)


def _fits(line: str, separator: str, width: int) -> bool:
    """Whether a line has as many cells as the header, give or take a trailing separator."""
    count = line.count(separator) + 1
    return count == width or (count == width + 1 and line.endswith(separator))


def _marks(separator: str) -> tuple[str, ...]:
    """Decimal marks that numbers may have between such separators."""
    return (".",) if separator == "," else (".", ",")


def _parse_plain(
    text: Text, first_line: int, separator: str, columns: Sequence[int], width: int, decimal: str
) -> FloatArray | None:
    """The numbers of a file that has nothing else in it; None for any other, and without a compiler."""
    parse = _parse
    if parse is None:
        return None
    places = np.full(width, -1, dtype=np.int64)
    places[list(columns)] = range(len(columns))

    def pieces() -> Iterator[FloatArray]:
        for block in text.blocks(first_line, _BLOCK):
            # Each column lies together in memory, as everything that comes after wants it.
            own = np.empty((len(columns), block.count(b"\n") + 1))
            read = parse(block, ord(separator), ord(decimal), places, own)
            if read < 0:
                raise ValueError("not plain")
            yield own[:, :read].T

    try:
        return spooled(pieces()) if text.large else np.concatenate(list(pieces()))
    except ValueError:
        return None


def _parse_fast(
    text: Text, first_line: int, separator: str, columns: Sequence[int], width: int, decimal: str
) -> FloatArray | None:
    # Parsed from its path where possible: pandas reads that half again as fast as a buffer.
    source: str | io.BytesIO = io.BytesIO(text.data) if text.plain is None else str(text.plain)
    try:
        pieces = pd.read_csv(
            source,
            sep=separator,
            decimal=decimal,
            header=None,
            skiprows=first_line,
            # Choosing columns costs pandas a third of its speed, so it is done only where it is needed.
            usecols=None if len(columns) == width else list(columns),
            dtype=np.float64,
            engine="c",
            chunksize=_PIECE,
            encoding="utf-8",
            compression=None,
            quoting=csv.QUOTE_NONE,
            keep_default_na=False,
            na_values=list(_MISSING),
        )
        with pieces:
            parsed = (piece.to_numpy()[:, : len(columns)] for piece in pieces)
            return spooled(parsed) if text.large else np.concatenate(list(parsed))
    except (ValueError, OverflowError):
        return None


def _checked(numbers: Numbers, separator: str, width: int) -> Numbers:
    """Tell rows that are too short from cells that are empty."""
    values, text = numbers.values, numbers.text
    with np.errstate(over="ignore", invalid="ignore"):
        bad = np.concatenate([~np.isfinite(piece.sum(axis=1)) for piece in stretches(values)])
    problems: list[_Problem] = []
    last = len(values) - 1
    for row, (number, line) in enumerate(text.lines(numbers.first_line)):
        if row > last or not bad[row]:
            continue
        count = line.count(separator) + 1
        if count >= width:
            continue
        if row == last and not text.ends_with_newline:
            notice = _truncated(text.name, number)
            if last == 0:
                raise BadInput(
                    f"{text.name}, line {number}: the only row is incomplete; export the file again"
                )
            numbers = numbers.without_last(notice)
            break
        told = f"{text.name}, line {number}: {count} columns where the header names {width}"
        problems.append(_Problem(told))
    _raise(problems, text.name)
    return numbers


def _truncated(name: str, line: int) -> Notice:
    return Notice("truncated_last_line", f"{name}, line {line}: the last line is incomplete and was dropped")


def _parse_carefully(
    text: Text, first_line: int, separator: str, names: Sequence[str], columns: Sequence[int]
) -> Numbers:
    width = len(names)
    rows: list[list[float]] = []
    problems: list[_Problem] = []
    pending: list[_Problem] = []
    mark = _decimal_mark(text, first_line, separator, columns)
    other = "," if mark == "." else "."
    notices = text.notices
    last_number = first_line
    for number, line in text.lines(first_line):
        # A fault in the last line alone is a truncation, so each line's faults wait for a line after it.
        problems += pending
        pending = []
        last_number = number
        cells = _cells(line, separator)
        while len(cells) > width and not cells[-1]:
            cells.pop()
        where = f"{text.name}, line {number}"
        if len(cells) != width:
            pending.append(_width_problem(where, line, cells, separator, width))
            continue
        row: list[float] = []
        for column in columns:
            cell = cells[column]
            if cell in _MISSING:
                row.append(np.nan)
            elif other not in cell and _NUMBER.fullmatch(cell.replace(mark, ".")):
                row.append(float(cell.replace(mark, ".")))
            else:
                pending.append(_cell_problem(f"{where}, column {names[column]}", cell, separator))
        if len(row) == len(columns):
            rows.append(row)
    if pending and rows and not problems and not text.ends_with_newline:
        notices = (*notices, _truncated(text.name, last_number))
    else:
        problems += pending
    _raise(problems, text.name)
    if not rows:
        raise BadInput(f"{text.name}: no samples below the header; record or export it again")
    return Numbers(np.array(rows, dtype=np.float64), tuple(columns), text, first_line, notices)


def _cells(line: str, separator: str) -> list[str]:
    return [cell.strip().strip('"').strip() for cell in line.split(separator)]


def _decimal_mark(text: Text, first_line: int, separator: str, columns: Sequence[int]) -> str:
    """The mark in the first number that has one; a point where commas separate the columns."""
    if separator == ",":
        return "."
    for _, line in text.lines(first_line):
        cells = _cells(line, separator)
        for cell in (cells[column] for column in columns if column < len(cells)):
            if _WITH_COMMA.fullmatch(cell):
                return ","
            if "." in cell and _NUMBER.fullmatch(cell):
                return "."
    return "."


def _width_problem(where: str, line: str, cells: list[str], separator: str, width: int) -> _Problem:
    count = len(cells)
    if count == 1 and width > 1:
        other = best_separator(line)
        if line.count(other) + 1 >= width:
            text = f"{where}: columns are separated by {other!r} but the header by {separator!r}"
            return _Problem(text, _ONE_SEPARATOR)
    told = f"{where}: {count} columns where the header names {width}"
    if separator == "," and count > width and all(re.fullmatch(r"[+-]?\d*", cell) for cell in cells):
        return _Problem(f"{told}, as if by decimal commas", _DECIMAL_POINT)
    return _Problem(told)


def _cell_problem(where: str, cell: str, separator: str) -> _Problem:
    shown = cell if len(cell) <= 40 else cell[:37] + "..."
    if _WITH_COMMA.fullmatch(cell):
        return _Problem(
            f"{where}: {shown!r} has a decimal comma", _DECIMAL_POINT if separator == "," else _ONE_MARK
        )
    if _NUMBER.fullmatch(cell):
        return _Problem(f"{where}: {shown!r} has a decimal point, unlike numbers before", _ONE_MARK)
    return _Problem(f"{where}: {shown!r} is not a number")


def _raise(problems: list[_Problem], name: str) -> None:
    if not problems:
        return
    alike: dict[str, list[str]] = {}
    for text, advice in problems:
        alike.setdefault(advice or text, []).append(text)
    shown: list[str] = []
    for key, texts in list(alike.items())[:MOST_PROBLEMS]:
        more = f" ({len(texts)} such places)" if len(texts) > 1 else ""
        shown.append(texts[0] if texts[0] == key else f"{texts[0]}; {key}{more}")
    if len(alike) > MOST_PROBLEMS:
        shown.append(f"{name}: and {len(alike) - MOST_PROBLEMS} more problems")
    raise BadInput(shown)
