"""WitMotion logs on an SD card: binary packets, whatever the file name says, little-endian.

Two layouts: 28 bytes, ``55 61`` with nine int16 (acc, gyr, angle), date, time and u16 milliseconds; and
11 bytes, ``55 50`` (time), ``55 51`` (acc), ``55 52`` (gyr) and more, each with a checksum. Noise between
packets is skipped. Full scale is 16 g and 2000 deg/s (WitMotion WT901 protocol).
"""

from __future__ import annotations

import datetime as dt
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from sensing.errors import BadInput
from sensing.formats import Head, Place, Reading, ReadOptions
from sensing.formats.assemble import Columns, index_times, to_stream, wall_clock
from sensing.formats.source import read_bytes
from sensing.recording import GRAVITY, FloatArray, Notice

_LONG: Final = b"\x55\x61"
_LONG_BYTES: Final = 28
_SHORT_BYTES: Final = 11
_TIME, _ACC, _GYR, _LAST = 0x50, 0x51, 0x52, 0x5F
_ACC_SCALE: Final = 16 * GRAVITY / 32768
_GYR_SCALE: Final = 2000.0 / 32768
_ENOUGH: Final = 3


@dataclass(frozen=True)
class WitmotionSd:
    """Binary SD-card logs of WitMotion sensors."""

    name: str = "witmotion_sd"
    title: str = "WitMotion SD log (binary)"

    def recognises(self, head: Head) -> bool:
        """Packets of one of the two layouts make up most of the beginning."""
        data = head.data
        if b"\x55" not in data[:4096]:
            return False
        long, short = _long_packets(data), _short_packets(data)
        covered = max(len(long) * _LONG_BYTES, len(short) * _SHORT_BYTES)
        return max(len(long), len(short)) >= _ENOUGH and 2 * covered > len(data)

    def read(self, place: Place, options: ReadOptions) -> tuple[Reading, ...]:
        """Read one sensor."""
        data = read_bytes(place)
        name = str(place)
        long, short = _long_packets(data), _short_packets(data)
        if len(long) * _LONG_BYTES >= len(short) * _SHORT_BYTES:
            skipped = len(data) - len(long) * _LONG_BYTES
            times, channels = _of_long(data, long)
        else:
            skipped = len(data) - len(short) * _SHORT_BYTES
            times, channels = _of_short(data, short)
        notices: tuple[Notice, ...] = ()
        if skipped:
            notices = (
                Notice("resynchronised", f"{name}: {skipped} bytes that are not packets were skipped"),
            )
        if not len(channels):
            raise BadInput(f"{name}: no packet with acceleration and angular velocity; log both")
        start: dt.datetime | None = None
        if times is None:
            time_s = index_times(len(channels), options.rate_hz, name)
        else:
            # float64 counts of microseconds are exact here, so nothing is lost by going through them.
            time_s = (times - times[0]).astype("timedelta64[us]").astype(np.float64) * 1e-6
            start = times[0].astype("datetime64[us]").item()
        stream, more = to_stream(
            Columns(time_s, channels[:, :3] * _ACC_SCALE, channels[:, 3:] * _GYR_SCALE),
            name=name,
            where=lambda row: f"{name}, sample {row + 1}",
            acc_range=16 * GRAVITY,
            gyr_range=2000.0,
            device="WitMotion",
        )
        wall = None if start is None else wall_clock(start, options)
        return (Reading(stream, wall=wall, notices=(*notices, *more)),)


FORMAT = WitmotionSd()


def _date(fields: tuple[int, ...]) -> np.datetime64 | None:
    """Date of year (of the century), month, day, hour, minute, second, millisecond; None if it is none."""
    year, month, day, hour, minute, second, millisecond = fields
    try:
        return np.datetime64(
            dt.datetime(2000 + year, month, day, hour, minute, second, millisecond * 1000), "us"
        )
    except ValueError:
        return None


def _long_packets(data: bytes) -> list[int]:
    """Offsets of 28-byte packets: those with a date beside another packet or the end of the file."""
    found: list[int] = []
    at = data.find(_LONG)
    while 0 <= at <= len(data) - _LONG_BYTES:
        end = at + _LONG_BYTES
        chained = (
            end == len(data) or data.startswith(_LONG, end) or (bool(found) and found[-1] + _LONG_BYTES == at)
        )
        if chained and _date(struct.unpack_from("<6BH", data, at + 20)) is not None:
            found.append(at)
            at = data.find(_LONG, end)
        else:
            at = data.find(_LONG, at + 1)
    return found


def _of_long(data: bytes, packets: list[int]) -> tuple[FloatArray | None, FloatArray]:
    times = np.array(
        [_date(struct.unpack_from("<6BH", data, at + 20)) for at in packets], dtype="datetime64[us]"
    )
    rows = [struct.unpack_from("<6h", data, at + 2) for at in packets]
    return times, np.array(rows, dtype=np.float64).reshape(-1, 6)


def _short_packets(data: bytes) -> list[int]:
    """Offsets of 11-byte packets with a right checksum."""
    found: list[int] = []
    at = data.find(b"\x55")
    while 0 <= at <= len(data) - _SHORT_BYTES:
        last = at + _SHORT_BYTES - 1
        if _TIME <= data[at + 1] <= _LAST and sum(data[at:last]) & 0xFF == data[last]:
            found.append(at)
            at = data.find(b"\x55", last + 1)
        else:
            at = data.find(b"\x55", at + 1)
    return found


def _of_short(data: bytes, packets: list[int]) -> tuple[FloatArray | None, FloatArray]:
    """Samples of packets in rising order of kind; a damaged packet leaves a row with NaN in its place."""
    rows: list[list[float]] = []
    times: list[np.datetime64 | None] = []
    last_kind = _LAST + 1
    for at in packets:
        kind = data[at + 1]
        if kind <= last_kind:
            rows.append([np.nan] * 6)
            times.append(None)
        last_kind = kind
        if kind == _TIME:
            times[-1] = _date(struct.unpack_from("<6BH", data, at + 2))
        elif kind in (_ACC, _GYR):
            start = 3 * (kind - _ACC)
            rows[-1][start : start + 3] = struct.unpack_from("<3h", data, at + 2)
    channels = np.array(rows, dtype=np.float64).reshape(-1, 6)
    if all(time is None for time in times):
        return None, channels
    known = np.array([time is not None for time in times])
    stamps = np.array([time for time in times if time is not None], dtype="datetime64[us]")
    return stamps, channels[known]
