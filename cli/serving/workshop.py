"""Work that takes long, done by other processes, so that neither the page nor a recording waits for it."""

from __future__ import annotations

import asyncio
import signal
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final, TypeVar

from joblib.externals.loky.process_executor import ProcessPoolExecutor

from sensing.errors import SidewiseError

PATIENCE_S: Final = 2.0
"""How long an answer is waited for before the page says that it is being worked on."""

KEPT: Final = 32
"""Answers that are kept."""

_WORKERS: Final = 2
_IDLE_S: Final = 300

T = TypeVar("T")


class NotReadyError(Exception):
    """It is being worked on."""


class Workshop:
    """Runs functions in processes that start when they are needed, and keeps what they returned."""

    def __init__(self) -> None:
        self._workers = _new_workers()
        self._jobs: OrderedDict[Hashable, asyncio.Future[Any]] = OrderedDict()

    async def get(self, key: Hashable, function: Callable[..., T], *args: Any) -> T:
        """What the function returns, or returned for the same key before.

        Raises
        ------
        NotReadyError
            It is not done yet; ask again.
        SidewiseError
            The function raised it, or its process was killed.
        """
        job = self._jobs.get(key)
        if job is None:
            job = self._jobs[key] = asyncio.wrap_future(self._submit(function, *args))
            self._forget()
        self._jobs.move_to_end(key)
        await asyncio.wait([job], timeout=PATIENCE_S)
        if not job.done():
            raise NotReadyError
        try:
            result: T = job.result()
        except BaseException as error:
            self._jobs.pop(key, None)  # asked for again, it is tried again
            if isinstance(error, BrokenProcessPool):
                raise SidewiseError("what worked on this was killed, perhaps for memory; try again") from None
            raise
        return result

    def close(self) -> None:
        """End the processes, whatever they do."""
        self._workers.shutdown(wait=True, kill_workers=True)

    def _submit(self, function: Callable[..., T], *args: Any) -> Any:
        try:
            return self._workers.submit(function, *args)
        except BrokenProcessPool:
            self._workers = _new_workers()
            return self._workers.submit(function, *args)

    def _forget(self) -> None:
        done = [key for key, job in self._jobs.items() if job.done()]
        for key in done[: max(len(done) - KEPT, 0)]:
            del self._jobs[key]


def _new_workers() -> Any:
    return ProcessPoolExecutor(_WORKERS, timeout=_IDLE_S, initializer=_leave_interrupts)


def _leave_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal, but only the server decides what it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
