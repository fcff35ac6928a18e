"""List and check what sports make usual."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import common, proposals
from cli.output import WIDTH, message, print_json
from cli.recordings import PATH
from sensing.errors import UsageError

if TYPE_CHECKING:
    from analysis.exercises import Exercise
    from analysis.profiles import Profile
    from analysis.profiles.library import Entry

_EXAMPLE = """
    sidewise profiles list
    sidewise profiles show tennis
    sidewise profiles check padel.toml
    sidewise profiles where
"""


@common.group("profiles", example=_EXAMPLE)
def command() -> None:
    """List and check what sports make usual.

    A profile says which side a sport makes the one with more, where, and how that is known. Profiles of your
    own, one file a sport, come before those shipped; 'sidewise profiles where' names their folder.
    """


@command.command("list", example="sidewise profiles list")
@common.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List sports and exercises that are known."""
    from analysis.exercises import known_exercises
    from analysis.profiles.library import entries

    listed = [_listed(entry) for entry in entries()]
    if as_json:
        print_json({"sports": listed, "exercises": known_exercises()})
        return
    for each in listed:
        said = [f"also {', '.join(each['aliases'])}".replace("_", " ")] if each["aliases"] else []
        said += [each["own"]] if each["own"] else []
        click.echo(_fill(f"{each['name']:<24}{'; '.join(said)}".rstrip(), 24))
    click.echo()
    click.echo(_fill(f"Exercises: {', '.join(known_exercises())}.", 2))


def _listed(entry: Entry) -> dict[str, Any]:
    """One line of the list; of one's own profiles also the file, and whether it can be used."""
    from analysis.profiles.library import load, replaced

    own = ""
    if entry.own:
        own = f"own: {entry.file}" + ", in place of the one shipped" * replaced(entry.name, *entry.aliases)
        try:
            load(entry)
        except UsageError:
            own += ", not usable: see 'sidewise profiles check'"
    return {"name": entry.name, "title": entry.title, "aliases": entry.aliases, "own": own}


@command.command("show", example="sidewise profiles show tennis\nsidewise profiles show 'bench press'")
@click.argument("name", metavar="NAME", shell_complete=proposals.sports_and_exercises)
@common.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show what a sport makes usual, or what is known of an exercise."""
    from analysis.exercises import find_exercise
    from analysis.profiles import candidates, find_profile, known_sports

    profile, exercise = find_profile(name), find_exercise(name)
    found = profile or (exercise if exercise.preset else None)
    if several := () if profile else candidates(name):
        raise UsageError(f"{name} may be {' or '.join(several)}; say which")
    if found is None:
        from difflib import get_close_matches

        near = get_close_matches(name.lower(), known_sports(), 1)
        meant = f"did you mean {near[0]}?" if near else "see 'sidewise profiles list'"
        raise UsageError(f"nothing is known of {name}; {meant}")
    if as_json:
        print_json(dataclasses.asdict(found))
    elif profile is not None:
        _show_sport(profile)
    else:
        _show_exercise(exercise)


def _show_sport(profile: Profile) -> None:
    click.echo(f"{profile.title} (version {profile.version}, {profile.path or 'shipped'})")
    if profile.aliases:
        click.echo(_fill(f"Also: {', '.join(profile.aliases)}", 2))
    for each in profile.expectations:
        click.echo()
        about = f" ({', '.join(each.metrics)})" if each.metrics else ""
        of = f", of {each.handed}-handed people" if each.handed else ""
        click.echo(_fill(f"{each.placement.replace('_', ' ')}{about}{of}: {each.words}", 2))
        band = "no norm" if each.more == "none" else "direction only, no norm"
        if each.band_percent is not None:
            band = f"usual {each.band_percent[0]:+g} to {each.band_percent[1]:+g} %"
            band += f", in at least {each.min_hours:g} h" if each.min_hours else ""
        people = f"n = {each.n}" if each.n else "nobody measured it"
        click.echo(_fill(f"  side with more: {each.more}; {band}; {people}", 2))
        click.echo(_fill(f"  {each.source} {each.note}".rstrip(), 2))


def _show_exercise(exercise: Exercise) -> None:
    known = [
        ("recorded at", ", ".join(exercise.placements) or "any place"),
        ("movement", exercise.movement or "not said"),
        ("sides move", exercise.kind or "either way"),
        ("coupled", "yes: which side pushed harder cannot be seen" if exercise.coupled else "no"),
    ]
    click.echo(exercise.preset)
    for what, value in known:
        click.echo(f"  {what:<14}{value}")


@command.command("check", example="sidewise profiles check padel.toml")
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
def check(files: tuple[Path, ...]) -> None:
    """Check profiles: every mistake with its line."""
    from analysis.profiles import parse_profile
    from analysis.profiles.sport import sport_key
    from sensing.toml_checks import read_text

    mistakes = 0
    for file in files:
        try:
            profile = parse_profile(read_text(file), str(file), sport_key(file.stem))
        except UsageError as error:
            mistakes += len(str(error).splitlines())
            click.echo(str(error))
        else:
            n = len(profile.expectations)
            click.echo(f"{file}: in order: {profile.title}, {n} {'entry' if n == 1 else 'entries'}")
    if mistakes:
        raise UsageError(
            f"{mistakes} mistake{'s' * (mistakes > 1)}; docs/profiles.md says what a profile holds"
        )


@command.command("where", example="sidewise profiles where")
def where() -> None:
    """Say where profiles of your own are looked for."""
    from analysis.profiles.library import VARIABLE, user_profiles

    folder = user_profiles()
    click.echo(folder)
    if not folder.is_dir():
        message(f"the folder is not there yet: make it, or name another with {VARIABLE}")


def _fill(text: str, indent: int) -> str:
    import textwrap

    return textwrap.fill(
        text, WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False, break_long_words=False
    )
