"""Numbers as people read them: no more digits than are known, a side by its letter, a dash for nothing."""

from __future__ import annotations

import math
from typing import Final

from sensing.recording import Interval, Side

MISSING: Final = "–"
SIDE_LETTER: Final = {Side.LEFT: "L", Side.RIGHT: "R"}

_UNITS: Final = {"m/s2": "m/s²", "deg/s": "°/s", "deg": "°", "deg/s2": "°/s²"}


def finite(value: float | None) -> float | None:
    """The value, or None where it is missing, NaN or infinite."""
    return value if value is not None and math.isfinite(value) else None


def finite_pair(pair: Interval | None) -> Interval | None:
    """The interval in ascending order, or None where either end is missing or not finite."""
    if pair is None or finite(pair[0]) is None or finite(pair[1]) is None:
        return None
    return min(pair), max(pair)


def printable(text: object) -> str:
    """Text without control characters and broken surrogates, which neither SVG nor a font can show."""
    return "".join(char if char.isprintable() else " " for char in str(text))


def unit(name: str) -> str:
    """A unit as people read it."""
    return _UNITS.get(name) or printable(name)


def decimals(*values: float | None) -> int:
    """Decimals that leave the largest value three significant digits, at most three decimals."""
    largest = max((abs(value) for value in values if finite(value) is not None and value), default=1.0)
    return min(max(2 - math.floor(math.log10(largest)), 0), 3)


def number(value: float | None, places: int | None = None) -> str:
    """A value with honest digits, a true minus sign, or a dash where it is missing."""
    if finite(value) is None:
        return MISSING
    assert value is not None
    text = f"{value:.{decimals(value) if places is None else places}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "−")


def with_unit(text: str, unit_name: str) -> str:
    """A number and its unit; the degree sign follows without a space."""
    shown = unit(unit_name)
    return text + shown if shown.startswith("°") else f"{text} {shown}".rstrip()


def to_percent(log_ratio: float) -> float:
    """Symmetry index 200 (R - L) / (R + L), in percent, of ln(R / L) (Robinson 1987)."""
    return 200 * math.tanh(log_ratio / 2)


def sided(value: float | None, places: int, unit_name: str = "%") -> str:
    """A signed difference with its side as a letter: ``R 11.8 %``."""
    if finite(value) is None:
        return MISSING
    assert value is not None
    text = number(abs(value), places)
    letter = "" if float(text) == 0 else ("R " if value > 0 else "L ")
    return letter + with_unit(text, unit_name)


def sided_interval(interval: Interval | None, places: int, unit_name: str = "%") -> str:
    """An interval with its sides: ``R 7.9 to 15.6 %``, or ``L 2.1 to R 5.0 %`` across even."""
    if (pair := finite_pair(interval)) is None:
        return MISSING
    low, high = pair
    near, far = sorted(pair, key=abs)
    if (low >= 0 or high <= 0) and float(number(abs(far), places)):
        letter = "R" if high > 0 else "L"
        return f"{letter} {number(abs(near), places)} to {with_unit(number(abs(far), places), unit_name)}"
    ends = [sided(low, places, ""), sided(high, places, "")]
    return with_unit(" to ".join(ends), unit_name)
