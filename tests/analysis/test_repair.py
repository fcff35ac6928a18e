"""Repetitions that were joined or broken come back as the ones that were done."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.frames import motion
from analysis.segmentation.repair import repaired
from analysis.timeline import align
from sensing.simulate import Simulation, simulate


@pytest.fixture(scope="module")
def squats():
    """One side's motion, and its repetitions."""
    params = Simulation(exercise="squat", sets=1, reps=10, cv=0.1, ideal_clock=True, seed=3)
    made = simulate(params)
    track = next(iter(align(made.recording).tracks().values()))
    reps = [(a, b) for a, b in track.spans(made.truth.left.reps[0]).tolist()]
    ends = [min(b, after) for (_, b), (after, _) in zip(reps, [*reps[1:], reps[-1][::-1]], strict=True)]
    return motion(track), [(a, end) for (a, _), end in zip(reps, ends, strict=True)]


@given(joined=st.integers(0, 8))
def test_two_that_were_taken_for_one_are_split(squats, joined):
    own, reps = squats
    seen = [*reps[:joined], (reps[joined][0], reps[joined + 1][1]), *reps[joined + 2 :]]
    found = repaired(own, seen)
    assert len(found) == len(reps)
    usual = np.median([b - a for a, b in reps])
    assert abs(found[joined][1] - reps[joined][1]) < 0.15 * usual


@given(broken=st.integers(0, 9), where=st.floats(0.4, 0.6))
def test_one_that_was_taken_for_two_is_joined(squats, broken, where):
    own, reps = squats
    a, b = reps[broken]
    middle = round(a + where * (b - a))
    assert repaired(own, [*reps[:broken], (a, middle), (middle, b), *reps[broken + 1 :]]) == reps


@given(left_out=st.sets(st.integers(0, 9), max_size=6))
def test_repetitions_that_are_usual_stay_as_they_are(squats, left_out):
    own, reps = squats
    kept = [rep for k, rep in enumerate(reps) if k not in left_out]
    assert repaired(own, kept) == kept


def test_a_pause_is_not_split(squats):
    own, reps = squats
    waiting = (0, round(2 * np.median([b - a for a, b in reps])))
    assert waiting[1] < reps[0][0] + 200
    assert repaired(own, [waiting, *reps[2:]])[0] == waiting
