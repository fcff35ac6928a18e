"""The one recording that may run, what a page shows of it, and what is said when it has ended."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from cli.errors import one_line
from cli.live_state import COLUMNS, LiveState, scale_for
from cli.recorder import NO_SAMPLES, Plan, outcome_lines, recording_of, result_of
from cli.serving.library import key_of
from cli.serving.line import mark
from cli.session import Main, Session, ended_by_signals
from sensing.errors import SidewiseError, UsageError
from sensing.events import Event

if TYPE_CHECKING:
    from sensing.recorder import RecordOutcome, RecordRequest

TICK_S: Final = 0.03
"""How often events of a recording are looked for."""

STILL_S: Final = 0.1
"""A picture is sent at least so often while it records."""

_LONGEST_S: Final = 0.02
_NOTICES: Final = 2
_IDLE: Final = json.dumps({"phase": "idle"})


class LiveRecording:
    """A recording that runs, and what can be told of it by now.

    Parameters
    ----------
    plan : Plan
        What is recorded.
    main : Main
        What records it.
    """

    def __init__(self, plan: Plan, main: Main[RecordOutcome]) -> None:
        self.plan = plan
        self.session: Session[RecordOutcome] = Session(main, plan.source, plan.speed)
        self._state = LiveState(plan.sides, exercise=plan.request.exercise, placement=plan.request.placement)
        self._waiting: SimpleQueue[Event | None] = SimpleQueue()
        self._estimating = threading.Thread(target=self._estimate, name="estimate", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._estimating.start()
        self.session.start()

    async def follow(self, changed: Callable[[], None]) -> None:
        """Take every event until it ends; call ``changed`` for each new picture."""
        loop = asyncio.get_running_loop()
        told_s = -STILL_S
        while self.session.running or self.session.events:
            fresh = bool(self.session.events)
            self.session.feed(self._take, longest_s=_LONGEST_S)
            if fresh or loop.time() - told_s >= STILL_S:
                told_s = loop.time()
                changed()
            await asyncio.sleep(TICK_S)
        self._waiting.put(None)

    def picture(self) -> dict[str, Any]:
        """What a page shows, as JSON types."""
        links, result = self._state.links, self._state.result
        bar = None
        if result.index_percent is not None and result.ci95_percent is not None:
            scale = scale_for(max(map(abs, (result.index_percent, *result.ci95_percent))))
            side = "right" if result.index_percent > 0 else "left"
            places = mark(result.index_percent, result.ci95_percent, scale)
            bar = {**asdict(places), "side": side, "scale": f"{scale} %"}
        minutes, seconds = divmod(int(links.elapsed_s), 60)
        return {
            "phase": "saving" if self.session.stopping else "recording",
            "time": f"{minutes}:{seconds:02d}",
            "paused": links.paused,
            "marking": links.marking,
            "marked": links.marked,
            "alarms": links.alarms(),
            "bar": bar,
            "difference": self._state.difference(result),
            "sets": result.sets,
            "sides": {
                side.value: {
                    "reps": result.reps[side],
                    "set_reps": result.set_reps[side],
                    "state": own.state.value,
                    "last_s": own.last_s,
                    "cells": dict(zip(COLUMNS, self._state.cells(side), strict=True)),
                }
                for side, own in links.sides.items()
            },
            "timing": self._state.timing(),
            "notices": [one_line(notice) for notice in links.notices[-_NOTICES:]],
        }

    def _take(self, event: Event) -> None:
        self._state.links.take(event)
        self._waiting.put(event)

    def _estimate(self) -> None:
        """Find repetitions and difference: that takes longer than a picture may be late."""
        estimate = self._state.estimate
        try:
            while (event := self._waiting.get()) is not None:
                estimate.add(event)
                if estimate.due:
                    estimate.update()
        except Exception as error:  # the recording goes on
            self._state.links.notices.append(f"the difference cannot be shown any more: {error}")


@dataclass(frozen=True)
class Ended:
    """A recording that has ended.

    Attributes
    ----------
    lines : tuple of str
        What is said of it.
    folder : Path or None
        Where it is; None where there is nothing.
    failed : bool
        Whether something is missing.
    """

    lines: tuple[str, ...]
    folder: Path | None = None
    failed: bool = False

    @property
    def key(self) -> str:
        """What stands for it in an address."""
        return "" if self.folder is None else key_of(self.folder)


class Studio:
    """Starts, steers and ends the one recording that may run, and tells every page about it.

    Parameters
    ----------
    plan_of : callable
        Completes a request; may take a moment and raise a `SidewiseError`.
    on_end : callable
        Told how a recording ended.
    main_of : callable
        What records a plan.
    """

    def __init__(
        self,
        plan_of: Callable[[RecordRequest], Plan],
        on_end: Callable[[Ended], object],
        main_of: Callable[[Plan], Main[RecordOutcome]] = lambda plan: recording_of(plan),
    ) -> None:
        self.recording: LiveRecording | None = None
        self.last: Ended | None = None
        self._plan_of = plan_of
        self._on_end = on_end
        self._main_of = main_of
        self._starting = asyncio.Lock()
        self._changed = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self._text = _IDLE

    async def start(self, request: RecordRequest) -> None:
        """Begin a recording.

        Raises
        ------
        UsageError
            One runs already, or the request makes no sense.
        SidewiseError
            What it needs is not there.
        """
        async with self._starting:
            if self.recording is not None:
                raise UsageError("a recording runs already; end it first")
            request.check()
            plan = await asyncio.to_thread(self._plan_of, request)
            recording = LiveRecording(plan, self._main_of(plan))
            await asyncio.to_thread(recording.start)
            self.recording, self.last = recording, None
            self._following = asyncio.create_task(self._follow(recording))

    def act(self, what: str) -> None:
        """Mark a set, pause or go on, or stop; nothing where nothing runs."""
        if self.recording is None or self.recording.session.stopping:
            return
        session = self.recording.session
        actions = {"mark": session.mark, "pause": session.pause, "stop": session.stop}
        if what in actions:
            actions[what]()

    async def pictures(self) -> AsyncIterator[str]:
        """What a page shows as JSON: at once, and whenever there is something new."""
        while True:
            changed = self._changed
            yield self._text
            await changed.wait()

    def close(self) -> None:
        """End the recording that runs, and save it; to be called when the server has ended."""
        if self.recording is None:
            return
        session = self.recording.session
        with ended_by_signals(session):
            session.stop()
            while session.running:
                session.wait(TICK_S)
        self._end(self.recording)

    async def _follow(self, recording: LiveRecording) -> None:
        await recording.follow(lambda: self._tell(json.dumps(recording.picture())))
        self._end(recording)
        self._tell(_IDLE)

    def _end(self, recording: LiveRecording) -> None:
        folder = recording.plan.request.folder
        try:
            outcome = result_of(recording.session, folder)
            if outcome is None:
                self.last = Ended(("nothing was recorded",))
            else:
                missing = tuple(text for code, text in outcome.notices if code == NO_SAMPLES)
                self.last = Ended((*outcome_lines(outcome), *missing), folder, failed=bool(missing))
        except SidewiseError as error:
            self.last = Ended((one_line(str(error)),), folder if folder.exists() else None, failed=True)
        self._on_end(self.last)
        self.recording = None

    def _tell(self, text: str) -> None:
        self._text = text
        self._changed.set()
        self._changed = asyncio.Event()
