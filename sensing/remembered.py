"""Which sensor is left and which is right, kept between runs in one small file of the user."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sensing.errors import BadInput
from sensing.files import write_atomically
from sensing.home import user_folder
from sensing.recording import Notice, Recording, Side


@dataclass(frozen=True)
class Remembered:
    """A sensor that was identified.

    Attributes
    ----------
    address : str
        Address; on macOS a UUID that stands for it.
    name : str
        Advertised name.
    driver : str
        Name of its driver, or path of its profile.
    """

    address: str
    name: str = ""
    driver: str = ""


def default_path() -> Path:
    """The user's file."""
    return user_folder() / "sensors.json"


def load(path: Path | None = None) -> dict[Side, Remembered]:
    """What was identified; empty where nothing was.

    Raises
    ------
    BadInput
        The file is damaged.
    """
    path = path or default_path()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {Side(side): Remembered(**sensor) for side, sensor in content.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{path}: not a list of sensors ({error}); delete it and identify them again"
        ) from error


def exchanged(recording: Recording, sensors: Mapping[Side, Remembered]) -> Notice | None:
    """What to say of a recording in which a sensor is on the other side than it was identified for."""
    for stream in recording.streams():
        other = sensors.get(stream.side.other)
        if other is not None and stream.address and stream.address.lower() == other.address.lower():
            message = (
                f"the sensor on the {stream.side} side was identified as the {stream.side.other} one: "
                "are the sides swapped?"
            )
            return Notice("sensors_exchanged", message)
    return None


def save(sensors: Mapping[Side, Remembered], path: Path | None = None) -> None:
    """Replace what is remembered."""
    path = path or default_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {side.value: asdict(sensor) for side, sensor in sensors.items()}
    write_atomically(path, json.dumps(content, indent=1) + "\n")


def remember(side: Side, sensor: Remembered, path: Path | None = None) -> None:
    """Remember the sensor of one side; the other side forgets it if it was there."""
    others = {s: r for s, r in load(path).items() if s is not side and r.address != sensor.address}
    save({**others, side: sensor}, path)
