"""Questions asked before any plan: answers that need a person of medicine, not a training plan.

A single answer says little by itself (Downie et al. 2013), so nothing is made of it but where to go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sensing.errors import UsageError

NONE: Final = "none"
"""What stands for "every question was answered no"."""


@dataclass(frozen=True)
class RedFlag:
    """One question, its code, and whether a yes is an emergency."""

    code: str
    question: str
    emergency: bool


RED_FLAGS: Final = (
    RedFlag("saddle_numbness", "Is the skin between your legs numb, where a saddle would be?", True),
    RedFlag("bladder", "Is it new for you that you cannot hold or pass water?", True),
    RedFlag("bowel", "Is it new for you that you cannot hold your stool?", True),
    RedFlag("sexual_function", "Has feeling or function during sex changed lately?", True),
    RedFlag("both_legs_weak", "Have both legs become weak?", True),
    RedFlag("leg_getting_weaker", "Is one leg getting weaker from day to day?", True),
    RedFlag("major_trauma", "Have you lately had a bad fall, crash or blow?", False),
    RedFlag("steroids", "Have you taken steroids (cortisone) for a long time?", False),
    RedFlag("osteoporosis", "Do you have thin bones (osteoporosis)?", False),
    RedFlag("cancer", "Do you have cancer, or did you ever?", False),
    RedFlag("weight_loss", "Have you lost weight without wanting to?", False),
    RedFlag("fever", "Do you have a fever, or feel ill all over?", False),
    RedFlag("immunosuppression", "Is your immune system low, by an illness or by medicine?", False),
    RedFlag("night_pain", "Do you have constant pain that does not let go at night?", False),
)

EMERGENCY: Final = (
    "Stop: do not train. Get emergency care now: call your emergency number or go to an emergency department."
)
CLINICIAN: Final = (
    "Stop: no plan. See a doctor or physiotherapist before you use one, and show them these answers."
)


def parse_red_flags(text: str) -> tuple[RedFlag, ...]:
    """The flags that a list of codes names, ``none`` naming not one of them.

    Raises
    ------
    UsageError
        A code is unknown, or the list is empty or mixes ``none`` with codes.
    """
    codes = [code.strip().lower().replace("-", "_") for code in text.split(",") if code.strip()]
    if codes == [NONE]:
        return ()
    known = {flag.code: flag for flag in RED_FLAGS}
    unknown = [code for code in codes if code not in known]
    if unknown or not codes:
        raise UsageError(
            f"red flags {text!r}: give none, if every answer is no, or codes out of {', '.join(known)}"
        )
    return tuple(known[code] for code in dict.fromkeys(codes))


def stop_message(answered_yes: Iterable[RedFlag]) -> str | None:
    """What to say instead of a plan; None where every answer was no."""
    flags = tuple(answered_yes)
    if not flags:
        return None
    return EMERGENCY if any(flag.emergency for flag in flags) else CLINICIAN
