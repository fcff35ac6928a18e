"""Xsens or Movella DOT, exported by its app: ``sep=,``, key and value lines, then a table.

``SampleTimeFine`` counts microseconds and wraps at 32 bits, as does ``PacketCounter`` (Xsens DOT User Manual
XD0502P, 4.2.5). Acc is in m/s2, Gyr in deg/s (4.2.2). ``FreeAcc`` is in the earth frame with gravity deducted
(4.2.4); it is turned into the sensor frame by the orientation of the same row.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from sensing.clock import unwrap
from sensing.errors import BadInput
from sensing.formats import Head, Place, Reading, ReadOptions, WallClock
from sensing.formats.assemble import Columns, to_stream, wall_clock
from sensing.formats.axes import find_axes, take_axes
from sensing.formats.source import read_text
from sensing.formats.table import Numbers, read_numbers, split_header
from sensing.formats.units import time_zone
from sensing.recording import GRAVITY, FloatArray, IntArray, Notice

SYNC_ERROR_S: Final = 0.014
"""Bound that the vendor gives for synchronised sensors 60 minutes after synchronisation (1.8 ms after 30);
a file does not tell when that was, so the larger one holds."""

_HEADER_WITHIN: Final = 40
_ACC: Final = re.compile(r"Acc_(?P<axis>[XYZ])")
_GYR: Final = re.compile(r"Gyr_(?P<axis>[XYZ])")
_FREE: Final = re.compile(r"FreeAcc_(?P<axis>[XYZ])")
_QUAT: Final = ("Quat_W", "Quat_X", "Quat_Y", "Quat_Z")
_START: Final = re.compile(r"(\d{4}-\d\d-\d\d)_(\d\d:\d\d:\d\d)_(\d{3})\s*(.*)")


def _header_line(lines: list[str]) -> int | None:
    for index, line in enumerate(lines[:_HEADER_WITHIN]):
        if line.startswith("PacketCounter,SampleTimeFine"):
            return index
    return None


@dataclass(frozen=True)
class XsensDot:
    """CSV of the Xsens and Movella DOT apps and data exporter."""

    name: str = "xsens_dot"
    title: str = "Xsens/Movella DOT CSV"

    def recognises(self, head: Head) -> bool:
        """A line that names packet counter and sample time."""
        return _header_line(head.lines) is not None

    def read(self, place: Place, options: ReadOptions) -> tuple[Reading, ...]:
        """Read one sensor."""
        text = read_text(place)
        lines = [line.rstrip("\r") for line in text.head.split("\n")]
        at = _header_line(lines) or 0
        meta = dict(_key_value(line) for line in lines[:at] if ":" in line)
        names = split_header(lines[at], ",")
        acc, gyr, free = (find_axes(names, pattern) for pattern in (_ACC, _GYR, _FREE))
        quat = [names.index(name) for name in _QUAT if name in names]
        if acc is None and (free is None or len(quat) != 4):
            raise BadInput(
                f"{text.name}, line {at + 1}: neither Acc_X..Z nor FreeAcc_X..Z with Quat_W..Z; record in a "
                "mode with rate quantities or quaternions"
            )
        axes = [each for each in (acc if acc is not None else free, gyr) if each is not None]
        wanted = sorted({0, 1, *(c for each in axes for c in each.columns), *quat})
        numbers = read_numbers(text, first_line=at + 1, separator=",", names=names, columns=wanted)
        seq = _counter(numbers, 0, "PacketCounter")
        ticks = _counter(numbers, 1, "SampleTimeFine")
        time_s = (ticks - ticks[0]) * 1e-6
        orientation = numbers.take(quat) if len(quat) == 4 else None
        notices: list[Notice] = list(numbers.notices)
        rate_of_turn = None if gyr is None else take_axes(numbers, gyr, 1.0)
        if rate_of_turn is None and orientation is not None:
            rate_of_turn = gyr_from_orientation(orientation, time_s, seq)
            notices.append(
                Notice(
                    "gyr_from_orientation",
                    f"{text.name}: angular velocity was derived from the orientation, for the file has none",
                )
            )
        if acc is not None:
            acceleration = take_axes(numbers, acc, 1.0)
        else:
            assert free is not None and orientation is not None
            acceleration = to_sensor_frame(take_axes(numbers, free, 1.0), orientation)
        stream, more = to_stream(
            Columns(time_s, acceleration, rate_of_turn, orientation, seq),
            name=text.name,
            where=numbers.where,
            acc_has_gravity=acc is not None,
            acc_range=16 * GRAVITY,
            gyr_range=2000.0,
            device=f"Xsens DOT {meta.get('DeviceTag', '')}".strip(),
            keep_gyr_nan=gyr is None,
        )
        synced = meta.get("SyncStatus", "").lower() == "synced"
        reading = Reading(
            stream,
            wall=_start_time(meta.get("StartTime", ""), options),
            shared_clock_s=float(ticks[0]) * 1e-6 if synced else None,
            shared_clock_wrap_s=2**32 * 1e-6,
            shared_clock_error_s=SYNC_ERROR_S if synced and stream.duration_s <= 3600.0 else None,
            notices=(*notices, *more),
        )
        return (reading,)


FORMAT = XsensDot()


def _key_value(line: str) -> tuple[str, str]:
    key, _, value = line.partition(":")
    return key.strip(), value.strip(" ,")


def _counter(numbers: Numbers, column: int, name: str) -> IntArray:
    values = numbers.column(column)
    good = np.isfinite(values) & (values >= 0) & (values < 2**32)
    if not good.all():
        row = int(np.argmin(good))
        raise BadInput(f"{numbers.where(row)}, column {name}: not a counter of 32 bits")
    return unwrap(values.astype(np.int64), 32)


def _start_time(text: str, options: ReadOptions) -> WallClock | None:
    match = _START.fullmatch(text)
    if match is None:
        return None
    try:
        local = dt.datetime.fromisoformat(f"{match[1]}T{match[2]}.{match[3]}")
    except ValueError:
        return None
    try:
        zone = time_zone(match[4]) if match[4] else None
    except BadInput:
        zone = None
    return wall_clock(local, options, zone)


def to_sensor_frame(earth: FloatArray, quat: FloatArray) -> FloatArray:
    """Vectors of the earth frame in the sensor frame.

    Parameters
    ----------
    earth : (n, 3) float array
        Vectors in the earth frame.
    quat : (n, 4) float array
        Orientation w x y z, sensor to earth.

    Returns
    -------
    (n, 3) float array
    """
    w, v = quat[:, :1], -quat[:, 1:]
    t = 2.0 * np.cross(v, earth)
    turned: FloatArray = earth + w * t + np.cross(v, t)
    return turned


def gyr_from_orientation(quat: FloatArray, time_s: FloatArray, seq: IntArray) -> FloatArray:
    """Angular velocity in the sensor frame from successive orientations.

    ``2 log(q[t]^-1 q[t+1]) / dt`` holds half way between two samples; each sample gets the mean of the values
    before and after it, or the one there is beside a gap.

    Parameters
    ----------
    quat : (n, 4) float array
        Orientation w x y z, sensor to earth, of unit length.
    time_s : (n,) float array
        Sample times, s.
    seq : (n,) int array
        Sample counter: only steps of one are used.

    Returns
    -------
    (n, 3) float array
        deg/s; NaN where both neighbours are lost.
    """
    a, b = quat[:-1], quat[1:]
    w = np.einsum("ij,ij->i", a, b)
    v = a[:, :1] * b[:, 1:] - b[:, :1] * a[:, 1:] - np.cross(a[:, 1:], b[:, 1:])
    # q and -q are the same orientation: the shorter way round is the movement.
    v = np.where(w < 0, -1.0, 1.0)[:, None] * v
    length = np.linalg.norm(v, axis=1)
    angle = 2.0 * np.arctan2(length, np.abs(w))
    step = np.diff(time_s)
    usable = (np.diff(seq) == 1) & (step > 0) & np.isfinite(length)
    scale = np.divide(angle, length * step, out=np.zeros_like(angle), where=usable & (length > 0))
    between = np.where(usable[:, None], np.rad2deg(scale[:, None] * v), 0.0)
    total = np.zeros((len(quat), 3))
    count = np.zeros(len(quat))
    total[:-1] += between
    total[1:] += between
    count[:-1] += usable
    count[1:] += usable
    count[count == 0] = np.nan
    mean: FloatArray = total / count[:, None]
    return mean
