"""Everything of an athlete as one folder or one zip file, to hand over or to keep."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from analysis.history.removal import Belongings
from analysis.history.sessions import Session
from sensing.errors import UsageError

SCHEMA: Final = "sidewise.sessions/1"


def take_out(
    owned: Belongings, sessions: Iterable[Session], target: Path, *, recordings: bool = False
) -> Path:
    """Write everything of an athlete.

    Parameters
    ----------
    owned : Belongings
        What there is of them.
    sessions : iterable of Session
        What was made of their recordings; becomes ``sessions.json``.
    target : Path
        A new folder, or a new file ending in ``.zip``. It appears complete or not at all.
    recordings : bool
        Also the recordings themselves, each in a folder under ``recordings``.

    Raises
    ------
    UsageError
        The target exists already, or cannot be written.
    """
    if target.exists():
        raise UsageError(f"{target}: already exists; choose another place")
    body = {"schema": SCHEMA, "athlete": owned.athlete.id, "sessions": [s.to_dict() for s in sessions]}
    try:
        with _appearing(target) as folder:
            if owned.folder.is_dir():
                shutil.copytree(owned.folder, folder, dirs_exist_ok=True, symlinks=True)
            text = json.dumps(body, indent=1, ensure_ascii=False)
            (folder / "sessions.json").write_text(text, encoding="utf-8")
            for number, path in enumerate(owned.recordings if recordings else (), 1):
                shutil.copytree(path, folder / "recordings" / f"{number:04d}_{path.name}", symlinks=True)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror or error})") from error
    return target


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes the target at the end: itself, or packed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as temporary:
        folder = Path(temporary) / "all"
        folder.mkdir()
        yield folder
        if target.suffix.lower() == ".zip":
            _pack(folder, Path(temporary) / "zip").replace(target)
        else:
            folder.rename(target)


def _pack(folder: Path, file: Path) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                packed.write(path, path.relative_to(folder))
    return file
