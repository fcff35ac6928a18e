"""Sensor Logger (Kelvin Choi), a phone or watch app: a folder or zip of ``time,seconds_elapsed,z,y,x`` files.

``time`` is in ns since 1970, acceleration in m/s2, rotation in rad/s (the app's UNITS.md). All files have the
same header, so that only a file's name tells its sensor: TotalAcceleration has gravity; Accelerometer has not
and is added to Gravity where TotalAcceleration is absent. iOS signs acceleration the other way round unless
the recording was standardised (CROSSPLATFORM.md), which Metadata.csv tells.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from dataclasses import dataclass
from typing import Final

from sensing.errors import BadInput
from sensing.formats import Head, Place, Reading, ReadOptions
from sensing.formats.assemble import Columns, epoch_clock, to_stream
from sensing.formats.axes import Sensor, join, no_gyroscope, sibling
from sensing.formats.source import read_text
from sensing.formats.table import Numbers, read_numbers, split_header
from sensing.formats.units import factor, time_zone
from sensing.recording import Notice

_HEADER: Final = {"time", "seconds_elapsed", "x", "y", "z"}
_SENSORS: Final = ("TotalAcceleration", "Accelerometer", "Gravity", "Gyroscope")
_NAME: Final = re.compile(r"(?P<prefix>.*?)(?P<sensor>" + "|".join(_SENSORS) + r")(?P<suffix>\.csv(\.gz)?)")


@dataclass(frozen=True)
class SensorLogger:
    """CSV files of the Sensor Logger app."""

    name: str = "sensor_logger"
    title: str = "Sensor Logger CSV"

    def recognises(self, head: Head) -> bool:
        """The header has exactly a time, the seconds elapsed and three axes."""
        return bool(head.lines) and set(split_header(head.lines[0], ",")) == _HEADER

    def read(self, place: Place, options: ReadOptions) -> tuple[Reading, ...]:
        """Read the device: the acceleration and rotation files of one recording."""
        match = _NAME.fullmatch(place.name)
        if match is None:
            raise BadInput(
                f"{place}: the sensor stands only in a Sensor Logger file's name; keep names such as "
                f"{', '.join(f'{sensor}.csv' for sensor in _SENSORS)}"
            )
        files = {s: sibling(place, f"{match['prefix']}{s}{match['suffix']}") for s in _SENSORS}
        meta = _metadata(sibling(place, f"{match['prefix']}Metadata{match['suffix']}"))
        acc_file = files["TotalAcceleration"] or files["Accelerometer"]
        if acc_file is None:
            raise BadInput(f"{place}: neither TotalAcceleration.csv nor Accelerometer.csv is beside it")
        accelerometer, numbers, start = _read_sensor(acc_file, "acc", options)
        notices: tuple[Notice, ...] = numbers.notices
        has_gravity = files["TotalAcceleration"] is not None
        if not has_gravity and files["Gravity"] is not None:
            gravity, _, _ = _read_sensor(files["Gravity"], "acc", options)
            time_s, down, without, notice = join(accelerometer, gravity)
            accelerometer = Sensor(accelerometer.name, time_s, without + down, accelerometer.where)
            notices += (notice,)
            has_gravity = True
        if meta.get("platform", "").lower() == "ios" and meta.get("standardisation", "").lower() != "true":
            accelerometer = Sensor(
                accelerometer.name, accelerometer.time_s, -accelerometer.values, accelerometer.where
            )
        if files["Gyroscope"] is not None:
            gyroscope, numbers, start = _read_sensor(files["Gyroscope"], "gyr", options)
            time_s, acc, gyr, notice = join(gyroscope, accelerometer)
            columns = Columns(time_s, acc, gyr)
        else:
            notice = no_gyroscope(str(place), "Gyroscope.csv")
            columns = Columns(accelerometer.time_s, accelerometer.values, None)
        stream, more = to_stream(
            columns,
            name=numbers.text.name,
            where=numbers.where,
            acc_has_gravity=has_gravity,
            device=meta.get("device name", ""),
        )
        wall = epoch_clock(start, options, _zone(meta.get("recording timezone", "")))
        return (Reading(stream, wall=wall, notices=(*notices, notice, *more)),)


FORMAT = SensorLogger()


def _read_sensor(place: Place, kind: str, options: ReadOptions) -> tuple[Sensor, Numbers, float]:
    """One file, and the epoch, s, of ``seconds_elapsed == 0``, which its files share."""
    text = read_text(place)
    names = split_header((text.first_line(0) or (1, ""))[1], ",")
    if set(names) != _HEADER:
        raise BadInput(f"{text.name}, line 1: not a Sensor Logger header; export it again")
    numbers = read_numbers(text, first_line=1, separator=",", names=names, columns=range(len(names)))
    unit, flag = ("m/s2", options.acc_unit) if kind == "acc" else ("rad/s", options.gyr_unit)
    elapsed = numbers.column(names.index("seconds_elapsed"))
    start = float(numbers.column(names.index("time"))[0]) * 1e-9 - float(elapsed[0])
    values = numbers.take([names.index(axis) for axis in "xyz"], factor(kind, unit, flag, text.name))
    return Sensor(text.name, elapsed, values, numbers.where), numbers, start


def _metadata(place: Place | None) -> dict[str, str]:
    if place is None:
        return {}
    text = read_text(place)
    rows = list(csv.reader(io.StringIO(text.head)))
    return dict(zip(rows[0], rows[1], strict=False)) if len(rows) > 1 else {}


def _zone(text: str) -> dt.tzinfo | None:
    try:
        return time_zone(text) if text else None
    except BadInput:
        return None
