"""The live view on a terminal, drawn with Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, Static

from cli.live_state import WIDTH, LiveState
from cli.session import TICK_S

if TYPE_CHECKING:
    from cli.session import Session

_LONGEST_S = 0.5
"""Most time that one tick works on what has come, so that keys are answered."""


class LiveView(App[None]):
    """Shows a session while it runs.

    Parameters
    ----------
    session : Session
        A session that was started.
    state : LiveState
        Takes its events.
    recording : bool
        It is being recorded: marks and pauses make sense, and the view closes when it has ended.
    """

    TITLE = "sidewise"
    CSS = "#view { height: 1fr; padding: 1 1 0 1; }"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "mark", "mark set"),
        Binding("p", "pause", "pause"),
        Binding("q", "end", "end"),
        Binding("ctrl+c", "end", "end", show=False, priority=True),
    ]

    def __init__(self, session: Session[Any], state: LiveState, *, recording: bool) -> None:
        super().__init__()
        self._session = session
        self._state = state
        self._recording = recording

    def compose(self) -> ComposeResult:
        """One text, and the keys."""
        yield Static(id="view")
        yield Footer()

    def on_mount(self) -> None:
        """Look for events a few times a second."""
        self.set_interval(TICK_S, self._tick)
        self._tick()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing can be marked or paused where nothing is recorded."""
        return self._recording or action not in ("mark", "pause")

    def action_mark(self) -> None:
        """Mark the start of a set, or its end."""
        self._session.mark()

    def action_pause(self) -> None:
        """Pause, or go on."""
        self._session.pause()

    def action_end(self) -> None:
        """End the session; where it has ended, close the view."""
        if self._session.running:
            self._session.stop()
        if not self._recording or not self._session.running:
            self.exit()

    def _tick(self) -> None:
        running = self._session.running
        self._session.feed(self._state.take, longest_s=_LONGEST_S)
        view = self.query_one("#view", Static)
        text = self._state.text(view.content_size.width or WIDTH)
        if running and self._session.stopping:
            text.append("\nsaving ..." if self._recording else "\nending ...", "bold")
        elif not running and not self._session.events:
            text.append("\nended; q closes", "bold")
        view.update(text)
        if not running and (self._recording or self._session.failed):
            self.exit()
