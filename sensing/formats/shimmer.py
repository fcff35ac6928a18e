"""Shimmer Consensys CSV: ``"sep=,"``, a line of names, a line of units, a separator at the end of each line.

Of two accelerometers the wide-range one is taken: the low-noise one ends at 2 g, which a brisk step exceeds.
"""

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

_SEP: Final = re.compile(r'"?sep=(.)"?\s*')
_ACC: Final = tuple(
    re.compile(rf".*Accel_{kind}(?P<axis>[XYZ])(?:_(?:UN)?CAL)?", re.IGNORECASE)
    for kind in ("WR_", "", "LN_")
)
_GYR: Final = re.compile(r".*Gyro_(?P<axis>[XYZ])(?:_(?:UN)?CAL)?", re.IGNORECASE)
_TIME: Final = re.compile(r".*Timestamp(Sync)?(?P<unix>_Unix)?_CAL", re.IGNORECASE)


@dataclass(frozen=True)
class Shimmer:
    """CSV of Shimmer Consensys."""

    name: str = "shimmer"
    title: str = "Shimmer Consensys CSV"

    def recognises(self, head: Head) -> bool:
        """A separator line, then calibrated or uncalibrated columns with a time stamp."""
        lines = head.lines
        if len(lines) < 3 or _SEP.fullmatch(lines[0]) is None:
            return False
        return "Timestamp" in lines[1] and ("_CAL" in lines[1] or "_UNCAL" in lines[1])

    def read(self, place: Place, options: ReadOptions) -> tuple[Reading, ...]:
        """Read one sensor."""
        text = read_text(place)
        lines = [line.rstrip("\r") for line in text.head.split("\n")]
        separator = (_SEP.fullmatch(lines[0]) or ["", ","])[1]
        names, units = split_header(lines[1], separator), split_header(lines[2], separator)
        where = f"{text.name}, line 2"
        acc = next((found for pattern in _ACC if (found := find_axes(names, pattern))), None)
        gyr = find_axes(names, _GYR)
        if acc is None:
            shown = ", ".join(names[:4])
            raise BadInput(f"{where}: no accelerometer among the columns ({shown}); record one with an IMU")
        times = [(i, match) for i, name in enumerate(names) if (match := _TIME.fullmatch(name))]
        if not times:
            raise BadInput(f"{where}: no calibrated time stamp; export Timestamp_Unix_CAL")
        if len(units) != len(names):
            raise BadInput(
                f"{text.name}, line 3: {len(units)} units for {len(names)} columns; export it again"
            )
        at, match = max(times, key=lambda found: found[1]["unix"] is not None)
        unit_line = f"{text.name}, line 3"
        acc_scale = factor("acc", units[acc.columns[0]], options.acc_unit, unit_line)
        time_scale = factor("time", units[at], options.time_unit, unit_line)
        wanted = sorted({at, *acc.columns, *(gyr.columns if gyr else ())})
        numbers = read_numbers(text, first_line=3, separator=separator, names=names, columns=wanted)
        time_s = numbers.column(at, time_scale)
        start = float(time_s[0])
        stream, notices = to_stream(
            Columns(
                time_s - start,
                take_axes(numbers, acc, acc_scale),
                None
                if gyr is None
                else take_axes(
                    numbers, gyr, factor("gyr", units[gyr.columns[0]], options.gyr_unit, unit_line)
                ),
            ),
            name=text.name,
            where=numbers.where,
            device=names[at].partition("_Timestamp")[0].replace("_", " "),
        )
        wall = epoch_clock(start, options) if match["unix"] else None
        return (Reading(stream, wall=wall, notices=(*numbers.notices, *notices)),)


FORMAT = Shimmer()
