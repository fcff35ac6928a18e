"""From motion to sets of repetitions, strides or strokes, on one side or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analysis.exercises import Exercise
from analysis.faults import BoolArray
from analysis.frames import Motion, relative_sign
from analysis.results import ExerciseSet, Kind, SideEvents
from analysis.segmentation.bouts import (
    REST_S,
    Span,
    activity,
    bouts,
    joint_bouts,
)
from analysis.segmentation.pairing import SAME_TEMPO, pair_repetitions
from analysis.segmentation.repair import repaired
from analysis.segmentation.repetitions import (
    Cycle,
    Rhythm,
    Work,
    autocorrelations,
    dwell,
    find_repetitions,
    reduce_to_cycle,
    shared_rhythm,
    usual_tempo,
    working_signal,
)
from analysis.segmentation.similarity import alike, likenesses
from analysis.segmentation.strides import Strides, find_strides
from analysis.segmentation.strokes import find_strokes, stroke_sets
from sensing.recording import Interval, Placement, Side

STANDS_STILL: Final = 0.15
"""In a bout, a side that moves less than this share of the other one does not take part."""

MORE_ALIKE: Final = 0.05
"""Repetitions at another tempo replace those at the rhythm if they are more alike by this."""

MIN_REPS: Final = 2
"""A set has at least this many repetitions on one side."""

Rhythms = dict[Side, Rhythm | None]

Found = tuple[dict[Side, Cycle], dict[Side, list[Span]]]
"""Each side's movement in a bout, and its repetitions."""


@dataclass(frozen=True, eq=False)
class SegmentedSet:
    """A set with what later steps need: the movement of each side about its main axis, signs agreeing."""

    exercise_set: ExerciseSet
    cycles: dict[Side, Cycle]


@dataclass(frozen=True)
class Bout:
    """A stretch of movement, on the grid of the sides that move in it."""

    span: Span
    sides: tuple[Side, ...]

    def shifted(self, by: int) -> Bout:
        """The same bout on a grid that begins ``by`` points later."""
        return replace(self, span=(self.span[0] - by, self.span[1] - by))


def segment(
    motions: dict[Side, Motion], exercise: Exercise, placement: Placement, *, shared_grid: bool
) -> tuple[SegmentedSet, ...]:
    """Find sets and their repetitions in a recording that is held as a whole.

    Parameters
    ----------
    motions : dict of Side to Motion
        The sides that were recorded; on one grid where ``shared_grid``.
    exercise : Exercise
        What is known about the exercise; nothing need be.
    placement : Placement
        Feet and shanks are searched for strides.

    Returns
    -------
    tuple of SegmentedSet
        In order of time; each has repetitions on at least one side.
    """
    if exercise.movement == "strokes" and shared_grid:
        return tuple(SegmentedSet(found, {}) for found in stroke_sets([find_strokes(motions)], exercise))
    active = {side: activity(motion) for side, motion in motions.items()}
    rates = {side: motion.track.rate_hz for side, motion in motions.items()}
    found = find_bouts(active, rates, shared_grid=shared_grid)
    return segment_bouts(motions, found, exercise, placement)


def find_bouts(
    active: dict[Side, BoolArray], rates_hz: dict[Side, float], *, shared_grid: bool
) -> list[Bout]:
    """Bouts of all sides, from where each moves and its sampling rate; in order where they share a grid."""
    if not shared_grid or len(active) < 2:
        return [Bout(span, (side,)) for side, own in active.items() for span in bouts(own, rates_hz[side])]
    joined = joint_bouts(*(bouts(active[side], rates_hz[side], active[side.other]) for side in Side))
    return [
        Bout(span, tuple(side for side, moves in zip(Side, flags, strict=True) if moves))
        for span, *flags in joined
    ]


def segment_bouts(
    motions: dict[Side, Motion], found: Sequence[Bout], exercise: Exercise, placement: Placement
) -> tuple[SegmentedSet, ...]:
    """Find the sets and repetitions of bouts on the grids of ``motions``, as `segment` does."""
    sets = [
        one
        for bout in found
        for one in _segment_bout(motions, bout.span, list(bout.sides), exercise, placement)
    ]
    return tuple(sorted(sets, key=in_order))


def in_order(one: SegmentedSet) -> tuple[float, str]:
    """What sets are ordered by: their start, then their kind."""
    return one.exercise_set.start_s, one.exercise_set.kind


def _segment_bout(
    motions: dict[Side, Motion], span: Span, sides: list[Side], exercise: Exercise, placement: Placement
) -> list[SegmentedSet]:
    sides = _taking_part(motions, span, sides)
    work = {side: working_signal(motions[side], span) for side in sides}
    rhythms = _rhythms(work)
    cycles, spans = _most_alike(motions, work, rhythms)
    spans = {
        side: repaired(motions[side], reps) if rhythms[side] or alike(motions[side], reps) else []
        for side, reps in spans.items()
    }
    reps_s = {
        side: tuple((_time(motions[side], a), _time(motions[side], b)) for a, b in reps)
        for side, reps in spans.items()
    }
    events: dict[Side, SideEvents] = {}
    found = _strides(motions, cycles, spans, placement, exercise)
    if found:
        reps_s = {side: strides.borders for side, strides in found.items()}
        events = {side: strides.events for side, strides in found.items()}
    return [
        SegmentedSet(replace(part, events={s: _events_within(e, part) for s, e in events.items()}), cycles)
        for part in _split_at_rests(reps_s, exercise)
    ]


def _most_alike(motions: dict[Side, Motion], work: dict[Side, Work], rhythms: Rhythms) -> Found:
    """Movement and repetitions at the rhythm, or at the tempo of turning points that are found without one.

    Pauses of any length and a changing tempo leave no correlation at one repetition, but at the time after
    which they recur. What is found tells: repetitions are alike, both in turning and in acceleration, where
    each is one whole movement.
    """
    given = _find(motions, work, rhythms)
    enough = _likeness(motions, given) + MORE_ALIKE
    if enough >= 1:
        return given
    free = {
        side: reduce_to_cycle(motions[side], one, None) if rhythms[side] else given[0][side]
        for side, one in work.items()
    }
    tempo = {side: usual_tempo(cycle) for side, cycle in free.items()}
    if all(_same_tempo(rhythms[side], tempo[side]) for side in work):
        return given
    other = _find(motions, work, tempo)
    whole = all(alike(motions[side], reps, every=True) for side, reps in other[1].items())
    return other if whole and _likeness(motions, other) > enough else given


def _same_tempo(a: Rhythm | None, b: Rhythm | None) -> bool:
    if a is None or b is None:
        return a is b
    return abs(a.period_s / b.period_s - 1) < SAME_TEMPO


def _find(motions: dict[Side, Motion], work: dict[Side, Work], rhythms: Rhythms) -> Found:
    """Movement and repetitions of each side, given its rhythm."""
    cycles = {side: reduce_to_cycle(motions[side], one, rhythms[side]) for side, one in work.items()}
    cycles = _agree_on_signs(cycles, motions)
    start_kind = _start_kind(cycles)
    spans = {side: find_repetitions(motions[side], cycle, start_kind) for side, cycle in cycles.items()}
    return cycles, spans


def _likeness(motions: dict[Side, Motion], found: Found) -> float:
    """Mean over sides, turning and acceleration."""
    return float(np.mean([likenesses(motions[side], reps) for side, reps in found[1].items()]))


def _strides(
    motions: dict[Side, Motion],
    cycles: dict[Side, Cycle],
    spans: dict[Side, list[Span]],
    placement: Placement,
    exercise: Exercise,
) -> dict[Side, Strides]:
    """Strides of every side that moves, or nothing where the movement is not stepping."""
    on_foot = placement in (Placement.FOOT, Placement.ANKLE, Placement.SHANK)
    if not on_foot or exercise.movement not in ("", "strides") or exercise.coupled:
        return {}
    known = exercise.movement == "strides"
    found = {
        side: find_strides(motions[side], cycle, placement, known=known) for side, cycle in cycles.items()
    }
    strides = {side: s for side, s in found.items() if s is not None and spans[side]}
    if len(strides) < len(cycles):
        return {}
    if len(strides) == 2:
        kind, _ = pair_repetitions(strides[Side.LEFT].borders, strides[Side.RIGHT].borders)
        if kind is Kind.SIMULTANEOUS:
            return {}
    return strides


def _taking_part(motions: dict[Side, Motion], span: Span, sides: list[Side]) -> list[Side]:
    """Sides that move in a bout, rather than sway while the other one works."""
    level = {
        side: float(np.mean(m.level[slice(*span)])) for side, m in motions.items() if span[1] <= len(m.track)
    }
    most = max(level[side] for side in sides)
    return [side for side in Side if side in sides and level[side] >= STANDS_STILL * most]


def _rhythms(work: dict[Side, Work]) -> Rhythms:
    """Rhythm of each side; sides that agree, or differ by an octave, take the one they share."""
    correlations = {side: autocorrelations(one.values, one.rate_hz) for side, one in work.items()}
    rate_hz = next(iter(work.values())).rate_hz
    own = {side: shared_rhythm([c], rate_hz) for side, c in correlations.items()}
    if len(own) < 2:
        return own
    shared = shared_rhythm(list(correlations.values()), rate_hz)
    if shared is None:
        return own
    return {side: shared if _octave_apart(rhythm, shared) else rhythm for side, rhythm in own.items()}


def _octave_apart(rhythm: Rhythm | None, shared: Rhythm) -> bool:
    if rhythm is None:
        return True
    ratio = rhythm.period_s / shared.period_s
    return any(abs(ratio / octave - 1) < SAME_TEMPO for octave in (0.5, 1.0, 2.0))


def _agree_on_signs(cycles: dict[Side, Cycle], motions: dict[Side, Motion]) -> dict[Side, Cycle]:
    """Turn the right side's axis so that both sides call the same movement positive.

    Limbs that both come from rest and return to it start out the same way. Otherwise, and in slow movement
    less surely, the vertical tells.
    """
    if len(cycles) < 2:
        return cycles
    left, right = (cycles[side] for side in Side)
    start, stop = left.span
    from_rest = start > 0 and stop < len(motions[Side.LEFT].track)
    sign = round(left.turns.ends * right.turns.ends) if from_rest else 0
    if (sign or _vertical_sign(cycles, motions)) < 0:
        return cycles | {Side.RIGHT: right.flipped()}
    return cycles


def _vertical_sign(cycles: dict[Side, Cycle], motions: dict[Side, Motion]) -> int:
    """Whether rotation goes with rise and fall alike on both sides, 1, or the other way round, -1."""
    signals = []
    for side in Side:
        cycle = cycles[side]
        vertical = motions[side].vertical(slice(*cycle.span, cycle.step))
        if vertical is None:
            return 1
        signals.append((cycle.angle, vertical))
    return relative_sign(signals[0], signals[1])


def _start_kind(cycles: dict[Side, Cycle]) -> int:
    """Whether repetitions start at maxima, 1, or minima, -1.

    A set starts from the posture that it ends in; where it was cut, so that the two are not the same, from
    where the limbs dwell. Where neither tells, it must not be which way the axes happen to point, so that
    swapping the sides swaps the repetitions: the angle reaches less far on the side of the start.
    """
    preference = 2 * sum(cycle.turns.ends for cycle in cycles.values())
    # Dwelling is at most 1 a side, and changes nothing where the postures are sure.
    if abs(preference) <= len(cycles):
        preference += sum(dwell(cycle) for cycle in cycles.values())
    if preference == 0:
        preference = -sum(float(np.mean(cycle.angle**3)) for cycle in cycles.values())
    return 1 if preference >= 0 else -1


def _split_at_rests(reps: dict[Side, tuple[Interval, ...]], exercise: Exercise) -> list[ExerciseSet]:
    """Sets of one bout: repetitions further apart than a rest belong to different sets."""
    everything = sorted((rep, side) for side, own in reps.items() for rep in own)
    groups: list[list[tuple[Interval, Side]]] = []
    end = -np.inf
    for rep, side in everything:
        if rep[0] - end > max(REST_S, 2 * (rep[1] - rep[0])):
            groups.append([])
        groups[-1].append((rep, side))
        end = max(end, rep[1])
    sets = []
    for group in groups:
        own = {side: tuple(rep for rep, s in group if s is side) for side in Side}
        own = {side: r for side, r in own.items() if len(r) >= MIN_REPS}
        if own:
            sets.append(_make_set(own, exercise))
    return sets


def _make_set(reps: dict[Side, tuple[Interval, ...]], exercise: Exercise) -> ExerciseSet:
    left, right = reps.get(Side.LEFT, ()), reps.get(Side.RIGHT, ())
    kind, pairs = pair_repetitions(left, right)
    if not right:
        kind = Kind.LEFT_ONLY
    elif not left:
        kind = Kind.RIGHT_ONLY
    every = left + right
    return ExerciseSet(
        start_s=min(a for a, _ in every),
        end_s=max(b for _, b in every),
        exercise=exercise.name,
        kind=kind,
        coupled=exercise.coupled,
        reps={Side.LEFT: left, Side.RIGHT: right},
        events={},
        pairs=pairs,
    )


def _events_within(events: SideEvents, part: ExerciseSet) -> SideEvents:
    def inside(t: float) -> bool:
        return part.start_s <= t <= part.end_s

    return SideEvents(
        contact_s=tuple(t for t in events.contact_s if inside(t)),
        foot_off_s=tuple(t for t in events.foot_off_s if inside(t)),
        strokes=tuple(s for s in events.strokes if inside(s.t_s)),
    )


def _time(motion: Motion, index: int) -> float:
    return motion.track.start_s + index / motion.track.rate_hz
