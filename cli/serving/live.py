"""The live page: a form that starts a recording, and a web socket that shows and steers it."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from analysis.exercises import known_exercises
from analysis.history.athlete import Athlete
from cli.live_state import COLUMNS
from cli.recorder import folder_name
from cli.recordings import PLACEMENTS
from cli.serving.library import Library
from cli.serving.rendering import failure, page
from cli.serving.security import Access
from cli.serving.studio import Studio
from cli.sources import BLUETOOTH
from sensing.errors import SidewiseError, UsageError
from sensing.recorder import RecordRequest
from sensing.recording import Placement
from sensing.remembered import load

_MOST_BYTES: Final = 10_000
_MOST_CHARACTERS: Final = 80
_MOST_MINUTES: Final = 24 * 60


class Live:
    """The live page.

    Parameters
    ----------
    studio : Studio
        Records.
    library : Library
        Whose recordings they may be, and where they go.
    access : Access
        Knows the page's own forms.
    source : str
        What is recorded, as the command line names it.
    """

    def __init__(self, studio: Studio, library: Library, access: Access, source: str) -> None:
        self._studio = studio
        self._library = library
        self._access = access
        self._source = source
        self._sent: dict[str, str] = {}

    def routes(self) -> list[Route | WebSocketRoute]:
        """Its addresses."""
        return [
            Route("/live", self.show),
            Route("/live", self.start, methods=["POST"]),
            WebSocketRoute("/live/pictures", self.pictures),
        ]

    async def show(self, request: Request) -> Response:
        """The recording that runs, else the form for the next one."""
        return await self._page(self._sent)

    async def start(self, request: Request) -> Response:
        """Start what the form says."""
        form = await _form(request)
        if not self._access.sent_by_own_form(form.get("key", "")):
            return failure(403, "this form is out of date; go back and load the page again")
        try:
            await self._studio.start(await asyncio.to_thread(self._request, form))
        except SidewiseError as error:
            return await self._page(form, str(error))
        self._sent = form  # what was done once is often done again
        return RedirectResponse("/live", status_code=303)

    async def pictures(self, socket: WebSocket) -> None:
        """Send what is to be seen; do what the page asks for."""
        await socket.accept()
        showing = asyncio.create_task(self._show_on(socket))
        try:
            async for what in socket.iter_text():
                self._studio.act(what)
        finally:
            showing.cancel()

    async def _show_on(self, socket: WebSocket) -> None:
        try:
            async for picture in self._studio.pictures():
                await socket.send_text(picture)
        except WebSocketDisconnect:
            pass

    async def _page(self, form: Mapping[str, str], problem: str = "") -> Response:
        running = self._studio.recording
        if running is not None and not problem:
            return page("live", request=running.plan.request, sides=running.plan.sides, columns=list(COLUMNS))
        people = await asyncio.to_thread(self._library.people)
        return page(
            "record", 422 if problem else 200, problem=problem, form=form, last=self._studio.last,
            key=self._access.form_key, people=[person for person in people if person.athlete],
            exercises=known_exercises(), placements=[place for place in PLACEMENTS if place != "unknown"],
            most_minutes=_MOST_MINUTES, sensors=_sensors(self._source),
        )  # fmt: skip

    def _request(self, form: Mapping[str, str]) -> RecordRequest:
        """What to record."""
        athlete = self._library.athlete(form["athlete"]) if form.get("athlete") else None
        exercise = form.get("exercise", "").strip()
        if len(exercise) > _MOST_CHARACTERS or not exercise.isprintable():
            raise UsageError(f"exercise: give at most {_MOST_CHARACTERS} printable characters")
        placement = form.get("placement") or "unknown"
        if placement not in PLACEMENTS:
            raise UsageError(f"placement {placement!r}: choose one of the list")
        return RecordRequest(
            self._place(athlete) / folder_name(exercise, dt.datetime.now()),
            duration_s=_seconds(form.get("minutes", "")),
            athlete=athlete.id if athlete else "",
            sport=athlete.sport if athlete else "",
            dominant=athlete.dominant if athlete else None,
            exercise=exercise,
            placement=Placement(placement),
        )

    def _place(self, athlete: Athlete | None) -> Path:
        """The folder that a new recording goes to."""
        folders = [*(athlete.folders if athlete else ()), *self._library.folders]
        there = next((folder for folder in folders if folder.is_dir()), None)
        if there is not None:
            return there
        if athlete is None:
            raise UsageError("choose an athlete, or name a folder to record into: sidewise serve FOLDER")
        raise UsageError(
            f"{athlete.id} has no folder to record into; "
            f"add one with: sidewise athlete add {athlete.id} --folder DIR"
        )


def _sensors(source: str) -> str:
    """What would be recorded now."""
    if source != BLUETOOTH:
        return source
    known = [f"{side} {sensor.name or sensor.address}" for side, sensor in load().items()]
    return ", ".join(known) or "none yet; run 'sidewise identify --left' in a terminal, then --right"


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; none where it is longer than any of ours."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _seconds(minutes: str) -> float | None:
    """How long to record; None for as long as nobody stops it."""
    if not minutes.strip():
        return None
    try:
        value = float(minutes.replace(",", "."))
    except ValueError:
        value = math.nan
    if not 0 < value <= _MOST_MINUTES:
        raise UsageError(
            f"minutes {minutes!r}: give a number above 0 and at most {_MOST_MINUTES}, or nothing"
        )
    return 60 * value
