"""What a page or a picture holds, for tests of what is shown."""

from __future__ import annotations

import itertools
from html.parser import HTMLParser

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox


class Page(HTMLParser):
    """The elements and the visible text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.titles: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes <{self.open[-1:]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "title" and "svg" in self.open:
            self.titles.append(data)
        elif self.open and self.open[-1] != "style" and data.strip():
            self.texts.append(data.replace("\xa0", " ").strip())

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] for _, attrs in self.elements if name in attrs]


def check_layout(figure: Figure, drawn: list[tuple[str, Bbox]]) -> None:
    """Every text is on the sheet and none lies on another one."""
    drawn.clear()
    FigureCanvasAgg(figure).draw()
    assert drawn
    for text, box in drawn:
        inside = min(box.x0, box.y0, figure.bbox.width - box.x1, figure.bbox.height - box.y1) >= -1
        assert inside, f"{text!r} leaves the sheet: {box}"
    for (one, a), (two, b) in itertools.combinations(drawn, 2):
        wide = min(a.x1, b.x1) - max(a.x0, b.x0)
        high = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide <= 1 or high <= 2.5, f"{one!r} lies on {two!r}"
