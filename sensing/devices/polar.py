"""Polar Verity Sense (accelerometer and gyroscope) and H10 (accelerometer), Polar Measurement Data service.

Both streams come apart, each frame with the time of its *last* sample in nanoseconds since 2000. Frames of
the H10 hold 16-bit samples in mg. Those of the Verity Sense are compressed: a 16-bit reference sample, then
blocks ``[bits][count][differences]`` of signed differences, least significant bit first, each to the sample
before. Counts become units by a FACTOR that the reply to the start command tells; so replies must go through
the decoder as well.

Sources: Polar, Polar Measurement Data (August 2024), and the Polar BLE SDK (parsers and their test vectors).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from sensing.devices import (
    BATTERY_LEVEL,
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
    gyr_of,
    sig,
)
from sensing.devices.decoding import Channel, FrameTimes, NearestJoin, within
from sensing.recording import GRAVITY, FloatArray

SERVICE: Final = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL: Final = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA: Final = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"
COMPANY: Final = 0x006B

START: Final = 0x02
STOP: Final = 0x03
RESPONSE: Final = 0xF0
ACC: Final = 0x02
GYR: Final = 0x05
SDK: Final = 0x09
CHANNELS: Final[Mapping[int, Channel]] = {ACC: "acc", GYR: "gyr"}

RATE, RESOLUTION, RANGE, CHANNEL_COUNT, FACTOR = 0, 1, 2, 4, 5
_SETTING_SIZE: Final = {RATE: 2, RESOLUTION: 2, RANGE: 2, 3: 4, CHANNEL_COUNT: 1, FACTOR: 4, 6: 16}

HEADER: Final = 10
COMPRESSED: Final = 0x80
MILLI_G: Final = GRAVITY / 1000
# A quarter more than the widest ranges; beyond them the factor was none.
_LIMITS: Final[Mapping[Channel, float]] = {"acc": 20 * GRAVITY, "gyr": 2500.0}
# Factor of the Verity Sense's gyroscope at 2000 deg/s.
GYR_FACTOR: Final = float(np.float32(0.07))

_REFUSALS: Final = {
    0x01: "invalid command",
    0x02: "it cannot measure this",
    0x03: "not supported",
    0x04: "invalid length",
    0x05: "invalid parameter",
    0x06: "it is measuring already",
    0x07: "it has no such resolution",
    0x08: "it has no such rate",
    0x09: "it has no such range",
    0x0A: "the MTU is too small",
    0x0B: "wrong number of channels",
    0x0C: "it is in a state that does not allow this",
    0x0D: "it is on its charger: take it off",
    0x0E: "its memory is full",
}


def start_command(kind: int, rate: int, full_scale: int, channels: int | None = 3) -> bytes:
    """Command that starts one stream at 16 bits; ``channels`` None leaves that setting out, for the H10."""
    settings = struct.pack("<BBHBBHBBH", RATE, 1, rate, RESOLUTION, 1, 16, RANGE, 1, full_scale)
    end = b"" if channels is None else bytes((CHANNEL_COUNT, 1, channels))
    return bytes((START, kind)) + settings + end


def acc_factor(full_scale_g: int) -> float:
    """Factor, in g per count, of the Verity Sense's accelerometer at this full scale."""
    return float(np.float32(full_scale_g * 3.05e-5))


def parse_factor(settings: bytes) -> float | None:
    """The FACTOR among the settings of a start reply; None where it is not there or they are malformed."""
    at = 0
    while at + 2 <= len(settings):
        kind, count = settings[at], settings[at + 1]
        end = at + 2 + _SETTING_SIZE.get(kind, len(settings)) * count
        if end > len(settings):
            return None
        if kind == FACTOR and count:
            factor: float = struct.unpack_from("<f", settings, at + 2)[0]
            return factor if np.isfinite(factor) and factor > 0 else None
        at = end
    return None


def decompress(content: bytes) -> npt.NDArray[np.int64] | None:
    """Samples of a compressed frame, (n, 3); None where the blocks do not fill the content exactly."""
    if len(content) < 6:
        return None
    parts = [np.frombuffer(content, "<i2", 3).astype(np.int64).reshape(1, 3)]
    at = 6
    while at < len(content):
        if at + 2 > len(content):
            return None
        bits, count = content[at], content[at + 1]
        size = -(-bits * count * 3 // 8)
        block = content[at + 2 : at + 2 + size]
        if not (1 <= bits <= 32 and count) or len(block) < size:
            return None
        parts.append(_differences(block, bits, count))
        at += 2 + size
    samples: npt.NDArray[np.int64] = np.cumsum(np.concatenate(parts), axis=0)
    # 16-bit samples: a sum beyond them shows that the differences are none.
    return samples if np.abs(2 * samples + 1).max() <= 65535 else None


def _differences(block: bytes, bits: int, count: int) -> npt.NDArray[np.int64]:
    """Signed differences, (count, 3), from their bits."""
    stream = np.unpackbits(np.frombuffer(block, np.uint8), count=bits * count * 3, bitorder="little")
    weights = 1 << np.arange(bits, dtype=np.int64)
    weights[-1] *= -1  # two's complement
    steps: npt.NDArray[np.int64] = (stream.reshape(-1, bits) @ weights).reshape(count, 3)
    return steps


def compress(samples: npt.NDArray[np.integer]) -> bytes:
    """Content of a compressed frame for 16-bit samples, (n, 3); the inverse of `decompress`."""
    values = samples.astype(np.int64)
    content: bytes = values[0].astype("<i2").tobytes()
    steps = np.diff(values, axis=0)
    for first in range(0, len(steps), 255):
        block = steps[first : first + 255]
        bits = max(int(np.where(block < 0, ~block, block).max()).bit_length() + 1, 2)
        stream = ((block.reshape(-1, 1) >> np.arange(bits)) & 1).astype(np.uint8)
        content += bytes((bits, len(block))) + np.packbits(stream, bitorder="little").tobytes()
    return content


class PolarDecoder:
    """Decodes both streams and joins them. See `sensing.devices.Decoder`.

    Parameters
    ----------
    rate_hz : float
        Nominal rate.
    has_gyr : bool
        Whether there is a gyroscope stream to join.
    """

    def __init__(self, rate_hz: float, *, has_gyr: bool) -> None:
        self.counts = Counts()
        self._factor: dict[Channel, float] = {}
        kinds = CHANNELS.items() if has_gyr else ((ACC, CHANNELS[ACC]),)
        self._channels: Final[Mapping[int, Channel]] = dict(kinds)
        self._times = {channel: FrameTimes(rate_hz, "last") for channel in self._channels.values()}
        self._join = NearestJoin(rate_hz) if has_gyr else None

    def feed(self, characteristic: str, payload: bytes) -> tuple[Batch, ...]:
        """Take one frame or reply; give the samples for which both sensors are there."""
        if characteristic == CONTROL and len(payload) >= 4 and payload[0] == RESPONSE:
            self.counts.accepted += 1
            self._learn(payload)
            return ()
        frame = self._frame(payload) if characteristic == DATA else None
        if frame is None:
            self.counts.reject(len(payload))
            return ()
        self.counts.accepted += 1
        channel, times, rows = frame
        if self._join is None:
            self.counts.samples += len(rows)
            return (Batch(rows, None, times),)
        joined = self._join.add(channel, times, rows)
        if joined is None:
            return ()
        self.counts.samples += len(joined[0])
        return (Batch(joined[1], joined[2], joined[0]),)

    def _learn(self, reply: bytes) -> None:
        channel = self._channels.get(reply[2])
        if reply[1] == START and reply[3] == 0 and channel is not None:
            factor = parse_factor(reply[5:])
            if factor is not None:
                self._factor[channel] = factor

    def _frame(self, payload: bytes) -> tuple[Channel, FloatArray, FloatArray] | None:
        channel = self._channels.get(payload[0] & 0x3F) if len(payload) > HEADER else None
        if channel is None:
            return None
        rows = self._rows(channel, payload[9], payload[HEADER:])
        if rows is None:
            return None
        times = self._times[channel](int.from_bytes(payload[1:9], "little") * 1e-9, len(rows))
        return None if times is None else (channel, times, rows)

    def _rows(self, channel: Channel, frame_type: int, content: bytes) -> FloatArray | None:
        if channel == "acc" and frame_type == 1 and len(content) % 6 == 0:
            return np.frombuffer(content, "<i2").reshape(-1, 3) * MILLI_G
        factor = self._factor.get(channel)
        if channel == "acc" and frame_type == COMPRESSED | 1:
            scale: float | None = (1.0 if factor is None else factor) * MILLI_G
        elif frame_type == COMPRESSED and factor is not None:
            scale = factor * GRAVITY if channel == "acc" else factor
        else:
            scale = None  # an unknown type, or counts whose unit was never told
        if scale is None:
            return None
        samples = decompress(content)
        if samples is None:
            return None
        rows = np.asarray(samples * scale, dtype=np.float64)
        return rows if within(rows, _LIMITS[channel]) else None


@dataclass(frozen=True)
class Polar(Family):
    """Driver for Polar sensors. See `sensing.devices.Driver`.

    Samples are stamped by the device when a frame is closed, 0.5 to 1.4 s apart; few frames then sweep the
    phase between frame and connection interval, so that the links may differ by an interval of 30 ms (the
    H10 and Verity Sense ask for less), and by 5 ms of scheduling: 35 ms.

    Attributes
    ----------
    names : tuple of str
        What the advertised name starts with.
    """

    names: tuple[str, ...] = ()

    def matches(self, advert: Advert) -> bool:
        """Whether the name starts as this model's."""
        return advert.name.startswith(self.names)

    def plan(self, rate_hz: float | None = None, *, facts: Mapping[str, bytes] = NO_FACTS) -> Plan:
        """Stop what may be left running, enter SDK mode if the rate needs it, then start each stream."""
        rate = self.checked_rate(rate_hz)
        sdk = self.has_gyr and rate != 52
        kinds = (ACC, GYR) if self.has_gyr else (ACC,)
        acc_g = 16 if sdk else 8
        starts = [start_command(ACC, int(rate), acc_g, 3 if self.has_gyr else None)]
        if self.has_gyr:
            starts.append(start_command(GYR, int(rate), 2000))
        stop: tuple[Step, ...] = tuple(_command(bytes((STOP, kind)), required=False) for kind in kinds)
        leave = (_command(bytes((STOP, SDK)), required=False),) if self.has_gyr else ()
        enter = (_command(bytes((START, SDK))),) if sdk else ()
        return Plan(
            rate_hz=rate,
            prepare=(Subscribe(CONTROL), Subscribe(DATA), *stop, *leave, *enter),
            start=tuple(_command(start) for start in starts),
            stop=(*stop, *(leave if sdk else ())),
            mtu_min=232,
            packet_samples=36,
            acc_range=acc_g * GRAVITY,
            gyr_range=2000.0 if self.has_gyr else None,
            facts=facts,
        )

    def decoder(self, plan: Plan) -> PolarDecoder:
        """A fresh decoder."""
        return PolarDecoder(plan.rate_hz, has_gyr=self.has_gyr)

    def encode(self, plan: Plan, batch: Batch) -> tuple[Packet, ...]:
        """Frames of ``plan.packet_samples``: raw from an H10, compressed from a Verity Sense."""
        self.check_batch(plan, batch)
        assert batch.device_time_s is not None
        if not self.has_gyr:
            acc = np.rint(batch.acc / MILLI_G)
            frames = [(ACC, 0x01, acc)]
        else:
            assert plan.acc_range is not None
            acc = np.rint(batch.acc / (acc_factor(round(plan.acc_range / GRAVITY)) * GRAVITY))
            frames = [(ACC, COMPRESSED, acc), (GYR, COMPRESSED, np.rint(gyr_of(batch) / GYR_FACTOR))]
        size = plan.packet_samples
        packets = []
        for last in range(size - 1, len(batch), size):
            nanos = round(float(batch.device_time_s[last]) * 1e9)
            for kind, frame_type, values in frames:
                rows = np.clip(values[last - size + 1 : last + 1], -32768, 32767).astype("<i2")
                content = compress(rows) if frame_type & COMPRESSED else rows.tobytes()
                head = struct.pack("<BQB", kind, nanos, frame_type)
                packets.append(Packet(DATA, head + content, last))
        return tuple(packets)

    def peripheral(self, name: str | None = None) -> Peripheral:
        """A sensor that measures nothing until told."""
        features = 0b0010_0100 | 1 << 1 if self.has_gyr else 0b0000_0101
        return Peripheral(
            advert=Advert(name or f"{self.names[0]} 1A2B3C4D", companies=frozenset({COMPANY})),
            services=(
                Service(
                    SERVICE,
                    (
                        Characteristic(CONTROL, ("read", "write", "indicate")),
                        Characteristic(DATA, ("notify",)),
                    ),
                ),
                Service(sig(0x180F), (Characteristic(BATTERY_LEVEL, ("read", "notify")),)),
            ),
            state=DeviceState(
                self.default_rate,
                values={BATTERY_LEVEL: b"\x64", CONTROL: bytes((0x0F, features)) + bytes(15)},
            ),
            on_write=self._answer,
        )

    def _answer(self, state: DeviceState, characteristic: str, data: bytes) -> Answer:
        """Obey a command as the device does."""
        if characteristic != CONTROL or len(data) < 2:
            return state, ()
        command, kind = data[:2]
        status, parameters = 0, b""
        if command == STOP:
            state = _with_stream(state, kind, b"\0", has_gyr=self.has_gyr)
        elif command == START and kind == SDK and self.has_gyr:
            state = replace(state, values=state.with_value("sdk", b"\1"))
        elif command != START:
            status = 0x01
        elif kind not in ((ACC, GYR) if self.has_gyr else (ACC,)):
            status = 0x02
        else:
            rate = float(int.from_bytes(data[4:6], "little"))
            if len(data) < 14:
                status = 0x04
            elif rate not in self.rates or (self.has_gyr and rate != 52 and "sdk" not in state.values):
                status = 0x08
            else:
                state = replace(_with_stream(state, kind, b"\1", has_gyr=self.has_gyr), rate_hz=rate)
                if self.has_gyr:
                    full_scale = int.from_bytes(data[12:14], "little")
                    factor = acc_factor(full_scale) if kind == ACC else GYR_FACTOR
                    parameters = bytes((FACTOR, 1)) + struct.pack("<f", factor)
        end = b"\0" + parameters if status == 0 else b""
        return state, (Packet(CONTROL, bytes((RESPONSE, command, kind, status)) + end),)


def _command(data: bytes, *, required: bool = True) -> Write:
    reply = Reply(CONTROL, bytes((RESPONSE, *data[:2])), b"\0", _REFUSALS, required=required)
    return Write(CONTROL, data, reply=reply)


def _with_stream(state: DeviceState, kind: int, on: bytes, *, has_gyr: bool) -> DeviceState:
    values = state.with_value(f"stream:{kind}", on)
    kinds = (ACC, GYR) if has_gyr else (ACC,)
    streaming = all(values.get(f"stream:{each}") == b"\1" for each in kinds)
    return replace(state, values=values, streaming=streaming)


DRIVERS: Final = (
    Polar(
        name="polar-verity",
        title="Polar Verity Sense",
        rates=(26.0, 52.0, 104.0, 208.0),
        default_rate=52.0,
        device_clock=True,
        unseen_latency_s=0.035,
        names=("Polar Sense", "Polar Verity Sense"),
    ),
    Polar(
        name="polar-h10",
        title="Polar H10",
        rates=(25.0, 50.0, 100.0, 200.0),
        default_rate=200.0,
        device_clock=True,
        unseen_latency_s=0.035,
        has_gyr=False,
        names=("Polar H10",),
    ),
)
