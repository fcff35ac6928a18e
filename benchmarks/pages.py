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
