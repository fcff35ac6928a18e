"""What a plan is for: one metric at one place of the body, in one exercise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.exercises import find_exercise
from analysis.findings import LIMBS
from analysis.history.athlete import Athlete
from analysis.history.sessions import Session
from analysis.history.standing import AMOUNTS, Usual, usual_in_sport
from analysis.profiles import find_profile
from sensing.errors import UsageError
from sensing.recording import Placement, Side


@dataclass(frozen=True)
class Aim:
    """What a plan is for.

    Attributes
    ----------
    metric : str
        One of `standing.AMOUNTS`.
    placement : Placement
        Where the sensors were worn.
    exercise, sport, athlete : str
        As in the recordings; empty where unknown.
    dominant : Side or None
        Dominant side.

    Raises
    ------
    UsageError
        If by this metric no side is the one that moves less.
    """

    metric: str
    placement: Placement = Placement.UNKNOWN
    exercise: str = ""
    sport: str = ""
    athlete: str = ""
    dominant: Side | None = None

    def __post_init__(self) -> None:
        if self.metric not in AMOUNTS:
            raise UsageError(
                f"no plan from {self.metric}: it does not say which side moves less; use {', '.join(AMOUNTS)}"
            )

    @property
    def limb(self) -> str:
        """Words for what the sensors were worn on."""
        return LIMBS.get(self.placement, "side")

    @property
    def coupled(self) -> bool:
        """Whether both sides are forced to move alike."""
        preset = find_exercise(self.exercise or self.sport)
        return preset.coupled and preset.fits(self.placement)

    def usual(self) -> Usual:
        """What the sport makes usual."""
        profile = find_profile(self.sport) if self.sport else None
        return usual_in_sport(profile, self.placement, self.dominant, self.metric)

    def series(self) -> tuple[str, Placement, str]:
        """What tells one series of plans from another."""
        return self.metric, self.placement, self.exercise


def aim_at(sessions: Sequence[Session], metric: str, athlete: Athlete | None, sport: str | None) -> Aim:
    """The aim of sessions of one placement and exercise.

    The sport is the one asked for, else that of the latest session that names one, else the athlete's; and
    so is the dominant side.
    """
    sports = [athlete.sport if athlete else "", *(s.sport for s in sessions)]
    sides = [athlete.dominant if athlete else None, *(s.dominant for s in sessions)]
    return Aim(
        metric,
        placement=sessions[-1].placement,
        exercise=sessions[-1].exercise,
        sport=sport or next(filter(None, reversed(sports)), ""),
        athlete=athlete.id if athlete else sessions[-1].athlete,
        dominant=next(filter(None, reversed(sides)), None),
    )
