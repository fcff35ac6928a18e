"""Find out which sensor is the left or the right one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cli import common
from cli.output import message
from cli.sources import AT_ONCE, BLUETOOTH, SourceName, check_driver, open_radio, run_source
from sensing.errors import UsageError

if TYPE_CHECKING:
    from sensing.scan import Found, Radio
    from sensing.virtual import VirtualRadio

TAPS_S = (2.0, 2.4, 2.8)
"""When a virtual sensor is tapped, after all are listened to."""


@common.command(
    "identify",
    example="sidewise identify --left\nsidewise identify --right --blink 'Movella DOT'",
)
@common.option("--left", "side", flag_value="left", help="Find the left sensor.")
@common.option("--right", "side", flag_value="right", help="Find the right sensor.")
@common.option("--blink", metavar="NAME", help="Let this sensor's light blink, instead of waiting for taps.")
@common.option("--driver", metavar="NAME", help="Driver, or a profile (.toml), of the sensor.")
@common.option(
    "--source",
    type=SourceName(),
    default=BLUETOOTH,
    show_default=True,
    metavar="SOURCE",
    help="bluetooth, or virtual:LEFT,RIGHT to try without sensors.",
)
def command(side: str | None, blink: str | None, driver: str | None, source: str) -> None:
    """Find the sensor that you tap three times, and remember it as left or right.

    It is used by 'sidewise record' wherever --left or --right is not given. A virtual sensor taps itself and
    is not remembered.
    """
    if side is None:
        raise UsageError("which side? give --left or --right")
    check_driver(driver)

    async def main() -> Found:
        async with open_radio(source) as (radio, virtual):
            if blink is not None:
                return await _blinking(radio, blink, driver)
            return await _tapped(radio, virtual, side, driver)

    found = run_source(source, main(), speed=AT_ONCE)
    if blink is not None and sys.stdin.isatty():
        click.confirm(f"Did the light of the {side} sensor blink?", abort=True, err=True)
    if source == BLUETOOTH:
        remember_found(side, found, driver)
        message(f"remembered as {side}")
    click.echo(f"{side}: {found.label}")


async def _blinking(radio: Radio, name: str, driver: str | None) -> Found:
    from sensing.identify import blink
    from sensing.scan import find

    (found,) = await find(radio, [name])
    await blink(radio, found, driver)
    return found


async def _tapped(radio: Radio, virtual: VirtualRadio | None, side: str, driver: str | None) -> Found:
    import asyncio

    from sensing.devices import driver as find_driver
    from sensing.identify import identify_by_tap
    from sensing.recording import Side
    from sensing.scan import scan

    message("looking for sensors; hold both still")
    found = await scan(radio)
    if driver is not None:
        chosen = find_driver(driver)
        found = tuple(each for each in found if chosen.matches(each.advert))
    tapping: list[asyncio.Task[None]] = []

    def ready(listening: tuple[Found, ...]) -> None:
        message(f"tap the {side.upper()} sensor 3 times, about twice a second")
        if virtual is not None:
            taps = (virtual.knock(virtual.addresses[Side(side)], after_s=after_s) for after_s in TAPS_S)
            tapping.extend(asyncio.create_task(tap) for tap in taps)

    return await identify_by_tap(radio, found, driver_name=driver, on_ready=ready)


def remember_found(side: str, found: Found, driver: str | None) -> None:
    """Keep which sensor is on a side, for later recordings."""
    from pathlib import Path

    from sensing.recording import Side
    from sensing.remembered import Remembered, remember

    if driver is not None and driver.endswith(".toml"):
        driver = str(Path(driver).resolve())
    known = found.drivers[0].name if found.drivers else ""
    remember(Side(side), Remembered(found.address, found.name, driver or known))
