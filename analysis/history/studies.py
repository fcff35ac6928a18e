"""The two studies of an athlete's own error: taking the sensors off and on, and exchanging them.

Both rest on sessions, one or more to a mounting, of one exercise at one placement.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from scipy import special

from analysis.history.athlete import Athlete
from analysis.history.pooling import Contrast, Level, contrast, levels, ratio_metrics
from analysis.history.sessions import Session
from analysis.metrics import METRICS
from analysis.own_error import WORST_GAIN_SE, RemountStudy, SensorGain
from sensing.errors import BadInput, UsageError
from sensing.recording import Interval, Placement

SCHEMA_REMOUNT: Final = "sidewise.remount/1"
SCHEMA_SWAP: Final = "sidewise.swap/1"

MIN_MOUNTINGS: Final = 3
"""Fewer mountings say next to nothing of their scatter."""


@dataclass(frozen=True)
class Remounted:
    """What a remount study found of one metric.

    Attributes
    ----------
    study : RemountStudy
        What is kept.
    upper : float
        One-sided 95 % upper bound of the SD.
    """

    study: RemountStudy
    upper: float

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        study = self.study
        return {
            "metric": study.metric,
            "sd": study.sd,
            "upper": self.upper,
            "df": study.df,
            "within": study.within,
            "used_sd": study.used_sd,
            "used_df": study.used_df,
        }


@dataclass(frozen=True)
class Swapped:
    """What a swap check found of one metric: how the sensors differ, and how the sides of the body do.

    Attributes
    ----------
    metric : str
        Its name.
    gain : Contrast
        ln(right sensor / left sensor), the sensors named as they were worn at first.
    body : Contrast
        ln(right side / left side) with the sensors' difference taken out.
    """

    metric: str
    gain: Contrast
    body: Contrast

    @property
    def precise(self) -> bool:
        """Whether the gain is known well enough to be taken off."""
        return self.gain.se <= WORST_GAIN_SE

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return {"metric": self.metric, "precise": self.precise} | {
            name: {"log_ratio": found.d, "se": found.se, "df": found.df, "ci95": found.interval()}
            for name, found in (("gain", self.gain), ("body", self.body))
        }

    def kept(self, pair: tuple[str, str], date: dt.date) -> SensorGain:
        """What is kept of it for a pair of sensors."""
        return SensorGain(self.metric, *pair, self.gain.d, self.gain.se, self.gain.df, date)


def remount_study(sessions: Sequence[Session], date: dt.date) -> tuple[Remounted, ...]:
    """Estimate what mounting does to each metric, from recordings made between mountings.

    Parameters
    ----------
    sessions : sequence of Session
        Several mountings, told apart as `Session.mounting` does; several recordings of one may be there.
    date : datetime.date
        Day of the study.

    Returns
    -------
    tuple of Remounted
        One per amplitude metric that `MIN_MOUNTINGS` mountings can give; timing does not depend on mounting.

    Raises
    ------
    UsageError
        The recordings are of several exercises or placements, or of too few mountings.
    BadInput
        No metric can be judged in enough of them.
    """
    placement = _alike(sessions)
    mountings = len({session.mounting for session in sessions})
    if mountings < MIN_MOUNTINGS:
        raise UsageError(
            f"a remount study needs {MIN_MOUNTINGS} mountings or more, these recordings are of {mountings}; "
            "name each with record --mount, and take the sensors off in between"
        )
    found = []
    for metric in _amplitudes(sessions):
        of_mountings = levels(sessions, metric)
        if len(of_mountings) >= MIN_MOUNTINGS:
            sd, upper = between_mountings(of_mountings)
            within = math.sqrt(math.fsum(level.within for level in of_mountings) / len(of_mountings))
            study = RemountStudy(metric, placement, sd, float(len(of_mountings) - 1), date, within)
            found.append(Remounted(study, upper))
    if not found:
        raise BadInput(
            f"no metric can be judged in {MIN_MOUNTINGS} mountings of these recordings; record three sets of "
            "eight repetitions a mounting, and look at each with: sidewise check"
        )
    return tuple(found)


def between_mountings(of_mountings: Sequence[Level]) -> Interval:
    """SD between mountings by one-way random-effects analysis of variance, and its upper bound.

    The variance of the mountings' means less the mean variance within them, no less than 0, and its one-sided
    95 % bound from the chi-square distribution of the former, both as SDs (Searle, Casella and McCulloch
    1992).
    """
    n = len(of_mountings)
    mean = math.fsum(level.d for level in of_mountings) / n
    scatter = math.fsum((level.d - mean) ** 2 for level in of_mountings)
    inside = math.fsum(level.within for level in of_mountings) / n
    most = scatter / float(special.chdtri(n - 1, 0.95)) - inside
    return math.sqrt(max(scatter / (n - 1) - inside, 0.0)), math.sqrt(max(most, 0.0))


def swap_check(as_worn: Sequence[Session], exchanged: Sequence[Session]) -> tuple[Swapped, ...]:
    """Tell the difference between sensors from the difference between sides.

    As worn, d is body plus gain; with the sensors exchanged it is body less gain. Half the difference of the
    two is the gain, half their sum the body; both carry the scatter between the mountings that they rest on.

    Parameters
    ----------
    as_worn, exchanged : sequence of Session
        At least one of each, each mounting told apart from every other.

    Raises
    ------
    UsageError
        One of them is missing, or the recordings are of several exercises or placements.
    BadInput
        No metric can be judged both ways.
    """
    if not as_worn or not exchanged:
        raise UsageError("a swap check needs recordings both as worn and with the sensors exchanged")
    _alike([*as_worn, *exchanged])
    found = []
    for metric in _amplitudes([*as_worn, *exchanged]):
        one, other = levels(as_worn, metric), levels(exchanged, metric)
        if one and other:
            found.append(
                Swapped(metric, contrast((0.5, one), (-0.5, other)), contrast((0.5, one), (0.5, other)))
            )
    if not found:
        raise BadInput(
            "no metric can be judged both as worn and exchanged; record three sets of eight repetitions each "
            "way, and look at each with: sidewise check"
        )
    return tuple(found)


def with_studies(athlete: Athlete, studies: Iterable[RemountStudy]) -> Athlete:
    """The athlete with remount studies added, each in place of an earlier one of its metric and placement."""
    kept = {(study.metric, study.placement): study for study in (*athlete.remount, *studies)}
    return replace(athlete, remount=tuple(kept.values()))


def with_gains(athlete: Athlete, gains: Iterable[SensorGain]) -> Athlete:
    """The athlete with sensor gains added, each in place of an earlier one of its metric and sensors."""
    kept = {
        (gain.metric, frozenset((gain.left_device, gain.right_device))): gain
        for gain in (*athlete.sensor_gain, *gains)
    }
    return replace(athlete, sensor_gain=tuple(kept.values()))


def _alike(sessions: Sequence[Session]) -> Placement:
    """The placement that all sessions share."""
    for name in ("placement", "exercise"):
        values = dict.fromkeys(str(getattr(session, name)) or "none" for session in sessions)
        if len(values) > 1:
            raise UsageError(
                f"these recordings are of several {name}s ({', '.join(values)}); study one at a time"
            )
    return sessions[0].placement


def _amplitudes(sessions: Sequence[Session]) -> list[str]:
    """Metrics compared as a ratio that mounting and gain can change."""
    compared = ratio_metrics(sessions)
    return [entry.name for entry in METRICS if entry.name in compared and not entry.timing and entry.ratio]
