"""What the report shows: every outcome, in the words of the JSON, safely, without overlaps."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import matplotlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_analysis import OUTCOMES, TENNIS, expected_for_sport, hostile, make, metric, odd_numbers, rep_values
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from page_checks import Page, check_layout
from reading import reading_grade

from analysis.report import (
    Trend,
    TrendMark,
    TrendPoint,
    figures,
    render_html,
    render_png,
    words,
    write_report,
)
from analysis.report.drawing import add_axes
from analysis.report.page import draw_page
from analysis.report.sheet import HEIGHT, WIDTH, blank_sheet
from analysis.report.style import shorten, styled, text_width, wrap
from analysis.results import Analysis, OverallVerdict, VerdictWord
from sensing.errors import UsageError
from sensing.recording import Side

VOID = {"meta", "link", "br", "path", "use", "circle", "line", "rect"}
VARIED = ("expected", "long_names", "feet", "poor", "twelve_sets", "odd_numbers", "hostile")
SHOWN = (*VARIED, "balanced", "one_side", "not_assessable", "many_reps", "strokes", "empty")
FORBIDDEN = ("diagnos", "treat", "injury risk", "weakness", "muscle activation", "nan\\b", "inf\\b")
TREND = Trend(
    "Angle travelled",
    tuple(TrendPoint(dt.date(2026, 3, 3) + dt.timedelta(7 * i), 9 + i % 3, (5, 13)) for i in range(10)),
    (7, 13),
    (4, 18),
    (TrendMark(dt.date(2026, 3, 12), "massage, left calf"),),
)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name: render_html(OUTCOMES[name]()) for name in SHOWN}


@pytest.mark.parametrize("name", SHOWN)
def test_page_is_whole_small_and_alone(pages: dict[str, str], name: str) -> None:
    text = pages[name]
    page = Page(text)
    assert not page.open
    assert len(text.encode("utf-8")) < 1_000_000
    tags = Counter(tag for tag, _ in page.elements)
    assert not tags.keys() & {"script", "iframe", "object", "embed", "img", "form"}
    assert all(link.startswith(("#", "data:")) for link in page.attributes("href") + page.attributes("src"))
    assert not re.search(r"https?://", text)
    assert not any(attr.startswith("on") for _, attrs in page.elements for attr in attrs)
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    targets = {link[1:] for link in page.attributes("href") if link.startswith("#")}
    targets |= set(re.findall(r"url\(#([^)]+)\)", text)) | set(page.attributes("aria-labelledby"))
    assert targets <= set(ids)


@pytest.mark.parametrize("name", SHOWN)
def test_every_picture_has_a_label_and_a_data_table(pages: dict[str, str], name: str) -> None:
    page = Page(pages[name])
    drawn = [attrs for tag, attrs in page.elements if tag == "svg" and "aria-hidden" not in attrs]
    assert drawn
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in drawn)
    tags = Counter(tag for tag, _ in page.elements)
    assert tags["figure"] == tags["details"] == tags["table"] >= 3
    assert tags["h1"] == 1


@pytest.mark.parametrize("name", SHOWN)
def test_verdict_is_on_the_page_as_in_the_json(pages: dict[str, str], name: str) -> None:
    analysis, page = OUTCOMES[name](), Page(pages[name])
    assert words.printable(words.headline(analysis)).strip() in page.text
    assert words.printable(words.pill(analysis)).strip() in page.text
    assert words.printable(words.lead(analysis)).strip() in page.text
    assert f"Data quality: {analysis.quality.grade}" in page.text
    for warning in analysis.quality.warnings:
        assert words.printable(warning.message).strip() in page.text
    for finding in analysis.findings:
        assert words.printable(finding.message).strip() in page.text
    assert "A training aid, not a medical device." in page.text


@pytest.mark.parametrize("name", [name for name in SHOWN if name != "hostile"])
def test_page_never_uses_a_forbidden_word_or_shows_nan(pages: dict[str, str], name: str) -> None:
    text = Page(pages[name]).text.lower()
    for word in FORBIDDEN:
        assert not re.search(rf"\b{word}", text), word


@given(
    d=st.floats(-2, 2), half=st.floats(0.001, 1), grade=st.sampled_from(["good", "usable", "poor"]),
    expected=st.booleans(),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_words_agree_with_the_verdict(d: float, half: float, grade: str, expected: bool) -> None:
    profile = OUTCOMES["expected"]().profile if expected else None
    analysis = make(d, half, reps=0, grade=grade, profile=profile)
    verdict, headline, status = analysis.verdict, words.headline(analysis), words.status(analysis)
    if verdict.verdict is VerdictWord.ASYMMETRIC:
        assert verdict.side is not None and verdict.grade is not None
        assert f"The {verdict.side} thigh" in headline
        assert verdict.side.other.value not in headline
        assert status.startswith(verdict.grade.capitalize())
        assert ("expected for tennis" in status) is (not verdict.flagged)
        amount = analysis.metrics[0].index_percent
        assert amount is not None
        shown = float(headline.rsplit(": ", 1)[1].removesuffix(" %").removeprefix("R ").removeprefix("L "))
        assert shown == pytest.approx(abs(amount), abs=0.51 if half > 0.1 or abs(amount) >= 100 else 0.06)
    else:
        assert "left" not in headline and "right" not in headline
        assert status == {"balanced": "Balanced", "inconclusive": "Not clear yet"}[verdict.verdict]
    explained = " ".join(words.explanation(analysis))
    assert ("no firm answer" in explained) is (grade == "poor")


def test_unflagged_difference_without_a_profile_is_not_called_expected() -> None:
    assert "expected" not in words.status(make(0.2))
    beyond = dataclasses.replace(TENNIS, in_band=False, reads="outside what is usual for tennis")
    assert words.status(make(0.2, profile=beyond)).endswith("outside what is usual for tennis")


@given(st.floats(-5, 5), st.floats(0, 3))
def test_interval_words_hold_the_value_and_name_the_sides(d: float, half: float) -> None:
    effect = words.Effect(metric("angle_travelled", d, half))
    assert effect.interval is not None and effect.value is not None
    assert effect.interval[0] - 1e-9 <= effect.value <= effect.interval[1] + 1e-9
    mirrored = words.Effect(metric("angle_travelled", -d, half))
    swap = str.maketrans("LR", "RL")
    if d and abs(d) != half:
        assert effect.text == mirrored.text.translate(swap)
        if abs(d) > half:
            assert effect.interval_text == mirrored.interval_text.translate(swap)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.6149, "0.615"),
        (41.23, "41.2"),
        (1063.7, "1064"),
        (-3.2, "−3.20"),
        (0.0, "0.00"),
        (float("nan"), "–"),
    ],
)
def test_numbers_have_honest_digits(value: float, text: str) -> None:
    assert words.number(value) == text


def test_number_that_rounds_to_zero_has_no_sign_and_no_side() -> None:
    assert words.number(-0.0001) == "0.000"
    assert words.sided(-0.01, 1) == "0.0 %"
    assert words.sided(-11.84, 1) == "L 11.8 %"
    assert words.sided_interval((-2.04, 5.0), 1) == "L 2.0 to R 5.0 %"
    assert words.sided_interval((-15.6, -7.9), 1) == "L 7.9 to 15.6 %"
    assert words.sided_interval((0.0, 0.01), 1) == "0.0 to 0.0 %"


def test_every_repetition_has_a_tooltip(pages: dict[str, str]) -> None:
    analysis = OUTCOMES["many_reps"]()
    page = Page(pages["many_reps"])
    values = analysis.rep_values[0]
    dots = [title for title in page.titles if title.startswith("Set")]
    assert len(dots) == len(values.value) == 1440
    assert sum("left out" in title for title in dots) == int((~values.used).sum())
    first = f"{values.value[0]:.0f}°"
    assert f"Set 1, rep 1, left: {first}" in page.titles


def test_user_text_is_shown_and_never_run(pages: dict[str, str]) -> None:
    page = pages["hostile"]
    assert "<script>alert(1)</script>\"'&$\\frac{a}$" in Page(page).text
    assert "<script" not in page
    assert "\x00" not in page


def test_refused_ratio_shows_the_difference_in_its_unit_and_the_reason(pages: dict[str, str]) -> None:
    page = Page(pages["long_names"])
    assert "R 12.0 ms" in page.text
    assert "R 4.0 to 20.0 ms" in page.text
    assert "needs 200 Hz or more" in page.text


def test_trend_is_drawn_only_with_history(pages: dict[str, str]) -> None:
    assert "Angle travelled, last 10 sessions" not in Page(pages["expected"]).texts
    page = Page(render_html(expected_for_sport(), history=TREND))
    assert "Angle travelled, last 10 sessions" in page.texts
    assert {"own range", "sport", "massage, left calf"} <= set(page.texts)
    assert "2026-03-12: massage, left calf" in page.titles
    assert "2026-03-03: R 9.0 %, 95 % interval R 5.0 to 13.0 %" in page.titles


@pytest.mark.parametrize("name", VARIED)
def test_texts_of_the_picture_do_not_overlap(name: str, drawn: list[tuple[str, Bbox]]) -> None:
    with styled():
        sheet = blank_sheet()
        draw_page(sheet, OUTCOMES[name](), TREND if name == "expected" else None)
        check_layout(sheet.figure, drawn)


@pytest.mark.parametrize(
    "draw", [figures.draw_scale, figures.draw_butterfly, partial(figures.draw_forest, named=True)]
)
@pytest.mark.parametrize("width", [340, 600])
def test_texts_of_a_figure_do_not_overlap_at_any_width(
    draw: Callable[[Axes, Analysis], None], width: int, drawn: list[tuple[str, Bbox]]
) -> None:
    for name in ("long_names", "feet", "odd_numbers", "hostile"):
        analysis = OUTCOMES[name]()
        height = 36 * max(len(analysis.metrics), 4)
        with styled():
            figure = Figure(figsize=(width / 72, height / 72))
            draw(add_axes(figure, (0, 0, width, height)), analysis)
            check_layout(figure, drawn)


@given(st.text(max_size=200), st.floats(20, 400))
@settings(deadline=None, max_examples=40)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_wrapped_and_shortened_text_fits(text: str, width: float) -> None:
    lines = wrap(text, width)
    assert all(text_width(line) <= width or len(line) == 1 for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(words.printable(text).split())
    assert len(wrap(text, width, most=2)) <= 2
    assert text_width(shorten(words.printable(text), width)) <= width or width < 30


def test_png_has_the_shape_of_a4(tmp_path: Path) -> None:
    render_png(odd_numbers(), tmp_path / "page.png")
    data = (tmp_path / "page.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert height / width == pytest.approx(297 / 210, abs=0.002)
    assert pytest.approx(297 / 210) == HEIGHT / WIDTH


def test_report_is_written_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    analysis = OUTCOMES["empty"]()
    written = write_report(analysis, tmp_path / "new" / "folder", name="squat")
    assert [path.name for path in written] == ["squat.html", "squat.png"]
    assert sorted(path.name for path in written[0].parent.iterdir()) == ["squat.html", "squat.png"]
    assert written[0].read_text(encoding="utf-8") == render_html(analysis)
    assert write_report(analysis, tmp_path / "one.html") == (tmp_path / "one.html",)
    assert write_report(hostile(), tmp_path, formats=("html",)) == (tmp_path / "report.html",)


def test_report_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown report format 'docx'; use one of html, png, pdf"):
        write_report(make(0.2), tmp_path, formats=("docx",))
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_report(make(0.2), tmp_path / "file" / "below", formats=("html",))
    assert not list(tmp_path.glob(".*"))


def test_same_analysis_gives_the_same_page_whatever_the_users_settings(pages: dict[str, str]) -> None:
    plain = pages["balanced"]
    with matplotlib.rc_context({"svg.fonttype": "path", "font.size": 30, "axes.facecolor": "red"}):
        assert render_html(OUTCOMES["balanced"]()) == plain


def test_nothing_loads_matplotlib_before_a_report_is_wanted() -> None:
    code = "import sys, analysis, analysis.results; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_sided_repetitions_and_uneven_sides_are_drawn() -> None:
    uneven = rep_values(2, 5, 0.1)
    uneven = dataclasses.replace(
        uneven, value=uneven.value[:17], used=uneven.used[:17], set_index=uneven.set_index[:17],
        rep_index=uneven.rep_index[:17], pair=uneven.pair[:17], time_s=uneven.time_s[:17],
        side=uneven.side[:17],
    )  # fmt: skip
    page = Page(render_html(make(0.2, sets=2, reps=5, rep_values=(uneven,))))
    assert sum(title.startswith("Set") for title in page.titles) == 17


def test_plain_words_read_at_grade_nine_or_below() -> None:
    said: list[str] = []
    for name, build in OUTCOMES.items():
        if name not in ("hostile", "long_names"):
            analysis = build()
            said += [words.headline(analysis) + ".", *words.explanation(analysis)]
            said += [f"{word}: {meaning}" for word, meaning in words.glossary(analysis)]
    text = " ".join([*dict.fromkeys(said), *words.NOTE])
    assert reading_grade(text) <= 9
    assert reading_grade("The asymmetry of the articulation necessitates individualised rehabilitation.") > 9


def test_mixed_and_missing_sides_never_name_a_side() -> None:
    verdict = OverallVerdict(VerdictWord.INCONCLUSIVE, None, None, None, False)
    assert words.headline(make(0.2, verdict=verdict)) == "Not clear yet if the two thighs differ"
    alone: Analysis = OUTCOMES["one_side"]()
    assert words.headline(alone) == f"Only the {Side.LEFT} thigh was recorded"
