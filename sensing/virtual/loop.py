"""An event loop whose clock is virtual, so that minutes of Bluetooth take seconds.

With ``speed=inf``, time jumps to the next timer as soon as nothing is left to do, and stands still while code
runs or while a job given to `asyncio.to_thread` or `run_in_executor` is under way. Everything that waits
through asyncio (`asyncio.sleep`, time-outs, timers) is virtual; what looks at another clock is not, so take
time stamps from `host_clock`. A thread of your own, a socket or a subprocess is not waited for, and a job in
an executor that never ends stops the time.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple, Unpack

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class _Selector(selectors.DefaultSelector):
    """Waits for the loop: by moving the virtual clock where it can."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self.speed = speed
        self.now_s = 0.0
        self.jobs = 0
        self._real_s = time.monotonic()

    def time(self) -> float:
        if math.isinf(self.speed):
            return self.now_s
        return (time.monotonic() - self._real_s) * self.speed

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not math.isinf(self.speed):
            return super().select(timeout and timeout / self.speed)
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is None or self.jobs:
            return super().select(None)
        self.now_s += max(timeout, 0.0)
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Event loop with a virtual clock that starts at 0 s.

    Parameters
    ----------
    speed : float
        Virtual seconds per real second; infinite jumps from timer to timer.
    """

    def __init__(self, speed: float = math.inf) -> None:
        self._virtual = _Selector(speed)
        super().__init__(self._virtual)

    def time(self) -> float:
        """Virtual time, s."""
        return self._virtual.time()

    def clock_ns(self) -> int:
        """Virtual time, ns: what takes the place of `time.perf_counter_ns`."""
        return round(self._virtual.time() * 1e9)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[_Ts]], _T], *args: *_Ts
    ) -> asyncio.Future[_T]:
        """Run a function in a thread; virtual time stands still until it is done."""
        future = super().run_in_executor(executor, func, *args)
        self._virtual.jobs += 1
        future.add_done_callback(self._job_done)
        return future

    def _job_done(self, _: asyncio.Future[Any]) -> None:
        self._virtual.jobs -= 1


def run_virtual(main: Coroutine[Any, Any, _T], *, speed: float = math.inf) -> _T:
    """Run a coroutine in a new `VirtualTimeLoop` as `asyncio.run` does in an ordinary one."""
    if not speed > 0:
        main.close()
        raise ValueError(f"speed must be positive, not {speed}")
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(speed)) as runner:
        return runner.run(main)


def host_clock() -> Callable[[], int]:
    """The clock for host stamps in the running loop, ns: its own if virtual, else `time.perf_counter_ns`."""
    loop = asyncio.get_running_loop()
    return loop.clock_ns if isinstance(loop, VirtualTimeLoop) else time.perf_counter_ns
