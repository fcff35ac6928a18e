"""Writing a report to files: all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from analysis.report.html import render_html
from analysis.report.page import render_page
from analysis.report.trend import Trend
from analysis.results import Analysis
from sensing.errors import UsageError
from sensing.files import write_file

FORMATS: Final = ("html", "png", "pdf")
"""File formats of a report."""

USUAL: Final = FORMATS[:2]
"""Those that are written into a folder unless others are asked for."""


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
    formats: Sequence[str] = USUAL,
    name: str | None = None,
    *,
    history: Trend | None = None,
    again: str | None = None,
) -> tuple[Path, ...]:
    """Write the report into a folder, or to one file.

    Parameters
    ----------
    analysis : Analysis
        What to report.
    folder_or_path : Path or str
        A folder, made where it is missing; or a file ending in ``.html``, ``.png`` or ``.pdf``, which then
        decides the format and the name.
    formats : sequence of str
        ``html``, ``png`` and ``pdf``; the last needs the extra of that name.
    name : str, optional
        File name without its ending; ``report`` where not given.
    history : Trend, optional
        Sessions up to this one, for the trend panel.
    again : str, optional
        The command that makes this report again, where it is known.

    Returns
    -------
    tuple of Path
        The files written, in the order of ``formats``.

    Raises
    ------
    UsageError
        If a format is unknown or its extra is missing, or a file cannot be written.
    """

    def rendered(form: str) -> bytes:
        if form == "html":
            return render_html(analysis, history=history, again=again).encode("utf-8", "replace")
        return render_page(analysis, form, history=history, again=again)

    return write_pages(rendered, folder_or_path, formats, name or "report")


def write_pages(
    rendered: Callable[[str], bytes], folder_or_path: Path | str, formats: Sequence[str], name: str
) -> tuple[Path, ...]:
    """Write one page in each format, all of them or none; see `write_report`."""
    target = Path(folder_or_path)
    ending = target.suffix.lower().removeprefix(".")
    # "page.docx" names a file that cannot be written; "results.v2" may well be a folder.
    if ending.isalpha() and len(ending) <= 4 and not target.is_dir():
        paths = {ending: target}
    else:
        paths = {form: target / f"{name}.{form}" for form in formats}
    if unknown := [form for form in paths if form not in FORMATS]:
        raise UsageError(f"unknown report format {unknown[0]!r}; use one of {', '.join(FORMATS)}")
    made = {path: rendered(form) for form, path in paths.items()}
    for path, content in made.items():
        write_file(path, content)
    return tuple(made)
