"""Recordings in a tree of folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sensing.recording import Side

SIDECAR: Final = "recording.json"
"""Name of the file that says what a recording is."""

_DATA: Final = (".csv", ".csv.gz", ".txt", ".parquet", ".xdf")


def find_recordings(root: Path) -> Iterator[Path]:
    """Every folder at or below ``root`` that is a recording, in order of its name.

    A recording's own folder is not searched further; links to folders are not followed, and folders whose
    name starts with a dot are passed over.
    """
    for folder, names, files in os.walk(root):
        if holds_recording(files):
            yield Path(folder)
            names.clear()
        names[:] = sorted(name for name in names if not name.startswith("."))


def holds_recording(files: Iterable[str]) -> bool:
    """Whether these files of one folder make it a recording: a sidecar, or both a left and a right file."""
    names = {name.lower() for name in files}
    if SIDECAR in names:
        return True
    data = [name for name in names if name.endswith(_DATA)]
    return {side.value for side in Side} <= {name.split(".")[0] for name in data}
