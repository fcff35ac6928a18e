"""Movesense HR2, HR+, MD and Flash: the GATT SensorData Protocol of their default firmware (from 2.3 on).

A notification is ``[code, reference, data]``. A packet of samples is a 32-bit time in milliseconds since
boot, of its first sample, then N accelerations, then N angular velocities (planar, 32-bit floats). Packets
longer than the link allows come as one DATA and following DATA_PART2 notifications.

Sources: Movesense, GATT SensorData Protocol specification (GD-77) and the firmware's gatt_sensordata_app;
what hardware really answers, from docs/gsp-protocol.md of github.com/sokolmarek/movesense-commander.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

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
    Subscribe,
    Write,
    gyr_of,
    sig,
)
from sensing.devices.decoding import FrameTimes, Unwrap, within
from sensing.recording import GRAVITY

# Some firmware also has a characteristic of this id: look it up as a service.
SERVICE: Final = "34802252-7185-4d5d-b431-630e7050e8f0"
WRITE: Final = "34800001-7185-4d5d-b431-630e7050e8f0"
NOTIFY: Final = "34800002-7185-4d5d-b431-630e7050e8f0"

SUBSCRIBE: Final = 0x01
UNSUBSCRIBE: Final = 0x02
RESPONSE: Final = 0x01
DATA: Final = 0x02
DATA_PART2: Final = 0x03
REFERENCE: Final = 0x63
MTU: Final = 161

_STAMP: Final = 4
_SAMPLE: Final = 24
RATES: Final = (13.0, 26.0, 52.0, 104.0, 208.0)
# Status codes are those of HTTP, 16 bits; the low byte tells these apart.
_OK: Final = (200).to_bytes(2, "little")
_REFUSALS: Final = {
    404 & 0xFF: "it has no such resource or rate (404)",
    429 & 0xFF: "it is out of request slots (429): restart the sensor",
    503 & 0xFF: "the service is not available (503)",
}
ACC_RANGE: Final = 8 * GRAVITY
GYR_RANGE: Final = 2000.0
# The sensor can be set to 16 g; nothing beyond that is a measurement.
_ACC_LIMIT: Final = 20 * GRAVITY
_GYR_LIMIT: Final = 2500.0


class MovesenseDecoder:
    """Joins the parts of a packet and decodes it. See `sensing.devices.Decoder`.

    Parameters
    ----------
    rate_hz : float
        Nominal rate.
    """

    def __init__(self, rate_hz: float) -> None:
        self.counts = Counts()
        self._expected = _STAMP + _SAMPLE * _samples(rate_hz)
        self._clock = Unwrap(32)
        self._times = FrameTimes(rate_hz, "first")
        self._part = b""

    def feed(self, characteristic: str, payload: bytes) -> tuple[Batch, ...]:
        """Take one notification; give the samples of the packet that it completes."""
        ours = characteristic == NOTIFY and len(payload) > 2 and payload[1] == REFERENCE
        if ours and payload[0] == DATA:
            earlier = self._finish()
            self._part = payload[2:]
            return earlier + self._finish_if_whole()
        if ours and payload[0] == DATA_PART2 and self._part:
            self._part += payload[2:]
            return self._finish_if_whole()
        if ours and payload[0] == RESPONSE and len(payload) >= 4:
            self.counts.accepted += 1
        else:
            self.counts.reject(len(payload))
        return ()

    def _finish_if_whole(self) -> tuple[Batch, ...]:
        # A shorter packet may still get a second part, so it waits for the next notification to tell.
        return self._finish() if len(self._part) >= self._expected else ()

    def _finish(self) -> tuple[Batch, ...]:
        packet, self._part = self._part, b""
        if not packet:
            return ()
        batch = self._decode(packet)
        if batch is None:
            self.counts.reject(len(packet))
            return ()
        self.counts.accepted += 1
        self.counts.samples += len(batch)
        return (batch,)

    def _decode(self, packet: bytes) -> Batch | None:
        n, rest = divmod(len(packet) - _STAMP, _SAMPLE)
        if rest or n < 1:
            return None
        with np.errstate(invalid="ignore"):  # signalling NaN
            acc, gyr = np.frombuffer(packet, "<f4", offset=_STAMP).reshape(2, n, 3).astype(np.float64)
        if not (within(acc, _ACC_LIMIT) and within(gyr, _GYR_LIMIT)):
            return None
        millis = self._clock.peek(int.from_bytes(packet[:_STAMP], "little"))
        times = None if millis is None else self._times(millis * 1e-3, n)
        if millis is None or times is None:
            return None
        self._clock.accept(millis)
        return Batch(acc, gyr, times)


def _samples(rate_hz: float) -> int:
    """Samples in one packet: 4 at 52 Hz and 8 at 104 Hz by observation, in proportion elsewhere."""
    return max(1, round(rate_hz / 13))


@dataclass(frozen=True)
class Movesense(Family):
    """Driver for Movesense sensors. See `sensing.devices.Driver`.

    Packets of 77 ms are stamped to 1 ms at their first sample and sent when full, the same on both sides;
    the links differ by at most a connection interval of 30 ms while packets and intervals stay locked, and
    by 5 ms of scheduling: 35 ms.
    """

    def matches(self, advert: Advert) -> bool:
        """Whether the name is the vendor's, or the service is advertised."""
        return advert.name.startswith("Movesense") or SERVICE in advert.services

    def plan(self, rate_hz: float | None = None, *, facts: Mapping[str, bytes] = NO_FACTS) -> Plan:
        """End what a lost link may have left subscribed, then subscribe to the six axes."""
        rate = self.checked_rate(rate_hz)
        path = f"/Meas/IMU6/{rate:g}".encode("ascii") + b"\0"
        reply = Reply(NOTIFY, bytes((RESPONSE, REFERENCE)), success=_OK, meanings=_REFUSALS)
        unsubscribe = Write(
            WRITE, bytes((UNSUBSCRIBE, REFERENCE)), reply=replace(reply, required=False, timeout_s=1.0)
        )
        return Plan(
            rate_hz=rate,
            prepare=(Subscribe(NOTIFY), unsubscribe),
            start=(Write(WRITE, bytes((SUBSCRIBE, REFERENCE)) + path, reply=reply),),
            stop=(unsubscribe,),
            mtu_min=MTU,
            packet_samples=_samples(rate),
            acc_range=ACC_RANGE,
            gyr_range=GYR_RANGE,
            facts=facts,
        )

    def decoder(self, plan: Plan) -> MovesenseDecoder:
        """A fresh decoder."""
        return MovesenseDecoder(plan.rate_hz)

    def encode(self, plan: Plan, batch: Batch) -> tuple[Packet, ...]:
        """Packets of ``plan.packet_samples``, cut at the firmware's MTU."""
        self.check_batch(plan, batch)
        assert batch.device_time_s is not None
        size, room = plan.packet_samples, MTU - 5
        gyr = gyr_of(batch)
        packets = []
        for first in range(0, len(batch), size):
            rows = slice(first, first + size)
            millis = round(float(batch.device_time_s[first]) * 1000) & 0xFFFFFFFF
            planar = np.concatenate((batch.acc[rows], gyr[rows])).astype("<f4")
            data = millis.to_bytes(4, "little") + planar.tobytes()
            for start in range(0, len(data), room):
                head = bytes((DATA_PART2 if start else DATA, REFERENCE))
                packets.append(Packet(NOTIFY, head + data[start : start + room], first + size - 1))
        return tuple(packets)

    def peripheral(self, name: str | None = None) -> Peripheral:
        """A sensor that waits for a subscription to its six axes."""
        return Peripheral(
            # An advertisement has no room for both the name and the 128-bit service.
            advert=Advert(name or "Movesense 123456789012", companies=frozenset({0x009F})),
            services=(
                Service(SERVICE, (Characteristic(WRITE, ("write",)), Characteristic(NOTIFY, ("notify",)))),
                Service(sig(0x180F), (Characteristic(BATTERY_LEVEL, ("read", "notify")),)),
            ),
            state=DeviceState(52.0, values={BATTERY_LEVEL: b"\x64"}),
            on_write=_answer,
        )


def _answer(state: DeviceState, characteristic: str, data: bytes) -> Answer:
    """Obey a command as the device does."""
    if characteristic != WRITE or len(data) < 2 or data[1] == 0:
        return state, ()

    def reply(status: int) -> tuple[Packet, ...]:
        return (Packet(NOTIFY, bytes((RESPONSE, data[1])) + status.to_bytes(2, "little")),)

    if data[0] == SUBSCRIBE:
        for rate in RATES:
            if data[2:].rstrip(b"\0") == f"/Meas/IMU6/{rate:g}".encode("ascii"):
                return replace(state, rate_hz=rate, streaming=True), reply(200)
        return state, reply(404)
    if data[0] == UNSUBSCRIBE:
        return replace(state, streaming=False), reply(200)
    return state, reply(400)


DRIVERS: Final = (
    Movesense(
        name="movesense",
        title="Movesense",
        rates=RATES,
        default_rate=104.0,
        device_clock=True,
        unseen_latency_s=0.035,
    ),
)
