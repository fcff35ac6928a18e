"""A recording says the same whether it is held as a whole or looked at part by part."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from analysis import analyse, parts, survey
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
def test_parts_say_what_the_whole_says(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = CASES[case]()
    whole = json.loads(analyse(one).to_json())
    seen: list[int] = []
    cut = parts._parts
    monkeypatch.setattr(survey, "AT_ONCE", SMALL)
    monkeypatch.setattr(parts, "AT_ONCE", SMALL)
    monkeypatch.setattr(parts, "_parts", lambda *given: (seen.append(p.first) or p for p in cut(*given)))
    assert differences(whole, json.loads(analyse(one).to_json())) == []
    if case != "standing":
        assert len(seen) > 1


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


def test_a_bout_longer_than_a_part_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "AT_ONCE", 100)
    bouts = [parts.Bout(span, (Side.LEFT,)) for span in ((500, 900), (905, 950), (1000, 1050))]
    cuts = list(parts._cuts(bouts, 10))
    assert [(start, stop) for start, stop, within in cuts if within] == [(490, 960), (960, 1050)]
    assert [len(within) for _, _, within in cuts if within] == [2, 1]
    assert [a for a, _, _ in cuts[1:]] == [b for _, b, _ in cuts[:-1]]
    assert cuts[0][0] == 0 and all(b - a <= 100 for a, b, within in cuts if not within)
