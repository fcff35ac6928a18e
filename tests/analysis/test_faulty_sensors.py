"""Sensors that lie: flat tops, glitches, copies and wrong gains are named, and never become a verdict."""

from dataclasses import replace

import numpy as np
import pytest

from analysis import analyse
from analysis.pipeline import check_recording
from sensing.simulate import Simulation, simulate


def recorded(**kwargs):
    return simulate(Simulation(**{"exercise": "squat", "seed": 3, "remount_sd": 0.0} | kwargs)).recording


def right(recording, **changes):
    """The recording with other signals on its right side."""
    return replace(recording, right=replace(recording.right, **changes))


def codes(recording):
    return {warning.code for warning in check_recording(recording).warnings}


class TestFlatTops:
    @pytest.mark.parametrize("stated", [None, 2000.0])
    @pytest.mark.parametrize("share", [90, 98])
    @pytest.mark.parametrize("exercise", ["squat", "curl", "run"])
    def test_at_any_level_they_are_clipped_and_never_judged(self, exercise, share, stated):
        sound = recorded(exercise=exercise)
        limit = float(np.percentile(np.abs(sound.right.gyr), share))
        flat = right(sound, gyr=np.clip(sound.right.gyr, -limit, limit), gyr_range=stated)
        assert codes(flat) & {"clipped", "heavily_clipped"}
        result = analyse(flat)
        assert not result.verdict.flagged
        assert "full scale" in result.metric("angle_travelled").reason

    @pytest.mark.parametrize("step", [0.5, 1.0, 5.0])
    def test_coarse_numbers_are_not_clipped(self, step):
        for exercise in ("squat", "row", "run", "hold"):
            sound = recorded(exercise=exercise)
            assert not {"clipped", "heavily_clipped"} & codes(
                right(sound, gyr=step * np.rint(sound.right.gyr / step))
            )
