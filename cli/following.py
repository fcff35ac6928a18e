"""Show a running session: drawn on a terminal, else a line a second."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from cli.output import message, state
from cli.session import TICK_S, Keys, Session, ended_by_signals
from sensing.errors import UsageError

if TYPE_CHECKING:
    from cli.links import Links
    from cli.live_state import LiveState
    from cli.live_view import LiveView
    from sensing.events import Event
    from sensing.recording import Placement, Side

_PROGRESS_S = 1.0
_CLEAR = "\r\x1b[K"


def follow_live(
    session: Session[Any],
    sides: tuple[Side, ...],
    exercise: str,
    placement: Placement,
    *,
    recording: bool,
) -> None:
    """Follow a session to its end, with repetitions and difference.

    On a terminal it is drawn. Where that is not possible there is a line for every second: of a recording on
    stderr, because its folder goes to stdout.

    Raises
    ------
    UsageError
        There is a terminal but Textual is not installed.
    """
    from cli.live_state import LiveState

    live = LiveState(sides, exercise=exercise, placement=placement)
    if _can_draw():
        view = _view()(session, live, recording=recording)
        session.start()
        with ended_by_signals(session):
            view.run()
        if session.running:
            session.stop()
        return
    lines = _LiveLines(live, err=recording)
    session.start()
    _to_the_end(session, lines.take)


def follow_links(session: Session[Any], sides: tuple[Side, ...]) -> None:
    """Follow a session to its end: with progress and keys on a terminal, else saying only what goes wrong."""
    from cli.links import Links

    with Keys() as keys:
        if keys.there:
            message("m marks a set, p pauses, q or Ctrl-C ends and saves")
        shown = _LinksShown(Links(sides), drawn=keys.there and not state().quiet)
        session.start()
        _to_the_end(session, shown.take, keys=keys, each=shown.draw)
        shown.end()


def _to_the_end(
    session: Session[Any],
    take: Callable[[Event], None],
    *,
    keys: Keys | None = None,
    each: Callable[[], None] = lambda: None,
) -> None:
    actions = {"m": session.mark, "p": session.pause, "q": session.stop}
    with ended_by_signals(session):
        while session.running:
            session.wait(TICK_S)
            session.feed(take)
            if keys is not None and (action := actions.get(keys.pressed())):
                action()
            each()
        session.feed(take)


class _LiveLines:
    """Lines about sets, repetitions and difference: one for every second, and one for every alarm."""

    def __init__(self, live: LiveState, *, err: bool) -> None:
        self._live = live
        self._err = err
        self._next_s = 1.0
        self._told: list[str] = []

    def take(self, event: Event) -> None:
        """Take an event, and print what is due."""
        self._live.take(event)
        links = self._live.links
        if links.elapsed_s < self._next_s:
            return
        self._next_s = math.floor(links.elapsed_s) + 1.0
        if self._err and state().quiet:
            return
        for alarm in links.alarms():
            click.echo(f"!! {alarm} !!", err=self._err)
        click.echo(self._live.line(), err=self._err)


class _LinksShown:
    """Progress on a terminal, and a message where a link is lost or comes back."""

    def __init__(self, links: Links, *, drawn: bool) -> None:
        self._links = links
        self._drawn = drawn
        self._lost: set[Side] = set()
        self._next_s = 0.0

    def take(self, event: Event) -> None:
        """Take an event."""
        from sensing.events import LinkEvent, NoticeEvent, Samples, State

        self._links.take(event)
        if isinstance(event, NoticeEvent):
            self._say(f"warning: {event.message}")
        elif isinstance(event, LinkEvent) and event.state is State.LOST and event.side not in self._lost:
            self._lost.add(event.side)
            self._say(f"{event.side.upper()} SENSOR LOST ({event.message}); looking for it again")
        elif isinstance(event, Samples) and event.side in self._lost:
            self._lost.discard(event.side)
            self._say(f"the {event.side} sensor is back")

    def draw(self) -> None:
        """Draw the line again, once a second."""
        if self._drawn and time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + _PROGRESS_S
            width = (os.get_terminal_size(sys.stderr.fileno()).columns or 80) - 1
            click.echo(f"{_CLEAR}{self._links.progress(width)}", nl=False, err=True)

    def end(self) -> None:
        """Take the line away, and say who is missing."""
        self._clear()
        for side in sorted(self._lost):
            message(f"the {side} sensor did not come back: what it would have sent is missing")

    def _clear(self) -> None:
        if self._drawn:
            click.echo(_CLEAR, nl=False, err=True)

    def _say(self, text: str) -> None:
        self._clear()
        message(text)


def _can_draw() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _view() -> type[LiveView]:
    try:
        from cli.live_view import LiveView
    except ModuleNotFoundError as error:
        if error.name != "textual":
            raise
        raise UsageError(
            "the live view needs Textual; run: pip install 'sidewise[live]', or pipe it for plain lines"
        ) from error
    return LiveView
