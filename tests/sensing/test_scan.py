"""Finding, choosing and telling sensors apart, on a virtual radio."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sensing import remembered
from sensing.devices import driver
from sensing.errors import BadInput, DeviceUnreachable, UsageError
from sensing.identify import blink, identify_by_tap, read_battery, triple_tap
from sensing.link import connected, driver_for
from sensing.recording import Side
from sensing.remembered import Remembered
from sensing.scan import Found, Radio, choose_driver, find, scan
from sensing.simulate import Simulation, simulate
from sensing.virtual import Link, Scene, Sensor, VirtualRadio, run_virtual, virtual_radio

LEFT, RIGHT = "D0:5E:4D:00:00:01", "D0:5E:4D:00:00:02"


def pair(left: str = "witmotion", right: str = "dot", **changes: object) -> Scene:
    sensors = (Sensor(driver(left), Side.LEFT, **changes), Sensor(driver(right), Side.RIGHT, Link(rssi=-80)))
    return Scene(sensors)


def radio_of(virtual: VirtualRadio) -> Radio:
    return Radio(virtual.scanner_backend, virtual.client_backend, virtual.clock)


def on_air(scene: Scene, what):
    """Run ``what(radio)`` with these sensors on the air."""

    async def main():
        async with virtual_radio(scene) as virtual:
            return await what(radio_of(virtual))

    return run_virtual(main())


def test_scan_lists_sensors_with_their_drivers_by_signal_strength() -> None:
    found = on_air(pair(), lambda radio: scan(radio, 2.0))
    assert [(each.name, each.address) for each in found] == [("WT901BLE68", LEFT), ("Movella DOT", RIGHT)]
    assert [each.drivers[0].name for each in found] == ["witmotion", "dot"]
    assert found[0].rssi > found[1].rssi


@pytest.mark.parametrize("wanted", ["Movella DOT", RIGHT, RIGHT.lower()])
def test_a_sensor_is_found_by_name_or_address(wanted: str) -> None:
    (found,) = on_air(pair(), lambda radio: find(radio, [wanted]))
    assert found.address == RIGHT


def test_two_sensors_of_one_name_need_an_address() -> None:
    with pytest.raises(UsageError, match=f"2 sensors are named Movella DOT.*{LEFT}, {RIGHT}"):
        on_air(pair("dot", "dot"), lambda radio: find(radio, ["Movella DOT"]))
    found = on_air(pair("dot", "dot"), lambda radio: find(radio, [RIGHT, LEFT]))
    assert [each.address for each in found] == [RIGHT, LEFT]


@pytest.mark.parametrize("wanted", [[RIGHT, "Movella DOT"], [RIGHT, RIGHT.lower()]])
def test_both_sides_cannot_be_one_sensor(wanted: list[str]) -> None:
    with pytest.raises(UsageError, match="name two"):
        on_air(pair(), lambda radio: find(radio, wanted))


def test_a_sensor_that_is_not_there_is_missed_and_the_others_are_named() -> None:
    with pytest.raises(DeviceUnreachable, match=r"WT-X not found; seen: .*Movella DOT \(D0:5E") as caught:
        on_air(pair(), lambda radio: find(radio, ["WT-X", RIGHT], timeout_s=2.0))
    assert caught.value.exit_code == 3 and "\n" not in str(caught.value)


def test_an_empty_air_says_what_to_do() -> None:
    with pytest.raises(DeviceUnreachable, match="wake the sensors"):
        on_air(Scene(()), lambda radio: find(radio, ["WT-X"], timeout_s=2.0))


def test_a_computer_without_adapter_is_told_so() -> None:
    with pytest.raises(DeviceUnreachable, match="adapter") as caught:
        on_air(replace(pair(), adapter=False), lambda radio: scan(radio, 1.0))
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="BlueZ is on Linux")
def test_the_systems_own_backend_is_reached_at_the_bus_the_environment_names(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'no-bus'}")
    with pytest.raises(DeviceUnreachable, match="Bluetooth cannot be used") as caught:
        asyncio.run(scan(Radio(), 0.1))
    assert "\n" not in str(caught.value)


def test_an_unknown_device_shows_its_services_and_how_to_go_on() -> None:
    async def connect(radio: Radio) -> None:
        (found,) = await find(radio, ["Foo"])
        assert choose_driver(found, None) is None
        async with connected(radio, found) as connection:
            driver_for(connection, None)

    with pytest.raises(UsageError, match=r"fb005c80-02e7-f387-1cad-8acd2d8df0c8.*--driver.*\.toml"):
        on_air(pair("polar-h10", name="Foo"), connect)


def test_a_driver_that_the_user_names_is_taken_and_must_exist() -> None:
    (found,) = on_air(pair(), lambda radio: find(radio, [RIGHT]))
    assert choose_driver(found, "witmotion").name == "witmotion"
    with pytest.raises(UsageError, match="did you mean witmotion"):
        choose_driver(found, "witmotoin")


def test_battery_levels_are_read_or_asked_for() -> None:
    async def levels(radio: Radio) -> list[float | None]:
        return [await read_battery(radio, found) for found in await find(radio, [LEFT, RIGHT])]

    wit, dot = on_air(pair(), levels)
    assert dot == 100.0 and 80 < wit <= 100


def test_a_dot_blinks_and_a_witmotion_says_that_it_cannot(spy_on) -> None:
    async def main() -> list[tuple[str, object]]:
        async with virtual_radio(pair()) as virtual:
            client, spy = spy_on(virtual)
            radio = Radio(virtual.scanner_backend, client, virtual.clock)
            wit, dot = await find(radio, [LEFT, RIGHT])
            await blink(radio, dot)
            with pytest.raises(UsageError, match="cannot blink; tap it"):
                await blink(radio, wit)
            return spy.of(RIGHT)

    calls = run_virtual(main())
    assert calls[0][0] == "write" and calls[0][1][:2] == b"\x01\x01"
    assert calls[-1][0] == "disconnect"


@pytest.mark.parametrize("tapped", [LEFT, RIGHT])
def test_the_sensor_that_is_tapped_three_times_is_found(tapped: str) -> None:
    async def main() -> Found:
        still = replace(pair(), movement=Simulation(exercise="stand"))
        async with virtual_radio(still) as virtual:
            radio = radio_of(virtual)
            found = await scan(radio, 1.0)
            tapping: list[asyncio.Task[None]] = []

            def tap(listening: tuple[Found, ...]) -> None:
                assert {each.address for each in listening} == {LEFT, RIGHT}
                taps = (virtual.knock(tapped, after_s=after_s) for after_s in (2.0, 2.4, 2.8))
                tapping.extend(asyncio.create_task(tap) for tap in taps)

            return await identify_by_tap(radio, found, on_ready=tap)

    assert run_virtual(main()).address == tapped


def test_no_taps_end_the_search_with_a_hint() -> None:
    async def listen(radio: Radio) -> Found:
        return await identify_by_tap(radio, await scan(radio, 1.0), timeout_s=5.0)

    still = replace(pair(), movement=Simulation(exercise="stand"))
    with pytest.raises(DeviceUnreachable, match="tapped three times within 5 s"):
        on_air(still, listen)


def shaken(
    times: list[float], rate_hz: float = 100.0, strength: float = 40.0
) -> tuple[np.ndarray, np.ndarray]:
    time_s = np.arange(0, 5, 1 / rate_hz)
    acc = np.zeros((len(time_s), 3))
    acc[:, 2] = 9.8 + 0.5 * np.sin(2 * np.pi * time_s)
    for at in times:
        acc[np.abs(time_s - at) < 0.012, 2] += strength
    return time_s, acc


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
def test_three_taps_are_recognised_at_any_rate(rate_hz: float) -> None:
    assert triple_tap(*shaken([2.0, 2.4, 2.85], rate_hz)) is not None


@pytest.mark.parametrize(
    "times",
    [
        [],
        [2.0],
        [2.0, 2.4],
        [2.0, 2.4, 2.8, 3.2],
        [2.0, 2.4, 4.0],
        [0.1, 0.5, 0.9],
        list(np.arange(0.3, 4.9, 0.5)),
    ],
)
def test_other_shocks_are_no_triple_tap(times: list[float]) -> None:
    assert triple_tap(*shaken(times)) is None


def test_steps_are_no_triple_tap() -> None:
    recording = simulate(Simulation(exercise="run")).recording
    for stream in recording.streams():
        for start in range(0, len(stream) - 1000, 500):
            part = slice(start, start + 1000)
            assert triple_tap(stream.time_s[part], stream.acc[part]) is None


def test_what_was_identified_is_remembered_and_a_sensor_has_one_side(tmp_path: Path) -> None:
    path = tmp_path / "user" / "sensors.json"
    assert remembered.load(path) == {}
    one, two = Remembered("A", "WT", "witmotion"), Remembered("B", "WT", "witmotion")
    remembered.remember(Side.LEFT, one, path)
    remembered.remember(Side.RIGHT, two, path)
    assert remembered.load(path) == {Side.LEFT: one, Side.RIGHT: two}
    remembered.remember(Side.RIGHT, one, path)
    assert remembered.load(path) == {Side.RIGHT: one}


@pytest.mark.parametrize("text", ["", "[]", '{"up": {}}', '{"left": {"adress": "A"}}', '{"left": 1}'])
def test_a_damaged_memory_says_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sensors.json"
    path.write_text(text)
    with pytest.raises(BadInput, match="identify them again"):
        remembered.load(path)


def test_sensors_on_the_other_sides_than_they_were_identified_for_are_told() -> None:
    worn = simulate(Simulation(exercise="stand")).recording
    sides = {own.side.value: replace(own, address=at) for own, at in zip(worn.streams(), "ab", strict=True)}
    worn = replace(worn, **sides)
    one, two = (Remembered(name, "WT", "witmotion") for name in "AB")
    assert remembered.exchanged(worn, {Side.LEFT: one, Side.RIGHT: two}) is None
    assert remembered.exchanged(worn, {}) is None
    told = remembered.exchanged(worn, {Side.LEFT: two, Side.RIGHT: one})
    assert told is not None
    assert told.code == "sensors_exchanged"
    assert "are the sides swapped?" in told.message
