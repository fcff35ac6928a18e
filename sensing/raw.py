"""Raw packets on disk: ``packets.raw`` in a recording folder, and the way back through the decoders.

The file is ``SWRAW``, two zero bytes and the version 1, and then frames, appended and flushed like the
samples: side (0 left, 1 right), arrival in ns since the recording's zero (int64), index of the
characteristic, length (uint16, all little-endian) and the payload. Index 255 begins a connection: its
payload is JSON with the driver, rate and facts that make the decoder; or it names the characteristic of the
next index. A frame cut short by a crash is left out.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from sensing.devices import Batch, Decoder, driver
from sensing.errors import BadInput, UsageError
from sensing.recording import FloatArray, IntArray, Side
from sensing.stored import read_sidecar

FILE: Final = "packets.raw"
_MAGIC: Final = b"SWRAW\0\0\1"
_FRAME: Final = struct.Struct("<BqBH")
_CONNECTION: Final = 255
_SIDES: Final = tuple(Side)


class RawWriter:
    """Appends packets.

    Parameters
    ----------
    folder : Path
        Recording folder.
    """

    def __init__(self, folder: Path) -> None:
        self._file: BinaryIO = (folder / FILE).open("xb")
        self._file.write(_MAGIC)
        self._indices: dict[Side, dict[str, int]] = {side: {} for side in Side}

    def connection(self, side: Side, time_ns: int, info: Mapping[str, Any]) -> None:
        """Note a new connection: ``driver``, ``rate_hz`` and ``facts`` (hexadecimal)."""
        self._indices[side] = {}
        self._frame(side, time_ns, _CONNECTION, json.dumps(dict(info)).encode())

    def packets(self, side: Side, packets: tuple[tuple[int, str, bytes], ...]) -> None:
        """Append packets: arrival in ns, characteristic, payload."""
        known = self._indices[side]
        for time_ns, characteristic, payload in packets:
            if characteristic not in known:
                known[characteristic] = len(known)
                self._frame(side, time_ns, _CONNECTION, json.dumps({"uuid": characteristic}).encode())
            self._frame(side, time_ns, known[characteristic], payload)

    def _frame(self, side: Side, time_ns: int, index: int, payload: bytes) -> None:
        self._file.write(_FRAME.pack(_SIDES.index(side), time_ns, index, len(payload)) + payload)

    def flush(self) -> None:
        """Hand everything to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(frozen=True, eq=False)
class Replayed:
    """Samples of one side, decoded again.

    Attributes
    ----------
    host_time_s : (n,) float array
        Arrival, s.
    acc : (n, 3) float array
        m/s2.
    gyr : (n, 3) float array or None
        deg/s.
    device_time_s : (n,) float array or None
        Unwrapped device time, s.
    seq : (n,) int array or None
        Unwrapped counter.
    segments : tuple of int
        First sample of each connection.
    rejected : int
        Notifications, or stretches of bytes, that failed their checks.
    """

    host_time_s: FloatArray
    acc: FloatArray
    gyr: FloatArray | None
    device_time_s: FloatArray | None
    seq: IntArray | None
    segments: tuple[int, ...]
    rejected: int


def replay_raw(folder: str | Path) -> dict[Side, Replayed]:
    """Send the raw packets of a recording through the decoders again.

    Parameters
    ----------
    folder : str or Path
        Recording folder with ``packets.raw``.

    Returns
    -------
    dict of Side to Replayed
        Pauses are left out, as in the recording.

    Raises
    ------
    BadInput
        There is no such file, it is damaged, or its driver is not there any more.
    """
    path = Path(folder) / FILE
    pauses = [tuple(pause) for pause in read_sidecar(Path(folder)).get("pauses") or ()]
    sides: dict[Side, _Decoding] = {}
    for side, time_ns, new, payload in _frames(path):
        decoding = sides.setdefault(side, _Decoding())
        if isinstance(new, dict):
            decoding.connect(new, f"{path}, {side}")
        else:
            at_s = time_ns / 1e9
            skip = any(start <= at_s < end for start, end in pauses)
            decoding.feed(at_s, new, payload, skip=skip)
    return {side: decoding.result() for side, decoding in sides.items()}


class _Decoding:
    """One side on its way through its decoders."""

    def __init__(self) -> None:
        self._decoders: list[Decoder] = []
        self._batches: list[Batch] = []
        self._host: list[float] = []
        self._starts: list[int] = []
        self._n = 0

    def connect(self, info: Mapping[str, Any], where: str) -> None:
        try:
            chosen = driver(info["driver"])
            facts = {uuid: bytes.fromhex(value) for uuid, value in info["facts"].items()}
            self._decoders.append(chosen.decoder(chosen.plan(info["rate_hz"], facts=facts)))
        except (UsageError, KeyError, ValueError, AttributeError, TypeError) as error:
            raise BadInput(f"{where}: its decoder cannot be made ({error})") from error
        self._starts.append(self._n)

    def feed(self, at_s: float, characteristic: str, payload: bytes, *, skip: bool) -> None:
        if not self._decoders:
            return
        for batch in self._decoders[-1].feed(characteristic, payload):
            if not skip:
                self._batches.append(batch)
                self._host += [at_s] * len(batch)
                self._n += len(batch)

    def result(self) -> Replayed:
        def column(name: str) -> Any:
            values = [getattr(batch, name) for batch in self._batches]
            return np.concatenate(values) if values and all(v is not None for v in values) else None

        acc = column("acc")
        return Replayed(
            np.array(self._host),
            np.empty((0, 3)) if acc is None else acc,
            column("gyr"),
            column("device_time_s"),
            column("seq"),
            tuple(sorted({0, *(start for start in self._starts if start < self._n)})),
            sum(decoder.counts.rejected for decoder in self._decoders),
        )


def _frames(path: Path) -> Iterator[tuple[Side, int, str | dict[str, Any], bytes]]:
    """Side, time, and what a new connection is or the characteristic and payload of a packet."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be read ({error.strerror}); record with --raw to keep packets"
        ) from error
    if not data.startswith(_MAGIC):
        raise BadInput(f"{path}: not a file of raw packets")
    at = len(_MAGIC)
    known: dict[Side, list[str]] = {side: [] for side in Side}
    while at + _FRAME.size <= len(data):
        number, time_ns, index, length = _FRAME.unpack_from(data, at)
        payload = data[at + _FRAME.size : at + _FRAME.size + length]
        if len(payload) < length:
            return
        if number >= len(_SIDES) or (index != _CONNECTION and index >= len(known[_SIDES[number]])):
            raise BadInput(f"{path}, byte {at}: no packet starts here; the file is damaged")
        side = _SIDES[number]
        at += _FRAME.size + length
        if index != _CONNECTION:
            yield side, time_ns, known[side][index], payload
            continue
        try:
            info = json.loads(payload)
        except ValueError as error:
            raise BadInput(f"{path}, byte {at}: no JSON ({error}); the file is damaged") from error
        if "uuid" in info:
            known[side].append(str(info["uuid"]))
        else:
            known[side] = []
            yield side, time_ns, info, b""
