"""Questions asked before any plan: answers that need a person of medicine, not a training plan.

A single answer says little by itself (Downie et al. 2013), so nothing is made of it but where to go.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final


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
    "Stop: do not train. Get emergency care now: call the emergency number, or go to a hospital at once."
)
CLINICIAN: Final = (
    "Stop: no plan. See a doctor or physiotherapist before you use one, and show them these answers."
)


QUESTIONS: Final = {flag.code: flag.question for flag in RED_FLAGS}


def stop_message(answered_yes: Collection[str]) -> str | None:
    """What to say instead of a plan; None where every answer was no.

    Parameters
    ----------
    answered_yes : collection of str
        Codes out of `QUESTIONS`.
    """
    flags = [flag for flag in RED_FLAGS if flag.code in answered_yes]
    if not flags:
        return None
    return EMERGENCY if any(flag.emergency for flag in flags) else CLINICIAN
