"""How the sensors are worn: every gate fires where it should, and on no sound recording."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from analysis import analyse
from analysis.pipeline import check_recording
from analysis.results import VerdictWord
from benchmarks import recordings as real
from sensing import open_recording
from sensing.recording import GRAVITY, Notice, Placement, Side
from sensing.simulate import Simulation, simulate

GATES = {
    "duplicated_sides",
    "rescaled_copy",
    "loose_sensor",
    "slipped_sensor",
    "no_foot_swing",
    "foot_pattern",
    "dead_axis",
    "stuck_instrument",
    "repeated_samples",
    "implausible_acceleration",
}


def recorded(**kwargs):
    return simulate(Simulation(**{"exercise": "squat", "seed": 3, "remount_sd": 0.0} | kwargs)).recording


def alarms(recording):
    return {warning.code for warning in check_recording(recording).warnings} & GATES


def altered(recording, **changes):
    """The recording with other signals on its right side."""
    return replace(recording, right=replace(recording.right, **changes))


def on_both(recording, change):
    """The recording with what ``change`` makes of the accelerations and angular velocities of either side."""
    sides = {}
    for own in recording.streams():
        acc, gyr = change(np.array(own.acc), np.array(own.gyr))
        sides[own.side.value] = replace(own, acc=acc, gyr=gyr)
    return replace(recording, **sides)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"exercise": "squat"},
        {"exercise": "curl", "rate_hz": 50.0},
        {"exercise": "row", "loss": 0.05},
        {"exercise": "run"},
        {"exercise": "run", "rate_hz": (100.0, 52.0)},
        {"exercise": "tennis", "dominant": Side.RIGHT},
        {"exercise": "stand"},
        {"exercise": "hold"},
        {"exercise": "curl", "fatigue": 0.4, "asym": 0.5},
    ],
    ids=str,
)
def test_sound_simulations_raise_no_alarm(kwargs):
    assert alarms(recorded(**kwargs)) == set()


class TestOneSensorTwice:
    def copied(self, recording, scale=1.0, late=0):
        own = recording.left
        part = slice(late, None)
        copy = replace(
            own,
            side=Side.RIGHT,
            time_s=own.time_s[: len(own) - late],
            acc=scale * own.acc[part],
            gyr=scale * own.gyr[part],
        )
        return replace(recording, right=copy)

    @pytest.mark.parametrize("late", [0, 7, 300])
    def test_by_whatever_it_is_shifted(self, late):
        assert alarms(self.copied(recorded(ideal_clock=True), late=late)) == {"duplicated_sides"}

    def test_a_factor_is_told_and_never_judged(self):
        twice = self.copied(recorded(ideal_clock=True), scale=1.2)
        assert alarms(twice) == {"rescaled_copy"}
        assert analyse(twice).verdict.verdict is VerdictWord.INCONCLUSIVE

    def test_numbers_that_are_all_impossible_are_no_copy(self):
        mad = on_both(recorded(ideal_clock=True), lambda acc, gyr: (acc * 1e4, gyr))
        assert alarms(mad) == {"implausible_acceleration"}


class TestStraps:
    @pytest.mark.parametrize("exercise", ["squat", "curl", "row", "run"])
    def test_a_loose_sensor_is_named(self, exercise):
        quality = check_recording(recorded(exercise=exercise, loose_deg=(0.0, 2.0)))
        (told,) = (w.message for w in quality.warnings if w.code == "loose_sensor")
        assert told.startswith("the right")
        assert quality.grade == "poor"

    @pytest.mark.parametrize("exercise", ["squat", "curl", "row", "run"])
    def test_a_slipped_sensor_is_named_with_its_time(self, exercise):
        quality = check_recording(recorded(exercise=exercise, slip_deg=(40.0, 0.0), slip_s=20.0))
        (told,) = (w.message for w in quality.warnings if w.code == "slipped_sensor")
        assert told.startswith("the left")
        assert "40 degrees at 20 s" in told


class TestInstruments:
    def test_an_axis_that_never_changes(self):
        sound = recorded(ideal_clock=True)
        gyr = np.array(sound.right.gyr)
        gyr[:, 1] = 0.0
        broken = check_recording(altered(sound, gyr=gyr))
        assert broken.grade == "poor"
        assert any(w.code == "dead_axis" and "gyr_y of the right" in w.message for w in broken.warnings)

    def test_an_instrument_that_stops(self):
        sound = recorded(ideal_clock=True)
        gyr = np.array(sound.right.gyr)
        moving = int(np.argmax(np.abs(gyr).max(axis=1)))
        gyr[moving - 50 : moving + 50] = gyr[moving]
        assert "stuck_instrument" in alarms(altered(sound, gyr=gyr))

    def test_samples_that_only_repeat_count_once_for_what_a_rate_must_be(self):
        sound = recorded(exercise="run", rate_hz=200.0, ideal_clock=True)
        assert "Hz" not in analyse(sound).metric("impact_peak").reason
        slower = on_both(sound, lambda acc, gyr: (hold(acc, 4), hold(gyr, 4)))
        quality = check_recording(slower)
        assert quality.right.new_hz == pytest.approx(50, rel=0.02)
        assert quality.right.rate_hz == pytest.approx(200, rel=0.02)
        refused = analyse(slower).metric("impact_peak")
        assert refused.verdict is VerdictWord.NOT_ASSESSABLE
        assert refused.reason == "needs 190 Hz or more, this recording has 50 Hz"


def hold(values, times):
    """Every so many samples the same one, as a slower sensor looks that was written out faster."""
    return np.repeat(values[::times], times, axis=0)[: len(values)]


class TestNonsense:
    @pytest.mark.parametrize("factor", [335.0, GRAVITY, 1 / GRAVITY, 0.01])
    def test_accelerations_far_from_gravity_are_never_judged(self, factor):
        mad = on_both(recorded(asym=0.5, ideal_clock=True), lambda acc, gyr: (factor * acc, gyr))
        quality = check_recording(mad)
        assert "implausible_acceleration" in {w.code for w in quality.warnings}
        assert quality.grade == "poor"
        assert not analyse(mad).verdict.flagged

    def test_an_acceleration_without_gravity_may_be_small(self):
        def free(recording):
            still = {own.side.value: replace(own, acc_has_gravity=False) for own in recording.streams()}
            return replace(recording, **still)

        calm = free(on_both(recorded(), lambda acc, gyr: (acc - acc.mean(axis=0), gyr)))
        assert "implausible_acceleration" not in alarms(calm)

    @pytest.mark.parametrize("code", ["units_doubtful", "times_uneven"])
    def test_what_reading_doubts_is_poor(self, code):
        doubted = replace(recorded(asym=0.5), notices=(Notice(code, "the reader's words"),))
        result = analyse(doubted)
        assert result.quality.grade == "poor"
        assert not result.verdict.flagged
        assert "the reader's words" in result.metric("angle_travelled").reason


class TestPlacement:
    def test_strides_of_feet_that_never_swing_are_refused(self):
        slow = on_both(recorded(exercise="run"), lambda acc, gyr: (acc, 0.15 * gyr))
        slow = replace(slow, placement=Placement.FOOT)
        result = analyse(slow)
        assert "no_foot_swing" in alarms(slow)
        assert result.quality.grade == "poor"
        for name in ("stride_time", "swing_time", "stance_time", "impact_peak"):
            assert result.metric(name).reason == "the sensors never swing as feet do in steps"


@pytest.mark.real
@pytest.mark.usefixtures("real_recordings")
class TestRealRecordings:
    @pytest.mark.parametrize("activity", [2, 10, 12, 15, 17, 18, 19])
    def test_daily_and_sports_activities_raise_no_alarm(self, activity):
        for person in (1, 2, 3, 4):
            for limb in ("arm", "leg"):
                assert alarms(real.dsa(activity, person, limb)) == set(), (person, limb)

    @pytest.mark.parametrize("name", ["imu_sample.csv", "imu_sample_not_rotated.csv"])
    def test_walking_feet_raise_no_alarm_and_are_no_wrists(self, name):
        walk = replace(real.gaitmap(name), exercise="walk")
        assert alarms(walk) == set()
        assert alarms(replace(walk, placement=Placement.WRIST)) == {"foot_pattern"}

    @pytest.mark.parametrize("way", ["up", "down"])
    def test_feet_on_stairs_raise_no_alarm(self, way):
        walk = real.gaitmap(f"imu_sample_healthy_stair_{way}.csv")
        assert alarms(replace(walk, exercise="walk")) == set()

    def test_exports_of_devices_raise_no_alarm(self, real_recordings):
        dot, shoe = real_recordings / "xsens_dot", real_recordings / "egait_shimmer/tests"
        for bone, place in (("Tibia", "shank"), ("Femur", "thigh")):
            files = [next(dot.glob(f"{side}{bone}_*.csv")) for side in "LR"]
            assert alarms(open_recording(*files, placement=place)) == set(), bone
        files = [next(shoe.rglob(f"P115_E4_{side}_calibrated.csv")) for side in Side]
        units = {"acc_unit": "g", "gyr_unit": "deg/s", "rate_hz": 102.4}
        assert alarms(open_recording(*files, placement="foot", exercise="walk", **units)) == set()

    def test_shoulder_exercises_raise_no_alarm(self):
        for index in range(0, 140, 7):
            assert alarms(real.spar_series(index)) == set(), index

    @pytest.mark.parametrize("person", [1, 2, 3, 4])
    def test_rowing_thighs_said_to_be_stepping_feet_are_doubted(self, person):
        row = replace(real.dsa(17, person, "leg"), placement=Placement.FOOT, exercise="walk")
        assert alarms(row) == {"no_foot_swing"}

    def test_one_foot_twice_in_a_noisy_copy(self):
        walk = real.gaitmap()
        rng = np.random.default_rng(5)
        noisy = {
            name: values + rng.normal(scale=0.02 * values.std(), size=values.shape)
            for name, values in (("acc", walk.left.acc), ("gyr", walk.left.gyr))
        }
        twice = replace(walk, right=replace(walk.left, side=Side.RIGHT, **noisy))
        assert alarms(twice) == {"duplicated_sides"}

    def test_a_sensor_that_turns_on_a_walking_foot(self):
        walk = real.gaitmap()
        half = len(walk.right) // 2
        turn = Rotation.from_euler("x", 60, degrees=True)
        values = {"acc": np.array(walk.right.acc), "gyr": np.array(walk.right.gyr)}
        for own in values.values():
            own[half:] = turn.apply(own[half:])
        assert alarms(altered(walk, **values)) == {"slipped_sensor"}

    def test_a_sensor_that_rings_on_a_walking_foot(self):
        walk = real.gaitmap()
        time_s = walk.right.time_s
        ringing = np.sin(2 * np.pi * 15 * time_s) * np.exp(-((1.1 * time_s) % 1) / 0.2)
        gyr = walk.right.gyr + 800 * ringing[:, None] * np.array([1.0, 0.0, 0.0])
        assert alarms(altered(walk, gyr=gyr)) == {"loose_sensor"}

    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("mirror", [False, True])
    @pytest.mark.parametrize(
        "recording",
        [real.gaitmap, lambda: real.dsa(17, 1, "arm"), lambda: real.dsa(15, 2, "leg")],
        ids=["gait", "rowing arms", "cycling legs"],
    )
    def test_a_side_mounted_otherwise_gives_the_same_answer(self, recording, mirror, seed):
        there = recording()
        turn = Rotation.random(random_state=seed).as_matrix()
        # Mirrored as a body is: acceleration as an arrow, angular velocity as the turn that it is.
        flip = np.diag([-1.0, 1.0, 1.0]) if mirror else np.eye(3)
        acc = there.right.acc @ flip.T @ turn.T
        gyr = np.linalg.det(flip) * there.right.gyr @ flip.T @ turn.T
        one, other = analyse(there), analyse(altered(there, acc=acc, gyr=gyr))
        assert one.verdict.verdict is other.verdict.verdict
        assert [len(s.reps[Side.RIGHT]) for s in one.sets] == [len(s.reps[Side.RIGHT]) for s in other.sets]
        for a, b in zip(one.metrics, other.metrics, strict=True):
            if a.index_percent is not None:
                assert b.index_percent == pytest.approx(a.index_percent, abs=0.1), a.name
