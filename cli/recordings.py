"""The options that say what a recording is, and the recording they open."""

from __future__ import annotations

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

PATH = click.Path(path_type=Path)


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
        "--load-kg", type=float, nargs=2, default=None, metavar="L R", help="Weights held, left and right."
    ),
    option("--rpe", type=float, metavar="0-10", help="Perceived exertion."),
    option(
        "--acc-unit",
        metavar="UNIT",
        shell_complete=proposals.proposing(lambda: ("m/s2", "g", "mg")),
        help="m/s2, g or mg, where a file does not say.",
    ),
    option(
        "--gyr-unit",
        metavar="UNIT",
        shell_complete=proposals.proposing(lambda: ("deg/s", "rad/s", "mdeg/s")),
        help="deg/s, rad/s or mdeg/s, where a file does not say.",
    ),
    option(
        "--time-unit",
        metavar="UNIT",
        shell_complete=proposals.proposing(lambda: ("s", "ms", "us", "ns")),
        help="s, ms, us or ns, where a file does not say.",
    ),
    option("--timezone", metavar="ZONE", help="+01:00 or Europe/Paris, where a file does not say."),
    option("--rate", type=float, metavar="HZ", help="Sampling rate, where a file has no times."),
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
