"""Xsens DOT and Movella DOT: one sample a packet with a microsecond clock, payload mode 21 "rate quantities".

The payload is a 32-bit time in microseconds, which wraps every 71.58 min, and six 32-bit floats:
acceleration in m/s2 and angular velocity in deg/s. The rest of the notification is padding.

Hardware synchronisation puts several sensors on one clock: write `sync_start` to every sensor's
`SYNC_CONTROL`, disconnect all, wait `SYNC_WAIT_S`, connect again, and read each one's `SYNC_ACK` through
`sync_result`. The rate must be set before, because a synchronised sensor does not change it.

Source: Xsens, Xsens DOT BLE Services Specifications, revision for firmware 2.0.0.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sensing.devices import (
    NO_FACTS,
    Advert,
    Answer,
    Batch,
    Battery,
    Characteristic,
    Counts,
    DeviceState,
    Family,
    Packet,
    Peripheral,
    Plan,
    Service,
    Step,
    Subscribe,
    Write,
    gyr_of,
    percent,
)
from sensing.devices.decoding import Unwrap, within
from sensing.recording import GRAVITY


def dot_uuid(number: int) -> str:
    """The UUID of one of the vendor's services or characteristics."""
    return f"1517{number:04x}-4947-11e9-8646-d663bd873d93"


COMPANY: Final = 0x0886
DEVICE_CONTROL: Final = dot_uuid(0x1002)
CONTROL: Final = dot_uuid(0x2001)
MEDIUM: Final = dot_uuid(0x2003)
BATTERY: Final = dot_uuid(0x3001)
SYNC_CONTROL: Final = dot_uuid(0x7001)
SYNC_ACK: Final = dot_uuid(0x7002)
SYNC_STATUS: Final = dot_uuid(0x7003)

RATE_QUANTITIES: Final = 21
PAYLOAD: Final = struct.Struct("<I6f")
PADDED: Final = 40
START: Final = bytes((1, 1, RATE_QUANTITIES))
STOP: Final = bytes((1, 0, RATE_QUANTITIES))

ACC_RANGE: Final = 16 * GRAVITY
GYR_RANGE: Final = 2000.0
# Calibration scales the converter's full range a little.
_HEADROOM: Final = 1.25

SYNC_WAIT_S: Final = 14.0
_SYNC: Final = 0x02
_RESULTS: Final = {
    0x00: "synchronised",
    0x05: "too few samples from the root sensor",
    0x07: "the clocks differ too much",
    0x08: "start-timing error",
    0x09: "synchronisation was not started",
}


def message(identifier: int, data: bytes) -> bytes:
    """A message of the DOT's message service: identifier, length, data, and the byte that makes the sum 0."""
    body = bytes((identifier, len(data))) + data
    return body + bytes((-sum(body) & 0xFF,))


def parse_message(payload: bytes) -> tuple[int, bytes] | None:
    """Identifier and data of a message, padding ignored; None where length or checksum is wrong."""
    if len(payload) < 3 or len(payload) < payload[1] + 3:
        return None
    body = payload[: payload[1] + 3]
    return (body[0], body[2:-1]) if sum(body) & 0xFF == 0 else None


def sync_start(root_address: str) -> bytes:
    """Message that starts synchronisation to the sensor with this address (``AA:BB:CC:DD:EE:FF``).

    Raises
    ------
    ValueError
        If the address is no Bluetooth address.
    """
    if not re.fullmatch(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", root_address):
        raise ValueError(f"{root_address!r} is no Bluetooth address")
    return message(_SYNC, b"\x01" + bytes.fromhex(root_address.replace(":", ""))[::-1])


SYNC_STOP: Final = message(_SYNC, b"\x02")
SYNC_QUERY: Final = message(_SYNC, b"\x08")


@dataclass(frozen=True)
class SyncResult:
    """Outcome of a synchronisation, as one sensor reports it."""

    ok: bool
    meaning: str


def sync_result(payload: bytes) -> SyncResult | None:
    """Outcome from the value of `SYNC_ACK`, read right after reconnecting; None where it is none."""
    parsed = parse_message(payload)
    if parsed is None or parsed[0] != _SYNC or len(parsed[1]) < 2 or parsed[1][0] != 0x03:
        return None
    code = parsed[1][1]
    return SyncResult(code == 0, _RESULTS.get(code, f"unknown result 0x{code:02X}"))


def is_synchronised(payload: bytes) -> bool | None:
    """Whether a `SYNC_STATUS` notification, the answer to `SYNC_QUERY`, says so; None where it is none."""
    parsed = parse_message(payload)
    if parsed is None or parsed[0] != _SYNC or len(parsed[1]) != 2 or parsed[1][0] != 0x51:
        return None
    return {0x04: True, 0x09: False}.get(parsed[1][1])


def device_control(facts: Mapping[str, bytes], function: int, patches: Mapping[int, bytes]) -> bytes:
    """Value of the 32-byte device control: as read, with the bit of one function and its bytes changed."""
    value = bytearray(facts.get(DEVICE_CONTROL, b"").ljust(32, b"\0")[:32])
    value[0] = function
    for offset, data in patches.items():
        value[offset : offset + len(data)] = data
    return bytes(value)


class DotDecoder:
    """Decodes payload mode 21. See `sensing.devices.Decoder`."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._clock = Unwrap(32)

    def feed(self, characteristic: str, payload: bytes) -> tuple[Batch, ...]:
        """Take one packet; give its sample."""
        if characteristic == MEDIUM and PAYLOAD.size <= len(payload) <= PADDED:
            micros, *values = PAYLOAD.unpack_from(payload)
            time = self._clock.peek(micros)
            row = np.array(values).reshape(1, 6)
            acc, gyr = row[:, :3], row[:, 3:]
            if time is not None and within(acc, _HEADROOM * ACC_RANGE) and within(gyr, _HEADROOM * GYR_RANGE):
                self._clock.accept(time)
                self.counts.accepted += 1
                self.counts.samples += 1
                return (Batch(acc, gyr, np.array([time * 1e-6])),)
        elif characteristic in (SYNC_STATUS, BATTERY):
            self.counts.accepted += 1
            return ()
        self.counts.reject(len(payload))
        return ()


@dataclass(frozen=True)
class Dot(Family):
    """Driver for Xsens and Movella DOT. See `sensing.devices.Driver`.

    Samples are stamped when taken and sent one by one; two links then differ by at most the part of a 15 ms
    connection interval that the stamps never sweep, and by 5 ms of scheduling: 20 ms.
    """

    def matches(self, advert: Advert) -> bool:
        """Whether the name is the vendor's, or the company number is."""
        return bool(re.match(r"(Xsens|Movella) DOT", advert.name)) or COMPANY in advert.companies

    def identify(self, facts: Mapping[str, bytes] = NO_FACTS) -> tuple[Step, ...]:
        """Blink red for ten seconds."""
        return (Write(DEVICE_CONTROL, device_control(facts, 0x01, {1: b"\x01"})),)

    def plan(self, rate_hz: float | None = None, *, facts: Mapping[str, bytes] = NO_FACTS) -> Plan:
        """Stop what a lost link may have left running, set the rate, subscribe, then start mode 21."""
        rate = self.checked_rate(rate_hz)
        set_rate = device_control(facts, 0x10, {24: int(rate).to_bytes(2, "little")})
        return Plan(
            rate_hz=rate,
            prepare=(Write(CONTROL, STOP), Write(DEVICE_CONTROL, set_rate, delay_s=0.1), Subscribe(MEDIUM)),
            start=(Write(CONTROL, START),),
            stop=(Write(CONTROL, STOP),),
            mtu_min=PADDED + 3,
            acc_range=ACC_RANGE,
            gyr_range=GYR_RANGE,
            facts=facts,
        )

    def decoder(self, plan: Plan) -> DotDecoder:
        """A fresh decoder."""
        return DotDecoder()

    def encode(self, plan: Plan, batch: Batch) -> tuple[Packet, ...]:
        """One padded packet a sample."""
        self.check_batch(plan, batch)
        assert batch.device_time_s is not None
        micros = np.rint(batch.device_time_s * 1e6).astype(np.int64) & 0xFFFFFFFF
        rows = np.hstack((batch.acc, gyr_of(batch)))
        return tuple(
            Packet(MEDIUM, PAYLOAD.pack(time, *row).ljust(PADDED, b"\0"), k)
            for k, (time, row) in enumerate(zip(micros.tolist(), rows.tolist(), strict=True))
        )

    def peripheral(self, name: str | None = None) -> Peripheral:
        """A sensor set to 60 Hz, battery full."""
        control = device_control({}, 0, {7: b"\x09Xsens DOT", 24: (60).to_bytes(2, "little")})
        return Peripheral(
            advert=Advert(name or "Movella DOT", companies=frozenset({COMPANY})),
            services=(
                Service(dot_uuid(0x1000), (Characteristic(DEVICE_CONTROL, ("read", "write")),)),
                Service(
                    dot_uuid(0x2000),
                    (Characteristic(CONTROL, ("read", "write")), Characteristic(MEDIUM, ("notify",))),
                ),
                Service(dot_uuid(0x3000), (Characteristic(BATTERY, ("read", "notify")),)),
                Service(
                    dot_uuid(0x7000),
                    (
                        Characteristic(SYNC_CONTROL, ("write",)),
                        Characteristic(SYNC_ACK, ("read",)),
                        Characteristic(SYNC_STATUS, ("notify",)),
                    ),
                ),
            ),
            state=DeviceState(
                60.0,
                values={DEVICE_CONTROL: control, CONTROL: STOP, BATTERY: b"\x64\x00", SYNC_ACK: bytes(160)},
            ),
            on_write=_answer,
        )


def _answer(state: DeviceState, characteristic: str, data: bytes) -> Answer:
    """Obey a command as the device does."""
    if characteristic == CONTROL and len(data) == 3 and data[0] == 1 and data[1] in (0, 1):
        started = replace(state, streaming=data[1] == 1 and data[2] == RATE_QUANTITIES)
        return replace(started, values=state.with_value(CONTROL, data)), ()
    if characteristic == DEVICE_CONTROL and len(data) == 32 and data[0] & 0x10 and not state.streaming:
        rate = int.from_bytes(data[24:26], "little")
        stored = state.values[DEVICE_CONTROL][:24] + data[24:26] + state.values[DEVICE_CONTROL][26:]
        return replace(state, rate_hz=float(rate), values=state.with_value(DEVICE_CONTROL, stored)), ()
    if characteristic == SYNC_CONTROL:
        return _answer_sync(state, data)
    return state, ()


def _answer_sync(state: DeviceState, data: bytes) -> Answer:
    """Synchronise at once: a virtual sensor has nothing to wait for."""
    parsed = parse_message(data)
    if parsed is None or parsed[0] != _SYNC or not parsed[1]:
        return state, ()
    synced = state.values.get("synchronised") == b"\x01"
    if parsed[1][0] == 0x01:
        ack = message(_SYNC, b"\x03\x00").ljust(160, b"\0")
        values = {**state.values, SYNC_ACK: ack, "synchronised": b"\x01"}
        return replace(state, values=values), ()
    if parsed[1][0] == 0x02:
        reply = message(_SYNC, b"\x50\x00" if synced else b"\x50\x01")
        return replace(state, values=state.with_value("synchronised", b"\x00")), (Packet(SYNC_STATUS, reply),)
    if parsed[1][0] == 0x08:
        return state, (Packet(SYNC_STATUS, message(_SYNC, b"\x51\x04" if synced else b"\x51\x09")),)
    return state, ()


DRIVERS: Final = (
    Dot(
        name="dot",
        title="Xsens/Movella DOT",
        rates=(1.0, 4.0, 10.0, 12.0, 15.0, 20.0, 30.0, 60.0),
        default_rate=60.0,
        device_clock=True,
        unseen_latency_s=0.020,
        probe=(DEVICE_CONTROL,),
        battery=Battery(BATTERY, percent),
    ),
)
