"""Virtual sensors through bleak's own classes, in virtual time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import BleakBluetoothNotAvailableError, BleakError, BleakGATTProtocolError

from sensing.clock import fit_clock
from sensing.devices import Advert, Batch, Driver, Plan, Step, Subscribe, driver, drivers, matching
from sensing.errors import UsageError
from sensing.recording import GRAVITY, Side
from sensing.simulate import Simulation
from sensing.virtual import (
    Link,
    Scene,
    Sensor,
    VirtualRadio,
    host_clock,
    parse_virtual,
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


def test_a_long_drop_ends_the_connection_and_a_new_one_streams_on() -> None:
    dot = driver("dot")

    async def main() -> None:
        async with virtual_radio(alone(dot, Link(drops=((4.0, 10.0),)))) as radio:
            start = (await radio.truth())[LEFT].radio_on_s
            listener = await connected(radio)
            await listener.stream(dot)
            await asyncio.sleep(10)
            assert not listener.client.is_connected
            assert len(listener.dropped) == 1
            assert listener.dropped[0] * 1e-9 - start == pytest.approx(8.0, abs=0.01)
            assert listener.heard[-1][0] * 1e-9 - start == pytest.approx(4.0, abs=0.1)
            with pytest.raises(BleakError):
                await listener.client.write_gatt_char(dot.probe[0], bytes(32), True)
            nothing = await BleakScanner.discover(0.5, backend=radio.scanner_backend)
            assert nothing == []
            device = listener.client.address
            with pytest.raises(TimeoutError):
                await BleakClient(device, timeout=0.5, backend=radio.client_backend).connect()
            await asyncio.sleep(5)
            again = await connected(radio)
            await again.stream(dot)
            await asyncio.sleep(2)
            await again.client.disconnect()
            truth = (await radio.truth())[LEFT]
            got = sum(len(batch) for each in (listener, again) for _, batch in each.decoded(dot))
            assert got == sum(len(stream.delivered) for stream in truth.streams)
            assert len(again.heard) > 100

    run_virtual(main())


def test_a_short_drop_delays_what_the_buffer_holds_and_loses_the_rest() -> None:
    dot = driver("dot")

    async def main() -> None:
        async with virtual_radio(alone(dot, Link(drops=((3.0, 2.0),), buffer=20))) as radio:
            listener = await connected(radio)
            await listener.stream(dot)
            await asyncio.sleep(6)
            assert listener.client.is_connected
            stamps = np.array([stamp for stamp, *_ in listener.heard]) * 1e-9
            assert np.max(np.diff(stamps)) == pytest.approx(2.0, abs=0.1)
            stream = (await radio.truth())[LEFT].streams[0]
            lost = np.diff(stream.delivered)
            assert np.flatnonzero(lost > 1).size == 1
            assert np.max(lost) - 1 == pytest.approx(2.0 * 60 - 20, abs=3)
            taken = [batch.device_time_s for _, batch in listener.decoded(dot)]
            times = truth_times(np.concatenate([each for each in taken if each is not None]), radio)
            assert np.max(np.abs(await times - stream.time_s(stream.delivered[: len(taken)]))) < 1e-6

    run_virtual(main())


async def truth_times(device_s: np.ndarray, radio: VirtualRadio) -> np.ndarray:
    return (await radio.truth())[LEFT].clock.true_time(device_s)


def test_arrivals_let_the_clocks_be_told_apart_to_a_millisecond() -> None:
    dot = driver("dot")
    links = Link(interval_s=0.015, retransmit=0.02), Link(interval_s=0.03, retransmit=0.1)
    scene = Scene(
        tuple(
            Sensor(dot, side, link, clock_offset_s=offset, drift_ppm=drift)
            for side, link, offset, drift in zip(Side, links, (5.0, 4000.0), (50.0, -50.0), strict=True)
        ),
        QUIET,
    )

    async def main() -> None:
        async with virtual_radio(scene) as radio:
            both = [await connected(radio, LEFT), await connected(radio, RIGHT)]
            for listener in both:
                await listener.stream(dot)
            await asyncio.sleep(60)
            errors = []
            for listener in both:
                batches = listener.decoded(dot)
                device_s = stacked(batches, lambda batch: batch.device_time_s)
                fit = fit_clock([stamp for stamp, _ in batches], device_time_s=device_s)
                truth = (await radio.truth())[listener.client.address]
                errors.append(np.median(fit.time_s - truth.clock.true_time(device_s)))
                assert fit.fit_s is not None
            assert errors[0] > 0.0019
            assert abs(errors[1] - errors[0]) < 0.003

    run_virtual(main())


def test_a_knock_is_felt_on_both_sides_at_one_time() -> None:
    scene = virtual_scene("virtual:dot,dot")

    async def main() -> None:
        async with virtual_radio(scene) as radio:
            both = [await connected(radio, LEFT), await connected(radio, RIGHT)]
            for listener in both:
                await listener.stream(driver("dot"))
            await radio.knock(after_s=0.6)
            at = radio.clock() * 1e-9 + 0.62
            await asyncio.sleep(1.2)
            for listener in both:
                batches = listener.decoded(driver("dot"))
                size = np.linalg.norm(stacked(batches, lambda batch: batch.acc), axis=1)
                stream = (await radio.truth())[listener.client.address].streams[0]
                assert np.max(size) > 6 * GRAVITY
                assert stream.time_s(np.argmax(size)) == pytest.approx(at, abs=0.01)

    run_virtual(main())


def test_one_connection_at_a_time_is_made_and_one_given_up_leaves_nothing_behind() -> None:
    async def main() -> None:
        async with virtual_radio(virtual_scene("virtual:dot,witmotion")) as radio:
            first = BleakClient(LEFT, backend=radio.client_backend)
            making = asyncio.create_task(first.connect())
            await asyncio.sleep(0)
            with pytest.raises(BleakError, match="in progress"):
                await BleakClient(RIGHT, backend=radio.client_backend).connect()
            for wait_s in (0.0, 0.05, 0.1, 0.12, 0.3):
                await asyncio.sleep(wait_s)
                making.cancel()
                await asyncio.wait([making])
                await asyncio.sleep(1)
                assert not first.is_connected
                assert len(await BleakScanner.discover(1.0, backend=radio.scanner_backend)) == 2
                making = asyncio.create_task(first.connect())
            await making
            assert first.is_connected
            assert first.mtu_size == 247

    run_virtual(main())


def test_what_a_sensor_does_not_allow_is_refused() -> None:
    async def main() -> None:
        async with virtual_radio(alone(driver("witmotion"))) as radio:
            client = (await connected(radio)).client
            notify = "0000ffe4-0000-1000-8000-00805f9a34fb"
            write = "0000ffe9-0000-1000-8000-00805f9a34fb"
            with pytest.raises(BleakGATTProtocolError, match="Read Not Permitted"):
                await client.read_gatt_char(write)
            with pytest.raises(BleakError, match="does not support notifications"):
                await client.start_notify(write, lambda *_: None)
            await client.start_notify(notify, lambda *_: None)
            with pytest.raises(BleakError, match="already"):
                await client.start_notify(notify, lambda *_: None)
            await client.stop_notify(notify)

    run_virtual(main())


def test_a_computer_without_an_adapter_says_so() -> None:
    async def main() -> None:
        scene = Scene(virtual_scene("virtual:dot,dot").sensors, adapter=False)
        async with virtual_radio(scene) as radio:
            with pytest.raises(BleakBluetoothNotAvailableError):
                await BleakScanner.discover(1.0, backend=radio.scanner_backend)
            with pytest.raises(BleakBluetoothNotAvailableError):
                await BleakClient(LEFT, backend=radio.client_backend).connect()

    run_virtual(main())


def test_a_radio_in_its_own_process_is_the_same() -> None:
    scene = virtual_scene("virtual:dot,homemade@run")

    async def main() -> None:
        async with virtual_radio(scene, own_process=True) as radio:
            both = [await connected(radio, LEFT), await connected(radio, RIGHT)]
            for listener, sensor in zip(both, scene.sensors, strict=True):
                await listener.stream(sensor.driver)
            await asyncio.sleep(0.5)
            await radio.drop(LEFT, 60)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await both[0].client.read_gatt_char(driver("dot").probe[0])
            await both[1].client.disconnect()
            assert not both[1].client.is_connected
            for listener, sensor in zip(both, scene.sensors, strict=True):
                truth = (await radio.truth())[sensor.radio_address]
                batches = listener.decoded(sensor.driver)
                got = sum(len(batch) for _, batch in batches)
                assert got == len(truth.streams[0].delivered) > 0.4 * truth.streams[0].rate_hz
                times = truth.streams[0].time_s(np.arange(got))
                arrival = np.concatenate([np.full(len(batch), stamp) for stamp, batch in batches])
                assert 0.001 < np.min(arrival - times) < 0.1

    asyncio.run(main())


def test_virtual_time_jumps_and_waits_for_threads() -> None:
    async def main() -> list[float]:
        loop, clock = asyncio.get_running_loop(), host_clock()
        seen = [loop.time()]
        await asyncio.sleep(3600)
        seen.append(clock() * 1e-9)
        ticking = asyncio.create_task(asyncio.sleep(1))
        thread = await asyncio.to_thread(lambda: (time.sleep(0.05), threading.current_thread())[1])
        assert thread is not threading.current_thread()
        assert not ticking.done()
        seen.append(loop.time())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(100):
                await loop.create_future()
        return [*seen, loop.time()]

    began = time.perf_counter()
    seen = run_virtual(main())
    assert time.perf_counter() - began < 1
    assert seen == pytest.approx([0, 3600, 3600, 3700])


def test_virtual_time_can_run_at_a_speed() -> None:
    began = time.perf_counter()
    run_virtual(asyncio.sleep(2), speed=10)
    assert 0.15 < time.perf_counter() - began < 1
    with pytest.raises(ValueError, match="positive"):
        run_virtual(asyncio.sleep(2), speed=0)


def test_the_host_clock_of_an_ordinary_loop_is_the_ordinary_one() -> None:
    async def main() -> None:
        assert host_clock() is time.perf_counter_ns

    asyncio.run(main())


def test_a_source_is_two_drivers_and_an_exercise() -> None:
    assert parse_virtual("virtual:dot,witmotion@running") == (driver("dot"), driver("witmotion"), "run")
    assert parse_virtual("dot, dot")[2] == "squat"
    for text, hint in {
        "virtual:dot": r"write virtual:LEFT,RIGHT.*witmotion.*dot",
        "virtual:dot,dot,dot": "write virtual:LEFT,RIGHT",
        "virtual:,dot": "write virtual:LEFT,RIGHT",
        "virtual:dot,witmotoin": "did you mean witmotion",
        "virtual:dot,zzz": r"use one of .*dot",
        "virtual:dot,dot@flying": "use one of squat",
    }.items():
        with pytest.raises(UsageError, match=hint):
            parse_virtual(text)


def test_impossible_scenes_are_refused() -> None:
    dot = Sensor(driver("dot"), Side.LEFT)
    with pytest.raises(UsageError, match="same address"):
        Scene((dot, dot))
    with pytest.raises(UsageError, match="interval_s must be"):
        Link(interval_s=0, retransmit=2)
