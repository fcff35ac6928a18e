"""Pages from templates, with everything in them escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from analysis.report.numbers import printable
from cli.errors import one_line

TEMPLATES: Final = Path(__file__).parent / "templates"


def page(name: str, status: int = 200, **shown: Any) -> HTMLResponse:
    """One page.

    Parameters
    ----------
    name : str
        Its template, without the ending.
    status : int
        HTTP status.
    **shown
        What the template shows.
    """
    return HTMLResponse(text(name, **shown), status)


def text(name: str, **shown: Any) -> str:
    """HTML of a template."""
    return _environment().get_template(f"{name}.html.j2").render(**shown)


def failure(status: int, message: str) -> HTMLResponse:
    """A page of one line that says what went wrong."""
    return page("error", status, message=one_line(message))


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: printable(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
