"""Results on stdout, messages on stderr, progress on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from cli.common import State
from cli.errors import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from sensing.recording import Notice

WIDTH = 80


def state() -> State:
    """The choices that hold for this run."""
    return click.get_current_context().ensure_object(State)


def message(text: str) -> None:
    """Say something beside the result, unless ``--quiet``."""
    if not state().quiet:
        click.echo(f"sidewise: {one_line(text)}", err=True)


def say_notices(notices: Iterable[Notice]) -> None:
    """Say repairs and doubts beside a result that does not hold them."""
    for notice in notices:
        message(f"warning: {notice.message}")


def print_json(body: Any) -> None:
    """Print JSON, UTF-8 whatever the console's code page."""
    import json

    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, allow_nan=False)
    click.echo(text.encode("utf-8", "backslashreplace"))


def console() -> Console:
    """Where human-readable results go: at most 80 columns, and plain text when piped."""
    from rich.console import Console

    made = Console(markup=False, highlight=False, emoji=False)
    made.width = min(made.width, WIDTH) if made.is_terminal else WIDTH
    return made


def butterfly(left: float, right: float, largest: float, width: int, *, block: str) -> tuple[str, str]:
    """Bars that grow from the middle to the left and to the right.

    Returns
    -------
    left, right : str
        Each ``width`` characters; the largest value fills its own.
    """
    lengths = [round(width * max(value, 0) / largest) if largest > 0 else 0 for value in (left, right)]
    return (block * lengths[0]).rjust(width), (block * lengths[1]).ljust(width)


def block_for(screen: Console) -> str:
    """A character to draw bars with, which the output can encode."""
    return "█" if screen.encoding.lower().startswith("utf") else "#"


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show that something is going on, on a terminal."""
    if state().quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} ..."):
        yield
