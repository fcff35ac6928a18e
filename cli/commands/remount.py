"""Measure what taking the sensors off and on does to your numbers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import common
from cli.output import console, message, print_json
from cli.rounds import Round, open_rounds, record_rounds, round_options, sessions_of
from sensing.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from analysis.history.studies import Remounted

_EXAMPLE = """
    sidewise remount a01 --times 5 -e squat --placement thigh
    sidewise remount a01 monday tuesday wednesday thursday
    sidewise remount a01 --source virtual:dot,dot@squat --duration 90 --speed max
"""


@common.command("remount", example=_EXAMPLE)
@round_options
@common.option(
    "--times",
    type=click.IntRange(3, 20),
    default=4,
    show_default=True,
    metavar="N",
    help="How often to put the sensors on.",
)
def command(
    athlete: str,
    paths: tuple[Path, ...],
    times: int,
    home: Path,
    dry_run: bool,
    as_json: bool,
    exercise: str | None,
    placement: str | None,
    **recorded: Any,
) -> None:
    """Measure what taking the sensors off and on does to your numbers.

    Do the same exercise several times, taking both sensors off and putting them on again in between: five
    times or more, three sets each. What the answers then scatter is kept with the athlete and takes the place
    of the 4 % that are assumed. Recordings that are there already, one RECORDING or more of each mounting,
    can be given instead.
    """
    from analysis.history.athlete import load_athlete, save_athlete
    from analysis.history.studies import SCHEMA_REMOUNT, remount_study, with_studies
    from analysis.own_error import OwnError

    known = load_athlete(home, athlete)
    if 0 < len(paths) < 3:
        raise UsageError("name three recordings or more, each of another mounting; or none, to make some")
    chosen = {"exercise": exercise, "placement": placement}
    if not paths:
        again = "take both sensors off and put them on again"
        rounds = [Round(again if k else "put both sensors on") for k in range(times)]
        paths = tuple(record_rounds(rounds, what="remount", athlete=athlete, **(recorded | chosen)))
    own = OwnError(sensor_gain=known.sensor_gain)
    sessions = sessions_of(open_rounds(paths, athlete, **chosen), own)
    found = remount_study(sessions, dt.date.today())
    if not dry_run:
        save_athlete(home, with_studies(known, (one.study for one in found)))
    if as_json:
        about = {"athlete": athlete, "placement": sessions[0].placement.value, "kept": not dry_run}
        body = {"schema": SCHEMA_REMOUNT} | about | {"metrics": [one.to_dict() for one in found]}
        print_json(body)
        return
    _show(console(), found)
    message("nothing is kept" if dry_run else f"kept with {athlete}; 'sidewise analyse' uses it from now on")


def _show(screen: Console, found: Sequence[Remounted]) -> None:
    from rich.table import Table

    from analysis.metrics import spec

    table = Table(box=None, pad_edge=False)
    for header in ("", "scatter", "at most", "used", "mountings"):
        table.add_column(header, justify="left" if not header else "right")
    for one in found:
        study = one.study
        percents = (f"{100 * sd:.1f} %" for sd in (study.sd, one.upper, study.used_sd))
        table.add_row(spec(study.metric).title, *percents, f"{study.df + 1:.0f}")
    screen.print(table)
    screen.print(
        "Scatter: SD of right/left from one mounting to the next; at most: its 95 % bound. Less than 2 %, or "
        "than these recordings can tell, is never used; and the fewer mountings, the wider every interval."
    )
