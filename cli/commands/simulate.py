"""Make a recording whose asymmetry is known."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from cli import common
from cli.output import working
from cli.recordings import PATH, PLACEMENT, SIDE
from sensing.errors import UsageError


@common.command(
    "simulate",
    example="""
    sidewise simulate --exercise squat --asym +12% --seed 1 -o s1
    sidewise simulate --exercise tennis --sets 3 --reps 12 -o s2
    """,
)
@common.option(
    "--exercise",
    metavar="NAME",
    default="squat",
    show_default=True,
    help="squat, curl, row, run, tennis, hold or stand.",
)
@common.option("--sets", type=int, metavar="N", help="Sets; 3 for most exercises.")
@common.option("--reps", type=int, metavar="N", help="Repetitions a set; 8 for most exercises.")
@common.option(
    "--asym", metavar="PERCENT", help="+12% makes the right side 12 % larger than the left, -12% smaller."
)
@common.option(
    "--cv",
    metavar="PERCENT",
    default="10%",
    show_default=True,
    help="Variation from repetition to repetition.",
)
@common.option(
    "--set-sd",
    metavar="PERCENT",
    default="3%",
    show_default=True,
    help="Variation of the asymmetry between sets.",
)
@common.option(
    "--remount-sd",
    metavar="PERCENT",
    default="4%",
    show_default=True,
    help="Variation from taking the sensors off and on.",
)
@common.option("--rate", type=float, metavar="HZ", help="Sampling rate; 100, 200 for a run.")
@common.option("--placement", type=PLACEMENT, metavar="PLACE", help="What the recording says it is worn at.")
@common.option("--athlete", default="", metavar="ID", help="Who it is.")
@common.option("--date", metavar="ISO", help="When, as in 2026-11-21T17:42+01:00; local time without a zone.")
@common.option("--sport", metavar="SPORT", help="Sport, such as tennis.")
@common.option("--dominant", type=SIDE, help="The athlete's dominant side.")
@common.option("--mount", default="", metavar="NAME", help="Name of this putting-on of the sensors.")
@common.option("--tag", default="", metavar="TAG", help="before, after, rest, or free text.")
@common.option(
    "--seed",
    metavar="N",
    type=int,
    default=0,
    show_default=True,
    help="The same seed gives the same recording.",
)
@common.option("-o", "--output", type=PATH, required=True, metavar="FOLDER", help="Folder to make.")
@common.option("--force", is_flag=True, help="Replace the recording that is there.")
@common.option("--json", "as_json", is_flag=True, help="Print the truth as JSON.")
def command(output: Path, force: bool, as_json: bool, **chosen: Any) -> None:
    """Simulate a recording whose asymmetry is known."""
    if not force and output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output}: already exists; choose another folder, or add --force to replace it")
    from sensing.simulate import save, simulate

    with working("simulating"):
        simulated = simulate(_simulation(**chosen))
        save(simulated, output, overwrite=force)
    click.echo(simulated.truth.to_json().encode() if as_json else output)


def _simulation(*, rate: float | None, asym: str | None, date: str | None, **chosen: Any) -> Any:
    from sensing.simulate import Simulation, parse_asymmetries, parse_fraction

    for name in ("cv", "set_sd", "remount_sd"):
        chosen[name] = parse_fraction(str(chosen[name]))
    return Simulation(
        rate_hz=rate,
        asym=None if asym is None else parse_asymmetries(asym),
        date=None if date is None else _moment(date),
        **chosen,
    )


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--date {text!r} is not a date; write it as 2026-11-21T17:42+01:00") from None
    return moment if moment.tzinfo else moment.astimezone()
