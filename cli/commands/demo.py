"""Simulate, analyse and report, without sensors."""

from __future__ import annotations

from pathlib import Path

import click

from cli import common
from cli.output import message, working
from cli.recordings import PATH


@common.command("demo", example="sidewise demo\nsidewise demo -o /tmp/demo")
@common.option(
    "-o",
    "--output",
    type=PATH,
    default="demo",
    show_default=True,
    metavar="FOLDER",
    help="Where the recording and its report go.",
)
def command(output: Path) -> None:
    """Show what this does: a simulated tennis player, analysed and reported.

    The player is right-handed and the right wrist does 18 % more, in 3 sets of 12 strokes. A demo that is
    already in the folder is replaced.
    """
    from analysis import analyse
    from analysis.report import write_report
    from sensing import open_recording
    from sensing.simulate import Simulation, parse_asymmetry, save, simulate

    message("simulating a right-handed tennis player whose right wrist does 18 % more")
    player = Simulation("tennis", sets=3, reps=12, asym=parse_asymmetry("+18%"), athlete="demo", seed=1)
    with working("simulating"):
        save(simulate(player), output / "recording", overwrite=True)
    message(f"analysing {output / 'recording'}")
    with working("analysing"):
        analysis = analyse(open_recording(output / "recording", sport="tennis", dominant="right"))
    with working("drawing"):
        files = write_report(analysis, output / "report")
    message(f"more: sidewise analyse {output / 'recording'}")
    click.echo(analysis.summary)
    for path in reversed(files):
        click.echo(path)
