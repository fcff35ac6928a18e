"""Tables too large for memory: kept in a temporary file and read back piece by piece where they are used.

The file has no name that others could open, and goes with the last array that shows it. It lies in the
system's folder for temporary files, or where ``TMPDIR`` says.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np

from sensing.errors import BadInput
from sensing.recording import FloatArray

LARGE: Final = 1 << 27
"""Files of samples from this size on are not kept in memory, bytes."""

ROWS: Final = 1 << 16
"""Rows that are looked at at once."""


def spooled(pieces: Iterable[FloatArray]) -> FloatArray:
    """Successive pieces of a table, each (k, c), as one read-only table in a temporary file.

    Raises
    ------
    BadInput
        There is no room for it.
    """
    rows, columns = 0, 1
    with tempfile.TemporaryFile(prefix="sidewise-") as file:
        for piece in pieces:
            try:
                file.write(np.ascontiguousarray(piece, dtype=np.float64).data)
                file.flush()
            except OSError as error:
                where = f"{tempfile.gettempdir()}: no room for a long recording"
                reason = error.strerror or error
                raise BadInput(f"{where} ({reason}); set TMPDIR to a folder on a larger disk") from error
            rows, columns = rows + len(piece), piece.shape[1]
        return np.asarray(np.memmap(file, dtype=np.float64, mode="r", shape=(rows, columns)))


def is_spooled(values: np.ndarray) -> bool:
    """Whether an array shows a temporary file."""
    return _mapped(values) is not None


def stretches(values: FloatArray) -> Iterator[FloatArray]:
    """A table piece by piece; what was read of its file is let go again."""
    for _, piece in placed_stretches(values):
        yield piece


def placed_stretches(values: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
    """As `stretches`, each piece with the rows that it has in the table."""
    for start in range(0, len(values), ROWS):
        rows = slice(start, min(start + ROWS, len(values)))
        yield rows, values[rows]
        let_go(values)


def every(values: FloatArray, step: int) -> FloatArray:
    """Every so many rows, from the first one on."""
    # A slice with such a step would bring in every page of the file all the same, and all at once.
    return np.concatenate([v[-rows.start % step :: step].copy() for rows, v in placed_stretches(values)])


def rebuilt(values: FloatArray, change: Callable[[FloatArray, slice], FloatArray]) -> FloatArray:
    """A table changed piece by piece, kept where the first one is.

    Parameters
    ----------
    values : (n, c) float array
        The table.
    change : callable
        From a piece, and the rows that it has in the table, to the new piece.
    """
    if not is_spooled(values):
        return change(values, slice(0, len(values)))
    return spooled(change(piece, rows) for rows, piece in placed_stretches(values))


def let_go(*arrays: np.ndarray | None) -> None:
    """Give back the memory that was used to read from temporary files; the arrays stay as they are."""
    for array in arrays:
        mapped = None if array is None else _mapped(array)
        if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)


def _mapped(values: object) -> mmap.mmap | None:
    while isinstance(values, np.ndarray):
        values = values.base
    return values if isinstance(values, mmap.mmap) else None
