"""The virtual radio in a process of its own: the same calls, pickled, over a socket between the two."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import pickle
import signal
import socket
from collections.abc import Callable, Mapping
from typing import Any, Final

from sensing.devices import driver
from sensing.virtual.central import (
    Heard,
    NotConnected,
    OnDisconnect,
    OnHeard,
    OnNotification,
    RadioError,
    Table,
)
from sensing.virtual.loop import VirtualTimeLoop
from sensing.virtual.sensor import SensorTruth
from sensing.virtual.spec import Scene
from sensing.virtual.world import World

_HEAD: Final = 4
_STOP_S: Final = 5.0


class _Messages(asyncio.Protocol):
    """Pickled tuples over a stream."""

    def __init__(self, received: Callable[[tuple[Any, ...]], None], lost: Callable[[], None]) -> None:
        self._received, self._lost = received, lost
        self._buffer = bytearray()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost()

    def send(self, *message: object) -> None:
        data = pickle.dumps(message)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(len(data).to_bytes(_HEAD, "little") + data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) >= start + _HEAD:
            end = start + _HEAD + int.from_bytes(buffer[start : start + _HEAD], "little")
            if len(buffer) < end:
                break
            self._received(pickle.loads(bytes(buffer[start + _HEAD : end])))
            start = end
        del buffer[:start]


class RemoteWorld:
    """A `World` in another process; it is also that world's `Radio`.

    Parameters
    ----------
    scene : Scene
        What is on the air.

    Raises
    ------
    UsageError
        If a driver is not one of the known ones, such as a profile in a file.
    """

    def __init__(self, scene: Scene) -> None:
        if isinstance(asyncio.get_running_loop(), VirtualTimeLoop):
            raise RuntimeError("a radio in its own process needs real time, and so asyncio's own event loop")
        for sensor in scene.sensors:
            driver(sensor.driver.name)
        ours, theirs = socket.socketpair()
        self._socket = ours
        self._messages = _Messages(self._on_message, self._on_lost)
        # A new interpreter: a fork would share this one's event loop.
        self._process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(theirs, scene), daemon=True
        )
        self._process.start()
        theirs.close()
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._count = 0
        self._listeners: list[OnHeard] = []
        self._peers: dict[str, tuple[OnNotification, OnDisconnect]] = {}

    @property
    def radio(self) -> RemoteWorld:
        """What the backends use."""
        return self

    async def start(self) -> None:
        """Wait until everything is on the air."""
        await asyncio.get_running_loop().create_connection(lambda: self._messages, sock=self._socket)
        await self._call("start")

    async def stop(self) -> None:
        """Switch off and end the process."""
        with contextlib.suppress(RadioError, TimeoutError):
            async with asyncio.timeout(_STOP_S):
                await self._call("stop")
        self._messages.close()
        self._socket.close()
        await asyncio.to_thread(self._process.join, _STOP_S)
        if self._process.is_alive():
            self._process.terminate()

    async def truth(self) -> Mapping[str, SensorTruth]:
        """See `VirtualRadio.truth`."""
        truth: Mapping[str, SensorTruth] = await self._call("truth")
        return truth

    async def drop(self, address: str, length_s: float) -> None:
        """See `VirtualRadio.drop`."""
        await self._call("drop", address, length_s)

    async def knock(self, address: str | None, after_s: float) -> None:
        """See `VirtualRadio.knock`."""
        await self._call("knock", address, after_s)

    async def start_scan(self, heard: OnHeard) -> None:
        """See `Radio`."""
        self._listeners.append(heard)
        if len(self._listeners) == 1:
            await self._call("start_scan")

    async def stop_scan(self, heard: OnHeard) -> None:
        """See `Radio`."""
        if heard in self._listeners:
            self._listeners.remove(heard)
            if not self._listeners:
                await self._call("stop_scan")

    async def connect(
        self, address: str, timeout_s: float, notified: OnNotification, disconnected: OnDisconnect
    ) -> Table:
        """See `Radio`."""
        if address in self._peers:
            raise RadioError("already connected")
        self._peers[address] = notified, disconnected
        try:
            table: Table = await self._call("connect", address, timeout_s)
        except BaseException:
            self._peers.pop(address, None)
            raise
        return table

    async def disconnect(self, address: str) -> None:
        """See `Radio`."""
        await self._call("disconnect", address)

    async def read(self, address: str, handle: int) -> bytes:
        """See `Radio`."""
        value: bytes = await self._call("read", address, handle)
        return value

    async def write(self, address: str, handle: int, data: bytes, response: bool) -> None:
        """See `Radio`."""
        await self._call("write", address, handle, data, response)

    async def subscribe(self, address: str, handle: int, configuration: int, value: int) -> None:
        """See `Radio`."""
        await self._call("subscribe", address, handle, configuration, value)

    async def _call(self, name: str, *args: object) -> Any:
        self._count += 1
        number = self._count
        answer = self._calls[number] = asyncio.get_running_loop().create_future()
        self._messages.send(number, name, args)
        try:
            return await answer
        except asyncio.CancelledError:
            self._messages.send(number, "cancel", ())
            raise
        finally:
            del self._calls[number]

    def _on_message(self, message: tuple[Any, ...]) -> None:
        match message:
            case ("notified", address, handle, value):
                if address in self._peers:
                    self._peers[address][0](handle, value)
            case ("heard", heard):
                for listener in list(self._listeners):
                    listener(heard)
            case ("gone", address):
                if address in self._peers:
                    self._peers.pop(address)[1]()
            case ("answer", number, result, error):
                answer = self._calls.get(number)
                if answer is None or answer.done():
                    return
                if error is None:
                    answer.set_result(result)
                else:
                    answer.set_exception(error)

    def _on_lost(self) -> None:
        for answer in self._calls.values():
            if not answer.done():
                answer.set_exception(NotConnected("the process of the virtual radio has ended"))
        peers, self._peers = self._peers, {}
        for _, disconnected in peers.values():
            disconnected()


class _Server:
    """Answers the calls of a `RemoteWorld`."""

    def __init__(self, scene: Scene) -> None:
        self._world = World(scene)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.ended = asyncio.Event()
        self.messages = _Messages(self._on_message, self.ended.set)

    def _on_message(self, message: tuple[Any, ...]) -> None:
        number, name, args = message
        if name == "cancel":
            if number in self._tasks:
                self._tasks[number].cancel()
            return
        task = self._tasks[number] = asyncio.get_running_loop().create_task(self._answer(number, name, args))
        task.add_done_callback(lambda _: self._tasks.pop(number))

    async def _answer(self, number: int, name: str, args: tuple[Any, ...]) -> None:
        result: object = None
        problem: Exception | None = None
        try:
            result = await self._do(name, args)
        except (RadioError, TimeoutError) as error:
            problem = error
        except Exception as error:
            problem = RadioError(f"{type(error).__name__}: {error}")
        self.messages.send("answer", number, result, problem)

    async def _do(self, name: str, args: tuple[Any, ...]) -> object:
        radio, send = self._world.radio, self.messages.send
        if name in ("start", "stop", "truth", "drop", "knock"):
            return await getattr(self._world, name)(*args)
        if name in ("start_scan", "stop_scan"):
            args = (self._heard,)
        elif name == "connect":
            address = args[0]
            args = (
                *args,
                lambda handle, value: send("notified", address, handle, value),
                lambda: send("gone", address),
            )
        return await getattr(radio, name)(*args)

    def _heard(self, heard: Heard) -> None:
        self.messages.send("heard", heard)


def _serve(end: socket.socket, scene: Scene) -> None:
    async def main() -> None:
        server = _Server(scene)
        await asyncio.get_running_loop().create_connection(lambda: server.messages, sock=end)
        await server.ended.wait()

    # Ctrl-C goes to both processes, but the host may want to stop its sensors first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(main())
