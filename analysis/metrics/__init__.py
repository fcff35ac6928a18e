"""Metrics: one number per repetition and side, by pure functions in one registry.

To add a metric, write a function of (`Motion`, spans) and add a `MetricSpec` to `METRICS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from analysis.frames import Motion
from analysis.kernels import Spans
from analysis.metrics import acceleration, impact, rotation
from sensing.recording import FloatArray

AMPLITUDE_REMOUNT_SD: Final = 0.04
"""Default SD of ln(right / left) between two mountings, for amplitudes.

An assumption, which the user's own remount study replaces. Timing does not depend on mounting: 0.
"""

Compute = Callable[[Motion, Spans], FloatArray]


@dataclass(frozen=True)
class MetricSpec:
    """What a metric is and how it may be judged.

    Attributes
    ----------
    name, unit, title, more : str
        Name in the contract, unit, words for people, and what the side with more did.
    compute : callable or None
        (motion, spans) to one value per span, NaN where it has none; None where the value comes from
        repetition times alone.
    primary : bool
        Whether it enters the overall verdict.
    ratio : bool
        Compared as ln(right / left); otherwise as right - left in its unit.
    timing : bool
        Timing does not depend on how a sensor is mounted.
    delta : float
        Smallest difference that matters: ln ratio, or in the unit.
    min_effect : float
        Smaller differences are never called asymmetric.
    signal : str
        ``gyr``, ``acc`` or ``time``: which noise floor and which channels it needs.
    min_rate_hz : float
        Sampling rate below which it is refused.
    steps_only, load_only : bool
        Only where there are foot contacts; only where weights were held.
    source : str
        Where the definition and ``delta`` come from.
    """

    name: str
    unit: str
    title: str
    more: str
    compute: Compute | None
    source: str
    primary: bool = False
    ratio: bool = True
    timing: bool = False
    delta: float = 0.10
    min_effect: float = 0.0
    signal: str = "gyr"
    min_rate_hz: float = 0.0
    steps_only: bool = False
    load_only: bool = False

    @property
    def optional(self) -> bool:
        """Whether the metric's row is left out where it does not apply."""
        return self.steps_only or self.load_only


DELTA_TABLE_VERSION: Final = "2026-11"
"""Version of the `delta` column: .10 throughout by convention (n = 0), 10 degrees for range of motion."""

METRICS: Final[tuple[MetricSpec, ...]] = (
    MetricSpec(
        "angle_travelled",
        "deg",
        "Angle travelled",
        "turned more",
        rotation.angle_travelled,
        "integral of |angular velocity|",
        primary=True,
    ),
    MetricSpec(
        "peak_angular_velocity",
        "deg/s",
        "Peak rotation speed",
        "turned faster",
        rotation.peak_angular_velocity,
        "maximum of |angular velocity|, 10 ms mean",
        primary=True,
    ),
    MetricSpec(
        "movement_activation",
        "m/s2",
        "Movement activation",
        "moved more",
        acceleration.movement_activation,
        "VeDBA, Qasem et al. 2012",
        signal="acc",
    ),
    MetricSpec(
        "peak_acceleration",
        "m/s2",
        "Peak acceleration",
        "sped up harder",
        acceleration.peak_acceleration,
        "maximum of dynamic acceleration",
        signal="acc",
    ),
    MetricSpec(
        "player_load",
        "a.u.",
        "Player load",
        "carried more load",
        acceleration.player_load,
        "Boyd, Ball and Aughey 2011",
        signal="acc",
    ),
    MetricSpec(
        "load_moved",
        "kg deg",
        "Weight times angle",
        "moved more weight",
        None,
        "weight held times angle turned",
        load_only=True,
    ),
    MetricSpec(
        "range_of_motion",
        "deg",
        "Range of motion",
        "moved further",
        rotation.range_of_motion,
        "largest rotation within a repetition; IMU error about 5 degrees RMSE",
        ratio=False,
        delta=10.0,
        min_effect=10.0,
    ),
    MetricSpec(
        "rep_duration",
        "s",
        "Time per rep",
        "took longer",
        None,
        "boundaries of repetitions",
        timing=True,
        signal="time",
    ),
    MetricSpec(
        "active_time",
        "s",
        "Active time",
        "was active for longer",
        None,
        "time above the rest level, Bailey and Lang 2013",
        timing=True,
    ),
    MetricSpec(
        "onset_lag",
        "ms",
        "Start lag",
        "moved first",
        None,
        "lag of greatest cross-correlation of |angular velocity|",
        ratio=False,
        timing=True,
        delta=50.0,
    ),
    MetricSpec(
        "impact_peak",
        "g",
        "Peak impact",
        "took harder impacts",
        impact.impact_peak,
        "peak tibial acceleration, Sheerin et al. 2019",
        signal="acc",
        min_rate_hz=impact.MIN_RATE_HZ,
        steps_only=True,
    ),
    MetricSpec(
        "impact_load",
        "g",
        "Impact load",
        "took more impact",
        impact.impact_load,
        "sum of impact peaks per step, Besier 2019",
        signal="acc",
        min_rate_hz=impact.MIN_RATE_HZ,
        steps_only=True,
    ),
    MetricSpec(
        "stride_time",
        "s",
        "Stride time",
        "took longer strides",
        None,
        "foot off to foot off",
        timing=True,
        signal="time",
        steps_only=True,
    ),
    MetricSpec(
        "swing_time",
        "s",
        "Swing time",
        "swung for longer",
        None,
        "foot off to contact",
        timing=True,
        signal="time",
        steps_only=True,
    ),
    MetricSpec(
        "stance_time",
        "s",
        "Time on the ground",
        "stayed longer on the ground",
        None,
        "contact to foot off",
        primary=True,
        timing=True,
        signal="time",
        steps_only=True,
    ),
)


def spec(name: str) -> MetricSpec:
    """The registry's entry of one metric."""
    return next(entry for entry in METRICS if entry.name == name)
