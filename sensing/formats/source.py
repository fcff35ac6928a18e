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
from pathlib import Path
from typing import BinaryIO, Final, cast

from sensing.errors import BadInput
from sensing.recording import Notice

Place = Path | zipfile.Path
"""A file on disk or inside a zip archive."""

HEAD_BYTES: Final = 1 << 16
"""How much of a file is looked at to recognise its format."""

MAX_LINE_BYTES: Final = 1 << 20
"""A longer line is not a line of samples, and is refused before it fills the memory."""

MAX_BYTES: Final = 1 << 31
"""Most bytes read from one file, unpacked: about 50 hours at 100 Hz."""

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
        """Complete text lines without line ends; empty where the bytes are not text."""
        data = self.data
        if data[:2] in _UTF16_MARKS:
            text = data[: len(data) // 2 * 2].decode("utf-16", "replace")
        elif b"\0" in data:
            return []
        else:
            text = data.removeprefix(_UTF8_MARK).decode("utf-8", "replace")
        return text.splitlines()


@dataclass(frozen=True)
class Text:
    """A text file, read whole.

    Attributes
    ----------
    name : str
        File name for messages.
    data : bytes
        UTF-8, no byte order mark.
    plain : Path or None
        The file itself where it holds exactly ``data``, so that a parser may read it directly.
    notices : tuple of Notice
        Repairs made on the way.
    """

    name: str
    data: bytes
    plain: Path | None = None
    notices: tuple[Notice, ...] = field(default=())

    @property
    def ends_with_newline(self) -> bool:
        """Whether the last line is complete."""
        return self.data.endswith((b"\n", b"\r"))

    def offset_of_line(self, index: int) -> int:
        """Byte offset of a line, counted from 0."""
        at = 0
        for _ in range(index):
            at = self.data.find(b"\n", at) + 1
            if at == 0:
                return len(self.data)
        return at

    def lines(self, first: int) -> Iterator[tuple[int, str]]:
        """Line numbers (from 1) and text of every line that is not blank, from line index ``first`` on."""
        stream = io.BytesIO(self.data)
        stream.seek(self.offset_of_line(first))
        for number, raw in enumerate(stream, first + 1):
            line = raw.decode("utf-8", "replace").strip("\r\n")
            if line.strip():
                yield number, line

    def line_number(self, first: int, row: int) -> int:
        """Line number in the file (from 1) of a data row (from 0), blank lines skipped."""
        for at, (number, _) in enumerate(self.lines(first)):
            if at == row:
                return number
        return first + row + 1


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


def read_bytes(place: Place, *, max_line_bytes: int | None = None) -> bytes:
    """A whole file, unpacked from gzip.

    Parameters
    ----------
    place : Path or zipfile.Path
        The file.
    max_line_bytes : int, optional
        Give up at the first line longer than this.

    Raises
    ------
    BadInput
        The file cannot be read, is too large or has a line that is too long.
    """
    check_file(place)
    blocks: list[bytes] = []
    size = 0
    line = 1
    with _opened(place) as file:
        while block := file.read(max_line_bytes or MAX_LINE_BYTES):
            size += len(block)
            if size > MAX_BYTES:
                raise BadInput(f"{place}: holds more than {MAX_BYTES >> 30} GiB; split the recording")
            if max_line_bytes is not None and len(block) == max_line_bytes and not _has_newline(block):
                line += sum(b.count(b"\n") for b in blocks)
                raise BadInput(
                    f"{place}, line {line}: longer than {max_line_bytes} bytes; not a table of samples"
                )
            blocks.append(block)
    return b"".join(blocks)


def read_text(place: Place) -> Text:
    """A whole text file as UTF-8.

    Raises
    ------
    BadInput
        The file cannot be read or is not text.
    """
    raw = read_bytes(place, max_line_bytes=MAX_LINE_BYTES)
    name = str(place)
    if raw[:2] in _UTF16_MARKS:
        try:
            data = raw.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise BadInput(f"{name}: damaged UTF-16 text at byte {error.start}; save it as UTF-8") from error
        if b"\0" in data:
            raise BadInput(f"{name}: holds zero bytes, so it is not a text file")
        return Text(name, data, None, (Notice("utf16", f"{name} is UTF-16 text and was read as such"),))
    zero = raw.find(b"\0")
    if zero >= 0:
        even = raw[1:200:2].count(b"\0") > 50 or raw[0:200:2].count(b"\0") > 50
        hint = "looks like UTF-16 text without its mark; save it as UTF-8" if even else "is not a text file"
        line = raw.count(b"\n", 0, zero) + 1
        raise BadInput(f"{name}, line {line}: zero byte at byte {zero}; {hint}")
    if raw.startswith(_UTF8_MARK):
        return Text(name, raw[len(_UTF8_MARK) :])
    plain = place if isinstance(place, Path) and not _is_gzip(place) else None
    return Text(name, raw, plain)


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
        raise BadInput(f"{place}: no such file") from error
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
