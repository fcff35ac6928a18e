"""Watch sensors or a recording live, without recording."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import common
from cli.recorder import Plan, live_source, make_plan, source_options
from cli.sources import BLUETOOTH, REPLAY, VIRTUAL

if TYPE_CHECKING:
    from sensing.events import Event
    from sensing.recorder import Control


@common.command(
    "live",
    example="""
    sidewise live bluetooth
    sidewise live recordings/squat --speed 4
    sidewise live virtual:dot,dot@curl --duration 60
    """,
)
@click.argument("source", metavar="PATH|SOURCE")
@source_options
def command(
    source: str,
    speed: float,
    rate: float | None,
    duration: float | None,
    exercise: str | None,
    placement: str | None,
    **sensors: Any,
) -> None:
    """Show repetitions, sets and the left-right difference while they happen.

    PATH|SOURCE is a recording, which is played again, or bluetooth, or virtual:LEFT,RIGHT[@EXERCISE]. When
    piped, it prints a line for every second. Nothing is recorded: 'sidewise record --live' does that.
    """
    from cli.following import follow_live
    from cli.session import Session
    from sensing.recorder import RecordRequest
    from sensing.recording import Placement

    if source != BLUETOOTH and not source.startswith((VIRTUAL, REPLAY)):
        source = REPLAY + source
    request = RecordRequest(
        Path(),
        rate_hz=rate,
        exercise=exercise or "",
        placement=Placement(placement or "unknown"),
        **sensors,
    )
    plan = make_plan(source, speed, request)
    session = Session(_watching(plan, duration), source, speed)
    follow_live(session, plan.sides, plan.request.exercise, plan.request.placement, recording=False)
    session.result()


def _watching(plan: Plan, duration_s: float | None) -> Callable[[Control, Callable[[Event], None]], Any]:
    async def main(control: Control, on_event: Callable[[Event], None]) -> None:
        async with live_source(plan) as source:
            watching = asyncio.create_task(_watch(source, on_event, duration_s))
            stopped = asyncio.create_task(control.stopped())
            try:
                await asyncio.wait((watching, stopped), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (watching, stopped):
                    task.cancel()
                await asyncio.gather(watching, stopped, return_exceptions=True)
            if not watching.cancelled():
                watching.result()

    return main


async def _watch(source: Any, on_event: Callable[[Event], None], duration_s: float | None) -> None:
    await source.start()
    try:
        async with asyncio.timeout(duration_s):
            async for event in source:
                on_event(event)
    except TimeoutError:
        pass
    finally:
        await source.stop()
