"""MbientLab MetaMotion S (BMI270) and R (BMI160), packed data.

Every notification is ``[module, register]`` and three samples of three 16-bit integers, accelerometer and
gyroscope apart, without time or counter: `OrderJoin` pairs them. Which board it is, the standard model
number says.

Source: MbientLab, MetaWear C++ SDK (registers, scales and test vectors).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sensing.devices import (
    BATTERY_LEVEL,
    MODEL_NUMBER,
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
    Service,
    Step,
    Subscribe,
    Write,
    gyr_of,
    sig,
)
from sensing.devices.decoding import Channel, OrderJoin, to_int16
from sensing.errors import UsageError
from sensing.recording import GRAVITY

SERVICE: Final = "326a9000-85cb-9195-d9dd-464cfbbae75a"
WRITE: Final = "326a9001-85cb-9195-d9dd-464cfbbae75a"
NOTIFY: Final = "326a9006-85cb-9195-d9dd-464cfbbae75a"

LED: Final = 0x02
ACC: Final = 0x03
GYR: Final = 0x13
START_STOP: Final = 0x01
ENABLE: Final = 0x02
CONFIG: Final = 0x03
PER_PACKET: Final = 3

RATE_CODES: Final[Mapping[float, int]] = {25.0: 6, 50.0: 7, 100.0: 8, 200.0: 9}
GYR_LSB: Final[Mapping[int, float]] = {2000: 16.4, 1000: 32.8, 500: 65.6, 250: 131.2, 125: 262.4}


@dataclass(frozen=True)
class Board:
    """What differs between the two boards."""

    model: str
    name: str
    acc_filter: int  # high bits of the accelerometer's rate byte
    acc_ranges: tuple[int, int, int, int]  # codes for 2, 4, 8 and 16 g
    acc_packed: int
    gyr_packed: int


S: Final = Board("8", "MetaMotion S", 0xA0, (0, 1, 2, 3), 0x05, 0x05)
R: Final = Board("5", "MetaMotion R", 0x20, (0x03, 0x05, 0x08, 0x0C), 0x1C, 0x07)
BOARDS: Final[Mapping[str, Board]] = {board.model: board for board in (S, R)}

_ACC_G: Final = (2, 4, 8, 16)
# Ten red blinks of 50 ms, two a second.
_BLINK: Final = bytes.fromhex("02030102 1f00 0000 3200 0000 f401 0000 0a")
_PLAY: Final = bytes((LED, 0x01, 0x01))


def board_of(facts: Mapping[str, bytes]) -> Board:
    """The board that the model number names.

    Raises
    ------
    UsageError
        If it was not read, or names another board.
    """
    model = facts.get(MODEL_NUMBER, b"").rstrip(b"\0").decode("ascii", "replace")
    if model not in BOARDS:
        known = ", ".join(f"{each.model} ({each.name})" for each in BOARDS.values())
        raise UsageError(f"model number {model!r} is no supported MetaMotion; supported are {known}")
    return BOARDS[model]


class MetaMotionDecoder:
    """Decodes packed data and joins the two streams. See `sensing.devices.Decoder`.

    Parameters
    ----------
    board : Board
        Which board it is.
    acc_g, gyr_dps : int
        Full scale of both sensors.
    """

    def __init__(self, board: Board, acc_g: int, gyr_dps: int) -> None:
        self.counts = Counts()
        self._heads: Final[Mapping[bytes, tuple[Channel, float]]] = {
            bytes((ACC, board.acc_packed)): ("acc", acc_scale(acc_g)),
            bytes((GYR, board.gyr_packed)): ("gyr", 1 / GYR_LSB[gyr_dps]),
        }
        self._join = OrderJoin()

    def feed(self, characteristic: str, payload: bytes) -> tuple[Batch, ...]:
        """Take one packet of either sensor; give the samples of the pair that it completes."""
        head = self._heads.get(payload[:2])
        if characteristic != NOTIFY or head is None or len(payload) != 2 + 6 * PER_PACKET:
            self.counts.reject(len(payload))
            return ()
        self.counts.accepted += 1
        channel, scale = head
        pair = self._join.add(channel, np.frombuffer(payload, "<i2", offset=2).reshape(-1, 3) * scale)
        if pair is None:
            return ()
        acc, gyr, seq = pair
        self.counts.samples += len(acc)
        return (Batch(acc, gyr, seq=seq),)


def acc_scale(acc_g: int) -> float:
    """Metres per second squared per count, at a full scale of ``acc_g``."""
    return acc_g * GRAVITY / 32768


@dataclass(frozen=True)
class MetaMotion(Family):
    """Driver for MetaMotion S and R. See `sensing.devices.Driver`.

    Without a device clock, arrival counts: two links differ by at most a connection interval of 30 ms while
    packets of 30 ms (100 Hz) stay locked to it, and by 5 ms of scheduling: 35 ms.

    Attributes
    ----------
    acc_g, gyr_dps : int
        Full scale to configure: 2, 4, 8 or 16 g, and 125 to 2000 deg/s.
    """

    acc_g: int = 16
    gyr_dps: int = 2000

    def matches(self, advert: Advert) -> bool:
        """Whether the service is advertised, or the name is the vendor's."""
        return SERVICE in advert.services or advert.name in ("MetaWear", "MetaMotion")

    def identify(self, facts: Mapping[str, bytes] = NO_FACTS) -> tuple[Step, ...]:
        """Blink red for five seconds."""
        return (Write(WRITE, _BLINK, response=False), Write(WRITE, _PLAY, response=False))

    def plan(self, rate_hz: float | None = None, *, facts: Mapping[str, bytes] = NO_FACTS) -> Plan:
        """Configure both sensors, subscribe to packed data, then start both."""
        rate, board = self.checked_rate(rate_hz), board_of(facts)
        odr = RATE_CODES[rate]
        acc_range = board.acc_ranges[_ACC_G.index(self.acc_g)]
        gyr_range = list(GYR_LSB).index(self.gyr_dps)
        stop = _writes(
            (ACC, START_STOP, 0), (GYR, START_STOP, 0), (ACC, ENABLE, 0, 1), (GYR, ENABLE, 0, 1)
        )  # fmt: skip
        return Plan(
            rate_hz=rate,
            prepare=(
                *stop,
                *_writes(
                    (ACC, CONFIG, board.acc_filter | odr, acc_range),
                    (GYR, CONFIG, 0x20 | odr, gyr_range),
                    (ACC, board.acc_packed, 1),
                    (GYR, board.gyr_packed, 1),
                    (ACC, ENABLE, 1, 0),
                    (GYR, ENABLE, 1, 0),
                ),
                Subscribe(NOTIFY),
            ),
            start=_writes((ACC, START_STOP, 1), (GYR, START_STOP, 1)),
            stop=stop,
            packet_samples=PER_PACKET,
            acc_range=self.acc_g * GRAVITY,
            gyr_range=float(self.gyr_dps),
            facts=facts,
        )

    def decoder(self, plan: Plan) -> MetaMotionDecoder:
        """A fresh decoder."""
        return MetaMotionDecoder(board_of(plan.facts), self.acc_g, self.gyr_dps)

    def encode(self, plan: Plan, batch: Batch) -> tuple[Packet, ...]:
        """Two packets for every three samples, accelerometer first."""
        self.check_batch(plan, batch)
        board = board_of(plan.facts)
        acc = to_int16(batch.acc, acc_scale(self.acc_g))
        gyr = to_int16(gyr_of(batch), 1 / GYR_LSB[self.gyr_dps])
        packets = []
        for first in range(0, len(batch), PER_PACKET):
            rows, last = slice(first, first + PER_PACKET), first + PER_PACKET - 1
            packets.append(Packet(NOTIFY, bytes((ACC, board.acc_packed)) + acc[rows].tobytes(), last))
            packets.append(Packet(NOTIFY, bytes((GYR, board.gyr_packed)) + gyr[rows].tobytes(), last))
        return tuple(packets)

    def peripheral(self, name: str | None = None, *, board: Board = S) -> Peripheral:
        """A board with both sensors off."""
        return Peripheral(
            advert=Advert(name or "MetaWear", frozenset({SERVICE})),
            services=(
                Service(
                    SERVICE,
                    (
                        Characteristic(WRITE, ("write", "write-without-response")),
                        Characteristic(NOTIFY, ("notify",)),
                    ),
                ),
                Service(sig(0x180F), (Characteristic(BATTERY_LEVEL, ("read", "notify")),)),
                Service(sig(0x180A), (Characteristic(MODEL_NUMBER, ("read",)),)),
            ),
            state=DeviceState(100.0, values={BATTERY_LEVEL: b"\x64", MODEL_NUMBER: board.model.encode()}),
            on_write=_answer,
        )


def _writes(*commands: tuple[int, ...]) -> tuple[Write, ...]:
    return tuple(Write(WRITE, bytes(command), response=False, delay_s=0.02) for command in commands)


def _answer(state: DeviceState, characteristic: str, data: bytes) -> Answer:
    """Obey a command as the device does: it answers none of these. It streams once all switches are on."""
    if characteristic != WRITE or len(data) < 3 or data[0] not in (ACC, GYR):
        return state, ()
    if data[1] == CONFIG:
        rates = [rate for rate, code in RATE_CODES.items() if code == data[2] & 0x0F]
        return replace(state, rate_hz=rates[0] if rates else state.rate_hz), ()
    state = replace(state, values=state.with_value(f"{data[0]}:{data[1]}", data[2:3]))
    board = BOARDS[state.values[MODEL_NUMBER].decode()]
    switches = ((ACC, START_STOP), (GYR, START_STOP), (ACC, ENABLE), (GYR, ENABLE),
                (ACC, board.acc_packed), (GYR, board.gyr_packed))  # fmt: skip
    on = all(state.values.get(f"{module}:{register}") == b"\x01" for module, register in switches)
    return replace(state, streaming=on), ()


DRIVERS: Final = (
    MetaMotion(
        name="metamotion",
        title="MbientLab MetaMotion",
        rates=tuple(RATE_CODES),
        default_rate=100.0,
        device_clock=False,
        unseen_latency_s=0.035,
        probe=(MODEL_NUMBER,),
    ),
)
