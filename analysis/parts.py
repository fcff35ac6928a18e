"""A recording part by part, cut where both sides rest, so that no more than one part is held at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from analysis.exercises import Exercise
from analysis.frames import Motion, Orientation, oriented
from analysis.measurement import MeasuredSet, measure
from analysis.metrics.fatigue import SideValues, fatigue_values
from analysis.results import ExerciseSet
from analysis.segmentation import Bout, find_bouts, segment_bouts
from analysis.segmentation.bouts import Span
from analysis.segmentation.strokes import find_strokes, stroke_sets
from analysis.survey import Survey, padded
from analysis.waveforms import Shapes, shapes_of
from sensing.recording import Placement, Side

ROOM_S: Final = 1.0
"""A cut leaves this much rest at least before and after it, s."""


@dataclass(frozen=True, eq=False)
class Examined:
    """One set with all that is measured of it.

    Attributes
    ----------
    measured : MeasuredSet
        Its repetitions and their metrics.
    shapes : Shapes
        Its repetitions, time-normalised.
    fatigue : dict of Side to SideValues, or None
        What fatigue is told by; None where the set tells nothing of it.
    """

    measured: MeasuredSet
    shapes: Shapes
    fatigue: dict[Side, SideValues] | None


@dataclass(frozen=True, eq=False)
class _Part:
    """All sides over a part of their grids that begins at point ``first``, and the bouts in it, if any."""

    motions: dict[Side, Motion]
    first: int
    bouts: tuple[Bout, ...]


def examine(
    surveyed: Survey, exercise: Exercise, placement: Placement, load_kg: tuple[float, float] | None
) -> list[Examined]:
    """Every set of a recording and what is measured of it, in order of time.

    Parameters
    ----------
    surveyed : Survey
        The recording as a whole.
    exercise, placement
        As `segmentation.segment` takes them.
    load_kg : (left, right) or None
        Weights held.
    """
    if exercise.movement == "strokes" and surveyed.aligned.shared_grid:
        (sides,) = surveyed.groups()
        strokes = [find_strokes(own.motions, own.core) for own in surveyed.stretches(sides)]
        found = stroke_sets(strokes, exercise)
        bouts = [Bout(_span(surveyed, one), sides) for one in found]
        set_of = dict(zip(bouts, found, strict=True))

        def sets_in(part: _Part) -> list[ExerciseSet]:
            return [set_of[bout] for bout in part.bouts]

    else:
        active = {side: own.active for side, own in surveyed.sides.items()}
        rates = {side: placed.rate_hz for side, placed in surveyed.aligned.sides().items()}
        bouts = find_bouts(active, rates, shared_grid=surveyed.aligned.shared_grid)

        def sets_in(part: _Part) -> list[ExerciseSet]:
            near = [bout.shifted(part.first) for bout in part.bouts]
            return [one.exercise_set for one in segment_bouts(part.motions, near, exercise, placement)]

    out: list[Examined] = []
    for part in _parts(surveyed, bouts):
        sets = sets_in(part)
        measured = measure(sets, part.motions, load_kg)
        values = fatigue_values(sets, part.motions)
        shapes = shapes_of(measured, part.motions)
        out += [Examined(*one) for one in zip(measured, shapes, values, strict=True)]
    return out


def _span(surveyed: Survey, one: ExerciseSet) -> Span:
    placed = next(iter(surveyed.aligned.sides().values()))
    room = ROOM_S * placed.rate_hz
    start, stop = ((t - placed.start_s) * placed.rate_hz for t in (one.start_s, one.end_s))
    return max(round(start - room), 0), min(round(stop + room), placed.size)


def _parts(surveyed: Survey, bouts: Sequence[Bout]) -> Iterator[_Part]:
    """The parts of a recording; all of it is one where it is short, or the sides share no grid."""
    placed = surveyed.aligned.sides()
    if surveyed.whole.keys() == placed.keys() or len(surveyed.groups()) > 1:
        motions = {
            side: oriented(surveyed.motion(side, 0, own.size), Orientation()) for side, own in placed.items()
        }
        yield _Part(motions, 0, tuple(bouts))
        return
    own = next(iter(placed.values()))
    followed = {side: Orientation() for side in placed}
    for start, stop, within in _cuts(bouts, round(ROOM_S * own.rate_hz), surveyed.at_once):
        low, high = padded(own, start, stop)
        motions = {
            side: oriented(surveyed.motion(side, low, high), orientation, low)
            for side, orientation in followed.items()
        }
        if within:
            yield _Part(motions, low, within)


def _cuts(bouts: Sequence[Bout], room: int, at_once: int) -> Iterator[tuple[int, int, tuple[Bout, ...]]]:
    """Start and stop of parts that follow each other up to the last bout, each with the bouts in it.

    They are cut in rests of twice ``room``, to be no longer than ``at_once`` points: longer only where a
    bout, or several without such a rest, is longer.
    """
    start, end = 0, 0
    within: list[Bout] = []
    for bout in bouts:
        first, last = bout.span
        if last - start > at_once and first - end >= 2 * room:
            if within:
                yield start, end + room, tuple(within)
                start, within = end + room, []
            while start < first - room and last - start > at_once:
                stop = min(start + at_once, first - room)
                yield start, stop, ()
                start = stop
        within.append(bout)
        end = max(end, last)
    if within:
        yield start, end, tuple(within)
