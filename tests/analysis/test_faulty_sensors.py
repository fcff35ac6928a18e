"""Sensors that lie: flat tops, glitches, copies and wrong gains are named, and never become a verdict."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from analysis import analyse
from analysis.pipeline import check_recording
from analysis.wearing import find_copy
from sensing.recording import Side
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


class TestSpikes:
    @pytest.mark.parametrize("width", [1, 2])
    @pytest.mark.parametrize("size", [500.0, -1900.0])
    @pytest.mark.parametrize("exercise", ["squat", "curl", "row"])
    def test_they_are_bridged_and_change_no_answer(self, exercise, size, width):
        sound = recorded(exercise=exercise)
        gyr = np.array(sound.right.gyr)
        for shift in range(width):
            gyr[20 + shift :: 400, 1] = size
        glitching = right(sound, gyr=gyr)
        assert "spikes" in codes(glitching)
        before, after = analyse(sound), analyse(glitching)
        assert after.verdict.verdict is before.verdict.verdict
        for name in ("angle_travelled", "peak_angular_velocity"):
            expected = before.metric(name).index_percent
            assert after.metric(name).index_percent == pytest.approx(expected, abs=0.5)

    def test_many_are_never_judged(self):
        sound = recorded()
        gyr = np.array(sound.right.gyr)
        gyr[20::60, 1] = 1900.0
        glitching = right(sound, gyr=gyr)
        assert "many_spikes" in codes(glitching)
        assert analyse(glitching).quality.grade == "poor"

    @pytest.mark.parametrize("rate_hz", [25.0, 50.0, 100.0, 200.0])
    @pytest.mark.parametrize("exercise", ["squat", "run", "tennis", "stand"])
    def test_sound_sensors_have_none(self, exercise, rate_hz):
        assert not {"spikes", "many_spikes"} & codes(recorded(exercise=exercise, rate_hz=rate_hz, loss=0.05))


class TestCopies:
    def copied(self, recording, turn, late=0, step=1):
        own = recording.left
        values = {"acc": own.acc[late:] @ turn.T, "gyr": own.gyr[late:] @ turn.T}
        copy = replace(
            own,
            side=Side.RIGHT,
            time_s=own.time_s[: len(own) - late : step],
            rate_hz=own.rate_hz / step,
            **{name: v[::step] for name, v in values.items()},
        )
        return replace(recording, right=copy)

    @pytest.mark.parametrize("late", [0, 7])
    @pytest.mark.parametrize("step", [1, 2, 3])
    @pytest.mark.parametrize(
        "turn",
        [np.eye(3)[[1, 2, 0]], np.diag([1.0, -1.0, 1.0]), Rotation.random(random_state=1).as_matrix()],
        ids=["permuted", "mirrored", "turned"],
    )
    def test_they_are_found_however_turned_and_thinned(self, turn, step, late):
        copy = self.copied(recorded(ideal_clock=True), turn, late, step)
        assert "duplicated_sides" in codes(copy)
        assert analyse(copy).quality.grade == "poor"

    @pytest.mark.parametrize("rate_hz", [25.0, 100.0, (100.0, 50.0)])
    @pytest.mark.parametrize("exercise", ["squat", "curl", "run", "hold"])
    def test_two_sensors_on_limbs_that_move_alike_are_none(self, exercise, rate_hz):
        alike = recorded(
            exercise=exercise,
            rate_hz=rate_hz,
            ideal_clock=True,
            cv=0.0,
            set_sd=0.0,
            tempo_cv=0.0,
            fidgets_per_min=0.0,
            tremor_deg_s=0.0,
        )
        assert find_copy(alike.left, alike.right) is None
