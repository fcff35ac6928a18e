"""IMeasureU Blue Trident: ``unix_timestamp_microsec,time_s,ax_m/s/s,...,gx_deg/s,...``, with units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sensing.errors import BadInput
from sensing.formats import Head, Place, Reading, ReadOptions
from sensing.formats.assemble import Columns, epoch_clock, to_stream
from sensing.formats.axes import find_axes, take_axes
from sensing.formats.source import read_text
from sensing.formats.table import read_numbers, split_header
from sensing.formats.units import factor

_UNIX: Final = "unix_timestamp_microsec"
_TIME: Final = "time_s"
_ACC: Final = re.compile(r"a(?P<axis>[xyz])_(?P<unit>.+)")
_GYR: Final = re.compile(r"g(?P<axis>[xyz])_(?P<unit>.+)")


@dataclass(frozen=True)
class Imeasureu:
    """CSV of IMeasureU sensors."""

    name: str = "imeasureu"
    title: str = "IMeasureU Blue Trident CSV"

    def recognises(self, head: Head) -> bool:
        """A time in seconds and an acceleration with its unit."""
        names = split_header(head.lines[0], ",") if head.lines else []
        return _TIME in names and find_axes(names, _ACC) is not None

    def read(self, place: Place, options: ReadOptions) -> tuple[Reading, ...]:
        """Read one sensor."""
        text = read_text(place)
        names = split_header((text.first_line(0) or (1, ""))[1], ",")
        acc, gyr = find_axes(names, _ACC), find_axes(names, _GYR)
        if acc is None or _TIME not in names:
            raise BadInput(f"{text.name}, line 1: not an IMeasureU header; export it again")
        where = f"{text.name}, line 1"
        stamps = [names.index(_UNIX)] if _UNIX in names else []
        at = names.index(_TIME)
        wanted = sorted({at, *stamps, *acc.columns, *(gyr.columns if gyr else ())})
        numbers = read_numbers(text, first_line=1, separator=",", names=names, columns=wanted)
        time_s = numbers.column(at)
        stream, notices = to_stream(
            Columns(
                time_s,
                take_axes(numbers, acc, factor("acc", acc.unit, options.acc_unit, where)),
                None
                if gyr is None
                else take_axes(numbers, gyr, factor("gyr", gyr.unit, options.gyr_unit, where)),
            ),
            name=text.name,
            where=numbers.where,
            device="Blue Trident",
        )
        wall = None
        if stamps:
            wall = epoch_clock(float(numbers.column(stamps[0], 1e-6)[0]) - float(time_s[0]), options)
        return (Reading(stream, wall=wall, notices=(*numbers.notices, *notices)),)


FORMAT = Imeasureu()
