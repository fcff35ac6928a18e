"""The host's Bluetooth adapter: a Bumble central, as plain calls that can also cross a pipe."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from bumble import att, core, hci
from bumble.device import Advertisement, Connection
from bumble.gatt import GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR as CONFIGURATION
from bumble.gatt_client import Client

from sensing.virtual.air import Air
from sensing.virtual.sensor import bumble_device

_ADDRESS: Final = "F0:5E:4D:00:00:00"
_MTU: Final = 517
_RSSI_SD: Final = 2.0
_PROPERTIES: Final = {
    "read": 0x02,
    "write-without-response": 0x04,
    "write": 0x08,
    "notify": 0x10,
    "indicate": 0x20,
}
_T = TypeVar("_T")


class RadioError(Exception):
    """An operation of the radio failed."""


class NotConnected(RadioError):
    """There is no connection, or it ended during the operation."""


class Busy(RadioError):
    """Another connection is being made."""


class Refused(RadioError):
    """The sensor answered with an error.

    Attributes
    ----------
    code : int
        ATT error code.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Heard:
    """One advertisement."""

    address: str
    name: str | None
    rssi: int
    services: tuple[str, ...]
    manufacturer_data: dict[int, bytes]


@dataclass(frozen=True)
class FoundCharacteristic:
    """A characteristic as discovered; ``configuration`` is its subscription's descriptor, 0 for none."""

    uuid: str
    handle: int
    properties: tuple[str, ...]
    configuration: int
    descriptors: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class FoundService:
    """A service as discovered."""

    uuid: str
    handle: int
    characteristics: tuple[FoundCharacteristic, ...]


@dataclass(frozen=True)
class Table:
    """What a connection starts with."""

    mtu: int
    services: tuple[FoundService, ...]


OnHeard = Callable[[Heard], None]
OnNotification = Callable[[int, bytes], None]
OnDisconnect = Callable[[], None]


class Radio(Protocol):
    """What the bleak backends need; all addresses are those of sensors."""

    async def start_scan(self, heard: OnHeard) -> None:
        """Call ``heard`` for every advertisement from now on."""

    async def stop_scan(self, heard: OnHeard) -> None:
        """Stop calling it."""

    async def connect(
        self, address: str, timeout_s: float, notified: OnNotification, disconnected: OnDisconnect
    ) -> Table:
        """Connect and discover; raises `TimeoutError`, `Busy` or `NotConnected`."""

    async def disconnect(self, address: str) -> None:
        """End a connection."""

    async def read(self, address: str, handle: int) -> bytes:
        """Read an attribute; raises `NotConnected` or `Refused`, as do the others."""

    async def write(self, address: str, handle: int, data: bytes, response: bool) -> None:
        """Write an attribute."""

    async def subscribe(self, address: str, handle: int, configuration: int, value: int) -> None:
        """Set a characteristic's subscription: 0 none, 1 notifications, 2 indications."""


@dataclass(slots=True, eq=False)
class _Peer:
    connection: Connection
    client: Client
    notified: OnNotification
    disconnected: OnDisconnect


class Central:
    """A Bumble central. See `Radio`.

    Parameters
    ----------
    seed : int
        For the flutter of the signal strength.
    """

    def __init__(self, seed: int) -> None:
        self.air: Final = Air(self._on_notification)
        self._device, self._controller = bumble_device("host", _address(_ADDRESS), self.air)
        self.air.central = self._controller
        self._rng = random.Random(seed)
        self._listeners: list[OnHeard] = []
        self._peers: dict[str, _Peer] = {}
        self._connecting: str | None = None
        self._tasks: set[asyncio.Future[Any]] = set()

    async def start(self) -> None:
        """Switch on."""
        self._device.on(self._device.EVENT_ADVERTISEMENT, self._on_advertisement)
        self._device.on(self._device.EVENT_CONNECTION, self._on_connection)
        await self._device.power_on()

    async def stop(self) -> None:
        """Switch off."""
        if self._listeners:
            self._listeners.clear()
            await self._device.stop_scanning()
        for address in list(self._peers):
            await self.disconnect(address)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def start_scan(self, heard: OnHeard) -> None:
        """See `Radio`."""
        self._listeners.append(heard)
        if len(self._listeners) == 1:
            await self._device.start_scanning()

    async def stop_scan(self, heard: OnHeard) -> None:
        """See `Radio`."""
        if heard in self._listeners:
            self._listeners.remove(heard)
            if not self._listeners:
                await self._device.stop_scanning()

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        address = advertisement.address
        data = core.AdvertisingData
        kind = data.Type
        services: list[core.UUID] = []
        for each in (
            kind.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
            kind.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
        ):
            services += advertisement.data.get(each) or []
        # Bumble's link has no distance: its own signal strength is a constant.
        rssi = self.air.channel(address).link.rssi + self._rng.gauss(0, _RSSI_SD)
        heard = Heard(
            address.to_string(False),
            advertisement.data.get(kind.COMPLETE_LOCAL_NAME),
            round(rssi),
            tuple(_text(uuid) for uuid in services),
            dict(advertisement.data.get_all(kind.MANUFACTURER_SPECIFIC_DATA)),
        )
        for listener in list(self._listeners):
            listener(heard)

    async def connect(
        self, address: str, timeout_s: float, notified: OnNotification, disconnected: OnDisconnect
    ) -> Table:
        """See `Radio`."""
        if self._connecting is not None:
            raise Busy("operation already in progress")
        if address in self._peers:
            raise RadioError("already connected")
        self._connecting = address
        making = self._keep(self._device.connect(_address(address), timeout=None))
        try:
            async with asyncio.timeout(timeout_s):
                connection = await asyncio.shield(making)
        except BaseException as error:
            await self._give_up(making, address)
            if isinstance(error, TimeoutError):
                raise TimeoutError(f"no answer from {address} in {timeout_s:g} s") from error
            raise
        finally:
            self._connecting = None
        client = connection.gatt_client
        self._peers[address] = _Peer(connection, client, notified, disconnected)
        connection.on(connection.EVENT_DISCONNECTION, lambda reason: self._on_disconnection(address))
        try:
            return await self._alive(address, self._discover(client))
        except BaseException:
            await self.disconnect(address)
            raise

    async def _give_up(self, making: asyncio.Future[Connection], address: str) -> None:
        self._connecting = ""
        # Bumble may be interrupted while it waits for the sensor, but not while it talks to its controller,
        # and its controller does not know the command to give up.
        while not (making.done() or self._device.is_le_connecting):
            await asyncio.sleep(0)
        self._controller.pending_le_connection = None
        making.cancel()
        await asyncio.wait([making])
        stray = self._device.find_connection_by_bd_addr(_address(address))
        if stray is not None:
            await asyncio.wait([self._keep(stray.disconnect())])

    async def _discover(self, client: Client) -> Table:
        mtu = await client.request_mtu(_MTU)
        services = []
        for service in await client.discover_services():
            found = []
            for each in await client.discover_characteristics((), service):
                descriptors = await client.discover_descriptors(each)
                configuration = [d.handle for d in descriptors if d.type == CONFIGURATION]
                found.append(
                    FoundCharacteristic(
                        _text(each.uuid),
                        each.handle,
                        tuple(name for name, bit in _PROPERTIES.items() if each.properties & bit),
                        configuration[0] if configuration else 0,
                        tuple((_text(d.type), d.handle) for d in descriptors),
                    )
                )
                client.indication_subscribers[each.handle] = {_Indicated(self, client, each.handle)}
            services.append(FoundService(_text(service.uuid), service.handle, tuple(found)))
        return Table(mtu, tuple(services))

    async def disconnect(self, address: str) -> None:
        """See `Radio`."""
        peer = self._peers.get(address)
        if peer is not None:
            await self._device.disconnect(peer.connection, hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR)

    async def read(self, address: str, handle: int) -> bytes:
        """See `Radio`."""
        return bytes(await self._alive(address, self._client(address).read_value(handle)))

    async def write(self, address: str, handle: int, data: bytes, response: bool) -> None:
        """See `Radio`."""
        await self._alive(address, self._client(address).write_value(handle, data, with_response=response))

    async def subscribe(self, address: str, handle: int, configuration: int, value: int) -> None:
        """See `Radio`."""
        await self.write(address, configuration, value.to_bytes(2, "little"), response=True)

    def _client(self, address: str) -> Client:
        if address not in self._peers:
            raise NotConnected("not connected")
        return self._peers[address].client

    async def _alive(self, address: str, operation: Awaitable[_T]) -> _T:
        """The operation's result; an error in plain words where it fails."""
        try:
            # An answer to a request that was given up must not be taken for the next one's.
            return await asyncio.shield(self._keep(operation))
        except att.ATT_Error as error:
            raise Refused(int(error.error_code)) from error
        except asyncio.CancelledError:
            # Bumble cancels what waits for an answer when the connection ends.
            task = asyncio.current_task()
            if address in self._peers or (task is not None and task.cancelling()):
                raise
            raise NotConnected("the connection ended") from None
        except core.BaseBumbleError as error:
            if address in self._peers:
                raise RadioError(str(error)) from error
            raise NotConnected("the connection ended") from error

    def _on_connection(self, connection: Connection) -> None:
        """End a connection that came when nobody wanted it any longer."""
        if connection.peer_address.to_string(False) != self._connecting:
            self._keep(connection.disconnect())

    def _keep(self, work: Awaitable[_T]) -> asyncio.Future[_T]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Future[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    def _on_disconnection(self, address: str) -> None:
        peer = self._peers.pop(address, None)
        if peer is not None:
            peer.disconnected()

    def _on_notification(self, address: str, handle: int, value: bytes) -> None:
        peer = self._peers.get(address)
        if peer is not None:
            peer.notified(handle, value)

    def on_indication(self, client: Client, handle: int, value: bytes) -> None:
        """Hand on an indication."""
        for peer in self._peers.values():
            if peer.client is client:
                peer.notified(handle, value)


@dataclass(frozen=True, eq=False)
class _Indicated:
    central: Central
    client: Client
    handle: int

    def __call__(self, value: bytes) -> None:
        self.central.on_indication(self.client, self.handle, value)


def _address(text: str) -> hci.Address:
    return hci.Address(text, hci.Address.RANDOM_DEVICE_ADDRESS)


def _text(uuid: core.UUID) -> str:
    return str(UUID(bytes=uuid.to_bytes(force_128=True)[::-1]))
