"""Recordings made one after the other, with something to do to the sensors before each."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import recorder
from cli.common import option
from cli.history import home_option
from cli.output import message, working
from cli.recordings import PATH
from cli.sources import BLUETOOTH, VIRTUAL, SourceName
from sensing.errors import UsageError

if TYPE_CHECKING:
    from analysis.history.sessions import Session
    from analysis.own_error import OwnError
    from sensing.recording import Recording

_OPTIONS = (
    click.argument("athlete", metavar="ATHLETE"),
    click.argument("paths", nargs=-1, type=PATH, metavar="[RECORDING]..."),
    recorder.source_options,
    option(
        "--source",
        type=SourceName(),
        default=BLUETOOTH,
        show_default=True,
        metavar="SOURCE",
        help="bluetooth or virtual:LEFT,RIGHT[@EXERCISE].",
    ),
    option("-o", "--output", type=PATH, metavar="DIR", help="Where to make recordings; here if not said."),
    option("--dry-run", is_flag=True, help="Keep nothing of the result."),
    home_option,
    option("--json", "as_json", is_flag=True, help="Print JSON."),
)


def round_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the athlete, recordings that are there, and the options for making some."""
    for add in reversed(_OPTIONS):
        function = add(function)
    return function


@dataclass(frozen=True)
class Round:
    """One recording: what to do before it, and whether the two sensors are exchanged in it."""

    before: str
    exchanged: bool = False


def record_rounds(
    rounds: Sequence[Round],
    *,
    what: str,
    athlete: str,
    output: Path | None,
    source: str,
    speed: float,
    rate: float | None,
    exercise: str | None,
    placement: str | None,
    duration: float | None,
    **sensors: Any,
) -> list[Path]:
    """Record every round into a folder of its own, each under a mount name of its own.

    Raises
    ------
    UsageError
        There is nobody to put the sensors on, or to end a recording.
    SidewiseError
        As ``record``; rounds that are complete are kept.
    """
    from sensing.recorder import RecordRequest
    from sensing.recording import Placement

    watched = sys.stdin.isatty()
    if source == BLUETOOTH and not watched:
        raise UsageError(
            "nobody can be asked here to move the sensors; record every time by itself, each with a --mount "
            f"name of its own, and give the recordings: sidewise {what} {athlete} RECORDING..."
        )
    if not watched and duration is None:
        raise UsageError("no terminal to end a recording from: add --duration")
    started = dt.datetime.now().strftime("%Y-%m-%dT%H-%M-%S")
    request = RecordRequest(
        (output or Path()) / "first",
        rate_hz=rate,
        duration_s=duration,
        exercise=exercise or "",
        placement=Placement(placement or "unknown"),
        athlete=athlete,
        **sensors,
    )
    request.check()
    plan = recorder.make_plan(source, speed, request)
    made = []
    for number, one in enumerate(rounds, 1):
        _wait(one.before, f"{number} of {len(rounds)}", watched=watched)
        name = f"{started}_{what}-{number}"
        folder = (output or Path()) / name
        recorder.record_to_end(_plan_of(plan, one, number, folder, name), err=True)
        made.append(folder)
    return made


def _wait(before: str, which: str, *, watched: bool) -> None:
    if watched:
        click.prompt(f"{which}: {before}, then press Enter", default="", show_default=False, err=True)
    else:
        message(f"{which}: {before} (virtual sensors do so by themselves)")


def _plan_of(plan: recorder.Plan, one: Round, number: int, folder: Path, mount: str) -> recorder.Plan:
    """The plan of one round: virtual sensors are put on anew, and exchanged where the round says so."""
    request = replace(plan.request, folder=folder, mount=mount)
    if plan.source.startswith(VIRTUAL):
        from sensing.virtual import virtual_scene

        scene = virtual_scene(plan.source)
        sensors = scene.sensors
        if one.exchanged:
            sensors = tuple(
                replace(s, side=s.side.other, address=s.radio_address, name=s.radio_name) for s in sensors
            )
        movement = replace(scene.movement, seed=number)
        return replace(plan, request=request, scene=replace(scene, sensors=sensors, movement=movement))
    if one.exchanged:
        request = replace(
            request,
            left=request.right,
            right=request.left,
            left_driver=request.right_driver,
            right_driver=request.left_driver,
        )
    return replace(plan, request=request)


def open_rounds(
    paths: Sequence[Path], athlete: str, *, exercise: str | None, placement: str | None
) -> list[Recording]:
    """Open recordings of one athlete.

    Raises
    ------
    UsageError
        One is of somebody else, or named twice.
    BadInput
        One cannot be used.
    """
    from sensing import open_recording

    if len({path.resolve() for path in paths}) < len(paths):
        raise UsageError("a recording is named twice")
    opened = []
    for path in paths:
        recording = open_recording(path, exercise=exercise, placement=placement)
        if recording.athlete not in ("", athlete):
            raise UsageError(f"{path}: is of {recording.athlete}, not of {athlete}")
        opened.append(recording)
    return opened


def sessions_of(recordings: Sequence[Recording], own: OwnError) -> list[Session]:
    """Analyse recordings; one without a mount name counts as a mounting of its own, which is said."""
    from analysis import Settings, analyse
    from analysis.history.sessions import session_of

    with working("analysing"):
        sessions = [session_of(analyse(recording, Settings(own_error=own))) for recording in recordings]
    unnamed = sum(not session.mount for session in sessions)
    if unnamed:
        message(f"{unnamed} recordings name no mounting; each is taken to be one of its own")
    return [replace(s, mount=s.mount or f"{k} {s.path}") for k, s in enumerate(sessions)]
