"""Sensors as pure byte codecs and command sequences: the seam that every family implements, and the registry.

Nothing here does I/O. A link that speaks Bluetooth runs it like this, without knowing the family::

    driver = matching(advert)[0]
    facts = {uuid: read(uuid) for uuid in driver.probe}
    plan = driver.plan(100, facts=facts)
    run plan.prepare on both sensors, then plan.start on both     # Subscribe and Write steps, in order
    decoder = driver.decoder(plan)                                # a new one for every connection
    for uuid, payload in notifications:                           # replies to commands included
        for batch in decoder.feed(uuid, payload): ...
    run plan.stop, then disconnect

A virtual sensor takes the other side: `Driver.peripheral` says which services there are and how each command
is answered, and `Driver.encode` turns samples into the notifications a real device would send.

UUIDs are full 128-bit strings in lower case everywhere. Third parties add families through entry points of
the group ``sidewise.devices``, each naming a `Driver` or a sequence of them.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Final, Protocol, runtime_checkable

import numpy as np

from sensing.errors import UsageError
from sensing.recording import FloatArray, IntArray

GROUP: Final = "sidewise.devices"
"""Entry-point group for drivers of third parties."""

NO_FACTS: Final[Mapping[str, bytes]] = MappingProxyType({})


def sig(number: int) -> str:
    """The 128-bit UUID of a 16-bit number assigned by the Bluetooth SIG."""
    return f"{number:08x}-0000-1000-8000-00805f9b34fb"


BATTERY_LEVEL: Final = sig(0x2A19)
"""Standard battery characteristic: one byte, percent."""

MODEL_NUMBER: Final = sig(0x2A24)
"""Standard model number characteristic: text."""


@dataclass(frozen=True)
class Advert:
    """What a sensor tells before anyone connects.

    Attributes
    ----------
    name : str
        Local name; empty where it sends none.
    services : frozenset of str
        Advertised service UUIDs.
    companies : frozenset of int
        Company numbers of the manufacturer data.
    """

    name: str = ""
    services: frozenset[str] = frozenset()
    companies: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Reply:
    """The notification that answers a command, and what its status means.

    Attributes
    ----------
    characteristic : str
        Where it arrives.
    prefix : bytes
        Its first bytes: these identify it.
    success : bytes
        The bytes after ``prefix`` when the device accepts the command.
    meanings : mapping of int to str
        What another first status byte means.
    timeout_s : float
        How long to wait for it.
    required : bool
        False where neither refusal nor silence does harm (such as stopping what does not run).
    """

    characteristic: str
    prefix: bytes
    success: bytes = b""
    meanings: Mapping[int, str] = field(default_factory=dict)
    timeout_s: float = 3.0
    required: bool = True

    def matches(self, characteristic: str, payload: bytes) -> bool:
        """Whether a notification is this reply."""
        return characteristic == self.characteristic and payload.startswith(self.prefix)

    def refusal(self, payload: bytes) -> str | None:
        """Why the device refused, in words; None where it accepted."""
        status = payload[len(self.prefix) :]
        if status.startswith(self.success):
            return None
        if not status:
            return "the reply has no status"
        return self.meanings.get(status[0], f"status 0x{status[0]:02X}")


@dataclass(frozen=True)
class Subscribe:
    """A step: enable notifications (or indications) of a characteristic."""

    characteristic: str


@dataclass(frozen=True)
class Write:
    """A step: write bytes, wait for the reply if there is one, then wait ``delay_s``."""

    characteristic: str
    data: bytes
    response: bool = True
    delay_s: float = 0.0
    reply: Reply | None = None


Step = Subscribe | Write


@dataclass(frozen=True)
class Battery:
    """How to learn the battery level.

    Attributes
    ----------
    characteristic : str
        Read this one; or, where there is a command, watch its notifications after the command.
    decode : callable
        Bytes to percent, or None where these bytes do not say it.
    command : Write or None
        Command that makes the device report its battery; None where a read does.
    """

    characteristic: str
    decode: Callable[[bytes], float | None]
    command: Write | None = None


def percent(payload: bytes) -> float | None:
    """Battery level of a payload whose first byte is a percentage."""
    return float(payload[0]) if payload and payload[0] <= 100 else None


STANDARD_BATTERY: Final = Battery(BATTERY_LEVEL, percent)


@dataclass(frozen=True)
class Plan:
    """Everything to send to one connected sensor, in order, and what its stream is like.

    Attributes
    ----------
    rate_hz : float
        Rate asked for; the true one has to be measured.
    prepare, start, stop : tuple of Step
        Configure and subscribe; let samples flow; end it. Prepare both sensors before either starts.
    mtu_min : int
        Smallest ATT MTU at which samples arrive whole.
    packet_samples : int
        Samples per packet that `Driver.encode` makes; batches to encode are multiples of it.
    acc_range, gyr_range : float or None
        Full scale in m/s2 and deg/s; None where unknown or absent.
    facts : mapping of str to bytes
        What was read from the device to make this plan. Rate and facts reproduce it.
    """

    rate_hz: float
    prepare: tuple[Step, ...]
    start: tuple[Step, ...]
    stop: tuple[Step, ...]
    mtu_min: int = 23
    packet_samples: int = 1
    acc_range: float | None = None
    gyr_range: float | None = None
    facts: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples in order, in the sensor frame.

    Attributes
    ----------
    acc : (n, 3) float array
        Specific force, m/s2.
    gyr : (n, 3) float array or None
        Angular velocity, deg/s; None where the sensor has no gyroscope, NaN rows where a sample is missing.
    device_time_s : (n,) float array or None
        Device clock, unwrapped, strictly increasing over a connection; None where the device has no clock.
    seq : (n,) int array or None
        Sample counter, unwrapped: a step of more than one is that many lost samples. None where none is
        known.
    """

    acc: FloatArray
    gyr: FloatArray | None
    device_time_s: FloatArray | None = None
    seq: IntArray | None = None

    def __len__(self) -> int:
        return int(self.acc.shape[0])


@dataclass(slots=True)
class Counts:
    """What a decoder has made of its input so far.

    Attributes
    ----------
    samples : int
        Samples handed out.
    accepted : int
        Frames that passed their checks, replies to commands included.
    rejected : int
        Notifications, or stretches of a byte stream, that failed them.
    rejected_bytes : int
        Bytes in these.
    """

    samples: int = 0
    accepted: int = 0
    rejected: int = 0
    rejected_bytes: int = 0

    def reject(self, size: int) -> None:
        """Count ``size`` bytes that failed."""
        self.rejected += 1
        self.rejected_bytes += size


class Decoder(Protocol):
    """Notifications to samples: it has state (buffers, unwrapping) but does no I/O and never raises."""

    counts: Counts

    def feed(self, characteristic: str, payload: bytes) -> tuple[Batch, ...]:
        """Take one notification; give the samples that it completes."""
        ...


@dataclass(frozen=True)
class Packet:
    """One notification of a device; ``last`` is the index of the newest sample it holds, -1 for a reply."""

    characteristic: str
    payload: bytes
    last: int = -1


@dataclass(frozen=True)
class Characteristic:
    """A characteristic of a peripheral: ``properties`` as the Bluetooth core names them, in lower case."""

    uuid: str
    properties: tuple[str, ...]


@dataclass(frozen=True)
class Service:
    """A service of a peripheral."""

    uuid: str
    characteristics: tuple[Characteristic, ...]


@dataclass(frozen=True)
class DeviceState:
    """What a virtual device remembers: whether it streams, at which rate, and its values and registers."""

    rate_hz: float
    streaming: bool = False
    values: Mapping[str, bytes] = field(default_factory=dict)

    def with_value(self, key: str, value: bytes) -> Mapping[str, bytes]:
        """The values with one changed."""
        return MappingProxyType({**self.values, key: value})


Answer = tuple[DeviceState, tuple[Packet, ...]]


def ignore_subscription(state: DeviceState, characteristic: str) -> DeviceState:
    """Answer of a device that does not start by being subscribed to."""
    return state


@dataclass(frozen=True)
class Peripheral:
    """A device as a central sees it, for virtual sensors.

    Attributes
    ----------
    advert : Advert
        What it advertises.
    services : tuple of Service
        Its GATT table; characteristics with "read" have their value in ``state.values``.
    state : DeviceState
        After power-on.
    on_write : callable
        (state, characteristic, bytes) to the new state and the notifications that answer.
    on_subscribe : callable
        (state, characteristic) to the new state, when a central enables notifications.
    """

    advert: Advert
    services: tuple[Service, ...]
    state: DeviceState
    on_write: Callable[[DeviceState, str, bytes], Answer]
    on_subscribe: Callable[[DeviceState, str], DeviceState] = ignore_subscription


@runtime_checkable
class Driver(Protocol):
    """One family of sensors.

    Attributes
    ----------
    name : str
        Short name for ``--driver``.
    title : str
        What people call it.
    rates : tuple of float
        Rates that can be asked for, Hz.
    default_rate : float
        The one to take where the user names none.
    device_clock : bool
        Whether samples carry the device's own time.
    unseen_latency_s : float
        Bound on the constant difference between the delays of two such sensors, which no clock can show:
        part of the stated synchronisation error unless a shared movement or hardware synchronisation removes
        it.
    probe : tuple of str
        Characteristics to read after connecting; their values are the ``facts`` for the plan.
    battery : Battery or None
        How to learn the battery level.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def rates(self) -> tuple[float, ...]: ...  # noqa: D102
    @property
    def default_rate(self) -> float: ...  # noqa: D102
    @property
    def device_clock(self) -> bool: ...  # noqa: D102
    @property
    def unseen_latency_s(self) -> float: ...  # noqa: D102
    @property
    def probe(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def battery(self) -> Battery | None: ...  # noqa: D102

    def matches(self, advert: Advert) -> bool:
        """Whether an advertisement is one of this family."""
        ...

    def identify(self, facts: Mapping[str, bytes] = NO_FACTS) -> tuple[Step, ...]:
        """Steps that make its light blink; none where it cannot."""
        ...

    def plan(self, rate_hz: float | None = None, *, facts: Mapping[str, bytes] = NO_FACTS) -> Plan:
        """Steps that configure, start and stop it.

        Raises
        ------
        UsageError
            If the rate is not supported, or a fact that the plan needs is missing.
        """
        ...

    def decoder(self, plan: Plan) -> Decoder:
        """A fresh decoder for one connection that ran ``plan``."""
        ...

    def encode(self, plan: Plan, batch: Batch) -> tuple[Packet, ...]:
        """Notifications that a device which runs ``plan`` sends for these samples.

        Raises
        ------
        ValueError
            If the batch is not a multiple of ``plan.packet_samples`` long, or lacks gyroscope or times.
        """
        ...

    def peripheral(self, name: str | None = None) -> Peripheral:
        """The device as a central sees it."""
        ...


@dataclass(frozen=True)
class Family:
    """What most drivers share: fixed facts as fields, and checks. See `Driver`."""

    name: str
    title: str
    rates: tuple[float, ...]
    default_rate: float
    device_clock: bool
    unseen_latency_s: float
    probe: tuple[str, ...] = ()
    battery: Battery | None = STANDARD_BATTERY
    has_gyr: bool = True

    def identify(self, facts: Mapping[str, bytes] = NO_FACTS) -> tuple[Step, ...]:
        """Steps that make its light blink; none."""
        return ()

    def checked_rate(self, rate_hz: float | None) -> float:
        """The rate to use: the default one for None.

        Raises
        ------
        UsageError
            If it is not one of ``rates``.
        """
        rate = self.default_rate if rate_hz is None else float(rate_hz)
        if rate not in self.rates:
            offered = ", ".join(f"{each:g}" for each in self.rates)
            raise UsageError(f"{self.title} has no rate of {rate:g} Hz; use one of {offered}")
        return rate

    def check_batch(self, plan: Plan, batch: Batch) -> None:
        """Check that a batch can be encoded.

        Raises
        ------
        ValueError
            If its length is wrong, or gyroscope or times that the device sends are missing.
        """
        if len(batch) == 0 or len(batch) % plan.packet_samples:
            raise ValueError(f"{self.name}: {len(batch)} samples are no multiple of {plan.packet_samples}")
        if self.has_gyr and batch.gyr is None:
            raise ValueError(f"{self.name}: gyroscope samples are missing")
        if self.device_clock and batch.device_time_s is None:
            raise ValueError(f"{self.name}: device times are missing")


def gyr_of(batch: Batch) -> FloatArray:
    """The gyroscope samples of a batch, zeros where it has none."""
    return np.zeros_like(batch.acc) if batch.gyr is None else batch.gyr


# In order of preference where an advertisement fits several.
_BUILT_IN: Final = (
    "sensing.devices.witmotion",
    "sensing.devices.polar",
    "sensing.devices.movesense",
    "sensing.devices.dot",
    "sensing.devices.metamotion",
    "sensing.devices.profile",
)


@cache
def drivers() -> Mapping[str, Driver]:
    """All drivers by name: the built-in ones, the shipped profiles, and those of installed plug-ins."""
    found: dict[str, Driver] = {}
    for module in _BUILT_IN:
        for each in import_module(module).DRIVERS:
            found[each.name] = each
    for point in entry_points(group=GROUP):
        for each in _plugin(point.name, point.load):
            if each.name in found:
                warnings.warn(f"device plug-in {point.name!r}: {each.name!r} is taken; ignored", stacklevel=2)
            else:
                found[each.name] = each
    return MappingProxyType(found)


def _plugin(name: str, load: Callable[[], object]) -> Iterable[Driver]:
    """Drivers of one entry point; none, with a warning, where it is broken."""
    try:
        loaded = load()
    except Exception as error:  # a broken plug-in must not take the built-in drivers with it
        warnings.warn(f"device plug-in {name!r} cannot be loaded: {error}", stacklevel=3)
        return ()
    offered = tuple(loaded) if isinstance(loaded, Iterable) else (loaded,)
    good = tuple(each for each in offered if isinstance(each, Driver))
    if len(good) < len(offered) or not good:
        warnings.warn(f"device plug-in {name!r} offers something that is no driver; ignored", stacklevel=3)
    return good


def driver(name: str) -> Driver:
    """The driver of this name, or of the profile at this path (ending in ``.toml``).

    Raises
    ------
    UsageError
        If there is none, or the profile is faulty.
    """
    if name.endswith(".toml"):
        from sensing.devices.profile import load_profile

        return load_profile(name)
    known = drivers()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = (
            f"did you mean {close[0]}?" if close else f"use one of {', '.join(known)}, or a profile (.toml)"
        )
        raise UsageError(f"there is no driver {name!r}; {hint}")
    return known[name]


def matching(advert: Advert) -> tuple[Driver, ...]:
    """Drivers that recognise an advertisement, the preferred one first."""
    return tuple(each for each in drivers().values() if each.matches(advert))
