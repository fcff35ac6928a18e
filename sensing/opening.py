"""The public way in: folders and files of any known kind to one `Recording`."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import stat
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sensing.errors import BadInput, UsageError
from sensing.finish import recover
from sensing.formats import Place, Reading, ReadOptions, WallClock, read, recognise
from sensing.formats.plausible import check_units
from sensing.formats.source import read_head
from sensing.recording import Notice, Placement, Recording, Side, Stream, Sync
from sensing.store import is_recording
from sensing.stored import read_recording

MIN_OVERLAP_S: Final = 2.0
"""Less than this on both sides at once compares nothing."""

SEQUENTIAL_PAUSE_S: Final = 10.0
"""Pause put between two one-sided recordings on the common timeline."""

_SAME_CLOCK_S: Final = 1.0
_FAR_FROM_ZERO_S: Final = 86_400.0
_UNEQUAL: Final = 0.8


def open_recording(
    *paths: str | Path,
    left: str | Path | None = None,
    right: str | Path | None = None,
    side: Side | str | None = None,
    sequential: bool | None = None,
    placement: Placement | str | None = None,
    acc_unit: str | None = None,
    gyr_unit: str | None = None,
    time_unit: str | None = None,
    timezone: str | None = None,
    rate_hz: float | None = None,
    athlete: str | None = None,
    sport: str | None = None,
    exercise: str | None = None,
    dominant: Side | str | None = None,
    mount: str | None = None,
    tag: str | None = None,
    load_kg: tuple[float, float] | None = None,
    rpe: float | None = None,
) -> Recording:
    """Open a recording.

    Parameters
    ----------
    *paths : str or Path
        One folder (a recording folder, or any with ``left`` and ``right`` files), one file with both sides,
        one file or folder of a single sensor with ``side``, or two of these: left first, unless a name or
        the content says otherwise, which a notice then tells.
    left, right : str or Path, optional
        The same, with the side said.
    side : Side or str, optional
        Side of a single sensor; of a recording with both sides, the one to open.
    sequential : bool, optional
        The two sides were recorded one after the other. Found out where both files have wall-clock times.
    placement, athlete, sport, exercise, dominant, mount, tag, load_kg, rpe : optional
        As in `Recording`; they override what the files say.
    acc_unit, gyr_unit, time_unit, timezone, rate_hz : optional
        What the files do not say; see `sensing.formats.ReadOptions`.

    Returns
    -------
    Recording
        Both sides on one timeline. Two sides recorded one after the other follow each other on it.

    Raises
    ------
    BadInput
        A file is missing or cannot be used, a unit or rate is not known, the sides do not overlap.
    UsageError
        No file or more than two, or the same side twice.
    """
    options = ReadOptions(acc_unit, gyr_unit, time_unit, timezone, rate_hz)
    known: dict[str, Any] = {
        name: value
        for name, value in (
            ("placement", placement),
            ("athlete", athlete),
            ("sport", sport),
            ("exercise", exercise),
            ("dominant", dominant),
            ("mount", mount),
            ("tag", tag),
            ("load_kg", load_kg),
            ("rpe", rpe),
        )
        if value is not None
    }
    wanted = _side(side)
    items = _items(paths, left, right)
    if len(items) == 1:
        recording = _open_one(items[0], wanted, options, sequential)
    else:
        if wanted is not None:
            raise UsageError(
                "--side is for one file; two files say their sides by order or --left and --right"
            )
        recording = _open_two(items, options, sequential)
    if sequential is not None and sequential != recording.sequential:
        known["sequential"] = sequential
    recording = dataclasses.replace(recording, **known) if known else recording
    return dataclasses.replace(recording, notices=(*recording.notices, *check_units(recording)))


@dataclass(frozen=True)
class _Item:
    """A path the user named, and the side said with it."""

    path: Path
    side: Side | None = None


@dataclass(frozen=True, eq=False)
class _Source:
    """What one path holds: a recording from a folder, or readings."""

    readings: tuple[Reading, ...] = ()
    recording: Recording | None = None


def _side(side: Side | str | None) -> Side | None:
    if side is None:
        return None
    try:
        return Side(side)
    except ValueError as error:
        raise UsageError(f"side must be left or right, not {side!r}") from error


def _items(paths: Sequence[str | Path], left: str | Path | None, right: str | Path | None) -> list[_Item]:
    items = [_Item(Path(path)) for path in paths]
    items += [_Item(Path(p), s) for p, s in ((left, Side.LEFT), (right, Side.RIGHT)) if p is not None]
    if not items:
        raise UsageError("name a recording folder or one or two files")
    if len(items) > 2:
        raise UsageError(f"one or two files make a recording, {len(items)} were named")
    return items


def _open_one(item: _Item, wanted: Side | None, options: ReadOptions, sequential: bool | None) -> Recording:
    if item.side is not None and wanted is not None and item.side is not wanted:
        raise UsageError(f"{item.path}: named as the {item.side} side and as the {wanted} side")
    wanted = item.side or wanted
    pair = _pair_in(item.path)
    if pair is not None and wanted is None:
        recording = _open_two([_Item(pair[0], Side.LEFT), _Item(pair[1], Side.RIGHT)], options, sequential)
        return dataclasses.replace(recording, path=item.path)
    if pair is not None:
        item = _Item(pair[0 if wanted is Side.LEFT else 1])
    source = _load(item.path, options)
    if source.recording is not None:
        return _checked(_one_side(source.recording, wanted))
    readings = source.readings
    if len(readings) > 1 and wanted is not None:
        readings = tuple(r for r in readings if r.side in (wanted, None))[:1]
    if len(readings) > 1:
        return _combine(item.path, _assign(readings, [None, None], [item.path, item.path]), None)
    (reading,) = readings
    notices: tuple[Notice, ...] = ()
    if wanted is None:
        wanted = reading.side or _side_of_name(item.path)
        if wanted is None:
            raise BadInput(f"{item.path}: one sensor and no side known; say --side left or --side right")
        if reading.side is None:
            notices = (_named(item.path, wanted),)
    return _combine(item.path, (_with_side(reading, wanted),), None, notices)


def _open_two(items: Sequence[_Item], options: ReadOptions, sequential: bool | None) -> Recording:
    # pandas parses without the interpreter's lock, so that two files take little longer than one.
    with ThreadPoolExecutor(2) as pool:
        sources = list(pool.map(lambda item: _load_or_error(item.path, options), items))
    problems = [problem for source in sources if isinstance(source, BadInput) for problem in source.problems]
    if problems:
        # What holds for both files is said once, after what is wrong with each.
        raise BadInput(reversed(dict.fromkeys(reversed(problems))))
    readings: list[Reading] = []
    recordings: list[Recording] = []
    loaded = [source for source in sources if isinstance(source, _Source)]
    for item, source in zip(items, loaded, strict=True):
        found = source.readings
        if source.recording is not None:
            recordings.append(_one_side(source.recording, item.side))
            found = _readings_of(recordings[-1])
        found = tuple(r for r in found if item.side is None or r.side in (item.side, None))
        if len(found) != 1:
            raise BadInput(f"{item.path}: holds both sides; name it alone, or say --left or --right with it")
        readings += found
    sided = _assign(readings, [item.side for item in items], [item.path for item in items])
    return _with_meta(_combine(items[0].path.parent, sided, sequential), recordings)


def _with_meta(pair: Recording, recordings: Sequence[Recording]) -> Recording:
    """What one-sided recordings say of themselves, said of the pair made of them."""
    if not recordings:
        return pair
    known: dict[str, Any] = {"complete": all(recording.complete for recording in recordings)}
    notices = pair.notices
    for name in ("placement", "athlete", "sport", "exercise", "dominant", "mount", "tag", "rpe", "notes"):
        values = [
            getattr(r, name) for r in recordings if getattr(r, name) not in ("", None, Placement.UNKNOWN)
        ]
        if values:
            known[name] = values[0]
        if len(set(values)) > 1 and name not in ("notes", "rpe"):
            text = f"the two recordings differ in {name}: {values[0]} and {values[1]}; the first is taken"
            notices += (Notice("recordings_differ", text),)
    marks: list[tuple[float, float]] = []
    loads: dict[Side, float] = {}
    for recording in recordings:
        for stream in recording.streams():
            placed = pair.stream(stream.side)
            if placed is None:
                continue
            by_s = placed.start_s - stream.start_s
            marks += [(start + by_s, end + by_s) for start, end in recording.marks]
            if recording.load_kg is not None:
                loads[stream.side] = recording.load_kg[0 if stream.side is Side.LEFT else 1]
    if len(loads) == 2:
        known["load_kg"] = (loads[Side.LEFT], loads[Side.RIGHT])
    return dataclasses.replace(pair, **known, marks=tuple(sorted(marks)), notices=notices)


def _load_or_error(path: Path, options: ReadOptions) -> _Source | BadInput:
    try:
        return _load(path, options)
    except BadInput as error:
        return error


def _load(path: Path, options: ReadOptions) -> _Source:
    if _is_folder(path):
        if is_recording(path):
            recording = recover(read_recording(path))
            notices = (*recording.notices, *_ignored(path, options))
            return _Source(recording=dataclasses.replace(recording, notices=notices))
        return _Source(read(_known_file(path, path), options))
    if path.is_file() and zipfile.is_zipfile(path):
        return _Source(read(_known_file(_zip_root(path), path), options))
    return _Source(read(path, options))


def _ignored(path: Path, options: ReadOptions) -> tuple[Notice, ...]:
    """A notice of the options that a recording folder has no use for."""
    flags = {
        "acc_unit": "--acc-unit",
        "gyr_unit": "--gyr-unit",
        "time_unit": "--time-unit",
        "rate_hz": "--rate",
    }
    told = [flag for name, flag in flags.items() if getattr(options, name) is not None]
    if not told:
        return ()
    text = f"{path} says its own units and times; {', '.join(told)} had no use"
    return (Notice("option_ignored", text),)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError as error:
        raise BadInput(f"{path}: no such file or folder; check the path") from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read: {error}") from error


def _zip_root(path: Path) -> zipfile.Path:
    try:
        return zipfile.Path(path)
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise BadInput(f"{path}: the archive is damaged ({error}); copy it again") from error


def _entries(folder: Place) -> list[Place]:
    try:
        return sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise BadInput(f"{folder}: the folder cannot be listed: {error.strerror or error}") from error


def _pair_in(folder: Path) -> tuple[Path, Path] | None:
    """``left`` and ``right`` files or folders in a folder without a sidecar."""
    if not _is_folder(folder) or is_recording(folder):
        return None
    named: dict[str, Path] = {}
    for side in Side:
        found = [e for e in _entries(folder) if isinstance(e, Path) and e.name.split(".")[0].lower() == side]
        if len(found) > 1:
            found = [e for e in found if e.name.lower().endswith((".csv", ".csv.gz"))] or found
        if len(found) > 1:
            raise BadInput(f"{folder}: both {found[0].name} and {found[1].name} are there; keep one")
        if found:
            named[side.value] = found[0]
    if not named:
        return None
    missing = {"left", "right"} - set(named)
    if missing:
        other = missing.pop()
        raise BadInput(
            f"{folder}: {named[Side(other).other.value].name} has no {other} beside it; "
            f"add {other}.csv, or name the file with --side {Side(other).other}"
        )
    return named["left"], named["right"]


def _known_file(folder: Place, shown: Path) -> Place:
    """The file by which a folder or archive of one sensor is read."""
    for entry in _entries(folder):
        if entry.is_file() and not entry.name.startswith("."):
            try:
                known = recognise(read_head(entry))
            except BadInput:
                continue
            if known is not None:
                return entry
    raise BadInput(f"{shown}: no recording.json, no left.csv and right.csv, and no file of a known format")


def _checked(recording: Recording) -> Recording:
    """A recording folder whose sides share too little is refused, unless it ended early."""
    if recording.left is None or recording.right is None or recording.sequential or not recording.complete:
        return recording
    more = _check_overlap(recording.left, recording.right)
    return dataclasses.replace(recording, notices=recording.notices + more)


def _one_side(recording: Recording, wanted: Side | None) -> Recording:
    if wanted is None:
        return recording
    if recording.stream(wanted) is None:
        raise BadInput(f"{recording.path}: has no {wanted} side")
    if wanted is Side.LEFT:
        return dataclasses.replace(recording, right=None)
    return dataclasses.replace(recording, left=None)


def _readings_of(recording: Recording) -> tuple[Reading, ...]:
    """Streams of a recording folder as readings, so that it pairs with another."""
    started = recording.started_at
    wall = None if started is None else WallClock(started.timestamp(), started.tzinfo)
    readings = [Reading(stream, stream.side, wall) for stream in recording.streams()]
    readings[0] = dataclasses.replace(readings[0], notices=recording.notices)
    return tuple(readings)


_SIDE_WORD: Final = re.compile(r"(?<![a-z])(left|right)(?![a-z])", re.IGNORECASE)
_SIDE_LETTER: Final = re.compile(r"^([LR])(?=[A-Z][a-z])|(?:^|[\W_])([LRlr])(?=[\W_]|$)")


def _side_of_name(path: Path) -> Side | None:
    """Side that a file name says, as in ``left_wrist.csv``, ``walk-R.csv`` or ``LFemur_1.csv``."""
    stem = path.name.split(".")[0]
    found = {match[1].lower() for match in _SIDE_WORD.finditer(stem)}
    if not found:
        letters = {(match[1] or match[2]).lower() for match in _SIDE_LETTER.finditer(stem)}
        found = {"left" if letter == "l" else "right" for letter in letters}
    return Side(found.pop()) if len(found) == 1 else None


def _named(path: Path, side: Side) -> Notice:
    return Notice("side_from_name", f"{path.name} is taken as the {side} side, by its name")


def _with_side(reading: Reading, side: Side) -> Reading:
    if reading.stream.side is side:
        return dataclasses.replace(reading, side=side)
    return dataclasses.replace(reading, stream=dataclasses.replace(reading.stream, side=side), side=side)


def _assign(
    readings: Sequence[Reading], said: Sequence[Side | None], paths: Sequence[Path]
) -> tuple[Reading, Reading]:
    """Give two readings a side each: what the user said, else content, else file names, else their order."""
    first, second = readings
    told = [user or reading.side for user, reading in zip(said, readings, strict=True)]
    notices: tuple[Notice, ...] = ()
    if told == [None, None]:
        named = [_side_of_name(path) for path in paths]
        if named == [Side.RIGHT, Side.LEFT]:
            told = [Side.RIGHT, Side.LEFT]
            notices = (_named(paths[0], Side.RIGHT), _named(paths[1], Side.LEFT))
        elif named[0] is not None and named[0] is named[1]:
            text = (
                f"both file names say {named[0]}; {paths[0].name} is taken as left, {paths[1].name} as right"
            )
            notices = (Notice("side_doubtful", text),)
        elif named in ([Side.RIGHT, None], [None, Side.LEFT]):
            text = f"a file name contradicts the order; {paths[0].name} is left, {paths[1].name} is right"
            notices = (Notice("side_doubtful", text),)
    sides = (
        told[0] or (told[1].other if told[1] else Side.LEFT),
        told[1] or (told[0].other if told[0] else Side.RIGHT),
    )
    if sides[0] is sides[1]:
        raise UsageError(f"{paths[0]} and {paths[1]} are both said to be the {sides[0]} side")
    first = dataclasses.replace(first, notices=(*notices, *first.notices))
    pair = [_with_side(r, s) for r, s in zip((first, second), sides, strict=True)]
    pair.sort(key=lambda reading: list(Side).index(reading.stream.side))
    return pair[0], pair[1]


def _combine(
    path: Path, readings: Sequence[Reading], sequential: bool | None, notices: tuple[Notice, ...] = ()
) -> Recording:
    """Put readings on one timeline and make the recording of them."""
    notices += tuple(notice for reading in readings for notice in reading.notices)
    if len(readings) == 1:
        readings = _near_zero(readings)
        return _made(path, readings, Sync(), _started(readings[0], 0.0), False, notices)
    first, second = readings
    if sequential is None and _apart(first, second):
        sequential = True
        notices += (Notice("sequential", "the two sides were recorded one after the other, by their times"),)
    if sequential:
        pair, started = _one_after_the_other(first, second)
        return _made(path, pair, Sync(), started, True, notices)
    pair, sync, started, more = _side_by_side(first, second)
    return _made(
        path, pair, sync, started, False, notices + more + _check_overlap(pair[0].stream, pair[1].stream)
    )


def _made(
    path: Path,
    readings: Sequence[Reading],
    sync: Sync,
    started: dt.datetime | None,
    sequential: bool,
    notices: tuple[Notice, ...],
) -> Recording:
    streams = {reading.stream.side: reading.stream for reading in readings}
    return Recording(
        left=streams.get(Side.LEFT),
        right=streams.get(Side.RIGHT),
        sync=sync,
        started_at=started,
        sequential=sequential,
        notices=tuple(dict.fromkeys(notices)),
        path=path,
    )


def shifted(stream: Stream, by_s: float) -> Stream:
    """The same stream, later by ``by_s`` seconds on the shared timeline."""
    if by_s == 0.0:
        return stream
    emg = stream.emg
    return dataclasses.replace(
        stream,
        emg=None if emg is None else dataclasses.replace(emg, time_s=emg.time_s + by_s),
        time_s=stream.time_s + by_s,
        gaps=tuple((start + by_s, end + by_s) for start, end in stream.gaps),
        clock=tuple(dataclasses.replace(s, offset_s=s.offset_s + by_s) for s in stream.clock),
    )


def _shift(reading: Reading, by_s: float) -> Reading:
    """The reading, later by ``by_s``; its clocks follow, so that they still tell time zero."""
    wall = reading.wall
    return dataclasses.replace(
        reading,
        stream=shifted(reading.stream, by_s),
        wall=None if wall is None else dataclasses.replace(wall, epoch_s=wall.epoch_s - by_s),
        shared_clock_s=None if reading.shared_clock_s is None else reading.shared_clock_s - by_s,
    )


def _near_zero(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Times that count from far away, such as 1970, moved by the same amount to begin at zero."""
    start = min(reading.stream.start_s for reading in readings)
    if abs(start) < _FAR_FROM_ZERO_S:
        return tuple(readings)
    return tuple(_shift(reading, -start) for reading in readings)


def _started(reading: Reading, at_s: float) -> dt.datetime | None:
    """Wall-clock time of ``time_s == at_s``, where the zone is known."""
    wall = reading.wall
    if wall is None or wall.zone is None:
        return None
    try:
        return dt.datetime.fromtimestamp(wall.epoch_s + at_s, wall.zone)
    except (OverflowError, OSError, ValueError) as error:
        text = f"{reading.stream.source}: its wall-clock time {wall.epoch_s:.6g} s is no date"
        raise BadInput(f"{text}; check the file's times") from error


def _wall_start_s(reading: Reading) -> float | None:
    return None if reading.wall is None else reading.wall.epoch_s + reading.stream.start_s


def _same_kind_of_clock(first: Reading, second: Reading) -> bool:
    """Whether two wall clocks can be compared."""
    if first.wall is None or second.wall is None:
        return False
    if (first.wall.zone is None) != (second.wall.zone is None):
        lacking = first if first.wall.zone is None else second
        raise BadInput(f"{lacking.stream.source}: no time zone in the file; say it with --timezone")
    return True


def _apart(first: Reading, second: Reading) -> bool:
    """Whether wall-clock times show that one recording ended before the other began."""
    if not _same_kind_of_clock(first, second):
        return False
    a, b = _wall_start_s(first), _wall_start_s(second)
    assert a is not None and b is not None
    return a + first.stream.duration_s < b or b + second.stream.duration_s < a


def _one_after_the_other(first: Reading, second: Reading) -> tuple[tuple[Reading, ...], dt.datetime | None]:
    """Both on one timeline, the later one a short pause after the earlier one."""
    order = [first, second]
    if _same_kind_of_clock(first, second):
        order.sort(key=lambda reading: _wall_start_s(reading) or 0.0)
    earlier, later = order
    earlier = _shift(earlier, -earlier.stream.start_s)
    later = _shift(later, earlier.stream.end_s + SEQUENTIAL_PAUSE_S - later.stream.start_s)
    pair = sorted((earlier, later), key=lambda reading: list(Side).index(reading.stream.side))
    return tuple(pair), _started(earlier, 0.0)


def _side_by_side(
    first: Reading, second: Reading
) -> tuple[tuple[Reading, ...], Sync, dt.datetime | None, tuple[Notice, ...]]:
    """Both on one timeline: by a clock they share, else by wall clocks, else as the files count."""
    notices: tuple[Notice, ...] = ()
    same_wall = _same_kind_of_clock(first, second)
    later_s = _by_shared_clock(first, second, same_wall)
    if later_s is not None:
        later = _shift(second, later_s)
        errors = (first.shared_clock_error_s, second.shared_clock_error_s)
        bound = max(e for e in errors if e is not None) if None not in errors else None
        pair = _near_zero((first, later))
        return pair, Sync(bound, bound, 0.0, "hardware"), _started(pair[0], 0.0), ()
    if same_wall:
        assert first.wall is not None and second.wall is not None
        if first.shared_clock_s is not None and second.shared_clock_s is not None:
            text = "both files say their sensors are synchronised, but their clocks disagree with their dates"
            notices += (Notice("sync_doubtful", f"{text}, by which they are placed"),)
        later = _shift(second, second.wall.epoch_s - first.wall.epoch_s)
        if first.wall.zone is None:
            text = "clock times without a time zone are taken to be of the same zone; say it with --timezone"
            notices += (Notice("timezone_unknown", text),)
        pair = _near_zero((first, later))
        return pair, Sync(), _started(pair[0], 0.0), notices
    if first.wall is not None or second.wall is not None:
        lacking = first if first.wall is None else second
        raise BadInput(
            f"{lacking.stream.source}: no date, unlike the other file, so the two cannot be put on one "
            "timeline; say --sequential if they were recorded one after the other"
        )
    pair = _near_zero((first, second))
    return pair, Sync(), None, ()


def _by_shared_clock(first: Reading, second: Reading, same_wall: bool) -> float | None:
    """How much later the second time zero is by a clock they share, s; None where they share none.

    The clock wraps, so the wall clocks choose the turn; where they still differ by more than a second, the
    sensors were not synchronised with each other.
    """
    if first.shared_clock_s is None or second.shared_clock_s is None:
        return None
    later_s = second.shared_clock_s - first.shared_clock_s
    if not same_wall:
        return later_s
    assert first.wall is not None and second.wall is not None
    off_s = later_s - (second.wall.epoch_s - first.wall.epoch_s)
    turns = round(off_s / first.shared_clock_wrap_s) if first.shared_clock_wrap_s else 0
    off_s -= turns * (first.shared_clock_wrap_s or 0.0)
    return None if abs(off_s) > _SAME_CLOCK_S else later_s - turns * (first.shared_clock_wrap_s or 0.0)


def _check_overlap(a: Stream, b: Stream) -> tuple[Notice, ...]:
    overlap = min(a.end_s, b.end_s) - max(a.start_s, b.start_s)
    spans = ", ".join(f"{s.source} {s.start_s:.2f} to {s.end_s:.2f} s" for s in (a, b))
    if overlap < MIN_OVERLAP_S:
        raise BadInput(
            f"the two sides share {max(overlap, 0.0):.2f} s of at least {MIN_OVERLAP_S:.0f} s ({spans}); "
            "say --sequential if they were recorded one after the other, or name one with --side"
        )
    if overlap < _UNEQUAL * max(a.duration_s, b.duration_s):
        text = f"the two sides share {overlap:.1f} s only ({spans}); just that is compared"
        return (Notice("unequal_length", text),)
    return ()
