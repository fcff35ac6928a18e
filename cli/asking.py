"""Days on the command line, and questions that must be answered, on a terminal or ahead by an option."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping

import click

from cli.output import message
from sensing.errors import UsageError

FIRST_YEAR, LAST_YEAR = 1900, 2200


class _Day(click.ParamType[dt.date]):
    """A day as 2026-03-02."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        if isinstance(value, dt.date):
            return value
        try:
            day = dt.date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a day; write it as 2026-03-02", param, ctx)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail(f"{value!r} is not a day from {FIRST_YEAR} to {LAST_YEAR}", param, ctx)
        return day


DAY = _Day()


def ask(questions: Mapping[str, str], given: str | None, *, option: str, before: str) -> tuple[str, ...]:
    """Codes of the questions answered with yes. No answer is ever assumed.

    Parameters
    ----------
    questions : mapping of str to str
        Codes and questions.
    given : str or None
        Answers given ahead by ``option``: ``none`` or codes.
    option : str
        That option's name.
    before : str
        Said before the first question.

    Raises
    ------
    UsageError
        There is nobody to ask, or the answers given ahead are not understood.
    """
    from analysis.history.answers import parse_answers

    if given is not None:
        return parse_answers(given, questions, option)
    if not sys.stdin.isatty():
        raise UsageError(
            f"{before}, and there is no terminal to ask on: answer with {option} none, if every answer is "
            f"no, or with those answered yes: {', '.join(questions)}"
        )
    message(before)
    return tuple(code for code, text in questions.items() if click.confirm(text, default=None, err=True))
