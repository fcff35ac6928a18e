"""Compare before with after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import common
from cli.history import choose_sessions, diary_of, history_options
from cli.output import console, print_json
from sensing.errors import UsageError

if TYPE_CHECKING:
    import datetime as dt

    from analysis.history.athlete import Athlete

_EXAMPLE = """
    sidewise compare a01 --before 2026-03 --after 2026-05
    sidewise compare a01 --before 2026-03-01..2026-03-14 --after 2026-06-02
    sidewise compare a01 --therapy massage
    sidewise compare --folder recordings
"""


@common.command("compare", example=_EXAMPLE)
@history_options
@common.option("--before", metavar="WHEN", help="A day, month, year, FROM..TO, or a tag.")
@common.option("--after", metavar="WHEN", help="The same.")
@common.option("--therapy", metavar="KIND", help="Only days with this entry in the diary.")
@common.option("--json", "as_json", is_flag=True, help="Print JSON (sidewise.compare/1).")
def command(
    metric: str, before: str | None, after: str | None, therapy: str | None, as_json: bool, **chosen: Any
) -> None:
    """Compare the difference between the sides before and after.

    Two times, with --before and --after: the interval then holds what putting the sensors on anew does.
    Without them, recordings tagged before and after, with the sensors left on (one --mount) and a recording
    tagged rest that shows how much changes by itself.
    """
    from analysis.history.compare import compare_means, compare_therapy
    from analysis.history.periods import split

    if (before is None) != (after is None):
        raise UsageError("--before and --after belong together; give both, or neither")
    if therapy is not None and before is not None:
        raise UsageError(
            "--therapy compares recordings tagged before and after; leave out --before and --after"
        )
    found = choose_sessions(**chosen)
    sessions = found.choice.sessions
    if before is not None and after is not None and {before, after} != {"before", "after"}:
        kind = "periods"
        result = compare_means(*split(sessions, before, after), metric)
    else:
        kind = "tags" if therapy is None else therapy
        days = None if therapy is None else _days_of(therapy, found.athlete, chosen["home"])
        result = compare_therapy(sessions, metric, days)
    if as_json:
        choice = found.choice
        about = {"kind": kind, "placement": choice.placement.value, "exercise": choice.exercise or None}
        print_json(result.to_dict() | about)
    else:
        from cli.show_history import show_change

        show_change(console(), result, found.choice)


def _days_of(therapy: str, athlete: Athlete | None, home: Path) -> set[dt.date]:
    """Days on which the diary has such an entry."""
    from analysis.history.diary import Kind

    if athlete is None:
        raise UsageError("--therapy looks into an athlete's diary; name an athlete that was added")
    if therapy not in tuple(Kind):
        raise UsageError(f"the diary knows no {therapy!r}; use {', '.join(Kind)}")
    days = {entry.date for entry in diary_of(home, athlete) if entry.kind == therapy}
    if not days:
        raise UsageError(f"the diary of {athlete.id} has no {therapy}; add one with 'sidewise diary add'")
    return days
