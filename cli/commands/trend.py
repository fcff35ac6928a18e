"""Follow the difference over sessions."""

from __future__ import annotations

from typing import Any

from cli import common
from cli.history import choose_sessions, diary_of, history_options
from cli.output import console, print_json, state

_EXAMPLE = """
    sidewise trend a01
    sidewise trend a01 --placement shank --metric peak_angular_velocity
    sidewise trend --folder recordings --json
"""


@common.command("trend", example=_EXAMPLE)
@history_options
@common.option("--json", "as_json", is_flag=True, help="Print JSON (sidewise.trend/1).")
def command(metric: str, as_json: bool, **chosen: Any) -> None:
    """Follow the difference between the sides over an athlete's sessions.

    New recordings in the athlete's folders are analysed first. All sessions together give one answer, which
    is surer than that of each. Entries of the diary stand among them.
    """
    from analysis.history.trend import trend
    from analysis.history.usual import hold_against_sport

    found = choose_sessions(**chosen)
    choice = found.choice
    result = trend(choice.sessions, metric)
    sport = hold_against_sport(result.pooled, choice.sessions, found.athlete)
    days = [session.day for session in choice.sessions if session.day is not None]
    entries = [e for e in diary_of(chosen["home"], found.athlete) if days and e.date >= days[0]]
    if as_json:
        about = {"placement": choice.placement.value, "exercise": choice.exercise or None}
        diary = {"diary": [entry.to_dict() for entry in entries]}
        print_json(result.to_dict() | about | sport.to_dict() | diary)
    else:
        from cli.show_history import show_trend

        show_trend(console(), result, choice, sport, entries, every=state().verbose)
