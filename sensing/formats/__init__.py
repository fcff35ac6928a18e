"""Vendor files to streams: one module per vendor, each recognised by a file's content.

A format is an object with the attributes of `Format`. Built-in ones are listed in `BUILT_IN`; a plug-in
adds its own by an entry point of the group ``sidewise.formats`` that names such an object.
"""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.metadata
from dataclasses import dataclass
from functools import cache
from typing import Final, Protocol

from sensing.errors import BadInput
from sensing.formats.source import UTF16_HINT, Head, Place, looks_utf16, read_head
from sensing.recording import Notice, Side, Stream

__all__ = ["BUILT_IN", "Format", "Head", "Place", "ReadOptions", "Reading", "WallClock", "formats", "read"]

ENTRY_POINT_GROUP: Final = "sidewise.formats"

BUILT_IN: Final = (
    "native_csv",
    "xsens_dot",
    "mbientlab",
    "shimmer",
    "witmotion_sd",
    "xio",
    "sensor_logger",
    "phyphox",
    "polar_sensor_logger",
    "imeasureu",
    "xdf",
)
"""Modules of this package, each with an object ``FORMAT``, in the order they are asked."""

LAST: Final = "named_csv"
"""The module asked after all others and plug-ins: it understands much that is a vendor's."""

PLAIN_HEADER: Final = "time_s,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z"

_LONGEST_SHOWN: Final = 300


@dataclass(frozen=True)
class ReadOptions:
    """What the user says about a file that does not say it itself.

    Attributes
    ----------
    acc_unit : str or None
        ``m/s2``, ``g`` or ``mg``.
    gyr_unit : str or None
        ``deg/s``, ``rad/s`` or ``mdeg/s``.
    time_unit : str or None
        ``s``, ``ms``, ``us`` or ``ns``.
    timezone : str or None
        Offset or IANA name for wall-clock times without one.
    rate_hz : float or None
        Sampling rate where a file has no times.
    """

    acc_unit: str | None = None
    gyr_unit: str | None = None
    time_unit: str | None = None
    timezone: str | None = None
    rate_hz: float | None = None


@dataclass(frozen=True)
class WallClock:
    """A wall-clock time.

    Attributes
    ----------
    epoch_s : float
        Seconds since 1970-01-01; in UTC where the zone is known, else in the local time of the file.
    zone : tzinfo or None
        Time zone to show it in; None where the file gives local time and no zone.
    """

    epoch_s: float
    zone: dt.tzinfo | None


@dataclass(frozen=True, eq=False)
class Reading:
    """One sensor's data, as far as its file tells.

    Attributes
    ----------
    stream : Stream
        The samples; ``time_s`` on the file's own timeline, the side provisional where ``side`` is None.
    side : Side or None
        Side, where the content tells it.
    wall : WallClock or None
        Wall-clock time of ``time_s == 0``.
    shared_clock_s : float or None
        Reading, at ``time_s == 0``, of a clock that the sensors share by hardware synchronisation.
    shared_clock_wrap_s : float or None
        Where that clock starts again from zero.
    shared_clock_error_s : float or None
        The vendor's bound on the error between two such clocks.
    notices : tuple of Notice
        Repairs and doubts.
    """

    stream: Stream
    side: Side | None = None
    wall: WallClock | None = None
    shared_clock_s: float | None = None
    shared_clock_wrap_s: float | None = None
    shared_clock_error_s: float | None = None
    notices: tuple[Notice, ...] = ()


class Format(Protocol):
    """One kind of file.

    Attributes
    ----------
    name : str
        Short name, as in ``xsens_dot``.
    title : str
        Name that people know it by.
    """

    name: str
    title: str

    def recognises(self, head: Head) -> bool:
        """Whether a file that begins like this is of this format; by content, never by name."""
        ...

    def read(self, place: Place, options: ReadOptions) -> tuple[Reading, ...]:
        """Read a file, and its siblings where one sensor is spread over several.

        Raises
        ------
        BadInput
            The content cannot be used; every problem found, with file, line and column.
        """
        ...


@cache
def formats() -> tuple[Format, ...]:
    """Every known format in the order they are asked: built-in ones, plug-ins, `LAST`.

    Raises
    ------
    BadInput
        A plug-in cannot be loaded.
    """
    found = [_built_in(name) for name in BUILT_IN]
    for entry in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        try:
            found.append(entry.load())
        except Exception as error:
            raise BadInput(f"format plug-in {entry.value}: cannot be loaded ({error}); remove it") from error
    return (*found, _built_in(LAST))


def _built_in(name: str) -> Format:
    module: Format = importlib.import_module(f"{__name__}.{name}").FORMAT
    return module


def recognise(head: Head) -> Format | None:
    """The format of a file that begins like this, or None."""
    return next((known for known in formats() if known.recognises(head)), None)


def read(place: Place, options: ReadOptions) -> tuple[Reading, ...]:
    """Read a file of any known format.

    Raises
    ------
    BadInput
        The file is of no known format or cannot be used.
    """
    head = read_head(place)
    known = recognise(head)
    if known is None:
        raise BadInput(_unknown(place, head))
    return known.read(place, options)


def _unknown(place: Place, head: Head) -> tuple[str, ...]:
    """What is wrong with a file of no known format and, as a problem of its own, what to do about it."""
    where = f"{place}, line 1"
    line = head.lines[0] if head.lines else ""
    if _only_numbers(line):
        text = "numbers where the names of columns were expected; add a line such as"
        return (f"{where}: {text} {PLAIN_HEADER}",)
    if looks_utf16(head.data):
        return (f"{where}: {UTF16_HINT}",)
    start = repr(line[:_LONGEST_SHOWN]) if line else "bytes that are not text"
    titles = ", ".join(each.title for each in formats())
    return (
        f"{where}: no known format begins with {start}",
        f"rename the first line to {PLAIN_HEADER}, or see docs/formats.md; known are {titles}",
    )


def _only_numbers(line: str) -> bool:
    cells = line.replace(";", ",").replace("\t", ",").split(",")
    try:
        return len([float(cell) for cell in cells]) > 1
    except ValueError:
        return False
