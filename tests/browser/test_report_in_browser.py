"""Reports as a person sees them: every outcome, on a phone, a tablet and a desk, on screen and on paper."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import pytest
from make_pages import PAGES

if TYPE_CHECKING:
    from PIL.Image import Image
    from playwright.sync_api import Browser, Page

WIDTHS = {"phone": 375, "tablet": 768, "desk": 1280}
PAPER = {"A4": (595, 842), "Letter": (612, 792)}
PICTURES = Path(__file__).parent / "pictures"
KEPT = (
    "balanced", "expected", "inconclusive", "marked", "poor", "one_side", "athlete_marked", "athlete_tennis",
    "cohort",
)  # fmt: skip
DARK = ("expected", "poor", "athlete_tennis", "cohort")
PRINTED = (
    "expected", "poor", "one_side", "long_names", "sixty_reps", "feet", "strokes", "empty", "athlete_marked",
    "athlete_many", "athlete_long_names", "athlete_none_judged", "cohort_nobody", "cohort_one_metric",
)  # fmt: skip
"""Pages that are laid out unlike each other; the others print as one of these does."""

LONG = ("cohort", "cohort_many", "cohort_names")
"""Pages with a row for each person, which may be more than paper holds."""
SERIOUS = ("serious", "critical")
MOST_APART = 2.0
"""Root mean square over pixels, of 255, up to which coarse pictures are alike: `CHANGES` make 3.5 and more,
other smoothing of edges below 0.1."""
CHANGES = (
    ".reps svg { visibility: hidden; }",
    ".scale svg { opacity: 0; }",
    ":root { --left: #d55e00 !important; --right: #0072b2 !important; }",
    "header { display: none !important; }",
    "svg { transform: translateX(14px); }",
)
CUT = """() => {
  const clipped = (element) => {
    const end = element.getBoundingClientRect().bottom;
    for (let up = element.parentElement; up; up = up.parentElement)
      if (getComputedStyle(up).overflowY !== "visible" && end > up.getBoundingClientRect().bottom + 1)
        return true;
    return false;
  };
  return [...document.querySelectorAll("h1, h2:not(.hidden), svg.figure, .card")]
    .filter((element) => element.getClientRects().length && clipped(element))
    .map((element) => element.outerHTML.slice(0, 90));
}"""


class Addresses(dict[str, str]):
    """The address of every page, made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def __missing__(self, name: str) -> str:
        file = self.folder / f"{name}.html"
        file.write_text(PAGES[name](), encoding="utf-8")
        self[name] = file.as_uri()
        return self[name]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return Addresses(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def one_page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def page(one_page: Page) -> Page:
    """The same page for every test, as new: to start another one takes longer than most tests."""
    one_page.goto("about:blank")
    one_page.emulate_media(media="null", color_scheme="light")
    one_page.set_viewport_size({"width": 1280, "height": 720})
    return one_page


class Seen:
    """A page, and all that went on while it was loaded and looked at."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.said: list[str] = []
        self.asked: list[str] = []
        self.listeners: dict[str, Callable[[Any], object]] = {
            "console": lambda message: self.said.append(message.text),
            "pageerror": lambda error: self.said.append(str(error)),
            "dialog": lambda dialog: (self.said.append(dialog.message), dialog.dismiss()),
            "request": lambda request: self.asked.append(request.url),
        }
        for event, listener in self.listeners.items():
            page.on(event, listener)  # type: ignore[call-overload]
        page.goto(address)

    def leave(self) -> None:
        for event, listener in self.listeners.items():
            self.page.remove_listener(event, listener)


@pytest.fixture(params=sorted(PAGES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(
    params=[*((name, "light") for name in sorted(PAGES)), *((name, "dark") for name in DARK)], ids="-".join
)
def seen(page: Page, pages: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Seen]:
    outcome, scheme = request.param
    page.emulate_media(color_scheme=scheme)
    made = Seen(page, pages[outcome])
    yield made
    made.leave()


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


@pytest.mark.parametrize("name", PRINTED)
def test_print_gives_exactly_one_page_and_nothing_is_cut(
    page: Page, pages: dict[str, str], name: str
) -> None:
    pymupdf = pytest.importorskip("pymupdf")
    page.goto(pages[name])
    title = page.locator("h1").inner_text().strip()
    note = "not a medical device"
    for paper in PAPER:
        document = pymupdf.open(stream=page.pdf(format=paper), filetype="pdf")
        assert len(document) == 1, f"{len(document)} pages of {paper}"
        size = tuple(sorted(round(side) for side in document[0].rect.br))
        assert size in (PAPER[paper], (596, 843))
        text = " ".join(document[0].get_text().split())
        assert " ".join(title.split())[:40] in text
        assert note in text
        page.emulate_media(media="print")
        width, height = (round((side * 4 / 3) - 76) for side in PAPER[paper])
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(CUT) == []


@pytest.mark.parametrize("name", LONG)
def test_a_long_page_prints_every_row_once_and_whole(page: Page, pages: dict[str, str], name: str) -> None:
    pymupdf = pytest.importorskip("pymupdf")
    page.goto(pages[name])
    people = [cell.strip() for cell in page.locator("tbody td:first-child").all_inner_texts()]
    document = pymupdf.open(stream=page.pdf(format="A4"), filetype="pdf")
    text = "".join("".join(sheet.get_text() for sheet in document).split())
    for person in people:
        assert text.count("".join(person.split())) == 1
    assert len(document) <= 2 + len(people) / 24
    assert all(sheet.get_text().strip() for sheet in document)
    assert text.index("".join(people[-1].split())) < text.index("notamedicaldevice")


def test_every_part_is_reached_by_keyboard_in_reading_order(page: Page, pages: dict[str, str]) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
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


def test_a_data_table_opens_by_keyboard(page: Page, pages: dict[str, str]) -> None:
    page.goto(pages["expected"])
    summary = page.locator("summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.locator("table").is_visible()


def test_a_cohort_is_sorted_by_its_heads_and_read_without_a_script(
    browser: Browser, page: Page, pages: dict[str, str]
) -> None:
    page.goto(pages["cohort"])
    first, latest = page.locator("tbody td:first-child"), page.locator("tbody td:nth-child(10)")
    as_made = first.all_inner_texts()
    head = page.locator("th", has_text="Sessions")
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    up = [int(count) for count in latest.all_inner_texts()]
    assert up == sorted(up)
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert [int(count) for count in latest.all_inner_texts()] == sorted(up, reverse=True)
    page.locator("th button", has_text="Angle travelled").click()
    assert head.get_attribute("aria-sort") is None
    shown = page.locator("tbody tr td:nth-child(2)")
    values = [row.get_attribute("data-value") or "" for row in shown.all()]
    known = [float(value) for value in values if value]
    assert known == sorted(known) and "" not in values[: len(known)] and len(known) < len(values)
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(pages["cohort"])
    assert plain.locator("tbody td:first-child").all_inner_texts() == as_made
    assert plain.locator("th button").count() == 0
    plain.context.close()


class Looks:
    """Coarse pictures of pages without their text, laid out by a font that comes with matplotlib.

    So they are the same on every machine; what the text says is held elsewhere.
    """

    WIDTH = 112

    def __init__(self, browser: Browser) -> None:
        self.image = pytest.importorskip("PIL.Image")
        self.page = browser.new_page(bypass_csp=True)
        fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        faces = [
            f"@font-face {{ font-family: Kept; font-weight: {weight}; src: url(data:font/ttf;base64,"
            f"{base64.b64encode((fonts / file).read_bytes()).decode()}); }}"
            for weight, file in ((400, "DejaVuSans.ttf"), (700, "DejaVuSans-Bold.ttf"))
        ]
        self.style = "\n".join(
            [
                *faces,
                "* { font-family: Kept !important; color: transparent !important; }",
                "svg text { fill: none !important; }",
            ]
        )

    def of(self, address: str, width: int, change: str = "") -> Image:
        page = self.page
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address)
        page.add_style_tag(content=self.style + change)
        page.evaluate("document.fonts.ready")
        shot = self.image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
        size = (self.WIDTH, round(self.WIDTH * shot.height / shot.width))
        return shot.resize(size, self.image.Resampling.BOX)

    def differ(self, now: Image, kept: Image) -> bool:
        """Whether more differs than how two versions of a browser smooth edges."""
        if abs(now.height - kept.height) > 2:
            return True
        same_size = now.resize(kept.size, self.image.Resampling.BOX)
        apart = np.asarray(same_size, float) - np.asarray(kept.convert("RGB"), float)
        return bool(np.sqrt((apart**2).mean()) > MOST_APART)


@pytest.fixture(scope="module")
def looks(browser: Browser) -> Iterator[Looks]:
    made = Looks(browser)
    yield made
    made.page.close()


@pytest.mark.parametrize("outcome", KEPT)
@pytest.mark.parametrize("device", ["phone", "desk"])
def test_page_looks_as_it_did(
    looks: Looks, pages: dict[str, str], outcome: str, device: str, request: pytest.FixtureRequest
) -> None:
    now = looks.of(pages[outcome], WIDTHS[device])
    file = PICTURES / f"{outcome}_{device}.png"
    if request.config.getoption("--keep-pictures"):
        PICTURES.mkdir(exist_ok=True)
        now.save(file, optimize=True)
    assert not looks.differ(now, looks.image.open(file))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("device", ["desk"])
def test_a_page_that_looks_otherwise_is_seen(
    looks: Looks, pages: dict[str, str], device: str, change: str
) -> None:
    changed = looks.of(pages["expected"], WIDTHS[device], change)
    assert looks.differ(changed, looks.image.open(PICTURES / f"expected_{device}.png"))
