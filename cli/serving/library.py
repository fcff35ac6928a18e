"""What may be shown: registered athletes and their recordings, and the folders that the command line names.

Addresses hold keys made from names and paths, never names or paths: what has no key cannot be asked for, and
nobody's name stands in a browser's history.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.history.athlete import Athlete, athlete_folder, athlete_ids, load_athlete, readable_athletes
from analysis.history.index import fingerprints, theirs
from analysis.settings import Settings
from sensing.errors import SidewiseError
from sensing.finding import SIDECAR, find_recordings


def key_of(name: str | Path) -> str:
    """What stands for an athlete, a folder or a recording in an address."""
    return hashlib.sha256(str(name).encode("utf-8", "surrogateescape")).hexdigest()[:20]


@dataclass(frozen=True)
class Person:
    """An athlete as a list shows them; ``problem`` says why the rest is not known."""

    key: str
    id: str
    athlete: Athlete | None
    recordings: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Item:
    """A recording as a list shows it: what its sidecar says, as far as there is one."""

    key: str
    name: str
    day: str
    about: str


@dataclass(frozen=True)
class Library:
    """Athletes in the user's folder, and folders of recordings.

    Attributes
    ----------
    home : Path
        The user's folder.
    folders : sequence of Path
        Named on the command line.
    """

    home: Path
    folders: Sequence[Path] = ()

    def people(self) -> list[Person]:
        """Every athlete."""
        return [self._person(name) for name in athlete_ids(self.home)]

    def athlete(self, key: str) -> Athlete | None:
        """The athlete of a key; None where there is none.

        Raises
        ------
        BadInput
            The athlete's file is damaged.
        """
        found = next((name for name in athlete_ids(self.home) if key_of(name) == key), None)
        return None if found is None else load_athlete(self.home, found)

    def folder(self, key: str) -> Path | None:
        """The folder of a key; None where there is none."""
        return next((folder for folder in self.folders if key_of(folder) == key), None)

    def items(self, folder: Path) -> list[Item]:
        """Recordings in a folder, the latest first."""
        items = [_item(path, folder) for path in find_recordings(folder)]
        return sorted(items, key=lambda item: (item.day, item.name), reverse=True)

    def recording(self, key: str) -> tuple[Path, Athlete | None] | None:
        """The recording of a key and whose it is; None where there is none."""
        for athlete in readable_athletes(self.home)[0]:  # the list of athletes says which are not
            for path in _owned(athlete):
                if key_of(path) == key:
                    return path, athlete
        every = (path for folder in self.folders for path in find_recordings(folder))
        return next(((path, None) for path in every if key_of(path) == key), None)

    def state(self, athlete: Athlete) -> str:
        """Changes whenever the answers about an athlete may."""
        mark = fingerprints(athlete.settings)
        recordings = [(str(path), mark(path)) for path, _ in theirs(athlete)]
        kept = [(str(path), path.stat().st_mtime_ns) for path in self._files(athlete)]
        return key_of(f"{athlete}{recordings}{kept}")

    def state_of(self, path: Path, athlete: Athlete | None) -> str:
        """Changes whenever the report of a recording may."""
        return key_of(f"{path}{fingerprints(Settings())(path) if athlete is None else self.state(athlete)}")

    def _files(self, athlete: Athlete) -> list[Path]:
        """Diary, plans and facts."""
        return sorted(path for path in athlete_folder(self.home, athlete.id).rglob("*") if path.is_file())

    def _person(self, name: str) -> Person:
        try:
            athlete = load_athlete(self.home, name)
        except SidewiseError as error:
            return Person(key_of(name), name, None, problem=str(error))
        return Person(key_of(name), name, athlete, sum(1 for _ in _owned(athlete)))


def _owned(athlete: Athlete) -> Iterator[Path]:
    return (path for path, name in theirs(athlete) if name in ("", athlete.id))


def _item(path: Path, folder: Path) -> Item:
    try:
        told = json.loads((path / SIDECAR).read_bytes())
    except (OSError, ValueError):
        told = {}
    said: dict[str, Any] = told if isinstance(told, dict) else {}
    about = [str(said.get(name) or "") for name in ("athlete", "exercise", "placement", "tag")]
    name = str(path.relative_to(folder)) if path != folder else path.name
    return Item(key_of(path), name, str(said.get("started_at") or "")[:10], ", ".join(filter(None, about)))
