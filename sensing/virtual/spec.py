"""What a virtual radio has on it: sensors, their clocks and links, and the movement that they feel."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from sensing.devices import Driver, driver, drivers
from sensing.errors import UsageError
from sensing.recording import Interval, Side
from sensing.simulate.params import Simulation

PREFIX: Final = "virtual:"
DEFAULT_EXERCISE: Final = "squat"
_ADDRESSES: Final = {Side.LEFT: "D0:5E:4D:00:00:01", Side.RIGHT: "D0:5E:4D:00:00:02"}


@dataclass(frozen=True)
class Link:
    """The radio link between one sensor and the host.

    A packet leaves at the first connection event after it is ready. It is lost on air with probability
    ``retransmit`` and then goes out an interval later, as often as needed, with those behind it waiting.

    Attributes
    ----------
    interval_s : float
        Connection interval on the host's clock.
    packets_per_event : int
        Most packets that one connection event carries.
    retransmit : float
        Chance that a packet needs another event.
    latency_s : float
        Least delay from a connection event to the callback.
    jitter_s : float
        Mean of the exponential delay on top.
    spacing_s : float
        Least time between two packets.
    drops : tuple of (start_s, length_s)
        When nothing gets through, in seconds since the radio was switched on.
    supervision_s : float
        Silence after which both ends take the link for lost; a shorter drop only delays, until the sensor's
        buffer is full.
    buffer : int
        Packets that wait in the sensor before it throws new ones away.
    mtu : int
        Largest ATT MTU that the sensor agrees to.
    rssi : int
        Signal strength, dBm.
    """

    interval_s: float = 0.015
    packets_per_event: int = 6
    retransmit: float = 0.02
    latency_s: float = 0.002
    jitter_s: float = 0.0005
    spacing_s: float = 0.0006
    drops: tuple[Interval, ...] = ()
    supervision_s: float = 4.0
    buffer: int = 32
    mtu: int = 247
    rssi: int = -60

    def __post_init__(self) -> None:
        rules = (
            ("interval_s", self.interval_s, 1e-4, 4.0),
            ("packets_per_event", self.packets_per_event, 1, 100),
            ("retransmit", self.retransmit, 0, 0.99),
            ("latency_s", self.latency_s, 0, 10),
            ("jitter_s", self.jitter_s, 0, 10),
            ("spacing_s", self.spacing_s, 0, 1),
            ("supervision_s", self.supervision_s, 0.1, float("inf")),
            ("buffer", self.buffer, 1, 1_000_000),
            ("mtu", self.mtu, 23, 517),
        )
        problems = [
            f"{name} must be {low:g} to {high:g}, not {value:g}"
            for name, value, low, high in rules
            if not low <= value <= high
        ]
        if problems:
            raise UsageError("virtual link: " + "; ".join(problems))


@dataclass(frozen=True)
class Sensor:
    """One virtual sensor.

    Attributes
    ----------
    driver : Driver
        Family that it speaks like.
    side : Side
        Limb that wears it.
    link : Link
        Its radio link.
    clock_offset_s : float
        Device time when the radio is switched on.
    drift_ppm : float
        How fast its clock runs, and with it its sampling.
    battery : int or None
        Percent, where the family's battery is a value to read; None keeps the family's own.
    name, address : str or None
        What it advertises; None takes what the real device has.
    """

    driver: Driver
    side: Side
    link: Link = field(default_factory=Link)
    clock_offset_s: float = 100.0
    drift_ppm: float = 0.0
    battery: int | None = None
    name: str | None = None
    address: str | None = None

    def __getstate__(self) -> dict[str, object]:
        # Drivers may hold functions: to another process they go by name.
        return {**self.__dict__, "driver": self.driver.name}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, driver=driver(state["driver"]))

    @property
    def radio_address(self) -> str:
        """Its Bluetooth address."""
        return self.address or _ADDRESSES[self.side]

    @property
    def radio_name(self) -> str:
        """What it advertises; where the family puts a serial number into the name, each side has its own."""
        if self.name is not None:
            return self.name
        name = self.driver.peripheral().advert.name
        last = "1" if self.side is Side.LEFT else "2"
        return re.sub(r"(?<= )([0-9A-F]{7,})[0-9A-F]$", rf"\g<1>{last}", name)


@dataclass(frozen=True)
class Scene:
    """Sensors in the air and the movement they feel.

    Attributes
    ----------
    sensors : tuple of Sensor
        Any number, each with its own address.
    movement : Simulation
        What both limbs do, from the moment when the radio is switched on; it starts again when over. Its
        clocks, rates and radio are not used.
    knocks_s : tuple of float
        When all sensors are knocked together, in seconds since the radio was switched on.
    adapter : bool
        False is a computer without Bluetooth.
    seed : int
        Decides what the radio does at random.
    """

    sensors: tuple[Sensor, ...]
    movement: Simulation = field(default_factory=Simulation)
    knocks_s: tuple[float, ...] = ()
    adapter: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        addresses = [sensor.radio_address for sensor in self.sensors]
        if len(set(addresses)) < len(addresses):
            raise UsageError("virtual radio: two sensors have the same address; give each its own")


def parse_virtual(text: str) -> tuple[Driver, Driver, str]:
    """Left driver, right driver and exercise of ``virtual:LEFT,RIGHT[@EXERCISE]``.

    Parameters
    ----------
    text : str
        Such as ``virtual:witmotion,witmotion`` or ``virtual:dot,dot@tennis``; the prefix may be missing. A
        driver may also be the path of a profile.

    Returns
    -------
    tuple of Driver, Driver, str

    Raises
    ------
    UsageError
        If it is not of this form, or names an unknown driver or exercise; says which there are.
    """
    from sensing.simulate.exercises import find_exercise

    names, _, exercise = text.removeprefix(PREFIX).partition("@")
    parts = [part.strip() for part in names.split(",")]
    if len(parts) != 2 or not all(parts):
        raise UsageError(
            f"virtual source {text!r} is not understood; write {PREFIX}LEFT,RIGHT or "
            f"{PREFIX}LEFT,RIGHT@EXERCISE, with drivers from {', '.join(drivers())}"
        )
    left, right = (driver(part) for part in parts)
    return left, right, find_exercise(exercise or DEFAULT_EXERCISE).name


def virtual_scene(text: str) -> Scene:
    """The scene of ``virtual:LEFT,RIGHT[@EXERCISE]``: links of 15 ms, clocks 20 ppm fast and slow.

    Raises
    ------
    UsageError
        As `parse_virtual`.
    """
    left, right, exercise = parse_virtual(text)
    return Scene(
        sensors=(
            Sensor(left, Side.LEFT, clock_offset_s=100.0, drift_ppm=20.0),
            Sensor(right, Side.RIGHT, Link(rssi=-67), clock_offset_s=250.0, drift_ppm=-20.0),
        ),
        movement=Simulation(exercise=exercise),
    )
