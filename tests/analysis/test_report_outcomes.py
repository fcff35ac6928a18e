"""The words of the report never contradict the JSON, over 500 outcomes judged as real recordings are."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
from reading import reading_grade

from analysis import Analysis, Settings, analyse
from analysis.comparison import compare
from analysis.exercises import exercise_of
from analysis.findings import find, overall_verdict, summarise
from analysis.frames import motion
from analysis.measurement import MeasuredSet, measure
from analysis.profiles import find_profile
from analysis.profiles.judging import match_profile
from analysis.report import words
from analysis.report.panels import metric_table
from analysis.report.verdicts import VERDICTS
from analysis.results import Quality, VerdictWord
from analysis.symmetry import symmetry_index
from analysis.timeline import align
from sensing.recording import Notice, Placement, Side
from sensing.simulate import Simulation, simulate

OUTCOMES = 500
POOR = Notice("duplicated_sides", "both sides hold the same numbers")
DIFFERENCES = (-0.5, -0.2, -0.12, -0.06, 0.0, 0.0, 0.05, 0.1, 0.16, 0.4)
"""ln(right / left)."""


class Case:
    """A recording simulated and measured once; its outcomes differ in what the repetitions measure."""

    def __init__(self, **simulated: Any) -> None:
        self.recording = simulate(
            Simulation(rate_hz=50.0, sets=3, cv=0.04, set_sd=0.01, **simulated)
        ).recording
        self.base = analyse(self.recording)
        self.profile = find_profile(self.recording.sport)
        sport = self.profile.name if self.profile else self.recording.sport
        self.exercise = exercise_of(self.recording.exercise, sport, self.recording.placement)
        motions = {side: motion(track) for side, track in align(self.recording).tracks().items()}
        self.measured = measure(self.base.sets, motions, None)

    def outcome(self, random: np.random.Generator) -> Analysis:
        """Some of the sets, the sides apart by a random amount, in data of a random grade."""
        used = self.measured[: random.integers(1, 4)]
        apart, per_metric = random.choice(DIFFERENCES), random.choice([0.01, 0.02, 0.1])
        measured = [_apart(one, apart, per_metric, random) for one in used]
        quality = dataclasses.replace(self.base.quality, grade=str(random.choice(["good", "good", "usable"])))
        kind = random.random()
        if kind < 0.1:
            quality = dataclasses.replace(quality, grade="poor", warnings=(POOR,))
        elif kind < 0.16:
            quality = dataclasses.replace(quality, **{str(random.choice(["left", "right"])): None})
        return self._judged(measured, quality, Settings(remount_sd=float(random.choice([0.0, 0.04]))))

    def _judged(self, measured: list[MeasuredSet], quality: Quality, settings: Settings) -> Analysis:
        recording, base, profile = self.recording, self.base, self.profile
        sets = tuple(one.exercise_set for one in measured)
        metrics = compare(measured, settings, quality)
        verdict, mixed = overall_verdict(metrics, recording.placement, profile, recording.dominant)
        row = next((row for row in metrics if row.name == verdict.metric), None)
        match = match_profile(profile, recording.placement, recording.dominant, row, verdict)
        findings = find(
            recording, self.exercise, sets, metrics, quality, base.use, verdict, profile, match,
            recording.dominant, mixed=mixed,
        )  # fmt: skip
        summary = summarise(recording, sets, metrics, quality, verdict, findings, match)
        return dataclasses.replace(
            base, quality=quality, sets=sets, metrics=metrics, profile=match, findings=findings,
            verdict=verdict, summary=summary,
        )  # fmt: skip


def _apart(
    measured: MeasuredSet, apart: float, per_metric: float, random: np.random.Generator
) -> MeasuredSet:
    """The set with every metric's sides moved apart, each metric by somewhat more or less."""
    values = {}
    for name, sides in measured.values.items():
        shift = apart + random.normal(0, per_metric)
        values[name] = {
            side: value * np.exp((0.5 if side is Side.RIGHT else -0.5) * shift)
            for side, value in sides.items()
        }
    return dataclasses.replace(measured, values=values)


@pytest.fixture(scope="module")
def outcomes() -> list[Analysis]:
    cases = [
        Case(exercise="squat", reps=6, seed=1),
        Case(exercise="curl", reps=6, seed=2, sport="lifting", dominant=Side.RIGHT),
        Case(exercise="tennis", reps=6, seed=3, asym=0.0, sport="tennis", dominant=Side.RIGHT),
        Case(exercise="run", reps=12, seed=4, sport="running", placement=Placement.FOOT),
    ]
    random = np.random.default_rng(2026)
    return [cases[i % len(cases)].outcome(random) for i in range(OUTCOMES)]


def test_the_outcomes_are_of_every_sort(outcomes: list[Analysis]) -> None:
    verdicts = Counter(one.verdict.verdict for one in outcomes)
    assert min(verdicts[word] for word in VerdictWord) >= 15, verdicts
    assert {one.quality.grade for one in outcomes} == {"good", "usable", "poor"}
    differing = [one.verdict for one in outcomes if one.verdict.verdict is VerdictWord.ASYMMETRIC]
    kinds = Counter((one.grade, one.side, one.flagged) for one in differing)
    assert {kind[0] for kind in kinds} == {"mild", "moderate", "marked"}
    assert {kind[1:] for kind in kinds} >= {(Side.LEFT, True), (Side.RIGHT, True), (Side.RIGHT, False)}


def test_side_verdict_grade_number_and_flag_are_those_of_the_json(outcomes: list[Analysis]) -> None:
    for analysis in outcomes:
        told = json.loads(analysis.to_json())
        verdict, headline, status = told["verdict"], words.headline(analysis), words.status(analysis)
        explained = " ".join(words.explanation(analysis))
        assert ("no firm answer" in explained) is (told["quality"]["grade"] == "poor")
        if verdict["verdict"] != "asymmetric":
            assert verdict["side"] is None and not verdict["flagged"]
            assert status.lower() == VERDICTS[VerdictWord(verdict["verdict"])]
            known = told["quality"]["left"] is not None and told["quality"]["right"] is not None
            assert re.search(r"\b(left|right)\b", headline) is None or not known
            assert "%" not in headline and "more" not in headline
            assert "expected" not in status
            continue
        side, other = verdict["side"], Side(verdict["side"]).other.value
        row = next(m for m in told["metrics"] if m["name"] == verdict["metric"] and m["set"] is None)
        assert row["side"] == side and told["quality"]["grade"] != "poor"
        assert re.search(rf"\bThe {side} \w+", headline) and other not in headline
        letter, number = re.fullmatch(r".*: ([LR]) ([\d.]+) %", headline, re.S).groups()
        assert letter == side[0].upper()
        assert float(number) == pytest.approx(abs(row["index_percent"]), abs=0.06 if "." in number else 0.51)
        assert status.startswith(verdict["grade"].capitalize())
        usual = "This is usual for" in explained
        assert usual is (not verdict["flagged"] and told["profile"] is not None)
        if usual:
            assert told["profile"]["reads"] in status
        assert any(f["level"] == "flag" for f in told["findings"]) is verdict["flagged"]
        assert f"The {side} " in analysis.summary and f"The {other} " not in analysis.summary


def test_interval_and_measurement_error_are_those_of_the_json(outcomes: list[Analysis]) -> None:
    for analysis in outcomes:
        verdict = analysis.verdict
        if verdict.verdict is not VerdictWord.ASYMMETRIC or verdict.metric is None:
            continue
        row, lead = analysis.metric(verdict.metric), words.lead(analysis)
        assert row.ci95 is not None and row.index_percent is not None and row.mdc_percent is not None
        ends = [symmetry_index(end) for end in row.ci95]
        said = re.search(r"interval ([LR]) ([\d.]+) to (?:([LR]) )?([\d.]+) %", lead)
        assert said, lead
        first, one, second, two = said.groups()
        read = [
            float(value) * (1 if letter == "R" else -1)
            for letter, value in ((first, one), (second or first, two))
        ]
        assert sorted(read) == pytest.approx(ends, abs=0.06 if "." in one else 0.51)
        larger = abs(row.index_percent) > row.mdc_percent
        assert ("Larger than measurement error" in lead) is larger
        assert ("so the sides differ today; but two sessions may be" in lead) is not larger
        assert larger or ends[0] * ends[1] > 0
        assert f"{row.mdc_percent:.1f} %" in lead


def test_the_headline_holds_for_what_the_summary_holds_for(outcomes: list[Analysis]) -> None:
    told = [one for one in outcomes if None not in (one.quality.left, one.quality.right)]
    known = [one for one in told if one.verdict.verdict is not VerdictWord.NOT_ASSESSABLE]
    for analysis in known:
        if not any(finding.code == "mixed_direction" for finding in analysis.findings):
            assert ("in this set" in words.headline(analysis)) is ("in this set" in analysis.summary)
    assert {"in this set" in words.headline(one) for one in known} == {True, False}


def test_nobody_is_told_to_record_the_sets_that_were_recorded(outcomes: list[Analysis]) -> None:
    advised: set[bool] = set()
    for analysis in outcomes:
        for finding in analysis.findings:
            if finding.code == "record_more" and analysis.verdict.metric:
                few = analysis.metric(analysis.verdict.metric).scope == "this_set"
                assert ("three sets" in finding.message) is few and "another day" in finding.message
                advised.add(few)
    assert advised == {True, False}


def test_every_row_of_the_table_and_the_tally_are_those_of_the_json(outcomes: list[Analysis]) -> None:
    for analysis in outcomes[::5]:
        table = metric_table(analysis.metrics)
        counted: Counter[str] = Counter()
        shown = {row.name for row in words.rows(analysis)}
        for cells, row in zip(table.rows, json.loads(analysis.to_json())["metrics"], strict=True):
            answer = cells[table.heads.index("Answer")]
            expected = VERDICTS[VerdictWord(row["verdict"])]
            if row["verdict"] == "asymmetric":
                expected = f"{row['side']} more, {row['grade']}"
            assert answer.startswith(expected)
            if row["name"] in shown:
                counted[expected.split(",")[0]] += 1
            if row["index_percent"] is not None and abs(row["index_percent"]) >= 0.5:
                assert cells[table.heads.index("Difference")][0] == "LR"[row["index_percent"] > 0]
        explained = " ".join(words.explanation(analysis))
        said = re.search(r"All measures: (.*?)\.", explained)
        told = dict(reversed(part.split(" ", 1)) for part in said[1].split(", ")) if said else {}
        counted.pop(VERDICTS[VerdictWord.NOT_ASSESSABLE], None)
        names = {"more on the left": "left more", "more on the right": "right more"}
        assert {names.get(name, name): int(count) for name, count in told.items()} == counted


def test_the_words_read_at_grade_nine_or_below(outcomes: list[Analysis]) -> None:
    said: dict[str, None] = {}
    for analysis in outcomes:
        texts = [words.headline(analysis) + ".", words.lead(analysis), *words.plain_words(analysis)]
        said |= dict.fromkeys(texts)
    assert reading_grade(" ".join(said)) <= 9
