"""The one plain word of each verdict; loads nothing that analyses."""

from __future__ import annotations

from typing import Final

from analysis.results import VerdictWord
from sensing.recording import Side

VERDICTS: Final = {
    VerdictWord.BALANCED: "balanced",
    VerdictWord.INCONCLUSIVE: "not clear yet",
    VerdictWord.ASYMMETRIC: "different",
    VerdictWord.NOT_ASSESSABLE: "cannot be compared",
}
"""The one plain word of each verdict, wherever a person reads it."""


def verdict_words(verdict: VerdictWord, side: Side | None, grade: str | None) -> str:
    """A verdict in words, an asymmetric one with its side and grade: ``right more, mild``."""
    if verdict is VerdictWord.ASYMMETRIC and side is not None:
        return ", ".join(filter(None, (f"{side} more", grade)))
    return VERDICTS[verdict]
