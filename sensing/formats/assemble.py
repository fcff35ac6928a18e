"""Parsed columns to a `Stream`: missing rows, repeated times, rate, gaps and loss, alike for all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sensing.clock import fit_clock
from sensing.errors import BadInput
from sensing.formats import ReadOptions, WallClock
from sensing.formats.units import TIME_UNITS, time_zone
from sensing.recording import FloatArray, IntArray, Notice, Side, Stream
from sensing.retime import estimate_rate, find_gaps
from sensing.spool import rebuilt, stretches

MAX_VALUE: Final = 1e6
"""m/s2 or deg/s that no sensor gives; from here on a value is damage, not a sample."""

MAX_TIME_S: Final = 1e12
"""Seconds from zero that no clock shows."""

_STEPS_S: Final = (1 / 20_000, 1.0)
"""Steps between the samples of a motion sensor, s."""

_PAUSE_STEPS: Final = 5.0
"""A step this many times the usual one between batches that share a time is a pause, not one batch more."""

_LARGE_BATCH, _LARGE_SHARE, _COARSEST_S = 4.0, 0.2, 1.5
"""Batches over so many times the usual size, holding over this share of the rows, are uneven; no clock in a
file ticks slower, s."""


@dataclass(frozen=True, eq=False)
class Columns:
    """What a file holds for one sensor, in units used inside, rows as in the file.

    Attributes
    ----------
    time_s : (n,) float array
        Sample times, s.
    acc, gyr : (n, 3) float array
        m/s2 and deg/s; ``gyr`` None where the file has none.
    quat : (n, 4) float array or None
        Orientation, w x y z, sensor to earth.
    seq : (n,) int array or None
        Unwrapped sample counter.
    """

    time_s: FloatArray
    acc: FloatArray
    gyr: FloatArray | None
    quat: FloatArray | None = None
    seq: IntArray | None = None

    def keep(self, rows: npt.NDArray[np.bool_]) -> Columns:
        """The rows selected."""
        return Columns(
            self.time_s[rows],
            kept(self.acc, rows),
            None if self.gyr is None else kept(self.gyr, rows),
            None if self.quat is None else kept(self.quat, rows),
            None if self.seq is None else self.seq[rows],
        )


def to_stream(
    columns: Columns,
    *,
    name: str,
    where: Callable[[int], str],
    side: Side | None = None,
    acc_has_gravity: bool = True,
    acc_range: float | None = None,
    gyr_range: float | None = None,
    device: str = "",
    keep_gyr_nan: bool = False,
) -> tuple[Stream, tuple[Notice, ...]]:
    """Make a stream of parsed columns.

    Parameters
    ----------
    columns : Columns
        Parsed columns.
    name : str
        File, for messages.
    where : callable
        Row number to ``FILE, line N``.
    side : Side, optional
        Left is put where it is not known.
    acc_has_gravity, acc_range, gyr_range, device
        As in `Stream`.
    keep_gyr_nan : bool
        Rows without angular velocity stay (it was derived, and could not be everywhere).

    Returns
    -------
    stream : Stream
    notices : tuple of Notice
        ``not_finite`` and ``times_repeated``.

    Raises
    ------
    BadInput
        Times run backwards, half of the rows or more hold no numbers, fewer than two samples.
    """
    columns, kept, notices = _drop_missing(columns, name, keep_gyr_nan)
    time_s, repeated = _increasing(columns, name, lambda row: where(int(kept[row])))
    rate_hz = estimate_rate(time_s, columns.seq)
    gaps, lost = find_gaps(time_s, rate_hz, columns.seq)
    stream = Stream(
        side=side or Side.LEFT,
        time_s=time_s,
        acc=columns.acc,
        gyr=columns.gyr,
        rate_hz=rate_hz,
        gaps=gaps,
        lost=lost,
        acc_has_gravity=acc_has_gravity,
        quat=columns.quat,
        host_time_s=columns.time_s if repeated else None,
        seq=columns.seq,
        acc_range=acc_range,
        gyr_range=gyr_range,
        device=device,
        source=name,
    )
    return stream, notices + repeated


def _drop_missing(
    columns: Columns, name: str, keep_gyr_nan: bool
) -> tuple[Columns, IntArray, tuple[Notice, ...]]:
    present = np.abs(columns.time_s) < MAX_TIME_S
    present &= present_rows(columns.acc, None if keep_gyr_nan else columns.gyr)
    notices = missing_notices(present, name)
    if not notices:
        return columns, np.arange(len(present)), ()
    return columns.keep(present), np.flatnonzero(present), notices


def kept(values: FloatArray, rows: npt.NDArray[np.bool_]) -> FloatArray:
    """The rows selected, (k, c)."""
    return rebuilt(values, lambda piece, at: piece[rows[at]])


def present_rows(acc: FloatArray, gyr: FloatArray | None) -> npt.NDArray[np.bool_]:
    """Rows, (n,), that hold a value a sensor can give in every channel; NaN compares as false."""
    parts = [part for part in (acc, gyr) if part is not None and len(part)]
    present = [np.concatenate([_inside(piece) for piece in stretches(part)]) for part in parts]
    return np.asarray(np.logical_and.reduce(present) if present else np.ones(len(acc), dtype=np.bool_))


def _inside(piece: FloatArray) -> npt.NDArray[np.bool_]:
    if piece.max() < MAX_VALUE and piece.min() > -MAX_VALUE:
        return np.ones(len(piece), dtype=np.bool_)
    return np.asarray((np.abs(piece) < MAX_VALUE).all(axis=1))


def missing_notices(present: npt.NDArray[np.bool_], name: str) -> tuple[Notice, ...]:
    """Say how many rows hold no sample.

    Raises
    ------
    BadInput
        Half of the rows or more.
    """
    n = len(present)
    missing = int(n - present.sum())
    if not missing:
        return ()
    held = f"{missing} of {n} rows hold NaN, infinity, absurd numbers or nothing"
    if 2 * missing >= n:
        raise BadInput(f"{name}: {held}; record or export again")
    return (Notice("not_finite", f"{name}: {held} and count as lost samples"),)


def _increasing(
    columns: Columns, name: str, where: Callable[[int], str]
) -> tuple[FloatArray, tuple[Notice, ...]]:
    time_s = columns.time_s
    n = len(time_s)
    if n < 2:
        raise BadInput(f"{name}: at least 2 samples are needed, {n} found; record or export it again")
    steps = np.diff(time_s)
    if steps.min() > 0:
        return time_s, ()
    back = np.flatnonzero(steps < 0)
    if len(back):
        row = int(back[0]) + 1
        raise BadInput(
            f"{where(row)}: time runs backwards from {time_s[row - 1]:.6g} to {time_s[row]:.6g} s"
            f"{f' (and {len(back) - 1} times more)' if len(back) > 1 else ''}; export it in order of time"
        )
    forward = steps[steps > 0]
    if not len(forward):
        raise BadInput(f"{name}: every row has the same time; give the rate with --rate and no time column")
    pauses = np.flatnonzero(steps > _PAUSE_STEPS * float(np.median(forward))) + 1
    fit = fit_clock(time_s, seq=columns.seq, segment_starts=(0, *(int(p) for p in pauses)))
    text = f"{name}: {int((steps == 0).sum())} rows repeat the time before"
    if _uneven(steps):
        told = (
            f"{text}, in batches that no sensor makes; name the column of times, or give --rate without one"
        )
        return fit.time_s, (Notice("times_uneven", told),)
    return fit.time_s, (Notice("times_repeated", f"{text}; times were spread between batches"),)


def _uneven(steps: FloatArray) -> bool:
    """Whether most rows repeat the time before, but not as packets or a coarse clock have it.

    Those make batches of much the same size, often, so that spreading them evenly gives their times back.
    """
    new = steps > 0
    if 2 * new.sum() >= len(steps):
        return False
    sizes = np.diff(np.flatnonzero(np.r_[True, new, True]))
    large = sizes[sizes > _LARGE_BATCH * np.median(sizes)].sum()
    return bool(large > _LARGE_SHARE * len(steps) or np.median(steps[new]) > _COARSEST_S)


def check_step(time_s: FloatArray, scale: float, where: str, *, flag: bool) -> None:
    """Refuse times that cannot be in the unit they are said to be in.

    Parameters
    ----------
    time_s : (n,) float array
        Times, s.
    scale : float
        Factor by which they were brought to seconds.
    where : str
        File and column, for the message.
    flag : bool
        Whether ``--time-unit`` could give another unit.

    Raises
    ------
    BadInput
        The usual step is none of a motion sensor; says the unit that would make it one, if any does.
    """
    steps = np.diff(time_s[np.isfinite(time_s)])
    step_s = float(np.median(steps)) if len(steps) else 0.0
    if step_s <= 0 or _STEPS_S[0] <= step_s <= _STEPS_S[1]:
        return
    units = (
        unit for unit, factor in TIME_UNITS.items() if _STEPS_S[0] <= step_s / scale * factor <= _STEPS_S[1]
    )
    unit = next(units, None)
    advice = "check the unit of time"
    if unit is not None:
        advice = f"if times are in {unit}, name the column time_{unit}"
        advice += f" or say --time-unit {unit}" if flag else ""
    raise BadInput((f"{where}: times are {step_s:.3g} s apart, unlike a motion sensor's", advice))


def index_times(n: int, rate_hz: float | None, name: str) -> FloatArray:
    """Times of rows that have none, at the rate the user gives.

    Raises
    ------
    BadInput
        No rate, or one that is not positive.
    """
    if rate_hz is None:
        raise BadInput(f"{name}: no sample times in the file; say the sampling rate with --rate HZ")
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        raise BadInput(f"--rate {rate_hz}: must be a positive number of hertz")
    return np.arange(n) / rate_hz


def wall_clock(local_or_utc: dt.datetime, options: ReadOptions, zone: dt.tzinfo | None = None) -> WallClock:
    """Wall-clock time with the zone of the file, else of the flag, else without.

    Parameters
    ----------
    local_or_utc : datetime
        With its zone, or local time without one.
    options : ReadOptions
        May give the zone.
    zone : tzinfo, optional
        Zone that the file states.
    """
    if local_or_utc.tzinfo is None:
        known = zone or (time_zone(options.timezone) if options.timezone else None)
        if known is None:
            return WallClock(local_or_utc.replace(tzinfo=dt.UTC).timestamp(), None)
        local_or_utc = local_or_utc.replace(tzinfo=known)
    return WallClock(local_or_utc.timestamp(), local_or_utc.tzinfo)


def epoch_clock(epoch_s: float, options: ReadOptions, zone: dt.tzinfo | None = None) -> WallClock:
    """Wall-clock time from seconds since 1970 UTC, shown in the file's zone, else the flag's, else UTC."""
    return WallClock(epoch_s, zone or (time_zone(options.timezone) if options.timezone else dt.UTC))
