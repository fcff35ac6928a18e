"""Analyse every recording of a folder into one table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import common
from cli.history import home_option
from cli.output import message, print_json, state
from cli.recordings import PATH
from cli.signals import polite_kill_as_interrupt
from sensing.errors import BadInput, UsageError
from sensing.files import write_file

if TYPE_CHECKING:
    from analysis.cohort.batch import Backend
    from analysis.cohort.table import Person

_EXAMPLE = """
    sidewise batch recordings -o cohort.parquet
    sidewise batch recordings -o cohort.parquet -j 4 --resume
    sidewise batch s3://lab -o c.parquet --backend dask --scheduler tcp://h:8786
"""


@common.command("batch", example=_EXAMPLE)
@click.argument("folder", metavar="FOLDER")
@common.option("-o", "--output", type=PATH, required=True, metavar="FOLDER", help="Where the table goes.")
@common.option("-j", "--jobs", type=int, default=-1, metavar="N", help="Processes; one a core if not given.")
@common.option(
    "--backend",
    type=click.Choice(("loky", "dask")),
    default="loky",
    show_default=True,
    help="Processes of this machine, or a Dask cluster.",
)
@common.option("--scheduler", metavar="URL", help="The cluster's scheduler, such as tcp://host:8786.")
@common.option("--resume", is_flag=True, help="Finish or refresh a table that is there.")
@common.option("--remount-sd", metavar="SD", help="As for analyse, such as 4%.")
@common.option("--people", type=PATH, metavar="FILE", help="CSV with athlete, sex, born.")
@home_option
@common.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def command(
    folder: str,
    output: Path,
    jobs: int,
    backend: str,
    scheduler: str | None,
    resume: bool,
    remount_sd: str | float | None,
    people: Path | None,
    home: Path,
    as_json: bool,
) -> None:
    """Analyse every recording of a folder into one table.

    FOLDER holds recordings at any depth, or is a URL that fsspec opens. The table is a folder of Parquet
    files: a row per recording, metric and set, and one that says why for a recording that failed. What is
    known of athletes that were added (sport, dominant side, sex, year of birth) holds where neither the
    recording nor --people says it.
    """
    chosen = _backend(backend, scheduler, jobs)
    from analysis.cohort.batch import Batch, chunks_of, drop_stale, left_to_do, work_of
    from analysis.cohort.places import find
    from analysis.settings import Settings
    from sensing.simulate.params import parse_fraction

    sd = None if remount_sd is None else parse_fraction(str(remount_sd))
    batch = Batch(folder, Settings(remount_sd=sd, per_set=True), _people(people, home))
    found = find(folder)
    if not found:
        raise BadInput(
            f"{folder}: no recordings; each is a folder with recording.json or left.csv and right.csv"
        )
    chunks = chunks_of(batch, found)
    todo = left_to_do(output, chunks, resume=resume)
    output.mkdir(parents=True, exist_ok=True)
    with _progress(sum(len(c.names) for c in todo)) as advance, polite_kill_as_interrupt():
        try:
            for chunk, part in chosen(work_of(batch), todo):
                write_file(output / chunk.file, part)
                advance(len(chunk.names))
        except KeyboardInterrupt:
            message("what is finished is kept; the same command with --resume does the rest")
            raise
    drop_stale(output, chunks)
    _tell(output, len(found), len(chunks) - len(todo), as_json=as_json)


def _backend(name: str, scheduler: str | None, jobs: int) -> Backend:
    if (name == "dask") != (scheduler is not None):
        raise UsageError("--backend dask and --scheduler URL go together; start one with 'dask scheduler'")
    if jobs == 0:
        raise UsageError("-j 0: give the number of processes, or leave it out for one a core")
    from analysis.cohort import backends

    if scheduler is not None:
        return backends.dask(scheduler)
    return backends.serial if jobs == 1 else backends.loky(jobs)


def _people(file: Path | None, home: Path) -> dict[str, Person]:
    """Who is known: athletes that were added, and what a file says of their sex and year of birth."""
    from analysis.cohort.table import Person
    from analysis.history.athlete import readable_athletes

    athletes, problems = readable_athletes(home)
    for problem in problems:
        message(f"warning: {problem}")
    known = {one.id: Person(one.sex, one.born, one.sport, one.dominant) for one in athletes}
    for name, (sex, born) in ({} if file is None else _listed(file)).items():
        one = known.get(name, Person())
        known[name] = replace(one, sex=sex or one.sex, born=born or one.born)
    return known


def _listed(file: Path) -> dict[str, tuple[str, int | None]]:
    """Sex and year of birth by athlete, every fault of the file listed."""
    import csv

    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            rows = list(csv.DictReader(text))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{file}: cannot be read: {error}") from error
    if not rows or "athlete" not in rows[0]:
        raise BadInput(f"{file}: line 1: needs a column 'athlete', and 'sex' and 'born' where known")
    people, problems = {}, []
    for line, row in enumerate(rows, start=2):
        born = (row.get("born") or "").strip()
        if born and not (born.isdecimal() and 1900 <= int(born) <= 2100):
            problems.append(f"{file}: line {line}: born is a year, not {born!r}")
            continue
        sex = (row.get("sex") or "").strip()
        people[(row["athlete"] or "").strip()] = (sex, int(born) if born else None)
    if problems:
        raise BadInput(problems)
    return people


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """A bar with the time left, on a terminal."""
    import sys

    if state().quiet or not sys.stderr.isatty() or not total:
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("recordings"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=total)
        yield lambda done: progress.advance(task, done)


def _tell(output: Path, recordings: int, parts_kept: int, *, as_json: bool) -> None:
    from analysis.cohort.table import failures

    failed = failures(sorted(output.glob("part-*.parquet")))
    if as_json:
        counts = {"recordings": recordings, "failed": len(failed), "parts_kept": parts_kept}
        print_json({"output": str(output)} | counts)
        return
    for name, why in failed[:5]:
        message(f"{name}: {why}")
    if len(failed) > 5:
        message(f"and {len(failed) - 5} more failed; each has a row with its reason in the column 'failure'")
    click.echo(f"{output}: {recordings} recordings, {len(failed)} failed")
