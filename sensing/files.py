"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Final

from sensing.errors import UsageError

_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def is_device_name(name: str) -> bool:
    """Whether Windows takes a name for a device's, so that no file may have it."""
    return _DEVICES.fullmatch(name) is not None


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write or replace a file so that a crash leaves the old or the new one, never a part.

    Parameters
    ----------
    path : Path
        The file; its folder is made where it is missing.
    content : bytes or str
        Text is written as UTF-8.

    Raises
    ------
    OSError
        It cannot be written; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(content if isinstance(content, bytes) else content.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_file(path: Path, content: bytes | str) -> None:
    """Write a file whose place the user chose, as `write_atomically` does.

    Raises
    ------
    UsageError
        It cannot be written there.
    """
    try:
        write_atomically(path, content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"{path}: cannot be written: {reason}; choose another place") from error


def _sync_folder(folder: Path) -> None:
    """Make a rename durable, where the platform lets a folder be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
