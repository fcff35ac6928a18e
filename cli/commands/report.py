"""Analyse, and write a web page and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli import common
from cli.analysing import analyse_chosen, analysis_options, end_with_verdict
from cli.output import print_json, working
from cli.recordings import PATH, recording_options
from sensing.errors import UsageError


@common.command("report", example="sidewise report s1\nsidewise report left.csv right.csv -o results")
@recording_options
@analysis_options
@common.option(
    "-o",
    "--output",
    type=PATH,
    metavar="FOLDER",
    help="Where to, or one .html or .png file; 'report' in the recording folder if not said.",
)
@common.option("--json", "as_json", is_flag=True, help="Print the analysis and the files as JSON.")
def command(
    output: Path | None,
    as_json: bool,
    strict: bool,
    fail_on_flag: bool,
    **chosen: Any,
) -> None:
    """Analyse, and write the report: one web page and one picture."""
    target = output or _default_folder(chosen["paths"])
    analysis = analyse_chosen(**chosen)
    from analysis.report import write_report

    with working("drawing"):
        files = write_report(analysis, target)
    if as_json:
        print_json({**analysis.to_dict(), "files": [str(path) for path in files]})
    else:
        click.echo(analysis.summary)
        for path in files:
            click.echo(path)
    end_with_verdict(analysis, strict=strict, fail_on_flag=fail_on_flag)


def _default_folder(paths: tuple[Path, ...]) -> Path:
    """A place inside the one folder that was named: nothing is written where nobody chose."""
    if len(paths) == 1 and not paths[0].is_file():
        return paths[0] / "report"
    raise UsageError("say where to write the report, as in -o FOLDER")
