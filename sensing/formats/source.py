"""Bytes of an input file: existence, kind, size and line length are checked before anything is parsed."""

from __future__ import annotations

import codecs
import gzip
import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, cast

from sensing.errors import BadInput
from sensing.recording import Notice
from sensing.spool import LARGE

Place = Path | zipfile.Path
"""A file on disk or inside a zip archive."""

HEAD_BYTES: Final = 1 << 16
"""How much of a file is looked at to recognise its format."""

MAX_LINE_BYTES: Final = 1 << 20
"""A longer line is not a line of samples, and is refused before it fills the memory."""

MAX_BYTES: Final = 1 << 31
"""Most bytes of one file that are unpacked or converted in memory: about 50 hours at 100 Hz."""

MAX_PLAIN_BYTES: Final = 1 << 34
"""Most bytes of one plain file, which is never in memory as a whole."""

_BINARY_WITHIN: Final = 64
"""A zero byte this near to the beginning shows a file that was never text."""

_GZIP_MAGIC: Final = b"\x1f\x8b"
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF8_MARK: Final = codecs.BOM_UTF8


@dataclass(frozen=True)
class Head:
    """The first bytes of a file, by which its format is recognised.

    Attributes
    ----------
    place : Path or zipfile.Path
        Where the file is.
    data : bytes
        Up to 64 KiB, unpacked from gzip.
    """

    place: Place
    data: bytes

    @property
    def name(self) -> str:
        """File name for messages."""
        return str(self.place)

    @cached_property
    def lines(self) -> list[str]:
        """Text lines without line ends, up to a zero byte; empty where the bytes are not text."""
        data = self.data
        if data[:2] in _UTF16_MARKS:
            text = data[: len(data) // 2 * 2].decode("utf-16", "replace")
        else:
            zero = data.find(b"\0")
            if 0 <= zero < _BINARY_WITHIN:
                return []
            text = data[: zero if zero >= 0 else None].removeprefix(_UTF8_MARK).decode("utf-8", "replace")
        return text.splitlines()


@dataclass(frozen=True)
class Text:
    """A text file that was looked through once: UTF-8, no byte order mark, no zero byte, no endless line.

    Attributes
    ----------
    name : str
        File name for messages.
    ends_with_newline : bool
        Whether the last line is complete.
    plain : Path or None
        The file itself where it holds exactly ``data``, so that a parser may read it directly.
    converted : bytes or None
        The content where it does not.
    notices : tuple of Notice
        Repairs made on the way.
    """

    name: str
    ends_with_newline: bool
    plain: Path | None = None
    converted: bytes | None = None
    notices: tuple[Notice, ...] = field(default=())

    @property
    def large(self) -> bool:
        """Whether the numbers in it are too many to be kept in memory."""
        return self.plain is not None and self.plain.stat().st_size >= LARGE

    @cached_property
    def data(self) -> bytes:
        """The whole content."""
        if self.converted is not None or self.plain is None:
            return self.converted or b""
        return read_bytes(self.plain)

    @cached_property
    def head(self) -> str:
        """The first lines."""
        if self.plain is None:
            start = self.data[:HEAD_BYTES]
        else:
            with _opened(self.plain) as file:
                start = file.read(HEAD_BYTES)
        return start.decode("utf-8", "replace")

    def first_line(self, index: int) -> tuple[int, str] | None:
        """Number (from 1) and text of the first line that is not blank, from line ``index`` on."""
        lines = self.head.split("\n")
        for number, line in enumerate(lines[index : len(lines) - 1], index + 1):
            if line.strip():
                return number, line.rstrip("\r")
        return next(self.lines(index), None)

    def lines(self, first: int) -> Iterator[tuple[int, str]]:
        """Line numbers (from 1) and text of every line that is not blank, from line index ``first`` on."""
        with io.BytesIO(self.data) if self.plain is None else _opened(self.plain) as file:
            for number, raw in islice(enumerate(file, 1), first, None):
                line = raw.decode("utf-8", "replace").strip("\r\n")
                if line.strip():
                    yield number, line

    def blocks(self, first: int, size: int) -> Iterator[bytes]:
        """Whole lines from line index ``first`` on, about so many bytes at once."""
        with io.BytesIO(self.data) if self.plain is None else _opened(self.plain) as file:
            for _ in range(first):
                file.readline()
            while block := file.read(size):
                yield block if block.endswith(b"\n") else block + file.readline()

    def line_number(self, first: int, row: int) -> int:
        """Line number in the file (from 1) of a data row (from 0), blank lines skipped."""
        for at, (number, _) in enumerate(self.lines(first)):
            if at == row:
                return number
        return first + row + 1


def folder_of(place: Place) -> Place:
    """Folder that a file is in, on disk or in its archive."""
    return cast(Place, place.parent)


def siblings(place: Place) -> list[Place]:
    """Files in the same folder or archive, the file itself among them, by name."""
    try:
        return sorted((each for each in folder_of(place).iterdir() if each.is_file()), key=lambda e: e.name)
    except OSError as error:
        reason = error.strerror or error
        raise BadInput(f"{place}: the folder it is in cannot be listed: {reason}") from error


def check_file(place: Place) -> None:
    """Refuse what is not a readable, ordinary, non-empty file.

    Raises
    ------
    BadInput
        Missing, a folder, a device or pipe, no permission, or empty.
    """
    if isinstance(place, zipfile.Path):
        if not place.is_file():
            raise BadInput(f"{place}: no such file in the archive")
        return
    with _readable(place):
        status = place.stat()
        if stat.S_ISDIR(status.st_mode):
            raise BadInput(f"{place}: is a folder, a file was expected")
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(f"{place}: is not an ordinary file (a device or a pipe); copy it to a file first")
        if status.st_size == 0:
            raise BadInput(f"{place}: the file is empty; record or export it again")


def read_head(place: Place) -> Head:
    """The first bytes of a file.

    Raises
    ------
    BadInput
        The file is missing, unreadable, empty or not an ordinary file.
    """
    check_file(place)
    with _opened(place) as file:
        return Head(place, file.read(HEAD_BYTES))


def read_bytes(place: Place, *, text: bool = False) -> bytes:
    """A whole file, unpacked from gzip.

    Parameters
    ----------
    place : Path or zipfile.Path
        The file.
    text : bool
        Give up at the first line longer than 1 MiB.

    Raises
    ------
    BadInput
        The file cannot be read, is too large or has a line that is too long.
    """
    check_file(place)
    blocks: list[bytes] = []
    size = 0
    with _opened(place) as file:
        while block := file.read(MAX_LINE_BYTES):
            size += len(block)
            if size > MAX_BYTES:
                raise BadInput(f"{place}: holds more than {MAX_BYTES >> 30} GiB; split the recording")
            if text and len(block) == MAX_LINE_BYTES and not _has_newline(block):
                raise _endless(place, sum(b.count(b"\n") for b in blocks) + 1)
            blocks.append(block)
    return b"".join(blocks)


def read_text(place: Place) -> Text:
    """Look through a text file.

    Raises
    ------
    BadInput
        The file cannot be read, is not text, or has a line longer than 1 MiB.
    """
    name = str(place)
    check_file(place)
    with _opened(place) as file:
        mark = file.read(3)
    if (
        isinstance(place, Path)
        and mark[:2] not in _UTF16_MARKS
        and mark != _UTF8_MARK
        and not _is_gzip(place)
    ):
        return _looked_through(place)
    raw = read_bytes(place, text=True)
    notices: tuple[Notice, ...] = ()
    if mark[:2] in _UTF16_MARKS:
        try:
            raw = raw.decode("utf-16").encode()
        except UnicodeError as error:
            raise BadInput(f"{name}: damaged UTF-16 text ({error}); save it as UTF-8") from error
        notices = (Notice("utf16", f"{name} is UTF-16 text and was read as such"),)
    raw = raw.removeprefix(_UTF8_MARK)
    zero = raw.find(b"\0")
    if zero >= 0:
        raise _not_text(name, raw.count(b"\n", 0, zero) + 1, zero, raw[:200])
    return Text(name, raw.endswith((b"\n", b"\r")), None, raw, notices)


def _looked_through(path: Path) -> Text:
    """A plain file, looked through without keeping it."""
    block = bytearray(MAX_LINE_BYTES)
    size = 0
    last = b""
    with _opened(path) as file, memoryview(block) as view:
        while count := file.readinto(view):  # type: ignore[attr-defined]
            zero = block.find(b"\0", 0, count)
            if zero >= 0:
                raise _not_text(
                    str(path), _lines_before(path, size + zero) + 1, size + zero, bytes(block[:200])
                )
            if count == len(block) and block.find(b"\n") < 0 and block.find(b"\r") < 0:
                raise _endless(path, _lines_before(path, size) + 1)
            size += count
            last = bytes(block[count - 1 : count])
            if size > MAX_PLAIN_BYTES:
                raise BadInput(f"{path}: holds more than {MAX_PLAIN_BYTES >> 30} GiB; split the recording")
    return Text(str(path), last in (b"\n", b"\r"), path)


def _lines_before(path: Path, offset: int) -> int:
    """Newlines before a byte."""
    lines = 0
    with _opened(path) as file:
        while offset > 0 and (block := file.read(min(offset, MAX_LINE_BYTES))):
            lines += block.count(b"\n")
            offset -= len(block)
    return lines


def _endless(place: Place, line: int) -> BadInput:
    return BadInput(f"{place}, line {line}: longer than {MAX_LINE_BYTES} bytes; not a table of samples")


def _not_text(name: str, line: int, zero: int, start: bytes) -> BadInput:
    hint = UTF16_HINT if looks_utf16(start) else "is not a text file"
    return BadInput(f"{name}, line {line}: zero byte at byte {zero}; {hint}")


UTF16_HINT: Final = "looks like UTF-16 text without its mark; save it as UTF-8"


def looks_utf16(start: bytes) -> bool:
    """Whether every other byte is zero, as in UTF-16 text of plain letters."""
    part = start[:200]
    return max(part[0::2].count(0), part[1::2].count(0)) > len(part) // 4


def _has_newline(block: bytes) -> bool:
    return b"\n" in block or b"\r" in block


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == _GZIP_MAGIC


@contextmanager
def _readable(place: Place) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise BadInput(f"{place}: no such file; check the path") from error
    except PermissionError as error:
        raise BadInput(f"{place}: no permission to read it; change its permissions") from error
    except (gzip.BadGzipFile, zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise BadInput(f"{place}: the compressed file is damaged ({error}); copy it again") from error
    except OSError as error:
        raise BadInput(f"{place}: cannot be read: {error.strerror or error}") from error
    except (NotImplementedError, RuntimeError, ValueError) as error:
        # zipfile raises these for encrypted members and unknown compression; open() for odd names.
        raise BadInput(f"{place}: cannot be read: {error}") from error


@contextmanager
def _opened(place: Place) -> Iterator[BinaryIO]:
    with _readable(place), cast(BinaryIO, place.open("rb")) as file:
        magic = file.read(2)
        file.seek(0)
        if magic == _GZIP_MAGIC:
            with gzip.open(file) as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            yield file
