"""A BlueZ of one's own: the D-Bus objects of the system's Bluetooth service, on a private bus.

Whoever finds the bus at ``DBUS_SYSTEM_BUS_ADDRESS`` talks to it as to the real one. The sensors behind it
obey the commands of their family and send its frames, in real time.
"""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from sensing.devices import Batch, DeviceState, driver, sig
from sensing.recording import Side
from sensing.simulate import Simulation
from sensing.virtual.movement import Movement

ADAPTER = "/org/bluez/hci0"
_OBJECTS = "org.freedesktop.DBus.ObjectManager"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_SIGNATURES = {
    "s": ("Address", "Alias", "Name", "UUID"),
    "o": ("Adapter", "Device", "Service"),
    "b": ("Connected", "ServicesResolved", "Paired", "Primary", "Notifying", "Powered"),
    "as": ("UUIDs", "Flags", "Roles"),
    "n": ("RSSI",),
    "ay": ("Value",),
    "a{qv}": ("ManufacturerData",),
}
_SIGNATURE_OF = {name: signature for signature, names in _SIGNATURES.items() for name in names}

Objects = dict[str, dict[str, dict[str, Any]]]


@dataclass
class Peripheral:
    """One sensor as BlueZ knows it.

    Attributes
    ----------
    family : str
        Driver that it speaks like.
    address : str
        Address.
    name : str or None
        What it advertises; None is the family's own, an empty text is no name at all.
    side : Side
        Limb that wears it.
    rssi : int or None
        Signal strength; None where BlueZ tells none.
    bare : bool
        It advertises a name and nothing else: neither services nor a maker.
    connected : bool
        A program that crashed has left it connected: it does not advertise.
    refuses : str
        D-Bus error with which it answers attempts to connect.
    hangs : bool
        Attempts to connect are never answered.
    silent : bool
        It obeys but sends no samples.
    battery : bool
        It has the standard battery service.
    """

    family: str
    address: str
    name: str | None = None
    side: Side = Side.LEFT
    rssi: int | None = -60
    bare: bool = False
    connected: bool = False
    refuses: str = ""
    hangs: bool = False
    silent: bool = False
    battery: bool = True
    writes: list[bytes] = field(default_factory=list)
    _subscribed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.driver = driver(self.family)
        self.gatt = self.driver.peripheral()
        self.state: DeviceState = self.gatt.state

    @property
    def path(self) -> str:
        return f"{ADAPTER}/dev_{self.address.replace(':', '_')}"

    def device(self) -> dict[str, Any]:
        """Properties of its Device1."""
        name = self.gatt.advert.name if self.name is None else self.name
        services = [sig(0x1801), *(service.uuid for service in self.gatt.services)]
        told: dict[str, Any] = {
            "Address": self.address,
            "Alias": name or self.address.replace(":", "-"),
            "Adapter": ADAPTER,
            "UUIDs": services if self.connected else [] if self.bare else sorted(self.gatt.advert.services),
            "Connected": self.connected,
            "ServicesResolved": self.connected,
            "Paired": False,
        }
        if name:
            told["Name"] = name
        if self.rssi is not None and not self.connected:
            told["RSSI"] = self.rssi
        if self.gatt.advert.companies and not self.bare:
            told["ManufacturerData"] = {k: Variant("ay", b"\1") for k in self.gatt.advert.companies}
        return told

    def objects(self) -> Objects:
        """Its GATT objects."""
        made: Objects = {}
        for s, service in enumerate(self.gatt.services):
            if not self.battery and service.uuid == sig(0x180F):
                continue
            at = f"{self.path}/service{16 * (s + 1):04x}"
            made[at] = {
                "org.bluez.GattService1": {"UUID": service.uuid, "Device": self.path, "Primary": True}
            }
            for c, each in enumerate(service.characteristics):
                made[f"{at}/char{16 * (s + 1) + c + 1:04x}"] = {
                    "org.bluez.GattCharacteristic1": {
                        "UUID": each.uuid,
                        "Service": at,
                        "Value": b"",
                        "Notifying": False,
                        "Flags": list(each.properties),
                    }
                }
        return made


class BlueZ:
    """The service.

    Parameters
    ----------
    bus_address : str
        Bus to be on.
    peripherals : list of Peripheral
        What is near.
    adapter : str
        ``on``, ``off``, ``none``, or ``not ready``: it says that it is on, but is not.
    """

    def __init__(self, bus_address: str, peripherals: Iterable[Peripheral], adapter: str = "on") -> None:
        self.peripherals = list(peripherals)
        self._bus_address = bus_address
        self._state = adapter
        self._objects: Objects = {}
        self._movement = Movement(Simulation(exercise="squat"))
        self._streams: dict[str, asyncio.Task[None]] = {}
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def drop(self, each: Peripheral) -> None:
        """Lose the connection to a sensor."""
        self._loop.call_soon_threadsafe(self._disconnect, each)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._bus = await MessageBus(self._bus_address).connect()
        if self._state != "none":
            powered = self._state != "off"
            adapter = {"Address": "00:00:00:00:00:01", "Powered": powered, "Roles": ["central"]}
            self._objects[ADAPTER] = {"org.bluez.Adapter1": adapter}
        for each in self.peripherals:
            if each.connected:
                self._objects |= {each.path: {"org.bluez.Device1": each.device()}, **each.objects()}
        self._bus.add_message_handler(self._handle)
        await self._bus.request_name("org.bluez")
        self._ready.set()
        await self._over.wait()
        for stream in self._streams.values():
            stream.cancel()
        self._bus.disconnect()

    def _handle(self, message: Message) -> Message | bool:
        if message.message_type is not MessageType.METHOD_CALL or message.path is None:
            return False
        if message.member == "GetManagedObjects":
            told = {path: {i: _variants(p) for i, p in each.items()} for path, each in self._objects.items()}
            return Message.new_method_return(message, "a{oa{sa{sv}}}", [told])
        if message.interface == "org.bluez.Adapter1":
            return self._adapter(message)
        owner = next((each for each in self.peripherals if message.path.startswith(each.path)), None)
        if owner is None:
            return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownObject", "no such object")
        if message.interface == "org.bluez.Device1":
            return self._device(message, owner)
        if message.interface == "org.bluez.GattCharacteristic1":
            return self._characteristic(message, owner)
        return False

    def _adapter(self, message: Message) -> Message:
        if self._state != "on":
            return Message.new_error(message, "org.bluez.Error.NotReady", "Resource Not Ready")
        if message.member == "StartDiscovery":
            for each in self.peripherals:
                if not each.connected:
                    self._loop.call_later(0.05, self._advertise, each)
        return Message.new_method_return(message)

    def _advertise(self, each: Peripheral) -> None:
        if not each.connected:
            self._add({each.path: {"org.bluez.Device1": each.device()}})

    def _device(self, message: Message, each: Peripheral) -> Message | bool:
        if message.member == "Connect":
            if each.hangs:
                return True
            if each.refuses:
                return Message.new_error(message, each.refuses, "le-connection-abort-by-local\nand more")
            each.connected = True
            self._change(each.path, "org.bluez.Device1", Connected=True)
            self._add(each.objects())
            services = [service.uuid for service in each.gatt.services]
            self._change(each.path, "org.bluez.Device1", UUIDs=services, ServicesResolved=True)
        elif message.member == "Disconnect":
            self._disconnect(each)
        return Message.new_method_return(message)

    def _disconnect(self, each: Peripheral) -> None:
        each.connected = False
        each._subscribed.clear()
        self._become(each, each.gatt.state)
        self._change(each.path, "org.bluez.Device1", Connected=False, ServicesResolved=False)

    def _characteristic(self, message: Message, each: Peripheral) -> Message:
        own = self._objects[message.path]["org.bluez.GattCharacteristic1"]
        uuid = own["UUID"]
        if message.member == "ReadValue":
            return Message.new_method_return(message, "ay", [each.state.values.get(uuid, b"")])
        if message.member == "StartNotify":
            each._subscribed.add(uuid)
            self._become(each, each.gatt.on_subscribe(each.state, uuid))
        elif message.member == "StopNotify":
            each._subscribed.discard(uuid)
        elif message.member == "WriteValue":
            data, options = bytes(message.body[0]), message.body[1]
            wanted = "write" if options["type"].value == "request" else "write-without-response"
            if wanted not in own["Flags"]:
                return Message.new_error(message, "org.bluez.Error.NotPermitted", "Write not permitted")
            each.writes.append(data)
            state, answers = each.gatt.on_write(each.state, uuid, data)
            for answer in answers:
                self._loop.call_soon(self._notify, each, answer.characteristic, answer.payload)
            self._become(each, state)
        return Message.new_method_return(message)

    def _become(self, each: Peripheral, state: DeviceState) -> None:
        before, each.state = each.state, state
        if (before.streaming, before.rate_hz) == (state.streaming, state.rate_hz):
            return
        if stream := self._streams.pop(each.address, None):
            stream.cancel()
        if state.streaming and not each.silent:
            self._streams[each.address] = self._loop.create_task(self._stream(each))

    async def _stream(self, each: Peripheral) -> None:
        plan = each.driver.plan(
            each.state.rate_hz, facts={uuid: each.state.values[uuid] for uuid in each.driver.probe}
        )
        began, taken, rng = self._loop.time(), 0, np.random.default_rng(1)
        while True:
            index = taken + np.arange(plan.packet_samples)
            taken += plan.packet_samples
            time_s = index / plan.rate_hz
            await asyncio.sleep(began + time_s[-1] - self._loop.time())
            acc, gyr = self._movement.felt(each.side, time_s, plan, rng)
            for packet in each.driver.encode(plan, Batch(acc, gyr, 100 + time_s, index)):
                self._notify(each, packet.characteristic, packet.payload)

    def _notify(self, each: Peripheral, uuid: str, payload: bytes) -> None:
        if uuid in each._subscribed:
            for path in each.objects():
                own = self._objects[path].get("org.bluez.GattCharacteristic1")
                if own and own["UUID"] == uuid:
                    self._change(path, "org.bluez.GattCharacteristic1", Value=payload)

    def _add(self, objects: Objects) -> None:
        self._objects |= objects
        for path, interfaces in objects.items():
            told = {name: _variants(properties) for name, properties in interfaces.items()}
            self._send("/", _OBJECTS, "InterfacesAdded", "oa{sa{sv}}", [path, told])

    def _change(self, path: str, interface: str, **changed: Any) -> None:
        if path in self._objects:
            self._objects[path][interface] |= changed
            body = [interface, _variants(changed), []]
            self._send(path, _PROPERTIES, "PropertiesChanged", "sa{sv}as", body)

    def _send(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        with suppress(ConnectionError):
            self._bus.send(Message.new_signal(path, interface, member, signature, body))


def _variants(properties: dict[str, Any]) -> dict[str, Variant]:
    return {name: Variant(_SIGNATURE_OF[name], value) for name, value in properties.items()}


@contextmanager
def private_bus(folder: Path) -> Iterator[str]:
    """Address of a D-Bus daemon of one's own."""
    config = folder / "bus.conf"
    config.write_text(
        f"<busconfig><type>system</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>"
        '<policy context="default"><allow send_destination="*"/><allow own="*"/><allow eavesdrop="true"/>'
        "</policy></busconfig>"
    )
    command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        try:
            yield daemon.stdout.readline().strip()
        finally:
            daemon.terminate()
