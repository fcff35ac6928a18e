"""The page of an athlete says what was found, whole, safely and without overlaps."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path

import numpy as np
import pytest
from make_athlete import FIRST, TODAY, VIEWS, sessions
from matplotlib.transforms import Bbox
from page_checks import Page, check_layout
from reading import reading_grade

from analysis.history.athlete import Athlete
from analysis.history.diary import Entry, Kind
from analysis.report import render_athlete_html, view_athlete, words, write_athlete_report
from analysis.report.athlete import AthleteView, glossary, headline, lead, pill
from analysis.report.athlete_page import draw_athlete_page
from analysis.report.share_figure import left_share
from analysis.report.sheet import blank_sheet
from analysis.report.style import styled
from analysis.results import VerdictWord
from analysis.symmetry import symmetry_index
from sensing.errors import UsageError
from sensing.recording import Placement


@pytest.fixture(scope="module")
def views() -> dict[str, AthleteView]:
    return {name: make() for name, make in VIEWS.items()}


@pytest.fixture(scope="module")
def pages(views: dict[str, AthleteView]) -> dict[str, str]:
    return {name: render_athlete_html(view) for name, view in views.items()}


def test_page_is_whole_small_and_alone(pages: dict[str, str]) -> None:
    for made in pages.values():
        page = Page(made)
        assert page.open == [] and len(made.encode()) < 300_000
        assert "<script" not in made
        assert not re.search(r"(?:src|href)=\"(?!data:|#)", made)
        figures = [attrs for tag, attrs in page.elements if tag == "figure"]
        assert len(figures) == sum(tag == "details" for tag, _ in page.elements) >= 2


def test_page_says_what_was_found(views: dict[str, AthleteView], pages: dict[str, str]) -> None:
    for name, view in views.items():
        text = Page(pages[name]).text
        for said in (headline(view), pill(view), lead(view), *view.leading.facts, *view.plan):
            assert words.printable(said).strip() in text
        assert "A training aid, not a medical device." in text
        pooled = view.leading.pooled
        assert ("expected for" in pill(view)) is (
            pooled.verdict is VerdictWord.ASYMMETRIC and view.leading.sport.match is not None
        )
        if pooled.verdict is VerdictWord.ASYMMETRIC:
            assert pooled.side is not None and pooled.side.other.value not in headline(view)
            assert f"{abs(pooled.index_percent or 0):.1f} %" in headline(view)
        else:
            assert "left" not in headline(view) and "right" not in headline(view)


def test_no_session_that_was_not_judged_is_in_the_answer(views: dict[str, AthleteView]) -> None:
    view = views["athlete_none_judged"]
    assert headline(view) == "The two thighs cannot be compared here"
    assert not any(point.judged for point in view.leading.trends[0].points)
    assert view.leading.facts == (
        "None of these sessions could be judged. Check the sensors and record again.",
    )


def test_sessions_that_were_not_judged_are_counted_and_the_sport_is_heard(
    views: dict[str, AthleteView],
) -> None:
    view = views["athlete_tennis"]
    assert lead(view).startswith("That is expected for tennis. ")
    assert "9 sessions in 7 mountings (1 more could not be judged)" in lead(view)
    assert ("▼", "an entry of the diary.") in glossary(view)


def test_user_text_is_shown_and_never_run(pages: dict[str, str]) -> None:
    assert "<script>alert(1)</script>\"'&$x" in Page(pages["athlete_hostile"]).text


def test_diary_stands_beside_the_plan_the_newest_first() -> None:
    entries = [Entry(FIRST + dt.timedelta(days=i), Kind.MASSAGE, place=f"place {i}") for i in range(20)]
    view = view_athlete(Athlete("a01"), sessions(3.0, 4), entries, today=TODAY)
    assert [mark.what for mark in view.diary] == [f"massage, place {i}" for i in range(19, 13, -1)]
    assert "21 Mar 2026: massage, place 19" in Page(render_athlete_html(view)).text


def test_metrics_are_chosen_and_a_wrong_one_or_no_session_is_said() -> None:
    made = sessions(8.0, 4)
    view = view_athlete(Athlete("a01"), made, metrics=("player_load",), today=TODAY)
    assert [trend.title for trend in view.leading.trends] == ["Player load"]
    with pytest.raises(UsageError, match="nonsense"):
        view_athlete(Athlete("a01"), made, metrics=("nonsense",), today=TODAY)
    for nothing in ([], [dataclasses.replace(session, metrics=()) for session in made]):
        with pytest.raises(UsageError, match="a01"):
            view_athlete(Athlete("a01"), nothing, today=TODAY)


def test_what_there_is_most_of_leads_and_the_rest_is_shared_out(views: dict[str, AthleteView]) -> None:
    view = views["athlete_tennis"]
    assert [len(group.choice.sessions) for group in view.groups] == [10, 4, 3]
    assert view.leading.choice.placement is Placement.WRIST


def test_the_share_is_that_of_the_sum() -> None:
    for d in np.linspace(-2, 2, 9):
        left, right = np.exp(-d / 2), np.exp(d / 2)
        assert left_share(symmetry_index(d)) == pytest.approx(100 * left / (left + right))


@pytest.mark.parametrize("name", sorted(VIEWS))
@pytest.mark.filterwarnings("ignore:Glyph")
def test_texts_of_the_picture_do_not_overlap(
    name: str, views: dict[str, AthleteView], drawn: list[tuple[str, Bbox]]
) -> None:
    with styled():
        sheet = blank_sheet()
        draw_athlete_page(sheet, views[name], "sidewise athlete report a01 -o here")
        check_layout(sheet.figure, drawn)


def test_report_is_written_as_each_format(tmp_path: Path) -> None:
    view = VIEWS["athlete_unclear"]()
    made = write_athlete_report(view, tmp_path, ("html", "png", "pdf"))
    assert [path.name for path in made] == ["athlete.html", "athlete.png", "athlete.pdf"]
    assert [path.read_bytes()[:4] for path in made] == [b"<!DO", b"\x89PNG", b"%PDF"]


def test_words_read_at_grade_nine_or_below(views: dict[str, AthleteView]) -> None:
    said: dict[str, None] = {}
    for name, view in views.items():
        if name not in ("athlete_hostile", "athlete_long_names"):
            texts = [headline(view) + ".", lead(view), *view.leading.facts]
            said |= dict.fromkeys([*texts, *(f"{word}: {meaning}" for word, meaning in glossary(view))])
    assert reading_grade(" ".join([*said, *words.NOTE])) <= 9
