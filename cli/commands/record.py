"""Record two sensors into a folder."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import common, proposals
from cli.output import message
from cli.recorder import Plan, connected_to, make_plan, source_options
from cli.recordings import PATH, SIDE
from cli.sources import BLUETOOTH, SourceName
from sensing.errors import RecordingIncomplete, SidewiseError

if TYPE_CHECKING:
    from sensing.events import Event
    from sensing.recorder import Control, RecordOutcome


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
    from cli.following import follow_links, follow_live
    from cli.session import Session
    from sensing.recorder import RecordRequest
    from sensing.recording import Placement

    folder = output or Path(_name_of(exercise))
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
    session = Session(_recording(plan), source, speed)
    try:
        if live:
            follow_live(session, plan.sides, plan.request.exercise, plan.request.placement, recording=True)
        else:
            follow_links(session, plan.sides)
        outcome = session.result()
    except SidewiseError as error:
        if session.stopping and not _is_there(folder):
            raise click.Abort from error
        if isinstance(error, RecordingIncomplete) or not _is_there(folder):
            raise
        raise RecordingIncomplete(f"{error}; what had arrived is kept in {folder}") from error
    if outcome is None and not _is_there(folder):
        raise click.Abort
    if outcome is not None:
        _tell(outcome)
    click.echo(folder)
    silent = [] if outcome is None else [side for side in plan.sides if side not in outcome.sides]
    if silent:
        raise RecordingIncomplete(f"{folder}: no samples from the {silent[0]} sensor; the other side is kept")
    path = shlex.quote(str(folder))
    message(f"next: sidewise check {path} && sidewise analyse {path}")


def _recording(plan: Plan) -> Callable[[Control, Callable[[Event], None]], Any]:
    from sensing.recorder import record
    from sensing.replay import Replay

    async def main(control: Control, on_event: Callable[[Event], None]) -> RecordOutcome:
        if plan.recording is not None:
            return await record(
                plan.request,
                source=Replay(plan.recording),
                started_at=plan.recording.started_at,
                on_event=on_event,
                control=control,
            )
        async with connected_to(plan) as (request, radio):
            return await record(
                request,
                scanner_backend=radio.scanner_backend,
                client_backend=radio.client_backend,
                clock=radio.clock,
                on_event=on_event,
                control=control,
            )

    return main


def _name_of(exercise: str | None) -> str:
    started = dt.datetime.now().strftime("%Y-%m-%dT%H-%M-%S")
    what = "".join(char if char.isalnum() else "-" for char in exercise or "recording")
    return f"{started}_{what}"


def _is_there(folder: Path) -> bool:
    return (folder / "recording.json").exists()


def _tell(outcome: RecordOutcome) -> None:
    sides = ", ".join(
        f"{side} {own.samples} samples ({own.lost} lost)" for side, own in outcome.sides.items()
    )
    marks = f", {outcome.marks} set{'s' * (outcome.marks > 1)} marked" if outcome.marks else ""
    message(f"recorded {outcome.duration_s:.0f} s: {sides}{marks}")
    error_s, method = outcome.sync.error_s, outcome.sync.method
    if error_s is not None:
        message(f"left-right timing error {1000 * error_s:.1f} ms ({method})")
    elif len(outcome.sides) > 1:
        message("left-right timing error not known: the recording is too short to tell")
    for code, doubt in outcome.notices:
        if code != "no_samples":
            message(f"warning: {doubt}")
