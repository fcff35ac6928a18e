"""Find sensors: what is around, which driver fits, and which one a name or an address means.

Everything that touches the radio takes a `Radio`: it says which bleak backend to use (none means the
operating system's own), which clock stamps arrivals, and holds the one lock around scanning and connecting,
because Bluetooth stacks refuse to do both at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from bleak import BleakAdapter, BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
)

from sensing.devices import Advert, Driver, driver, drivers, matching, sig
from sensing.errors import DeviceUnreachable, SidewiseError, UsageError

SCAN_S: Final = 5.0
"""How long `scan` listens."""

FIND_S: Final = 15.0
"""How long `find` looks for a sensor."""

_SETTLE_S: Final = 1.5
"""How long `find` goes on after a name was heard, because a second sensor may have the same."""

_DENIED: Final = "the system denies the use of Bluetooth; ask its administrator"
_OFF: Final = "Bluetooth is off; turn it on"
_UNAVAILABLE: Final = {
    BleakBluetoothNotAvailableReason.POWERED_OFF: _OFF,
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: "no Bluetooth adapter found; plug one in or turn it on",
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: "the Bluetooth adapter knows no Low Energy; use "
    "another one",
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: "this program may not use Bluetooth; allow it in the "
    "system settings",
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: _DENIED,
}
_NO_SERVICE: Final = (
    "Bluetooth cannot be used: its service does not run; start it, such as with 'systemctl start bluetooth'"
)
_DBUS: Final = {
    "org.bluez.Error.NotReady": _OFF,
    "org.freedesktop.DBus.Error.ServiceUnknown": _NO_SERVICE,
    "org.freedesktop.DBus.Error.NameHasNoOwner": _NO_SERVICE,
    "org.freedesktop.DBus.Error.AccessDenied": _DENIED,
}
_NO_RSSI: Final = -127
"""What bleak tells where BlueZ does not know the signal strength, dBm."""


@dataclass(frozen=True)
class Radio:
    """How to reach the radio.

    Attributes
    ----------
    scanner_backend, client_backend : type or None
        Handed to bleak's ``backend=``; None for the operating system's own.
    clock : callable
        Stamps arrivals, ns; monotonic.
    lock : asyncio.Lock
        Held while scanning and while connecting.
    """

    scanner_backend: type[BaseBleakScanner] | None = None
    client_backend: type[BaseBleakClient] | None = None
    clock: Callable[[], int] = time.perf_counter_ns
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class Found:
    """A sensor, or something else, that advertises.

    Attributes
    ----------
    device : BLEDevice
        What bleak connects to.
    advert : Advert
        What it told.
    drivers : tuple of Driver
        Drivers that recognise it, the preferred one first.
    rssi : int or None
        Signal strength, dBm; None where the system does not tell.
    connected : bool
        The system holds a connection to it, of another program or of one that crashed: it does not advertise.
    """

    device: BLEDevice
    advert: Advert
    drivers: tuple[Driver, ...]
    rssi: int | None = None
    connected: bool = False

    @property
    def name(self) -> str:
        """Advertised name; empty where it has none."""
        return self.advert.name

    @property
    def address(self) -> str:
        """Address; on macOS a UUID that stands for it."""
        return self.device.address

    @property
    def label(self) -> str:
        """What to call it before people."""
        return f"{self.name or 'unnamed'} ({self.address})"

    def answers_to(self, wanted: str) -> bool:
        """Whether ``wanted`` is its address or its name."""
        return wanted.lower() == self.address.lower() or wanted == self.name


@contextmanager
def reaching(what: str) -> Iterator[None]:
    """Turn what Bluetooth stacks raise into one line.

    Raises
    ------
    DeviceUnreachable
        Instead of bleak's and the system's errors.
    UsageError
        The sensor lacks a characteristic that its driver needs.
    """
    try:
        yield
    except SidewiseError:
        raise
    except BleakCharacteristicNotFoundError as error:
        raise UsageError(
            f"{what}: it has no characteristic {error.char_specifier}; another driver fits"
        ) from error
    except BleakBluetoothNotAvailableError as error:
        raise DeviceUnreachable(
            _UNAVAILABLE.get(error.reason, f"Bluetooth cannot be used: {error.args[0]}")
        ) from error
    except BleakDBusError as error:
        raise DeviceUnreachable(_DBUS.get(error.dbus_error, f"{what}: {_one_line(error)}")) from error
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise DeviceUnreachable(_NO_SERVICE) from error
    except TimeoutError as error:
        raise DeviceUnreachable(f"{what}: no answer in time; is it on, near and free?") from error
    except Exception as error:  # every system's stack has errors of its own
        raise DeviceUnreachable(f"{what}: {_one_line(error)}") from error


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


@asynccontextmanager
async def _scanning(radio: Radio, heard: Callable[[Found], None]) -> AsyncIterator[None]:
    """Scan while the body runs."""

    def detected(device: BLEDevice, data: AdvertisementData) -> None:
        heard(_found(device, data))

    async with radio.lock:
        with reaching("Bluetooth cannot be used"):
            scanner = BleakScanner(detected, backend=radio.scanner_backend)
            await scanner.start()
        try:
            for found in await _still_connected(radio):
                heard(found)
            yield
        finally:
            # What was heard is worth more than a tidy end.
            with suppress(DeviceUnreachable), reaching("scanning cannot be stopped"):
                await scanner.stop()


def _found(device: BLEDevice, data: AdvertisementData) -> Found:
    advert = Advert(
        _readable(data.local_name or device.name or ""),
        frozenset(uuid.lower() for uuid in data.service_uuids),
        frozenset(data.manufacturer_data),
    )
    return Found(device, advert, matching(advert), None if data.rssi == _NO_RSSI else data.rssi)


def _readable(name: str) -> str:
    """A name without control characters, with which a sensor could write over the terminal."""
    return "".join(char if char.isprintable() else " " for char in name).strip()


def _merge(seen: dict[str, Found], new: Found) -> None:
    """Keep all that an address told: a name often comes in a scan response of its own."""
    old = seen.get(new.address)
    if old is not None:
        advert = Advert(
            new.name if new.name and new.name != new.address.replace(":", "-") else old.name or new.name,
            old.advert.services | new.advert.services,
            old.advert.companies | new.advert.companies,
        )
        if advert == old.advert:
            new = Found(new.device, advert, old.drivers, new.rssi)
        else:
            new = Found(new.device, advert, matching(advert), new.rssi)
    seen[new.address] = new


async def scan(radio: Radio, duration_s: float = SCAN_S) -> tuple[Found, ...]:
    """All that advertises: sensors with a driver first, then by signal strength.

    Parameters
    ----------
    radio : Radio
        The radio.
    duration_s : float
        How long to listen, s.

    Raises
    ------
    DeviceUnreachable
        No adapter, or Bluetooth is off.
    """
    seen: dict[str, Found] = {}
    async with _scanning(radio, lambda found: _merge(seen, found)):
        await asyncio.sleep(duration_s)
    return tuple(sorted(seen.values(), key=lambda f: (not f.drivers, -(f.rssi or -999), f.address)))


async def find(radio: Radio, wanted: Sequence[str], *, timeout_s: float = FIND_S) -> tuple[Found, ...]:
    """The sensors of these names or addresses, in this order.

    An address ends the search at once; after a name it goes on for a moment, because another sensor may have
    the same.

    Parameters
    ----------
    radio : Radio
        The radio.
    wanted : sequence of str
        Names or addresses.
    timeout_s : float
        How long to look, s.

    Raises
    ------
    DeviceUnreachable
        One was not heard, nor is it still connected; or there is no Bluetooth.
    UsageError
        Two sensors have one of the names, or two of ``wanted`` name the same sensor.
    """
    if len({each.lower() for each in wanted}) < len(wanted):
        raise UsageError(f"{wanted[0]} is named for both sides; name two sensors")
    seen: dict[str, Found] = {}
    changed = asyncio.Event()

    def heard(found: Found) -> None:
        if found.address not in seen or found.name != seen[found.address].name:
            changed.set()
        _merge(seen, found)

    async with _scanning(radio, heard):
        await _until_heard(seen, wanted, changed, timeout_s)
    return _chosen(tuple(seen.values()), wanted)


async def _until_heard(
    seen: dict[str, Found], wanted: Sequence[str], changed: asyncio.Event, timeout_s: float
) -> None:
    by_address = False
    try:
        async with asyncio.timeout(timeout_s):
            while not all(_answering(seen.values(), each) for each in wanted):
                changed.clear()
                await changed.wait()
            by_address = all(each.lower() in {address.lower() for address in seen} for each in wanted)
            if not by_address:
                await asyncio.sleep(_SETTLE_S)
    except TimeoutError:
        pass


async def _still_connected(radio: Radio) -> tuple[Found, ...]:
    """Sensors that the system still holds a connection to: after a crash these do not advertise."""
    if radio.scanner_backend is not None:
        return ()
    services = {service.uuid for each in drivers().values() for service in each.peripheral().services}
    try:
        with reaching("connected sensors cannot be listed"):
            adapter = await BleakAdapter.get()
            devices = await adapter.get_connected_devices([sig(0x1801), *services])
    except DeviceUnreachable:
        return ()
    adverts = [(device, Advert(_readable(device.name or ""))) for device in devices]
    return tuple(Found(device, advert, matching(advert), connected=True) for device, advert in adverts)


def _answering(seen: Iterable[Found], wanted: str) -> list[Found]:
    """Sensors that ``wanted`` may mean: an address means one, whatever others are called."""
    found = [each for each in seen if each.answers_to(wanted)]
    exact = [each for each in found if each.address.lower() == wanted.lower()]
    return exact or found


def _chosen(seen: tuple[Found, ...], wanted: Sequence[str]) -> tuple[Found, ...]:
    missing = [each for each in wanted if not _answering(seen, each)]
    if missing:
        raise DeviceUnreachable(f"{' and '.join(missing)} not found; {_what_was_seen(seen)}")
    for each in wanted:
        found = _answering(seen, each)
        if len(found) > 1:
            addresses = ", ".join(sorted(one.address for one in found))
            raise UsageError(f"{len(found)} sensors are named {each}; give an address instead: {addresses}")
    chosen = tuple(_answering(seen, each)[0] for each in wanted)
    if len({each.address for each in chosen}) < len(chosen):
        raise UsageError(f"{' and '.join(wanted)} are the same sensor, {chosen[0].label}; name two")
    return chosen


def _what_was_seen(seen: tuple[Found, ...]) -> str:
    if not seen:
        return "nothing advertises nearby; wake the sensors and bring them close"
    order = sorted(seen, key=lambda f: (not f.drivers, not f.name, -(f.rssi or -999)))
    labels = [each.label for each in order[:6]]
    more = f" and {len(seen) - 6} more" if len(seen) > 6 else ""
    return f"seen: {', '.join(labels)}{more}"


def choose_driver(found: Found, name: str | None, services: Iterable[str] = ()) -> Driver | None:
    """The driver for a sensor.

    Parameters
    ----------
    found : Found
        The sensor.
    name : str or None
        Driver, or path of a profile, that the user names; it is taken whatever the sensor says.
    services : iterable of str
        Its GATT services, where it is connected: they may tell what the advertisement does not.

    Returns
    -------
    Driver or None
        None where no driver recognises it.

    Raises
    ------
    UsageError
        There is no driver of this name, or its profile is faulty.
    """
    if name is not None:
        return driver(name)
    if found.drivers:
        return found.drivers[0]
    known = matching(Advert(found.name, found.advert.services | frozenset(services), found.advert.companies))
    return known[0] if known else None
