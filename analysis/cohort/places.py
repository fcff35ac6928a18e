"""Where a cohort's recordings lie: a folder, or a place that fsspec knows, such as an object store."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensing.errors import BadInput, DeviceUnreachable
from sensing.finding import find_recordings, holds_recording


@dataclass(frozen=True)
class Found:
    """A recording of a cohort: its name below the root, and a digest of its files' names, sizes and times."""

    name: str
    fingerprint: str


def is_remote(root: str) -> bool:
    """Whether a root is a URL that fsspec opens rather than a folder."""
    return "://" in root


def find(root: str) -> list[Found]:
    """Every recording at or below ``root``, in order of its name.

    Raises
    ------
    BadInput
        There is no such folder.
    DeviceUnreachable
        A remote place cannot be reached.
    """
    return sorted(_find_remote(root) if is_remote(root) else _find_local(root), key=lambda found: found.name)


def _find_local(root: str) -> Iterator[Found]:
    top = Path(root)
    if not top.is_dir():
        raise BadInput(f"{root}: no such folder; check the path")
    for folder in find_recordings(top):
        states = [(p.name, p.stat()) for p in sorted(folder.iterdir()) if p.is_file()]
        files = [(name, state.st_size, state.st_mtime_ns) for name, state in states]
        yield Found(folder.relative_to(top).as_posix(), _digest(files))


def _find_remote(root: str) -> Iterator[Found]:
    system, top = _system(root)
    try:
        for folder, _, files in system.walk(top, detail=True):
            if holds_recording(files):
                listed = [(name, str(sorted(files[name].items(), key=str))) for name in sorted(files)]
                yield Found(folder.removeprefix(top).strip("/") or ".", _digest(listed))
    except Exception as error:
        raise DeviceUnreachable(f"{root}: cannot be listed: {error}; check the address and access") from error


def _system(root: str) -> tuple[Any, str]:
    import fsspec

    try:
        system, top = fsspec.core.url_to_fs(root)
    except Exception as error:
        raise BadInput(f"{root}: no such kind of place: {error}") from error
    return system, top.rstrip("/")


def _digest(content: object) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()


@contextmanager
def local_copy(root: str, name: str) -> Iterator[Path]:
    """The recording's folder on this machine; a remote one is copied and removed afterwards."""
    if not is_remote(root):
        yield Path(root) / name
        return
    system, top = _system(root)
    with tempfile.TemporaryDirectory(prefix="sidewise-") as folder:
        copy = Path(folder) / "recording"
        system.get(f"{top}/{name}" if name != "." else top, str(copy), recursive=True)
        yield copy
