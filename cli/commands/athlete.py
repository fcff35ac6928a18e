"""Keep athletes: who they are, where their recordings lie."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import common
from cli.again import command_again
from cli.history import athlete_history, diary_of, home_option, no_recordings
from cli.output import message, print_json, working
from cli.recordings import PATH, SIDE
from sensing.errors import UsageError

if TYPE_CHECKING:
    from analysis.history.athlete import Athlete
    from analysis.history.removal import Belongings
    from analysis.history.sessions import Session

_EXAMPLE = """
    sidewise athlete add a01 --sport tennis --dominant right --folder workouts
    sidewise athlete show a01
    sidewise athlete export a01 -o a01.zip
"""

_ATHLETE = click.argument("athlete", metavar="ATHLETE")
_JSON = common.option("--json", "as_json", is_flag=True, help="Print JSON.")


@common.group("athlete", example=_EXAMPLE)
def command() -> None:
    """Keep athletes: who they are, and where their recordings lie.

    What is kept stays on this computer. A recording belongs to an athlete by the name it was made with
    (record -a, simulate --athlete) and lies in one of the athlete's folders.
    """


@command.command("add", example="sidewise athlete add a01 --sport tennis --dominant right --folder workouts")
@_ATHLETE
@common.option("--name", metavar="TEXT", help="Name.")
@common.option("--sport", metavar="SPORT", help="Sport, such as tennis.")
@common.option("--dominant", type=SIDE, help="Dominant side.")
@common.option("--sex", metavar="TEXT", help="Only used to group a cohort.")
@common.option("--born", type=int, metavar="YEAR", help="Year of birth.")
@common.option("--note", metavar="TEXT", help="What else to keep.")
@common.option("--folder", "folders", type=PATH, multiple=True, metavar="DIR", help="Recordings; repeatable.")
@home_option
def add(athlete: str, folders: tuple[Path, ...], home: Path, **facts: Any) -> None:
    """Add an athlete, or change what is known of one.

    Folders are added to those there are.
    """
    from dataclasses import replace

    from analysis.history.athlete import Athlete, athlete_ids, load_athlete, save_athlete
    from sensing.recording import Side

    is_new = athlete not in athlete_ids(home)
    known = Athlete(athlete) if is_new else load_athlete(home, athlete)
    given = {name: value for name, value in facts.items() if value is not None}
    if "dominant" in given:
        given["dominant"] = Side(given["dominant"])
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder; make it, or name another")
    together = dict.fromkeys([*known.folders, *(folder.resolve() for folder in folders)])
    saved = replace(known, folders=tuple(together), **given)
    click.echo(save_athlete(home, saved))
    if not saved.folders:
        message(f"say where the recordings lie: sidewise athlete add {athlete} --folder DIR")


@command.command("list", example="sidewise athlete list")
@home_option
@_JSON
def list_(home: Path, as_json: bool) -> None:
    """List the athletes."""
    from analysis.history.athlete import readable_athletes

    athletes, problems = readable_athletes(home)
    for problem in problems:
        message(f"warning: {problem}")
    if as_json:
        print_json([_facts(one) for one in athletes])
        return
    if not athletes and not problems:
        message("no athletes yet; add one with: sidewise athlete add ID --folder DIR")
    for one in athletes:
        click.echo("  ".join(filter(None, (one.id, one.name, one.sport, _dominant(one)))))


@command.command("show", example="sidewise athlete show a01")
@_ATHLETE
@home_option
@_JSON
def show(athlete: str, home: Path, as_json: bool) -> None:
    """Show an athlete, and how many sessions of what there are."""
    from analysis.history.athlete import load_athlete

    known = load_athlete(home, athlete)
    history = athlete_history(home, known)
    for note in history.notes:
        message(note)
    counts = _counts(history.sessions)
    if as_json:
        print_json(_facts(known) | {"sessions": counts})
        return
    for name, value in _facts(known).items():
        if value and name not in ("schema", "remount", "sensor_gain"):
            click.echo(f"{name:10}{', '.join(value) if isinstance(value, list) else value}")
    click.echo(f"{'sessions':10}{len(history.sessions)}")
    for one in counts:
        span = f", {one['first']} to {one['last']}" if one["first"] else ""
        click.echo(f"  {one['sessions']} x {one['exercise'] or 'any exercise'}, {one['placement']}{span}")


@command.command(
    "report",
    example="sidewise athlete report a01 -o a01\nsidewise athlete report a01 -o a01.pdf --metric player_load",
)
@_ATHLETE
@common.option(
    "-o",
    "--output",
    type=PATH,
    required=True,
    metavar="PLACE",
    help="A folder, or one .html, .png or .pdf file.",
)
@common.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="What is followed, by its name in JSON; repeatable.",
)
@home_option
def report(athlete: str, output: Path, metrics: tuple[str, ...], home: Path) -> None:
    """Write an athlete's page: trends with the diary, load share, plan and latest sessions."""
    import datetime as dt

    from analysis.history.athlete import athlete_folder, load_athlete
    from analysis.history.plan_files import plans

    known = load_athlete(home, athlete)
    history = athlete_history(home, known)
    for note in history.notes:
        message(note)
    if not history.sessions:
        raise UsageError(no_recordings(known))
    from analysis.report import view_athlete, write_athlete_report

    made = plans(athlete_folder(home, athlete))
    diary = diary_of(home, known)
    with working("drawing"):
        shown = view_athlete(known, history.sessions, diary, made, metrics=metrics, today=dt.date.today())
        files = write_athlete_report(
            shown, output, again=command_again(click.get_current_context(), "output")
        )
    for path in files:
        click.echo(path)


@command.command(
    "export",
    example="sidewise athlete export a01 -o a01.zip\nsidewise athlete export a01 -o a01 --recordings",
)
@_ATHLETE
@common.option(
    "-o",
    "--output",
    type=PATH,
    required=True,
    metavar="PLACE",
    help="A new folder, or a file ending in .zip.",
)
@common.option("--recordings", is_flag=True, help="Also the recordings themselves.")
@home_option
def export(athlete: str, output: Path, recordings: bool, home: Path) -> None:
    """Write everything of an athlete into a folder or zip file.

    That is facts, diary, plans, and every session as JSON.
    """
    from analysis.history.athlete import load_athlete
    from analysis.history.removal import belongings
    from analysis.history.takeout import take_out

    known = load_athlete(home, athlete)
    history = athlete_history(home, known)
    for note in history.notes:
        message(note)
    click.echo(take_out(belongings(home, known), history.sessions, output, recordings=recordings))


@command.command(
    "delete", example="sidewise athlete delete a01\nsidewise athlete delete a01 --keep-recordings"
)
@_ATHLETE
@common.option("--yes", is_flag=True, help="Do not ask.")
@common.option("--keep-recordings", is_flag=True, help="Leave the recordings where they are.")
@home_option
def delete(athlete: str, yes: bool, keep_recordings: bool, home: Path) -> None:
    """Delete an athlete and all that is theirs.

    That is facts, diary, plans, results, and the recordings that name them. Asks first, and lists what goes.
    Recordings of others, or outside the athlete's folders, are not touched.
    """
    from analysis.history.athlete import load_athlete
    from analysis.history.removal import belongings, remove

    owned = belongings(home, load_athlete(home, athlete))
    _say_what_goes(owned, keep_recordings=keep_recordings)
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("nobody can be asked here; add --yes to delete")
        click.confirm("Delete all of this?", abort=True, err=True)
    for folder in remove(home, owned, keep_recordings=keep_recordings):
        message(f"{folder}: something else lies in it too, and stays")
    click.echo(f"deleted {athlete}")


def _say_what_goes(owned: Belongings, *, keep_recordings: bool) -> None:
    click.echo(f"{owned.folder}: facts, diary, plans", err=True)
    for path in () if keep_recordings else owned.recordings:
        click.echo(f"{path}: recording", err=True)
    if owned.unnamed:
        message(f"{len(owned.unnamed)} recordings in these folders name nobody, and stay")


def _facts(athlete: Athlete) -> dict[str, Any]:
    """The athlete as in their file."""
    from analysis.history.athlete import to_dict

    return to_dict(athlete)


def _dominant(athlete: Athlete) -> str:
    return f"{athlete.dominant}-handed" if athlete.dominant else ""


def _counts(sessions: tuple[Session, ...]) -> list[dict[str, Any]]:
    """How many sessions there are of each exercise and placement, and from when to when."""
    groups: dict[tuple[str, str], list[Session]] = {}
    for session in sessions:
        groups.setdefault((session.exercise, session.placement.value), []).append(session)
    counts = []
    for (exercise, placement), group in groups.items():
        days = sorted(str(session.day) for session in group if session.day)
        counts.append(
            {
                "exercise": exercise or None,
                "placement": placement,
                "sessions": len(group),
                "first": days[0] if days else None,
                "last": days[-1] if days else None,
            }
        )
    return counts
