"""Three axes by their column names, and two sensors of one device joined on one timeline."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sensing.errors import BadInput
from sensing.formats.source import Place, folder_of
from sensing.formats.table import Numbers
from sensing.recording import FloatArray, Notice
from sensing.retime import estimate_rate


@dataclass(frozen=True)
class Axes:
    """Columns x, y, z of one sensor, and the unit their names state."""

    columns: tuple[int, int, int]
    unit: str | None


def find_axes(names: Sequence[str], pattern: re.Pattern[str]) -> Axes | None:
    """Columns of one sensor.

    Parameters
    ----------
    names : sequence of str
        Column names.
    pattern : compiled regular expression
        Matches a whole name; group ``axis`` is x, y or z, group ``unit``, where there is one, the unit.

    Returns
    -------
    Axes or None
        None where not all three axes are there.
    """
    found: dict[str, int] = {}
    units: set[str] = set()
    for column, name in enumerate(names):
        match = pattern.fullmatch(name.strip())
        if match:
            found.setdefault(match["axis"].lower(), column)
            if "unit" in pattern.groupindex:
                units.add(match["unit"])
    if set(found) != set("xyz"):
        return None
    if len(units) > 1:
        raise BadInput(f"the axes {', '.join(names[c] for c in found.values())} state different units")
    return Axes((found["x"], found["y"], found["z"]), units.pop() if units else None)


def take_axes(numbers: Numbers, axes: Axes, scale: float) -> FloatArray:
    """The three columns times a factor, (n, 3)."""
    return numbers.take(axes.columns, scale)


@dataclass(frozen=True, eq=False)
class Sensor:
    """Samples of one sensor of a device that has its own rate: times, s, (n,) and values (n, 3)."""

    name: str
    time_s: FloatArray
    values: FloatArray
    where: Callable[[int], str]

    def checked(self) -> Sensor:
        """Rows with numbers only, in order of time.

        Raises
        ------
        BadInput
            Times run backwards or stand still, half of the rows or more hold no numbers.
        """
        finite = np.isfinite(self.time_s) & np.isfinite(self.values).all(axis=1)
        if 2 * int(finite.sum()) <= len(finite):
            raise BadInput(f"{self.name}: most rows hold NaN, infinity or nothing; export it again")
        time_s = self.time_s[finite]
        if len(time_s) < 2:
            raise BadInput(f"{self.name}: at least 2 samples are needed, {len(time_s)} found")
        back = np.flatnonzero(np.diff(time_s) < 0)
        if len(back):
            row = int(np.flatnonzero(finite)[back[0] + 1])
            raise BadInput(f"{self.where(row)}: time runs backwards; export it in order of time")
        # Of rows that share a time, the first stays: a value can hold at one time only.
        first = np.concatenate([[True], np.diff(time_s) > 0])
        if int(first.sum()) < 2:
            raise BadInput(f"{self.name}: every row has the same time; export it again")
        return Sensor(self.name, time_s[first], self.values[finite][first], self.where)


def join(gyroscope: Sensor, accelerometer: Sensor) -> tuple[FloatArray, FloatArray, FloatArray, Notice]:
    """Two sensors of one device at their own rates, on the gyroscope's timeline.

    The accelerometer is interpolated linearly, never beyond its ends and never across its gaps (a step of
    more than 1.5 of its periods): gyroscope samples there are left out and so become gaps.

    Parameters
    ----------
    gyroscope, accelerometer : Sensor
        Samples with increasing times on one clock.

    Returns
    -------
    time_s : (n,) float array
    acc, gyr : (n, 3) float array
    notice : Notice
        ``joined``: what was done.

    Raises
    ------
    BadInput
        The two do not overlap.
    """
    acc, gyr = accelerometer.checked(), gyroscope.checked()
    acc_hz, gyr_hz = estimate_rate(acc.time_s), estimate_rate(gyr.time_s)
    after = np.searchsorted(acc.time_s, gyr.time_s)
    inside = (gyr.time_s >= acc.time_s[0]) & (gyr.time_s <= acc.time_s[-1])
    at = np.clip(after, 1, len(acc.time_s) - 1)
    on_sample = acc.time_s[np.clip(after, 0, len(acc.time_s) - 1)] == gyr.time_s
    inside &= on_sample | (acc.time_s[at] - acc.time_s[at - 1] <= 1.5 / acc_hz)
    if int(inside.sum()) < 2:
        raise BadInput(
            f"{gyroscope.name}: shares no time with {accelerometer.name}; they are not of one recording"
        )
    time_s = gyr.time_s[inside]
    values = np.column_stack([np.interp(time_s, acc.time_s, acc.values[:, axis]) for axis in range(3)])
    left_out = len(gyr.time_s) - len(time_s)
    rates = f"acceleration at {acc_hz:.4g} Hz was interpolated onto the gyroscope's {gyr_hz:.4g} Hz"
    text = f"{gyroscope.name}: {rates}"
    if left_out:
        text += f"; {left_out} gyroscope samples without acceleration beside them were left out"
    return time_s, values, gyr.values[inside], Notice("joined", text)


def sibling(place: Place, name: str) -> Place | None:
    """Another file in the same folder or archive, None where there is none."""
    other = folder_of(place) / name
    return other if other.is_file() else None


def no_gyroscope(name: str, wanted: str) -> Notice:
    """A device's gyroscope file is not beside its accelerometer file."""
    return Notice("no_gyroscope", f"{name}: no angular velocity, for {wanted} is not beside it")
