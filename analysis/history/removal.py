"""Everything of an athlete: what it is, so that it can be handed over, and how it is removed.

A recording is theirs if it lies in one of their folders and its sidecar names them. Nothing else is touched:
not what lies outside, behind a link or beside it, not recordings of others or of nobody named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analysis.history.athlete import Athlete, athlete_folder, remove_athlete
from analysis.history.index import forget, theirs
from sensing.finding import SIDECAR

_FILES: Final = (
    SIDECAR,
    "left.csv",
    "right.csv",
    "left.csv.gz",
    "right.csv.gz",
    "left_emg.csv",
    "right_emg.csv",
    "packets.raw",
    "truth.json",
    "report/report.html",
    "report/report.png",
)
"""What this software writes into a recording's folder."""


@dataclass(frozen=True)
class Belongings:
    """What there is of one athlete.

    Attributes
    ----------
    athlete : Athlete
        Who.
    folder : Path
        Their folder in the user's own: who they are, diary, plans.
    recordings : tuple of Path
        Recordings in their folders that name them.
    unnamed : tuple of Path
        Recordings in their folders that name nobody, and hence stay.
    """

    athlete: Athlete
    folder: Path
    recordings: tuple[Path, ...]
    unnamed: tuple[Path, ...]


def belongings(home: Path, athlete: Athlete) -> Belongings:
    """What there is of an athlete."""
    found = list(theirs(athlete))
    return Belongings(
        athlete=athlete,
        folder=athlete_folder(home, athlete.id),
        recordings=tuple(path for path, name in found if name == athlete.id),
        unnamed=tuple(path for path, name in found if not name),
    )


def remove(home: Path, owned: Belongings, *, keep_recordings: bool = False) -> tuple[Path, ...]:
    """Remove an athlete: their recordings, what the index knows of them, and their folder.

    Returns
    -------
    tuple of Path
        Recording folders that stay because something else lies in them too.

    Raises
    ------
    OSError
        A file cannot be removed; a second call goes on from there.
    """
    left = () if keep_recordings else _remove_recordings(owned.recordings)
    forget(home, owned.athlete.id)
    remove_athlete(home, owned.athlete.id)
    return left


def _remove_recordings(recordings: Iterable[Path]) -> tuple[Path, ...]:
    left = []
    for folder in recordings:
        # The sidecar goes last: it is what says whose the rest is, should this be cut short.
        for name in reversed(_FILES):
            if not (folder / name).parent.is_symlink():
                (folder / name).unlink(missing_ok=True)
        for place in (folder / "report", folder):
            if place.is_dir() and not place.is_symlink() and not any(place.iterdir()):
                place.rmdir()
        if folder.exists():
            left.append(folder)
    return tuple(left)
