"""The options that say what a recording is, and the recording they open."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import proposals
from cli.common import option
from cli.output import working

if TYPE_CHECKING:
    from sensing.recording import Recording

SIDES = ("left", "right")
PLACEMENTS = (
    "hand",
    "wrist",
    "forearm",
    "upper_arm",
    "shoulder",
    "trunk",
    "hip",
    "thigh",
    "shank",
    "ankle",
    "foot",
    "equipment",
    "unknown",
)
"""Copies of `Side` and `Placement`, whose module loads numpy, which no help or usage error should."""


class _Path(click.Path):
    """A path that is not empty, which would mean the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value) == "":
            self.fail("an empty path; name a file or a folder", param, ctx)
        return super().convert(value, param, ctx)


PATH = _Path(path_type=Path)


class _Number(click.FloatRange):
    """A number in a range; NaN, which compares with nothing, is in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is not in the range {self.min:g} to {self.max:g}", param, ctx)
        return number


class _Unit(click.ParamType[str]):
    """A unit of acceleration, angular velocity or time, in any spelling of it."""

    name = "unit"

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from sensing.formats.units import factor

        return _known(self, str(value), lambda text: factor(self._kind, None, text, ""), param, ctx)


class _Zone(click.ParamType[str]):
    """A time zone: an offset or a name."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from sensing.formats.units import time_zone

        return _known(self, str(value), time_zone, param, ctx)


def _known(
    kind: click.ParamType[str],
    text: str,
    read: Callable[[str], object],
    param: click.Parameter | None,
    ctx: click.Context | None,
) -> str:
    """The text, where it can be read."""
    from sensing.errors import BadInput

    try:
        read(text)
    except BadInput as error:
        # It names the option, as click is about to do.
        kind.fail(str(error).removeprefix(f"{param.opts[0]} " if param else ""), param, ctx)
    return text


class _PlacementChoice(click.Choice[str]):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return super().convert(str(value).lower().replace("-", "_"), param, ctx)


PLACEMENT = _PlacementChoice(PLACEMENTS)
SIDE = click.Choice(SIDES, case_sensitive=False)

_OPTIONS = (
    click.argument("paths", nargs=-1, type=PATH, metavar="PATH..."),
    option("--left", type=PATH, metavar="FILE", help="File or folder of the left sensor."),
    option("--right", type=PATH, metavar="FILE", help="File or folder of the right sensor."),
    option("--side", type=SIDE, help="Side of a single sensor."),
    option(
        "--sequential",
        is_flag=True,
        default=None,
        help="The sides were recorded one after the other.",
    ),
    option(
        "--placement",
        type=PLACEMENT,
        metavar="PLACE",
        help=f"Where both sensors are worn: {', '.join(PLACEMENTS)}.",
    ),
    option("--sport", metavar="SPORT", shell_complete=proposals.sports, help="Sport, such as tennis."),
    option("--exercise", metavar="NAME", shell_complete=proposals.exercises, help="Exercise, such as squat."),
    option("--dominant", type=SIDE, help="The athlete's dominant side."),
    option("--athlete", metavar="ID", help="Who it is."),
    option("--mount", metavar="NAME", help="Name of this putting-on of the sensors."),
    option("--tag", metavar="TAG", help="before, after, rest, or free text."),
    option(
        "--load-kg",
        type=_Number(0, 1000),
        nargs=2,
        default=None,
        metavar="L R",
        help="Weights held, left and right.",
    ),
    option("--rpe", type=_Number(0, 10), metavar="0-10", help="Perceived exertion."),
    option(
        "--acc-unit",
        type=_Unit("acc"),
        metavar="UNIT",
        shell_complete=proposals.proposing(lambda: ("m/s2", "g", "mg")),
        help="m/s2, g or mg, where a file does not say.",
    ),
    option(
        "--gyr-unit",
        type=_Unit("gyr"),
        metavar="UNIT",
        shell_complete=proposals.proposing(lambda: ("deg/s", "rad/s", "mdeg/s")),
        help="deg/s, rad/s or mdeg/s, where a file does not say.",
    ),
    option(
        "--time-unit",
        type=_Unit("time"),
        metavar="UNIT",
        shell_complete=proposals.proposing(lambda: ("s", "ms", "us", "ns")),
        help="s, ms, us or ns, where a file does not say.",
    ),
    option(
        "--timezone", type=_Zone(), metavar="ZONE", help="+01:00 or Europe/Paris, where a file does not say."
    ),
    option("--rate", type=_Number(1, 10_000), metavar="HZ", help="Sampling rate, where a file has no times."),
)


def recording_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the paths of a recording and the options about it."""
    for add in reversed(_OPTIONS):
        function = add(function)
    return function


def open_chosen(*, paths: tuple[Path, ...], rate: float | None, **chosen: Any) -> Recording:
    """Open the recording that the options of `recording_options` name.

    Raises
    ------
    BadInput
        It cannot be used.
    UsageError
        No path or too many.
    """
    from sensing import open_recording

    with working("reading"):
        return _with_doubts(open_recording(*paths, rate_hz=rate, **chosen))


def _with_doubts(recording: Recording) -> Recording:
    """The recording, with a notice where its sensors are not on the sides they were identified for."""
    from dataclasses import replace

    from sensing.errors import BadInput
    from sensing.remembered import exchanged, load

    try:
        doubt = exchanged(recording, load())
    except BadInput:  # a damaged list of sensors is no reason not to open a recording
        doubt = None
    return recording if doubt is None else replace(recording, notices=(*recording.notices, doubt))
