"""Virtual sensors on a virtual radio, behind bleak's own ``backend=``.

Bumble peripherals speak each family's GATT protocol, feel the simulated movement, and are heard over links
with connection intervals, losses and drops. What records does not know the difference::

    async with virtual_radio("virtual:witmotion,dot@squat") as radio:
        device = await BleakScanner.find_device_by_name("Movella DOT", backend=radio.scanner_backend)
        async with BleakClient(device, backend=radio.client_backend) as client:
            ...                                    # host stamps: radio.clock()
        truth = await radio.truth()

Needs the extra ``sidewise[virtual]`` (Bumble). `run_virtual` runs the whole much faster than real time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sensing.errors import UsageError
from sensing.recording import Side
from sensing.virtual.loop import VirtualTimeLoop, host_clock, run_virtual
from sensing.virtual.spec import Link, Scene, Sensor, parse_virtual, virtual_scene

if TYPE_CHECKING:
    from bleak.backends.client import BaseBleakClient
    from bleak.backends.scanner import BaseBleakScanner

    from sensing.virtual.process import RemoteWorld
    from sensing.virtual.sensor import SensorTruth
    from sensing.virtual.world import World

__all__ = [
    "Link",
    "Scene",
    "Sensor",
    "VirtualRadio",
    "VirtualTimeLoop",
    "host_clock",
    "parse_virtual",
    "run_virtual",
    "virtual_radio",
    "virtual_scene",
]


@dataclass(frozen=True, eq=False)
class VirtualRadio:
    """A virtual radio that is switched on.

    Attributes
    ----------
    scanner_backend, client_backend : type
        For the ``backend=`` of `bleak.BleakScanner` and `bleak.BleakClient`.
    clock : callable
        Where host stamps, in ns, are to come from: virtual in a virtual loop, else `time.perf_counter_ns`.
    addresses : mapping of Side to str
        Bluetooth address of the (first) sensor on each side.
    """

    scanner_backend: type[BaseBleakScanner]
    client_backend: type[BaseBleakClient]
    clock: Callable[[], int]
    addresses: Mapping[Side, str]
    _world: World | RemoteWorld

    async def truth(self) -> Mapping[str, SensorTruth]:
        """What is true so far about every sensor, by address."""
        return await self._world.truth()

    async def drop(self, address: str, length_s: float) -> None:
        """Let nothing through to and from a sensor from now on for this long."""
        await self._world.drop(address, length_s)

    async def knock(self, address: str | None = None, *, after_s: float = 0.5) -> None:
        """Knock a sensor, or all of them together, in half a second or later."""
        await self._world.knock(address, after_s)


@asynccontextmanager
async def virtual_radio(scene: Scene | str, *, own_process: bool = False) -> AsyncIterator[VirtualRadio]:
    """Switch on a virtual radio with its sensors; the movement starts with it.

    Parameters
    ----------
    scene : Scene or str
        What is in the air, or ``virtual:LEFT,RIGHT[@EXERCISE]``.
    own_process : bool
        Run sensors and radio in a process of their own, so that this one's CPU time is that of the host
        alone. In real time only; a script that does so needs the ``if __name__ == "__main__"`` guard.

    Yields
    ------
    VirtualRadio

    Raises
    ------
    UsageError
        If the text is not understood, or Bumble is not installed.
    """
    scene = virtual_scene(scene) if isinstance(scene, str) else scene
    try:
        from sensing.virtual.process import RemoteWorld
        from sensing.virtual.world import World
    except ModuleNotFoundError as error:
        if error.name != "bumble":
            raise
        raise UsageError("virtual sensors need Bumble; run: pip install 'sidewise[virtual]'") from error
    from sensing.virtual.backend import backends

    world: World | RemoteWorld = RemoteWorld(scene) if own_process else World(scene)
    try:
        await world.start()
        scanner, client = backends(world.radio if scene.adapter else None)
        addresses: dict[Side, str] = {}
        for sensor in scene.sensors:
            addresses.setdefault(sensor.side, sensor.radio_address)
        yield VirtualRadio(scanner, client, host_clock(), addresses, world)
    finally:
        await world.stop()
