"""What pages say about an athlete or a recording; these functions run in processes of their own."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from analysis.history.athlete import Athlete, athlete_folder
from analysis.history.index import history
from analysis.history.pooling import Pooled
from analysis.history.sessions import Choice, Session, choose
from analysis.history.trend import Point, Trend, trend
from analysis.history.usual import hold_against_sport
from analysis.report.numbers import MISSING, sided, sided_interval
from analysis.report.verdicts import verdict_words
from analysis.results import Metric
from cli.live_state import scale_for
from cli.serving.library import key_of
from cli.serving.line import NOWHERE, Mark, mark
from sensing.recording import Interval

METRIC: Final = "angle_travelled"
"""What is followed where nothing else is asked for."""


@dataclass(frozen=True)
class Asked:
    """Which sessions and which metric; None leaves the choice of sessions to what there is most of."""

    metric: str
    placement: str | None = None
    exercise: str | None = None


@dataclass(frozen=True)
class Row:
    """One session, or all together, in words and as a place on a line."""

    when: str
    key: str
    about: str
    side: str
    difference: str
    interval: str
    verdict: str
    mark: Mark


@dataclass(frozen=True)
class Group:
    """Sessions of one exercise and placement."""

    placement: str
    exercise: str
    title: str
    sessions: int
    chosen: bool


@dataclass(frozen=True)
class Overview:
    """An athlete's sessions on one page; all but ``notes`` is empty where there are none.

    Attributes
    ----------
    notes : tuple of str
        What was left out, worth saying.
    groups : tuple of Group
        What may be chosen.
    answer : str
        The answer over all sessions of the group.
    facts : tuple of str
        What else is known.
    together : Row or None
        The answer over all sessions.
    rows : tuple of Row
        Sessions, the latest first.
    scale : str
        What either end of the line means.
    own, sport : Mark
        Where the latest session was to be expected, and what the sport makes usual.
    sport_name : str
        The sport.
    """

    notes: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    answer: str = ""
    facts: tuple[str, ...] = ()
    together: Row | None = None
    rows: tuple[Row, ...] = ()
    scale: str = ""
    own: Mark = NOWHERE
    sport: Mark = NOWHERE
    sport_name: str = ""


def overview(home: Path, athlete: Athlete, asked: Asked) -> Overview:
    """Everything about an athlete's sessions; new recordings are analysed first.

    Raises
    ------
    UsageError
        The index cannot be written, there are no such sessions, or the metric cannot be followed.
    """
    from analysis.report.trend_words import answer, facts

    found = history(home, athlete)
    if not found.sessions:
        return Overview(found.notes)
    choice = choose(found.sessions, asked.placement, asked.exercise)
    result = trend(choice.sessions, asked.metric)
    sport = hold_against_sport(result.pooled, choice.sessions, athlete)
    pooled = result.pooled
    usual = sport.match.band_percent if sport.match else None
    scale = _scale(result, usual)
    return Overview(
        notes=found.notes,
        groups=_groups(found.sessions, choice),
        answer=answer(pooled, choice, sport),
        facts=tuple(facts(result, sport)),
        together=_row("together", pooled, pooled.ci95_percent, scale),
        rows=tuple(_session_row(point, scale) for point in reversed(result.points)),
        scale=f"{scale} %",
        own=mark(None, result.own_band, scale),
        sport=mark(None, usual, scale),
        sport_name=sport.sport,
    )


def report(path: Path, home: Path, athlete: Athlete | None) -> str:
    """The report of a recording as a web page; with an athlete's earlier sessions where it is theirs.

    Raises
    ------
    BadInput, UsageError
        As `sensing.open_recording` and `analysis.analyse`.
    """
    from analysis import analyse
    from analysis.history.diary import read_diary
    from analysis.report import render_html, trend_up_to
    from sensing import open_recording

    analysis = analyse(open_recording(path), athlete.settings if athlete else None)
    if athlete is None:
        return render_html(analysis)
    sessions, diary = history(home, athlete).sessions, read_diary(athlete_folder(home, athlete.id)).entries
    return render_html(analysis, history=trend_up_to(analysis, sessions, diary))


def athlete_report(home: Path, athlete: Athlete, today: dt.date) -> str:
    """The report of an athlete as a web page: trends, plan and diary.

    Raises
    ------
    UsageError
        No session can be shown.
    """
    from analysis.history.diary import read_diary
    from analysis.history.plan_files import plans
    from analysis.report import render_athlete_html, view_athlete

    folder = athlete_folder(home, athlete.id)
    found = history(home, athlete)
    return render_athlete_html(
        view_athlete(athlete, found.sessions, read_diary(folder).entries, plans(folder), today=today)
    )


def _groups(sessions: tuple[Session, ...], choice: Choice) -> tuple[Group, ...]:
    from analysis.report.trend_words import what

    counts = Counter((session.placement, session.exercise) for session in sessions)
    return tuple(
        Group(
            placement.value,
            exercise,
            what(Choice((), placement, exercise)),
            sessions=n,
            chosen=(placement, exercise) == (choice.placement, choice.exercise),
        )
        for (placement, exercise), n in counts.most_common()
    )


def _row(
    when: str, judged: Metric | Pooled | None, interval: Interval | None, scale: float, *, key: str = "",
    about: str = "",
) -> Row:  # fmt: skip
    if judged is None:
        return Row(when, key, about, "", MISSING, MISSING, MISSING, NOWHERE)
    value = judged.index_percent
    return Row(
        when,
        key,
        about,
        "" if not value else ("right" if value > 0 else "left"),
        sided(value, 1),
        sided_interval(interval, 1),
        verdict_words(judged.verdict, judged.side, judged.grade),
        mark(value, interval, scale),
    )


def _session_row(point: Point, scale: float) -> Row:
    session, day = point.session, point.session.day
    when = Path(session.path).name if day is None else f"{day.day} {day:%b %Y}"
    row = _row(when, point.row, point.ci95_percent, scale, key=key_of(session.path), about=session.tag)
    return row if point.pooled else replace(row, verdict=f"{row.verdict} *")


def _scale(result: Trend, sport: Interval | None) -> int:
    shown = [point.ci95_percent for point in result.points]
    shown += [result.pooled.ci95_percent, result.own_band, sport]
    return scale_for(max((abs(end) for pair in shown if pair for end in pair), default=1.0))
