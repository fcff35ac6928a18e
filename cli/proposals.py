"""Values that tab completion proposes; nothing here is loaded before the tab key is pressed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from sensing.errors import SidewiseError

if TYPE_CHECKING:
    Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def proposing(values: Callable[[], Iterable[str]]) -> Complete:
    """A ``shell_complete`` that proposes those of some values that begin as what was typed."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        try:
            return [value for value in values() if value.startswith(incomplete.lower())]
        except SidewiseError:  # whoever runs the command is told
            return []

    return complete


def _sports() -> Iterable[str]:
    from analysis.profiles import known_sports

    return known_sports()


def _exercises() -> Iterable[str]:
    from analysis.exercises import known_exercises

    return known_exercises()


sports = proposing(_sports)
exercises = proposing(_exercises)
sports_and_exercises = proposing(lambda: (*_sports(), *_exercises()))
