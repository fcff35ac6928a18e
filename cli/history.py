"""The options that say whose sessions are meant, and the sessions they choose."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.common import option
from cli.output import message, state
from cli.recordings import PATH, PLACEMENT
from sensing.errors import UsageError
from sensing.home import user_folder

if TYPE_CHECKING:
    from analysis.history.athlete import Athlete
    from analysis.history.diary import Entry
    from analysis.history.index import History
    from analysis.history.sessions import Choice

home_option = option(
    "--home",
    type=PATH,
    metavar="DIR",
    callback=lambda ctx, param, value: value or user_folder(),
    help="Where athletes are kept; a folder of this system's if not said.",
)

_OPTIONS = (
    click.argument("athlete", required=False, metavar="[ATHLETE]"),
    option("--folder", type=PATH, metavar="DIR", help="Read the recordings there, without an index."),
    option(
        "--metric",
        default="angle_travelled",
        show_default=True,
        metavar="NAME",
        help="What is followed, by its name in JSON.",
    ),
    option("--placement", type=PLACEMENT, metavar="PLACE", help="Only sensors worn there."),
    option("--exercise", metavar="NAME", help="Only this exercise."),
    home_option,
)


@dataclass(frozen=True)
class Chosen:
    """Sessions of one athlete, placement and exercise; the athlete is None where only a folder was named."""

    athlete: Athlete | None
    choice: Choice


def history_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose sessions."""
    for add in reversed(_OPTIONS):
        function = add(function)
    return function


def choose_sessions(
    *,
    athlete: str | None,
    folder: Path | None,
    home: Path,
    placement: str | None,
    exercise: str | None,
) -> Chosen:
    """The sessions that the options of `history_options` name; what is left out is said.

    Raises
    ------
    UsageError
        Neither athlete nor folder is named, the athlete is unknown, or there are no such sessions.
    BadInput
        The folder is not there.
    """
    from analysis.history.athlete import athlete_ids, load_athlete
    from analysis.history.index import history, read_folder
    from analysis.history.sessions import choose

    if athlete is None and folder is None:
        raise UsageError("name an athlete, or recordings with --folder DIR")
    known = None if athlete is None or (folder and athlete not in athlete_ids(home)) else athlete
    person = None if known is None else load_athlete(home, known)
    with _progress() as advance:
        if folder is not None:
            settings = None if person is None else person.settings
            found = read_folder(folder, athlete, advance, settings=settings)
        else:
            assert person is not None
            found = history(home, person, advance)
    for note in found.notes:
        message(note)
    if not found.sessions:
        raise UsageError(_nothing(person, athlete, folder))
    choice = choose(found.sessions, placement, exercise)
    for note in choice.notes:
        message(note)
    return Chosen(person, choice)


def athlete_history(home: Path, athlete: Athlete) -> History:
    """Every session of an athlete, with progress on a terminal; the caller says the notes."""
    from analysis.history.index import history

    with _progress() as advance:
        return history(home, athlete, advance)


def diary_of(home: Path, athlete: Athlete | None) -> tuple[Entry, ...]:
    """The athlete's diary; lines of it that cannot be read are said."""
    from analysis.history.athlete import athlete_folder
    from analysis.history.diary import read_diary

    if athlete is None:
        return ()
    diary = read_diary(athlete_folder(home, athlete.id))
    for problem in diary.problems:
        message(f"warning: {problem}")
    return diary.entries


def _nothing(athlete: Athlete | None, name: str | None, folder: Path | None) -> str:
    if folder is not None:
        whose = f" of {name}" if name else ""
        return f"{folder}: no recordings{whose}; record with 'sidewise record -o {folder}/NAME'"
    assert athlete is not None
    return no_recordings(athlete)


def no_recordings(athlete: Athlete) -> str:
    """What to do about an athlete without sessions."""
    add = f"'sidewise athlete add {athlete.id} --folder DIR'"
    if not athlete.folders:
        return f"where the recordings of {athlete.id} lie is not known; say it with {add}"
    places = ", ".join(str(place) for place in athlete.folders)
    return (
        f"no recordings of {athlete.id} in {places}; make some with 'sidewise record -a {athlete.id} "
        f"-o {athlete.folders[0]}/NAME', or add a folder with {add}"
    )


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar for the recordings that are analysed, on a terminal."""
    if state().quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("analysing new recordings", visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)
