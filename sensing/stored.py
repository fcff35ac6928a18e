"""Reading a recording folder as `sensing.store` writes it: exactly, also one that a crash left behind."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from sensing.errors import BadInput
from sensing.finding import SIDECAR
from sensing.formats import ReadOptions, native_csv
from sensing.formats.emg import emg_beside
from sensing.formats.source import read_text
from sensing.recording import ClockSegment, Interval, Notice, Placement, Recording, Side, Stream, Sync
from sensing.store import SCHEMA

_MAX_SIDECAR_BYTES: Final = 1 << 24
_MAX_NUMBER: Final = 1e12
_MAX_SHOWN: Final = 40

T = TypeVar("T")
U = TypeVar("U")


def read_recording(folder: str | Path) -> Recording:
    """Read a recording folder.

    Parameters
    ----------
    folder : str or Path
        A folder with ``recording.json``.

    Returns
    -------
    Recording
        Times by the stored clock fit, or by a new one where the recording ended early.

    Raises
    ------
    BadInput
        The sidecar or a file of samples cannot be used.
    """
    folder = Path(folder)
    meta = read_sidecar(folder)
    notices = [
        Notice(str(old.get("code", "note")), str(old.get("message", "")))
        for old in _objects(meta.get("notices"))
    ]
    streams: dict[str, Stream] = {}
    for side in Side:
        path = next((p for p in (folder / f"{side}.csv", folder / f"{side}.csv.gz") if p.exists()), None)
        if path is None:
            if isinstance(meta.get(side.value), dict) and meta[side.value].get("samples"):
                raise BadInput(f"{folder}: {side}.csv is missing, though {SIDECAR} names it; put it back")
            continue
        try:
            stream, more = _read_side(path, side, meta.get(side.value))
        except _NoSamples:
            notices.append(Notice("no_samples", f"{path}: the {side} sensor gave no samples"))
            continue
        notices += more
        streams[side.value] = stream
    if not streams:
        raise BadInput(f"{folder}: no samples from either side; record again")
    complete = meta.get("complete") is True
    if not complete:
        notices.append(Notice("incomplete", f"{folder}: recording ended early; what had arrived is here"))
    return _recording(folder, meta, streams, complete, tuple(notices))


def read_sidecar(folder: Path) -> dict[str, Any]:
    """The sidecar of a recording folder.

    Raises
    ------
    BadInput
        It is missing, is not JSON or is of another schema.
    """
    path = folder / SIDECAR
    text = read_text(path)
    if len(text.data) > _MAX_SIDECAR_BYTES:
        raise BadInput(f"{path}: larger than {_MAX_SIDECAR_BYTES >> 20} MiB; not a sidecar")
    try:
        meta = json.loads(text.data)
    except json.JSONDecodeError as error:
        raise BadInput(
            f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg})"
        ) from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise BadInput(f"{path}: not JSON ({error})") from error
    if not isinstance(meta, dict) or meta.get("schema") != SCHEMA:
        found = meta.get("schema") if isinstance(meta, dict) else type(meta).__name__
        raise BadInput(
            f"{path}: schema is {found!r}, expected {SCHEMA!r}; open it with the version it is from"
        )
    return meta


class _NoSamples(Exception):
    pass


def _read_side(path: Path, side: Side, info: object) -> tuple[Stream, tuple[Notice, ...]]:
    text = read_text(path)
    if text.head.count("\n") < 3:
        raise _NoSamples
    side_info = _SideInfo.of(info, f"{path.parent / SIDECAR}, {side}")
    if not text.head.startswith(native_csv.RAW_HEADER[0]):
        (reading,) = native_csv.FORMAT.read(path, ReadOptions())
        return dataclasses.replace(reading.stream, side=side), reading.notices
    reading = native_csv.read_raw(
        text,
        side=side,
        clock=side_info.clock,
        segment_starts=side_info.segments,
        nominal_hz=side_info.nominal_hz,
        gaps=side_info.gaps,
        lost=side_info.lost,
        rate_hz=side_info.rate_hz,
        acc_has_gravity=side_info.acc_has_gravity,
        acc_range=side_info.acc_range,
        gyr_range=side_info.gyr_range,
        device=side_info.device,
    )
    stream = dataclasses.replace(reading.stream, address=side_info.address, emg=emg_beside(path))
    return stream, reading.notices


class _Facts:
    """Fields of one object of a sidecar, each checked; everything wrong with them is said at once."""

    def __init__(self, found: object, where: str) -> None:
        self._where = where
        self._wrong: list[str] = []
        self._found: dict[str, Any] = {}
        if isinstance(found, dict):
            self._found = found
        elif found is not None:
            self._wrong.append(f"must be an object, not {_shown(found)}")

    def get(self, name: str, check: Callable[[Any], T], default: U) -> T | U:
        """A field; ``default`` where it is missing, null or wrong."""
        value = self._found.get(name)
        if value is None:
            return default
        try:
            return check(value)
        except ValueError as error:
            self._wrong.append(f"{name} must be {error}, not {_shown(value)}")
            return default

    def check(self) -> None:
        """Raise `BadInput` if anything was wrong."""
        if self._wrong:
            raise BadInput(f"{self._where}: {wrong}; correct or delete it" for wrong in self._wrong)


@dataclasses.dataclass(frozen=True)
class _SideInfo:
    """What the sidecar says of one side."""

    clock: tuple[ClockSegment, ...]
    segments: tuple[int, ...]
    nominal_hz: float | None
    gaps: tuple[Interval, ...] | None
    lost: int | None
    rate_hz: float | None
    acc_has_gravity: bool
    acc_range: float | None
    gyr_range: float | None
    device: str
    address: str

    @classmethod
    def of(cls, info: object, where: str) -> _SideInfo:
        facts = _Facts(info, where)
        for name, unit in (("acc_unit", "m/s2"), ("gyr_unit", "deg/s")):
            facts.get(name, _only(unit), unit)
        found = cls(
            clock=facts.get("clock", _clock, ()),
            segments=tuple(sorted({0, *facts.get("segments", _rows, ())})),
            nominal_hz=facts.get("nominal_hz", _number, None),
            gaps=facts.get("gaps", _intervals, None),
            lost=facts.get("lost", _count, None),
            rate_hz=facts.get("rate_hz", _number, None),
            acc_has_gravity=facts.get("acc_has_gravity", _flag, True),
            acc_range=facts.get("acc_range", _number, None),
            gyr_range=facts.get("gyr_range", _number, None),
            device=facts.get("device", _text, ""),
            address=facts.get("address", _text, ""),
        )
        facts.check()
        return found


def _recording(
    folder: Path,
    meta: dict[str, Any],
    streams: dict[str, Stream],
    complete: bool,
    notices: tuple[Notice, ...],
) -> Recording:
    facts = _Facts(meta, str(folder / SIDECAR))
    found: dict[str, Any] = {
        "sync": facts.get("sync", _sync, Sync()),
        "started_at": facts.get("started_at", _time, None),
        "marks": facts.get("marks", _intervals, ()),
        "load_kg": facts.get("load_kg", _pair, None),
        "rpe": facts.get("rpe", _number, None),
        "sequential": facts.get("sequential", _flag, False),
        # `Recording` itself says which words these two may be.
        "placement": facts.get("placement", _text, "") or Placement.UNKNOWN,
        "dominant": facts.get("dominant", _text, "") or None,
    }
    found |= {
        name: facts.get(name, _text, "") for name in ("athlete", "sport", "exercise", "mount", "tag", "notes")
    }
    facts.check()
    return Recording(
        left=streams.get("left"),
        right=streams.get("right"),
        complete=complete,
        notices=notices,
        path=folder,
        **found,
    )


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def _number(value: object) -> float:
    """A number of a size that clocks and sensors have."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER:
        return float(value)
    raise ValueError("a number")


def _count(value: object) -> int:
    number = _number(value)
    if number < 0 or number != int(number):
        raise ValueError("a whole number from 0")
    return int(number)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _only(word: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        if value != word:
            raise ValueError(f'"{word}", the unit of raw files')
        return word

    return check


def _time(value: object) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(_text(value)) if value else None
    except ValueError:
        raise ValueError("a time such as 2026-03-02T18:00:00+01:00") from None


def _rows(value: object) -> tuple[int, ...]:
    try:
        return tuple(_count(row) for row in _list(value))
    except ValueError:
        raise ValueError("a list of row numbers") from None


def _pair(value: object) -> tuple[float, float]:
    try:
        left, right = (_number(each) for each in _list(value))
    except ValueError:
        raise ValueError("a pair of numbers") from None
    return left, right


def _intervals(value: object) -> tuple[Interval, ...]:
    try:
        return tuple(_pair(each) for each in _list(value))
    except ValueError:
        raise ValueError("a list of pairs of times, s") from None


def _clock(value: object) -> tuple[ClockSegment, ...]:
    numbers = ("origin_s", "rate", "offset_s")
    try:
        return tuple(
            ClockSegment(
                start=_count(each["start"]),
                stop=_count(each["stop"]),
                fit_s=None if each.get("fit_s") is None else _number(each["fit_s"]),
                **{name: _number(each[name]) for name in numbers},
            )
            for each in _objects(_list(value))
        )
    except (KeyError, ValueError):
        raise ValueError(f"a list of objects with numbers start, stop, {', '.join(numbers)}") from None


def _sync(value: object) -> Sync:
    names = ("error_s", "fit_s", "unseen_s")
    try:
        (found,) = _objects([value])
        error_s, fit_s, unseen_s = (
            None if found.get(name) is None else _number(found[name]) for name in names
        )
        return Sync(error_s, fit_s, unseen_s, _text(found.get("method") or "unknown"))
    except ValueError:
        raise ValueError(f"an object with numbers {', '.join(names)} and a text method") from None


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("a list")
    return value


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
