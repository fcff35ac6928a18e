"""Everybody in a cohort, session by session, and their page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from make_cohort import BAD, COHORTS, NAMES, line
from page_checks import Page

from analysis.cohort.overview import overview
from analysis.cohort.table import to_parquet
from analysis.report import render_cohort_html
from analysis.report.cohort_page import sparkline
from sensing.errors import BadInput, UsageError


def rows(athlete: str, *values: float, **more: Any) -> list[dict[str, Any]]:
    usual = {
        "athlete": athlete, "sport": "tennis", "exercise": "squat", "placement": "thigh", "quality": "good",
        "flagged": False, "metric": "angle_travelled", "set": None,
    }  # fmt: skip
    return [
        usual | {"recording": f"{athlete}{i}", "started_at": f"2026-03-{i + 1:02d}T18:00:00+00:00",
                 "index_percent": value} | more
        for i, value in enumerate(values)
    ]  # fmt: skip


def result(folder: Path, *parts: list[dict[str, Any]]) -> Path:
    folder.mkdir()
    for i, part in enumerate(parts):
        (folder / f"part-{i:05d}.parquet").write_bytes(to_parquet(part, "x"))
    return folder


def test_each_person_has_a_line_of_their_sessions_in_order(tmp_path: Path) -> None:
    poor = rows("a", 90.0, recording="bad", quality="poor", started_at="2026-03-09T18:00:00+00:00")
    one_set = rows("a", 50.0, set=0)
    found = overview(
        result(tmp_path / "it's", rows("a", 3.0, 1.0, 2.0) + one_set, poor + rows("b", -9.0)),
        ["angle_travelled"],
    )
    assert [one.person for one in found] == ["b", "a"]
    a = found[1]
    assert (a.sessions, a.poor, a.flagged, a.latest) == (4, 1, 0, "2026-03-09")
    assert a.series == {"angle_travelled": (3.0, 1.0, 2.0)}
    assert a.median("angle_travelled") == 2.0


def test_those_who_were_flagged_come_first_and_places_stay_apart(tmp_path: Path) -> None:
    table = (
        rows("a", 30.0) + rows("b", 5.0, 5.0, flagged=True) + rows("a", 1.0, placement="wrist", recording="w")
    )
    found = overview(result(tmp_path / "t", table), ["angle_travelled"])
    assert [(one.person, one.placement, one.flagged) for one in found] == [
        ("b", "thigh", 2), ("a", "thigh", 0), ("a", "wrist", 0),
    ]  # fmt: skip


def test_a_recording_of_nobody_stands_for_itself_and_a_missing_metric_is_empty(tmp_path: Path) -> None:
    [one] = overview(result(tmp_path / "t", [rows("", 4.0)[0] | {"athlete": None, "started_at": None}]))
    assert (one.person, one.latest) == ("0", "")
    assert one.median("angle_travelled") == 4.0 and one.median("player_load") is None


def test_what_cannot_be_shown_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="sidewise batch"):
        overview(tmp_path)
    with pytest.raises(UsageError, match="nonsense"):
        overview(result(tmp_path / "t", rows("a", 1.0)), ["nonsense"])
    (tmp_path / "part-00000.parquet").write_bytes(b"no")
    with pytest.raises(BadInput, match="not the result"):
        overview(tmp_path)


@pytest.mark.parametrize("name", sorted(COHORTS))
def test_page_is_whole_small_and_runs_only_its_own_script(name: str) -> None:
    made = COHORTS[name]()
    page = Page(made)
    assert page.open == [] and len(made.encode()) < 1_000_000
    assert made.count("<script") == 1
    policy = next(
        attrs["content"] for tag, attrs in page.elements if "Content-Security-Policy" in attrs.values()
    )
    assert "script-src 'sha256-" in policy and "default-src 'none'" in policy


def test_names_are_shown_as_they_are() -> None:
    text = Page(COHORTS["cohort_names"]()).text
    for name in NAMES:
        assert name.strip() in text
    assert BAD in Page(COHORTS["cohort_one_metric"]()).text


def test_a_line_tells_every_session_and_marks_the_side_of_the_latest() -> None:
    right, left = sparkline((-3.0, 30.0, 4.0), 10.0), sparkline((3.0, -4.0), 10.0)
    assert "<title>L 3.0 %, R 30.0 %, R 4.0 %</title>" in right
    assert "var(--right)" in right and "var(--left)" not in right
    assert "var(--left)" in left and "var(--right)" not in left
    page = Page(render_cohort_html([line(0, percent=4.0)], ("player_load",)))
    assert len(page.titles) == 1
