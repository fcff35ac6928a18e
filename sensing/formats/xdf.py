"""XDF, the file of Lab Streaming Layer: streams with labelled channels, read by pyxdf (extra ``xdf``).

Channels are found by labels such as ``acc_x`` or ``Gyro Z``; units stand beside the labels, else flags give
them. All streams of a file share the clock that Lab Streaming Layer keeps.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sensing.errors import BadInput
from sensing.formats import Head, Place, Reading, ReadOptions
from sensing.formats.assemble import Columns, to_stream
from sensing.formats.axes import find_axes
from sensing.formats.source import read_bytes
from sensing.formats.table import scaled
from sensing.formats.units import factor
from sensing.recording import FloatArray, Side

_MAGIC: Final = b"XDF:"
_LABEL: Final = {
    "acc": re.compile(r"(?:.*[ _])?acc(?:el\w*)?[ _.]?(?P<axis>[xyz])", re.IGNORECASE),
    "gyr": re.compile(r"(?:.*[ _])?gyro?(?:scope)?[ _.]?(?P<axis>[xyz])", re.IGNORECASE),
}
_SIDE: Final = re.compile(r"(?<![a-z])(left|right)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Xdf:
    """Lab Streaming Layer recordings."""

    name: str = "xdf"
    title: str = "XDF (Lab Streaming Layer)"

    def recognises(self, head: Head) -> bool:
        """The magic bytes."""
        return head.data.startswith(_MAGIC)

    def read(self, place: Place, options: ReadOptions) -> tuple[Reading, ...]:
        """Read every stream with an accelerometer."""
        try:
            import pyxdf
        except ImportError as error:
            raise BadInput(
                f"{place}: XDF needs an extra package; run: pip install 'sidewise[xdf]'"
            ) from error
        logging.getLogger("pyxdf").setLevel(logging.CRITICAL)
        try:
            # Its de-jittering draws one line through all samples between long pauses, which lost ones bend.
            file = io.BytesIO(read_bytes(place))
            streams, _ = pyxdf.load_xdf(file, dejitter_timestamps=False)
        except BadInput:
            raise
        except Exception as error:  # pyxdf raises whatever a damaged file leads it into
            raise BadInput(f"{place}: damaged XDF file ({error!r}); record or export it again") from error
        readings = [r for stream in streams if (r := _reading(stream, str(place), options)) is not None]
        if not readings:
            raise BadInput(f"{place}: no stream has channels labelled as acceleration x, y and z")
        if len(readings) > 2:
            raise BadInput(
                f"{place}: {len(readings)} streams with acceleration; keep the left and the right one"
            )
        return tuple(readings)


FORMAT = Xdf()


def _first(value: Any, *path: str) -> Any:
    """A field of pyxdf's nested lists of one, None where it is missing."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
        value = value[0] if isinstance(value, list) and value else None
    return value


def _reading(stream: Mapping[str, Any], place: str, options: ReadOptions) -> Reading | None:
    info = stream["info"]
    channels = _first(info, "desc", "channels")
    listed = channels.get("channel", []) if isinstance(channels, Mapping) else []
    labels = [str(_first(channel, "label") or "") for channel in listed]
    found = {kind: axes for kind, label in _LABEL.items() if (axes := find_axes(labels, label)) is not None}
    values = np.asarray(stream["time_series"])
    if "acc" not in found or values.ndim != 2 or values.shape[1] != len(labels):
        return None
    name = f"{place} ({_first(info, 'name') or 'stream'})"
    sensors: dict[str, FloatArray] = {}
    for kind, axes in found.items():
        units = {str(_first(listed[column], "unit") or "") or None for column in axes.columns}
        if len(units) > 1:
            raise BadInput(f"{name}: {kind} channels state different units; correct them")
        flag = options.acc_unit if kind == "acc" else options.gyr_unit
        scale = factor(kind, units.pop(), flag, name)
        sensors[kind] = scaled(values[:, list(axes.columns)].astype(np.float64), scale)
    made, notices = to_stream(
        Columns(np.asarray(stream["time_stamps"], dtype=np.float64), sensors["acc"], sensors.get("gyr")),
        name=name,
        where=lambda row: f"{name}, sample {row + 1}",
        device=str(_first(info, "name") or ""),
    )
    said = _SIDE.search(str(_first(info, "name") or ""))
    return Reading(made, Side(said[1].lower()) if said else None, notices=notices)
