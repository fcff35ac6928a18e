"""Plain CSV with named columns, and the raw CSV of a recording folder.

Three headers are known, in any order of columns::

    time_s,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z                 s, m/s2, deg/s: the simplest input
    time_s,left_acc_x,...,left_gyr_z,right_acc_x,...           both sides in one file
    host_time_s,device_time_s,seq,acc_x,...,gyr_z              one side of a recording folder

A column ``emg_uV`` (``left_emg_uV`` beside ``left_acc_x``), or a file ``left_emg.csv`` beside ``left.csv``,
adds a surface electromyogram.

A name may state another unit, as in ``time (ms)``, ``acc_x (g)`` or ``gyr_x [rad/s]``. Without a column
``time_s`` (or ``time_ms``, ``time_us``, ``time_ns``), or with other names (`sensing.formats.column_names`),
nothing is taken for granted: units and rate then come from the header or from flags.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sensing.clock import apply_clock, clock_axis, fit_clock
from sensing.errors import BadInput
from sensing.formats import Head, Place, Reading, ReadOptions
from sensing.formats.assemble import (
    MAX_TIME_S,
    Columns,
    check_step,
    index_times,
    kept,
    missing_notices,
    present_rows,
    to_stream,
)
from sensing.formats.column_names import common_name, in_brackets
from sensing.formats.emg import EMG_COLUMN, emg_beside, make_emg, microvolts
from sensing.formats.source import Text, read_text
from sensing.formats.table import Numbers, best_separator, read_numbers, split_header
from sensing.formats.units import factor, spelled
from sensing.recording import ClockSegment, FloatArray, IntArray, Interval, Notice, Side, Stream
from sensing.retime import estimate_rate, find_gaps

RAW_HEADER: Final = ("host_time_s", "device_time_s", "seq")
"""Columns before the channels in the raw file of one side."""

QUATERNION: Final = ("quat_w", "quat_x", "quat_y", "quat_z")

_CHANNEL: Final = re.compile(r"(?:(left|right)_)?((?:acc|gyr)_[xyz])")
_EMG: Final = re.compile(rf"(left_|right_|)({EMG_COLUMN.pattern})", re.IGNORECASE)
_SIMPLEST_TIME: Final = re.compile(r"time_(?:s|ms|us|ns)")
_TIME: Final = re.compile(r"(?:time|timestamp)(?:_(s|ms|us|ns))?")


@dataclass(frozen=True)
class _Header:
    """Where the columns are: channel name (with side) or ``time`` to column index and stated unit.

    ``emg`` has the column and unit of an electromyogram for each of `prefixes` that has one; ``own_names``
    tells that no channel is known only by a common name.
    """

    names: tuple[str, ...]
    separator: str
    channels: dict[str, tuple[int, str | None]]
    time: tuple[int, str | None] | None
    native: bool
    own_names: bool
    emg: dict[str, tuple[int, str | None]]

    @classmethod
    def of(cls, line: str) -> _Header:
        separator = best_separator(line)
        names = split_header(line, separator)
        channels: dict[str, tuple[int, str | None]] = {}
        time: tuple[int, str | None] | None = None
        emg: dict[str, tuple[int, str | None]] = {}
        repeated: list[str] = []
        parts = [in_brackets(full) for full in names]
        own = {name for name, _ in parts if _CHANNEL.fullmatch(name)}
        for index, (name, unit) in enumerate(_with_common_names(names, parts, own)):
            if _CHANNEL.fullmatch(name):
                if name in channels:
                    repeated.append(name)
                channels[name] = (index, unit)
            elif found := _TIME.fullmatch(name):
                # Of several times, one whose unit is stated leaves least to be asked.
                if time is None or (time[1] is None and (unit or found[1])):
                    time = (index, unit or found[1])
            elif (found := _EMG.fullmatch(name)) and (not unit or unit.lower() in ("uv", "mv", "v")):
                if found[1] in emg:
                    repeated.append(name)
                emg[found[1]] = (index, unit or found[3])
        if repeated:
            raise BadInput(f"line 1: column {', '.join(repeated)} is named twice")
        native = names[: len(RAW_HEADER)] == list(RAW_HEADER)
        return cls(tuple(names), separator, channels, time, native, own >= set(channels), emg)

    @property
    def simplest(self) -> bool:
        """Whether acceleration is in m/s2 and angular velocity in deg/s unless said otherwise."""
        return (
            self.own_names and self.time is not None and _SIMPLEST_TIME.fullmatch(self.time_name) is not None
        )

    @property
    def time_unit_open(self) -> bool:
        """Whether a flag may say the unit of time: none is stated, or seconds by the usual ``time_s``."""
        return self.time is not None and (self.time[1] is None or self.time_name == "time_s")

    @property
    def time_name(self) -> str:
        """Name of the column of times."""
        return "" if self.time is None else self.names[self.time[0]].lower()

    def prefixes(self) -> list[str]:
        """``left_``, ``right_`` or nothing: sides with at least one accelerometer column."""
        return [p for p in ("left_", "right_", "") if any(c.startswith(f"{p}acc_") for c in self.channels)]

    def columns(self, prefix: str, kind: str) -> list[int] | None:
        """Columns x, y, z of one sensor, None where it has none."""
        names = [f"{prefix}{kind}_{axis}" for axis in "xyz"]
        return [self.channels[name][0] for name in names if name in self.channels] or None

    def used(self) -> list[int]:
        """Columns to read, ascending."""
        time = [self.time] if self.time else []
        return sorted({index for index, _ in (*self.channels.values(), *self.emg.values(), *time)})

    def problems(self) -> list[str]:
        """Axes that are missing beside ones that are there, and sides mixed with plain columns."""
        prefixes = self.prefixes()
        missing = [
            f"column {prefix}{kind}_{axis} is missing"
            for prefix in prefixes
            for kind in ("acc", "gyr")
            for axis in "xyz"
            if self.columns(prefix, kind) and f"{prefix}{kind}_{axis}" not in self.channels
        ]
        if "" in prefixes and len(prefixes) > 1:
            missing.append("columns with and without left_/right_ are mixed")
        return missing

    def unit(self, prefix: str, kind: str) -> str | None:
        """Unit of one sensor; None where none is stated."""
        units = {spelled(u or "") for c, (_, u) in self.channels.items() if c.startswith(f"{prefix}{kind}_")}
        if len(units) > 1:
            raise BadInput(
                f"line 1: {prefix}{kind} columns state different units: {', '.join(sorted(units))}"
            )
        return units.pop() or None


def _with_common_names(
    names: Sequence[str], parts: Sequence[tuple[str, str | None]], own: set[str]
) -> list[tuple[str, str | None]]:
    """Names and units of columns, with channels known by a common name where the file has none of its own."""
    return [
        named
        if part[0] not in own and (named := common_name(full)) is not None and named[0] not in own
        else part
        for full, part in zip(names, parts, strict=True)
    ]


@dataclass(frozen=True)
class NativeCsv:
    """Plain and raw CSV files with the column names of this software."""

    name: str = "native_csv"
    title: str = "plain CSV (time_s,acc_x,...,gyr_z)"
    longest_header: int = 10_000

    def recognises(self, head: Head) -> bool:
        """A first line that names accelerometer columns."""
        if not head.lines or len(head.lines[0]) > self.longest_header:
            return False
        names = split_header(head.lines[0], best_separator(head.lines[0]))
        return any(re.match(r"(?:(?:left|right)_)?acc_[xyz]\b", name, re.IGNORECASE) for name in names)

    def read(self, place: Place, options: ReadOptions) -> tuple[Reading, ...]:
        """Read one side, or both of a wide file."""
        text = read_text(place)
        header = _header(text)
        if header.native:
            return (read_raw(text),)
        readings = _read_plain(text, header, options)
        beside = emg_beside(place) if len(readings) == 1 else None
        if beside is not None:
            stream = replace(readings[0].stream, emg=beside)
            readings = (replace(readings[0], stream=stream),)
        return readings


FORMAT = NativeCsv()


def _header(text: Text) -> _Header:
    line = (text.first_line(0) or (0, ""))[1]
    try:
        header = _Header.of(line)
        problems = [f"line 1: {problem}" for problem in header.problems()]
    except BadInput as error:
        problems = list(error.problems)
    if problems:
        raise BadInput(f"{text.name}, {problem}" for problem in problems)
    return header


def _read_plain(text: Text, header: _Header, options: ReadOptions) -> tuple[Reading, ...]:
    scales = _scales(text, header, options)
    numbers = read_numbers(
        text,
        first_line=1,
        separator=header.separator,
        names=header.names,
        columns=header.used(),
        empty_ok=[index for index, _ in header.emg.values()],
    )
    if header.time is None:
        time_s = index_times(len(numbers), options.rate_hz, text.name)
    else:
        time_s = numbers.column(header.time[0], scales["time"])
        where = f"{text.name}, column {header.names[header.time[0]]}"
        check_step(time_s, scales["time"], where, flag=header.time_unit_open)
    readings = []
    for prefix in header.prefixes():
        acc, gyr = (header.columns(prefix, kind) for kind in ("acc", "gyr"))
        if acc is None:
            continue
        side = Side(prefix.rstrip("_")) if prefix else None
        stream, notices = to_stream(
            Columns(
                time_s,
                numbers.take(acc, scales[f"{prefix}acc"]),
                None if gyr is None else numbers.take(gyr, scales[f"{prefix}gyr"]),
            ),
            name=text.name,
            where=numbers.where,
            side=side,
        )
        if prefix in header.emg:
            column, unit = header.emg[prefix]
            value_uv = numbers.column(column, microvolts(unit))
            stream = replace(stream, emg=make_emg(time_s, value_uv, text.name))
        readings.append(Reading(stream, side, notices=(*numbers.notices, *notices)))
    return tuple(readings)


def _scales(text: Text, header: _Header, options: ReadOptions) -> dict[str, float]:
    """Factors of time and of each sensor; everything that only a flag can supply is asked for at once."""
    where = f"{text.name}, line 1"
    scales: dict[str, float] = {}
    problems: list[str] = []

    def look_up(key: str, kind: str, stated: str | None, flag: str | None) -> None:
        try:
            scales[key] = factor(kind, stated, flag, where)
        except BadInput as error:
            problems.extend(error.problems)

    if header.time is None:
        if options.rate_hz is None:
            problems.append(f"{where}: no sample times in the file; say the sampling rate with --rate HZ")
    else:
        stated = None if header.time_unit_open and options.time_unit else header.time[1]
        look_up("time", "time", stated, options.time_unit)
    for prefix in header.prefixes():
        for kind, flag, default in (("acc", options.acc_unit, "m/s2"), ("gyr", options.gyr_unit, "deg/s")):
            if header.columns(prefix, kind) is not None:
                stated = header.unit(prefix, kind)
                if stated is None and flag is None and header.simplest:
                    stated = default
                look_up(f"{prefix}{kind}", kind, stated, flag)
    if problems:
        raise BadInput(dict.fromkeys(problems))
    return scales


def read_raw(
    text: Text,
    *,
    side: Side | None = None,
    clock: Sequence[ClockSegment] = (),
    segment_starts: Sequence[int] = (0,),
    nominal_hz: float | None = None,
    gaps: tuple[Interval, ...] | None = None,
    lost: int | None = None,
    rate_hz: float | None = None,
    acc_has_gravity: bool = True,
    acc_range: float | None = None,
    gyr_range: float | None = None,
    device: str = "",
) -> Reading:
    """Read the raw file of one side of a recording folder.

    Parameters
    ----------
    text : Text
        The file.
    side : Side, optional
        Its side.
    clock : sequence of ClockSegment
        Stored fit; used where it covers exactly the rows that are there, else the fit is made again.
    segment_starts : sequence of int
        First row of each connection segment.
    nominal_hz : float, optional
        Rate by which the sample counter was divided for the stored fit.
    gaps, lost, rate_hz : optional
        Stored values; found from counters and times where not given.
    acc_has_gravity, acc_range, gyr_range, device
        As in `Stream`.

    Raises
    ------
    BadInput
        The file has no samples or holds something else than numbers.
    """
    header = _header(text)
    numbers = read_numbers(
        text,
        first_line=1,
        separator=header.separator,
        names=header.names,
        columns=range(len(header.names)),
        empty_ok=(1, 2),
    )
    numbers = _without_unfinished_line(numbers)
    n = len(numbers)
    host = numbers.column(0)
    device_time = _whole_or_none(numbers, 1, "device_time_s")
    counter = _whole_or_none(numbers, 2, "seq")
    seq: IntArray | None = None if counter is None else counter.astype(np.int64)
    if not (np.abs(host) < MAX_TIME_S).all():
        row = int(np.argmin(np.abs(host) < MAX_TIME_S))
        raise BadInput(f"{numbers.where(row)}, column host_time_s: {host[row]} is no time")
    stored = bool(clock) and clock[-1].stop == n
    starts = tuple(s for s in segment_starts if s < n)
    if stored:
        segments = tuple(clock)
        time_s = apply_clock(clock_axis(n, device_time_s=device_time, seq=seq, rate_hz=nominal_hz), segments)
    else:
        fit = fit_clock(
            host, device_time_s=device_time, seq=seq, segment_starts=starts or (0,), rate_hz=nominal_hz
        )
        time_s, segments = fit.time_s, fit.segments
    acc_at, gyr_at = header.columns("", "acc"), header.columns("", "gyr")
    if acc_at is None:
        raise BadInput(f"{text.name}, line 1: columns acc_x, acc_y, acc_z are missing")
    quat_at = [header.names.index(q) for q in QUATERNION if q in header.names]
    acc = numbers.take(acc_at)
    gyr = None if gyr_at is None else numbers.take(gyr_at)
    quat = numbers.take(quat_at) if len(quat_at) == len(QUATERNION) else None
    present = present_rows(acc, gyr if quat is None else None)
    missing = missing_notices(present, text.name)
    if missing:
        # Rows before a row, once those without a sample are gone, are where the segments begin and end then.
        before = np.concatenate([[0], np.cumsum(present)])
        segments = tuple(
            replace(s, start=int(before[s.start]), stop=int(before[s.stop]))
            for s in segments
            if before[s.stop] > before[s.start]
        )
        starts = tuple(sorted({int(before[s]) for s in starts if before[s] < before[-1]}))
        time_s, host, acc = time_s[present], host[present], kept(acc, present)
        gyr, quat = (None if each is None else kept(each, present) for each in (gyr, quat))
        device_time = None if device_time is None else device_time[present]
        seq = None if seq is None else seq[present]
    if rate_hz is None or not stored:
        rate_hz = estimate_rate(time_s, seq)
    if gaps is None or lost is None or not stored or missing:
        gaps, lost = find_gaps(time_s, rate_hz, seq, starts)
    stream = Stream(
        side=side or Side.LEFT,
        time_s=time_s,
        acc=acc,
        gyr=gyr,
        rate_hz=rate_hz,
        gaps=gaps,
        lost=lost,
        acc_has_gravity=acc_has_gravity,
        quat=quat,
        host_time_s=host,
        device_time_s=device_time,
        seq=seq,
        clock=segments,
        acc_range=acc_range,
        gyr_range=gyr_range,
        device=device,
        source=text.name,
    )
    return Reading(stream, side, notices=(*numbers.notices, *missing))


def _without_unfinished_line(numbers: Numbers) -> Numbers:
    """Every line of a raw file ends in a newline, so a last one that does not is incomplete."""
    text = numbers.text
    dropped = any(notice.code == "truncated_last_line" for notice in numbers.notices)
    if text.ends_with_newline or dropped or len(numbers) < 2:
        return numbers
    where = numbers.where(len(numbers) - 1)
    return numbers.without_last(
        Notice("truncated_last_line", f"{where}: the last line is incomplete and was dropped")
    )


def _whole_or_none(numbers: Numbers, column: int, name: str) -> FloatArray | None:
    """A column with a number in every row, None where it has none in any."""
    values = numbers.column(column)
    finite = np.abs(values) < MAX_TIME_S
    if finite.all():
        return values
    if np.isnan(values).all():
        return None
    row = int(np.argmin(finite))
    raise BadInput(f"{numbers.where(row)}, column {name}: empty or no number, unlike other rows")
