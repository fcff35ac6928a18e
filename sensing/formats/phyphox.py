"""phyphox CSV export: ``"Time (s)","Acceleration x (m/s^2)",...,"Gyroscope x (rad/s)"``, units in the header.

One file holds one sensor or both; ``Accelerometer.csv`` and ``Gyroscope.csv`` of one export, in a folder or
zip, belong together. Wall-clock time stands in ``meta/time.csv``. "Linear Acceleration" has no gravity.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from sensing.errors import BadInput
from sensing.formats import Head, Place, Reading, ReadOptions, WallClock
from sensing.formats.assemble import Columns, epoch_clock, to_stream
from sensing.formats.axes import Axes, Sensor, find_axes, join, no_gyroscope
from sensing.formats.source import Text, folder_of, read_head, read_text, siblings
from sensing.formats.table import Numbers, best_separator, read_numbers, split_header
from sensing.formats.units import factor, time_zone

_TIME: Final = "Time (s)"
_ACC: Final = re.compile(r"Acceleration (?P<axis>[xyz]) \((?P<unit>.*)\)")
_LINEAR: Final = re.compile(r"Linear Acceleration (?P<axis>[xyz]) \((?P<unit>.*)\)")
_GYR: Final = re.compile(r"Gyroscope (?P<axis>[xyz]) \((?P<unit>.*)\)")
_ZONE: Final = re.compile(r"UTC\s*([+-]\d\d:?\d\d)")


@dataclass(frozen=True, eq=False)
class _File:
    text: Text
    names: list[str]
    separator: str
    acc: Axes | None
    linear: Axes | None
    gyr: Axes | None

    @classmethod
    def of(cls, place: Place) -> _File:
        text = read_text(place)
        line = (text.first_line(0) or (1, ""))[1]
        separator = best_separator(line)
        names = split_header(line, separator)
        return cls(text, names, separator, *(find_axes(names, each) for each in (_ACC, _LINEAR, _GYR)))

    @cached_property
    def numbers(self) -> Numbers:
        """Every column wanted, read together, so that the sensors of one file have the same rows."""
        axes = [each for each in (self.acc or self.linear, self.gyr) if each is not None]
        columns = sorted({0, *(column for each in axes for column in each.columns)})
        return read_numbers(
            self.text, first_line=1, separator=self.separator, names=self.names, columns=columns
        )

    def sensor(self, axes: Axes, kind: str, flag: str | None) -> Sensor:
        scale = factor(kind, axes.unit, flag, f"{self.text.name}, line 1")
        numbers = self.numbers
        return Sensor(self.text.name, numbers.column(0), numbers.take(axes.columns, scale), numbers.where)


@dataclass(frozen=True)
class Phyphox:
    """CSV of the phyphox app."""

    name: str = "phyphox"
    title: str = "phyphox CSV"

    def recognises(self, head: Head) -> bool:
        """Time first, then axes of an acceleration or a gyroscope with units."""
        if not head.lines:
            return False
        names = split_header(head.lines[0], best_separator(head.lines[0]))
        return names[:1] == [_TIME] and any(find_axes(names, each) for each in (_ACC, _LINEAR, _GYR))

    def read(self, place: Place, options: ReadOptions) -> tuple[Reading, ...]:
        """Read the device: the file given and, where it holds one sensor only, the other's."""
        files = [_File.of(place)]
        if files[0].gyr is None or (files[0].acc is None and files[0].linear is None):
            files += [_File.of(each) for each in _others(place)]
        with_acc = next((f for f in files if f.acc is not None), None)
        source = with_acc or next((f for f in files if f.linear is not None), None)
        with_gyr = next((f for f in files if f.gyr is not None), None)
        acc_axes = None if source is None else source.acc or source.linear
        if source is None or acc_axes is None:
            raise BadInput(f"{place}: no acceleration in it nor beside it; export the accelerometer as well")
        accelerometer = source.sensor(acc_axes, "acc", options.acc_unit)
        numbers, notices = source.numbers, source.numbers.notices
        if with_gyr is None or with_gyr.gyr is None:
            notices += (no_gyroscope(str(place), "a gyroscope file"),)
            columns = Columns(accelerometer.time_s, accelerometer.values, None)
        else:
            gyroscope = with_gyr.sensor(with_gyr.gyr, "gyr", options.gyr_unit)
            if with_gyr is source:
                columns = Columns(gyroscope.time_s, accelerometer.values, gyroscope.values)
            else:
                time_s, acc, gyr, notice = join(gyroscope, accelerometer)
                columns = Columns(time_s, acc, gyr)
                numbers = with_gyr.numbers
                notices += (*numbers.notices, notice)
        stream, more = to_stream(
            columns,
            name=numbers.text.name,
            where=numbers.where,
            acc_has_gravity=with_acc is not None,
            device="phyphox",
        )
        return (Reading(stream, wall=_wall(place, options), notices=(*notices, *more)),)


FORMAT = Phyphox()


def _others(place: Place) -> list[Place]:
    """Other phyphox files of the same export, which is a folder or an archive with ``meta/time.csv``."""
    if not (folder_of(place) / "meta" / "time.csv").is_file():
        return []
    return [
        each
        for each in siblings(place)
        if each.name != place.name and each.name.endswith(".csv") and FORMAT.recognises(read_head(each))
    ]


def _wall(place: Place, options: ReadOptions) -> WallClock | None:
    """Wall clock at experiment time zero, by the first start of ``meta/time.csv``."""
    meta = folder_of(place) / "meta" / "time.csv"
    if not meta.is_file():
        return None
    head = read_text(meta).head
    for row in csv.reader(io.StringIO(head), delimiter=best_separator(head.partition("\n")[0])):
        if len(row) >= 4 and row[0] == "START":
            try:
                start = float(row[2]) - float(row[1])
            except ValueError as error:
                raise BadInput(
                    f"{meta}: the start time {row[2]!r} is not a number; export it again"
                ) from error
            zone = _ZONE.search(row[3])
            return epoch_clock(start, options, time_zone(zone[1]) if zone else None)
    return None
