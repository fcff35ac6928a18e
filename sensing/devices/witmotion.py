"""WitMotion BLE 5 sensors: WT901BLECL5.0, WT9011DCL-BT50, WT901BLE68.

They send a byte stream of 20-byte frames, ``55 61`` and nine 16-bit integers, that notifications cut
anywhere, without checksum, counter or time. The headers of a frame and of the next one are the only check.

Sources: WitMotion, WT901BLECL 5.0 manual, sections 6 and 7, and the vendor's BWT901BLE5_0 SDK (battery
table). The rate codes are those of the BLE manuals; the vendor's own SDK writes 0B, not 0A, for 200 Hz to
some models, so measure the rate.
"""

from __future__ import annotations

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
    Subscribe,
    Write,
    gyr_of,
)
from sensing.devices.decoding import ByteStream, to_int16
from sensing.recording import GRAVITY

# The base ends in 9a34fb, not in 9b34fb as the SIG's own does.
SERVICE: Final = "0000ffe5-0000-1000-8000-00805f9a34fb"
NOTIFY: Final = "0000ffe4-0000-1000-8000-00805f9a34fb"
WRITE: Final = "0000ffe9-0000-1000-8000-00805f9a34fb"

FRAME: Final = 20
SAMPLES: Final = b"\x55\x61"
REGISTERS: Final = b"\x55\x71"
RATE: Final = 0x03
POWER: Final = 0x64

ACC_SCALE: Final = 16 * GRAVITY / 32768
GYR_SCALE: Final = 2000 / 32768

RATE_CODES: Final[Mapping[float, int]] = {10.0: 0x06, 20.0: 0x07, 50.0: 0x08, 100.0: 0x09, 200.0: 0x0A}
_RATE_OF: Final = {**{code: rate for rate, code in RATE_CODES.items()}, 0x0B: 200.0}

# Volts to percent, from the vendor's SDK (one cell).
_VOLTS: Final = (3.40, 3.50, 3.68, 3.70, 3.73, 3.77, 3.79, 3.82, 3.87, 3.93, 3.96, 3.99)
_LEFT: Final = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 75.0, 90.0, 100.0)

UNLOCK: Final = b"\xff\xaa\x69\x88\xb5"


def set_register(register: int, value: int) -> bytes:
    """Command that sets a register; the device obeys for 10 s after `UNLOCK`."""
    return bytes((0xFF, 0xAA, register, value & 0xFF, value >> 8))


def read_register(register: int) -> bytes:
    """Command that makes the device report a register and the seven after it."""
    return bytes((0xFF, 0xAA, 0x27, register, 0x00))


def battery_percent(payload: bytes) -> float | None:
    """Battery level from a notification that holds the report of the power register (volts x 100)."""
    start = payload.find(REGISTERS + bytes((POWER, 0)))
    if start < 0 or len(payload) < start + 6:
        return None
    volts = int.from_bytes(payload[start + 4 : start + 6], "little") / 100
    return float(np.interp(volts, _VOLTS, _LEFT)) if 2.5 < volts < 5.5 else None


class WitMotionDecoder:
    """Finds the frames in the byte stream. See `sensing.devices.Decoder`."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._stream = ByteStream((SAMPLES, REGISTERS), FRAME, self.counts)

    def feed(self, characteristic: str, payload: bytes) -> tuple[Batch, ...]:
        """Take a piece of the stream; give the samples of the frames that are complete."""
        if characteristic != NOTIFY:
            self.counts.reject(len(payload))
            return ()
        frames = self._stream.feed(payload)
        samples = [frame[2:14] for frame in frames if frame.startswith(SAMPLES)]
        self.counts.accepted += len(frames)
        self.counts.samples += len(samples)
        if not samples:
            return ()
        counts = np.frombuffer(b"".join(samples), dtype="<i2").reshape(-1, 6)
        return (Batch(acc=counts[:, :3] * ACC_SCALE, gyr=counts[:, 3:] * GYR_SCALE),)


@dataclass(frozen=True)
class WitMotion(Family):
    """Driver for WitMotion BLE 5 sensors. See `sensing.devices.Driver`.

    Two such sensors differ in delay by at most one connection interval where 100 Hz locks to an interval of
    30 ms, and by 5 ms of scheduling: 35 ms.
    """

    code_200_hz: int = RATE_CODES[200.0]

    def matches(self, advert: Advert) -> bool:
        """Whether the service is advertised, or the name is the vendor's (WTVB are vibration meters)."""
        named = advert.name.startswith("WT") and not advert.name.startswith("WTVB")
        return named or SERVICE in advert.services

    def plan(self, rate_hz: float | None = None, *, facts: Mapping[str, bytes] = NO_FACTS) -> Plan:
        """Set the rate; subscribing starts the stream, and only disconnecting ends it."""
        rate = self.checked_rate(rate_hz)
        code = self.code_200_hz if rate == 200 else RATE_CODES[rate]
        return Plan(
            rate_hz=rate,
            prepare=(
                Write(WRITE, UNLOCK, response=False, delay_s=0.1),
                Write(WRITE, set_register(RATE, code), response=False, delay_s=0.1),
            ),
            start=(Subscribe(NOTIFY),),
            stop=(),
            acc_range=16 * GRAVITY,
            gyr_range=2000.0,
            facts=facts,
        )

    def decoder(self, plan: Plan) -> WitMotionDecoder:
        """A fresh decoder."""
        return WitMotionDecoder()

    def encode(self, plan: Plan, batch: Batch) -> tuple[Packet, ...]:
        """One frame, with zero angles, a sample; a radio may cut and join them as it likes."""
        self.check_batch(plan, batch)
        counts = np.hstack(
            (
                to_int16(batch.acc, ACC_SCALE),
                to_int16(gyr_of(batch), GYR_SCALE),
                np.zeros((len(batch), 3), "<i2"),
            )
        )
        return tuple(Packet(NOTIFY, SAMPLES + row.tobytes(), k) for k, row in enumerate(counts))

    def peripheral(self, name: str | None = None) -> Peripheral:
        """A sensor that streams at 10 Hz until told otherwise, as from the factory."""
        return Peripheral(
            advert=Advert(name or "WT901BLE68", frozenset({SERVICE})),
            services=(
                Service(
                    SERVICE,
                    (
                        Characteristic(NOTIFY, ("notify",)),
                        Characteristic(WRITE, ("write", "write-without-response")),
                    ),
                ),
            ),
            state=DeviceState(10.0),
            on_write=_answer,
            on_subscribe=lambda state, uuid: replace(state, streaming=state.streaming or uuid == NOTIFY),
        )


def _answer(state: DeviceState, characteristic: str, data: bytes) -> Answer:
    """Obey a command as the device does: it answers register reads and nothing else."""
    if characteristic != WRITE or len(data) != 5 or data[:2] != b"\xff\xaa":
        return state, ()
    register, low = data[2], data[3]
    if data == UNLOCK:
        return replace(state, values=state.with_value("unlocked", b"\x01")), ()
    if register == 0x27:
        volts = (397).to_bytes(2, "little") if low == POWER else b"\0\0"
        return state, (Packet(NOTIFY, REGISTERS + bytes((low, 0)) + volts + bytes(14)),)
    if register == RATE and low in _RATE_OF and "unlocked" in state.values:
        return replace(state, rate_hz=_RATE_OF[low]), ()
    return state, ()


DRIVERS: Final = (
    WitMotion(
        name="witmotion",
        title="WitMotion BLE 5",
        rates=tuple(RATE_CODES),
        default_rate=100.0,
        device_clock=False,
        unseen_latency_s=0.035,
        battery=Battery(NOTIFY, battery_percent, Write(WRITE, read_register(POWER), response=False)),
    ),
)
