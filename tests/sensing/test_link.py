"""One sensor's life on a virtual radio: order of steps, silence, reconnecting, stopping."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from sensing.devices import Subscribe, driver
from sensing.devices.dot import START, STOP
from sensing.errors import DeviceUnreachable, UsageError
from sensing.events import State
from sensing.link import Arrival, BatteryLevel, Connected, Item, Link, StateChange
from sensing.recording import Side
from sensing.scan import Radio, find
from sensing.virtual import Link as Air
from sensing.virtual import Scene, Sensor, run_virtual, virtual_radio

LEFT = "D0:5E:4D:00:00:01"


@dataclass
class Put:
    """What a link handed on."""

    items: list[Item] = field(default_factory=list)

    def __call__(self, item: Item) -> None:
        self.items.append(item)

    def states(self) -> list[State]:
        return [item.state for item in self.items if isinstance(item, StateChange)]

    def messages(self) -> list[str]:
        return [item.message for item in self.items if isinstance(item, StateChange) and item.message]

    def arrivals(self, connection: int | None = None) -> list[Arrival]:
        every = [item for item in self.items if isinstance(item, Arrival)]
        return [each for each in every if connection is None or each.connection == connection]


def one(name: str = "dot", **changes: object) -> Scene:
    return Scene((Sensor(driver(name), Side.LEFT, **changes),))


def live(what, scene: Scene | None = None, *, wrap=None, **options: object):
    """Run ``what(link, put, virtual, spy)`` on a link that is not open yet."""

    async def main():
        async with virtual_radio(scene or one()) as virtual:
            client, spy = wrap(virtual) if wrap else (virtual.client_backend, None)
            radio = Radio(virtual.scanner_backend, client, virtual.clock)
            (found,) = await find(radio, [LEFT])
            put = Put()
            link = Link(Side.LEFT, found, radio, put, **options)
            try:
                return await what(link, put, virtual, spy)
            finally:
                await link.close()

    return run_virtual(main())


async def for_a_while(link: Link, seconds: float) -> None:
    watching = asyncio.create_task(link.watch())
    await asyncio.sleep(seconds)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


def test_samples_flow_from_start_to_close_and_stop_is_written_before_disconnecting(spy_on) -> None:
    async def run(link, put, virtual, spy):
        await link.open()
        await asyncio.sleep(1.0)
        assert not put.arrivals()
        await link.start()
        await for_a_while(link, 5.0)
        await link.close()
        stopped = (await virtual.truth())[LEFT].streams[-1].taken
        await asyncio.sleep(1.0)
        assert (await virtual.truth())[LEFT].streams[-1].taken == stopped
        return put, spy

    put, spy = live(run, wrap=spy_on)
    assert put.states() == [State.CONNECTING, State.READY, State.STREAMING, State.STOPPED]
    assert len(put.arrivals()) >= 5 * 60 - 2
    assert [item.percent for item in put.items if isinstance(item, BatteryLevel)] == [100.0, 100.0]
    names = [(name, what) for name, what in spy.of(LEFT) if name != "write" or what in (START, STOP)]
    assert [name for name, _ in names] == ["write", "subscribe", "write", "write", "disconnect"]
    assert [what for name, what in names if name == "write"] == [STOP, START, STOP]


def test_what_decodes_a_connection_comes_before_its_packets() -> None:
    async def run(link, put, virtual, spy):
        await link.open()
        await link.start()
        await for_a_while(link, 1.0)
        return put.items

    items = live(run)
    first = next(k for k, item in enumerate(items) if isinstance(item, Arrival))
    assert any(isinstance(item, Connected) for item in items[:first])


def test_a_rate_that_the_sensor_does_not_have_is_refused_without_connecting(spy_on) -> None:
    async def run(link, put, virtual, spy):
        with pytest.raises(UsageError, match="no rate of 100 Hz; use one of 1, 4"):
            await link.open()
        return spy

    assert live(run, wrap=spy_on, rate_hz=100.0).clients == 0


def test_a_driver_that_does_not_fit_is_refused() -> None:
    async def run(link, put, virtual, spy):
        with pytest.raises(UsageError, match=r"no characteristic .* another driver fits"):
            await link.open()

    live(run, driver_name="witmotion")


def test_a_sensor_that_is_gone_is_unreachable_after_some_attempts() -> None:
    async def run(link, put, virtual, spy):
        await virtual.drop(LEFT, 1e6)
        with pytest.raises(DeviceUnreachable, match="Movella DOT"):
            await link.open()
        return put

    assert live(run).states().count(State.CONNECTING) == 3


def test_silence_counts_as_a_lost_link_and_ends_with_a_new_client(spy_on) -> None:
    async def run(link, put, virtual, spy):
        await link.open()
        await link.start()
        await for_a_while(link, 2.0)
        await virtual.drop(LEFT, 3.0)  # shorter than the 4 s after which the radio gives a link up
        await for_a_while(link, 10.0)
        return put, spy

    put, spy = live(run, wrap=spy_on)
    assert put.messages()[0] == "no packet for 1.5 s"
    assert put.states()[2:5] == [State.STREAMING, State.LOST, State.SEARCHING]
    assert put.states()[-3:] == [State.READY, State.STREAMING, State.STOPPED]
    assert spy.clients >= 2
    connections = sorted({each.connection for each in put.arrivals()})
    assert len(connections) == 2 and len(put.arrivals(connections[1])) > 250


def test_a_disconnect_is_noticed_at_once_however_long_silence_may_be() -> None:
    scene = one(link=Air(supervision_s=0.5))

    async def run(link, put, virtual, spy):
        await link.open()
        await link.start()
        await for_a_while(link, 2.0)
        await virtual.drop(LEFT, 2.0)
        await for_a_while(link, 10.0)
        return put

    put = live(run, scene, silence_s=30.0)
    assert put.messages()[0] == "disconnected"
    assert len({each.connection for each in put.arrivals()}) == 2


def test_callbacks_of_a_client_that_was_given_up_are_ignored(spy_on) -> None:
    async def run(link, put, virtual, spy):
        await link.open()
        await link.start()
        await for_a_while(link, 1.0)
        stale = [callback for _, callback in spy.callbacks]
        await virtual.drop(LEFT, 6.0)
        await for_a_while(link, 12.0)
        before = len(put.arrivals())
        for callback in stale:
            callback(bytearray(40))
        assert len(put.arrivals()) == before > 60
        return put

    put = live(run, wrap=spy_on)
    times = [each.time_ns for each in put.arrivals()]
    assert times == sorted(times)
    payloads = [each.payload for each in put.arrivals()]
    assert len(set(payloads)) == len(payloads)


def test_a_long_absence_is_waited_for() -> None:
    async def run(link, put, virtual, spy):
        await link.open()
        await link.start()
        await virtual.drop(LEFT, 60.0)
        await for_a_while(link, 90.0)
        return put

    put = live(run)
    assert put.states()[-2:] == [State.STREAMING, State.STOPPED]
    assert any("not found" in message for message in put.messages())


def test_a_sensor_of_long_packets_may_be_silent_for_longer() -> None:
    async def run(link, put, virtual, spy):
        await link.open()
        await link.start()
        await for_a_while(link, 20.0)
        return put

    scene = one("polar-verity")
    put = live(run, scene, rate_hz=26.0, silence_s=1.0)
    assert State.LOST not in put.states()
    steps = [b.time_ns - a.time_ns for a, b in zip(put.arrivals(), put.arrivals()[1:], strict=False)]
    assert max(steps) > 1.0e9


def test_closing_while_it_looks_for_the_sensor_ends_the_search() -> None:
    async def run(link, put, virtual, spy):
        await link.open()
        await link.start()
        await virtual.drop(LEFT, 5.0)
        await for_a_while(link, 3.0)
        await link.close()
        known = len(put.items)
        await asyncio.sleep(20.0)
        assert len(put.items) == known
        return put

    assert State.SEARCHING in live(run).states()


def test_what_every_driver_prepares_can_be_run_over_the_air() -> None:
    for name in ("witmotion", "polar-h10", "movesense", "metamotion"):

        async def run(link, put, virtual, spy):
            await link.open()
            await link.start()
            await for_a_while(link, 3.0)
            return put

        put = live(run, one(name))
        plan = next(item.plan for item in put.items if isinstance(item, Connected))
        assert any(isinstance(step, Subscribe) for step in (*plan.prepare, *plan.start))
        assert put.arrivals()
