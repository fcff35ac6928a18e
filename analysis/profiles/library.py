"""Where profiles are: those shipped, and the user's own, which come first."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import platformdirs

from analysis.profiles.sport import Profile, parse_profile, sport_key
from sensing import toml_checks as check
from sensing.errors import UsageError

VARIABLE: Final = "SIDEWISE_PROFILES"
"""Environment variable that names another folder for the user's own profiles."""


@dataclass(frozen=True)
class Entry:
    """A profile's file, and the names it is found by.

    Attributes
    ----------
    name, title : str
        Key (the file's name without ``.toml``), and name as people read it.
    aliases : tuple of str
        Keys of other names.
    file : Traversable
        The file.
    own : bool
        Whether it is the user's.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    file: Traversable
    own: bool


def user_profiles() -> Path:
    """Folder of the user's own profiles; it need not exist.

    Raises
    ------
    UsageError
        If ``SIDEWISE_PROFILES`` names something that is no folder.
    """
    chosen = os.environ.get(VARIABLE)
    if not chosen:
        return platformdirs.user_config_path("sidewise", appauthor=False) / "profiles"
    if not Path(chosen).is_dir():
        raise UsageError(f"{VARIABLE}: {chosen} is no folder; make it, or take the variable away")
    return Path(chosen)


def entries() -> tuple[Entry, ...]:
    """Every profile, the user's own before those shipped."""
    folder = user_profiles()
    try:
        files = sorted(folder.glob("*.toml"))
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read: {error.strerror}") from None
    return (*(_entry(file, own=True) for file in files), *_shipped())


@cache
def _shipped() -> tuple[Entry, ...]:
    files = resources.files("analysis.profiles").joinpath("sports").iterdir()
    found = (_entry(file, own=False) for file in files if file.name.endswith(".toml"))
    return tuple(sorted(found, key=lambda entry: entry.name))


def _entry(file: Traversable, *, own: bool) -> Entry:
    """Names of a profile, also of a faulty one: its mistakes are told when it is used."""
    name = sport_key(file.name.removesuffix(".toml"))
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        table = {}
    title, aliases = table.get("title"), table.get("aliases")
    title = title if isinstance(title, str) and title else name.replace("_", " ")
    listed = aliases if isinstance(aliases, list) else []
    others = {sport_key(other) for other in (title, *listed) if isinstance(other, str)}
    return Entry(name, title, tuple(sorted(others - {name})), file, own)


def matching(sport: str) -> tuple[Entry, ...]:
    """Profiles of this name: the user's before those shipped, names before aliases."""
    key = sport_key(sport)
    every = entries()
    for own in (True, False):
        named = tuple(e for e in every if e.own is own and e.name == key)
        if found := named or tuple(e for e in every if e.own is own and key in e.aliases):
            return found
    return ()


def load(entry: Entry) -> Profile:
    """Read and check a profile.

    Raises
    ------
    UsageError
        If it is faulty: every mistake, a line each, with file and line.
    """
    if not entry.own:
        return _load_shipped(entry)
    path = str(entry.file)
    return replace(parse_profile(check.read_text(path), path, entry.name), path=path)


def replaced(*keys: str) -> bool:
    """Whether a shipped profile has one of these names, so that one of the user's own hides it."""
    return any(key in (entry.name, *entry.aliases) for entry in _shipped() for key in keys)


@cache
def _load_shipped(entry: Entry) -> Profile:
    return parse_profile(entry.file.read_text(encoding="utf-8"), entry.file.name, entry.name)


def find_profile(sport: str) -> Profile | None:
    """The profile of a sport, by its name or an alias, case and separators ignored.

    Returns
    -------
    Profile or None
        None where there is none, or where the name stands for several (`candidates`).

    Raises
    ------
    UsageError
        If the profile is faulty: every mistake, a line each, with file and line.
    """
    found = matching(sport)
    if len(found) != 1:
        return None
    return replace(load(found[0]), replaces=found[0].own and replaced(sport_key(sport)))


def candidates(sport: str) -> tuple[str, ...]:
    """Titles of the profiles that a name stands for; more than one for ``rowing``."""
    return tuple(entry.title for entry in matching(sport))


def known_sports() -> tuple[str, ...]:
    """Names that have a profile."""
    return tuple(sorted({entry.name for entry in entries()}))
