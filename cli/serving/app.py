"""The application: its pages, its guard, and what it says when something goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from cli.serving.library import Library
from cli.serving.live import Live
from cli.serving.pages import Pages
from cli.serving.rendering import failure
from cli.serving.security import STATIC, Access, Guard
from cli.serving.studio import Studio
from cli.serving.workshop import Workshop
from sensing.errors import SidewiseError, UsageError

_FILES: Final = Path(__file__).parent / "static"
_SAID: Final = {
    404: "there is no such page; go back to the athletes",
    405: "this page cannot be asked that way",
}


def make_app(
    library: Library,
    studio: Studio,
    workshop: Workshop,
    access: Access,
    source: str,
    port: int,
    on_error: Callable[[Exception], object],
) -> Guard:
    """The application behind its guard.

    Parameters
    ----------
    library : Library
        What may be shown.
    studio : Studio
        Records.
    workshop : Workshop
        Does what takes long.
    access : Access
        Secrets of this run.
    source : str
        What is recorded, as the command line names it.
    port : int
        Port that is listened on.
    on_error : callable
        Told of every error that nobody expected.
    """

    async def unexpected(request: Request, error: Exception) -> Response:
        on_error(error)
        return failure(500, f"unexpected {type(error).__name__}; the terminal says more")

    app = Starlette(
        routes=[
            *Pages(library, workshop).routes(),
            *Live(studio, library, access, source).routes(),
            Mount(STATIC.rstrip("/"), StaticFiles(directory=_FILES)),
        ],
        exception_handlers={HTTPException: _http, SidewiseError: _known, Exception: unexpected},
    )
    return Guard(app, access, port)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = failure(error.status_code, _SAID.get(error.status_code, error.detail))
    answer.headers.update(error.headers or {})
    return answer


async def _known(request: Request, error: Exception) -> Response:
    return failure(400 if isinstance(error, UsageError) else 422, str(error))
