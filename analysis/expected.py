"""What a sport and an exercise lead one to expect, held against what was found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from analysis.exercises import Exercise
from analysis.profiles import Profile, candidates, known_sports
from analysis.profiles.sport import USE_RATIO, Expectation
from analysis.results import (
    ExerciseSet,
    Finding,
    Kind,
    Metric,
    OverallVerdict,
    ProfileMatch,
    Use,
    VerdictWord,
)
from analysis.symmetry import symmetry_index
from sensing.recording import Placement, Recording, Side

MIN_STROKES: Final = 6
"""Fewer strokes of a hand do not tell that it is the one that hits."""

DOUBTFUL: Final = 2
"""The declared dominant hand is doubted where the other one makes more than this many times its strokes."""

ALONE: Final = 5
"""Where no side is declared, the hand with more than this many times the strokes of the other is dominant."""


def found_dominant(sets: Sequence[ExerciseSet]) -> Side | None:
    """The hand that makes the strokes all but alone, or None."""
    return _striking_hand(_strokes(sets), ALONE)


def _striking_hand(strokes: dict[Side, int], times: int) -> Side | None:
    most = max(Side, key=lambda side: strokes[side])
    return most if strokes[most] >= MIN_STROKES and strokes[most] > times * strokes[most.other] else None


def _strokes(sets: Sequence[ExerciseSet]) -> dict[Side, int]:
    return {side: sum(len(s.events[side].strokes) for s in sets if side in s.events) for side in Side}


def dominance_findings(recording: Recording, sets: Sequence[ExerciseSet]) -> list[Finding]:
    """Whether the hand that hits is the one said to be dominant."""
    strokes, declared = _strokes(sets), recording.dominant
    hand = _striking_hand(strokes, ALONE if declared is None else DOUBTFUL)
    if hand is None or hand is declared:
        return []
    counted = f"{strokes[hand]} strokes came from the {hand} hand, {strokes[hand.other]} from the other one"
    if declared is None:
        message = f"{counted}: the {hand} side is taken to be the dominant one; --dominant says otherwise."
        return [Finding("dominance_found", hand, "info", message)]
    message = f"{counted}: are the sensors swapped, or is the dominant side {hand}?"
    return [Finding("striking_hand", hand, "notice", message)]


def difference_finding(
    recording: Recording,
    verdict: OverallVerdict,
    profile: Profile | None,
    match: ProfileMatch | None,
    dominant: Side | None,
    limb: str,
    metrics: Sequence[Metric],
) -> Finding:
    """An asymmetry, or, where the sport makes it usual, its pattern."""
    side = verdict.side
    named = tuple(
        m.name for m in metrics if m.primary and m.verdict is VerdictWord.ASYMMETRIC and m.side is side
    )
    does = f"The {side} {limb} does more"
    if match is not None and not verdict.flagged:
        message = f"{does}, which is {match.reads}: {match.expects} ({match.norm})."
        return Finding("sport_pattern", side, "notice", message, named)
    if profile is not None and match is not None:
        expectation = profile.expectation(recording.placement, dominant, verdict.metric or "")
        does += _unexplained(profile.title, match, expectation, recording.placement, dominant)
    return Finding("asymmetry", side, "flag", f"{does}.", named)


def _unexplained(
    title: str,
    match: ProfileMatch,
    expectation: Expectation | None,
    placement: Placement,
    dominant: Side | None,
) -> str:
    """Why the sport does not make a difference usual, or what has to be known to tell."""
    if match.in_band is False and match.band_percent:
        low, high = match.band_percent
        return f", {match.reads} ({_sided(low)} to {_sided(high)})"
    if expectation is None and placement is Placement.UNKNOWN:
        return f"; say where the sensors were worn to hold this against what is usual for {title}"
    if expectation is None or expectation.more == "none":
        return f"; {title} gives no reason for that"
    if expectation.more == "outside":
        return f"; {expectation.words}"
    if expectation.side(dominant) is None:
        return f"; say which side is dominant to hold this against what is usual for {title}"
    return f", which is not what {title} makes usual"


def _sided(percent: float) -> str:
    return f"{'R' if percent > 0 else 'L'} {abs(percent):.0f} %"


def profile_findings(recording: Recording, profile: Profile | None) -> list[Finding]:
    """Which profile was taken, where that is not plain."""
    sport = recording.sport
    if profile is not None:
        if not profile.replaces:
            return []
        message = f"What is usual for {sport} is taken from {profile.path}, not from the profile shipped."
        return [Finding("own_profile", None, "info", message)]
    if not sport:
        return []
    if several := candidates(sport):
        return [
            _no_profile(f"{sport} may be {' or '.join(several)}: say which, to know what it makes usual.")
        ]
    near = get_close_matches(sport.lower(), known_sports(), 1)
    meant = f" Did you mean {near[0]}?" if near else ""
    return [_no_profile(f"Nothing is known here of what {sport} makes usual.{meant}")]


def _no_profile(message: str) -> Finding:
    return Finding("no_profile", None, "info", message)


def use_findings(recording: Recording, use: Use, profile: Profile | None) -> list[Finding]:
    """The use ratio of a day held against its norm, which is of whole days and has no interval."""
    expectation = profile.expectation(recording.placement, recording.dominant, USE_RATIO) if profile else None
    if expectation is None or USE_RATIO not in expectation.metrics or expectation.band_percent is None:
        return []
    hours = recording.duration_s / 3600
    if hours < expectation.min_hours:
        message = (
            f"The norm for the use of both arms is of whole days: record at least "
            f"{expectation.min_hours:.0f} h, not {hours:.1f}, to be held against it."
        )
        return [Finding("use_ratio", None, "info", message)]
    if recording.dominant is None or not use.use_ratio:
        return []
    low, high = expectation.band_percent
    index = symmetry_index(-math.log(use.use_ratio))
    inside = low <= index <= high
    message = (
        f"The {recording.dominant.other} side was active {use.use_ratio:.2f} times as long as the dominant "
        f"one, {'inside' if inside else 'outside'} what is usual (n = {expectation.n}; no interval is known)."
    )
    return [Finding("use_ratio", None, "info" if inside else "notice", message)]


def exercise_findings(recording: Recording, exercise: Exercise, sets: Sequence[ExerciseSet]) -> list[Finding]:
    """Where placement or the sides' order do not fit the exercise that was named."""
    if not exercise.fits(recording.placement):
        known = " or ".join(_place(place) for place in exercise.placements)
        message = (
            f"{recording.exercise} is recorded at the {known}, and these sensors are said to be at the "
            f"{_place(recording.placement.value)}: check --exercise and --placement."
        )
        return [Finding("unexpected_placement", None, "info", message)]
    kinds = {s.kind for s in sets} & {Kind.SIMULTANEOUS, Kind.ALTERNATING}
    on_limbs = recording.placement.region in ("arm", "leg")  # on the trunk both sensors see every step
    if not (exercise.kind and on_limbs and kinds) or exercise.kind in kinds:
        return []
    how = "together" if exercise.kind == Kind.SIMULTANEOUS else "in turn"
    message = (
        f"The sides move {how} in {recording.exercise}, and here they did not: check the exercise, and that "
        "both files are of the same time."
    )
    return [Finding("unexpected_kind", None, "info", message)]


def _place(placement: str) -> str:
    return placement.replace("_", " ")
