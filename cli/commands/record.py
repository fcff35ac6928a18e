"""Record two sensors into a folder."""

from __future__ import annotations

import datetime as dt
import shlex
from pathlib import Path
from typing import Any

from cli import common, proposals
from cli.output import message
from cli.recorder import folder_name, make_plan, record_to_end, source_options
from cli.recordings import PATH, SIDE
from cli.sources import BLUETOOTH, SourceName


@common.command(
    "record",
    example="""
    sidewise record --left 'WT901 left' --right C8:2E:18:4D:5A:01 -e squat -o s1
    sidewise record -e forehand --sport tennis --dominant right --live
    sidewise record --source virtual:dot,dot --duration 60 --speed max -o s2
    sidewise record --source replay:recordings/squat --speed max -o s3
    """,
)
@source_options
@common.option("-a", "--athlete", default="", metavar="ID", help="Who it is.")
@common.option(
    "--sport", default="", metavar="SPORT", shell_complete=proposals.sports, help="Sport, such as tennis."
)
@common.option("--dominant", type=SIDE, help="The athlete's dominant side.")
@common.option("--mount", default="", metavar="NAME", help="Name of this putting-on of the sensors.")
@common.option("--tag", default="", metavar="TAG", help="before, after, rest, or free text.")
@common.option("--notes", default="", metavar="TEXT", help="Whatever else should be kept.")
@common.option("--raw", is_flag=True, help="Keep the packets as they came, too.")
@common.option("--hardware-sync", is_flag=True, help="Synchronise the sensors' own clocks first (DOT).")
@common.option("--live", is_flag=True, help="Show repetitions and the left-right difference.")
@common.option(
    "--source",
    type=SourceName(replay=True),
    default=BLUETOOTH,
    show_default=True,
    metavar="SOURCE",
    help="bluetooth, virtual:LEFT,RIGHT[@EXERCISE] or replay:PATH.",
)
@common.option("-o", "--output", type=PATH, metavar="FOLDER", help="Folder to make; named after the time.")
def command(
    source: str,
    speed: float,
    live: bool,
    output: Path | None,
    rate: float | None,
    duration: float | None,
    exercise: str | None,
    placement: str | None,
    **chosen: Any,
) -> None:
    """Record two sensors into a folder, until q, Ctrl-C or --duration ends it.

    Sides that are not named are those of 'sidewise identify'. On a terminal, m marks the start and the end of
    a set, p pauses and q ends.
    """
    from sensing.recorder import RecordRequest
    from sensing.recording import Placement

    folder = output or Path(folder_name(exercise or "", dt.datetime.now()))
    request = RecordRequest(
        folder,
        rate_hz=rate,
        duration_s=duration,
        exercise=exercise or "",
        placement=Placement(placement or "unknown"),
        **chosen,
    )
    request.check()
    plan = make_plan(source, speed, request)
    record_to_end(plan, live=live)
    path = shlex.quote(str(folder))
    message(f"next: sidewise check {path} && sidewise analyse {path}")
