"""List the sensors that are near."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli import common
from cli.output import console, message, print_json, working
from cli.sources import AT_ONCE, BLUETOOTH, SourceName, open_radio, run_source

if TYPE_CHECKING:
    from sensing.scan import Found, Radio


@common.command("scan", example="sidewise scan\nsidewise scan --source virtual:dot,witmotion")
@common.option(
    "--seconds",
    type=click.FloatRange(0, 300, min_open=True),
    default=8.0,
    show_default=True,
    metavar="S",
    help="How long to listen.",
)
@common.option("--battery/--no-battery", default=True, show_default=True, help="Connect to ask for it.")
@common.option(
    "--source",
    type=SourceName(),
    default=BLUETOOTH,
    show_default=True,
    metavar="SOURCE",
    help="bluetooth, or virtual:LEFT,RIGHT to try without sensors.",
)
@common.option("--json", "as_json", is_flag=True, help="Print JSON, also of devices without a name.")
def command(seconds: float, battery: bool, source: str, as_json: bool) -> None:
    """List sensors: name, address, driver, signal strength, battery."""

    async def main() -> list[dict[str, Any]]:
        from sensing.scan import scan

        async with open_radio(source) as (radio, _):
            found = await scan(radio, seconds)
            return [await _describe(radio, each, battery=battery) for each in found]

    with working("scanning"):
        rows = run_source(source, main(), speed=AT_ONCE)
    if as_json:
        print_json(rows)
    elif not rows:
        message("nothing advertises nearby; wake the sensors and bring them close")
    else:
        _show(rows)


async def _describe(radio: Radio, found: Found, *, battery: bool) -> dict[str, Any]:
    from sensing.errors import SidewiseError
    from sensing.identify import read_battery

    level = None
    # To disconnect one that another program is connected to would take it away from that program.
    if battery and found.drivers and not found.connected:
        try:
            level = await read_battery(radio, found)
        except SidewiseError as error:
            message(f"no battery level: {error}")
    return {
        "name": found.name,
        "address": found.address,
        "driver": found.drivers[0].name if found.drivers else None,
        "rssi": found.rssi,
        "battery": level,
        "connected": found.connected,
    }


def _show(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("name", overflow="ellipsis", no_wrap=True)
    table.add_column("address", no_wrap=True, min_width=max(len(row["address"]) for row in rows))
    table.add_column("driver", overflow="ellipsis", no_wrap=True, min_width=9)
    table.add_column("RSSI", justify="right", no_wrap=True, min_width=7)
    table.add_column("battery", justify="right", no_wrap=True, min_width=7)
    shown = [row for row in rows if row["driver"] or row["name"]]
    for row in shown:
        rssi = "in use" if row["connected"] else "" if row["rssi"] is None else f"{row['rssi']} dBm"
        level = "" if row["battery"] is None else f"{row['battery']:.0f} %"
        table.add_row(row["name"], row["address"], row["driver"] or "unknown", rssi, level)
    console().print(table)
    if len(shown) < len(rows):
        message(f"and {len(rows) - len(shown)} without a name; --json lists them")
    if any(row["connected"] for row in shown):
        message("in use: another program is connected to it, or one that crashed was")
    if any(row["driver"] is None for row in shown):
        message("a sensor of an unknown kind needs a profile: record --driver PROFILE.toml")
