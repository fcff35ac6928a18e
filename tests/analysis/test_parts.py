"""A recording says the same whether it is held as a whole or looked at part by part."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from analysis import Settings, analyse, parts
from analysis.segmentation import Bout, find_bouts
from analysis.survey import survey
from analysis.timeline import align
from sensing.recording import Placement, Recording, Side
from sensing.simulate import Simulation, simulate

SMALL = 1500
"""Grid points of a part: fifteen seconds at 100 Hz, so that every recording has several."""


def recording(**given: Any) -> Recording:
    return simulate(Simulation(**{"seed": 5, "sets": 3, "reps": 6} | given)).recording


CASES = {
    "squats with losses": lambda: recording(exercise="squat", loss=0.02),
    "alternating curls": lambda: recording(exercise="curl"),
    "strokes": lambda: recording(exercise="tennis", placement="wrist", dominant="right"),
    "steps at 200 Hz": lambda: recording(exercise="run", placement="foot"),
    "holds": lambda: recording(exercise="hold"),
    "standing": lambda: recording(exercise="stand"),
    "trunk": lambda: replace(recording(exercise="squat"), placement=Placement.TRUNK),
    "one side": lambda: replace(recording(exercise="squat"), left=None),
    "no gyroscope": lambda: without_gyroscope(recording(exercise="curl")),
}


def without_gyroscope(whole: Recording) -> Recording:
    left, right = (replace(stream, gyr=None) for stream in whole.streams())
    return replace(whole, left=left, right=right)


@pytest.mark.parametrize("case", CASES)
def test_parts_say_what_the_whole_says(case: str) -> None:
    one = CASES[case]()
    whole, by_part = (
        json.loads(analyse(one, Settings(at_once=points)).to_json()) for points in (10**9, SMALL)
    )
    assert differences(whole, by_part) == []


def test_no_more_than_a_part_is_looked_at_at_once() -> None:
    surveyed = survey(align(recording(exercise="squat")), SMALL)
    assert not surveyed.whole
    active = {side: own.active for side, own in surveyed.sides.items()}
    bouts = find_bouts(active, dict.fromkeys(Side, 100.0), shared_grid=True)
    sizes = [len(one.motions[Side.LEFT].track) for one in parts._parts(surveyed, bouts)]
    longest = max(bout.span[1] - bout.span[0] for bout in bouts)
    assert len(sizes) > 1 and max(sizes) <= max(SMALL, longest) + 1500


def differences(a: Any, b: Any, where: str = "") -> list[str]:
    """Places in which two answers are not the same up to rounding."""
    inside: list[tuple[Any, Any, str]] = []
    if isinstance(a, dict) and isinstance(b, dict):
        inside = [(a.get(key), b.get(key), f"{where}.{key}") for key in a.keys() | b.keys()]
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        inside = [(x, y, f"{where}[{i}]") for i, (x, y) in enumerate(zip(a, b, strict=True))]
    if inside:
        return [found for each in inside for found in differences(*each)]
    if isinstance(a, float) and isinstance(b, float):
        return [] if math.isclose(a, b, rel_tol=1e-7, abs_tol=1e-9) else [f"{where}: {a} and {b}"]
    return [] if a == b else [f"{where}: {a} and {b}"]


def test_a_bout_longer_than_a_part_stays_whole() -> None:
    bouts = [Bout(span, (Side.LEFT,)) for span in ((500, 900), (905, 950), (1000, 1050))]
    cuts = list(parts._cuts(bouts, 10, 100))
    assert [(start, stop) for start, stop, within in cuts if within] == [(490, 960), (960, 1050)]
    assert [len(within) for _, _, within in cuts if within] == [2, 1]
    assert [a for a, _, _ in cuts[1:]] == [b for _, b, _ in cuts[:-1]]
    assert cuts[0][0] == 0 and all(b - a <= 100 for a, b, within in cuts if not within)
