"""Yes-or-no questions answered ahead, as a list of those answered with yes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sensing.errors import UsageError

NONE: Final = "none"
"""Stands for "every question was answered no"."""


def parse_answers(text: str, known: Collection[str], what: str) -> tuple[str, ...]:
    """Codes answered with yes, in the order given.

    Parameters
    ----------
    text : str
        ``none``, or codes with commas between them.
    known : collection of str
        Codes that there are.
    what : str
        What they are, for messages.

    Raises
    ------
    UsageError
        A code is unknown, the list is empty, or it mixes ``none`` with codes.
    """
    codes = [code.strip().lower().replace("-", "_") for code in text.split(",") if code.strip()]
    if codes == [NONE]:
        return ()
    if not codes or not set(codes) <= set(known):
        raise UsageError(
            f"{what} {text!r}: give none, if every answer is no, or those answered yes out of "
            f"{', '.join(known)}"
        )
    return tuple(dict.fromkeys(codes))
