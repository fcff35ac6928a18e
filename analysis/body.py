"""Posture, holds, fatigue and muscle activation: what is known besides left against right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from analysis.body_results import Body, Fatigue
from analysis.exercises import Exercise
from analysis.metrics.emg import measure_activation
from analysis.metrics.tilt import measure_posture
from analysis.metrics.tremor import measure_hold
from analysis.results import ExerciseSet, Finding, Quality
from analysis.segmentation.holds import find_holds
from analysis.survey import Survey
from analysis.symmetry import symmetry_index
from sensing.recording import Recording, Side

EXHAUSTED: Final = "over_40"
"""Band of velocity loss in which a set was worked to exhaustion, if smoothness falls too."""

MIN_GROWTH: Final = 0.10
"""Least growth of ln(more / less) within sets that is worth telling."""


def measure_body(
    recording: Recording,
    exercise: Exercise,
    sets: Sequence[ExerciseSet],
    surveyed: Survey,
    fatigue: Fatigue | None,
) -> Body:
    """Measure what applies: posture on trunk placements, holds where the exercise is one, muscle activation.

    Parameters
    ----------
    recording : Recording
        The sensors' own samples.
    exercise : Exercise
        Its preset says whether it is held.
    sets : sequence of ExerciseSet
        Sets with repetitions.
    surveyed : Survey
        The sides that were recorded.
    fatigue : Fatigue or None
        Fatigue in the sets.
    """
    holds = tuple(measure_hold(recording, span) for span in find_holds(surveyed, exercise))
    work = [(s.start_s, s.end_s) for s in sets] + [(h.start_s, h.end_s) for h in holds]
    return Body(
        posture=measure_posture(surveyed) if recording.placement.region == "trunk" else None,
        holds=holds,
        fatigue=fatigue,
        muscle_activation=measure_activation(recording, work),
    )


def fatigue_findings(fatigue: Fatigue | None, quality: Quality) -> list[Finding]:
    """Sets that were worked to exhaustion, and a difference that grows within sets; none of poor data."""
    if fatigue is None or quality.grade == "poor":
        return []
    found = []
    for side in Side:
        worn_out = [
            (own.set, of_side.velocity_loss_percent)
            for own in fatigue.sets
            if (of_side := own.left if side is Side.LEFT else own.right) is not None
            and of_side.band == EXHAUSTED
            and of_side.smoothness is not None
            and of_side.smoothness.falls
        ]
        if worn_out:
            most = max(loss or 0.0 for _, loss in worn_out)
            where = f"set {', '.join(str(k + 1) for k, _ in worn_out)}"
            message = (
                f"The {side} side was worked to exhaustion in {where}: it lost {most:.0f} % of its best "
                "speed, and its movement became less smooth."
            )
            found.append(Finding("worked_to_exhaustion", side, "notice", message))
    line, side_more = fatigue.asymmetry_in_sets, fatigue.side
    if line is not None and side_more is not None and line.rises and line.change >= MIN_GROWTH:
        first, last = (symmetry_index(value) for value in (line.first, line.last))
        message = (
            f"The difference between the sides grows within sets, the {side_more} one ahead: "
            f"from {first:.0f} to {last:.0f} % in peak rotation speed."
        )
        found.append(Finding("asymmetry_grows", side_more, "notice", message))
    return found
