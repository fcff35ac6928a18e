"""Everything that is on the air: the host's adapter and the sensors."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from sensing.virtual.central import Central
from sensing.virtual.loop import host_clock
from sensing.virtual.movement import Movement
from sensing.virtual.sensor import SensorTruth, VirtualSensor
from sensing.virtual.spec import Scene


class World:
    """The virtual radio of one process.

    Parameters
    ----------
    scene : Scene
        What is on it.
    """

    def __init__(self, scene: Scene) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_s = self._loop.time()
        offset_s = host_clock()() * 1e-9 - self._on_s
        self.radio = Central(scene.seed)
        movement = Movement(scene.movement)
        self._knocks = {sensor.radio_address: list(scene.knocks_s) for sensor in scene.sensors}
        self._sensors = {
            sensor.radio_address: VirtualSensor(
                sensor,
                self.radio.air,
                movement,
                self._knocks[sensor.radio_address],
                offset_s,
                1000 * scene.seed + k,
            )
            for k, sensor in enumerate(scene.sensors)
        }

    async def start(self) -> None:
        """Switch everything on."""
        await self.radio.start()
        for sensor in self._sensors.values():
            await sensor.start()

    async def stop(self) -> None:
        """Switch everything off."""
        await self.radio.stop()
        for sensor in self._sensors.values():
            await sensor.stop()

    async def truth(self) -> Mapping[str, SensorTruth]:
        """See `VirtualRadio.truth`."""
        return {address: sensor.truth() for address, sensor in self._sensors.items()}

    async def drop(self, address: str, length_s: float) -> None:
        """See `VirtualRadio.drop`."""
        self._sensors[address].drop(self._loop.time() - self._on_s, length_s)

    async def knock(self, address: str | None, after_s: float) -> None:
        """See `VirtualRadio.knock`."""
        at = self._loop.time() - self._on_s + after_s
        for each in self._knocks if address is None else (address,):
            self._knocks[each].append(at)
