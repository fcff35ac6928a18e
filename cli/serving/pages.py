"""The pages about athletes, their sessions, recordings and reports."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from analysis.history.athlete import Athlete
from analysis.metrics import METRICS
from cli.serving.answers import METRIC, Asked, athlete_report, overview, report
from cli.serving.library import Library, key_of
from cli.serving.rendering import page, text
from cli.serving.workshop import NotReadyError, Workshop

SHOWN: Final = 50
"""Sessions and recordings on a page, unless all are asked for."""

_REPORT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


class Pages:
    """Pages that only show.

    Parameters
    ----------
    library : Library
        What may be shown.
    workshop : Workshop
        Makes what takes long.
    """

    def __init__(self, library: Library, workshop: Workshop) -> None:
        self._library = library
        self._workshop = workshop

    def routes(self) -> list[Route]:
        """Their addresses."""
        return [
            Route("/", self.home),
            Route("/athletes/{key}", self.athlete),
            Route("/athletes/{key}/report", self.athlete_report),
            Route("/folders/{key}", self.folder),
            Route("/recordings/{key}", self.recording),
        ]

    async def home(self, request: Request) -> Response:
        """Athletes and folders."""
        people = await asyncio.to_thread(self._library.people)
        folders = [(key_of(folder), folder) for folder in self._library.folders]
        return page("home", people=people, folders=folders)

    async def athlete(self, request: Request) -> Response:
        """One athlete: the answer over sessions, and every session."""
        athlete = await self._athlete(request)
        query = request.query_params
        asked = Asked(query.get("metric", METRIC), query.get("placement"), query.get("exercise"))
        state = await asyncio.to_thread(self._library.state, athlete)
        try:
            found = await self._workshop.get((state, asked), overview, self._library.home, athlete, asked)
        except NotReadyError:
            return _waiting(f"new recordings of {athlete.name or athlete.id}")
        metrics = [(metric.name, metric.title) for metric in METRICS if metric.ratio]
        shown = len(found.rows) if "all" in query else SHOWN
        return page(
            "athlete", athlete=athlete, key=key_of(athlete.id), found=found, asked=asked, metrics=metrics,
            rows=found.rows[:shown], hidden=max(len(found.rows) - shown, 0),
            more=request.url.include_query_params(all=1).query,
        )  # fmt: skip

    async def athlete_report(self, request: Request) -> Response:
        """One athlete as a page to print: trends, plan and diary."""
        athlete, today = await self._athlete(request), dt.date.today()
        state = await asyncio.to_thread(self._library.state, athlete)
        try:
            made = await self._workshop.get(
                (state, today), athlete_report, self._library.home, athlete, today
            )
        except NotReadyError:
            return _waiting(f"new recordings of {athlete.name or athlete.id}")
        return _with_way_back(made, *_place_of(athlete))

    async def folder(self, request: Request) -> Response:
        """Recordings in a folder that was named on the command line."""
        folder = self._library.folder(request.path_params["key"])
        if folder is None:
            raise HTTPException(404)
        items = await asyncio.to_thread(self._library.items, folder)
        return page("folder", folder=folder, items=items)

    async def recording(self, request: Request) -> Response:
        """The report of a recording, with a way back."""
        found = await asyncio.to_thread(self._library.recording, request.path_params["key"])
        if found is None:
            raise HTTPException(404)
        path, athlete = found
        state = await asyncio.to_thread(self._library.state_of, path, athlete)
        try:
            made = await self._workshop.get(state, report, path, self._library.home, athlete)
        except NotReadyError:
            return _waiting(path.name)
        if athlete is not None:
            return _with_way_back(made, *_place_of(athlete))
        folder = next(folder for folder in self._library.folders if path.is_relative_to(folder))
        return _with_way_back(made, f"/folders/{key_of(folder)}", folder.name)

    async def _athlete(self, request: Request) -> Athlete:
        athlete = await asyncio.to_thread(self._library.athlete, request.path_params["key"])
        if athlete is None:
            raise HTTPException(404)
        return athlete


def _place_of(athlete: Athlete) -> tuple[str, str]:
    """Address and name of an athlete's page."""
    return f"/athletes/{key_of(athlete.id)}", athlete.name or athlete.id


def _waiting(what: str) -> Response:
    return page("waiting", what=f"Analysing {what}")


def _with_way_back(report: str, back: str, where: str) -> Response:
    """A report, which has a style of its own, with a way back above it."""
    body = report.replace("<body>", "<body>" + text("bar", back=back, where=where), 1)
    return HTMLResponse(body, headers={"Content-Security-Policy": _REPORT_POLICY})
