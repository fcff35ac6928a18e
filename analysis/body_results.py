"""What an analysis says besides left against right: posture, holds, fatigue and muscle activation.

Numbers with no cut-off of their own: none of these is a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sensing.recording import Interval, Side


@dataclass(frozen=True)
class SideTilt:
    """How one sensor is inclined while its wearer is still.

    Attributes
    ----------
    tilt_deg : float
        Angle between the vertical and the sensor axis nearest to it, degrees, 0 to 54.7.
    axis : str
        That axis: ``x``, ``y`` or ``z``.
    up : (x, y, z)
        Unit vector that points up, sensor frame.
    sd_deg : float
        RMS angle of one-second means from their mean, degrees.
    still_s : float
        Time that this rests on, s.
    """

    tilt_deg: float
    axis: str
    up: tuple[float, float, float]
    sd_deg: float
    still_s: float


@dataclass(frozen=True)
class Posture:
    """Static tilt of both sensors.

    Attributes
    ----------
    left, right : SideTilt or None
        None where a side was never still, or was not recorded.
    difference_deg : float or None
        Tilt of the right less that of the left, degrees; None where other axes are nearest to the vertical.
    reason : str
        Why something is missing; empty where nothing is.
    """

    left: SideTilt | None
    right: SideTilt | None
    difference_deg: float | None
    reason: str = ""


@dataclass(frozen=True)
class Hold:
    """One isometric hold, and the vibration in it.

    Attributes
    ----------
    start_s, end_s : float
        On the recording's timeline.
    band_hz : (low, high) or None
        Band that was looked at; None where the sampling rate allows none.
    left_rms, right_rms : float or None
        RMS acceleration in that band over the three axes, m/s2.
    left_discarded, right_discarded : float
        Share of the hold left out for impacts and missing samples, 0 to 1.
    reason : str
        Why a number is missing; empty where none is.
    """

    start_s: float
    end_s: float
    band_hz: Interval | None
    left_rms: float | None = None
    right_rms: float | None = None
    left_discarded: float = 0.0
    right_discarded: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Trend:
    """A straight line through the values of a set: where it begins and ends, and how far that is apart.

    ``ci95`` is the interval of ``change``, which is ``last - first``.
    """

    first: float
    last: float
    change: float
    ci95: Interval

    @property
    def falls(self) -> bool:
        """Whether the whole interval is below zero."""
        return self.ci95[1] < 0

    @property
    def rises(self) -> bool:
        """Whether the whole interval is above zero."""
        return self.ci95[0] > 0


@dataclass(frozen=True)
class SideFatigue:
    """One side in one set.

    Attributes
    ----------
    velocity_loss_percent : float or None
        (best - last) / best of the peak angular velocity of repetitions, percent.
    band : str or None
        ``none`` where velocity does not fall steadily, else ``under_20``, ``20_to_40`` or ``over_40``.
    speed : Trend or None
        Of ln(peak angular velocity).
    smoothness : Trend or None
        Of SPARC of angular velocity; nearer 0 is smoother.
    smoothness_acc : Trend or None
        Of LDLJ-A of acceleration; nearer 0 is smoother.
    """

    velocity_loss_percent: float | None
    band: str | None
    speed: Trend | None
    smoothness: Trend | None
    smoothness_acc: Trend | None


@dataclass(frozen=True)
class SetFatigue:
    """Both sides of one set, and the difference between them.

    ``set`` is the set's number, from 0. ``asymmetry`` is the line through ln(more / less) over the pairs of
    repetitions, ``side`` (of `Fatigue`) being the one with more.
    """

    set: int
    left: SideFatigue | None
    right: SideFatigue | None
    asymmetry: Trend | None


@dataclass(frozen=True)
class Fatigue:
    """Signs of fatigue, inside sets and from the first to the last.

    Attributes
    ----------
    sets : tuple of SetFatigue
        Sets of repetitions; strides and strokes have no pace of their own to lose, and are left out.
    side : Side or None
        Side with the greater peak angular velocity over the recording.
    asymmetry_in_sets : Trend or None
        Of ln(more / less), from the first to the last pair of a set, over all sets.
    asymmetry_over_sets : Trend or None
        Through the means of the sets; needs four.
    session_loss_percent : dict of Side to float
        (best - last) / best of the mean velocity of sets, percent; needs two sets.
    """

    sets: tuple[SetFatigue, ...] = ()
    side: Side | None = None
    asymmetry_in_sets: Trend | None = None
    asymmetry_over_sets: Trend | None = None
    session_loss_percent: dict[Side, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SideActivation:
    """Muscle activation of one side, from electromyography.

    Attributes
    ----------
    rate_hz : float
        Sampling rate of the electromyogram.
    maximum_uv : float or None
        Largest RMS of the session, microvolts: 100 percent.
    mean_percent : float or None
        Mean over the sets (over the recording where it has none), percent of the maximum.
    sets_percent : tuple of float or None
        The same set by set; None where a set has no electromyogram.
    reason : str
        Why it is not assessable; empty where it is.
    """

    rate_hz: float
    maximum_uv: float | None = None
    mean_percent: float | None = None
    sets_percent: tuple[float | None, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class MuscleActivation:
    """Electromyography of the sides that have it; each is on the scale of its own maximum."""

    left: SideActivation | None
    right: SideActivation | None


@dataclass(frozen=True)
class Body:
    """What is known besides left against right; None where it does not apply."""

    posture: Posture | None = None
    holds: tuple[Hold, ...] = ()
    fatigue: Fatigue | None = None
    muscle_activation: MuscleActivation | None = None
