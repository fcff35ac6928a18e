"""Units and time zones: taken from the file or from a flag, never guessed."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import Final

from sensing.errors import BadInput
from sensing.recording import GRAVITY

_DEG_PER_RAD: Final = 57.29577951308232

ACC_UNITS: Final = {"m/s2": 1.0, "g": GRAVITY, "mg": GRAVITY / 1000.0}
"""Factors to m/s2."""

GYR_UNITS: Final = {"deg/s": 1.0, "rad/s": _DEG_PER_RAD, "mdeg/s": 0.001}
"""Factors to deg/s."""

TIME_UNITS: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
"""Factors to seconds."""

_SPELLINGS: Final = {
    "m/s^2": "m/s2",
    "m/s²": "m/s2",
    "m/(s^2)": "m/s2",
    "m/s/s": "m/s2",
    "ms-2": "m/s2",
    "ms^-2": "m/s2",
    "mps2": "m/s2",
    "m/s2": "m/s2",
    "dps": "deg/s",
    "°/s": "deg/s",
    "deg/sec": "deg/s",
    "degps": "deg/s",
    "radps": "rad/s",
    "mdps": "mdeg/s",
    "rad/sec": "rad/s",
    "sec": "s",
    "seconds": "s",
    "µs": "us",
    "μs": "us",
    # The signs ² and ° in text that is not UTF-8.
    "m/s\ufffd": "m/s2",
    "\ufffd/s": "deg/s",
    "usec": "us",
    "msec": "ms",
}

_FLAGS: Final = {"acc": "--acc-unit", "gyr": "--gyr-unit", "time": "--time-unit"}
_TABLES: Final = {"acc": ACC_UNITS, "gyr": GYR_UNITS, "time": TIME_UNITS}


def spelled(unit: str) -> str:
    """The one spelling of a unit used here; unknown units come back unchanged."""
    unit = unit.strip().lower()
    return _SPELLINGS.get(unit, unit)


def is_unit(text: str) -> bool:
    """Whether a text is a unit that is known here, of whatever kind."""
    return any(spelled(text) in table for table in _TABLES.values())


def factor(kind: str, stated: str | None, flag: str | None, where: str) -> float:
    """Factor from the unit of a file to the unit used inside.

    Parameters
    ----------
    kind : str
        ``acc``, ``gyr`` or ``time``.
    stated : str or None
        Unit that the file states, None where it states none.
    flag : str or None
        Unit that the user gave, None where none was given.
    where : str
        File (and column) for the message.

    Raises
    ------
    BadInput
        No unit is known, it is unknown, or the flag contradicts the file.
    """
    table = _TABLES[kind]
    known = ", ".join(table)
    if flag is not None and spelled(flag) not in table:
        raise BadInput(f"{_FLAGS[kind]} {flag}: not a unit; use one of {known}")
    if stated is None:
        if flag is None:
            raise BadInput(f"{where}: no {kind} unit in the file; say it with {_FLAGS[kind]} ({known})")
        return table[spelled(flag)]
    if spelled(stated) not in table:
        raise BadInput(f"{where}: unit {stated!r} cannot be used; export calibrated data ({known})")
    if flag is not None and spelled(flag) != spelled(stated):
        raise BadInput(f"{where}: the file states {stated}, {_FLAGS[kind]} says {flag}; leave the flag out")
    return table[spelled(stated)]


_FARTHEST: Final = dt.timedelta(hours=14)
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?\s*([+-]?)(\d{1,2}):?(\d{2})?")


def time_zone(text: str) -> dt.tzinfo:
    """Time zone from an offset (``+02:00``, ``GMT+8``, ``Z``) or an IANA name (``Europe/Rome``).

    Raises
    ------
    BadInput
        The text names no time zone.
    """
    text = text.strip()
    if text.upper() in ("Z", "UTC", "GMT"):
        return dt.UTC
    match = _OFFSET.fullmatch(text)
    if match:
        sign, hours, minutes = match.groups()
        offset = dt.timedelta(hours=int(hours), minutes=int(minutes or 0))
        if offset <= _FARTHEST and int(minutes or 0) < 60:
            return dt.timezone(-offset if sign == "-" else offset)
    try:
        return zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(
            f"--timezone {text!r}: not a time zone; write +02:00 or a name such as Europe/Rome"
        ) from error
