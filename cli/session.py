"""A recording that runs in a thread of its own, so that no display delays the stamps of packets."""

from __future__ import annotations

import asyncio
import math
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar

from cli.sources import run_source
from sensing.events import Event
from sensing.recorder import Control

T = TypeVar("T")

Main = Callable[[Control, Callable[[Event], None]], Coroutine[Any, Any, T]]
"""Records until told to stop, and hands on every event."""

TICK_S = 0.2
"""How often a display looks for events."""


class Session(Generic[T]):
    """Runs a `Main`; events wait in `events` until someone takes them.

    Parameters
    ----------
    main : Main
        What to run.
    source : str
        Name of the source, which decides whether time is virtual.
    speed : float
        Speed of virtual time.
    """

    def __init__(self, main: Main[T], source: str, speed: float) -> None:
        self.events: deque[Event] = deque()
        self.paused = False
        self.stopping = False
        self._main = main
        self._source = source
        self._speed = speed
        self._control = Control()
        self._ready = threading.Event()
        self._done = threading.Event()
        self._result: T | None = None
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._done.is_set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        self._ready.wait()

    def wait(self, timeout_s: float) -> None:
        """Wait for its end, but no longer than this."""
        self._done.wait(timeout_s)

    def result(self) -> T | None:
        """What it returned, once it is over; None where it was cancelled. Raises what it raised."""
        self._done.wait()
        if self._error is not None and not isinstance(self._error, asyncio.CancelledError):
            raise self._error
        return self._result

    @property
    def failed(self) -> bool:
        """Whether it ended with an error."""
        return self._error is not None

    def feed(self, take: Callable[[Event], None], *, longest_s: float = math.inf) -> None:
        """Hand over the events that are there, in order, for as long as this."""
        until = time.monotonic() + longest_s
        while self.events and time.monotonic() < until:
            take(self.events.popleft())

    def mark(self) -> None:
        """Mark the start of a set, or its end."""
        self._steer(self._control.mark)

    def pause(self) -> None:
        """Pause, or go on."""
        self._steer(self._control.resume if self.paused else self._control.pause)
        self.paused = not self.paused

    def stop(self) -> None:
        """End it and save; where that was asked for before, without waiting any longer."""
        if self.stopping:
            self.cancel()
        self.stopping = True
        self._steer(self._control.stop)

    def cancel(self) -> None:
        """End it at once."""
        self.stopping = True
        if self._task is not None:
            self._steer(self._task.cancel)

    def _steer(self, action: Callable[[], object]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # it has just ended
                self._loop.call_soon_threadsafe(action)

    def _run(self) -> None:
        try:
            self._result = run_source(self._source, self._begin(), self._speed)
        except BaseException as error:  # raised again where the result is asked for
            self._error = error
        finally:
            self._ready.set()
            self._done.set()

    async def _begin(self) -> T:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._ready.set()
        return await self._main(self._control, self.events.append)


@contextmanager
def ended_by_signals(session: Session[Any]) -> Iterator[None]:
    """Let Ctrl-C and a polite kill end the session instead of the program."""

    def end(*_: object) -> None:
        session.stop()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = [signal.SIGINT, signal.SIGTERM]
    before = {number: signal.signal(number, end) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Keys:
    """Single keys from a terminal, without Enter; none where there is no terminal."""

    def __init__(self) -> None:
        self._restore: Callable[[], None] | None = None

    def __enter__(self) -> Keys:
        if _has_terminal():
            self._restore = _single_keys()
        return self

    def __exit__(self, *_: object) -> None:
        if self._restore is not None:
            self._restore()

    @property
    def there(self) -> bool:
        """Whether there is a terminal."""
        return self._restore is not None

    def pressed(self) -> str:
        """The key that was pressed since, in lower case, or nothing."""
        return _key().lower() if self.there else ""


def _has_terminal() -> bool:
    try:
        return sys.stdin.isatty() and sys.stderr.isatty() and _in_foreground()
    except (ValueError, AttributeError):  # there is no standard input
        return False


if sys.platform == "win32":
    import msvcrt

    def _in_foreground() -> bool:
        return True

    def _single_keys() -> Callable[[], None]:
        return lambda: None

    def _key() -> str:
        return msvcrt.getwch() if msvcrt.kbhit() else ""

else:
    import os
    import select
    import termios
    import tty

    def _in_foreground() -> bool:
        """A job in the background that changes the terminal would be stopped."""
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()

    def _single_keys() -> Callable[[], None]:
        fd = sys.stdin.fileno()
        before = termios.tcgetattr(fd)
        tty.setcbreak(fd)
        return lambda: termios.tcsetattr(fd, termios.TCSADRAIN, before)

    def _key() -> str:
        ready, _, _ = select.select([sys.stdin], [], [], 0)
        return os.read(sys.stdin.fileno(), 1).decode("ascii", "ignore") if ready else ""
