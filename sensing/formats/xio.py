"""x-io Technologies CSV: ``Time (s),Gyroscope X (deg/s),...,Accelerometer X (g),...``, with units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sensing.errors import BadInput
from sensing.formats import Head, Place, Reading, ReadOptions
from sensing.formats.assemble import Columns, to_stream
from sensing.formats.axes import find_axes, take_axes
from sensing.formats.source import read_text
from sensing.formats.table import read_numbers, split_header
from sensing.formats.units import factor

_ACC: Final = re.compile(r"Accelerometer (?P<axis>[XYZ]) \((?P<unit>.*)\)")
_GYR: Final = re.compile(r"Gyroscope (?P<axis>[XYZ]) \((?P<unit>.*)\)")
_TIME: Final = re.compile(r"Time(?:stamp)? \((?P<unit>s|ms|us)\)")


@dataclass(frozen=True)
class Xio:
    """CSV of x-io sensors."""

    name: str = "xio"
    title: str = "x-io CSV"

    def recognises(self, head: Head) -> bool:
        """A first line with a time and a gyroscope or accelerometer, units in brackets."""
        names = split_header(head.lines[0], ",") if head.lines else [""]
        return _TIME.fullmatch(names[0] if names else "") is not None and any(
            find_axes(names, pattern) for pattern in (_ACC, _GYR)
        )

    def read(self, place: Place, options: ReadOptions) -> tuple[Reading, ...]:
        """Read one sensor."""
        text = read_text(place)
        names = split_header((text.first_line(0) or (1, ""))[1], ",")
        acc, gyr = find_axes(names, _ACC), find_axes(names, _GYR)
        where = f"{text.name}, line 1"
        if acc is None:
            raise BadInput(f"{where}: no accelerometer columns; export gyroscope and accelerometer together")
        time = _TIME.fullmatch(names[0])
        assert time is not None
        wanted = sorted({0, *acc.columns, *(gyr.columns if gyr else ())})
        numbers = read_numbers(text, first_line=1, separator=",", names=names, columns=wanted)
        stream, notices = to_stream(
            Columns(
                numbers.column(0, factor("time", time["unit"], None, where)),
                take_axes(numbers, acc, factor("acc", acc.unit, options.acc_unit, where)),
                None
                if gyr is None
                else take_axes(numbers, gyr, factor("gyr", gyr.unit, options.gyr_unit, where)),
            ),
            name=text.name,
            where=numbers.where,
            device="x-io",
        )
        return (Reading(stream, notices=(*numbers.notices, *notices)),)


FORMAT = Xio()
