"""The index of analysed recordings: a SQLite file that spares analysing them again, and may be lost.

Recordings on disk are the truth. A row holds what `analysis` made of one, and a fingerprint of what it was
made from; the file can be deleted at any time and is then made again, to the same answers.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from os import scandir
from pathlib import Path
from typing import Any, Final

from analysis.history.athlete import Athlete, readable_athletes
from analysis.history.sessions import Session, in_order, session_from_dict, session_of
from analysis.results import Metric
from analysis.settings import Settings
from sensing.errors import BadInput, SidewiseError, UsageError
from sensing.finding import SIDECAR, find_recordings

SCHEMA_VERSION: Final = 1
BUSY_S: Final = 60.0
"""How long to wait for another process that writes."""

_PARTS: Final = ("recording", "left", "right")
_CORRUPT: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_TABLE: Final = (
    "CREATE TABLE recordings (path TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, named TEXT NOT NULL,"
    " session TEXT, problem TEXT)",
    "CREATE INDEX by_name ON recordings (named)",
)

Progress = Callable[[int, int], None]
"""(recordings analysed, recordings to analyse)."""


@dataclass(frozen=True)
class History:
    """What is known of one athlete: sessions in order of time, and lines worth saying."""

    sessions: tuple[Session, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Row:
    fingerprint: str
    named: str
    session: str | None = None
    problem: str | None = None


def index_path(home: Path) -> Path:
    """Where the index of a user's folder lies."""
    return home / "index.sqlite"


def history(home: Path, athlete: Athlete, progress: Progress | None = None) -> History:
    """Every session of an athlete; new and changed recordings are analysed first.

    Parameters
    ----------
    home : Path
        The user's folder.
    athlete : Athlete
        Whose recordings are looked for, in their folders. A recording that names nobody is theirs if no
        other athlete has its folder.
    progress : callable, optional
        Called after each analysis.

    Raises
    ------
    UsageError
        The index cannot be written.

    Notes
    -----
    Any number of processes may do this at once. A corrupted index is set aside and made again.
    """
    notes: list[str] = []
    try:
        return _history(home, athlete, progress, notes)
    except sqlite3.DatabaseError as error:
        if not _is_corrupt(error):
            raise _unusable(home, error) from error
        notes = [_set_aside(home)]
    try:
        return _history(home, athlete, progress, notes)
    except sqlite3.DatabaseError as error:
        raise _unusable(home, error) from error


def read_folder(
    folder: Path,
    athlete_id: str | None = None,
    progress: Progress | None = None,
    *,
    settings: Settings | None = None,
) -> History:
    """Every session in a folder, without an index.

    Parameters
    ----------
    folder : Path
        Searched with all its subfolders.
    athlete_id : str, optional
        Only recordings of this athlete, or of nobody named.
    progress : callable, optional
        Called after each analysis.
    settings : Settings, optional
        How they are analysed, as `Athlete.settings` has it.

    Raises
    ------
    UsageError
        There are recordings of several athletes, and it is not said whose to take.
    BadInput
        The folder is not there.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; check the path")
    named = {path: _named(path) for path in find_recordings(folder)}
    people = sorted(set(named.values()) - {""})
    if athlete_id is None and len(people) > 1:
        raise UsageError(f"{folder} holds recordings of {', '.join(people)}; say whose, before --folder")
    chosen = [path for path, name in named.items() if athlete_id is None or name in ("", athlete_id)]
    sessions, notes = [], []
    for done, path in enumerate(chosen, 1):
        try:
            sessions.append(_analyse(path, settings or Settings()))
        except SidewiseError as error:
            notes.append(f"left out: {error}")
        if progress:
            progress(done, len(chosen))
    return History(in_order(sessions), tuple(notes))


def forget(home: Path, athlete_id: str) -> None:
    """Remove what the index knows of an athlete, from the file too, and indexes that were set aside."""
    if index_path(home).exists():
        try:
            with _open(home) as base:
                base.execute("DELETE FROM recordings WHERE named = ?", (athlete_id,))
                base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.DatabaseError as error:
            if not _is_corrupt(error):
                raise _unusable(home, error) from error
            _set_aside(home)
    for aside in home.glob(f"{index_path(home).name}.damaged-*"):
        aside.unlink()


def theirs(athlete: Athlete) -> Iterator[tuple[Path, str]]:
    """Recordings in an athlete's folders, each once, with the athlete they name (empty: nobody)."""
    for path in _found(athlete):
        yield path, _named(path)


def _history(home: Path, athlete: Athlete, progress: Progress | None, notes: list[str]) -> History:
    missing = [folder for folder in athlete.folders if not folder.is_dir()]
    notes += [f"{folder}: not there now; what was known of it is used" for folder in missing]
    settings = athlete.settings
    mark = fingerprints(settings)
    found = {str(path): mark(path) for path in _found(athlete)}
    shared = _shared_folders(home, athlete)
    with _open(home) as base:
        known = dict(_rows(base, "named IN (?, '')", athlete.id))
        for path, fingerprint in found.items():
            row = known.get(path) or dict(_rows(base, "path = ?", path)).get(path)
            if row is None or row.fingerprint != fingerprint:
                row = _Row(fingerprint, _named(Path(path)))
                _put(base, path, row)
            # Another process may have written it since ``known`` was read.
            known[path] = row
        _drop_vanished(base, known, found, athlete, missing)
        known = {path: row for path, row in known.items() if _is_theirs(row, path, athlete, shared)}
        sessions = {path: session for path, row in known.items() if (session := _session(row)) is not None}
        todo = [path for path, row in known.items() if path not in sessions and row.problem is None]
        for done, path in enumerate(todo, 1):
            try:
                sessions[path] = _analyse(Path(path), settings)
                text = json.dumps(sessions[path].to_dict(), ensure_ascii=False)
                known[path] = replace(known[path], session=text)
            except SidewiseError as error:
                known[path] = replace(known[path], problem=str(error))
            _put(base, path, known[path])
            if progress:
                progress(done, len(todo))
    notes += [f"left out: {row.problem}" for row in known.values() if row.problem]
    return History(in_order(sessions.values()), tuple(notes))


def _drop_vanished(
    base: sqlite3.Connection,
    known: dict[str, _Row],
    found: Container[str],
    athlete: Athlete,
    missing: Sequence[Path],
) -> None:
    """Take out what is no longer in the athlete's folders; a folder that is not there now proves nothing."""
    for path in [path for path in known if path not in found]:
        if any(Path(path).is_relative_to(folder) for folder in missing):
            continue
        if known.pop(path).named == athlete.id or not Path(path).exists():
            base.execute("DELETE FROM recordings WHERE path = ?", (path,))


def _found(athlete: Athlete) -> list[Path]:
    return list(dict.fromkeys(path for folder in athlete.folders for path in find_recordings(folder)))


def _shared_folders(home: Path, athlete: Athlete) -> list[Path]:
    people, _ = readable_athletes(home)
    return [folder for other in people if other.id != athlete.id for folder in other.folders]


def _is_theirs(row: _Row, path: str, athlete: Athlete, shared: Iterable[Path]) -> bool:
    if row.named:
        return row.named == athlete.id
    return not any(Path(path).is_relative_to(folder) for folder in shared)


def fingerprints(settings: Settings) -> Callable[[Path], str]:
    """A function that tells what a session depends on: its files by size and time, software and settings."""
    made = [version("sidewise"), list(Metric.__dataclass_fields__), asdict(settings)]

    def fingerprint(recording: Path) -> str:
        with scandir(recording) as entries:
            files = sorted(
                (entry.name, entry.stat().st_size, entry.stat().st_mtime_ns)
                for entry in entries
                if entry.name.lower().startswith(_PARTS)
            )
        return hashlib.sha256(json.dumps([made, files], default=str).encode()).hexdigest()

    return fingerprint


def _named(recording: Path) -> str:
    """The athlete a recording names, or nothing."""
    try:
        meta = json.loads((recording / SIDECAR).read_bytes())
        return str(meta.get("athlete") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def _analyse(recording: Path, settings: Settings) -> Session:
    from analysis.pipeline import analyse
    from sensing.opening import open_recording

    return session_of(analyse(open_recording(recording), settings))


def _session(row: _Row) -> Session | None:
    """The session a row holds, or None where it holds none that can be read."""
    try:
        return None if row.session is None else session_from_dict(json.loads(row.session))
    except (KeyError, TypeError, ValueError):
        return None


@contextmanager
def _open(home: Path) -> Iterator[sqlite3.Connection]:
    """A connection that commits every statement by itself, and waits where another process writes."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{home}: cannot be made ({error.strerror}); name another with --home DIR"
        ) from error
    with closing(sqlite3.connect(index_path(home), timeout=BUSY_S, isolation_level=None)) as base:
        base.execute("PRAGMA secure_delete = ON")
        if base.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            base.execute("PRAGMA journal_mode = WAL")
        if _schema_version(base) != SCHEMA_VERSION:
            base.execute("BEGIN IMMEDIATE")
            if _schema_version(base) != SCHEMA_VERSION:  # another process may have been first
                base.execute("DROP TABLE IF EXISTS recordings")
                for statement in _TABLE:
                    base.execute(statement)
                base.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            base.execute("COMMIT")
        yield base


def _schema_version(base: sqlite3.Connection) -> int:
    return int(base.execute("PRAGMA user_version").fetchone()[0])


def _rows(base: sqlite3.Connection, where: str, value: str) -> Iterator[tuple[str, _Row]]:
    query = f"SELECT path, fingerprint, named, session, problem FROM recordings WHERE {where}"
    for path, *values in base.execute(query, (value,)):
        yield path, _Row(*values)


def _put(base: sqlite3.Connection, path: str, row: _Row) -> None:
    values: tuple[Any, ...] = (path, row.fingerprint, row.named, row.session, row.problem)
    base.execute("INSERT OR REPLACE INTO recordings VALUES (?, ?, ?, ?, ?)", values)


def _is_corrupt(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _CORRUPT


def _set_aside(home: Path) -> str:
    """Move a damaged index and its journal out of the way; says what was done."""
    path = index_path(home)
    if _is_whole(path):
        return "the index was damaged; another process has set it aside"
    aside = path.with_name(f"{path.name}.damaged-{dt.datetime.now():%Y%m%dT%H%M%S%f}")
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    return f"the index was damaged; it is set aside as {aside} and made again"


def _is_whole(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_S)) as base:
            return bool(base.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


def _unusable(home: Path, error: sqlite3.Error) -> UsageError:
    return UsageError(f"{index_path(home)}: the index cannot be used ({error}); choose another --home")
