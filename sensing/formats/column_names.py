"""Common names of columns, such as ``Ax (g)`` or ``Timestamp [ms]``, to the names used here."""

from __future__ import annotations

import re
from typing import Final

from sensing.formats.units import is_unit

SENSOR_WORDS: Final = {
    "acc": ("a", "acc", "accel", "acceleration", "accelerometer"),
    "gyr": ("g", "gyr", "gyro", "gyroscope", "angular velocity", "angular rate"),
}
"""Words for each sensor; one of them, beside x, y or z, names a channel."""

TIME_WORDS: Final = ("t", "time", "timestamp", "time stamp", "elapsed", "elapsed time")

_BRACKETS: Final = re.compile(r"(?P<name>.*?)\s*[(\[](?P<unit>[^)\]]*)[)\]]")
_SUFFIX: Final = re.compile(r"(?P<name>.*[^\s_,])[\s_,]+(?P<unit>\S+)")
_BETWEEN: Final = re.compile(r"[\s_.-]+")


def _together(*words: str) -> str:
    return _BETWEEN.sub("", "".join(words)).lower()


_CHANNELS: Final = {
    _together(side, *order): f"{side}_{sensor}_{axis}".removeprefix("_")
    for side in ("", "left", "right")
    for sensor, words in SENSOR_WORDS.items()
    for word in words
    for axis in "xyz"
    for order in ((word, axis), (axis, word))
    if len(word) > 1 or order == (word, axis)
}
_KNOWN: Final = _CHANNELS | {_together(word): "time" for word in TIME_WORDS}


def in_brackets(heading: str) -> tuple[str, str | None]:
    """Name, in small letters, and the unit in the brackets after it, if any."""
    match = _BRACKETS.fullmatch(heading)
    return (match["name"].lower(), match["unit"]) if match else (heading.lower(), None)


def common_name(heading: str) -> tuple[str, str | None] | None:
    """What a column is by a common name for it.

    Parameters
    ----------
    heading : str
        Name of the column; its unit in brackets or at the end, as in ``AccX [m/s^2]`` or ``gyro_x_dps``.

    Returns
    -------
    name : str
        ``time`` or a channel, such as ``acc_x`` or ``left_gyr_z``.
    unit : str or None
        Unit as it stands there.

    None where the name is none of the common ones.
    """
    name, unit = in_brackets(heading)
    suffix = _SUFFIX.fullmatch(name) if unit is None else None
    if suffix and is_unit(suffix["unit"]):
        name, unit = suffix["name"], suffix["unit"]
    known = _KNOWN.get(_together(name))
    return None if known is None else (known, unit)


def names_axes(headings: list[str]) -> bool:
    """Whether columns with common names hold all three axes of an accelerometer."""
    found = {named[0] for heading in headings if (named := common_name(heading))}
    return any(found >= {f"{side}acc_{axis}" for axis in "xyz"} for side in ("", "left_", "right_"))
