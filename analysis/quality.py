"""Quality gates: what would make a comparison lie is found, named and, where it must, blocks the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis import wearing
from analysis.exercises import exercise_of
from analysis.faults import Faults, missing
from analysis.frames import Motion, norm
from analysis.results import Quality, SideQuality
from analysis.survey import SideSurvey, Survey
from sensing.recording import GRAVITY, Notice, Placement, Recording, Side, Stream
from sensing.spool import every

Grade = str


@dataclass(frozen=True)
class Gate:
    """One gate: the grade it leaves the data with, its threshold, and what it looks at."""

    code: str
    grade: Grade
    threshold: str
    looks_at: str


LOST_USABLE, LOST_POOR = 0.01, 0.15
SYNC_USABLE_S = 0.010
LOW_RATE_USABLE_HZ, LOW_RATE_POOR_HZ = 40.0, 10.0
UNEQUAL_RATE, UNEQUAL_LENGTH = 0.05, 0.9
STILL_SPEED, STILL_ACCELERATION = 3.0, 0.15
NOT_ONE_G_USABLE, NOT_ONE_G_POOR = 0.05, 0.25
HELD_POOR = 0.05
BIAS_USABLE = 5.0
REPEATED_USABLE = 0.2
SPIKES_POOR = 0.01
CLIPPED_POOR = 0.1
MEDIAN_G = 3.5

GATES: Final = (
    Gate("loss", "usable", "over 1 % of a side's samples lost", "sequence counter, gaps"),
    Gate("heavy_loss", "poor", "over 15 % of a side's samples lost", "sequence counter, gaps"),
    Gate("gaps", "good", "any gap over 50 ms", "sample times"),
    Gate("clipped", "usable", "any sample at full scale", "stated range, or repeated extremes"),
    Gate("heavily_clipped", "poor", "over 10 % of a side's samples at full scale", "the same"),
    Gate("low_rate", "usable", "under 40 Hz", "sample times"),
    Gate("very_low_rate", "poor", "under 10 Hz", "sample times"),
    Gate("unequal_rate", "usable", "sides differ by over 5 %", "sample times"),
    Gate("unequal_length", "usable", "common time under 90 % of the longer side", "sample times"),
    Gate("still_sensor", "usable", "a side stays under 3 deg/s while the other moves", "angular velocity"),
    Gate("no_movement", "usable", "every side stays under 3 deg/s", "angular velocity"),
    Gate("not_one_g", "usable", "|acc| at rest over 5 % off 1 g", "acceleration in still seconds"),
    Gate("far_from_one_g", "poor", "|acc| at rest over 25 % off 1 g", "acceleration in still seconds"),
    Gate(
        "duplicated_sides",
        "poor",
        "both sides hold the same numbers, even shifted, turned or thinned",
        "all channels",
    ),
    Gate("rescaled_copy", "poor", "both sides hold the same numbers times a factor", "all channels"),
    Gate(
        "loose_sensor",
        "poor",
        "over 3 % of a side's rotation lies above 10 Hz, 5 times the other's share",
        "angular velocity",
    ),
    Gate(
        "slipped_sensor",
        "usable",
        "one side's main axis turns by over 20 degrees, for good",
        "angular velocity, 5 s pieces",
    ),
    Gate(
        "no_foot_swing",
        "poor",
        "feet or shanks said to step stay under 120 deg/s for 95 % of the time",
        "angular velocity",
    ),
    Gate("foot_pattern", "usable", "both sides step as feet do where none is said to be", "all channels"),
    Gate("dead_axis", "poor", "an axis never changes", "each instrument"),
    Gate("stuck_instrument", "usable", "one instrument stops for over 0.25 s in movement", "each instrument"),
    Gate(
        "repeated_samples", "usable", "over 20 % of samples in movement repeat the one before", "all channels"
    ),
    Gate("frozen_samples", "usable", "all channels repeat for over 0.25 s", "all channels"),
    Gate("often_frozen", "poor", "the same for over 5 % of the time", "all channels"),
    Gate(
        "implausible_acceleration",
        "poor",
        "median |acc| over 3.5 g, or under 1/3.5 g with gravity in it",
        "acceleration of the whole recording",
    ),
    Gate("impossible_values", "usable", "any sample beyond 1000 g or 20,000 deg/s", "all channels"),
    Gate(
        "spikes", "usable", "any sample's jump there and back that no limb makes; bridged", "angular velocity"
    ),
    Gate("many_spikes", "poor", "over 1 % of a side's samples so", "angular velocity"),
    Gate(
        "gyroscope_bias", "usable", "over 5 deg/s while still; taken off", "angular velocity in still blocks"
    ),
    Gate("sync_error", "usable", "stated sync error over 10 ms", "clock fit"),
    Gate("sync_unknown", "good", "files carry no common clock", "clock fit"),
    Gate("no_gyroscope", "usable", "a side has no gyroscope", "channels"),
)
"""Every gate with its threshold; the documentation's table is made from this."""

DAMNING: Final = {"units_doubtful", "times_uneven"}
"""Notices of reading after which no number can be believed: the data are poor."""

_GRADES: Final = ("good", "usable", "poor")


def assess(recording: Recording, surveyed: Survey) -> Quality:
    """Run every gate on a recording."""
    notices = list(recording.notices)
    codes: list[tuple[str, str]] = []
    placed = surveyed.aligned.sides()
    sides = {
        side: _side_quality(own.stream, own.faults, surveyed.sides[side]) for side, own in placed.items()
    }
    for side, own in placed.items():
        codes += _stream_gates(own.stream, own.faults, surveyed.sides[side], sides[side])
    codes += _acceleration_gate(recording)
    excerpt = surveyed.excerpt()
    codes += _pair_gates(recording, surveyed, excerpt)
    codes += _placement_gate(recording, excerpt)
    grades = {gate.code: gate.grade for gate in GATES}
    worst = max((_GRADES.index(grades[code]) for code, _ in codes), default=0)
    if not recording.complete:
        worst = max(worst, 1)
    if any(notice.code in DAMNING for notice in notices):
        worst = 2
    return Quality(
        grade=_GRADES[worst],
        sync=recording.sync,
        left=sides.get(Side.LEFT),
        right=sides.get(Side.RIGHT),
        warnings=tuple(notices) + tuple(Notice(code, message) for code, message in codes),
    )


def _side_quality(stream: Stream, faults: Faults, surveyed: SideSurvey) -> SideQuality:
    return SideQuality(
        rate_hz=stream.rate_hz,
        samples=len(stream),
        lost=stream.lost,
        gaps=tuple(missing(stream.gaps, stream.rate_hz)),
        clipped=surveyed.clipped,
        new_hz=_new_rate(stream, faults),
    )


def _stream_gates(
    stream: Stream, faults: Faults, surveyed: SideSurvey, quality: SideQuality
) -> list[tuple[str, str]]:
    side = stream.side
    found = []
    if stream.loss_fraction > LOST_USABLE:
        code = "heavy_loss" if stream.loss_fraction > LOST_POOR else "loss"
        found.append((code, f"the {side} sensor lost {100 * stream.loss_fraction:.1f} % of its samples"))
    if quality.gaps:
        longest = max(b - a for a, b in quality.gaps)
        found.append(("gaps", f"the {side} side has {len(quality.gaps)} gaps, the longest {longest:.2f} s"))
    for name, count in (("accelerometer", surveyed.acc_clipped), ("gyroscope", surveyed.gyr_clipped)):
        if count:
            code = "heavily_clipped" if count > CLIPPED_POOR * len(surveyed.active) else "clipped"
            found.append((code, f"the {side} {name} reached its full scale {count} times"))
    if stream.rate_hz < LOW_RATE_USABLE_HZ:
        code = "very_low_rate" if stream.rate_hz < LOW_RATE_POOR_HZ else "low_rate"
        found.append((code, f"the {side} sensor sampled at only {stream.rate_hz:.1f} Hz"))
    if stream.gyr is None:
        found.append(("no_gyroscope", f"the {side} side has no gyroscope: rotation is not assessable"))
    found += _gravity_gate(stream, surveyed)
    if faulty := int(faults.impossible.sum()):
        found.append(
            ("impossible_values", f"{faulty} samples of the {side} sensor are beyond what a limb can do")
        )
    if spikes := int(faults.spikes.sum()):
        code = "many_spikes" if spikes > SPIKES_POOR * len(stream) else "spikes"
        found.append((code, f"{spikes} samples of the {side} gyroscope jump away and back; bridged"))
    bias = float(np.linalg.norm(surveyed.bias))
    if bias > BIAS_USABLE:
        found.append(
            ("gyroscope_bias", f"the {side} gyroscope reads {bias:.1f} deg/s while still; taken off")
        )
    found += _stuck_gate(stream, faults)
    if quality.new_hz is not None:
        message = f"the {side} sensor gave only {quality.new_hz:.0f} new samples a second"
        found.append(("repeated_samples", message))
    frozen = sum(b - a for a, b in faults.held)
    if frozen > 0:
        code = "often_frozen" if frozen > HELD_POOR * stream.duration_s else "frozen_samples"
        found.append((code, f"the {side} sensor repeated the same values for {frozen:.1f} s"))
    return found


def _stuck_gate(stream: Stream, faults: Faults) -> list[tuple[str, str]]:
    found = []
    if faults.dead:
        message = f"{', '.join(faults.dead)} of the {stream.side} sensor never changes"
        found.append(("dead_axis", message))
    if still := sum(b - a for a, b in faults.stuck):
        message = f"one instrument of the {stream.side} sensor stood still for {still:.1f} s in movement"
        found.append(("stuck_instrument", message))
    return found


def _acceleration_gate(recording: Recording) -> list[tuple[str, str]]:
    """Gravity keeps the median acceleration near 1 g in any movement; unless reading has doubted it already.

    Above all that shows numbers that are no acceleration, or not in the unit that they are said to be in.
    """
    if any(notice.code == "units_doubtful" for notice in recording.notices):
        return []
    found = []
    for stream in recording.streams():
        some = every(stream.acc, max(1, len(stream) // 10_000))
        median = float(np.median(norm(some))) / GRAVITY
        if median > MEDIAN_G or (stream.acc_has_gravity and median < 1 / MEDIAN_G):
            message = f"the {stream.side} sensor's median acceleration is {median:.3g} times gravity"
            found.append(("implausible_acceleration", f"{message}: check its units"))
    return found


def _gravity_gate(stream: Stream, surveyed: SideSurvey) -> list[tuple[str, str]]:
    """The norm of acceleration, while nothing moves, is 1 g; otherwise units or calibration are off."""
    if not stream.acc_has_gravity or surveyed.gravity is None:
        return []
    off = abs(surveyed.gravity - 1)
    if off <= NOT_ONE_G_USABLE:
        return []
    code = "far_from_one_g" if off > NOT_ONE_G_POOR else "not_one_g"
    message = (
        f"the {stream.side} sensor at rest reads {surveyed.gravity:.2f} g: check its units and calibration"
    )
    return [(code, message)]


def _pair_gates(recording: Recording, surveyed: Survey, excerpt: dict[Side, Motion]) -> list[tuple[str, str]]:
    left, right = recording.left, recording.right
    still = [side for side, own in surveyed.sides.items() if own.vigour < _still_level(recording, side)]
    if len(still) == len(surveyed.sides):
        return [("no_movement", "nothing moved in this recording")]
    found = [
        ("still_sensor", f"the {side} sensor hardly moved: is it worn, and on the right limb?")
        for side in still
    ]
    found += _copy_gate(left, right)
    if left is None or right is None or not surveyed.aligned.shared_grid:
        return found
    found += _strap_gates(surveyed, excerpt)
    if max(left.rate_hz, right.rate_hz) > (1 + UNEQUAL_RATE) * min(left.rate_hz, right.rate_hz):
        rates = f"{left.rate_hz:.0f} and {right.rate_hz:.0f} Hz"
        found.append(("unequal_rate", f"the sides sampled at {rates}: compared at the lower rate"))
    common = min(left.end_s, right.end_s) - max(left.start_s, right.start_s)
    if common < UNEQUAL_LENGTH * max(left.duration_s, right.duration_s):
        found.append(("unequal_length", f"only {common:.1f} s are common to both sides and compared"))
    error = recording.sync.error_s
    if error is None:
        found.append(
            ("sync_unknown", "the sync error is not known, so lags between the sides are not judged")
        )
    elif error > SYNC_USABLE_S:
        found.append(("sync_error", f"the sides' clocks agree only to {1000 * error:.0f} ms"))
    return found


def _still_level(recording: Recording, side: Side) -> float:
    stream = recording.stream(side)
    return STILL_ACCELERATION if stream is None or stream.gyr is None else STILL_SPEED


def _copy_gate(left: Stream | None, right: Stream | None) -> list[tuple[str, str]]:
    copy = None if left is None or right is None else wearing.find_copy(left, right)
    if copy is None:
        return []
    if copy.rescaled:
        message = (
            f"the right side holds the left side's numbers times {copy.scale:.3g}: one sensor, read twice?"
        )
        return [("rescaled_copy", message)]
    return [("duplicated_sides", "both sides hold the same numbers: one sensor was read twice")]


def _strap_gates(surveyed: Survey, excerpt: dict[Side, Motion]) -> list[tuple[str, str]]:
    found = []
    for side, share in wearing.shaking(excerpt):
        message = f"the {side} sensor shakes on its strap ({100 * share:.0f} % of its rotation): tighten it"
        found.append(("loose_sensor", message))
    placed = surveyed.aligned.sides()
    windows = {side: own.windows for side, own in surveyed.sides.items()}
    for side, after_s, angle in wearing.slipped(windows):
        time_s = placed[side].start_s + after_s
        message = (
            f"the {side} sensor seems to have turned on the limb by {angle:.0f} degrees at {time_s:.0f} s"
        )
        found.append(("slipped_sensor", message))
    return found


def _placement_gate(recording: Recording, motions: dict[Side, Motion]) -> list[tuple[str, str]]:
    """Whether what is said of the placement can be true."""
    placement = recording.placement
    place = placement.value.replace("_", " ")
    if placement in wearing.FEET:
        exercise = exercise_of(recording.exercise, recording.sport, placement)
        if exercise.movement == "strides" and wearing.never_swings(motions):
            message = f"the sensors never swing as a {place} does in steps: is it where they were?"
            return [("no_foot_swing", message)]
    elif placement not in (Placement.UNKNOWN, Placement.EQUIPMENT) and wearing.walks_like_feet(motions):
        message = f"the sensors move as on walking feet, not as on a {place}: check --placement"
        return [("foot_pattern", message)]
    return []


def _new_rate(stream: Stream, faults: Faults) -> float | None:
    """New samples a second, where many in movement only repeat the one before; None where they do not.

    So a slower sensor's samples look that were written out faster.
    """
    return (1 - faults.repeated) * stream.rate_hz if faults.repeated > REPEATED_USABLE else None
