"""Checked values of device profiles: bytes, UUIDs, rates and axes."""

from __future__ import annotations

import re
from typing import Any

from sensing.devices import sig


def count(value: Any) -> int | None:
    """A number of samples, or None for ``"to_end"``."""
    if value == "to_end":
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 200:
        raise ValueError('a whole number from 1 to 200, or "to_end"')
    return value


def uuid(value: Any) -> str:
    """A 128-bit UUID, or the four digits of a standard one."""
    if isinstance(value, str):
        if re.fullmatch(r"[0-9A-Fa-f]{4}", value):
            return sig(int(value, 16))
        if re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", value):
            return value.lower()
    raise ValueError("a UUID such as 0000ffe5-0000-1000-8000-00805f9b34fb")


def hexadecimal(value: Any) -> bytes:
    """Bytes in hexadecimal."""
    try:
        data = bytes.fromhex(value)
    except (TypeError, ValueError):
        data = b""
    if not data:
        raise ValueError('bytes in hexadecimal such as "55 61"')
    return data


def template(value: Any) -> str:
    """Bytes in hexadecimal, where ``{rate}`` may stand for the code of the rate."""
    if not isinstance(value, str):
        raise ValueError('bytes in hexadecimal such as "03 {rate}"')
    hexadecimal(value.replace("{rate}", "00"))
    return value


def rates(value: Any) -> tuple[float, ...]:
    """Rates in hertz, increasing."""
    good = (
        isinstance(value, list)
        and value
        and all(isinstance(rate, int | float) and not isinstance(rate, bool) for rate in value)
        and all(0 < rate <= 4000 for rate in value)
        and sorted(set(value)) == value
    )
    if not good:
        raise ValueError("increasing rates in Hz such as [50, 100]")
    return tuple(float(rate) for rate in value)


def axes(value: Any) -> tuple[tuple[str, int, int], ...]:
    """Axes such as ``["acc_x", "-acc_y"]``: sensor, column and sign of each."""
    found = []
    for name in value if isinstance(value, list) else ():
        parts = re.fullmatch(r"(-?)(acc|gyr)_([xyz])", name) if isinstance(name, str) else None
        if parts:
            found.append((parts[2], "xyz".index(parts[3]), -1 if parts[1] else 1))
    sensors = {sensor for sensor, _, _ in found}
    if not found or len(found) != len(value) or len(sensors) != 1:
        raise ValueError('axes of one sensor such as ["acc_x", "acc_y", "-acc_z"]')
    return tuple(found)
