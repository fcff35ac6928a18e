"""MbientLab MetaBase: accelerometer and gyroscope of one device in two files at two rates.

The header states unit and time zone: ``epoch (ms),time (01:00),elapsed (s),x-axis (g),...``. Name, device,
and start of the other file are the same, so either file finds it.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from sensing.errors import BadInput
from sensing.formats import Head, Place, Reading, ReadOptions
from sensing.formats.assemble import Columns, epoch_clock, to_stream
from sensing.formats.axes import Sensor, join, no_gyroscope
from sensing.formats.source import read_head, read_text, siblings
from sensing.formats.table import Numbers, read_numbers, split_header
from sensing.formats.units import factor, time_zone

_HEADER: Final = re.compile(
    r"epoch? \(ms\),time(?:stamp)? \((?P<zone>[^)]*)\),elapsed \(s\),"
    r"x-axis \((?P<unit>[^)]*)\),y-axis \((?P=unit)\),z-axis \((?P=unit)\)"
)
_NAME: Final = re.compile(
    r"(?P<device>.*)_(?P<sensor>Accelerometer|Gyroscope)_[^_]*_?[^_]*\.csv(\.gz)?", re.IGNORECASE
)
_MAC: Final = re.compile(r"_([0-9A-F]{12})$", re.IGNORECASE)


@dataclass(frozen=True)
class Mbientlab:
    """CSV of the MetaBase app."""

    name: str = "mbientlab"
    title: str = "MbientLab MetaBase CSV"

    def recognises(self, head: Head) -> bool:
        """The first line has the three times and three axes with units."""
        return bool(head.lines) and _HEADER.match(head.lines[0]) is not None

    def read(self, place: Place, options: ReadOptions) -> tuple[Reading, ...]:
        """Read the device: the file given and its sibling."""
        sensors = [_read_sensor(each) for each in (place, _other(place)) if each is not None]
        by_kind = {kind: (sensor, numbers, zone) for kind, sensor, numbers, zone in sensors}
        if "acc" not in by_kind:
            raise BadInput(f"{place}: the accelerometer file of this device is not beside it; put it there")
        accelerometer, numbers, zone = by_kind["acc"]
        notices = tuple(notice for _, _, each, _ in sensors for notice in each.notices)
        if "gyr" in by_kind:
            gyroscope, numbers, zone = by_kind["gyr"]
            time_s, acc, gyr, notice = join(gyroscope, accelerometer)
            columns = Columns(time_s, acc, gyr)
        else:
            notice = no_gyroscope(str(place), "its gyroscope file")
            columns = Columns(accelerometer.time_s, accelerometer.values, None)
        # The epoch is UTC whatever the zone; the zone is only for showing it.
        start = float(columns.time_s[0])
        columns = Columns(columns.time_s - start, columns.acc, columns.gyr)
        match = _NAME.fullmatch(place.name)
        mac = _MAC.search(match["device"]) if match else None
        stream, more = to_stream(
            columns,
            name=numbers.text.name,
            where=numbers.where,
            device=f"MetaMotion {mac[1] if mac else ''}".strip(),
        )
        return (Reading(stream, wall=epoch_clock(start, options, zone), notices=(*notices, notice, *more)),)


FORMAT = Mbientlab()


def _read_sensor(place: Place) -> tuple[str, Sensor, Numbers, dt.tzinfo]:
    text = read_text(place)
    line = (text.first_line(0) or (1, ""))[1]
    match = _HEADER.match(line)
    if match is None:
        raise BadInput(f"{text.name}, line 1: not a MetaBase header; export it again")
    kind = "gyr" if match["unit"].lower() in ("deg/s", "rad/s") else "acc"
    scale = factor(kind, match["unit"], None, f"{text.name}, line 1")
    names = split_header(line, ",")
    numbers = read_numbers(text, first_line=1, separator=",", names=names, columns=[0, 3, 4, 5])
    sensor = Sensor(text.name, numbers.column(0, 1e-3), numbers.take([3, 4, 5], scale), numbers.where)
    return kind, sensor, numbers, time_zone(match["zone"])


def _other(place: Place) -> Place | None:
    """The file of the other sensor: the same name up to the sensor, as the rates after it differ."""
    match = _NAME.fullmatch(place.name)
    if match is None:
        return None
    for entry in siblings(place):
        other = _NAME.fullmatch(entry.name)
        if (
            other is not None
            and other["device"] == match["device"]
            and other["sensor"].lower() != match["sensor"].lower()
            and FORMAT.recognises(read_head(entry))
        ):
            return entry
    return None
