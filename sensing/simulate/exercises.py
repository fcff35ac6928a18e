"""The exercises: which limb segment turns how far, about what, and how the sides take turns."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final, Literal

from sensing.errors import UsageError
from sensing.recording import Placement

Kind = Literal["simultaneous", "alternating", "strides", "still"]


@dataclass(frozen=True)
class Exercise:
    """Movement of the segment that wears the sensor.

    The segment turns about the medio-lateral axis; the joint it hangs on sits at the end of one more link
    that turns with it, so that the sensor's path is that of a two-link limb.

    Attributes
    ----------
    name : str
        Name in the simulator.
    kind : str
        How the sides take turns: at once, left then right, as strides, or not moving.
    placement : Placement
        Segment and place of the sensor.
    sport, label : str
        What the recording says.
    phases : tuple of (share of amplitude, start, duration)
        Turns of one repetition; start and duration as shares of the repetition.
    amplitude_deg, rep_s : float
        Size and duration of a repetition.
    pause_s : (low, high)
        Pause between repetitions, s.
    lever_m, link_m : float
        Sensor from its joint and joint from the fixed end of the next link, along the limb, upward positive.
    link_ratio : float
        Turn of that link per turn of the segment.
    tempo_cv : float
        CV of the repetition duration, shared by both sides.
    sets, reps, bout_s, rate_hz
        Defaults; ``bout_s`` is 0 where repetitions are counted.
    impact_g : float
        Peak of the shock at foot contact, or at ball contact on the dominant side; 0 for none.
    other_arm : float
        Movement of the non-dominant arm relative to the dominant one where no asymmetry is asked for.
    """

    name: str
    kind: Kind
    placement: Placement
    sport: str = ""
    label: str = ""
    phases: tuple[tuple[float, float, float], ...] = ()
    amplitude_deg: float = 0.0
    rep_s: float = 2.5
    pause_s: tuple[float, float] = (0.0, 0.0)
    lever_m: float = 0.2
    link_m: float = 0.0
    link_ratio: float = 0.0
    tempo_cv: float = 0.06
    sets: int = 3
    reps: int = 8
    bout_s: float = 0.0
    rate_hz: float = 100.0
    impact_g: float = 0.0
    other_arm: float = 1.0


STANCE: Final = 0.35
"""Share of a running stride with the foot on the ground."""

_THERE_AND_BACK: Final = ((-1.0, 0.0, 0.54), (1.0, 0.54, 0.46))

EXERCISES: Final = {
    exercise.name: exercise
    for exercise in (
        Exercise(
            "squat",
            "simultaneous",
            Placement.THIGH,
            phases=_THERE_AND_BACK,
            amplitude_deg=95,
            lever_m=0.2,
            link_m=0.42,
            link_ratio=-0.35,
        ),
        Exercise(
            "curl",
            "alternating",
            Placement.FOREARM,
            phases=((-1.0, 0.0, 0.45), (1.0, 0.45, 0.55)),
            amplitude_deg=120,
            rep_s=2.2,
            lever_m=-0.2,
            link_m=-0.3,
            link_ratio=0.08,
        ),
        Exercise(
            "row",
            "simultaneous",
            Placement.FOREARM,
            phases=((-1.0, 0.0, 0.42), (1.0, 0.42, 0.58)),
            amplitude_deg=70,
            rep_s=2.4,
            lever_m=-0.18,
            link_m=-0.3,
            link_ratio=-0.8,
        ),
        # Two phases count from contact, two from foot off: the shank swings back a little as the foot lands,
        # tilts over the foot, turns fastest as the heel leaves the ground, and swings forward.
        Exercise(
            "run",
            "strides",
            Placement.SHANK,
            phases=((0.06, -0.05, 0.1), (0.24, 0.03, 0.26), (0.7, -0.2, 0.4), (-1.0, 0.22, 0.38)),
            amplitude_deg=80,
            rep_s=0.72,
            lever_m=-0.18,
            link_m=-0.4,
            link_ratio=0.2,
            tempo_cv=0.02,
            sets=1,
            bout_s=60,
            rate_hz=200,
            impact_g=7,
        ),
        Exercise(
            "tennis",
            "simultaneous",
            Placement.WRIST,
            sport="tennis",
            label="forehand",
            phases=((-0.35, 0.0, 0.34), (1.0, 0.35, 0.19), (-0.65, 0.55, 0.45)),
            amplitude_deg=130,
            rep_s=1.35,
            pause_s=(0.8, 3.6),
            lever_m=-0.18,
            link_m=-0.3,
            link_ratio=0.3,
            impact_g=1.5,
            other_arm=1 / 3,
        ),
        Exercise("hold", "still", Placement.WRIST, amplitude_deg=70, lever_m=-0.5, bout_s=20),
        Exercise("stand", "still", Placement.THIGH, lever_m=0.2, sets=1, bout_s=60),
    )
}

_ALIASES: Final = {
    "squats": "squat",
    "curls": "curl",
    "biceps_curl": "curl",
    "bicep_curl": "curl",
    "alternating_curl": "curl",
    "rows": "row",
    "rowing": "row",
    "running": "run",
    "forehand": "tennis",
    "tennis_forehand": "tennis",
    "isometric": "hold",
    "isometric_hold": "hold",
    "standing": "stand",
    "standing_still": "stand",
}


def find_exercise(name: str) -> Exercise:
    """The exercise of this name or alias, case and separators ignored.

    Raises
    ------
    UsageError
        Unknown name; says which exist.
    """
    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    key = _ALIASES.get(key, key)
    if key not in EXERCISES:
        close = difflib.get_close_matches(key, [*EXERCISES, *_ALIASES], n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise UsageError(f"unknown exercise {name!r}{hint}; use one of {', '.join(EXERCISES)}")
    return EXERCISES[key]
