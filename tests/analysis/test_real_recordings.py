"""The pipeline on recordings that nobody here made; skipped where they are absent."""

import pytest

from analysis import analyse
from benchmarks import real_recordings as bench
from benchmarks.recordings import dsa, folder, gaitmap
from sensing.recording import Side

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(folder() is None, reason="the real recordings are not beside the project"),
]


def test_index_agrees_with_plain_means_over_the_same_sets():
    for found in bench.agreements():
        assert abs(found.index - found.plain) <= 3, found


def test_standing_is_never_judged():
    for limb, person, verdicts in bench.standing():
        assert verdicts <= {"not_assessable", "inconclusive"}, (limb, person)


@pytest.mark.parametrize("name", ["imu_sample.csv", "imu_sample_not_rotated.csv"])
def test_a_symmetric_walker_is_not_flagged(name):
    result = analyse(gaitmap(name))
    assert not result.verdict.flagged
    counts = [sum(len(s.reps[side]) for s in result.sets) for side in Side]
    assert abs(counts[0] - 28) <= 1
    assert abs(counts[1] - 30) <= 1


@pytest.mark.parametrize(
    "recording",
    [lambda: gaitmap(), lambda: dsa(17, 1, "arm"), lambda: dsa(12, 2, "leg")],
    ids=["gait", "rowing arms", "run legs"],
)
class TestPairsMadeOfRealSides:
    def test_known_factor_is_recovered(self, recording):
        result = analyse(bench.scaled_copy(recording(), 1.15))
        for name in bench.AMPLITUDES:
            assert result.metric(name).log_ratio == pytest.approx(0.140, abs=0.01), name

    def test_turned_sensor_makes_no_difference(self, recording):
        result = analyse(bench.turned_copy(recording(), seed=7))
        for metric in result.metrics:
            if metric.log_ratio is not None:
                assert abs(metric.log_ratio) <= 0.01, metric.name

    def test_swapped_sides_give_exactly_the_negated_result(self, recording):
        there = analyse(recording()).to_dict()
        back = analyse(bench.swapped(recording())).to_dict()
        for a, b in zip(there["metrics"], back["metrics"], strict=True):
            for name in ("log_ratio", "difference", "index_percent"):
                assert (a[name] is None and b[name] is None) or a[name] == -b[name], (a["name"], name)
            assert (a["left"], a["right"], a["verdict"], a["grade"], a["p"]) == (
                b["right"],
                b["left"],
                b["verdict"],
                b["grade"],
                b["p"],
            )
            if a["ci95"] is not None:
                assert a["ci95"] == [-b["ci95"][1], -b["ci95"][0]]
        assert there["verdict"]["verdict"] == back["verdict"]["verdict"]
