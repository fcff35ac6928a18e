"""Keep a diary: therapies, exercise, pain, notes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import common
from cli.asking import DAY, ask
from cli.history import home_option
from cli.output import console, message, print_json
from sensing.errors import UsageError

if TYPE_CHECKING:
    from analysis.history.diary import Diary, Entry

KINDS = (
    "massage",
    "trigger_point",
    "inversion",
    "heat",
    "ice",
    "hydrotherapy",
    "stretching",
    "exercise",
    "rest",
    "pain",
    "note",
)
"""A copy of `Kind`, whose module loads numpy, which no help or usage error should."""

_EXAMPLE = """
    sidewise diary add a01 massage --minutes 20 --place 'left calf'
    sidewise diary add a01 exercise --pain 1
    sidewise diary list a01
"""

_ATHLETE = click.argument("athlete", metavar="ATHLETE")


class _KindChoice(click.Choice[str]):
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return super().convert(str(value).lower().replace("-", "_"), param, ctx)


KIND = _KindChoice(KINDS)


@common.group("diary", example=_EXAMPLE)
def command() -> None:
    """Keep a diary of therapies, exercise, pain and notes.

    It only logs, and advises nothing. Entries appear on the trend; a plan is reviewed by exercise and pain.
    Kinds: massage, trigger_point, inversion, heat, ice, hydrotherapy, stretching, exercise, rest, pain, note.
    """


@command.command("add", example=_EXAMPLE.strip().rpartition("\n")[0])
@_ATHLETE
@click.argument("kind", type=KIND, metavar="KIND")
@common.option("--note", default="", metavar="TEXT", help="What else to say, on one line.")
@common.option(
    "--pain", type=click.IntRange(0, 10), metavar="0-10", help="Pain at its worst; 10 is the most."
)
@common.option("--date", "day", type=DAY, metavar="DAY", help="When, as 2026-03-02; today if left out.")
@common.option("--minutes", type=click.IntRange(1, 24 * 60), metavar="N", help="How long.")
@common.option("--place", default="", metavar="TEXT", help="Where on the body.")
@common.option(
    "--contraindications",
    metavar="CODES",
    help="For an inversion, instead of being asked: none, or those that hold for you.",
)
@home_option
@common.option("--json", "as_json", is_flag=True, help="Print JSON.")
def add(
    athlete: str,
    kind: str,
    note: str,
    pain: int | None,
    day: dt.date | None,
    minutes: int | None,
    place: str,
    contraindications: str | None,
    home: Path,
    as_json: bool,
) -> None:
    """Add an entry to the diary.

    KIND is massage, trigger_point, inversion, heat, ice, hydrotherapy, stretching, exercise, rest, pain or
    note.
    """
    from analysis.history.diary import Entry, Kind, add_entry

    folder = _folder(home, athlete)
    when = day or dt.date.today()
    if when > dt.date.today():
        raise UsageError(f"{when} is still to come; the diary is for what was")
    entry = Entry(
        when,
        Kind(kind),
        note=note,
        place=place,
        pain=pain,
        minutes=minutes,
        contraindications=_contraindications(kind, contraindications),
    )
    added = add_entry(folder, entry)
    if as_json:
        print_json(added.to_dict())
    else:
        click.echo(f"{added.id}  {_line(added)}")


@command.command("list", example="sidewise diary list a01\nsidewise diary list a01 --kind pain --json")
@_ATHLETE
@common.option("--from", "first", type=DAY, metavar="DAY", help="Not before this day.")
@common.option("--to", "last", type=DAY, metavar="DAY", help="Not after this day.")
@common.option(
    "--kind", "kinds", type=KIND, multiple=True, metavar="KIND", help="Only this; may be repeated."
)
@home_option
@common.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_entries(
    athlete: str,
    first: dt.date | None,
    last: dt.date | None,
    kinds: tuple[str, ...],
    home: Path,
    as_json: bool,
) -> None:
    """List entries by date."""
    from analysis.history.diary import Kind, entries_between

    diary = _read(home, athlete)
    wanted = [Kind(kind) for kind in kinds] or tuple(Kind)
    entries = entries_between(diary.entries, first or dt.date.min, last or dt.date.max, wanted)
    if as_json:
        print_json([entry.to_dict() for entry in entries])
    elif not entries:
        click.echo("no entries")
    else:
        _show(entries)


@command.command("show", example="sidewise diary show a01 3f2a9c10")
@_ATHLETE
@click.argument("entry_id", metavar="ID")
@home_option
@common.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(athlete: str, entry_id: str, home: Path, as_json: bool) -> None:
    """Show one entry; 'sidewise diary list' has the ids."""
    entry = _read(home, athlete).entry(entry_id)
    if as_json:
        print_json(entry.to_dict())
        return
    for name, value in entry.to_dict().items():
        click.echo(f"{name}: {', '.join(value) or 'none' if isinstance(value, tuple) else value}")


@command.command("delete", example="sidewise diary delete a01 3f2a9c10")
@_ATHLETE
@click.argument("entry_id", metavar="ID")
@home_option
def delete(athlete: str, entry_id: str, home: Path) -> None:
    """Delete one entry for good."""
    from analysis.history.diary import delete_entry

    folder = _folder(home, athlete)
    click.echo(f"deleted: {_line(delete_entry(folder, entry_id))}")


def _read(home: Path, athlete: str) -> Diary:
    from analysis.history.diary import read_diary

    diary = read_diary(_folder(home, athlete))
    for problem in diary.problems:
        message(f"warning: {problem}")
    return diary


def _folder(home: Path, athlete: str) -> Path:
    """Folder of an athlete who is known."""
    from analysis.history.athlete import athlete_folder, load_athlete

    return athlete_folder(home, load_athlete(home, athlete).id)


def _contraindications(kind: str, given: str | None) -> tuple[str, ...] | None:
    """What speaks against hanging upside down, asked for before it is logged."""
    from analysis.history.diary import CONTRAINDICATIONS

    if kind != "inversion":
        if given is not None:
            raise UsageError("--contraindications belongs to an inversion; leave it out")
        return None
    held = ask(
        CONTRAINDICATIONS,
        given,
        option="--contraindications",
        before="hanging upside down raises blood pressure, by about 17/16 mmHg",
    )
    if held:
        named = ", ".join(code.replace("_", " ") for code in held)
        message(f"warning: with {named}, ask a doctor before you hang upside down again; this only logs it")
    return held


def _line(entry: Entry) -> str:
    parts = [entry.date.isoformat(), entry.kind.value.replace("_", " "), *_details(entry)]
    return "  ".join(parts)


def _details(entry: Entry) -> list[str]:
    parts = [
        f"{entry.minutes} min" if entry.minutes is not None else "",
        entry.place,
        f"pain {entry.pain}/10" if entry.pain is not None else "",
        entry.note,
    ]
    return [part for part in parts if part]


def _show(entries: tuple[Entry, ...]) -> None:
    from rich.table import Table

    table = Table("id", "date", "what", "min", "place", "pain", "note", box=None, pad_edge=False)
    for entry in entries:
        table.add_row(
            entry.id,
            entry.date.isoformat(),
            entry.kind.value.replace("_", " "),
            "" if entry.minutes is None else str(entry.minutes),
            entry.place,
            "" if entry.pain is None else f"{entry.pain}/10",
            entry.note,
        )
    console().print(table)
