"""The report as a person sees it: every outcome, on a phone, a tablet and a desk, on screen and on paper."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from make_analysis import OUTCOMES

from analysis.report import render_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = {"phone": 375, "tablet": 768, "desk": 1280}
PAPER = {"A4": (595, 842), "Letter": (612, 792)}
PICTURES = Path(__file__).parent / "pictures"
KEPT = ("balanced", "expected", "inconclusive", "marked", "poor", "one_side")
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("reports")
    addresses = {}
    for name, make in OUTCOMES.items():
        file = folder / f"{name}.html"
        file.write_text(render_html(make()), encoding="utf-8")
        addresses[name] = file.as_uri()
    return addresses


class Seen:
    """A page, and all that went on while it was loaded and looked at."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(address)


@pytest.fixture(params=sorted(OUTCOMES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[*((name, "light") for name in sorted(OUTCOMES)), *((name, "dark") for name in KEPT)])
def seen(browser: Browser, pages: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Seen]:
    outcome, scheme = request.param
    context = browser.new_context(color_scheme=scheme)
    yield Seen(context.new_page(), pages[outcome])
    context.close()


def test_page_fits_every_screen_says_no_error_asks_for_nothing_and_is_accessible(seen: Seen) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for device, width in WIDTHS.items():
        seen.page.set_viewport_size({"width": width, "height": 900})
        for state in ("closed", "open"):
            opened = "true" if state == "open" else "false"
            seen.page.evaluate(f"document.querySelectorAll('details').forEach(d => d.open = {opened})")
            overflow = seen.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert overflow <= 0, f"{device}, tables {state}: {overflow} px too wide"
    faults = axe.run(seen.page).response["violations"]
    told = [(fault["id"], fault["nodes"][0]["html"]) for fault in faults if fault["impact"] in SERIOUS]
    assert told == []
    assert seen.said == []
    assert seen.asked == [seen.address]


def test_print_gives_exactly_one_page_and_nothing_is_cut(
    browser: Browser, pages: dict[str, str], name: str
) -> None:
    pymupdf = pytest.importorskip("pymupdf")
    page = browser.new_page()
    page.goto(pages[name])
    title = page.locator("h1").inner_text().strip()
    note = "not a medical device"
    for paper in PAPER:
        document = pymupdf.open(stream=page.pdf(format=paper), filetype="pdf")
        assert len(document) == 1, f"{len(document)} pages of {paper}"
        assert tuple(round(side) for side in document[0].rect.br) in (PAPER[paper], (596, 843))
        text = " ".join(document[0].get_text().split())
        assert " ".join(title.split())[:40] in text
        assert note in text
    page.close()


def test_every_part_is_reached_by_keyboard_in_reading_order(browser: Browser, pages: dict[str, str]) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(pages["expected"])
    tops = []
    for _ in range(40):
        page.keyboard.press("Tab")
        top = page.evaluate(
            "document.activeElement === document.body ? null :"
            " document.activeElement.getBoundingClientRect().top + window.scrollY"
        )
        if top is None:
            break
        tops.append(top)
    rows = [round(top / 200) for top in tops]
    assert len(tops) >= 4
    assert rows == sorted(rows)
    page.close()


def test_a_data_table_opens_by_keyboard(browser: Browser, pages: dict[str, str]) -> None:
    page = browser.new_page()
    page.goto(pages["expected"])
    summary = page.locator("summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.locator("table").is_visible()
    page.close()


@pytest.mark.parametrize("outcome", KEPT)
@pytest.mark.parametrize("device", ["phone", "desk"])
def test_page_looks_as_it_did(
    browser: Browser, pages: dict[str, str], outcome: str, device: str, request: pytest.FixtureRequest
) -> None:
    image = pytest.importorskip("PIL.Image")
    page = browser.new_page(viewport={"width": WIDTHS[device], "height": 900})
    page.goto(pages[outcome])
    shot = image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    page.close()
    # Fonts differ between machines: shapes and colours are compared on a coarse grid, not letters.
    small = shot.resize((96, round(96 * shot.height / shot.width)), image.Resampling.BOX)
    file = PICTURES / f"{outcome}_{device}.png"
    if request.config.getoption("--keep-pictures"):
        PICTURES.mkdir(exist_ok=True)
        small.save(file, optimize=True)
    kept = image.open(file).convert("RGB")
    assert abs(small.height / kept.height - 1) < 0.08
    difference = np.abs(
        np.asarray(small.resize(kept.size, image.Resampling.BOX), float) - np.asarray(kept, float)
    )
    assert difference.mean() < 1.5
