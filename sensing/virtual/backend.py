"""bleak's backend classes on top of a radio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar

from bleak.args import SizedBuffer
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakError,
    BleakGATTProtocolError,
)

from sensing.virtual.central import (
    FoundCharacteristic,
    Heard,
    NotConnected,
    Radio,
    RadioError,
    Refused,
    Table,
)

_T = TypeVar("_T")


def backends(radio: Radio | None) -> tuple[type[BaseBleakScanner], type[BaseBleakClient]]:
    """Scanner and client classes bound to a radio, for bleak's ``backend=``; None is no adapter at all."""
    scanner = type("VirtualScanner", (VirtualScanner,), {"radio": radio})
    client = type("VirtualClient", (VirtualClient,), {"radio": radio})
    return scanner, client


def _adapter(radio: Radio | None) -> Radio:
    if radio is None:
        raise BleakBluetoothNotAvailableError(
            "No Bluetooth adapters found.", BleakBluetoothNotAvailableReason.NO_BLUETOOTH
        )
    return radio


class VirtualScanner(BaseBleakScanner):
    """Scanner backend."""

    radio: ClassVar[Radio | None] = None

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        """Start scanning."""
        self.seen_devices = {}
        await _adapter(self.radio).start_scan(self._heard)

    async def stop(self) -> None:
        """Stop scanning."""
        await _adapter(self.radio).stop_scan(self._heard)

    def _heard(self, heard: Heard) -> None:
        services = list(heard.services)
        if not self.is_allowed_uuid(services):
            return
        advertisement = AdvertisementData(
            heard.name, heard.manufacturer_data, {}, services, None, heard.rssi, ()
        )
        device = self.create_or_update_device(heard.address, heard.address, heard.name, None, advertisement)
        self.call_detection_callbacks(device, advertisement)


class VirtualClient(BaseBleakClient):
    """Client backend."""

    radio: ClassVar[Radio | None] = None

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout, **kwargs
        )
        known = address_or_ble_device.name if isinstance(address_or_ble_device, BLEDevice) else None
        self._name = known or self.address.replace(":", "-")
        self._mtu = 23
        self._connected = False
        self._callbacks: dict[int, NotifyCallback] = {}

    @property
    def name(self) -> str:
        """Advertised name."""
        return self._name

    @property
    def mtu_size(self) -> int:
        """ATT MTU agreed on."""
        return self._mtu

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        return self._connected

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        """Connect and discover the services."""
        if self._connected:
            raise BleakError("Client is already connected")
        timeout_s = float(kwargs.get("timeout", self._timeout))
        table = await _plainly(
            _adapter(self.radio).connect(self.address, timeout_s, self._notified, self._disconnected)
        )
        self._connected, self._mtu = True, table.mtu
        self.services = self._collection(table)

    async def disconnect(self) -> None:
        """Disconnect; nothing where there is no connection."""
        if self._connected:
            await _plainly(_adapter(self.radio).disconnect(self.address))

    async def pair(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: virtual sensors do not pair."""
        raise NotImplementedError("virtual sensors do not pair")

    async def unpair(self) -> None:
        """Refuse: virtual sensors do not pair."""
        raise NotImplementedError("virtual sensors do not pair")

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        """Read a characteristic."""
        return await self._read(characteristic.handle)

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        """Read a descriptor."""
        return await self._read(descriptor.handle)

    async def _read(self, handle: int) -> bytearray:
        return bytearray(await _plainly(self._radio().read(self.address, handle)))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        """Write a characteristic."""
        await _plainly(self._radio().write(self.address, characteristic.handle, bytes(data), response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Write a descriptor."""
        await _plainly(self._radio().write(self.address, descriptor.handle, bytes(data), True))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **kwargs: Any
    ) -> None:
        """Subscribe: to notifications, or to indications where there are no notifications."""
        found: FoundCharacteristic = characteristic.obj
        if not found.configuration:
            raise BleakError(f"characteristic {characteristic.uuid} does not support notifications")
        if characteristic.handle in self._callbacks:
            raise BleakError("Characteristic notifications already started")
        self._callbacks[characteristic.handle] = callback
        value = 1 if "notify" in found.properties else 2
        await _plainly(self._radio().subscribe(self.address, found.handle, found.configuration, value))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe."""
        found: FoundCharacteristic = characteristic.obj
        await _plainly(self._radio().subscribe(self.address, found.handle, found.configuration, 0))
        self._callbacks.pop(characteristic.handle, None)

    def _radio(self) -> Radio:
        if not self._connected:
            raise BleakError("Not connected")
        return _adapter(self.radio)

    def _notified(self, handle: int, value: bytes) -> None:
        callback = self._callbacks.get(handle)
        if callback is not None:
            callback(bytearray(value))

    def _disconnected(self) -> None:
        was, self._connected = self._connected, False
        self._callbacks.clear()
        self.services = None
        if was and self._disconnected_callback is not None:
            self._disconnected_callback()

    def _collection(self, table: Table) -> BleakGATTServiceCollection:
        collection = BleakGATTServiceCollection()
        for service in table.services:
            made = BleakGATTService(service, service.handle, service.uuid)
            collection.add_service(made)
            for each in service.characteristics:
                characteristic = BleakGATTCharacteristic(
                    each,
                    each.handle,
                    each.uuid,
                    list(each.properties),  # type: ignore[arg-type]
                    lambda: self._mtu - 3,
                    made,
                )
                collection.add_characteristic(characteristic)
                for uuid, handle in each.descriptors:
                    collection.add_descriptor(BleakGATTDescriptor(None, handle, uuid, characteristic))
        return collection


async def _plainly(operation: Awaitable[_T]) -> _T:
    """The operation's result, its errors as bleak's."""
    try:
        return await operation
    except Refused as error:
        raise BleakGATTProtocolError(error.code) from error
    except NotConnected as error:
        raise BleakError("Not connected") from error
    except RadioError as error:
        raise BleakError(str(error)) from error
