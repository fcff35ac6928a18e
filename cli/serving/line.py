"""A signed difference as places on a line from the left side over even to the right side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sensing.recording import Interval

_HALF: Final = 46.0
"""Share of the line that a whole scale takes on either side, percent: marks at its ends stay on it."""


@dataclass(frozen=True)
class Mark:
    """A value and its interval, each in percent of the line's length; None where there is none."""

    at: float | None = None
    low: float | None = None
    high: float | None = None


NOWHERE: Final = Mark()


def mark(value: float | None, interval: Interval | None, scale: float) -> Mark:
    """Places of a value and its interval on a line that ends at ``scale`` percent on either side."""
    low, high = interval or (None, None)
    return Mark(*(_place(percent, scale) for percent in (value, low, high)))


def _place(percent: float | None, scale: float) -> float | None:
    return None if percent is None else round(50 + _HALF * max(-1.0, min(1.0, percent / scale)), 2)
