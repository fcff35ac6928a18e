"""Sport profiles as sourced TOML: what is usual, never what is good or bad."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from analysis.results import Metric, ProfileMatch
from sensing.errors import UsageError
from sensing.recording import Placement, Side

EXPECTATIONS: Final = ("dominant", "none")
"""Which side a sport makes the one with more: the dominant one, or neither."""


@dataclass(frozen=True)
class Expectation:
    """What a sport makes usual in one body region.

    Attributes
    ----------
    region : str
        ``arm``, ``leg`` or ``trunk``.
    more : str
        ``dominant`` where the dominant side is expected to do more, ``none`` where no direction is.
    words : str
        The expectation in plain words.
    source : str
        Where it comes from.
    band_percent : (low, high) or None
        Usual range of the symmetry index, dominant over other side, percent; None: direction only.
    """

    region: str
    more: str
    words: str
    source: str
    band_percent: tuple[float, float] | None = None


@dataclass(frozen=True)
class Profile:
    """One sport."""

    name: str
    title: str
    version: str
    expectations: tuple[Expectation, ...]

    def expectation(self, placement: Placement) -> Expectation | None:
        """What is expected where the sensors were worn, or None."""
        return next((e for e in self.expectations if e.region == placement.region), None)


def find_profile(sport: str, folders: tuple[Path, ...] = ()) -> Profile | None:
    """The profile of a sport from the user's folders or those shipped; None where there is none.

    Raises
    ------
    UsageError
        If the profile's file has errors; all of them are listed.
    """
    key = "_".join(sport.lower().replace("-", " ").split())
    found = _files(folders).get(key)
    return None if found is None else parse_profile(found.read_text(encoding="utf-8"), found.name)


def known_sports(folders: tuple[Path, ...] = ()) -> tuple[str, ...]:
    """Names that have a profile."""
    return tuple(sorted(_files(folders)))


def _files(folders: tuple[Path, ...]) -> dict[str, Traversable]:
    """Profile files by name; the user's own come before those shipped."""
    shipped = resources.files("analysis.profiles").joinpath("sports").iterdir()
    own = [path for folder in folders for path in sorted(folder.glob("*.toml"))]
    return {f.name.removesuffix(".toml"): f for f in (*shipped, *own) if f.name.endswith(".toml")}


def parse_profile(text: str, where: str) -> Profile:
    """A profile from TOML text, all its errors collected before any is raised."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where}: not valid TOML: {error}") from None
    problems = [
        f"{key} is missing" for key in ("name", "title", "version") if not isinstance(table.get(key), str)
    ]
    entries = table.get("expect", [])
    expectations = []
    for i, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        found, wrong = _parse_expectation(entry)
        problems += [f"expect number {i}: {problem}" for problem in wrong]
        if found:
            expectations.append(found)
    if not expectations and not problems:
        problems.append("no [[expect]] table")
    if problems:
        raise UsageError(f"{where}: " + "; ".join(problems))
    return Profile(table["name"], table["title"], table["version"], tuple(expectations))


def _parse_expectation(entry: dict[str, Any]) -> tuple[Expectation | None, list[str]]:
    problems = []
    if entry.get("region") not in ("arm", "leg", "trunk"):
        problems.append("region must be arm, leg or trunk")
    if entry.get("more") not in EXPECTATIONS:
        problems.append(f"more must be one of {', '.join(EXPECTATIONS)}")
    problems += [f"{key} is missing" for key in ("words", "source") if not entry.get(key)]
    band = entry.get("band_percent")
    if band is not None and not (isinstance(band, list) and len(band) == 2 and band[0] < band[1]):
        problems.append("band_percent must be two numbers, low then high")
    if problems:
        return None, problems
    pair = None if band is None else (float(band[0]), float(band[1]))
    return Expectation(entry["region"], entry["more"], entry["words"], entry["source"], pair), []


def match_profile(
    profile: Profile | None, placement: Placement, dominant: Side | None, metric: Metric | None
) -> ProfileMatch | None:
    """Hold the metric that decided against what the sport makes usual."""
    if profile is None:
        return None
    expectation = profile.expectation(placement)
    if expectation is None:
        where = "where the sensors were worn" if placement is Placement.UNKNOWN else f"on the {placement}"
        return ProfileMatch(profile.name, f"nothing is known for {profile.title} {where}", None, "")
    band, in_band = None, None
    if expectation.band_percent and metric and metric.index_percent is not None and dominant:
        low, high = expectation.band_percent
        band = (low, high) if dominant is Side.RIGHT else (-high, -low)
        in_band = band[0] <= metric.index_percent <= band[1]
    return ProfileMatch(profile.name, expectation.words, in_band, expectation.source, band)


def is_expected(
    profile: Profile | None, placement: Placement, dominant: Side | None, side: Side | None
) -> bool:
    """Whether more on ``side`` is what the sport makes usual there: direction only."""
    expectation = profile.expectation(placement) if profile else None
    return bool(expectation and expectation.more == "dominant" and dominant and side is dominant)
