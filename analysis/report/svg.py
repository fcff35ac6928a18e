"""A matplotlib figure as inline SVG: themed by CSS variables, labelled, with tooltips and unique ids."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree import ElementTree

from markupsafe import Markup
from matplotlib.figure import Figure

from analysis.report.style import CSS_VARIABLE, LEFT, RIGHT_FILL
from analysis.report.words import printable

_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")
_REFERENCE: Final = re.compile(r"url\(#([^)]+)\)")
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
# On a dark screen text needs a lighter blue and orange than bars do.
_TEXT_VARIABLE: Final = CSS_VARIABLE | {LEFT: "--left-text", RIGHT_FILL: "--right-text"}
_DROPPED: Final = ("metadata",)


def inline_svg(
    figure: Figure, name: str, label: str, tooltips: Mapping[str, Sequence[str]] | None = None
) -> Markup:
    """SVG text of a figure, to be put into a page as it is.

    Parameters
    ----------
    figure : Figure
        Drawn within `style.styled`.
    name : str
        Prefix of every id, unique on the page.
    label : str
        What the picture shows, for screen readers.
    tooltips : mapping of gid to texts, optional
        Tooltip of each marker in the group with that gid, in drawing order.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    root = ElementTree.fromstring(buffer.getvalue())
    _plain_tags(root)
    _theme(root, name)
    for gid, texts in (tooltips or {}).items():
        _add_titles(root, f"{name}-{gid}", texts)
    root.attrib = {
        "viewBox": root.get("viewBox", ""),
        "role": "img",
        "aria-label": printable(label),
        "class": "figure",
        "preserveAspectRatio": "xMinYMin meet",
    }
    text = ElementTree.tostring(root, encoding="unicode")
    return Markup(re.sub(r"\s*\n\s*", " ", text))


def _plain_tags(root: ElementTree.Element) -> None:
    """Drop namespaces, which HTML supplies by itself, and what a page does not need."""
    for parent in root.iter():
        parent.tag = parent.tag.rpartition("}")[2]
        for child in list(parent):
            tag = child.tag.rpartition("}")[2]
            if tag in _DROPPED or (tag == "defs" and len(child) and child[0].tag.endswith("style")):
                parent.remove(child)


def _theme(root: ElementTree.Element, name: str) -> None:
    for element in root.iter():
        if (identity := element.get("id")) is not None:
            element.set("id", f"{name}-{identity}")
        if (target := element.attrib.pop(_HREF, None)) is not None:
            element.set("href", f"#{name}-{target[1:]}")
        if (clip := element.get("clip-path")) is not None:
            element.set("clip-path", _REFERENCE.sub(rf"url(#{name}-\1)", clip))
        if (style := element.get("style")) is not None:
            variables = _TEXT_VARIABLE if element.tag == "text" else CSS_VARIABLE
            element.set("style", _style(style, variables))
        if element.tag == "text" and (transform := element.get("transform", "")).startswith("rotate(-0"):
            element.attrib.pop("transform", transform)


def _style(style: str, variables: Mapping[str, str]) -> str:
    kept = [part for part in style.split("; ") if not part.startswith("font-family")]
    return _COLOUR.sub(lambda m: f"var({variables[m[0]]})" if m[0] in variables else m[0], "; ".join(kept))


def _add_titles(root: ElementTree.Element, identity: str, texts: Sequence[str]) -> None:
    group = next((element for element in root.iter("g") if element.get("id") == identity), None)
    if group is None:
        return
    outlines = {path for defs in group.iter("defs") for path in defs.iter("path")}
    marks = [
        element for element in group.iter() if element.tag in ("use", "path") and element not in outlines
    ]
    for mark, text in zip(marks, texts, strict=True):
        ElementTree.SubElement(mark, "title").text = printable(text)
