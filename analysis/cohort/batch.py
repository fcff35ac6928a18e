"""Analyse every recording of a cohort, in parts that any backend may compute in any order.

The recordings, sorted by name, are cut into chunks; each chunk becomes one file of the result, and nothing in
it depends on who computed it or when. A part whose key still matches need not be made again.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from pyarrow import ArrowInvalid, parquet

from analysis.cohort import places
from analysis.cohort.places import Found
from analysis.cohort.table import KEY, Person, failed, rows_of, to_parquet
from analysis.settings import Settings
from sensing.errors import SidewiseError, UsageError

CHUNK: Final = 16
"""Recordings a part: small enough that a kill loses seconds, large enough that handing out costs nothing."""

Backend = Callable[[Callable[["Chunk"], bytes], Sequence["Chunk"]], Iterator[tuple["Chunk", bytes]]]
"""(work, chunks) to chunks and their parts, in any order."""


@dataclass(frozen=True)
class Batch:
    """What is analysed and how.

    Attributes
    ----------
    root : str
        Folder, or URL for fsspec.
    settings : Settings
        Of every analysis.
    people : dict of str to Person
        Sex and year of birth by athlete.
    """

    root: str
    settings: Settings = field(default_factory=lambda: Settings(per_set=True))
    people: dict[str, Person] = field(default_factory=dict)


@dataclass(frozen=True)
class Chunk:
    """Recordings that become one part of the result; ``key`` changes with whatever would change the part."""

    number: int
    names: tuple[str, ...]
    key: str

    @property
    def file(self) -> str:
        """Name of the part."""
        return f"part-{self.number:05d}.parquet"


def chunks_of(batch: Batch, found: Sequence[Found], size: int = CHUNK) -> list[Chunk]:
    """Cut the recordings into chunks of ``size``."""
    made = [version("sidewise"), dataclasses.asdict(batch.settings), sorted(batch.people.items())]
    chunks = []
    for number, start in enumerate(range(0, len(found), size)):
        part = found[start : start + size]
        key = hashlib.sha256(repr([made, part]).encode()).hexdigest()
        chunks.append(Chunk(number, tuple(one.name for one in part), key))
    return chunks


def work_of(batch: Batch) -> Callable[[Chunk], bytes]:
    """The function that makes one part; it can be sent to other processes and machines."""
    return partial(make_part, batch)


def make_part(batch: Batch, chunk: Chunk) -> bytes:
    """Analyse one chunk; a recording that fails becomes a row that says why."""
    rows: list[dict[str, Any]] = []
    for name in chunk.names:
        rows += _analyse_one(batch, name)
    return to_parquet(rows, chunk.key)


def failed_part(chunk: Chunk, why: str) -> bytes:
    """The part of a chunk that nobody could compute."""
    return to_parquet([failed(name, why) for name in chunk.names], chunk.key)


def _analyse_one(batch: Batch, name: str) -> list[dict[str, Any]]:
    from analysis.pipeline import analyse
    from sensing.opening import open_recording

    try:
        with places.local_copy(batch.root, name) as folder:
            recording = open_recording(folder)
            person = batch.people.get(recording.athlete, Person())
            settings = dataclasses.replace(batch.settings, sport=person.sport, dominant=person.dominant)
            return rows_of(name, analyse(recording, settings), batch.people)
    except SidewiseError as error:
        return [failed(name, str(error).replace(str(folder), name))]
    except Exception as error:
        # One bad recording among ten thousand must not cost the others.
        return [failed(name, f"unexpected {type(error).__name__}: {error}")]


def left_to_do(output: Path, chunks: Sequence[Chunk], *, resume: bool) -> list[Chunk]:
    """The chunks whose part is not there yet.

    Raises
    ------
    UsageError
        The output exists and ``resume`` was not asked for, or it is something else.
    """
    if output.is_file() or (output.is_dir() and any(p for p in output.iterdir() if not _is_part(p))):
        raise UsageError(f"{output}: is there already and no result of a batch; choose another place")
    parts = {path.name: path for path in output.glob("part-*.parquet")}
    if parts and not resume:
        raise UsageError(
            f"{output}: is there already; add --resume to finish or refresh it, or choose another"
        )
    return [c for c in chunks if c.file not in parts or _key(parts[c.file]) != c.key]


def _is_part(path: Path) -> bool:
    return path.name.startswith((".part-", "part-")) and ".parquet" in path.name


def _key(part: Path) -> str | None:
    try:
        metadata = parquet.read_schema(part).metadata or {}
    except (ArrowInvalid, OSError):
        return None
    key: bytes | None = metadata.get(KEY)
    return None if key is None else key.decode()


def drop_stale(output: Path, chunks: Sequence[Chunk]) -> None:
    """Remove parts that belong to no chunk, and leftovers of a killed run."""
    wanted = {chunk.file for chunk in chunks}
    for path in output.iterdir():
        if _is_part(path) and path.name not in wanted:
            path.unlink()
