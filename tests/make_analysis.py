"""`Analysis` objects with known content for tests of what is shown: every outcome, size and oddity."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from analysis.results import (
    Analysis,
    Count,
    ExerciseSet,
    Finding,
    Kind,
    Metric,
    OverallVerdict,
    ProfileMatch,
    Quality,
    RepValues,
    SideEvents,
    SideQuality,
    Stroke,
    Use,
    VerdictWord,
    Waveform,
)
from sensing.recording import Notice, Side, Sync

METRICS = (
    ("angle_travelled", "deg", True, 912.0),
    ("peak_angular_velocity", "deg/s", True, 318.0),
    ("movement_activation", "m/s2", False, 3.42),
    ("peak_acceleration", "m/s2", False, 41.2),
    ("player_load", "a.u.", False, 18.9),
    ("range_of_motion", "deg", False, 118.0),
    ("rep_duration", "s", False, 0.61),
    ("active_time", "s", False, 62.4),
)


def percent(d: float) -> float:
    return 200 * math.tanh(d / 2)


def metric(name: str, d: float | None, half: float = 0.04, **changes: Any) -> Metric:
    """A row with ln(right / left) ``d`` and an interval of +-``half``, its verdict by the plain rule."""
    unit, primary, size = next(((u, p, s) for n, u, p, s in METRICS if n == name), ("g", False, 4.1))
    side = None if not d else (Side.RIGHT if d > 0 else Side.LEFT)
    verdict, grade = VerdictWord.INCONCLUSIVE, None
    if d is not None and abs(d) + half * 0.8 < 0.1:
        verdict = VerdictWord.BALANCED
    elif d is not None and abs(d) > half:
        verdict = VerdictWord.ASYMMETRIC
        grade = "mild" if abs(d) < 0.1 else ("marked" if abs(d) - half * 0.8 > 0.1 else "moderate")
    left = size * math.exp(-d / 2) if d is not None else None
    right = size * math.exp(d / 2) if d is not None else None
    row = Metric(
        name=name, unit=unit, primary=primary, left=left, right=right, log_ratio=d,
        difference=None if left is None or right is None else right - left,
        ci95=None if d is None else (d - half, d + half), difference_ci95=None,
        index_percent=None if d is None else percent(d), delta=0.10, n=Count(3, 24, 24), verdict=verdict,
        grade=grade, side=side if verdict is VerdictWord.ASYMMETRIC else None, scope="recording",
        p=0.01, p_adjusted=0.02, mdc_percent=6.2, reason="",
    )  # fmt: skip
    return dataclasses.replace(row, **changes)


ONSET = metric(
    "onset_lag", None, unit="ms", difference=12.0, difference_ci95=(4.0, 20.0), delta=20.0, mdc_percent=None
)


def rep_values(
    sets: int, reps: int, d: float, *, sides: tuple[Side, ...] = tuple(Side), seed: int = 1
) -> RepValues:
    random = np.random.default_rng(seed)
    index = [(s, side, r) for s in range(sets) for side in sides for r in range(reps)]
    sign = np.array([0.5 if side is Side.RIGHT else -0.5 for _, side, _ in index])
    value = 912 * np.exp(sign * d + random.normal(0, 0.05, len(index)))
    return RepValues(
        "angle_travelled", "deg", np.array([s for s, _, _ in index]), tuple(side for _, side, _ in index),
        np.array([r for _, _, r in index]), np.array([r for _, _, r in index]),
        np.arange(len(index), dtype=float), value, random.random(len(index)) > 0.04,
    )  # fmt: skip


def waveform(
    d: float,
    *,
    sides: tuple[Side, ...] = tuple(Side),
    n: int = 24,
    differs: tuple[tuple[float, float], ...] = (),
) -> Waveform:
    x = np.linspace(0, 100, 101)

    def curve(scale: float, shift: float) -> np.ndarray:
        bump = np.exp(-0.5 * ((x - 50 - shift) / 9) ** 2) - 0.25 * np.exp(-0.5 * ((x - 74 - shift) / 8) ** 2)
        return 40 + 280 * scale * bump

    left, right = curve(math.exp(-d / 2), 1), curve(math.exp(d / 2), -1)
    has_left, has_right = Side.LEFT in sides, Side.RIGHT in sides
    return Waveform(
        "angular_velocity", "deg/s", left if has_left else None, 8 + left * 0.04 if has_left else None,
        right if has_right else None, 8 + right * 0.04 if has_right else None, n * has_left, n * has_right,
        differs,
    )  # fmt: skip


def exercise_sets(sets: int, reps: int, **changes: Any) -> tuple[ExerciseSet, ...]:
    made = []
    for s in range(sets):
        times = tuple((s * 60 + r * 2.0, s * 60 + r * 2.0 + 1.8) for r in range(reps))
        empty = {side: SideEvents() for side in Side}
        base = ExerciseSet(
            s * 60.0,
            s * 60.0 + reps * 2.0,
            "squat",
            Kind.SIMULTANEOUS,
            False,
            dict.fromkeys(Side, times),
            empty,
        )
        made.append(dataclasses.replace(base, **changes))
    return tuple(made)


def side_quality(lost: int = 0) -> SideQuality:
    return SideQuality(100.0, 18000, lost, (), 0)


def make(
    d: float | None = 0.12, half: float = 0.04, *, sets: int = 3, reps: int = 8,
    profile: ProfileMatch | None = None,
    grade: str = "good", warnings: tuple[Notice, ...] = (), verdict: OverallVerdict | None = None,
    summary: str | None = None, extra: tuple[Metric, ...] = (), **changes: Any,
) -> Analysis:  # fmt: skip
    """An analysis whose main measure has ln(right / left) = ``d`` +- ``half``."""
    factors = (1.0, 0.9, 0.8, 1.3, 0.95, 0.4, -0.15, 0.1)
    metrics = tuple(
        metric(name, None if d is None else d * factor, half)
        for (name, _, _, _), factor in zip(METRICS, factors, strict=True)
    )
    main = metrics[0]
    if verdict is None:
        flagged = main.verdict is VerdictWord.ASYMMETRIC and not (profile and profile.in_band is not False)
        verdict = OverallVerdict(main.verdict, main.grade, main.side, main.name, flagged)
    if summary is None:
        summary = (
            "In this recording "
            + {
                VerdictWord.BALANCED: "your two sides turned alike.",
                VerdictWord.ASYMMETRIC: f"your {main.side} side turned more than the other.",
                VerdictWord.INCONCLUSIVE: "it stays open whether your two sides differ.",
                VerdictWord.NOT_ASSESSABLE: "the two sides cannot be compared.",
            }[verdict.verdict]
        )
    analysis = Analysis(
        recording={
            "path": "recordings/squat", "athlete": "Athlete A (invented)", "sport": "", "exercise": "squat",
            "placement": "thigh", "dominant": "right", "started_at": "2026-05-14T17:42:05+02:00",
            "duration_s": 186.2, "mount": None, "tag": None,
        },
        quality=Quality(
            grade, Sync(0.003, 0.001, 0.002, "hull"), side_quality(36), side_quality(110), warnings
        ),
        sets=exercise_sets(sets, reps),
        use=Use(62.0, 66.1, 0.94, -0.04),
        metrics=metrics + extra,
        profile=profile,
        findings=(),
        verdict=verdict,
        summary=summary,
        rep_values=(rep_values(sets, reps, d or 0.0),) if sets and reps else (),
        waveforms=(waveform(d or 0.0, differs=((41.0, 57.0),) if d and d > half else ()),)
        if sets and reps
        else (),
        settings={"remount_sd": 0.04, "per_set": False},
    )  # fmt: skip
    return dataclasses.replace(analysis, **changes)


TENNIS = ProfileMatch(
    "tennis", "the playing arm does more", True, "invented", (4.0, 18.0), "expected for tennis",
    "inside what is usual", 1,
)  # fmt: skip
TENNIS_DIRECTION = dataclasses.replace(
    TENNIS, in_band=None, band_percent=None, norm="direction only, no norm"
)


def expected_for_sport(profile: ProfileMatch = TENNIS) -> Analysis:
    analysis = make(0.118, 0.039, sets=3, reps=12, profile=profile)
    return dataclasses.replace(
        analysis,
        recording=analysis.recording
        | {
            "sport": "tennis",
            "exercise": "forehand",
            "placement": "wrist",
            "path": "a01/2026-05-14_forehand",
        },
        findings=(
            Finding(
                "sport_pattern", Side.RIGHT, "notice", "Your right arm turned more: expected for tennis."
            ),
        ),
    )


def not_assessable() -> Analysis:
    reason = "movement is below 3 times the noise floor of the sensors"
    rows = tuple(
        metric(
            name, None, verdict=VerdictWord.NOT_ASSESSABLE, reason=reason, n=Count(0, 0, 0), mdc_percent=None
        )
        for name, *_ in METRICS
    )
    return make(
        None, sets=0, reps=0, metrics=rows,
        verdict=OverallVerdict(VerdictWord.NOT_ASSESSABLE, None, None, None, False),
    )  # fmt: skip


def poor_data() -> Analysis:
    notes = (
        Notice(
            "loss",
            "Right: 12 % of the samples are lost; charge the sensor and keep it nearer to the receiver.",
        ),
        Notice("clipping", "Left: 212 samples are at the end of the range of the accelerometer."),
        Notice("sync_unknown", "How well left and right share one clock is not known."),
        Notice("still", "Left: the sensor was still for 40 s."),
    )
    verdict = OverallVerdict(VerdictWord.INCONCLUSIVE, None, None, None, False)
    rows = tuple(
        dataclasses.replace(row, verdict=VerdictWord.INCONCLUSIVE, grade=None, side=None)
        for row in make(0.14, 0.15).metrics
    )
    analysis = make(0.14, 0.15, grade="poor", warnings=notes, verdict=verdict, metrics=rows)
    quality = dataclasses.replace(analysis.quality, sync=Sync())
    return dataclasses.replace(analysis, quality=quality)


def one_side() -> Analysis:
    rows = tuple(
        metric(
            name, None, left=size, verdict=VerdictWord.NOT_ASSESSABLE,
            reason="the right side was not recorded", n=Count(3, 24, 0), mdc_percent=None,
        )
        for name, _, _, size in METRICS
    )  # fmt: skip
    analysis = make(
        None, metrics=rows, verdict=OverallVerdict(VerdictWord.NOT_ASSESSABLE, None, None, None, False),
        summary="Only the left side was recorded, so there is nothing to compare it with.",
        rep_values=(rep_values(3, 8, 0.0, sides=(Side.LEFT,)),),
        waveforms=(waveform(0.0, sides=(Side.LEFT,)),),
    )  # fmt: skip
    return dataclasses.replace(analysis, quality=dataclasses.replace(analysis.quality, right=None))


def one_set() -> Analysis:
    analysis = make(0.2, 0.09, sets=1, reps=8)
    rows = tuple(dataclasses.replace(m, scope="this_set", n=Count(1, 8, 8)) for m in analysis.metrics)
    return dataclasses.replace(analysis, metrics=rows)


def long_names() -> Analysis:
    analysis = expected_for_sport()
    about = {
        "athlete": "Maximiliane-Alexandrina von Hohenzollern-Sigmaringen zu Löwenstein-Wertheim the Third",
        "exercise": "single_leg_romanian_deadlift_with_a_very_long_pause_at_the_bottom",
        "path": "/home/someone/recordings/" + "a_very_long_folder_name/" * 8 + "2026-05-14T17-42-05",
    }
    long_row = metric(
        "angular_impulse_of_the_whole_session", 0.05, unit="newton metre seconds per kilogram", primary=False
    )
    refused = metric(
        "jerk", None, verdict=VerdictWord.NOT_ASSESSABLE,
        reason="this measure needs 200 Hz or more and the left sensor sent 52 Hz; short peaks are lost",
    )  # fmt: skip
    finding = Finding("x", None, "info", "A long message that goes on for some time " * 5)
    summary = (
        "In this recording your right arm turned more than your left arm by an amount that " * 3 + "is usual."
    )
    return dataclasses.replace(
        analysis, recording=analysis.recording | about, metrics=(*analysis.metrics, long_row, refused, ONSET),
        findings=(*analysis.findings, finding), summary=summary,
    )  # fmt: skip


def feet_with_impacts() -> Analysis:
    analysis = make(
        -0.16, 0.06, sets=2, reps=30,
        extra=(
            metric("stance_time", -0.05, 0.02, unit="s", primary=True, left=0.262, right=0.249),
            metric("swing_time", 0.03, 0.03, unit="s", left=0.43, right=0.44),
            metric("stride_time", 0.001, 0.01, unit="s", left=0.69, right=0.691),
            metric("impact_load", -0.3, 0.2, unit="g", left=211.0, right=156.0),
            metric("impact_peak", -0.21, 0.1, unit="g", left=8.4, right=6.8),
            ONSET,
        ),
    )  # fmt: skip
    contact = tuple(float(t) for t in np.arange(30) * 0.7)
    events = {side: SideEvents(contact_s=contact, foot_off_s=contact) for side in Side}
    about = analysis.recording | {"exercise": "running", "placement": "foot"}
    return dataclasses.replace(analysis, sets=exercise_sets(2, 30, events=events), recording=about)


def strokes_without_sets() -> Analysis:
    strokes = tuple(Stroke(float(t), 900.0 + t) for t in range(20))
    events = {Side.LEFT: SideEvents(), Side.RIGHT: SideEvents(strokes=strokes)}
    analysis = expected_for_sport(TENNIS_DIRECTION)
    one_set = exercise_sets(1, 0, events=events, kind=Kind.RIGHT_ONLY)
    return dataclasses.replace(analysis, sets=one_set, rep_values=(), waveforms=())


def odd_numbers() -> Analysis:
    """NaN, infinity and refused ratios wherever a number may be."""
    nan = float("nan")
    rows = (
        metric(
            "angle_travelled", 0.1, left=nan, right=nan, ci95=(nan, 0.2), mdc_percent=nan, index_percent=nan
        ),
        metric("peak_angular_velocity", nan, left=-3.0, right=2.0, ci95=None, difference=nan),
        metric("range_of_motion", 5.3, 0.2, left=0.0, right=88.0),
        metric("active_time", None, left=0.0, right=0.0),
        metric(
            "tilt",
            None,
            unit="deg",
            left=-2.1,
            right=3.4,
            difference=5.5,
            difference_ci95=(1.2, float("inf")),
        ),
        ONSET,
    )
    values = rep_values(2, 4, 0.1)
    values.value[::3] = nan
    wave = waveform(0.1)
    assert wave.left_mean is not None
    wave.left_mean[:20] = nan
    verdict = OverallVerdict(VerdictWord.INCONCLUSIVE, None, None, None, False)
    analysis = make(0.1, metrics=rows, rep_values=(values,), waveforms=(wave,), verdict=verdict)
    quality = dataclasses.replace(analysis.quality, sync=Sync(nan), left=SideQuality(nan, 0, 0, (), 0))
    return dataclasses.replace(analysis, quality=quality)


def hostile() -> Analysis:
    """User text that would run or break the page where it is not escaped."""
    bad = "<script>alert(1)</script>\"'&$\\frac{a}$\x00\udc80"
    analysis = expected_for_sport()
    about = analysis.recording | dict.fromkeys(("athlete", "exercise", "path", "sport"), bad)
    row = metric(bad, 0.05, unit=bad, primary=False)
    refused = metric(bad, None, verdict=VerdictWord.NOT_ASSESSABLE, reason=bad)
    quality = dataclasses.replace(analysis.quality, warnings=(Notice("x", bad),))
    wave = dataclasses.replace(analysis.waveforms[0], name=bad, unit=bad)
    return dataclasses.replace(
        analysis, recording=about, metrics=(*analysis.metrics, row, refused), quality=quality, summary=bad,
        findings=(Finding("x", None, "flag", bad),), waveforms=(wave,), settings={bad: bad},
        profile=dataclasses.replace(TENNIS, name=bad), rep_values=(),
    )  # fmt: skip


OUTCOMES: dict[str, Callable[[], Analysis]] = {
    "balanced": lambda: make(0.01, 0.05),
    "inconclusive": lambda: make(0.09, 0.12),
    "mild": lambda: make(-0.08, 0.07),
    "moderate": lambda: make(0.14, 0.06),
    "marked": lambda: make(
        -0.33,
        0.1,
        findings=(Finding("asymmetry", Side.LEFT, "flag", "Your left leg turned more in every set."),),
    ),
    "expected": expected_for_sport,
    "expected_direction": lambda: expected_for_sport(TENNIS_DIRECTION),
    "not_assessable": not_assessable,
    "poor": poor_data,
    "one_set": one_set,
    "one_side": one_side,
    "long_names": long_names,
    "one_rep": lambda: make(0.1, 0.3, sets=1, reps=1),
    "many_reps": lambda: make(0.1, 0.05, sets=12, reps=60),
    "twelve_sets": lambda: make(0.1, 0.05, sets=12, reps=3),
    "sixty_reps": lambda: make(0.1, 0.05, sets=1, reps=60),
    "feet": feet_with_impacts,
    "strokes": strokes_without_sets,
    "odd_numbers": odd_numbers,
    "hostile": hostile,
    "empty": lambda: make(
        None,
        sets=0,
        reps=0,
        metrics=(),
        verdict=OverallVerdict(VerdictWord.NOT_ASSESSABLE, None, None, None, False),
    ),
}
