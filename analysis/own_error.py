"""An athlete's own measurement error: what mounting does to each metric, and what the sensors add.

Both are measured by the athlete (`sidewise remount`), kept in their file, and take the place of assumptions:
the scatter between mountings that of the table's 4 %, and a sensor's gain that of none.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from typing import Any, Final

from sensing.recording import Placement, Recording, Side, Stream

LEAST_REMOUNT_SD: Final = 0.02
"""Scatter between mountings that is used at least: half of the table's default.

A few mountings that happen to agree do not show that mounting does nothing.
"""

LEAST_SHARE: Final = 0.5
"""Nor is the variance between mountings taken to be less than this share of the study's own noise."""

TRUSTED_DF: Final = 0.8
"""Share of a study's degrees of freedom that is used.

Satterthwaite's t, with only a handful of degrees of freedom in each of its parts, is too narrow. What the
three numbers hold together is measured in `benchmarks/decision_rule.py`.
"""

WORST_GAIN_SE: Final = 0.03
"""A gain known less well than this costs more than it corrects: sensors differ by 1 to 3 %."""


@dataclass(frozen=True)
class RemountStudy:
    """How much taking the sensors off and on changes one metric of one athlete (the remount study).

    Attributes
    ----------
    metric : str
        Metric of the registry.
    placement : Placement
        Where the sensors were worn.
    sd : float
        SD of ln(right / left) between mountings, the scatter within a mounting taken off; 0 where nothing
        is left.
    df : float
        Degrees of freedom behind ``sd``: one less than there were mountings.
    date : datetime.date
        When it was measured.
    within : float
        SD of ln(right / left) of one of its mountings from what happens within it.
    """

    metric: str
    placement: Placement
    sd: float
    df: float
    date: dt.date
    within: float = 0.0

    @property
    def used_sd(self) -> float:
        """The SD that the decision takes."""
        return max(self.sd, LEAST_REMOUNT_SD, math.sqrt(LEAST_SHARE) * self.within)

    @property
    def used_df(self) -> float:
        """The degrees of freedom that the decision takes."""
        return TRUSTED_DF * self.df


@dataclass(frozen=True)
class SensorGain:
    """How much more the right sensor reads than the left one for the same movement (the swap check).

    Attributes
    ----------
    metric : str
        Metric of the registry.
    left_device, right_device : str
        Sensors as they were worn in normal use.
    log_gain : float
        ln(right sensor / left sensor) for the same movement.
    se, df : float
        Its standard error, and the degrees of freedom behind that.
    date : datetime.date
        When it was measured.
    """

    metric: str
    left_device: str
    right_device: str
    log_gain: float
    se: float
    df: float
    date: dt.date

    def exchanged(self) -> SensorGain:
        """The same for the two sensors worn the other way round."""
        return replace(
            self, left_device=self.right_device, right_device=self.left_device, log_gain=-self.log_gain
        )


@dataclass(frozen=True)
class OwnError:
    """What an athlete has measured of their own error.

    Attributes
    ----------
    athlete : str
        Whose it is.
    remount : tuple of RemountStudy
        At most one per metric and placement.
    sensor_gain : tuple of SensorGain
        At most one per metric and pair of sensors.
    """

    athlete: str = ""
    remount: tuple[RemountStudy, ...] = ()
    sensor_gain: tuple[SensorGain, ...] = ()

    def fitting(self, recording: Recording) -> OwnError:
        """What of it holds for a recording: its placement, and its two sensors as they are worn there."""
        pair = worn_pair(recording)
        both_ways = [turned for gain in self.sensor_gain for turned in (gain, gain.exchanged())]
        return replace(
            self,
            remount=tuple(study for study in self.remount if study.placement is recording.placement),
            sensor_gain=tuple(gain for gain in both_ways if (gain.left_device, gain.right_device) == pair),
        )

    def study(self, metric: str) -> RemountStudy | None:
        """The remount study of one metric."""
        return next((study for study in self.remount if study.metric == metric), None)

    def gain(self, metric: str) -> SensorGain | None:
        """The sensor gain of one metric."""
        return next((gain for gain in self.sensor_gain if gain.metric == metric), None)

    def to_dict(self) -> dict[str, Any]:
        """JSON types, with the values that are used."""
        return {
            "athlete": self.athlete,
            "remount": [
                {
                    "metric": study.metric,
                    "placement": study.placement.value,
                    "sd": study.sd,
                    "df": study.df,
                    "used_sd": study.used_sd,
                    "used_df": study.used_df,
                    "date": study.date.isoformat(),
                }
                for study in self.remount
            ],
            "sensor_gain": [
                {
                    "metric": gain.metric,
                    "left_device": gain.left_device,
                    "right_device": gain.right_device,
                    "log_gain": gain.log_gain,
                    "se": gain.se,
                    "df": gain.df,
                    "date": gain.date.isoformat(),
                }
                for gain in self.sensor_gain
            ],
        }


NOTHING_MEASURED: Final = OwnError()
"""Of an athlete who did neither a remount study nor a swap check."""


def worn_pair(recording: Recording) -> tuple[str, str] | None:
    """What tells the left and the right sensor apart, or None where nothing does."""
    left, right = (_identity(recording.stream(side)) for side in Side)
    return None if not left or not right or left == right else (left, right)


def _identity(stream: Stream | None) -> str:
    return "" if stream is None else stream.address or stream.device
