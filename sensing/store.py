"""A recording folder on disk: crash-safe writer and sidecar ``recording.json``; `sensing.stored` reads it.

A folder holds ``recording.json`` (schema ``sidewise.recording/1``) and ``left.csv``, ``right.csv`` or both,
raw, one row per sample in the order of arrival. The sidecar is replaced atomically; the rows are appended
and never rewritten. A folder left behind by a crash opens: it says ``"complete": false`` and its last line
may be cut.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import errno
import json
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

import numpy as np
import numpy.typing as npt

from sensing.clock import apply_clock, clock_axis
from sensing.errors import BadInput, RecordingIncomplete, UsageError
from sensing.files import is_device_name, write_atomically
from sensing.finding import SIDECAR as SIDECAR
from sensing.formats import native_csv
from sensing.formats.emg import SUFFIX, emg_text
from sensing.recording import (
    CHANNELS,
    ClockSegment,
    FloatArray,
    Interval,
    Placement,
    Recording,
    Side,
    Stream,
    Sync,
)

SCHEMA: Final = "sidewise.recording/1"

_MAX_SIDECAR_BYTES: Final = 1 << 24
_MAX_NUMBER: Final = 1e12
_BLANK: Final[dict[str, Any]] = {
    "athlete": "",
    "sport": "",
    "exercise": "",
    "placement": Placement.UNKNOWN.value,
    "dominant": None,
    "started_at": None,
    "mount": "",
    "tag": "",
    "load_kg": None,
    "rpe": None,
    "sequential": False,
    "notes": "",
    "sync": dataclasses.asdict(Sync()),
}


def safe_name(text: str) -> str:
    """A file or folder name that every file system takes.

    Letters, digits, ``-``, ``_`` and inner dots stay, accents go, anything else becomes one ``-``; at most 80
    characters; ``recording`` where nothing is left.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", plain)[:80].strip("-.")
    return f"_{name}" if is_device_name(name) else name or "recording"


def folder_name(started_at: dt.datetime, label: str) -> str:
    """Name of a new recording folder, as in ``2026-11-21T17-42-05_squat``."""
    return f"{started_at:%Y-%m-%dT%H-%M-%S}_{safe_name(label)}"


def is_recording(folder: Path) -> bool:
    """Whether a folder has a sidecar."""
    return (folder / SIDECAR).is_file()


def check_free(folder: Path) -> None:
    """Check that there is nothing at a place yet, or an empty folder.

    Raises
    ------
    UsageError
        There is something, or it cannot be looked at.
    """
    with _writable(folder):
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if taken:
        raise UsageError(f"{folder}: already exists and is not empty; choose another folder")


def make_folder(folder: Path) -> None:
    """Make the folder of a new recording, if it is not there.

    Raises
    ------
    UsageError
        It is taken, or cannot be made or written to.
    """
    check_free(folder)
    with _writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written to ({error.strerror or error}); choose another folder"
        ) from error


class RecordingWriter:
    """Writes a recording while it is made, so that a crash loses no more than the last line.

    Parameters
    ----------
    folder : Path
        New or empty folder.
    meta : mapping, optional
        Fields of the sidecar: ``athlete``, ``sport``, ``exercise``, ``placement``, ``dominant``,
        ``started_at`` (wall-clock time of ``host_time_s == 0``, with a time zone), ``mount``, ``tag``,
        ``load_kg``, ``rpe``, ``notes``, ``sync``; others are kept as they are.

    Raises
    ------
    UsageError
        The folder exists and is not empty, or cannot be made.
    RecordingIncomplete
        The disk is full or fails; what was written stays.
    """

    def __init__(self, folder: str | Path, meta: Mapping[str, Any] | None = None) -> None:
        self.folder = Path(folder)
        self._meta: dict[str, Any] = {**_BLANK, **(meta or {})}
        self._sides: dict[Side, dict[str, Any]] = {}
        self._files: dict[Side, TextIO] = {}
        self._columns: dict[Side, int] = {}
        self._rows: dict[Side, int] = {}
        self._marks: list[Interval] = []
        self._closed = False
        make_folder(self.folder)
        with _saving(self.folder):
            self._write_sidecar(complete=False)

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(complete=kind is None)

    def samples(self, side: Side) -> int:
        """Rows written for one side."""
        return self._rows.get(Side(side), 0)

    def append(
        self,
        side: Side,
        *,
        host_time_s: npt.ArrayLike,
        acc: npt.ArrayLike,
        gyr: npt.ArrayLike | None = None,
        device_time_s: npt.ArrayLike | None = None,
        seq: npt.ArrayLike | None = None,
        quat: npt.ArrayLike | None = None,
    ) -> None:
        """Append samples and hand them to the operating system.

        Parameters
        ----------
        side : Side
            Side they belong to. The first batch fixes whether there are ``gyr`` and ``quat`` columns.
        host_time_s : (n,) array
            Arrival times since the start of the recording, s.
        acc, gyr : (n, 3) array
            m/s2 and deg/s.
        device_time_s, seq : (n,) array, optional
            Unwrapped device time, s, and unwrapped sample counter.
        quat : (n, 4) array, optional
            Orientation, w x y z.

        Raises
        ------
        BadInput
            Arrays of different lengths or other columns than before.
        RecordingIncomplete
            The disk is full or fails.
        """
        side = Side(side)
        host = np.atleast_1d(np.asarray(host_time_s, dtype=np.float64))
        n = len(host)
        blocks = [np.asarray(acc, dtype=np.float64).reshape(n, 3)]
        names = [*native_csv.RAW_HEADER, *CHANNELS[:3]]
        if gyr is not None:
            blocks.append(np.asarray(gyr, dtype=np.float64).reshape(n, 3))
            names += CHANNELS[3:]
        if quat is not None:
            blocks.append(np.asarray(quat, dtype=np.float64).reshape(n, 4))
            names += native_csv.QUATERNION
        with _saving(self.folder):
            file = self._files.get(side)
            if file is None:
                file = self._files[side] = (self.folder / f"{side}.csv").open(
                    "x", encoding="ascii", newline="\n"
                )
                file.write(",".join(names) + "\n")
                self._columns[side] = len(names)
                self._rows[side] = 0
            if len(names) != self._columns[side]:
                raise BadInput(f"{side}: {len(names)} columns where {self._columns[side]} were begun with")
            file.write(_rows_text(host, device_time_s, seq, blocks))
            file.flush()
        self._rows[side] += n

    def mark(self, start_s: float, end_s: float) -> None:
        """Note a set that the user marked, in recording time."""
        self._marks.append((float(start_s), float(end_s)))
        self.update()

    def segment(self, side: Side) -> None:
        """Note that what follows on one side comes over a new connection."""
        info = self._sides.setdefault(Side(side), {})
        starts = info.setdefault("segments", [0])
        row = self.samples(side)
        if row > starts[-1]:
            starts.append(row)
        self.update()

    def update(self, **meta: Any) -> None:
        """Change fields of the sidecar and write it."""
        self._meta.update(meta)
        with _saving(self.folder):
            self._write_sidecar(complete=False)

    def update_side(self, side: Side, **info: Any) -> None:
        """Change what the sidecar says of one side, and write it.

        Parameters
        ----------
        side : Side
            The side.
        **info
            ``device``, ``rate_hz``, ``nominal_hz``, ``acc_range``, ``gyr_range``, ``acc_has_gravity``,
            ``clock`` (sequence of `ClockSegment`, rows as in the file), ``gaps``, ``lost``; others are kept.
        """
        self._sides.setdefault(Side(side), {}).update(info)
        self.update()

    def flush(self) -> None:
        """Force everything written so far onto the disk."""
        with _saving(self.folder):
            for file in self._files.values():
                file.flush()
                os.fsync(file.fileno())

    def close(self, *, complete: bool = True) -> None:
        """Finish the recording; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        with _saving(self.folder):
            try:
                for file in self._files.values():
                    file.flush()
                    os.fsync(file.fileno())
            finally:
                for file in self._files.values():
                    file.close()
            self._write_sidecar(complete=complete)

    def _write_sidecar(self, *, complete: bool) -> None:
        sides = {
            side.value: {"acc_unit": "m/s2", "gyr_unit": "deg/s", "samples": self._rows.get(side, 0)}
            | self._sides.get(side, {})
            for side in Side
            if side in self._sides or side in self._files
        }
        text = {"schema": SCHEMA, "complete": complete, **self._meta, "marks": self._marks, **sides}
        write_atomically(self.folder / SIDECAR, json.dumps(_plain(text), indent=1, allow_nan=False) + "\n")


def _rows_text(
    host: FloatArray, device_time_s: npt.ArrayLike | None, seq: npt.ArrayLike | None, blocks: list[FloatArray]
) -> str:
    """Rows of one batch.

    At most 15 significant digits, channels at most 12 decimals: pandas' fast parser reads those exactly (a
    53-bit integer divided by an exact power of ten), and no sensor gives more.
    """
    n = len(host)
    data: list[FloatArray] = [host[:, None]]
    formats = ["%.15g"]
    for column, name, text in ((device_time_s, "device_time_s", "%.15g"), (seq, "seq", "%d")):
        formats.append("" if column is None else text)
        if column is not None:
            values = np.asarray(column, dtype=np.float64)
            if values.shape != (n,):
                raise BadInput(f"{name} has shape {values.shape}, expected {(n,)}")
            data.append(values[:, None])
    table = np.hstack([*data, *(np.round(block, 12) for block in blocks)])
    row = ",".join(formats + ["%.15g"] * sum(block.shape[1] for block in blocks)) + "\n"
    return (row * n) % tuple(table.ravel().tolist())


@contextmanager
def _saving(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise RecordingIncomplete(f"{folder}: cannot write ({reason}); what had arrived is kept") from error


def _plain(value: Any) -> Any:
    """Values as JSON knows them; NaN and infinity become null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(dataclasses.asdict(value))
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def write_recording(
    folder: str | Path,
    recording: Recording,
    extra: Mapping[str, bytes | str] | None = None,
    *,
    overwrite: bool = False,
) -> Path:
    """Write a whole recording; the folder appears complete or not at all.

    Parameters
    ----------
    folder : str or Path
        Folder to make.
    recording : Recording
        What to write. Times and samples are kept to 15 significant digits, all else reads back exactly.
    extra : mapping of file name to content, optional
        Files to put beside it, such as a simulator's truth.
    overwrite : bool
        Replace an older recording there. A folder that holds something else is never replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        The folder exists already or cannot be written, or an extra name is not a plain file name.
    """
    folder = Path(folder)
    names = {SIDECAR, *(f"{side}{end}" for side in Side for end in (".csv", SUFFIX))}
    for name in extra or ():
        if Path(name).name != name or name in names:
            raise UsageError(f"{name!r}: not a name for a file beside a recording")
    taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if taken and not (overwrite and is_recording(folder)):
        raise UsageError(f"{folder}: already exists; choose another folder")
    with _writable(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        try:
            _write_all(temporary, recording)
        except RecordingIncomplete as error:
            # Nothing arrived here that would be lost: the whole of it is taken away again.
            with _writable(folder):
                raise error.__cause__ or error from None
        with _writable(folder):
            for name, content in (extra or {}).items():
                (temporary / name).write_bytes(content.encode() if isinstance(content, str) else content)
            temporary.chmod(0o755)
            old = temporary.with_name(f"{temporary.name}.old")
            if folder.exists():
                folder.rename(old)
            temporary.rename(folder)
            shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return folder


def _write_all(folder: Path, recording: Recording) -> None:
    meta: dict[str, Any] = {name: getattr(recording, name) for name in _BLANK}
    meta["notices"] = [dataclasses.asdict(notice) for notice in recording.notices]
    with RecordingWriter(folder, meta) as writer:
        for stream in recording.streams():
            host, device, seq, clock, nominal_hz = _raw_times(stream)
            for start in range(0, len(stream), 8192):
                rows = slice(start, start + 8192)
                writer.append(
                    stream.side,
                    host_time_s=host[rows],
                    acc=stream.acc[rows],
                    gyr=None if stream.gyr is None else stream.gyr[rows],
                    device_time_s=None if device is None else device[rows],
                    seq=None if seq is None else seq[rows],
                    quat=None if stream.quat is None else stream.quat[rows],
                )
            writer.update_side(
                stream.side,
                device=stream.device,
                rate_hz=stream.rate_hz,
                nominal_hz=nominal_hz,
                acc_range=stream.acc_range,
                gyr_range=stream.gyr_range,
                acc_has_gravity=stream.acc_has_gravity,
                clock=clock,
                segments=[segment.start for segment in clock],
                gaps=stream.gaps,
                lost=stream.lost,
                source=stream.source,
                **({"address": stream.address} if stream.address else {}),
            )
            if stream.emg is not None:
                (folder / f"{stream.side}{SUFFIX}").write_text(emg_text(stream.emg), encoding="utf-8")
        for start_s, end_s in recording.marks:
            writer.mark(start_s, end_s)
        writer.close(complete=recording.complete)


def _raw_times(
    stream: Stream,
) -> tuple[
    FloatArray, FloatArray | None, npt.NDArray[np.int64] | None, tuple[ClockSegment, ...], float | None
]:
    """Columns and clock from which ``time_s`` reads back: the stream's own, where they give it."""
    if stream.clock and stream.host_time_s is not None:
        for nominal_hz in (None, stream.rate_hz):
            axis = clock_axis(
                len(stream), device_time_s=stream.device_time_s, seq=stream.seq, rate_hz=nominal_hz
            )
            if stream.clock[-1].stop == len(stream) and np.array_equal(
                apply_clock(axis, stream.clock), stream.time_s
            ):
                return stream.host_time_s, stream.device_time_s, stream.seq, stream.clock, nominal_hz
    identity = ClockSegment(0, len(stream), 0.0, 1.0, 0.0)
    return stream.time_s, stream.time_s, stream.seq, (identity,), None
