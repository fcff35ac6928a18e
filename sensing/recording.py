"""The data model: a `Recording` of up to two `Stream`s, one per side, on one shared timeline.

Units everywhere: seconds, m/s2 and deg/s. Everything here is immutable: arrays are stored read-only and
every invariant is checked when an object is made, all problems collected before anything is raised.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sensing.errors import BadInput

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Interval = tuple[float, float]

GRAVITY: Final = 9.80665
"""Standard gravity, m/s2 (CGPM 1901); converts g to m/s2."""

CHANNELS: Final = ("acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z")
"""Column names of the six channels, in the sensor frame; acc in m/s2, gyr in deg/s."""


class Side(StrEnum):
    """The limb a sensor is worn on."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


class Placement(StrEnum):
    """Where on the body both sensors of a recording are worn."""

    HAND = "hand"
    WRIST = "wrist"
    FOREARM = "forearm"
    UPPER_ARM = "upper_arm"
    SHOULDER = "shoulder"
    TRUNK = "trunk"
    HIP = "hip"
    THIGH = "thigh"
    SHANK = "shank"
    ANKLE = "ankle"
    FOOT = "foot"
    EQUIPMENT = "equipment"
    UNKNOWN = "unknown"

    @property
    def region(self) -> str:
        """``arm``, ``leg``, ``trunk`` or ``unknown``."""
        if self in (Placement.HAND, Placement.WRIST, Placement.FOREARM, Placement.UPPER_ARM):
            return "arm"
        if self in (Placement.THIGH, Placement.SHANK, Placement.ANKLE, Placement.FOOT):
            return "leg"
        if self in (Placement.SHOULDER, Placement.TRUNK, Placement.HIP):
            return "trunk"
        return "unknown"


@dataclass(frozen=True)
class Notice:
    """Something a person should know: a machine-readable code and one plain sentence."""

    code: str
    message: str


@dataclass(frozen=True)
class Sync:
    """How well the two sides share one timeline.

    Attributes
    ----------
    error_s : float or None
        Stated left-right error, ``fit_s + unseen_s``, in seconds; None where nothing is known.
    fit_s : float or None
        Part that comes from the clock estimate.
    unseen_s : float or None
        Bound on a constant latency difference that no clock can show.
    method : str
        ``unknown`` (plain files), ``hull``, ``hull+knock``, ``hardware`` or ``index``.
    """

    error_s: float | None = None
    fit_s: float | None = None
    unseen_s: float | None = None
    method: str = "unknown"


@dataclass(frozen=True)
class ClockSegment:
    """Map from one device's clock to the shared timeline for one connection segment.

    ``time_s = offset_s + rate * (device_time_s - origin_s)`` for the samples ``start:stop``. Where a device
    has no clock, the sample index times the nominal period stands in for ``device_time_s``.
    """

    start: int
    stop: int
    origin_s: float
    rate: float
    offset_s: float
    fit_s: float | None = None


@dataclass(frozen=True, eq=False)
class Emg:
    """A surface electromyogram beside one side's motion, at its own rate, on the same timeline.

    Attributes
    ----------
    time_s : (n,) float array
        Sample times, s; finite, strictly increasing.
    value_uv : (n,) float array
        Potential, microvolts; finite. Samples that are missing are left out.
    rate_hz : float
        Sampling rate while samples arrive.
    source : str
        The file it was read from.
    """

    time_s: FloatArray
    value_uv: FloatArray
    rate_hz: float
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("time_s", "value_uv"):
            array = np.asarray(getattr(self, name), dtype=np.float64).view()
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        n, problems = np.shape(self.time_s), []
        if len(n) != 1 or n != np.shape(self.value_uv) or n[0] < 2:
            problems.append("time_s and value_uv must be of one length, 2 samples or more")
        elif not (np.isfinite(self.time_s).all() and np.isfinite(self.value_uv).all()):
            problems.append("values that are not finite")
        elif not np.all(np.diff(self.time_s) > 0):
            where = int(np.flatnonzero(np.diff(self.time_s) <= 0)[0]) + 1
            problems.append(f"time_s must increase; it does not at sample {where}")
        if not (np.isfinite(self.rate_hz) and self.rate_hz > 0):
            problems.append(f"rate_hz must be positive, not {self.rate_hz}")
        if problems:
            raise BadInput(f"{self.source or 'electromyogram'}: {problem}" for problem in problems)


@dataclass(frozen=True, eq=False)
class Stream:
    """The samples of one sensor, on the shared timeline.

    Attributes
    ----------
    side : Side
        Limb the sensor was on.
    time_s : (n,) float array
        Sample times in seconds on the recording's shared timeline; finite, strictly increasing.
    acc : (n, 3) float array
        Accelerometer, m/s2, sensor frame. Rows that are not finite are missing samples.
    gyr : (n, 3) float array or None
        Gyroscope, deg/s, sensor frame; None where the file has none.
    rate_hz : float
        Sampling rate while samples arrive (lost samples do not lower it).
    gaps : tuple of (start_s, end_s)
        Times with no data: last sample before and first sample after, in order, not overlapping.
    lost : int
        Samples known to be lost (sequence counter, or gap length times rate).
    acc_has_gravity : bool
        False where the device already removed gravity.
    quat : (n, 4) float array or None
        Orientation reported by the device, w x y z, sensor to earth.
    host_time_s, device_time_s : (n,) float array or None
        Raw arrival time and raw (unwrapped) device time, seconds.
    seq : (n,) int array or None
        Raw (unwrapped) sample counter.
    clock : tuple of ClockSegment
        How ``time_s`` was derived from the raw times; empty for plain files.
    acc_range, gyr_range : float or None
        Full scale in m/s2 and deg/s, where known; samples there are clipped.
    device, source : str
        Device name or model, and the file it was read from.
    address : str
        What tells the sensor from others of its model; empty where unknown.
    emg : Emg or None
        Electromyogram of the same limb, where one was recorded.
    """

    side: Side
    time_s: FloatArray
    acc: FloatArray
    gyr: FloatArray | None
    rate_hz: float
    gaps: tuple[Interval, ...] = ()
    lost: int = 0
    acc_has_gravity: bool = True
    quat: FloatArray | None = None
    host_time_s: FloatArray | None = None
    device_time_s: FloatArray | None = None
    seq: IntArray | None = None
    clock: tuple[ClockSegment, ...] = ()
    acc_range: float | None = None
    gyr_range: float | None = None
    device: str = ""
    source: str = ""
    address: str = ""
    emg: Emg | None = None

    def __post_init__(self) -> None:
        problems: list[str] = []
        set_ = object.__setattr__
        set_(self, "side", Side(self.side))
        n = np.shape(self.time_s)[0] if np.ndim(self.time_s) == 1 else -1
        shapes: dict[str, tuple[int, ...]] = {
            "time_s": (n,),
            "acc": (n, 3),
            "gyr": (n, 3),
            "quat": (n, 4),
            "host_time_s": (n,),
            "device_time_s": (n,),
            "seq": (n,),
        }
        if n < 0:
            problems.append("time_s must be one-dimensional")
        elif n < 2:
            problems.append(f"at least 2 samples are needed, {n} found")
        for name, shape in shapes.items():
            value = getattr(self, name)
            if value is None:
                if name in ("time_s", "acc"):
                    problems.append(f"{name} is missing")
                continue
            # A view: freezing it must not freeze an array that the caller still owns.
            array = np.asarray(value, dtype=np.int64 if name == "seq" else np.float64).view()
            if n >= 0 and array.shape != shape:
                problems.append(f"{name} has shape {array.shape}, expected {shape}")
            array.flags.writeable = False
            set_(self, name, array)
        if n >= 2 and not problems:
            if not np.all(np.isfinite(self.time_s)):
                problems.append("time_s contains values that are not finite")
            elif not np.all(np.diff(self.time_s) > 0):
                where = int(np.flatnonzero(np.diff(self.time_s) <= 0)[0]) + 1
                problems.append(f"time_s must increase; it does not at sample {where}")
        if not (np.isfinite(self.rate_hz) and self.rate_hz > 0):
            problems.append(f"rate_hz must be positive, not {self.rate_hz}")
        if self.lost < 0:
            problems.append(f"lost must not be negative, not {self.lost}")
        set_(self, "gaps", tuple((float(a), float(b)) for a, b in self.gaps))
        last = -np.inf
        for start, end in self.gaps:
            if not start < end or start < last:
                problems.append(f"gap {start:.3f} to {end:.3f} s is empty or out of order")
            last = end
        if problems:
            raise BadInput(f"{self.source or 'stream'} ({self.side}): {problem}" for problem in problems)

    def __len__(self) -> int:
        return int(self.time_s.shape[0])

    @property
    def start_s(self) -> float:
        """Time of the first sample."""
        return float(self.time_s[0])

    @property
    def end_s(self) -> float:
        """Time of the last sample."""
        return float(self.time_s[-1])

    @property
    def duration_s(self) -> float:
        """Time from the first to the last sample."""
        return self.end_s - self.start_s

    @property
    def loss_fraction(self) -> float:
        """Lost samples as a fraction of all samples that should be there."""
        return self.lost / (self.lost + len(self))


@dataclass(frozen=True, eq=False)
class Recording:
    """One recording: up to two streams on a shared timeline, and what is known about it.

    Attributes
    ----------
    left, right : Stream or None
        At least one is there.
    sync : Sync
        How well the two sides share one timeline.
    placement : Placement
        Where both sensors were worn.
    athlete, sport, exercise, notes : str
        Free text; empty where unknown.
    dominant : Side or None
        The athlete's dominant side.
    started_at : datetime or None
        Wall-clock time of ``time_s == 0``, with a time zone.
    marks : tuple of (start_s, end_s)
        Sets that the user marked.
    mount, tag : str
        Name of one putting-on of the sensors, and ``before``, ``after``, ``rest`` or free text.
    load_kg : (left, right) or None
        Weights held, in kilograms.
    rpe : float or None
        Rating of perceived exertion, 0 to 10.
    sequential : bool
        True where the two sides were recorded one after the other, so that nothing pairs in time.
    complete : bool
        False where recording ended early (crash, full disk).
    notices : tuple of Notice
        Repairs and doubts from reading.
    path : Path or None
        Folder or file it came from.
    """

    left: Stream | None = None
    right: Stream | None = None
    sync: Sync = field(default_factory=Sync)
    placement: Placement = Placement.UNKNOWN
    athlete: str = ""
    sport: str = ""
    exercise: str = ""
    dominant: Side | None = None
    started_at: dt.datetime | None = None
    marks: tuple[Interval, ...] = ()
    mount: str = ""
    tag: str = ""
    load_kg: tuple[float, float] | None = None
    rpe: float | None = None
    sequential: bool = False
    notes: str = ""
    complete: bool = True
    notices: tuple[Notice, ...] = ()
    path: Path | None = None

    def __post_init__(self) -> None:
        problems: list[str] = []
        set_ = object.__setattr__
        if self.left is None and self.right is None:
            problems.append("a recording needs at least one side")
        for side in Side:
            stream = getattr(self, side.value)
            if stream is not None and stream.side is not side:
                problems.append(f"the {side} stream says it is the {stream.side} one")
        try:
            set_(self, "placement", Placement(self.placement))
        except ValueError:
            problems.append(f"unknown placement {self.placement!r}; use one of {', '.join(Placement)}")
        if self.dominant is not None:
            try:
                set_(self, "dominant", Side(self.dominant))
            except ValueError:
                problems.append(f"dominant must be left or right, not {self.dominant!r}")
        if self.started_at is not None and self.started_at.tzinfo is None:
            problems.append("started_at needs a time zone")
        for start, end in self.marks:
            if not start < end:
                problems.append(f"marked set {start:.3f} to {end:.3f} s is empty")
        if self.load_kg is not None and (len(self.load_kg) != 2 or min(self.load_kg) < 0):
            problems.append(f"load_kg must be two weights of 0 or more, not {self.load_kg}")
        if self.rpe is not None and not 0 <= self.rpe <= 10:
            problems.append(f"rpe must be 0 to 10, not {self.rpe}")
        if problems:
            raise BadInput(f"{self.path or 'recording'}: {problem}" for problem in problems)

    def streams(self) -> Iterator[Stream]:
        """The streams that are there, left first."""
        for stream in (self.left, self.right):
            if stream is not None:
                yield stream

    def stream(self, side: Side) -> Stream | None:
        """The stream of one side, or None."""
        return self.left if side is Side.LEFT else self.right

    @property
    def start_s(self) -> float:
        """Time of the earliest sample of either side."""
        return min(stream.start_s for stream in self.streams())

    @property
    def end_s(self) -> float:
        """Time of the latest sample of either side."""
        return max(stream.end_s for stream in self.streams())

    @property
    def duration_s(self) -> float:
        """Time from the earliest to the latest sample of either side."""
        return self.end_s - self.start_s


def gaps_from_times(time_s: FloatArray, rate_hz: float, *, tolerance: float = 1.5) -> tuple[Interval, ...]:
    """Gaps of a stream from its sample times alone.

    Parameters
    ----------
    time_s : (n,) float array
        Increasing sample times, s.
    rate_hz : float
        Sampling rate, Hz.
    tolerance : float
        A step longer than this many sample periods is a gap.

    Returns
    -------
    tuple of (start_s, end_s)
        Last sample before and first sample after each gap.
    """
    where = np.flatnonzero(np.diff(time_s) > tolerance / rate_hz)
    return tuple((float(time_s[i]), float(time_s[i + 1])) for i in where)


def lost_from_gaps(gaps: tuple[Interval, ...], rate_hz: float) -> int:
    """Samples missing in ``gaps`` at ``rate_hz``."""
    return int(sum(max(round((end - start) * rate_hz) - 1, 0) for start, end in gaps))


def describe(recording: Recording) -> dict[str, Any]:
    """What is known about a recording, as the JSON contract's ``recording`` object."""
    return {
        "path": None if recording.path is None else str(recording.path),
        "athlete": recording.athlete or None,
        "sport": recording.sport or None,
        "exercise": recording.exercise or None,
        "placement": recording.placement.value,
        "dominant": None if recording.dominant is None else recording.dominant.value,
        "started_at": None if recording.started_at is None else recording.started_at.isoformat(),
        "duration_s": recording.duration_s,
        "mount": recording.mount or None,
        "tag": recording.tag or None,
    }
