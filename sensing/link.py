"""One sensor's life: connect, read what it is, configure, start, watch, reconnect, stop.

A `Connection` is one bleak client and lives once; a `Link` is one side of a recording and makes a new
connection each time the sensor was lost. Callbacks only stamp a packet and hand it on: decoding happens
elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bleak import BleakClient

from sensing.devices import Battery, Driver, Plan, Reply, Step, Subscribe, Write
from sensing.errors import DeviceUnreachable, SidewiseError, UsageError
from sensing.events import State
from sensing.recording import Side
from sensing.scan import Found, Radio, choose_driver, find, reaching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CONNECT_S: Final = 20.0
"""How long one attempt to connect may take."""

ATTEMPTS: Final = 3
"""Attempts to connect before a recording begins; once it runs, a link never gives up."""

SILENCE_S: Final = 1.5
"""A link without a packet for so long counts as lost; longer where packets are further apart."""

_RESCAN_S: Final = 5.0
_BACK_OFF_S: Final = (0.0, 0.5, 1.0, 2.0, 5.0)
_CLOSE_S: Final = 5.0
_BATTERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """One notification: the connection it came over, when, from where, and its bytes."""

    side: Side
    connection: int
    time_ns: int
    characteristic: str
    payload: bytes


@dataclass(frozen=True)
class Connected:
    """A new connection of one side, before its first packet.

    Attributes
    ----------
    side : Side
        Side.
    connection : int
        Number of the connection, from 0.
    time_ns : int
        When.
    found : Found
        The sensor.
    driver, plan : Driver, Plan
        What decodes it.
    """

    side: Side
    connection: int
    time_ns: int
    found: Found
    driver: Driver
    plan: Plan


@dataclass(frozen=True)
class StateChange:
    """A link has come into another state.

    Attributes
    ----------
    side : Side
        Side.
    state : State
        The new state.
    time_ns : int
        When.
    message : str
        Why, for people; may be empty.
    """

    side: Side
    state: State
    time_ns: int
    message: str = ""


@dataclass(frozen=True)
class BatteryLevel:
    """A sensor told its battery level, percent."""

    side: Side
    percent: float


Item = Arrival | Connected | StateChange | BatteryLevel
"""What a link hands on, in order."""

Heard = Callable[[int, str, bytes], None]
"""Takes arrival time in ns, characteristic and payload."""


@dataclass
class _Waiting:
    """Someone who waits for a notification that ``take`` recognises."""

    take: Callable[[str, bytes], Any]
    future: asyncio.Future[Any]


@dataclass
class Connection:
    """One connection to one sensor. It is used once: after a loss, make another.

    Parameters
    ----------
    found : Found
        The sensor.
    radio : Radio
        The radio.
    heard : callable
        Takes every notification, from within the callback.
    """

    found: Found
    radio: Radio
    heard: Heard
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    last_ns: int = 0
    """When the last notification came."""
    _client: BleakClient | None = None
    _closed: bool = False
    _subscribed: set[str] = field(default_factory=set)
    _waiting: list[_Waiting] = field(default_factory=list)

    async def open(self, timeout_s: float = CONNECT_S) -> None:
        """Connect, while nobody else scans or connects.

        Raises
        ------
        DeviceUnreachable
            The sensor does not answer.
        """
        async with self.radio.lock:
            with reaching(self.found.label):
                self._client = BleakClient(
                    self.found.device, self._disconnected, backend=self.radio.client_backend
                )
                try:
                    async with asyncio.timeout(timeout_s):
                        await self._client.connect()
                except BaseException:
                    await self._disconnect()
                    raise
        self.last_ns = self.radio.clock()

    @property
    def client(self) -> BleakClient:
        """The client, once open."""
        assert self._client is not None
        return self._client

    def services(self) -> tuple[str, ...]:
        """UUIDs of the GATT services."""
        return tuple(service.uuid.lower() for service in self.client.services)

    def table(self) -> str:
        """Services with their characteristics and what these can, for people."""
        told = []
        for service in sorted(self.client.services, key=lambda service: service.handle):
            inner = sorted(service.characteristics, key=lambda each: each.handle)
            can = ", ".join(f"{each.uuid} {'/'.join(each.properties)}" for each in inner)
            told.append(f"{service.uuid} ({can})")
        return ", ".join(told)

    async def read(self, characteristic: str) -> bytes:
        """Value of a characteristic."""
        with reaching(self.found.label):
            async with asyncio.timeout(_CLOSE_S):
                return bytes(await self.client.read_gatt_char(characteristic))

    async def facts(self, driver: Driver) -> Mapping[str, bytes]:
        """What the driver wants to know before it makes a plan."""
        return {uuid: await self.read(uuid) for uuid in driver.probe}

    async def run(self, steps: Iterable[Step]) -> None:
        """Take steps in order.

        Raises
        ------
        DeviceUnreachable
            The sensor does not answer, or refuses.
        """
        for step in steps:
            if isinstance(step, Subscribe):
                await self._subscribe(step.characteristic)
            else:
                await self._write(step)

    async def battery(self, battery: Battery | None) -> float | None:
        """Battery level in percent; None where the sensor does not tell it."""
        if battery is None:
            return None
        try:
            if battery.command is None:
                return battery.decode(await self.read(battery.characteristic))
            await self._subscribe(battery.characteristic)
            waiting = self._wait_for(
                lambda uuid, payload: battery.decode(payload) if uuid == battery.characteristic else None
            )
            try:
                await self._write(battery.command)
                async with asyncio.timeout(_BATTERY_S):
                    level: float = await waiting.future
                    return level
            finally:
                self._waiting.remove(waiting)
        except (SidewiseError, TimeoutError):
            return None

    async def close(self, stop: Iterable[Step] = ()) -> None:
        """Take the last steps if the sensor still listens, and disconnect; never raises."""
        if not self._closed and not self.lost.is_set():
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await self.run(stop)
            except (SidewiseError, TimeoutError):
                pass
        self._closed = True
        await self._disconnect()

    async def _disconnect(self) -> None:
        self._closed = True
        if self._client is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_S):
                with reaching(self.found.label):
                    await self._client.disconnect()
        except (SidewiseError, TimeoutError):
            pass

    async def _subscribe(self, characteristic: str) -> None:
        if characteristic in self._subscribed:
            return
        self._subscribed.add(characteristic)
        with reaching(self.found.label):
            async with asyncio.timeout(_CLOSE_S):
                await self.client.start_notify(characteristic, partial(self._notified, characteristic))

    def _notified(self, characteristic: str, _: object, data: bytearray) -> None:
        now = self.radio.clock()
        # A stack may go on calling for a client that was given up.
        if self._closed:
            return
        self.last_ns = now
        payload = bytes(data)
        self.heard(now, characteristic, payload)
        for waiting in self._waiting:
            if not waiting.future.done() and (answer := waiting.take(characteristic, payload)) is not None:
                waiting.future.set_result(answer)

    def _disconnected(self, _: BleakClient) -> None:
        self.lost.set()

    def _wait_for(self, take: Callable[[str, bytes], Any]) -> _Waiting:
        waiting = _Waiting(take, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        return waiting

    async def _write(self, step: Write) -> None:
        reply = step.reply
        waiting = reply and self._wait_for(
            lambda uuid, payload: payload if reply.matches(uuid, payload) else None
        )
        try:
            with reaching(self.found.label):
                async with asyncio.timeout(_CLOSE_S):
                    await self.client.write_gatt_char(step.characteristic, step.data, response=step.response)
            if reply and waiting:
                await self._accepted(reply, waiting)
        finally:
            if waiting:
                self._waiting.remove(waiting)
        if step.delay_s:
            await asyncio.sleep(step.delay_s)

    async def _accepted(self, reply: Reply, waiting: _Waiting) -> None:
        try:
            async with asyncio.timeout(reply.timeout_s):
                refusal = reply.refusal(await waiting.future)
        except TimeoutError:
            refusal = "no reply"
        if refusal is not None and reply.required:
            raise DeviceUnreachable(f"{self.found.label} does not obey: {refusal}; switch it off and on")


def _nothing(time_ns: int, characteristic: str, payload: bytes) -> None:
    """Take a notification that nobody wants."""


def driver_for(connection: Connection, name: str | None) -> Driver:
    """The driver of a connected sensor.

    Raises
    ------
    UsageError
        No driver recognises it: lists its services and says how to write a profile.
    """
    found = connection.found
    chosen = choose_driver(found, name, connection.services())
    if chosen is None:
        example = Path(__file__).with_name("devices") / "profiles" / "homemade.toml"
        raise UsageError(
            f"{found.label}: no driver knows it; its services are {connection.table() or 'none'}; name one "
            f"that fits with --driver, or write a profile: copy {example}, put these UUIDs and the layout of "
            "its frames into the copy, and give that file as --driver"
        )
    return chosen


@asynccontextmanager
async def connected(radio: Radio, found: Found, heard: Heard = _nothing) -> AsyncIterator[Connection]:
    """A connection for a short errand."""
    connection = Connection(found, radio, heard)
    await connection.open()
    try:
        yield connection
    finally:
        await connection.close()


class Link:
    """One side of a recording: keeps a sensor streaming, over as many connections as it takes.

    Parameters
    ----------
    side : Side
        Side.
    found : Found
        The sensor.
    radio : Radio
        The radio.
    put : callable
        Takes `Item` after `Item`, in order, and must return at once.
    driver_name : str, optional
        Driver that the user names.
    rate_hz : float, optional
        Rate that the user names.
    silence_s : float
        Least time without a packet after which the link counts as lost, s.
    """

    def __init__(
        self,
        side: Side,
        found: Found,
        radio: Radio,
        put: Callable[[Item], None],
        *,
        driver_name: str | None = None,
        rate_hz: float | None = None,
        silence_s: float = SILENCE_S,
    ) -> None:
        self.side = side
        self.found = found
        self._radio = radio
        self._put = put
        self._driver_name = driver_name
        self._rate_hz = rate_hz
        self._silence_s = silence_s
        self._number = -1
        self._connection: Connection | None = None
        self._driver: Driver | None = None
        self._plan: Plan | None = None

    @property
    def last_ns(self) -> int:
        """When the last packet came."""
        return self._connection.last_ns if self._connection else 0

    async def open(self) -> None:
        """Connect and configure; samples do not flow yet.

        Raises
        ------
        DeviceUnreachable
            The sensor cannot be reached after several attempts.
        UsageError
            No driver fits, or the rate is not supported.
        """
        if self._driver_name or self.found.drivers:
            driver = choose_driver(self.found, self._driver_name)
            # Only some plans need facts: a wrong rate should not cost a connection.
            if driver and self._rate_hz is not None and self._rate_hz not in driver.rates:
                driver.plan(self._rate_hz)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                if attempt > 1:
                    await self._find_again()
                await self._connect()
                return
            except DeviceUnreachable:
                if attempt == ATTEMPTS:
                    raise
                await asyncio.sleep(_BACK_OFF_S[attempt])

    async def start(self) -> None:
        """Let samples flow."""
        assert self._connection and self._plan
        await self._connection.run(self._plan.start)
        self._connection.last_ns = self._radio.clock()
        self._change(State.STREAMING)

    async def watch(self) -> None:
        """Reconnect whenever the sensor is lost, until cancelled."""
        await self._tell_battery()
        while True:
            await self._until_lost()
            await self._reconnect()

    async def close(self) -> None:
        """Stop the sensor, then disconnect; never raises."""
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._driver and not connection.lost.is_set():
                self._tell(await connection.battery(self._driver.battery))
            await connection.close(self._plan.stop if self._plan else ())
            self._change(State.STOPPED)

    async def _connect(self) -> None:
        self._number += 1
        self._change(State.CONNECTING)
        connection = Connection(self.found, self._radio, partial(self._heard, self._number))
        await connection.open()
        try:
            self._driver = driver_for(connection, self._driver_name)
            self._plan = self._driver.plan(self._rate_hz, facts=await connection.facts(self._driver))
            if self._driver.battery and self._driver.battery.command is None:
                self._tell(await connection.battery(self._driver.battery))
            now = self._radio.clock()
            self._put(Connected(self.side, self._number, now, self.found, self._driver, self._plan))
            await connection.run(self._plan.prepare)
        except BaseException:
            await connection.close(self._plan.stop if self._plan else ())
            raise
        self._connection = connection
        self._change(State.READY)

    def _heard(self, number: int, time_ns: int, characteristic: str, payload: bytes) -> None:
        self._put(Arrival(self.side, number, time_ns, characteristic, payload))

    async def _until_lost(self) -> None:
        assert self._connection and self._plan
        # Some sensors fill a packet for a second and more before they send it.
        limit_s = max(self._silence_s, 4 * self._plan.packet_samples / self._plan.rate_hz)
        while not self._connection.lost.is_set():
            silent_s = (self._radio.clock() - self._connection.last_ns) / 1e9
            if silent_s >= limit_s:
                self._change(State.LOST, f"no packet for {silent_s:.1f} s")
                return
            try:
                async with asyncio.timeout(min(limit_s - silent_s + 0.01, 0.5)):
                    await self._connection.lost.wait()
            except TimeoutError:
                pass
        self._change(State.LOST, "disconnected")

    async def _reconnect(self) -> None:
        """Scan again and make a new client: an old one cannot be trusted to connect again."""
        await self._give_up()
        attempt = 0
        while True:
            await asyncio.sleep(_BACK_OFF_S[min(attempt, len(_BACK_OFF_S) - 1)])
            attempt += 1
            try:
                self._change(State.SEARCHING)
                (self.found,) = await find(self._radio, [self.found.address], timeout_s=_RESCAN_S)
                await self._connect()
                await self.start()
                return
            except SidewiseError as error:
                self._change(State.LOST, str(error))
                await self._give_up()

    async def _find_again(self) -> None:
        """Hear it again, if it is there: systems forget sensors that they heard too long ago."""
        with suppress(DeviceUnreachable):
            (self.found,) = await find(self._radio, [self.found.address], timeout_s=_RESCAN_S)

    async def _give_up(self) -> None:
        """Close the connection, without last words."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _tell_battery(self) -> None:
        """Ask for the battery level where that takes a running stream."""
        if self._connection and self._driver and self._driver.battery and self._driver.battery.command:
            self._tell(await self._connection.battery(self._driver.battery))

    def _tell(self, level: float | None) -> None:
        if level is not None:
            self._put(BatteryLevel(self.side, level))

    def _change(self, state: State, message: str = "") -> None:
        self._put(StateChange(self.side, state, self._radio.clock(), message))
