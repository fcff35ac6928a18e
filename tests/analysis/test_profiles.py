"""What sports and exercises make usual: shipped and own profiles, and how verdicts read by them."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_analysis import metric

from analysis import analyse
from analysis.exercises import exercise_of, find_exercise, known_exercises
from analysis.expected import use_findings
from analysis.findings import overall_verdict
from analysis.profiles import candidates, find_profile, known_sports, parse_profile
from analysis.profiles.judging import explains, match_profile
from analysis.profiles.library import entries, load
from analysis.results import Use, VerdictWord
from sensing.errors import UsageError
from sensing.recording import Placement, Recording, Side, Stream
from sensing.simulate import Simulation, simulate

L, R = Side.LEFT, Side.RIGHT
WRIST, SHANK = Placement.WRIST, Placement.SHANK
ISSUE = {
    "tennis", "badminton", "table_tennis", "squash", "baseball", "volleyball", "handball", "golf", "fencing",
    "football", "cricket", "rowing_sweep", "rowing_scull", "kayak", "cycling", "running", "walking",
    "swimming", "lifting", "daily_use",
}  # fmt: skip
HEAD = 'schema = "sidewise.sport/1"\nversion = 1\ntitle = "own"\n[[expect]]\n'
HEAD += 'placement = "arm"\nmore = "dominant"\n'
REST = 'words = "the playing arm does more"\nsource = "own"\nn = 30\n'
BAND = 'metrics = ["angle_travelled", "peak_angular_velocity"]\nband_percent = [5, 20]\n'


@pytest.fixture(autouse=True)
def own_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("profiles")
    monkeypatch.setenv("SIDEWISE_PROFILES", str(folder))
    return folder


def play(limb: str, asym: str, dominant: str | None = "right", **changes):
    """A recording of a tennis player whose right side does ``asym`` more."""
    exercise, placement = ("tennis", WRIST) if limb == "arm" else ("squat", Placement.THIGH)
    ratio = 1 + float(asym.rstrip("%")) / 100
    made = simulate(
        Simulation(
            exercise=exercise, asym=math.log(ratio), sets=5, reps=12, remount_sd=0, set_sd=0.01, seed=7
        )
    )
    chosen = {"sport": "tennis", "placement": placement, "dominant": dominant} | changes
    return analyse(replace(made.recording, **chosen))


def asymmetric(name: str, d: float, **changes):
    """A main measure judged asymmetric, its interval narrow."""
    side = R if d > 0 else L
    return metric(
        name, d, 0.01, primary=True, verdict=VerdictWord.ASYMMETRIC, grade="mild", side=side, **changes
    )


def codes(analysis, level: str) -> set[str]:
    return {finding.code for finding in analysis.findings if finding.level == level}


@pytest.mark.parametrize(
    ("limb", "asym", "dominant", "flagged"),
    [
        ("arm", "+18%", "right", False),
        ("arm", "-16%", "left", False),
        ("arm", "-16%", "right", True),
        ("arm", "+18%", "left", True),
        ("leg", "+14%", "right", True),
        ("leg", "-13%", "right", True),
        ("leg", "-13%", "left", True),
    ],
)
def test_a_tennis_player(limb: str, asym: str, dominant: str, flagged: bool) -> None:
    result = play(limb, asym, dominant)
    assert result.verdict.verdict is VerdictWord.ASYMMETRIC
    assert result.verdict.side is (R if asym[0] == "+" else L)
    assert result.verdict.flagged is flagged
    assert ("asymmetry" in codes(result, "flag")) is flagged
    assert ("sport_pattern" in codes(result, "notice")) is not flagged
    assert ("expected for tennis" in result.summary) is not flagged
    assert result.profile is not None and "no norm" in result.profile.norm
    assert result.profile.band_percent is None and result.profile.in_band is None


def test_the_hand_that_hits_alone_is_dominant_where_no_side_is_declared() -> None:
    result = play("arm", "+150%", None)
    assert not result.verdict.flagged
    assert "dominance_found" in codes(result, "info")
    assert result.recording["dominant"] is None
    alike = play("arm", "+18%", None)
    assert alike.verdict.flagged
    assert "say which side is dominant" in alike.findings[0].message
    contrary = play("arm", "+150%", "left")
    assert contrary.verdict.flagged
    assert "striking_hand" in codes(contrary, "notice")


def test_left_handers_have_no_default_arm_advantage() -> None:
    profile = find_profile("daily use")
    assert profile is not None
    row = metric("angle_travelled", 0.2)
    assert explains(profile, WRIST, R, row)
    assert not explains(profile, WRIST, L, metric("angle_travelled", -0.2))
    assert not explains(profile, WRIST, None, row)


def test_every_sport_is_sourced() -> None:
    assert set(known_sports()) >= ISSUE
    for entry in entries():
        profile = load(entry)
        assert profile.version >= 1
        for expectation in profile.expectations:
            assert len(expectation.source) > 20
            # A norm is of the kind it was measured for: here only times of steps and of use.
            timed = {"stance_time", "swing_time", "stride_time", "use_ratio"}
            assert (expectation.band_percent is None) or set(expectation.metrics) <= timed


def test_names_aliases_and_titles_find_a_sport() -> None:
    names = {"Table-Tennis": "table_tennis", "ping pong": "table_tennis", "Sculling": "rowing_scull"}
    for written, name in names.items():
        profile = find_profile(written)
        assert profile is not None and profile.name == name
    assert find_profile("quidditch") is None
    assert find_profile("rowing") is None
    assert set(candidates("rowing")) == {"sculling", "sweep rowing"}
    every = [name for entry in entries() for name in (entry.name, *entry.aliases)]
    assert {name for name in every if every.count(name) > 1} == {"rowing"}


def test_an_ambiguous_sport_is_asked_for() -> None:
    result = play("leg", "+14%", sport="rowing")
    said = next(f.message for f in result.findings if f.code == "no_profile")
    assert "sculling" in said and "sweep rowing" in said


def test_the_outside_leg_of_a_sweep_rower() -> None:
    row = metric("angle_travelled", 0.2)
    legs = [find_profile(f"rowing_sweep{side}") for side in ("", "_port", "_starboard")]
    assert [explains(leg, SHANK, R, row) for leg in legs] == [False, False, True]
    assert "rowing_sweep_port" in next(
        f.message for f in play("leg", "+14%", sport="rowing sweep").findings if f.code == "asymmetry"
    )


class TestBand:
    def judge(self, d: float, half: float, *, dominant: Side | None = R, band: str = BAND):
        profile = parse_profile(HEAD + REST + band, "own.toml", "own")
        row = metric("angle_travelled", d, half)
        verdict, _ = overall_verdict([row], WRIST, profile, dominant)
        match = match_profile(profile, WRIST, dominant, row, verdict)
        assert match is not None
        return match, verdict.flagged

    @pytest.mark.parametrize(
        ("d", "half", "in_band", "flagged", "reads"),
        [
            (0.12, 0.03, True, False, "expected for own: inside what is usual"),
            (0.18, 0.05, None, False, "expected for own: not clearly inside what is usual"),
            (0.40, 0.05, False, True, "outside what is usual for own"),
            (-0.12, 0.03, False, True, "outside what is usual for own"),
            (0.01, 0.03, False, False, "less than what is usual for own"),
        ],
    )
    def test_inside_and_outside_are_of_the_whole_interval(self, d, half, in_band, flagged, reads) -> None:
        match, is_flagged = self.judge(d, half)
        said = f"{match.reads}: {match.norm}" if match.reads.startswith("expected") else match.reads
        assert (match.in_band, is_flagged, said) == (in_band, flagged, reads)
        mirrored, _ = self.judge(-d, half, dominant=L)
        assert (mirrored.in_band, mirrored.reads, mirrored.norm) == (in_band, match.reads, match.norm)
        assert mirrored.band_percent == (-20, -5)

    def test_without_a_dominant_side_no_band_holds(self) -> None:
        match, flagged = self.judge(0.12, 0.03, dominant=None)
        assert (match.in_band, match.band_percent, flagged) == (None, None, True)

    def test_a_band_is_of_its_metrics_only(self) -> None:
        match, flagged = self.judge(0.12, 0.03, band=BAND.replace("angle_travelled", "rep_duration"))
        assert flagged and match.band_percent is None

    def test_running_contact_times_on_either_side(self) -> None:
        running = find_profile("run")
        for d, explained in ((0.03, True), (-0.03, True), (0.1, False), (-0.1, False)):
            assert explains(running, SHANK, None, asymmetric("stance_time", d)) is explained
        assert not explains(running, SHANK, R, asymmetric("angle_travelled", 0.03))

    def test_one_unexplained_metric_is_enough_for_a_flag(self) -> None:
        rows = [asymmetric("stance_time", 0.03, p_adjusted=0.001), asymmetric("angle_travelled", 0.3)]
        verdict, _ = overall_verdict(rows, SHANK, find_profile("running"), None)
        assert (verdict.flagged, verdict.metric) == (True, "angle_travelled")
        verdict, _ = overall_verdict(rows[:1], SHANK, find_profile("running"), None)
        assert (verdict.flagged, verdict.metric) == (False, "stance_time")

    @given(st.floats(-1, 1), st.floats(0.001, 0.3))
    def test_swapping_sides_and_dominance_changes_nothing(self, d: float, half: float) -> None:
        there, back = self.judge(d, half), self.judge(-d, half, dominant=L)
        assert (there[0].in_band, there[1]) == (back[0].in_band, back[1])


class TestOwnProfiles:
    def test_own_profiles_come_first_and_it_is_said(self, own_folder: Path) -> None:
        (own_folder / "tennis.toml").write_text(HEAD.replace("dominant", "nondominant") + REST)
        result = play("arm", "-16%", "right")
        assert not result.verdict.flagged
        said = next(f.message for f in result.findings if f.code == "own_profile")
        assert str(own_folder / "tennis.toml") in said
        (own_folder / "tennis.toml").rename(own_folder / "padel.toml")
        assert play("arm", "-16%", "right").verdict.flagged
        padel = play("arm", "-16%", "right", sport="padel")
        assert not padel.verdict.flagged and "own_profile" not in codes(padel, "info")

    def test_every_mistake_is_named_with_its_line(self, own_folder: Path) -> None:
        faulty = HEAD.replace("version = 1", "version = 0").replace('"arm"', '"elbow"') + (
            'words = ""\nn = "many"\nband_percent = [3, -3]\ncolour = "red"\n'
            '[[expect]]\nplacement = "leg"\nmore = "either"\nwords = "w"\nsource = "s"\nn = 0\n'
            '[[expect]]\nplacement = "leg"\nmore = "none"\nwords = "w"\nsource = "s"\nn = 0\n'
        )
        (own_folder / "own.toml").write_text(faulty)
        with pytest.raises(UsageError) as caught:
            find_profile("own")
        lines = str(caught.value).splitlines()
        where = [int(line.removeprefix(f"{own_folder / 'own.toml'}:").split(":")[0]) for line in lines]
        assert where == [2, 4, 5, 7, 8, 9, 10, 13, 17]
        assert "did you mean" not in lines[0] and "version must be a whole number" in lines[0]
        assert caught.value.exit_code == 2
        assert find_profile("tennis") is not None

    @pytest.mark.parametrize("text", ["", "=", "a = 1", 'title = "x"\nexpect = 3\n'])
    def test_no_profile_at_all(self, text: str) -> None:
        with pytest.raises(UsageError, match=r"own\.toml:1"):
            parse_profile(text, "own.toml", "own")

    def test_a_band_needs_metrics_and_people(self) -> None:
        for rest in (REST + "band_percent = [1, 2]\n", REST.replace("30", "0") + BAND):
            with pytest.raises(UsageError, match="band_percent needs"):
                parse_profile(HEAD + rest, "own.toml", "own")

    def test_a_folder_that_is_not_there_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SIDEWISE_PROFILES", "/nowhere/at/all")
        with pytest.raises(UsageError, match="SIDEWISE_PROFILES"):
            known_sports()


class TestDailyUse:
    def say(self, hours: float, ratio: float):
        time = np.array([0.0, hours * 3600])
        streams = {
            side.value: Stream(side, time, np.tile([0, 0, 9.81], (2, 1)), None, rate_hz=1 / (hours * 3600))
            for side in Side
        }
        recording = Recording(**streams, placement=WRIST, sport="daily use", dominant=R)
        return use_findings(recording, Use(1.0, 1.0, ratio, None), find_profile("daily use"))

    @pytest.mark.parametrize(("ratio", "inside"), [(0.95, True), (1.05, True), (0.8, False), (1.1, False)])
    def test_a_day_is_held_against_the_norm(self, ratio: float, inside: bool) -> None:
        (finding,) = self.say(24, ratio)
        assert finding.level == ("info" if inside else "notice")
        assert ("inside" in finding.message) is inside

    def test_an_exercise_is_not(self) -> None:
        (finding,) = self.say(0.5, 0.5)
        assert finding.level == "info" and "at least 12 h" in finding.message


class TestExercises:
    def test_presets_are_known_by_any_spelling(self) -> None:
        for name in ("Split squat", "split-squats", "Lateral Raise", "step up", "bird dog", "Tennis serve"):
            assert find_exercise(name).preset
        assert {"squat", "lunge", "deadlift", "bridge", "stairs", "cycling"} <= set(known_exercises())
        assert find_exercise("juggling") == dataclasses.replace(find_exercise(""), name="juggling")

    def test_handles_couple_only_the_limbs_that_hold_them(self) -> None:
        assert exercise_of("bench press", "", WRIST).coupled
        assert not exercise_of("bench press", "", SHANK).coupled
        assert exercise_of("cycling", "", Placement.UNKNOWN).coupled

    @pytest.mark.parametrize(
        ("exercise", "placement", "code"),
        [
            ("squat", "wrist", "unexpected_placement"),
            ("squat", "thigh", None),
            ("squat", "unknown", None),
            ("cycling", "thigh", "unexpected_kind"),
            ("juggling", "hand", None),
        ],
    )
    def test_what_does_not_fit_the_exercise_is_said(self, exercise, placement, code) -> None:
        result = play("leg", "+14%", exercise=exercise, placement=placement, sport="")
        assert codes(result, "info") & {"unexpected_placement", "unexpected_kind"} == (
            {code} if code else set()
        )
