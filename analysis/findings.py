"""What to tell the person: the overall verdict, findings and one plain sentence that names the side."""

from __future__ import annotations

import math
from collections.abc import Sequence

from analysis.exercises import Exercise
from analysis.expected import (
    difference_finding,
    dominance_findings,
    exercise_findings,
    profile_findings,
    use_findings,
)
from analysis.metrics import spec
from analysis.own_error import OwnError, RemountStudy, SensorGain
from analysis.profiles import Profile
from analysis.profiles.judging import explains
from analysis.results import (
    ExerciseSet,
    Finding,
    Kind,
    Metric,
    OverallVerdict,
    ProfileMatch,
    Quality,
    Use,
    VerdictWord,
)
from analysis.symmetry import symmetry_index
from sensing.recording import Placement, Recording, Side

LIMBS = {
    Placement.HAND: "hand",
    Placement.WRIST: "wrist",
    Placement.FOREARM: "forearm",
    Placement.UPPER_ARM: "upper arm",
    Placement.SHOULDER: "shoulder",
    Placement.HIP: "hip",
    Placement.THIGH: "thigh",
    Placement.SHANK: "shank",
    Placement.ANKLE: "ankle",
    Placement.FOOT: "foot",
}
"""Words for a limb; anything else is a side."""

FINDINGS = {
    "asymmetry": "one side does more, and nothing known of the sport makes that usual",
    "sport_pattern": "one side does more, as the sport makes usual",
    "no_profile": "the sport has no profile, so nothing is held to be usual",
    "own_profile": "one of your own profiles was taken in place of the one shipped",
    "use_ratio": "the use of both arms over a day, held against its norm",
    "unexpected_placement": "the exercise is recorded elsewhere on the body",
    "unexpected_kind": "the sides moved together where the exercise makes them take turns, or the reverse",
    "mixed_direction": "primary metrics point to opposite sides",
    "coupled_exercise": "crank, barbell or handle force both limbs to move alike",
    "one_side_only": "a side has no repetitions",
    "unmatched_sets": "one-sided sets without a counterpart were left out",
    "range_of_motion": "range of motion differs by more than 10 degrees",
    "worked_to_exhaustion": "velocity loss over 40 % in a set, falling steadily, and less smooth movement",
    "asymmetry_grows": "the difference between the sides grows from the first to the last repetition of sets",
    "exploratory_difference": "other metrics differ while the primary ones show no difference: a hint only",
    "striking_hand": "strokes came from the hand that is not the declared dominant one",
    "dominance_found": "the hand that made the strokes was taken to be the dominant one",
    "own_remount_sd": "a remount study is used in place of the assumed scatter between mountings",
    "sensor_gain_corrected": "what one sensor reads more than the other, by the swap check, was taken off",
    "record_more": "what to record so that the next answer is clearer",
}
"""Every finding's code; the documentation's table is made from this."""


def overall_verdict(
    metrics: Sequence[Metric], placement: Placement, profile: Profile | None, dominant: Side | None
) -> tuple[OverallVerdict, bool]:
    """The answer over the primary metrics of the whole recording.

    Parameters
    ----------
    metrics : sequence of Metric
        Rows of the whole recording.
    placement : Placement
        Where the sensors were worn.
    profile : Profile or None
        The sport.
    dominant : Side or None
        Dominant side, as declared or found.

    Returns
    -------
    OverallVerdict, bool
        The verdict, and whether primaries point to opposite sides.

    Notes
    -----
    Asymmetric if any primary is, after Holm; balanced if all assessable ones are; otherwise inconclusive,
    as also where asymmetric primaries point to opposite sides. Flagged if the sport leaves any of the
    asymmetric ones unexplained; the verdict then rests on one of those.
    """
    primaries = [m for m in metrics if m.primary and m.verdict is not VerdictWord.NOT_ASSESSABLE]
    if not primaries:
        return OverallVerdict(VerdictWord.NOT_ASSESSABLE, None, None, None, flagged=False), False
    asymmetric = [m for m in primaries if m.verdict is VerdictWord.ASYMMETRIC]
    if len({m.side for m in asymmetric}) > 1:
        return OverallVerdict(VerdictWord.INCONCLUSIVE, None, None, primaries[0].name, flagged=False), True
    if asymmetric:
        unexplained = [m for m in asymmetric if not explains(profile, placement, dominant, m)]
        leading = min(
            unexplained or asymmetric, key=lambda m: (m.p_adjusted or 0.0, -abs(m.log_ratio or 0.0))
        )
        return (
            OverallVerdict(
                VerdictWord.ASYMMETRIC, leading.grade, leading.side, leading.name, flagged=bool(unexplained)
            ),
            False,
        )
    if all(m.verdict is VerdictWord.BALANCED for m in primaries):
        return OverallVerdict(VerdictWord.BALANCED, None, None, primaries[0].name, flagged=False), False
    open_ones = [m for m in primaries if m.verdict is VerdictWord.INCONCLUSIVE]
    nearest = min(open_ones, key=lambda m: 1.0 if m.p_adjusted is None else m.p_adjusted)
    return OverallVerdict(VerdictWord.INCONCLUSIVE, None, None, nearest.name, flagged=False), False


def find(
    recording: Recording,
    exercise: Exercise,
    sets: Sequence[ExerciseSet],
    metrics: Sequence[Metric],
    quality: Quality,
    use: Use,
    verdict: OverallVerdict,
    profile: Profile | None,
    match: ProfileMatch | None,
    dominant: Side | None,
    *,
    mixed: bool,
    more: Sequence[Finding] = (),
) -> tuple[Finding, ...]:
    """Everything worth telling, ``more`` included, flags first."""
    found: list[Finding] = [*more]
    limb = LIMBS.get(recording.placement, "side")
    if verdict.verdict is VerdictWord.ASYMMETRIC:
        found.append(difference_finding(recording, verdict, profile, match, dominant, limb, metrics))
    if mixed:
        named = tuple(m.name for m in metrics if m.primary and m.verdict is VerdictWord.ASYMMETRIC)
        message = "One measure points to the left and another to the right, so there is no one answer."
        found.append(Finding("mixed_direction", None, "notice", message, named))
    if any(s.coupled for s in sets):
        message = "Both sides are forced to move alike here: which side pushed harder cannot be seen."
        found.append(Finding("coupled_exercise", None, "info", message))
    found += profile_findings(recording, profile)
    found += dominance_findings(recording, sets)
    found += exercise_findings(recording, exercise, sets)
    found += use_findings(recording, use, profile)
    found += _one_sided(sets)
    found += _range_of_motion(metrics, limb)
    found += _exploratory(metrics, verdict)
    if verdict.verdict is VerdictWord.INCONCLUSIVE and quality.grade != "poor" and not mixed:
        row = next((m for m in metrics if m.name == verdict.metric), None)
        enough = row is not None and row.scope != "this_set"
        sets_too = "" if enough else "three sets or more, and "
        message = f"For a clearer answer, record {sets_too}again on another day."
        found.append(Finding("record_more", None, "info", message))
    order = {"flag": 0, "notice": 1, "info": 2}
    return tuple(sorted(found, key=lambda finding: order[finding.level]))


def _one_sided(sets: Sequence[ExerciseSet]) -> list[Finding]:
    left = sum(s.kind is Kind.LEFT_ONLY for s in sets)
    right = sum(s.kind is Kind.RIGHT_ONLY for s in sets)
    if left == right:
        return []
    side = Side.LEFT if left > right else Side.RIGHT
    if min(left, right) == 0 and left + right == len(sets):
        message = f"Only the {side} side made repetitions."
        return [Finding("one_side_only", side, "info", message)]
    message = f"{abs(left - right)} sets of the {side} side have no counterpart and were left out."
    return [Finding("unmatched_sets", side, "info", message)]


def _range_of_motion(metrics: Sequence[Metric], limb: str) -> list[Finding]:
    for m in metrics:
        if m.name == "range_of_motion" and m.verdict is VerdictWord.ASYMMETRIC and m.difference is not None:
            message = f"The {m.side} {limb} moves through {abs(m.difference):.0f} degrees more."
            return [Finding("range_of_motion", m.side, "notice", message, (m.name,))]
    return []


def _exploratory(metrics: Sequence[Metric], verdict: OverallVerdict) -> list[Finding]:
    """Differences among the many other metrics, where the primary ones show none."""
    differing = [m for m in metrics if not m.primary and m.verdict is VerdictWord.ASYMMETRIC and m.log_ratio]
    if verdict.verdict is VerdictWord.ASYMMETRIC or not differing:
        return []
    listed = ", ".join(
        f"{spec(m.name).title.lower()} {_sided(symmetry_index(m.log_ratio or 0.0))} %" for m in differing
    )
    message = f"Among the other measures, which are many and so only give hints: {listed}."
    return [Finding("exploratory_difference", None, "info", message, tuple(m.name for m in differing))]


def own_error_findings(own: OwnError, metrics: Sequence[Metric]) -> tuple[Finding, ...]:
    """What of the athlete's own error was used, and on which metrics."""
    found = []
    named = tuple(m.name for m in metrics if m.remount_df is not None)
    studies = [study for name in named if (study := own.study(name)) is not None]
    if studies:
        sds = ", ".join(f"{spec(s.metric).title.lower()} {100 * s.used_sd:.1f} %" for s in studies)
        message = (
            f"The scatter between mountings is your own, from the remount study of {_days(studies)} over "
            f"{studies[0].df + 1:.0f} mountings: {sds}."
        )
        found.append(Finding("own_remount_sd", None, "info", message, named))
    named = tuple(m.name for m in metrics if m.sensor_gain is not None)
    gains = [gain for name in named if (gain := own.gain(name)) is not None]
    if gains:
        percents = ", ".join(
            f"{spec(g.metric).title.lower()} {100 * math.expm1(g.log_gain):+.1f} %" for g in gains
        )
        message = (
            f"What the right sensor reads more than the left one was taken off, from the swap check of "
            f"{_days(gains)}: {percents}."
        )
        found.append(Finding("sensor_gain_corrected", None, "info", message, named))
    return tuple(found)


def _days(measured: Sequence[RemountStudy] | Sequence[SensorGain]) -> str:
    return " and ".join(sorted({one.date.isoformat() for one in measured}))


def summarise(
    recording: Recording,
    sets: Sequence[ExerciseSet],
    metrics: Sequence[Metric],
    quality: Quality,
    verdict: OverallVerdict,
    findings: Sequence[Finding],
    match: ProfileMatch | None,
) -> str:
    """One plain sentence, with the side by name and the interval."""
    limb = LIMBS.get(recording.placement, "side")
    row = next((m for m in metrics if m.name == verdict.metric), None)
    where = where_it_holds(row, sets)
    if verdict.verdict is VerdictWord.NOT_ASSESSABLE or row is None:
        return f"Cannot be compared: {_why(metrics, sets, quality)}."
    if verdict.verdict is VerdictWord.INCONCLUSIVE:
        if any(f.code == "mixed_direction" for f in findings):
            return "Not clear yet: some measures say left and others say right."
        return f"Not clear yet{where}: {_measured(row)}; {row.reason}."
    if verdict.verdict is VerdictWord.BALANCED:
        return f"Both sides are balanced{where}: {_measured(row)}, very likely less than 10 % either way."
    sentence = f"The {verdict.side} {limb} {spec(row.name).more}{where}: {_amount(row)}"
    if match is not None and (not verdict.flagged or match.in_band is False):
        return f"{sentence}. That is {match.reads}."
    return f"{sentence}."


def where_it_holds(row: Metric | None, sets: Sequence[ExerciseSet]) -> str:
    """`` in this set`` where an answer says nothing beyond the only set; else empty."""
    return " in this set" if row and row.scope == "this_set" and len(sets) == 1 else ""


def _measured(row: Metric) -> str:
    """The index and its interval, the side with more written before each number."""
    title = spec(row.name).title.lower()
    if row.index_percent is None or row.ci95 is None:
        return f"{title} differs by an unknown amount"
    low, high = (_sided(symmetry_index(x)) for x in row.ci95)
    return f"{title} differs by {_sided(row.index_percent)} % (95 % interval {low} to {high} %)"


def _sided(percent: float) -> str:
    return f"{'R' if percent > 0 else 'L'} {abs(percent):.1f}"


def _amount(row: Metric) -> str:
    """The index without its sign, and the interval as seen from the side with more."""
    if row.index_percent is None or row.ci95 is None:
        return "an unknown amount"
    low, high = (symmetry_index(x) for x in row.ci95)
    if row.index_percent < 0:
        low, high = -high, -low
    return f"{abs(row.index_percent):.1f} % (95 % interval {low:.1f} to {high:.1f} %)"


def _why(metrics: Sequence[Metric], sets: Sequence[ExerciseSet], quality: Quality) -> str:
    doubt = [w.message for w in quality.warnings if w.code == "units_doubtful"]
    if doubt:
        return doubt[0]
    if quality.has("no_movement"):
        return "nothing moved"
    if not sets and quality.left is not None and quality.right is not None:
        return "no repetitions were found"
    primary = next((m for m in metrics if m.primary), None)
    return primary.reason if primary else "there is nothing to compare"
