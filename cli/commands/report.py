"""Analyse, and write a web page and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import common
from cli.again import command_again
from cli.analysing import analyse_chosen, analysis_options, end_with_verdict
from cli.history import athlete_history, diary_of
from cli.output import message, print_json, working
from cli.recordings import PATH, recording_options
from sensing.errors import UsageError

if TYPE_CHECKING:
    from analysis.report import Trend
    from analysis.results import Analysis

_EXAMPLE = """
    sidewise report s1
    sidewise report s1 -o s1.pdf
    sidewise report left.csv right.csv -o results
"""


@common.command("report", example=_EXAMPLE)
@recording_options
@analysis_options
@common.option(
    "-o",
    "--output",
    type=PATH,
    metavar="PLACE",
    help="A folder, or one .html, .png or .pdf file; 'report' in the recording folder if not said.",
)
@common.option("--json", "as_json", is_flag=True, help="Print the analysis and the files as JSON.")
def command(
    output: Path | None,
    as_json: bool,
    strict: bool,
    fail_on_flag: bool,
    **chosen: Any,
) -> None:
    """Analyse, and write the report: one web page and one picture.

    Earlier sessions of an athlete who was added with 'sidewise athlete add' stand beside this one.
    """
    target = output or _default_folder(chosen)
    analysis = analyse_chosen(**chosen)
    history = _history(chosen["home"], analysis)
    from analysis.report import write_report

    with working("drawing"):
        files = write_report(
            analysis, target, history=history, again=command_again(click.get_current_context())
        )
    if as_json:
        print_json({**analysis.to_dict(), "files": [str(path) for path in files]})
    else:
        click.echo(analysis.summary)
        for path in files:
            click.echo(path)
    end_with_verdict(analysis, strict=strict, fail_on_flag=fail_on_flag)


def _default_folder(chosen: dict[str, Any]) -> Path:
    """A place inside the one folder that was named: nothing is written where nobody chose."""
    paths = chosen["paths"]
    if not paths and not (chosen["left"] or chosen["right"]):
        raise UsageError("name a recording, as in 'sidewise report s1'")
    if len(paths) == 1 and not paths[0].is_file():
        return Path(paths[0]) / "report"
    raise UsageError("say where to write the report, as in -o FOLDER")


def _history(home: Path, analysis: Analysis) -> Trend | None:
    """Earlier sessions of the athlete, if they are known here."""
    from analysis.history.athlete import athlete_ids, load_athlete

    name = analysis.recording["athlete"]
    if not name or name not in athlete_ids(home):
        return None
    from analysis.report import trend_up_to

    athlete = load_athlete(home, name)
    history = athlete_history(home, athlete)
    for note in history.notes:
        message(note)
    return trend_up_to(analysis, history.sessions, diary_of(home, athlete))
