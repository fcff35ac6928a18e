"""What commands that record or watch share: options about sensors, their source, a recording to its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from cli import proposals
from cli.common import option
from cli.output import message, say_notices, working
from cli.recordings import PLACEMENT, PLACEMENTS
from cli.sources import REPLAY, VIRTUAL, Speed, check_driver, check_speed, open_radio
from sensing.errors import RecordingIncomplete, SidewiseError, UsageError

if TYPE_CHECKING:
    from cli.session import Main, Session
    from sensing.events import Event, Source
    from sensing.recorder import Control, RecordOutcome, RecordRequest
    from sensing.recording import Recording, Side
    from sensing.scan import Radio
    from sensing.virtual import Scene

NO_SAMPLES = "no_samples"
"""Code of the notice that a side sent nothing."""

_OPTIONS = (
    option("--left", metavar="SENSOR", help="Name or address of the left sensor."),
    option("--right", metavar="SENSOR", help="Name or address of the right sensor."),
    option("--driver", metavar="NAME", help="Driver, or a profile (.toml), of both sensors."),
    option("--rate", type=click.FloatRange(0, min_open=True), metavar="HZ", help="Sampling rate to ask for."),
    option(
        "--duration", type=click.FloatRange(0, min_open=True), metavar="S", help="End after so many seconds."
    ),
    option(
        "-e",
        "--exercise",
        metavar="NAME",
        shell_complete=proposals.exercises,
        help="Exercise, such as squat.",
    ),
    option(
        "--placement",
        type=PLACEMENT,
        metavar="PLACE",
        help=f"Where both sensors are worn: {', '.join(PLACEMENTS)}.",
    ),
    option(
        "--speed",
        type=Speed(),
        default="1",
        show_default=True,
        metavar="X|max",
        help="Of a replay or of virtual sensors.",
    ),
)
# Parameters of the command line that say something about sensors, and what they are without.
_NAMES: Mapping[str, Any] = {"left": None, "right": None, "driver": None}
_OF_SENSORS: Mapping[str, Any] = {**_NAMES, "rate": None, "raw": False, "hardware_sync": False}
_FIELDS = {"rate": "rate_hz"}


def source_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what gives the samples."""
    for add in reversed(_OPTIONS):
        function = add(function)
    return function


@dataclass(frozen=True)
class Plan:
    """What is to be recorded or watched.

    Attributes
    ----------
    source : str
        ``bluetooth``, ``virtual:...`` or ``replay:...``.
    speed : float
        Speed of virtual time.
    request : RecordRequest
        Sensors and circumstances.
    recording : Recording or None
        What a replay plays.
    scene : Scene or None
        What a virtual source has in the air, where that is not what its name says.
    """

    source: str
    speed: float
    request: RecordRequest
    recording: Recording | None = None
    scene: Scene | None = None

    @property
    def sides(self) -> tuple[Side, ...]:
        """Sides that there will be."""
        from sensing.recording import Side

        if self.recording is not None:
            return tuple(stream.side for stream in self.recording.streams())
        return tuple(Side) if self.source.startswith(VIRTUAL) else tuple(self.request.sensors())


def make_plan(source: str, speed: float, request: RecordRequest) -> Plan:
    """Complete a request: from the recording that is replayed, or with the sensors that were identified.

    Raises
    ------
    UsageError
        The options do not go together, or no sensor is known.
    BadInput
        The recording to replay cannot be read.
    """
    if _given("speed"):
        check_speed(source, speed)
    if source.startswith(REPLAY):
        refused = [f"--{name.replace('_', '-')}" for name in _OF_SENSORS if _given(name)]
        if refused:
            raise UsageError(f"{', '.join(refused)}: for sensors only, and a replay has none; leave it out")
        request = _without(request, _OF_SENSORS)
        recording = _opened(source.removeprefix(REPLAY), request)
        kept = {
            name: getattr(recording, name)
            for name in ("athlete", "exercise", "sport", "placement", "mount", "tag", "dominant")
        }
        kept["notes"] = request.notes or recording.notes
        return Plan(source, speed, replace(request, **kept), recording)
    if source.startswith(VIRTUAL):
        # A configuration file names real sensors.
        request = _without(request, {name: none for name, none in _NAMES.items() if not _given(name)})
    check_driver(request.driver)
    if source.startswith(VIRTUAL):
        from sensing.virtual import parse_virtual

        *_, exercise = parse_virtual(source)
        return Plan(source, speed, replace(request, exercise=request.exercise or exercise))
    request = _with_identified(request)
    if not request.sensors():
        raise UsageError(
            "no sensor is named; give --left and --right, or run 'sidewise identify --left' (and --right) "
            "first, or try virtual sensors: virtual:witmotion,witmotion"
        )
    return Plan(source, speed, request)


def _given(name: str) -> bool:
    """Whether an option stands on the command line, and not in the environment or a configuration file."""
    source = click.get_current_context().get_parameter_source(name)
    return source is ParameterSource.COMMANDLINE


def _without(request: RecordRequest, names: Mapping[str, Any]) -> RecordRequest:
    return replace(request, **{_FIELDS.get(name, name): none for name, none in names.items()})


def _opened(path: str, request: RecordRequest) -> Recording:
    from sensing import open_recording
    from sensing.recording import Placement

    given = {name: getattr(request, name) for name in ("athlete", "exercise", "sport", "mount", "tag")}
    with working("reading"):
        recording = open_recording(
            path,
            placement=None if request.placement is Placement.UNKNOWN else request.placement,
            dominant=request.dominant,
            **{name: value or None for name, value in given.items()},
        )
    say_notices(recording.notices)
    return recording


def _with_identified(request: RecordRequest) -> RecordRequest:
    """Name the sensors that were identified for the sides that are not named."""
    from sensing.recording import Side
    from sensing.remembered import load

    named = {name.lower() for name in request.sensors().values()}
    for side, sensor in load().items():
        if getattr(request, side.value) is None and not named & {sensor.address.lower(), sensor.name.lower()}:
            message(f"{side}: {sensor.name or 'sensor'} ({sensor.address}), as identified")
            driver = request.driver or sensor.driver or None
            if side is Side.LEFT:
                request = replace(request, left=sensor.address, left_driver=driver)
            else:
                request = replace(request, right=sensor.address, right_driver=driver)
    missing = [side for side in Side if getattr(request, side.value) is None]
    if len(missing) == 1:
        message(f"only the {missing[0].other} side: no {missing[0]} sensor is named or identified")
    return request


@asynccontextmanager
async def connected_to(plan: Plan) -> AsyncIterator[tuple[RecordRequest, Radio]]:
    """The radio of a plan that needs one, and the request with the sensors that are on it."""
    async with open_radio(plan.scene or plan.source) as (radio, virtual):
        request = plan.request
        if virtual is not None:
            from sensing.recording import Side

            request = replace(
                request,
                left=request.left or virtual.addresses[Side.LEFT],
                right=request.right or virtual.addresses[Side.RIGHT],
            )
        yield request, radio


@asynccontextmanager
async def live_source(plan: Plan) -> AsyncIterator[Source]:
    """The source of a plan, not started yet."""
    if plan.recording is not None:
        from sensing.replay import Replay

        yield Replay(plan.recording)
        return
    from sensing.collector import Collector

    async with connected_to(plan) as (request, radio):
        yield Collector(request.sensors(), radio, drivers=request.drivers(), rate_hz=request.rate_hz)


def record_to_end(plan: Plan, *, live: bool = False, err: bool = False) -> None:
    """Record a plan until something ends it, and say its folder, on stdout unless ``err``.

    Raises
    ------
    click.Abort
        It was ended before anything was there.
    RecordingIncomplete
        Not everything that was asked for is there; what is, is kept.
    SidewiseError
        It could not begin.
    """
    from cli.following import follow_links, follow_live
    from cli.session import Session

    folder = plan.request.folder
    session = Session(recording_of(plan), plan.source, plan.speed)
    if live:
        follow_live(session, plan.sides, plan.request.exercise, plan.request.placement, recording=True)
    else:
        follow_links(session, plan.sides)
    outcome = result_of(session, folder)
    if outcome is None and not _is_there(folder):
        raise click.Abort
    for line in () if outcome is None else outcome_lines(outcome):
        message(line)
    click.echo(folder, err=err)
    silent = [] if outcome is None else [side for side in plan.sides if side not in outcome.sides]
    if silent:
        raise RecordingIncomplete(f"{folder}: no samples from the {silent[0]} sensor; the other side is kept")


def recording_of(plan: Plan) -> Main[RecordOutcome]:
    """What records a plan."""
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


def result_of(session: Session[RecordOutcome], folder: Path) -> RecordOutcome | None:
    """How a session that is over ended; None where it was ended before it could tell.

    Raises
    ------
    RecordingIncomplete
        Something went wrong after samples had arrived; they are kept.
    SidewiseError
        It could not begin.
    """
    try:
        return session.result()
    except SidewiseError as error:
        if session.stopping and not _is_there(folder):
            return None
        if isinstance(error, RecordingIncomplete) or not _is_there(folder):
            raise
        raise RecordingIncomplete(f"{error}; what had arrived is kept in {folder}") from error


def outcome_lines(outcome: RecordOutcome) -> list[str]:
    """What is worth saying of a recording that is there."""
    sides = ", ".join(
        f"{side} {own.samples} samples ({own.lost} lost)" for side, own in outcome.sides.items()
    )
    marks = f", {outcome.marks} set{'s' * (outcome.marks > 1)} marked" if outcome.marks else ""
    lines = [f"recorded {outcome.duration_s:.0f} s: {sides}{marks}"]
    error_s, method = outcome.sync.error_s, outcome.sync.method
    if error_s is not None:
        lines.append(f"left-right timing error {1000 * error_s:.1f} ms ({method})")
    elif len(outcome.sides) > 1:
        lines.append("left-right timing error not known: the recording is too short to tell")
    return lines + [f"warning: {doubt}" for code, doubt in outcome.notices if code != NO_SAMPLES]


def folder_name(exercise: str, started: dt.datetime) -> str:
    """Name of the folder of a recording that was given none."""
    what = "".join(char if char.isalnum() else "-" for char in exercise or "recording")
    return f"{started:%Y-%m-%dT%H-%M-%S}_{what}"


def _is_there(folder: Path) -> bool:
    return (folder / "recording.json").exists()
