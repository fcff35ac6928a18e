"""The options of an analysis, the analysis they ask for, and the exit code it ends with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from cli.common import option
from cli.history import home_option
from cli.output import working
from cli.recordings import open_chosen

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.history.athlete import Athlete
    from analysis.results import Analysis

FLAGGED = 10
"""Exit code of ``--fail-on-flag`` for an asymmetry that the sport does not explain."""

_OPTIONS = (
    option(
        "--remount-sd",
        metavar="SD",
        help="How much taking the sensors off and on changes the result, such as 4%.",
    ),
    option(
        "--no-own-error",
        is_flag=True,
        help="Leave out what the athlete measured of their own error (remount, swap).",
    ),
    home_option,
    option("--per-set", is_flag=True, help="Add the comparison within each set."),
    option("--strict", is_flag=True, help="Exit with 6 if the data are poor."),
    option(
        "--fail-on-flag",
        is_flag=True,
        help=f"Exit with {FLAGGED} at a difference the sport does not explain.",
    ),
)


def analysis_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of an analysis."""
    for add in reversed(_OPTIONS):
        function = add(function)
    return function


def analyse_chosen(
    *, remount_sd: str | float | None, per_set: bool, no_own_error: bool, home: Path, **chosen: Any
) -> Analysis:
    """Open and analyse the recording that the options name, with what is known of its athlete.

    Raises
    ------
    BadInput, UsageError
        As `sensing.open_recording` and `analysis.analyse`.
    """
    from analysis import Settings, analyse
    from sensing.simulate.params import parse_fraction

    settings = Settings(
        remount_sd=None if remount_sd is None else parse_fraction(str(remount_sd)), per_set=per_set
    )
    recording = open_chosen(**chosen)
    if (athlete := _known(home, recording.athlete)) is not None:
        own = None if no_own_error else athlete.own_error
        settings = replace(settings, own_error=own, sport=athlete.sport, dominant=athlete.dominant)
    with working("analysing"):
        return analyse(recording, settings)


def _known(home: Path, athlete: str) -> Athlete | None:
    """The athlete, if one of that id was added."""
    from analysis.history.athlete import athlete_ids, load_athlete

    return load_athlete(home, athlete) if athlete in athlete_ids(home) else None


def end_with_verdict(analysis: Analysis, *, strict: bool, fail_on_flag: bool) -> None:
    """Exit with the code that ``--strict`` or ``--fail-on-flag`` asks for, if it applies.

    Raises
    ------
    QualityGateFailed
        Poor data and ``--strict``.
    """
    if strict and analysis.quality.grade == "poor":
        from cli.show import quality_failure

        raise quality_failure(analysis.quality)
    if fail_on_flag and analysis.verdict.flagged:
        click.get_current_context().exit(FLAGGED)
