"""Where live samples come from: sensors over Bluetooth, virtual ones, or a recording that is played again."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.signals import polite_kill_as_interrupt
from sensing.errors import UsageError

if TYPE_CHECKING:
    from sensing.scan import Radio
    from sensing.virtual import Scene, VirtualRadio

BLUETOOTH, VIRTUAL, REPLAY = "bluetooth", "virtual:", "replay:"
AT_ONCE = math.inf
"""Speed at which virtual time jumps over all waiting."""

T = TypeVar("T")


class SourceName(click.ParamType[str]):
    """``bluetooth``, ``virtual:LEFT,RIGHT[@EXERCISE]`` or, where a recording will do, ``replay:PATH``."""

    name = "source"

    def __init__(self, *, replay: bool = False) -> None:
        self._prefixes = (VIRTUAL, REPLAY) if replay else (VIRTUAL,)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is, if it is one."""
        text = str(value)
        if text == BLUETOOTH or any(text.startswith(p) and text != p for p in self._prefixes):
            return text
        known = [BLUETOOTH, "virtual:LEFT,RIGHT such as virtual:witmotion,witmotion", "replay:PATH"]
        self.fail(f"{text!r} is no source; use {' or '.join(known[: 1 + len(self._prefixes)])}", param, ctx)


class Speed(click.ParamType[float]):
    """A positive factor such as ``2`` or ``2x``; ``max`` is infinity."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """A positive factor; infinity for ``max``."""
        if str(value).lower() == "max":
            return AT_ONCE
        try:
            speed = float(str(value).lower().rstrip("x"))
        except ValueError:
            speed = float("nan")
        if not speed > 0:
            self.fail(f"{value!r} is not a speed; use a number such as 2, or max", param, ctx)
        return speed


@asynccontextmanager
async def open_radio(source: str | Scene) -> AsyncIterator[tuple[Radio, VirtualRadio | None]]:
    """The radio of a source, and the virtual one behind it where it is virtual or a scene."""
    from sensing.scan import Radio

    if source == BLUETOOTH:
        yield Radio(), None
        return
    from sensing.virtual import virtual_radio

    async with virtual_radio(source) as virtual:
        yield Radio(virtual.scanner_backend, virtual.client_backend, virtual.clock), virtual


def check_speed(source: str, speed: float) -> None:
    """Real sensors have no other speed than their own.

    Raises
    ------
    UsageError
        Another one is asked for.
    """
    if source == BLUETOOTH and speed != 1:
        raise UsageError("--speed is for replay: and virtual: sources; sensors have their own")


def check_driver(name: str | None) -> None:
    """Find mistakes in a driver's name or profile before any radio is switched on.

    Raises
    ------
    UsageError
        There is no such driver, or its profile is faulty: every mistake with its line.
    """
    if name is not None:
        from sensing.devices import driver

        driver(name)


def run_source(source: str, main: Coroutine[Any, Any, T], speed: float = 1.0) -> T:
    """Run a coroutine: in real time for Bluetooth, else in virtual time at a speed."""
    import logging

    # What Bluetooth libraries log tells a user nothing; what matters they raise.
    logging.getLogger().addHandler(logging.NullHandler())
    if source == BLUETOOTH:
        import asyncio

        with polite_kill_as_interrupt():
            return asyncio.run(main)
    from sensing.virtual.loop import run_virtual

    return run_virtual(main, speed=speed)
