"""How the load of a period was spread over the body: upper against lower body and core. No verdict.

No norm exists for how it should be spread, so there is none here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from analysis.history.sessions import Session, session_of
from analysis.metrics import spec
from analysis.results import Analysis, Metric
from sensing.errors import UsageError
from sensing.recording import Placement

LOADS: Final = ("angle_travelled", "player_load", "active_time", "impact_load", "load_moved")
"""Metrics whose values add up over repetitions."""

REGIONS: Final = {"arm": "arms", "leg": "legs", "trunk": "core"}
"""Words for the regions of `Placement.region`."""


@dataclass(frozen=True)
class LoadShare:
    """Share of the load by where the sensors were worn.

    Attributes
    ----------
    metric, unit : str
        What was added up.
    total : float
        Sum over both sides and all recordings, in ``unit``.
    by_region : dict of str to float
        ``arms``, ``legs``, ``core``: percent of the total, most first.
    by_placement : dict of Placement to float
        The same by placement.
    recordings, left_out : int
        Recordings that were added up, and those without a placement on the body or without repetitions.
    """

    metric: str
    unit: str
    total: float
    by_region: dict[str, float]
    by_placement: dict[Placement, float]
    recordings: int
    left_out: int

    def __str__(self) -> str:
        """``arms 78 %, legs 22 %``."""
        return ", ".join(f"{region} {share:.0f} %" for region, share in self.by_region.items())


def load_share(
    recordings: Iterable[Analysis | Session],
    *,
    metric: str = "angle_travelled",
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> LoadShare:
    """Share of the load that each part of the body had.

    Parameters
    ----------
    recordings : iterable of Analysis or Session
        Of one person. A workout recorded at two placements at once counts at both, and one that was not
        recorded counts nowhere: the answer is about what was recorded.
    metric : str
        One of `LOADS`. Rotation does not depend on where on a limb the sensor sits, so it is the default.
    since, until : date, optional
        First and last day that counts; recordings without a date then do not.

    Raises
    ------
    UsageError
        If the metric does not add up.

    Notes
    -----
    The load of a recording is the typical value of a repetition (a geometric mean) times the number of
    repetitions, of both sides; that is 0.5 % below their sum where repetitions vary by 10 %.
    """
    if metric not in LOADS:
        raise UsageError(f"{metric!r} does not add up over repetitions; use one of {', '.join(LOADS)}")
    loads: dict[Placement, float] = {}
    counted = left_out = 0
    for one in recordings:
        session = session_of(one) if isinstance(one, Analysis) else one
        if not _within(session.day, since, until):
            continue
        row = session.metric(metric)
        load = 0.0 if row is None else _load(row)
        if load <= 0 or session.placement.region not in REGIONS:
            left_out += 1
            continue
        counted += 1
        loads[session.placement] = loads.get(session.placement, 0.0) + load
    total = sum(loads.values())
    by_placement = {place: 100 * loads[place] / total for place in sorted(loads, key=loads.__getitem__)[::-1]}
    regions: dict[str, float] = {}
    for place, share in by_placement.items():
        region = REGIONS[place.region]
        regions[region] = regions.get(region, 0.0) + share
    by_region = {name: regions[name] for name in sorted(regions, key=regions.__getitem__)[::-1]}
    return LoadShare(metric, spec(metric).unit, total, by_region, by_placement, counted, left_out)


def _within(day: dt.date | None, since: dt.date | None, until: dt.date | None) -> bool:
    if day is None:
        return since is None and until is None
    return (since is None or day >= since) and (until is None or day <= until)


def _load(row: Metric) -> float:
    return (row.left or 0.0) * row.n.left + (row.right or 0.0) * row.n.right
