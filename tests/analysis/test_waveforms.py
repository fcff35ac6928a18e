"""Where in the repetition the sides differ: marked where they do, and seldom where they do not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from analysis import analyse
from analysis.waveforms import where_sides_differ
from sensing import open_recording

PERCENT = np.arange(101.0)
MOVEMENT = 20 + 300 * np.sin(np.pi * PERCENT / 100) ** 2
RECORDINGS = Path(__file__).parents[2] / "recordings"


def _smooth(rng: np.random.Generator, shape: tuple[int, ...], sd: float) -> np.ndarray:
    bumps = np.exp(-0.5 * ((PERCENT - np.linspace(0, 100, 8)[:, None]) / 8) ** 2)
    return rng.normal(0, sd, (*shape, 8)) @ bumps


def _bump(at: float, size: float) -> np.ndarray:
    return size * np.exp(-0.5 * ((PERCENT - at) / 6) ** 2)


def recording(
    rng: np.random.Generator,
    *,
    sets: int = 3,
    reps: int = 10,
    gain_sd: float = 0.04,
    extra: float | np.ndarray = 0.0,
) -> list[np.ndarray]:
    """Pairs of repetitions whose sides differ by what mounting does, and by ``extra`` on the right."""
    gain = rng.normal(0, gain_sd)
    made = []
    for _ in range(sets):
        of_set = gain + _smooth(rng, (), 0.03)
        of_rep = _smooth(rng, (2, reps), 0.1)
        sides = MOVEMENT * np.exp(of_rep + np.array([-0.5, 0.5])[:, None, None] * of_set)
        sides[1] += extra
        made.append(sides)
    return made


@pytest.mark.parametrize(("sets", "reps"), [(1, 8), (3, 8), (4, 12)])
def test_equal_sides_are_seldom_marked_whatever_the_mounting(sets: int, reps: int) -> None:
    rng = np.random.default_rng(7)
    marked = sum(bool(where_sides_differ(recording(rng, sets=sets, reps=reps), 0.04)) for _ in range(120))
    assert marked <= 12  # 5 % of 120, and what chance adds in 1 of 100 such runs


def test_a_difference_is_marked_where_it_is() -> None:
    rng = np.random.default_rng(3)
    found = [where_sides_differ(recording(rng, extra=_bump(30, 120)), 0.04) for _ in range(20)]
    assert sum(map(bool, found)) >= 18
    for stretches in filter(None, found):
        assert any(start <= 30 <= end for start, end in stretches)
        assert all(start >= 10 and end <= 55 for start, end in stretches)


def test_a_constant_factor_within_the_mounting_error_is_no_difference() -> None:
    pairs = [np.stack([MOVEMENT, MOVEMENT * 1.05])[:, None].repeat(12, 1)]
    assert where_sides_differ(pairs, 0.04) == ()
    assert where_sides_differ(pairs, 0.0) == ((0.0, 100.0),)


def test_sides_swapped_give_the_same_stretches_and_few_repetitions_none() -> None:
    pairs = recording(np.random.default_rng(1), extra=_bump(60, 150))
    found = where_sides_differ(pairs, 0.04)
    assert found
    assert where_sides_differ([pair[::-1] for pair in pairs], 0.04) == found
    assert where_sides_differ([pairs[0][:, :5]], 0.04) == ()
    assert where_sides_differ([], 0.04) == ()


def test_stretches_are_marked_in_a_recording_and_not_where_the_data_are_poor() -> None:
    recorded = open_recording(RECORDINGS / "tennis_forehand")
    turning = analyse(recorded).waveforms[0]
    assert turning.differs
    assert all(0 <= start < end <= 100 for start, end in turning.differs)
    assert recorded.right is not None
    lossy = dataclasses.replace(recorded.right, lost=len(recorded.right))
    poor = dataclasses.replace(recorded, right=lossy)
    assert analyse(poor).quality.grade == "poor"
    assert analyse(poor).waveforms[0].differs == ()
