"""Tell what is usual in a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import common
from cli.again import command_again
from cli.cells import plain_cells
from cli.output import console, message, print_json, working
from cli.recordings import PATH
from sensing.errors import UsageError

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import Console

_EXAMPLE = """
    sidewise cohort cohort.parquet
    sidewise cohort cohort.parquet --by sport,sex,age_band --metric player_load
    sidewise cohort cohort.parquet --csv > norms.csv
    sidewise cohort cohort.parquet -o everybody.html
    sidewise cohort cohort.parquet --profile padel.toml
"""


@common.command("cohort", example=_EXAMPLE)
@click.argument("result", type=PATH, metavar="FOLDER")
@common.option(
    "--by",
    default="sport,placement",
    show_default=True,
    metavar="NAMES",
    help="What divides it: sport, exercise, placement, sex, age_band, dominant.",
)
@common.option("--metric", metavar="NAME", help="Only this metric.")
@common.option(
    "--least",
    type=click.IntRange(1),
    metavar="N",
    help="People a group needs: 1, or 20 for a profile, if not given.",
)
@common.option(
    "--profile",
    type=PATH,
    metavar="FILE",
    help="Write what is usual as a profile of the sport that the file is named after.",
)
@common.option(
    "-o",
    "--output",
    type=PATH,
    metavar="FILE",
    help="Write everybody and their sessions to a web page.",
)
@common.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@common.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    result: Path,
    by: str,
    metric: str | None,
    least: int | None,
    profile: Path | None,
    output: Path | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Tell what is usual in a cohort.

    FOLDER is what 'sidewise batch' wrote. Shown are quantiles over people of the difference between the sides
    in percent, + meaning more on the dominant side (the right one where dominance is not known).
    """
    if profile is not None:
        _write_profile(result, profile, least)
    if output is not None:
        _write_page(result, metric, output)
    if output is not None or profile is not None:
        return
    from analysis.cohort.norms import norms

    table = norms(
        result, [name.strip() for name in by.split(",") if name.strip()], metric=metric, least=least or 1
    )
    if as_json:
        print_json(table.to_json(orient="records", force_ascii=False))
    elif as_csv:
        click.echo(plain_cells(table).to_csv(index=False), nl=False)
    elif table.empty:
        click.echo("no group with enough people")
    else:
        _show(console(), table)


def _write_profile(result: Path, profile: Path, least: int | None) -> None:
    from analysis.cohort.own_norms import LEAST_PEOPLE, norms_profile
    from sensing.files import write_file

    if profile.suffix != ".toml":
        raise UsageError(f"{profile}: a profile is a .toml file, named after its sport as in padel.toml")
    write_file(profile, norms_profile(result, profile.stem, least=least or LEAST_PEOPLE).encode())
    click.echo(profile)
    message("check it, then put it into the folder that 'sidewise profiles where' names")


def _write_page(result: Path, metric: str | None, output: Path) -> None:
    from analysis.cohort.overview import METRICS, overview
    from analysis.report import render_cohort_html
    from sensing.files import write_file

    if output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{output}: a web page is written; end its name in .html")
    metrics = METRICS if metric is None else (metric,)
    with working("drawing"):
        lines = overview(result, metrics)
        again = command_again(click.get_current_context(), "output")
        page = render_cohort_html(lines, metrics, source=result.name, again=again)
    write_file(output, page)
    click.echo(output)


def _show(screen: Console, norms: DataFrame) -> None:
    """Groups as lines, the quantiles as columns; what the groups are goes on a line of its own."""
    from rich.table import Table

    from analysis.cohort.norms import QUANTILES
    from analysis.report.numbers import MISSING

    numbers = [name for name in norms.columns if name in ("people", *QUANTILES, "median_size")]
    groups = list(norms.columns[: list(norms.columns).index("metric")])
    for group, rows in norms.groupby(groups, dropna=False, sort=False):
        known = zip(groups, group, strict=True)
        title = ", ".join(
            str(value) if isinstance(value, str) else f"{name} not known" for name, value in known
        )
        screen.print(title, style="bold")
        table = Table("metric", box=None, pad_edge=False)
        for name in numbers:
            table.add_column(name.replace("_", " "), justify="right")
        for row in rows.to_dict("records"):
            if row["people"] == 1:
                # One value has no spread: its quantiles would all be equal.
                cells = [f"{row[name]:+.1f}" if name == "median" else MISSING for name in QUANTILES]
                table.add_row(row["metric"], "1 person", *cells, MISSING)
                continue
            cells = [f"{row[name]:d}" if name == "people" else f"{row[name]:+.1f}" for name in numbers[:-1]]
            table.add_row(row["metric"], *cells, f"{row['median_size']:.1f}")
        screen.print(table)
        screen.print()
