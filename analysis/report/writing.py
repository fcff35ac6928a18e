"""Writing a report to files: all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from analysis.report.figures import Trend
from analysis.report.html import render_html
from analysis.report.page import render_page
from analysis.results import Analysis
from sensing.errors import UsageError
from sensing.files import write_file

FORMATS: Final = ("html", "png")
"""File formats of a report."""


def render_png(analysis: Analysis, path: Path | str, *, history: Trend | None = None) -> None:
    """Write the report as one picture in the shape of an A4 page, all of it or nothing.

    Parameters
    ----------
    analysis : Analysis
        What to report.
    path : Path or str
        The PNG file, replaced where it exists.
    history : Trend, optional
        Sessions up to this one; without it the trend panel is left out.

    Raises
    ------
    UsageError
        If the file cannot be written.
    """
    write_file(Path(path), render_page(analysis, history=history))


def write_report(
    analysis: Analysis,
    folder_or_path: Path | str,
    formats: Sequence[str] = FORMATS,
    name: str | None = None,
    *,
    history: Trend | None = None,
) -> tuple[Path, ...]:
    """Write the report into a folder, or to one file.

    Parameters
    ----------
    analysis : Analysis
        What to report.
    folder_or_path : Path or str
        A folder, made where it is missing; or a file ending in ``.html`` or ``.png``, which then decides
        the format and the name.
    formats : sequence of str
        ``html`` and ``png``.
    name : str, optional
        File name without its ending; ``report`` where not given.
    history : Trend, optional
        Sessions up to this one, for the trend panel.

    Returns
    -------
    tuple of Path
        The files written, in the order of ``formats``.

    Raises
    ------
    UsageError
        If a format is unknown, or a file cannot be written.
    """
    target = Path(folder_or_path)
    if target.suffix.lower().removeprefix(".") in FORMATS and not target.is_dir():
        paths = {target.suffix.lower().removeprefix("."): target}
    else:
        paths = {form: target / f"{name or 'report'}.{form}" for form in formats}
    if unknown := [form for form in paths if form not in FORMATS]:
        raise UsageError(f"unknown report format {unknown[0]!r}; use one of {', '.join(FORMATS)}")
    for form, path in paths.items():
        if form == "html":
            write_file(path, render_html(analysis, history=history).encode("utf-8", "replace"))
        else:
            write_file(path, render_page(analysis, history=history))
    return tuple(paths.values())
