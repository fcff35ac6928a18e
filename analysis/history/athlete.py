"""Athletes as files: one folder each under the user's own folder, the truth every index is built from."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from analysis.own_error import OwnError, RemountStudy, SensorGain
from analysis.settings import Settings
from sensing.errors import BadInput, UsageError
from sensing.files import is_device_name, write_atomically
from sensing.recording import Placement, Side

SCHEMA: Final = "sidewise.athlete/1"
_MEND: Final = "mend it, or delete it and add the athlete again"
MAX_ID: Final = 64
"""Longest id, so that its folder's name stays within every file system's limit."""


@dataclass(frozen=True)
class Athlete:
    """One person, and what is known about how they are measured.

    Attributes
    ----------
    id : str
        Any text of 1 to 64 characters, as it stands in recordings.
    name, sport, note : str
        Free text; empty where unknown.
    dominant : Side or None
        Dominant side.
    sex : str
        Free text, used only to group a cohort.
    born : int or None
        Year of birth.
    folders : tuple of Path
        Folders that hold the athlete's recordings.
    remount : tuple of RemountStudy
        The athlete's own measurement error, at most one per metric and placement.
    sensor_gain : tuple of SensorGain
        Sensor differences that were measured, at most one per metric and pair of sensors.
    """

    id: str
    name: str = ""
    sport: str = ""
    note: str = ""
    dominant: Side | None = None
    sex: str = ""
    born: int | None = None
    folders: tuple[Path, ...] = ()
    remount: tuple[RemountStudy, ...] = ()
    sensor_gain: tuple[SensorGain, ...] = field(default=())

    def __post_init__(self) -> None:
        if not 1 <= len(self.id) <= MAX_ID or not self.id.isprintable() or self.id != self.id.strip():
            raise UsageError(
                f"athlete id {self.id!r}: give 1 to {MAX_ID} printable characters without spaces at the ends"
            )
        if self.born is not None and not 1900 <= self.born <= 2100:
            raise UsageError(f"year of birth {self.born} is not between 1900 and 2100")

    @property
    def settings(self) -> Settings:
        """How their recordings are analysed."""
        return Settings(own_error=self.own_error, sport=self.sport, dominant=self.dominant)

    @property
    def own_error(self) -> OwnError | None:
        """What they measured of their own error; None where nothing was."""
        if not self.remount and not self.sensor_gain:
            return None
        return OwnError(self.id, self.remount, self.sensor_gain)


def athlete_folder(home: Path, athlete_id: str) -> Path:
    """Folder of one athlete; any id gives a name that is safe on every file system."""
    safe = quote(athlete_id, safe=" ").replace(".", "%2E").replace("~", "%7E")
    if is_device_name(safe):
        safe = f"%{ord(safe[0]):02X}{safe[1:]}"
    return home / "athletes" / safe


def athlete_ids(home: Path) -> Iterator[str]:
    """Ids of all athletes, sorted."""
    yield from sorted(unquote(path.parent.name) for path in home.glob("athletes/*/athlete.json"))


def load_athlete(home: Path, athlete_id: str) -> Athlete:
    """Read one athlete.

    Raises
    ------
    UsageError
        There is no such athlete.
    BadInput
        The file is damaged.
    """
    path = athlete_folder(home, athlete_id) / "athlete.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"no athlete {athlete_id!r}; add one with: sidewise athlete add {athlete_id} --folder DIR"
        ) from None
    except (ValueError, OSError) as error:
        raise BadInput(f"{path}: cannot be read as an athlete: {error}; {_MEND}") from error
    try:
        return _from_dict(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"{path}: something in it is of the wrong kind; {_MEND}") from error


def readable_athletes(home: Path) -> tuple[list[Athlete], list[str]]:
    """Every athlete whose file can be read, and a line for each whose file cannot."""
    found, problems = [], []
    for name in athlete_ids(home):
        try:
            found.append(load_athlete(home, name))
        except BadInput as error:
            problems.append(str(error))
    return found, problems


def save_athlete(home: Path, athlete: Athlete) -> Path:
    """Write one athlete atomically; returns the file."""
    folder = athlete_folder(home, athlete.id)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "athlete.json"
    write_atomically(path, json.dumps(to_dict(athlete), indent=2, ensure_ascii=False) + "\n")
    return path


def to_dict(athlete: Athlete) -> dict[str, Any]:
    """The athlete as in their file: JSON types."""
    body: dict[str, Any] = json.loads(json.dumps({"schema": SCHEMA} | asdict(athlete), default=str))
    return body


def remove_athlete(home: Path, athlete_id: str) -> None:
    """Delete the athlete's folder and all in it; recordings lie elsewhere and are not touched.

    Raises
    ------
    UsageError
        There is no such athlete.
    """
    folder = athlete_folder(home, athlete_id)
    if not folder.is_dir():
        raise UsageError(f"no athlete {athlete_id!r}")
    shutil.rmtree(folder)


def _from_dict(content: dict[str, Any]) -> Athlete:
    if content.get("schema") != SCHEMA:
        raise ValueError(f"schema is {content.get('schema')!r}, not {SCHEMA!r}")
    known = {key: value for key, value in content.items() if key in Athlete.__dataclass_fields__}
    dominant = known.get("dominant")
    return Athlete(
        **known
        | {
            "dominant": None if dominant is None else Side(dominant),
            "folders": tuple(Path(folder) for folder in known.get("folders", ())),
            "remount": tuple(
                RemountStudy(**study | _typed(study, placement=Placement))
                for study in known.get("remount", ())
            ),
            "sensor_gain": tuple(SensorGain(**gain | _typed(gain)) for gain in known.get("sensor_gain", ())),
        }
    )


def _typed(entry: dict[str, Any], **types: type) -> dict[str, Any]:
    made = {name: make(entry[name]) for name, make in types.items()}
    return made | {"date": dt.date.fromisoformat(entry["date"])}
