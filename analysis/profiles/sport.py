"""One sport's profile: TOML to a `Profile`, or all its mistakes, each with its line.

The tables at the end are the keys that a profile may have, what they must be, and what they are if missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sensing import toml_checks as check
from sensing.recording import Interval, Placement, Side
from sensing.toml_checks import REQUIRED, Problems

SCHEMA: Final = "sidewise.sport/1"

REGIONS: Final = ("arm", "leg", "trunk")
PLACEMENTS: Final = (*REGIONS, *(p.value for p in Placement if p is not Placement.UNKNOWN))

DIRECTIONS: Final = ("dominant", "nondominant", "left", "right", "outside", "either", "none")
"""Which side a sport makes the one with more.

``outside`` is the side away from the oar, which no recording knows; ``either`` is explained by its size alone
and needs a band; ``none`` explains nothing.
"""

USE_RATIO: Final = "use_ratio"
"""Stands in ``metrics`` for the share of active time per side over a whole recording."""


@dataclass(frozen=True)
class Expectation:
    """What a sport makes usual at one place of the body.

    Attributes
    ----------
    placement : str
        ``arm``, ``leg`` or ``trunk``, or one placement.
    more : str
        Side with more, one of `DIRECTIONS`.
    words : str
        The expectation in plain words.
    source : str
        Where it comes from, and what was measured there.
    n : int
        People it was measured on; 0 where nobody measured it.
    metrics : tuple of str
        Metrics it is about; empty for any.
    band_percent : (low, high) or None
        Usual range of the symmetry index in percent, + where the side in ``more`` has more (right for
        ``either``); None where no norm is known for the metric.
    handed : Side or None
        Holds only for people of this dominant side.
    min_hours : float
        Holds only for recordings at least this long.
    note : str
        What else to know, as how a band was made.
    """

    placement: str
    more: str
    words: str
    source: str
    n: int
    metrics: tuple[str, ...] = ()
    band_percent: Interval | None = None
    handed: Side | None = None
    min_hours: float = 0.0
    note: str = ""

    @property
    def about(self) -> tuple[str, frozenset[str], Side | None]:
        """What it is about: no two entries of a profile share it."""
        return self.placement, frozenset(self.metrics), self.handed

    def side(self, dominant: Side | None) -> Side | None:
        """The side expected to do more, or None where it is neither or not known."""
        if self.more in tuple(Side):
            return Side(self.more)
        if self.more == "nondominant":
            return dominant.other if dominant else None
        return dominant if self.more == "dominant" else None

    def band(self, dominant: Side | None) -> Interval | None:
        """The band with + meaning right more; None where there is none or its side is not known."""
        if self.band_percent is None:
            return None
        low, high = self.band_percent
        if self.more == "either" or self.side(dominant) is Side.RIGHT:
            return low, high
        return (-high, -low) if self.side(dominant) is Side.LEFT else None

    def holds_for(self, placement: Placement, dominant: Side | None) -> bool:
        """Whether it is about this place and, as far as is known, this person."""
        at = self.placement in (placement.value, placement.region)
        return at and (self.handed is None or dominant in (None, self.handed))


@dataclass(frozen=True)
class Profile:
    """One sport.

    Attributes
    ----------
    name, title : str
        Key, and name as people read it.
    version : int
        Version of the content.
    expectations : tuple of Expectation
        What it makes usual.
    aliases : tuple of str
        Other names.
    path : str
        File of a profile of the user's own; empty for one that is shipped.
    replaces : bool
        Whether it stands in place of a shipped one.
    """

    name: str
    title: str
    version: int
    expectations: tuple[Expectation, ...]
    aliases: tuple[str, ...] = ()
    path: str = ""
    replaces: bool = False

    def expectation(
        self, placement: Placement, dominant: Side | None = None, metric: str = ""
    ) -> Expectation | None:
        """What is expected of a metric at a placement: the entry that says most about it, or None."""
        fitting = [
            e
            for e in self.expectations
            if e.holds_for(placement, dominant) and (not e.metrics or metric in e.metrics)
        ]
        return max(fitting, key=lambda e: (bool(e.metrics), e.placement == placement.value), default=None)


def sport_key(name: str) -> str:
    """A sport's name as files have it: ``Table Tennis`` gives ``table_tennis``."""
    return "_".join(name.lower().replace("-", " ").replace("_", " ").split())


def parse_profile(text: str, source: str, name: str) -> Profile:
    """A profile from TOML text.

    Parameters
    ----------
    text : str
        Contents of the file.
    source : str
        The file, for messages.
    name : str
        Key of the sport.

    Raises
    ------
    UsageError
        If it is faulty: every mistake, a line each, with ``source`` and line.
    """
    data, problems = check.parse(text, source)
    top = check.read_table(data, (), _TOP, problems)
    if not data.get("expect"):
        problems.add((), "at least one [[expect]] is needed")
    found: list[Expectation] = []
    for path, each in check.tables(data.get("expect"), ("expect",), problems):
        values = check.read_table(each, path, _EXPECT, problems)
        _check_together(values, path, problems)
        expectation = Expectation(**values)
        if any(expectation.about == other.about for other in found):
            problems.add(path, "an entry above is about the same placement, metrics and handed")
        found.append(expectation)
    problems.raise_if_any()
    return Profile(name, top["title"], top["version"], tuple(found), top["aliases"])


def _check_together(values: dict[str, Any], path: check.Path, problems: Problems) -> None:
    """A band has to be of something that was measured, on a side that is known."""
    more, band = values["more"], values["band_percent"]
    if more == "either" and (band is None or band[0] != -band[1]):
        problems.add((*path, "more"), 'more = "either" needs band_percent = [-x, x]: only size explains it')
    if band is None:
        return
    if not values["metrics"]:
        problems.add((*path, "band_percent"), "band_percent needs metrics: those it was measured for")
    if values["n"] == 0:
        problems.add((*path, "band_percent"), "band_percent needs n: how many people it was measured on")
    if more in ("outside", "none"):
        problems.add((*path, "band_percent"), f'band_percent has no side with more = "{more}"')


def _band(value: Any) -> Interval:
    numbers = isinstance(value, list) and all(type(each) in (int, float) for each in value)
    if not numbers or len(value) != 2 or not -200 <= value[0] < value[1] <= 200:
        raise ValueError("two numbers of percent, low then high, such as [-5, 20]")
    return float(value[0]), float(value[1])


def _metrics(value: Any) -> tuple[str, ...]:
    from analysis.metrics import METRICS  # loads scipy, which lists of sports do without

    names: tuple[str, ...] = check.texts_of(*(spec.name for spec in METRICS if spec.ratio), USE_RATIO)(value)
    return names


def _side(value: Any) -> Side:
    return Side(check.one_of(*Side)(value))


_TOP: Final = {
    "schema": (check.one_of(SCHEMA), REQUIRED),
    "version": (check.integer(1, 1_000_000), REQUIRED),
    "title": (check.text, REQUIRED),
    "aliases": (check.texts, ()),
    "expect": (lambda value: value, None),
}
_EXPECT: Final = {
    "placement": (check.one_of(*PLACEMENTS), REQUIRED),
    "more": (check.one_of(*DIRECTIONS), REQUIRED),
    "words": (check.text, REQUIRED),
    "source": (check.text, REQUIRED),
    "n": (check.integer(0, 10_000_000), REQUIRED),
    "metrics": (_metrics, ()),
    "band_percent": (_band, None),
    "handed": (_side, None),
    "min_hours": (check.number(0, 1000), 0.0),
    "note": (check.text, ""),
}
