"""Compare left with right, and say how sure that is."""

from __future__ import annotations

from typing import Any

from cli import common
from cli.analysing import analyse_chosen, analysis_options, end_with_verdict
from cli.output import console, print_json, state
from cli.recordings import recording_options

_EXAMPLE = """
    sidewise analyse s1 --sport tennis --dominant right
    sidewise analyse left.csv right.csv --placement shank
    sidewise analyse s1 --json --strict > s1.json
"""


@common.command("analyse", example=_EXAMPLE)
@recording_options
@analysis_options
@common.option("--json", "as_json", is_flag=True, help="Print JSON (sidewise.analysis/1).")
def command(as_json: bool, strict: bool, fail_on_flag: bool, **chosen: Any) -> None:
    """Compare left with right, and say how sure that is.

    PATH is a recording folder, a folder with left.csv and right.csv, two files, or one file with --side.
    """
    analysis = analyse_chosen(**chosen)
    if as_json:
        print_json(analysis.to_json())
    else:
        from cli.show import show_analysis

        show_analysis(console(), analysis, detailed=state().verbose)
    end_with_verdict(analysis, strict=strict, fail_on_flag=fail_on_flag)
