"""Sensors described by a profile, a TOML file: home-made firmware, development kits, any simple frame.

A profile says how to recognise the sensor (``[match]``), what to write to it (``[[init]]``, ``[[start]]``,
``[[stop]]``, ``[[identify]]``, with ``{rate}`` filled in from ``[rate_codes]``), and how its notifications
are laid out (``[[stream]]``): frames one a notification, or found by sync bytes in a byte stream; checks; a
time stamp; a counter; and fields of up to three axes with type, scale, unit and sign. The shipped ones in
``profiles/`` are examples; `sensing.devices.profile.load_profile` reads one from anywhere.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sensing.devices import (
    NO_FACTS,
    Advert,
    Answer,
    Batch,
    Characteristic,
    Counts,
    DeviceState,
    Family,
    Packet,
    Peripheral,
    Plan,
    Reply,
    Service,
    Step,
    Subscribe,
    Write,
    sig,
)
from sensing.devices.decoding import ByteStream, Channel, FrameTimes, NearestJoin, OrderJoin, Unwrap, within
from sensing.recording import FloatArray, IntArray


@dataclass(frozen=True)
class Command:
    """Bytes to write; ``{rate}`` in ``hex`` stands for the code of the rate."""

    characteristic: str
    hex: str
    response: bool
    delay_s: float
    reply_characteristic: str | None
    reply_hex: bytes | None

    def write(self, rate_code: str) -> Write:
        """The step for one rate."""
        reply = None
        if self.reply_characteristic is not None and self.reply_hex is not None:
            reply = Reply(self.reply_characteristic, self.reply_hex)
        data = bytes.fromhex(self.hex.replace("{rate}", rate_code))
        return Write(self.characteristic, data, self.response, self.delay_s, reply)


@dataclass(frozen=True)
class Counter:
    """An unsigned integer in the frame: a time stamp in steps of ``step`` seconds, or a sequence number."""

    dtype: np.dtype[Any]
    offset: int
    bits: int
    step: float = 1.0
    stamped: Literal["first", "last"] = "first"
    counts_samples: bool = False

    def read(self, frame: bytes) -> int:
        """The raw value."""
        return int(np.frombuffer(frame, self.dtype, 1, self.offset)[0]) & ((1 << self.bits) - 1)

    def write(self, frame: bytearray, value: int) -> None:
        """Put a value, cut to its bits."""
        cut = np.array(value & ((1 << self.bits) - 1), self.dtype)
        frame[self.offset : self.offset + self.dtype.itemsize] = cut.tobytes()

    @property
    def end(self) -> int:
        """The byte after it."""
        return self.offset + self.dtype.itemsize


@dataclass(frozen=True)
class Field:
    """Axes of one sensor, one after the other, all of one type; ``scale`` makes them m/s2 or deg/s."""

    sensor: Channel
    columns: tuple[int, ...]
    signs: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    scale: float

    @property
    def size(self) -> int:
        """Bytes of one sample."""
        return self.dtype.itemsize * len(self.columns)

    @cached_property
    def factors(self) -> FloatArray:
        """Scale and sign of each axis."""
        return self.scale * np.array(self.signs, dtype=np.float64)


@dataclass(frozen=True)
class Layout:
    """What one kind of frame looks like.

    Attributes
    ----------
    characteristic : str
        Where it arrives.
    sync : bytes or None
        Header of frames in a byte stream; None where every notification is one frame.
    length : int or None
        Length of the whole frame in bytes, where it is fixed.
    checks : tuple of (offset, bytes)
        Bytes that must be there.
    count : int or None
        Samples in a frame; None for as many as fit.
    start, stride : int
        Offset of the first sample, and bytes from one to the next.
    planar : bool
        Whether each field holds all its samples before the next field begins.
    """

    characteristic: str
    sync: bytes | None
    length: int | None
    checks: tuple[tuple[int, bytes], ...]
    count: int | None
    start: int
    stride: int
    planar: bool
    fields: tuple[Field, ...]
    time: Counter | None
    seq: Counter | None

    @cached_property
    def sensors(self) -> tuple[Channel, ...]:
        """Sensors whose samples are in it."""
        return tuple(dict.fromkeys(field.sensor for field in self.fields))

    def samples_in(self, size: int) -> int | None:
        """Samples in a frame of ``size`` bytes; None where no frame has this size."""
        if self.length not in (None, size):
            return None
        if self.count is not None:
            return self.count if size >= self.start + self.count * self.stride else None
        n, rest = divmod(size - self.start, self.stride)
        return n if n >= 1 and not rest else None

    def fits(self, frame: bytes) -> bool:
        """Whether the checks hold."""
        return all(frame[at : at + len(data)] == data for at, data in self.checks)

    def view(self, field: Field, frame: bytes | bytearray, n: int) -> npt.NDArray[Any]:
        """The raw values of a field in a frame of ``n`` samples, (n, axes)."""
        item = field.dtype.itemsize
        if self.planar:
            before = self.fields[: self.fields.index(field)]
            offset, stride = self.start + n * sum(each.size for each in before), field.size
        else:
            offset, stride = self.start + field.offset, self.stride
        return np.ndarray((n, len(field.columns)), field.dtype, frame, offset, (stride, item))


Decoded = tuple[dict[Channel, FloatArray], FloatArray | None, IntArray | None]
"""Samples of each sensor in a frame, their times, their counters."""


class _LayoutDecoder:
    """Decodes the frames of one layout, with their times and counters."""

    def __init__(
        self, layout: Layout, rate_hz: float, limits: Mapping[Channel, float], counts: Counts
    ) -> None:
        self.layout = layout
        self.stream = ByteStream((layout.sync,), layout.length or 0, counts) if layout.sync else None
        self._limits = limits
        self._clock = Unwrap(layout.time.bits) if layout.time else None
        self._times = FrameTimes(rate_hz, layout.time.stamped) if layout.time else None
        self._order = Unwrap(layout.seq.bits) if layout.seq else None
        self._next = 0
        self._frame = 0

    def decode(self, frame: bytes) -> Decoded | None:
        """Samples of each sensor, times and counters of one frame; None where a check fails."""
        n = self.layout.samples_in(len(frame))
        if n is None or not self.layout.fits(frame):
            return None
        rows = {sensor: np.zeros((n, 3)) for sensor in self.layout.sensors}
        with np.errstate(invalid="ignore", over="ignore"):  # signalling NaN
            for field in self.layout.fields:
                rows[field.sensor][:, field.columns] = self.layout.view(field, frame, n) * field.factors
        if not all(within(values, self._limits[sensor]) for sensor, values in rows.items()):
            return None
        order = self._order.peek(self.layout.seq.read(frame)) if self._order and self.layout.seq else 0
        if order is None:
            return None
        times = None
        if self._clock and self._times and self.layout.time:
            tick = self._clock.peek(self.layout.time.read(frame))
            times = None if tick is None else self._times(tick * self.layout.time.step, n)
            if tick is None or times is None:
                return None
            self._clock.accept(tick)
        return rows, times, self._count(order, n)

    def _count(self, order: int, n: int) -> IntArray | None:
        """Counters of the samples; a lost frame is taken to be as long as this one."""
        if self._order is None or self.layout.seq is None:
            return None
        self._order.accept(order)
        if self.layout.seq.counts_samples:
            first = order
        elif self._next == 0:
            first = order * n
        else:
            first = self._next + (order - self._frame - 1) * n
        self._next, self._frame = first + n, order
        return first + np.arange(n, dtype=np.int64)


class ProfileDecoder:
    """Decodes the notifications that a profile describes. See `sensing.devices.Decoder`.

    Parameters
    ----------
    layouts : tuple of Layout
        Kinds of frames; where several share a characteristic, the first whose checks hold takes it.
    rate_hz : float
        Nominal rate.
    limits : mapping
        Largest magnitude, per sensor, of a value that can be a measurement.
    """

    def __init__(self, layouts: tuple[Layout, ...], rate_hz: float, limits: Mapping[Channel, float]) -> None:
        self.counts = Counts()
        self._decoders: dict[str, list[_LayoutDecoder]] = {}
        for layout in layouts:
            decoder = _LayoutDecoder(layout, rate_hz, limits, self.counts)
            self._decoders.setdefault(layout.characteristic, []).append(decoder)
        self._nearest: NearestJoin | None = None
        self._order: OrderJoin | None = None
        if len(layouts) > 1:
            if all(layout.time for layout in layouts):
                self._nearest = NearestJoin(rate_hz)
            else:
                self._order = OrderJoin()

    def feed(self, characteristic: str, payload: bytes) -> tuple[Batch, ...]:
        """Take one notification; give the samples that it completes."""
        decoders = self._decoders.get(characteristic, [])
        if len(decoders) == 1 and decoders[0].stream:
            batches = [self._take(decoders, frame) for frame in decoders[0].stream.feed(payload)]
        else:
            batches = [self._take(decoders, payload)]
        whole = tuple(batch for batch in batches if batch is not None)
        self.counts.samples += sum(len(batch) for batch in whole)
        return whole

    def _take(self, decoders: list[_LayoutDecoder], frame: bytes) -> Batch | None:
        for decoder in decoders:
            decoded = decoder.decode(frame)
            if decoded is not None:
                self.counts.accepted += 1
                return self._join(*decoded)
        self.counts.reject(len(frame))
        return None

    def _join(
        self, rows: dict[Channel, FloatArray], times: FloatArray | None, seq: IntArray | None
    ) -> Batch | None:
        if self._nearest is None and self._order is None:
            return Batch(rows["acc"], rows.get("gyr"), times, seq)
        (sensor, values), *_ = rows.items()
        if self._nearest is not None and times is not None:
            timed = self._nearest.add(sensor, times, values)
            return None if timed is None else Batch(timed[1], timed[2], timed[0])
        if self._order is not None:
            paired = self._order.add(sensor, values)
            return None if paired is None else Batch(paired[0], paired[1], seq=paired[2])
        return None


@dataclass(frozen=True)
class Profile(Family):
    """Driver made from a profile. See `sensing.devices.Driver`.

    Attributes
    ----------
    match_name : str or None
        Pattern of the advertised name, with ``*`` and ``?``.
    match_service, match_company : str or int or None
        Advertised service or company number. All that are given must fit.
    service : str
        GATT service of the characteristics.
    init, begin, end, blink : tuple of Command
        What to write before subscribing, to start, to stop, and to make a light blink.
    rate_codes : mapping of float to str
        Hexadecimal text that ``{rate}`` stands for.
    layouts : tuple of Layout
        Kinds of frames.
    mtu_min : int
        Smallest ATT MTU at which frames arrive whole.
    acc_range, gyr_range : float or None
        Full scale in m/s2 and deg/s.
    """

    match_name: str | None = None
    match_service: str | None = None
    match_company: int | None = None
    service: str = ""
    init: tuple[Command, ...] = ()
    begin: tuple[Command, ...] = ()
    end: tuple[Command, ...] = ()
    blink: tuple[Command, ...] = ()
    rate_codes: Mapping[float, str] | None = None
    layouts: tuple[Layout, ...] = ()
    mtu_min: int = 23
    acc_range: float | None = None
    gyr_range: float | None = None

    def matches(self, advert: Advert) -> bool:
        """Whether all that the profile asks for is advertised."""
        tests = []
        if self.match_name is not None:
            tests.append(fnmatch.fnmatchcase(advert.name, self.match_name))
        if self.match_service is not None:
            tests.append(self.match_service in advert.services)
        if self.match_company is not None:
            tests.append(self.match_company in advert.companies)
        return bool(tests) and all(tests)

    def identify(self, facts: Mapping[str, bytes] = NO_FACTS) -> tuple[Step, ...]:
        """The writes that the profile names."""
        return tuple(command.write("") for command in self.blink)

    def plan(self, rate_hz: float | None = None, *, facts: Mapping[str, bytes] = NO_FACTS) -> Plan:
        """Write ``init``, subscribe, write ``start``; without ``start``, subscribing starts the stream."""
        rate = self.checked_rate(rate_hz)
        code = (self.rate_codes or {}).get(rate, "")
        commands = (*self.init, *self.begin, *self.end)
        replies = dict.fromkeys(each.reply_characteristic for each in commands if each.reply_characteristic)
        data = [uuid for uuid in self.characteristics if uuid not in replies]
        listen = tuple(Subscribe(uuid) for uuid in replies)
        init = tuple(command.write(code) for command in self.init)
        begin: tuple[Step, ...] = tuple(command.write(code) for command in self.begin)
        subscribe = tuple(Subscribe(uuid) for uuid in data)
        return Plan(
            rate_hz=rate,
            prepare=(*listen, *init, *(subscribe if begin else ())),
            start=begin or subscribe,
            stop=tuple(command.write(code) for command in self.end),
            mtu_min=self.mtu_min,
            packet_samples=math.lcm(*(self._frame_samples(layout) for layout in self.layouts)),
            acc_range=self.acc_range,
            gyr_range=self.gyr_range,
            facts=facts,
        )

    @property
    def characteristics(self) -> tuple[str, ...]:
        """Characteristics that notify samples."""
        return tuple(dict.fromkeys(layout.characteristic for layout in self.layouts))

    def _frame_samples(self, layout: Layout) -> int:
        """Samples in a frame that `encode` makes."""
        return layout.count or max(1, (self.mtu_min - 3 - layout.start) // layout.stride)

    def decoder(self, plan: Plan) -> ProfileDecoder:
        """A fresh decoder."""
        limits: dict[Channel, float] = {
            "acc": 1.25 * self.acc_range if self.acc_range else 1e6,
            "gyr": 1.25 * self.gyr_range if self.gyr_range else 1e6,
        }
        return ProfileDecoder(self.layouts, plan.rate_hz, limits)

    def encode(self, plan: Plan, batch: Batch) -> tuple[Packet, ...]:
        """Frames of every layout, in the order in which their last samples are taken."""
        self.check_batch(plan, batch)
        packets = []
        for layout in self.layouts:
            n = self._frame_samples(layout)
            for first in range(0, len(batch), n):
                frame = _encode(layout, batch, first, n)
                packets.append(Packet(layout.characteristic, frame, first + n - 1))
        return tuple(sorted(packets, key=lambda packet: packet.last))

    def peripheral(self, name: str | None = None) -> Peripheral:
        """A device that obeys the writes of the profile and no others."""
        notify = {layout.characteristic for layout in self.layouts}
        write: set[str] = set()
        for command in (*self.init, *self.begin, *self.end, *self.blink):
            write.add(command.characteristic)
            if command.reply_characteristic:
                notify.add(command.reply_characteristic)
        uuids = sorted(notify | write)
        properties = {
            uuid: (("notify",) if uuid in notify else ())
            + (("write", "write-without-response") if uuid in write else ())
            for uuid in uuids
        }
        services = [Service(self.service, tuple(Characteristic(uuid, properties[uuid]) for uuid in uuids))]
        values = {}
        if self.battery is not None:
            level = self.battery.characteristic
            services.append(Service(sig(0x180F), (Characteristic(level, ("read",)),)))
            values[level] = b"\x64"
        shown = (self.match_name or self.title).replace("*", "").replace("?", "1")
        return Peripheral(
            advert=Advert(
                name or shown,
                frozenset({self.match_service} if self.match_service else ()),
                frozenset() if self.match_company is None else frozenset({self.match_company}),
            ),
            services=tuple(services),
            state=DeviceState(self.default_rate, values=values),
            on_write=self._answer,
            on_subscribe=lambda state, uuid: state if self.begin else replace(state, streaming=True),
        )

    def _answer(self, state: DeviceState, characteristic: str, data: bytes) -> Answer:
        """Obey the write if the profile has it, at whatever rate."""
        for rate in self.rates:
            code = (self.rate_codes or {}).get(rate, "")
            for kind, commands in (("init", self.init), ("begin", self.begin), ("end", self.end)):
                for k, command in enumerate(commands):
                    write = command.write(code)
                    if (write.characteristic, write.data) != (characteristic, data):
                        continue
                    if "{rate}" in command.hex:
                        state = replace(state, rate_hz=rate)
                    state = self._switched(state, kind, k)
                    reply = write.reply
                    return state, (Packet(reply.characteristic, reply.prefix),) if reply else ()
        return state, ()

    def _switched(self, state: DeviceState, kind: str, k: int) -> DeviceState:
        """The state after the k-th write of a kind: it streams once all of ``start`` came."""
        if kind == "init":
            return state
        seen = {} if kind == "end" else {**state.values, f"begin:{k}": b"\1"}
        kept = {key: value for key, value in state.values.items() if not key.startswith("begin:")}
        streaming = kind == "begin" and all(f"begin:{each}" in seen for each in range(len(self.begin)))
        return replace(state, streaming=streaming, values={**kept, **seen})


def _encode(layout: Layout, batch: Batch, first: int, n: int) -> bytes:
    """One frame with the samples ``first`` to ``first + n``."""
    frame = bytearray(layout.length or layout.start + n * layout.stride)
    for at, data in layout.checks:
        frame[at : at + len(data)] = data
    if layout.time and batch.device_time_s is not None:
        sample = first if layout.time.stamped == "first" else first + n - 1
        layout.time.write(frame, round(float(batch.device_time_s[sample]) / layout.time.step))
    if layout.seq:
        index = first if batch.seq is None else int(batch.seq[first])
        layout.seq.write(frame, index if layout.seq.counts_samples else index // n)
    for field in layout.fields:
        source = batch.acc if field.sensor == "acc" else batch.gyr
        assert source is not None
        values = source[first : first + n, field.columns] / field.factors
        if field.dtype.kind != "f":
            limits = np.iinfo(field.dtype)
            values = np.clip(np.rint(values), limits.min, limits.max)
        layout.view(field, frame, n)[:] = values.astype(field.dtype)
    return bytes(frame)
