"""Surface electromyograms: a column ``emg_uV`` of a plain CSV, or ``left_emg.csv`` beside ``left.csv``.

The file beside has a rate of its own and the header ``time_s,emg_uV``, its times on the timeline of the
motion: in a recording folder the shared one, beside plain files that of the file. ``emg_mV`` and ``emg_V``
state other units; ``emg`` alone is microvolts.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from sensing.errors import BadInput
from sensing.formats.source import Place, folder_of, read_text
from sensing.formats.table import best_separator, read_numbers, split_header
from sensing.recording import Emg, FloatArray
from sensing.retime import estimate_rate

EMG_COLUMN: Final = re.compile(r"emg(?:_(uv|mv|v))?", re.IGNORECASE)
"""Name of the column, with its unit."""

SUFFIX: Final = "_emg.csv"
"""What follows the motion file's name in the name of the file beside it."""

_MICROVOLTS: Final = {None: 1.0, "uv": 1.0, "mv": 1e3, "v": 1e6}


def microvolts(unit: str | None) -> float:
    """Factor from a unit of `EMG_COLUMN` to microvolts."""
    return _MICROVOLTS[None if unit is None else unit.lower()]


def make_emg(time_s: FloatArray, value_uv: FloatArray, name: str) -> Emg | None:
    """An electromyogram of parsed columns; rows that hold no number are missing samples.

    Returns
    -------
    Emg or None
        None where the column is empty.

    Raises
    ------
    BadInput
        Times that do not increase.
    """
    there = np.isfinite(time_s) & np.isfinite(value_uv)
    if there.sum() < 2:
        return None
    time_s, value_uv = time_s[there], value_uv[there]
    if not np.all(np.diff(time_s) > 0):
        row = int(np.flatnonzero(np.diff(time_s) <= 0)[0]) + 1
        text = f"time does not increase from {time_s[row - 1]:.6g} to {time_s[row]:.6g} s"
        raise BadInput(f"{name}: {text} in the electromyogram; export it in order of time")
    return Emg(time_s, value_uv, estimate_rate(time_s), name)


def emg_beside(place: Place) -> Emg | None:
    """The electromyogram of the file beside a motion file, None where there is none.

    Raises
    ------
    BadInput
        The file has no columns ``time_s`` and ``emg_uV``, or holds something else than numbers.
    """
    beside = folder_of(place) / (place.name.split(".")[0] + SUFFIX)
    if not beside.is_file():
        return None
    text = read_text(beside)
    line = (text.first_line(0) or (0, ""))[1]
    names = split_header(line, best_separator(line))
    found = [(i, match[1]) for i, name in enumerate(names) if (match := EMG_COLUMN.fullmatch(name))]
    if "time_s" not in names or len(found) != 1:
        raise BadInput(f"{text.name}, line 1: the columns must be time_s,emg_uV")
    (column, unit), time = found[0], names.index("time_s")
    numbers = read_numbers(
        text,
        first_line=1,
        separator=best_separator(line),
        names=names,
        columns=sorted((time, column)),
        empty_ok=(column,),
    )
    return make_emg(numbers.column(time), numbers.column(column, microvolts(unit)), text.name)


def emg_text(emg: Emg) -> str:
    """The content of the file beside, as `emg_beside` reads it."""
    rows = "".join(f"{t:.6f},{v:.3f}\n" for t, v in zip(emg.time_s, emg.value_uv, strict=True))
    return f"time_s,emg_uV\n{rows}"
