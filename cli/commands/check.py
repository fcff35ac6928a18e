"""Check the data: rates, loss, gaps, timing, sensors."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from cli import common
from cli.output import console, print_json, working
from cli.recordings import open_chosen, recording_options


@common.command("check", example="sidewise check s1\nsidewise check left.csv right.csv --strict")
@recording_options
@common.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common.option("--strict", is_flag=True, help="Exit with 6 if the data are poor.")
def command(as_json: bool, strict: bool, **chosen: Any) -> None:
    """Check the data: rates, loss, gaps, synchronisation, sensors."""
    from analysis import check_recording
    from cli.show import quality_failure, show_quality, show_recording
    from sensing.recording import describe

    recording = open_chosen(**chosen)
    with working("checking"):
        quality = check_recording(recording)
    if as_json:
        print_json({"recording": describe(recording), "quality": dataclasses.asdict(quality)})
    else:
        screen = console()
        show_recording(screen, recording)
        show_quality(screen, quality)
        click.echo(f"Data quality: {quality.grade}")
    if strict and quality.grade == "poor":
        raise quality_failure(quality)
