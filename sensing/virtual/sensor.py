"""A virtual sensor: a Bumble peripheral that speaks a family's protocol and feels the simulated movement."""

from __future__ import annotations

import asyncio
import math
import random
from array import array
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
from bumble import att, core, gatt, hci
from bumble.controller import Controller
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink

from sensing.devices import Batch, Characteristic, DeviceState, Plan
from sensing.recording import FloatArray, IntArray
from sensing.simulate.radio import DeviceClock
from sensing.virtual.air import Air, SensorChannel
from sensing.virtual.movement import Movement
from sensing.virtual.spec import Sensor

_BLOCK_S = 0.25
_ADVERTISING_MS = 100.0
# The longest data packet between host and controller (Bluetooth Core 5.4, Vol 6, Part B, 2.4).
_DATA_LENGTH = 251
_PERMISSIONS = {
    "read": gatt.Characteristic.READABLE,
    "write": gatt.Characteristic.WRITEABLE,
    "write-without-response": gatt.Characteristic.WRITEABLE,
}
_PROPERTIES = {
    "read": gatt.Characteristic.Properties.READ,
    "write": gatt.Characteristic.Properties.WRITE,
    "write-without-response": gatt.Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
    "notify": gatt.Characteristic.Properties.NOTIFY,
    "indicate": gatt.Characteristic.Properties.INDICATE,
}


@dataclass(frozen=True, eq=False)
class StreamTruth:
    """What is true about one stretch of streaming, between a start and a stop command.

    Attributes
    ----------
    rate_hz : float
        Rate by the device's own clock.
    start_s, period_s : float
        Time of sample 0 and time between samples on the host's clock, s.
    seq : int
        Counter of sample 0, since the device was switched on.
    taken : int
        Samples taken so far.
    delivered : (n,) int array
        Samples, counted from 0, whose packets were wholly handed to the host, in order.
    """

    rate_hz: float
    start_s: float
    period_s: float
    seq: int
    taken: int
    delivered: IntArray

    def time_s(self, sample: IntArray) -> FloatArray:
        """When samples were taken, on the host's clock, s."""
        return np.asarray(self.start_s + self.period_s * sample)


@dataclass(frozen=True, eq=False)
class SensorTruth:
    """What is true about one sensor.

    Attributes
    ----------
    clock : DeviceClock
        Its clock against the host's.
    radio_on_s : float
        When the radio was switched on, and with it the movement, on the host's clock, s.
    streams : tuple of StreamTruth
        Every stretch of streaming.
    """

    clock: DeviceClock
    radio_on_s: float
    streams: tuple[StreamTruth, ...]


@dataclass(slots=True, eq=False)
class _Stream:
    plan: Plan
    device_start_s: float
    seq: int
    taken: int = 0


@dataclass(frozen=True, slots=True)
class _Group:
    """Notifications that become ready with one sample."""

    ready_s: float
    last: int
    parts: tuple[tuple[str, bytes], ...]


@dataclass(slots=True, eq=False)
class _Connection:
    """What was sent in one connection: stream, and newest sample if the notification completes it."""

    link: Connection
    streams: array[int]
    lasts: array[int]
    delivered: int = 0


class VirtualSensor:
    """One sensor on the air.

    Parameters
    ----------
    spec : Sensor
        What it is.
    air : Air
        Where it is heard.
    movement : Movement
        What it feels.
    knocks_s : list of float
        Times of knocks since the radio was switched on, s; may grow.
    host_offset_s : float
        Host clock minus the event loop's, s.
    seed : int
        For its radio and its noise.
    """

    def __init__(
        self,
        spec: Sensor,
        air: Air,
        movement: Movement,
        knocks_s: list[float],
        host_offset_s: float,
        seed: int,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_s = self._loop.time()
        self._host_offset_s = host_offset_s
        self.spec = spec
        self.address = hci.Address(spec.radio_address, hci.Address.RANDOM_DEVICE_ADDRESS)
        self._air, self._movement, self._knocks_s = air, movement, knocks_s
        rate = 1 + spec.drift_ppm * 1e-6
        self._clock = DeviceClock(spec.clock_offset_s - rate * self._on_s, spec.drift_ppm)
        self._rng = np.random.default_rng(seed)
        self._peripheral = spec.driver.peripheral(spec.radio_name)
        self._state = _with_battery(self._peripheral.state, spec)
        self._device, controller = bumble_device(spec.radio_name, self.address, air)
        random_ = random.Random(seed)
        drops = [(self._on_s + start, self._on_s + start + length) for start, length in spec.link.drops]
        phase = self._on_s + random_.uniform(0, spec.link.interval_s)
        self._channel = SensorChannel(
            spec.link, phase, random_, drops, address=spec.radio_address, controller=controller
        )
        air.add_sensor(self.address, self._channel)
        self._characteristics: dict[str, gatt.Characteristic[bytes]] = {}
        self._subscribed: dict[str, str] = {}
        self._connections: list[_Connection] = []
        self._streams: list[_Stream] = []
        self._queue: deque[_Group] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._seq = 0
        self._on = True
        self._indications: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Switch on and advertise."""
        device = self._device
        device.gatt_server.max_mtu = self.spec.link.mtu
        for service in self._peripheral.services:
            made = [self._make(each) for each in service.characteristics]
            device.add_service(gatt.Service(core.UUID(short(service.uuid)), made))
        device.on(device.EVENT_CONNECTION, self._on_connection)
        await device.power_on()
        await self._advertise()

    async def _advertise(self) -> None:
        await self._device.start_advertising(
            advertising_data=self._advertising_data(),
            advertising_interval_min=_ADVERTISING_MS,
            advertising_interval_max=_ADVERTISING_MS,
        )

    async def stop(self) -> None:
        """Switch off."""
        self._on = False
        self._halt()
        await asyncio.gather(*self._tasks)
        await self._device.stop_advertising()

    def truth(self) -> SensorTruth:
        """What is true about it so far."""
        now = self._loop.time()
        delivered: dict[int, list[int]] = {}
        for each in self._connections:
            count = self._channel.delivered if each is self._connections[-1] else each.delivered
            for stream, last in zip(each.streams[:count], each.lasts[:count], strict=True):
                if last >= 0:
                    size = self._streams[stream].plan.packet_samples
                    delivered.setdefault(stream, []).extend(range(last - size + 1, last + 1))
        offset_s = self._clock.offset_s - self._clock.rate * self._host_offset_s
        clock = DeviceClock(offset_s, self._clock.drift_ppm)
        streams = tuple(
            StreamTruth(
                rate_hz=each.plan.rate_hz,
                start_s=float(clock.true_time(each.device_start_s)),
                period_s=1 / (each.plan.rate_hz * clock.rate),
                seq=each.seq,
                taken=min(each.taken, self._taken_by(each, now)),
                delivered=np.array(delivered.get(k, []), dtype=np.int64),
            )
            for k, each in enumerate(self._streams)
        )
        return SensorTruth(clock, self._on_s + self._host_offset_s, streams)

    def drop(self, start_s: float, length_s: float) -> None:
        """Let nothing through from ``start_s`` after switching the radio on."""
        self._air.drop(self.address, self._on_s + start_s, length_s)

    def _taken_by(self, stream: _Stream, now_s: float) -> int:
        elapsed = float(self._clock.device_time(now_s)) - stream.device_start_s
        return max(math.floor(elapsed * stream.plan.rate_hz + 1e-6) + 1, 0)

    def _advertising_data(self) -> bytes:
        advert, kind = self._peripheral.advert, core.AdvertisingData.Type
        data = [(kind.FLAGS, b"\x06"), (kind.COMPLETE_LOCAL_NAME, advert.name.encode())]
        for each in sorted(advert.services):
            uuid = core.UUID(short(each)).uuid_bytes
            listed = (
                kind.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS
                if len(uuid) == 2
                else kind.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS
            )
            data.append((listed, uuid))
        makers = [company.to_bytes(2, "little") for company in sorted(advert.companies)]
        data += [(kind.MANUFACTURER_SPECIFIC_DATA, maker) for maker in makers]
        return bytes(core.AdvertisingData([*data]))

    def _make(self, each: Characteristic) -> gatt.Characteristic[bytes]:
        uuid = each.uuid

        def read(connection: Connection) -> bytes:
            # Bumble leaves it to the value to say so.
            if "read" not in each.properties:
                raise att.ATT_Error(att.ErrorCode.READ_NOT_PERMITTED)
            return self._state.values.get(uuid, b"")

        def write(connection: Connection, value: bytes) -> None:
            if not {"write", "write-without-response"} & set(each.properties):
                raise att.ATT_Error(att.ErrorCode.WRITE_NOT_PERMITTED)
            self._on_write(uuid, bytes(value))

        def subscribed(connection: Connection, notify: bool, indicate: bool) -> None:
            self._on_subscription(uuid, "notify" if notify else "indicate" if indicate else "")

        properties = gatt.Characteristic.Properties(0)
        permissions = gatt.Characteristic.Permissions(0)
        for name in each.properties:
            properties |= _PROPERTIES[name]
            permissions |= _PERMISSIONS.get(name, gatt.Characteristic.Permissions(0))
        value = gatt.CharacteristicValue[bytes](read=read, write=write)
        made: gatt.Characteristic[bytes] = gatt.Characteristic(
            core.UUID(short(uuid)), properties, permissions, value
        )
        made.on(made.EVENT_SUBSCRIPTION, subscribed)
        self._characteristics[uuid] = made
        return made

    def _on_connection(self, connection: Connection) -> None:
        self._connections.append(_Connection(connection, array("q"), array("q")))
        connection.on(connection.EVENT_DISCONNECTION, self._on_disconnection)

    def _on_disconnection(self, reason: int) -> None:
        self._connections[-1].delivered = self._channel.delivered
        self._subscribed.clear()
        for indication in self._indications:
            indication.cancel()
        # Bumble's own restart cannot be waited for.
        if self._on:
            self._keep(self._tasks, self._advertise())

    def _keep(self, tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def _on_subscription(self, uuid: str, how: str) -> None:
        if not how:
            self._subscribed.pop(uuid, None)
            return
        self._subscribed[uuid] = how
        self._become(self._peripheral.on_subscribe(self._state, uuid))

    def _on_write(self, uuid: str, data: bytes) -> None:
        state, answers = self._peripheral.on_write(self._state, uuid, data)
        self._become(state)
        for answer in answers:
            self._send(answer.characteristic, answer.payload, self._loop.time(), -1)

    def _become(self, state: DeviceState) -> None:
        before, self._state = self._state, state
        if (before.streaming, before.rate_hz) == (state.streaming, state.rate_hz):
            return
        if before.streaming:
            self._halt()
        if state.streaming:
            driver = self.spec.driver
            plan = driver.plan(state.rate_hz, facts={uuid: state.values[uuid] for uuid in driver.probe})
            now = float(self._clock.device_time(self._loop.time()))
            self._streams.append(_Stream(plan, now, self._seq))
            self._run()

    def _halt(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._queue.clear()
        if self._streams:
            stream = self._streams[-1]
            stream.taken = min(stream.taken, self._taken_by(stream, self._loop.time()))
            self._seq = stream.seq + stream.taken

    def _run(self) -> None:
        """Send what is ready, and come back when the next packet is."""
        now = self._loop.time() + 1e-9
        queue = self._queue
        while True:
            while queue and queue[0].ready_s <= now:
                self._send_group(queue.popleft())
            if queue:
                break
            self._measure()
        self._timer = self._loop.call_at(queue[0].ready_s, self._run)

    def _measure(self) -> None:
        """Take the samples of the next block, and make their packets."""
        stream = self._streams[-1]
        plan, size = stream.plan, stream.plan.packet_samples
        n = max(math.ceil(_BLOCK_S * plan.rate_hz / size), 1) * size
        index = np.arange(stream.taken, stream.taken + n)
        device_s = stream.device_start_s + index / plan.rate_hz
        true_s = self._clock.true_time(device_s)
        acc, gyr = self._movement.felt(self.spec.side, true_s - self._on_s, plan, self._rng, self._knocks_s)
        first, stream.taken = stream.taken, stream.taken + n
        packets = self.spec.driver.encode(plan, Batch(acc, gyr, device_s, stream.seq + index))
        ready = true_s.tolist()
        for last, group in groupby(packets, key=lambda packet: packet.last):
            parts = tuple((packet.characteristic, packet.payload) for packet in group)
            self._queue.append(_Group(ready[last], first + last, parts))

    def _send_group(self, group: _Group) -> None:
        if self._channel.up.waiting + len(group.parts) > self.spec.link.buffer:
            return
        final = len(group.parts) - 1
        for k, (uuid, payload) in enumerate(group.parts):
            self._send(uuid, payload, group.ready_s, group.last if k == final else -1)

    def _send(self, uuid: str, payload: bytes, ready_s: float, last: int) -> None:
        how = self._subscribed.get(uuid)
        if how is None:
            return
        characteristic = self._characteristics[uuid]
        connection = self._connections[-1]
        if how == "indicate":
            indicate = self._device.gatt_server.indicate_subscriber
            self._keep(self._indications, indicate(connection.link, characteristic, payload))
            return
        connection.streams.append(len(self._streams) - 1)
        connection.lasts.append(last)
        room = connection.link.att_mtu - 3
        self._air.notify(self.address, characteristic.handle, payload[:room], ready_s)


def _with_battery(state: DeviceState, spec: Sensor) -> DeviceState:
    battery = spec.driver.battery
    if spec.battery is None or battery is None or battery.characteristic not in state.values:
        return state
    value = bytes((spec.battery,)) + state.values[battery.characteristic][1:]
    return replace(state, values=state.with_value(battery.characteristic, value))


def short(uuid: str) -> str:
    """A UUID as it goes over the air: the SIG's own ones have 16 bits."""
    return uuid[4:8] if uuid.startswith("0000") and uuid.endswith("-0000-1000-8000-00805f9b34fb") else uuid


def bumble_device(name: str, address: hci.Address, air: Air) -> tuple[Device, Controller]:
    """A Bumble host and controller on the air."""
    controller = Controller(name, link=air)
    controller.le_acl_data_packet_length = _DATA_LENGTH
    config = DeviceConfiguration(name=name, address=address)
    device = Device(name, address, config=config, host=Host(controller, AsyncPipeSink(controller)))
    return device, controller
