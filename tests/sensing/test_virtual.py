"""Virtual sensors through bleak's own classes, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic

from sensing.devices import Advert, Batch, Driver, Plan, Step, Subscribe, driver, drivers, matching
from sensing.recording import Side
from sensing.simulate import Simulation
from sensing.virtual import (
    Link,
    Scene,
    Sensor,
    VirtualRadio,
    run_virtual,
    virtual_radio,
    virtual_scene,
)
from sensing.virtual.movement import Movement
from sensing.virtual.sensor import SensorTruth

LEFT, RIGHT = "D0:5E:4D:00:00:01", "D0:5E:4D:00:00:02"
QUIET = Simulation(exercise="squat", still_s=0.5, noise=0, bias=0, quantise=False)
by_name = pytest.mark.parametrize("each", drivers().values(), ids=lambda each: each.name)


@dataclass
class Listener:
    """A small host: it runs plans and keeps what it hears."""

    radio: VirtualRadio
    client: BleakClient
    heard: list[tuple[int, str, bytes]] = field(default_factory=list)
    plan: Plan | None = None
    dropped: list[int] = field(default_factory=list)

    async def run(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            if isinstance(step, Subscribe):
                await self.client.start_notify(step.characteristic, self._keep)
                continue
            before = len(self.heard)
            await self.client.write_gatt_char(step.characteristic, step.data, step.response)
            await asyncio.sleep(step.delay_s)
            if step.reply is not None:
                await asyncio.sleep(0.2)
                answers = [each for each in self.heard[before:] if step.reply.matches(*each[1:])]
                assert len(answers) == 1
                assert step.reply.refusal(answers[0][2]) is None

    def _keep(self, characteristic: BleakGATTCharacteristic, data: bytearray) -> None:
        self.heard.append((self.radio.clock(), characteristic.uuid, bytes(data)))

    async def stream(self, each: Driver, rate_hz: float | None = None) -> None:
        facts = {uuid: bytes(await self.client.read_gatt_char(uuid)) for uuid in each.probe}
        self.plan = each.plan(rate_hz, facts=facts)
        await self.run((*self.plan.prepare, *self.plan.start))

    def decoded(self, each: Driver) -> list[tuple[float, Batch]]:
        assert self.plan is not None
        decoder = each.decoder(self.plan)
        batches = [(stamp * 1e-9, batch) for stamp, *packet in self.heard for batch in decoder.feed(*packet)]
        assert decoder.counts.rejected == 0
        return batches


async def connected(radio: VirtualRadio, address: str = LEFT) -> Listener:
    device = await BleakScanner.find_device_by_address(address, backend=radio.scanner_backend)
    assert device is not None
    dropped: list[int] = []
    client = BleakClient(
        device, lambda _: dropped.append(radio.clock()), timeout=10, backend=radio.client_backend
    )
    await client.connect()
    return Listener(radio, client, dropped=dropped)


def alone(
    each: Driver, link: Link | None = None, *, drift_ppm: float = 0.0, battery: int | None = None
) -> Scene:
    sensor = Sensor(each, Side.LEFT, link or Link(), drift_ppm=drift_ppm, battery=battery)
    return Scene((sensor,), QUIET)


def stacked(batches: list[tuple[float, Batch]], column: Callable[[Batch], object]) -> np.ndarray:
    return np.concatenate([np.asarray(column(batch)) for _, batch in batches])


@by_name
def test_a_scan_finds_every_family_by_what_it_advertises(each: Driver) -> None:
    async def main() -> None:
        async with virtual_radio(alone(each)) as radio:
            found = await BleakScanner.discover(1.0, return_adv=True, backend=radio.scanner_backend)
            ((device, data),) = found.values()
            assert device.address == LEFT == radio.addresses[Side.LEFT]
            advert = Advert(
                data.local_name or "", frozenset(data.service_uuids), frozenset(data.manufacturer_data)
            )
            assert matching(advert)[0] is each
            assert abs(data.rssi + 60) < 15

    run_virtual(main())


@by_name
def test_what_is_decoded_is_what_the_movement_does_at_those_times(each: Driver) -> None:
    async def main() -> tuple[Listener, SensorTruth]:
        async with virtual_radio(alone(each, drift_ppm=50.0)) as radio:
            listener = await connected(radio)
            await listener.stream(each)
            await asyncio.sleep(2.5)
            assert listener.plan is not None
            await listener.run(listener.plan.stop)
            await listener.client.disconnect()
            return listener, (await radio.truth())[LEFT]

    listener, truth = run_virtual(main())
    batches, plan = listener.decoded(each), listener.plan
    assert plan is not None
    stream = truth.streams[-1]
    acc = stacked(batches, lambda batch: batch.acc)
    # A decoder of a byte stream keeps its last frame until the next one confirms it.
    assert 0 <= len(stream.delivered) - len(acc) <= 1
    assert stream.taken - len(stream.delivered) <= 2 * plan.packet_samples + 4
    assert len(acc) >= plan.rate_hz
    times = stream.time_s(np.arange(len(acc)))
    rng = np.random.default_rng(0)
    true_acc, true_gyr = Movement(QUIET).felt(Side.LEFT, times - truth.radio_on_s, plan, rng)
    np.testing.assert_allclose(acc, true_acc, atol=0.01)
    if plan.gyr_range is not None:
        np.testing.assert_allclose(stacked(batches, lambda batch: batch.gyr), true_gyr, atol=0.1)
    if each.device_clock:
        device_s = stacked(batches, lambda batch: batch.device_time_s)
        shift = truth.clock.true_time(device_s) - times
        assert np.ptp(shift) < 0.01
        if each.name != "bluest":
            # Some stamps are whole milliseconds.
            assert np.max(np.abs(shift)) < 1.1e-3
    arrival = np.concatenate([np.full(len(batch), stamp) for stamp, batch in batches])
    assert np.min(arrival - times) > 0.002 - 1e-9


def test_two_sensors_stream_at_once_and_lose_nothing() -> None:
    scene = virtual_scene("virtual:witmotion,dot@run")

    async def main() -> None:
        async with virtual_radio(scene) as radio:
            both = [await connected(radio, LEFT), await connected(radio, RIGHT)]
            for listener, sensor in zip(both, scene.sensors, strict=True):
                await listener.stream(sensor.driver)
            await asyncio.sleep(5)
            for listener, sensor in zip(both, scene.sensors, strict=True):
                await listener.client.disconnect()
                truth = (await radio.truth())[sensor.radio_address].streams[0]
                got = stacked(listener.decoded(sensor.driver), lambda batch: batch.acc)
                assert 0 <= len(truth.delivered) - len(got) <= 1
                assert len(got) > 4.9 * truth.rate_hz
                assert np.array_equal(truth.delivered, np.arange(len(truth.delivered)))

    run_virtual(main())


def test_battery_is_read_as_set() -> None:
    async def main() -> None:
        async with virtual_radio(alone(driver("dot"), battery=37)) as radio:
            listener = await connected(radio)
            battery = driver("dot").battery
            assert battery is not None
            assert battery.decode(bytes(await listener.client.read_gatt_char(battery.characteristic))) == 37

    run_virtual(main())
