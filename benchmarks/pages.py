"""Pieces of the Markdown pages that benchmarks write."""

from __future__ import annotations

from collections.abc import Iterable


def table(head: str, rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; ``head`` has the column names parted by ``|``."""
    names = [name.strip() for name in head.split("|")]
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def percent(share: float) -> str:
    """A share in percent."""
    return f"{100 * share:.1f} %"


def met(good: bool) -> str:
    """Whether a gate is met."""
    return "met" if good else "**not met**"


def merged(head: str, titles: dict[str, str], old: str, new: dict[str, str]) -> str:
    """A page with new sections in place of their namesakes, in the order of ``titles``; the others stay."""
    there = {title: text for text in old.split("\n## ")[1:] for title in [text.partition("\n")[0]]}
    parts = [head]
    for name, title in titles.items():
        if name in new:
            parts.append(new[name])
        elif title in there:
            parts.append(f"## {there[title].strip()}")
    return "\n\n".join(parts) + "\n"
