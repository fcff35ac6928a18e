"""Sessions as a report shows them: where each stands, what is usual, and what went on meanwhile."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from analysis.history.diary import Entry
from analysis.history.sessions import Session, choose, in_order, session_of
from analysis.history.trend import Point, trend
from analysis.history.usual import SportAnswer, hold_against_sport
from analysis.report.words import focus, label
from analysis.results import Analysis
from sensing.recording import Interval

MOST_POINTS: Final = 40
"""Sessions that can be told apart in a picture."""


@dataclass(frozen=True)
class TrendPoint:
    """One session.

    Attributes
    ----------
    when : datetime.date or None
        Its day.
    index_percent : float or None
        The difference, + meaning right more; None where it has no value.
    interval_percent : (low, high) or None
        Its 95 % interval.
    judged : bool
        False where it could not be judged, and so stands there alone.
    mounting : str
        Equal for sessions between which the sensors were left on; empty where it has its own.
    """

    when: dt.date | None
    index_percent: float | None
    interval_percent: Interval | None = None
    judged: bool = True
    mounting: str = ""


@dataclass(frozen=True)
class TrendMark:
    """Something in the diary."""

    when: dt.date
    what: str


@dataclass(frozen=True)
class Trend:
    """One metric over sessions, oldest first.

    Attributes
    ----------
    title : str
        The metric as people read it.
    points : tuple of TrendPoint
        Every session.
    usual_percent : (low, high) or None
        Where the athlete's own sessions were to be expected.
    sport_percent : (low, high) or None
        What the sport makes usual.
    marks : tuple of TrendMark
        The diary meanwhile.
    """

    title: str
    points: tuple[TrendPoint, ...]
    usual_percent: Interval | None = None
    sport_percent: Interval | None = None
    marks: tuple[TrendMark, ...] = ()


def trend_title(trend: Trend) -> str:
    """``Angle travelled, last 8 sessions``."""
    count = len(trend.points)
    return f"{trend.title}, last {count} sessions" if count > 1 else f"{trend.title}, one session"


def trend_of(
    sessions: Sequence[Session],
    metric: str,
    sport: SportAnswer | None = None,
    diary: Iterable[Entry] = (),
    *,
    most: int = MOST_POINTS,
) -> Trend:
    """One metric over sessions of one placement and exercise, in order of time, as a report shows it.

    Parameters
    ----------
    sessions : sequence of Session
        At least one.
    metric : str
        A metric that is compared as a ratio.
    sport : SportAnswer, optional
        What the sport makes of the pooled answer.
    diary : iterable of Entry
        Entries from the first session that is shown on are marked.
    most : int
        How many of the latest sessions are shown.

    Raises
    ------
    UsageError
        The metric cannot be followed.
    """
    found, shown = trend(sessions, metric), sessions[-most:]
    shared = {name for name, n in Counter(session.mounting for session in sessions).items() if n > 1}
    days = [session.day for session in shown if session.day is not None]
    return Trend(
        title=label(metric),
        points=tuple(_point(point, shared) for point in found.points[-most:]),
        usual_percent=found.own_band,
        sport_percent=sport.match.band_percent if sport and sport.match else None,
        marks=marks_of(e for e in diary if days and e.date >= days[0]),
    )


def _point(point: Point, shared: set[str]) -> TrendPoint:
    mounting = point.session.mounting
    return TrendPoint(
        point.session.day,
        None if point.row is None else point.row.index_percent,
        point.ci95_percent,
        point.pooled,
        mounting if mounting in shared else "",
    )


def marks_of(diary: Iterable[Entry]) -> tuple[TrendMark, ...]:
    """Entries of a diary, each in a few words."""
    return tuple(TrendMark(entry.date, entry_words(entry)) for entry in diary)


def entry_words(entry: Entry) -> str:
    """A diary entry in a few words: what, how much pain, where."""
    pain = "" if entry.pain is None else f"pain {entry.pain}/10"
    kind = entry.kind.value.replace("_", " ")
    return ", ".join(filter(None, ("" if kind == "pain" and pain else kind, pain, entry.place)))


def trend_up_to(analysis: Analysis, sessions: Iterable[Session], diary: Iterable[Entry] = ()) -> Trend | None:
    """The sessions of one athlete up to an analysed recording, itself the last one.

    Parameters
    ----------
    analysis : Analysis
        The recording that is reported.
    sessions : iterable of Session
        Any of the same athlete; those of another placement or exercise are left out.
    diary : iterable of Entry
        The athlete's diary.

    Returns
    -------
    Trend or None
        None where there is no other session, the recording has no date, or nothing can be followed.
    """
    now, row = session_of(analysis), focus(analysis)
    if now.date is None or row is None or row.log_ratio is None:
        return None
    moment = now.date.timestamp()
    earlier = [s for s in sessions if s.date and s.date.timestamp() < moment and s.path != now.path]
    alike = [s for s in earlier if (s.placement, s.exercise) == (now.placement, now.exercise)]
    if not alike:
        return None
    chosen = choose(in_order([*alike, now])).sessions
    made = trend(chosen, row.name)
    return trend_of(chosen, row.name, hold_against_sport(made.pooled, chosen), diary)
