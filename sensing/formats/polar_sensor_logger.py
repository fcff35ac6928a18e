"""Polar Sensor Logger, an Android app: ``Phone timestamp;sensor timestamp [ns];X [mg];Y [mg];Z [mg]``.

Acceleration and rotation (``[dps]``) are two files whose names differ in ``ACC`` and ``GYRO``. The sensor's
clock, ns since 2000, times the samples. The phone's local time, which has no zone, places the recording: no
packet arrives early, so the least difference of the two clocks is the offset.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from sensing.errors import BadInput
from sensing.formats import Head, Place, Reading, ReadOptions
from sensing.formats.assemble import Columns, to_stream, wall_clock
from sensing.formats.axes import Sensor, find_axes, join, no_gyroscope, sibling
from sensing.formats.source import Text, read_text
from sensing.formats.table import Numbers, read_numbers, split_header
from sensing.formats.units import factor
from sensing.recording import FloatArray

_START: Final = ["Phone timestamp", "sensor timestamp [ns]"]
_AXIS: Final = re.compile(r"(?P<axis>[XYZ]) \[(?P<unit>mg|g|dps|deg/s)\]")
_KINDS: Final = {"mg": "acc", "g": "acc", "dps": "gyr", "deg/s": "gyr"}


@dataclass(frozen=True)
class PolarSensorLogger:
    """Text files of the Polar Sensor Logger app."""

    name: str = "polar_sensor_logger"
    title: str = "Polar Sensor Logger text"

    def recognises(self, head: Head) -> bool:
        """Two time stamps, then three axes with units."""
        names = split_header(head.lines[0], ";") if head.lines else []
        return names[:2] == _START and find_axes(names, _AXIS) is not None

    def read(self, place: Place, options: ReadOptions) -> tuple[Reading, ...]:
        """Read the device: the file given and its sibling."""
        files = {}
        for each in (place, _other(place)):
            if each is not None:
                kind, sensor, numbers = _read_sensor(each)
                files[kind] = (sensor, numbers)
        if "acc" not in files:
            raise BadInput(f"{place}: the file with ACC in its name is not beside it; put it there")
        accelerometer, numbers = files["acc"]
        if "gyr" in files:
            gyroscope, numbers = files["gyr"]
            time_s, acc, gyr, notice = join(gyroscope, accelerometer)
            columns = Columns(time_s, acc, gyr)
        else:
            notice = no_gyroscope(str(place), "the file with GYRO in its name")
            columns = Columns(accelerometer.time_s, accelerometer.values, None)
        start = float(columns.time_s[0])
        phone = _phone_times(numbers.text)
        stream, more = to_stream(
            Columns(columns.time_s - start, columns.acc, columns.gyr),
            name=numbers.text.name,
            where=numbers.where,
            device="Polar",
        )
        device = numbers.column(1, 1e-9)[: len(phone)]
        ahead = np.nanmin(phone[: len(device)] - device)
        wall = wall_clock(dt.datetime(1970, 1, 1) + dt.timedelta(seconds=float(start + ahead)), options)
        return (Reading(stream, wall=wall, notices=(*numbers.notices, notice, *more)),)


FORMAT = PolarSensorLogger()


def _read_sensor(place: Place) -> tuple[str, Sensor, Numbers]:
    text = read_text(place)
    names = split_header((text.first_line(0) or (1, ""))[1], ";")
    axes = find_axes(names, _AXIS)
    if axes is None or axes.unit is None or names[:2] != _START:
        raise BadInput(f"{text.name}, line 1: not a header of acceleration or rotation; export it again")
    kind = _KINDS[axes.unit]
    scale = factor(kind, axes.unit, None, f"{text.name}, line 1")
    columns = sorted({1, *axes.columns})
    numbers = read_numbers(text, first_line=1, separator=";", names=names, columns=columns)
    return (
        kind,
        Sensor(text.name, numbers.column(1, 1e-9), numbers.take(axes.columns, scale), numbers.where),
        numbers,
    )


def _other(place: Place) -> Place | None:
    for here, others in (("ACC", ("GYRO", "GYR")), ("GYRO", ("ACC",)), ("GYR", ("ACC",))):
        head, found, tail = place.name.rpartition(here)
        if found:
            for other in others:
                there = sibling(place, f"{head}{other}{tail}")
                if there is not None:
                    return there
            return None
    return None


def _phone_times(text: Text) -> FloatArray:
    """Local phone time of every row, s since 1970 as if it were UTC."""
    times: list[float] = []
    for number, line in text.lines(1):
        stamp = line.partition(";")[0].strip()
        try:
            times.append(dt.datetime.fromisoformat(stamp).replace(tzinfo=dt.UTC).timestamp())
        except ValueError as error:
            raise BadInput(
                f"{text.name}, line {number}, column Phone timestamp: {stamp[:40]!r} is no date"
            ) from error
    return np.array(times)
