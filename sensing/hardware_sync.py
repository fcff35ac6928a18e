"""Put two DOTs on one clock by their own synchronisation, before they are recorded.

Source: Xsens, Xsens DOT BLE Services Specifications, and `sensing.devices.dot`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sensing.devices import Subscribe, Write, dot
from sensing.errors import DeviceUnreachable, UsageError
from sensing.link import connected, driver_for
from sensing.scan import Found, Radio, find


async def synchronise(
    radio: Radio, sensors: Sequence[Found], *, rate_hz: float | None = None
) -> tuple[Found, ...]:
    """Synchronise DOTs to the first of them; takes about a quarter of a minute.

    Parameters
    ----------
    radio : Radio
        The radio.
    sensors : sequence of Found
        DOTs.
    rate_hz : float, optional
        Rate to record with: synchronised sensors do not change it any more.

    Returns
    -------
    tuple of Found
        The same sensors, found again.

    Raises
    ------
    UsageError
        One is no DOT, or the system hides Bluetooth addresses (macOS).
    DeviceUnreachable
        A sensor does not answer, or synchronisation failed.
    """
    try:
        start = Write(dot.SYNC_CONTROL, dot.sync_start(sensors[0].address))
    except ValueError as error:
        raise UsageError(
            f"hardware synchronisation needs Bluetooth addresses, which this system hides ({error})"
        ) from error
    for sensor in sensors:
        async with connected(radio, sensor) as connection:
            driver = driver_for(connection, None)
            if driver.name != "dot":
                raise UsageError(
                    f"{sensor.label}: a {driver.title} has no hardware synchronisation; DOTs have"
                )
            plan = driver.plan(rate_hz, facts=await connection.facts(driver))
            writes = [step for step in plan.prepare if not isinstance(step, Subscribe)]
            await connection.run((*writes, start))
    await asyncio.sleep(dot.SYNC_WAIT_S)
    again = await find(radio, [sensor.address for sensor in sensors])
    for sensor in again:
        async with connected(radio, sensor) as connection:
            result = dot.sync_result(await connection.read(dot.SYNC_ACK))
        if result is None or not result.ok:
            why = "it does not say so" if result is None else result.meaning
            raise DeviceUnreachable(
                f"{sensor.label} is not synchronised ({why}); bring the sensors together and try again"
            )
    return again
