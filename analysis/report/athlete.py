"""What the page of one athlete shows: sessions that belong together, the answer over them, and the plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from analysis.history import trend as history_trend
from analysis.history.athlete import Athlete
from analysis.history.diary import Entry
from analysis.history.plan import Plan, Status
from analysis.history.pooling import Pooled, ratio_metrics
from analysis.history.review import review
from analysis.history.sessions import Choice, Session, choose, in_order
from analysis.history.usual import SportAnswer, hold_against_sport
from analysis.metrics import METRICS
from analysis.report import trend_words, words
from analysis.report.numbers import MISSING, sided, sided_interval
from analysis.report.trend import MOST_POINTS, Trend, TrendMark, marks_of, trend_of
from analysis.report.verdicts import verdict_words
from analysis.results import VerdictWord
from sensing.errors import UsageError

MOST_TRENDS: Final = 4
"""Metrics that are followed unless others are asked for."""

MOST_SESSIONS: Final = 12
"""Sessions in the table."""

MOST_ENTRIES: Final = 6
"""Entries of the diary beside the plan."""

_FEW_POINTS: Final = 16
"""Sessions that can be told apart in a small picture."""

NO_PLAN: Final = ("No plan", "None was made for this athlete.")
NO_DIARY: Final = "Nothing was written down."

_PLAN_TITLES: Final = {Status.NOT_YET: "No plan yet", Status.STOP: "No training"}


@dataclass(frozen=True)
class Followed:
    """Sessions of one placement and exercise, and the answer over them.

    Attributes
    ----------
    choice : Choice
        The sessions.
    pooled : Pooled
        The answer of the main metric.
    sport : SportAnswer
        What the sport makes of it.
    facts : tuple of str
        What else is known of it, a sentence each.
    trends : tuple of Trend
        The metrics that are followed, the main one first.
    looks : int
        How often an answer could have been looked at so far; every look can err.
    """

    choice: Choice
    pooled: Pooled
    sport: SportAnswer
    facts: tuple[str, ...]
    trends: tuple[Trend, ...]
    looks: int

    @property
    def name(self) -> str:
        """``squat on the thigh``."""
        return trend_words.what(self.choice)


@dataclass(frozen=True)
class AthleteView:
    """One athlete on a page.

    Attributes
    ----------
    athlete : Athlete
        Who.
    groups : tuple of Followed
        By placement and exercise, the one with the most sessions first.
    sessions : tuple of Session
        Every session, in order of time.
    plan : tuple of str
        The latest plan and its state, a title and sentences; empty where there is none.
    diary : tuple of TrendMark
        The latest entries of the diary, the newest first.
    """

    athlete: Athlete
    groups: tuple[Followed, ...]
    sessions: tuple[Session, ...]
    plan: tuple[str, ...]
    diary: tuple[TrendMark, ...] = ()

    @property
    def leading(self) -> Followed:
        """What there is most of."""
        return self.groups[0]


def view_athlete(
    athlete: Athlete,
    sessions: Sequence[Session],
    diary: Sequence[Entry] = (),
    plans: Sequence[Plan] = (),
    *,
    metrics: Sequence[str] = (),
    today: dt.date,
) -> AthleteView:
    """What the page of an athlete shows.

    Parameters
    ----------
    athlete : Athlete
        Who.
    sessions : sequence of Session
        All of them.
    diary : sequence of Entry
        Their diary, by date.
    plans : sequence of Plan
        Their plans, the oldest first.
    metrics : sequence of str
        What is followed, the main one first; the main measures if not said.
    today : datetime.date
        Up to when the plan is held against what was done.

    Raises
    ------
    UsageError
        No session can be shown, or a metric cannot be followed.
    """
    keys = dict.fromkeys((session.placement, session.exercise) for session in sessions)
    choices = [choose(sessions, *key) for key in keys]
    followed = [_follow(choice, athlete, diary, metrics) for choice in choices]
    groups = sorted((one for one in followed if one), key=lambda one: -len(one.choice.sessions))
    if not groups:
        raise UsageError(f"no session of {athlete.id} can be followed; record both sides, three sets or more")
    return AthleteView(
        athlete=athlete,
        groups=tuple(groups),
        sessions=in_order(sessions),
        plan=_plan(plans, sessions, diary, today),
        diary=marks_of(diary)[: -MOST_ENTRIES - 1 : -1],
    )


def _follow(
    choice: Choice, athlete: Athlete, diary: Sequence[Entry], metrics: Sequence[str]
) -> Followed | None:
    main = {spec.name for spec in METRICS if spec.primary}
    there = sorted(ratio_metrics(choice.sessions), key=lambda name: name not in main)
    chosen = list(metrics) or there[:MOST_TRENDS]
    if not chosen:
        return None
    found = history_trend.trend(choice.sessions, chosen[0])
    sport = hold_against_sport(found.pooled, choice.sessions, athlete)
    return Followed(
        choice=choice,
        pooled=found.pooled,
        sport=sport,
        facts=_facts(found, sport),
        # The sport's band is that of the main metric.
        trends=(
            trend_of(choice.sessions, chosen[0], sport, diary, most=MOST_POINTS),
            *(trend_of(choice.sessions, name, most=_FEW_POINTS) for name in chosen[1:]),
        ),
        looks=found.looks,
    )


def _facts(found: history_trend.Trend, sport: SportAnswer) -> tuple[str, ...]:
    if not any(point.pooled for point in found.points):
        return ("None of these sessions could be judged. Check the sensors and record again.",)
    return tuple(fact for fact in trend_words.facts(found, sport) if fact != trend_words.NOT_JUDGED)


def _plan(
    plans: Sequence[Plan], sessions: Sequence[Session], diary: Sequence[Entry], today: dt.date
) -> tuple[str, ...]:
    """The latest plan: what it asks for, how much of it was done, and how it goes on."""
    if not plans:
        return ()
    plan = plans[-1]
    if plan.course is None or plan.status is not Status.PLAN:
        return _PLAN_TITLES.get(plan.status, "Plan"), plan.reason
    last = plan.end - dt.timedelta(days=1)
    alike = [s for s in sessions if (s.placement, s.exercise) == (plan.aim.placement, plan.aim.exercise)]
    state = review(plan, alike, diary, today)
    return (
        f"Plan {plan.course.ratio}, {plan.course.weak_side} side first",
        f"{plan.start} to {last}.",
        f"{state.done} of {state.planned} training days done so far.",
        state.reason,
    )


def headline(view: AthleteView) -> str:
    """The answer over all sessions of the leading group in one short line."""
    pooled, placement = view.leading.pooled, view.leading.choice.placement
    one, both = words.limb_at(placement), words.limb_at(placement, plural=True)
    amount = sided(pooled.index_percent, 1)
    return words.headline_of(pooled.verdict, pooled.side, one, both, pooled.metric, amount)


def pill(view: AthleteView) -> str:
    """Grade of a difference, and how it reads for the sport."""
    pooled, sport = view.leading.pooled, view.leading.sport
    if pooled.verdict is not VerdictWord.ASYMMETRIC:
        return ""
    return words.status_of(pooled.verdict, pooled.grade, sport.match)


def lead(view: AthleteView) -> str:
    """What stands below the headline: what the answer rests on."""
    pooled, name = view.leading.pooled, view.leading.name
    over = trend_words.counted(pooled.sessions, "session")
    left_out = f" ({pooled.left_out} more could not be judged)" if pooled.left_out else ""
    if pooled.verdict is VerdictWord.NOT_ASSESSABLE:
        return f"{name.capitalize()}: {pooled.reason}."
    mounted = trend_words.counted(pooled.mountings, "mounting")
    interval = sided_interval(pooled.ci95_percent, 1)
    said = f"{words.label(pooled.metric)} of {name}, {over} in {mounted}{left_out}: 95 % interval {interval}."
    said = f"{trend_words.reading(pooled, view.leading.sport)} {said}".lstrip()
    if pooled.verdict is VerdictWord.INCONCLUSIVE:
        said += f" {pooled.reason.capitalize()}."
    looks = view.leading.looks
    return f"{said} This is look {looks}: only the latest answer counts." if looks > 1 else said


def subtitle(view: AthleteView) -> list[str]:
    """Who, and from when to when."""
    athlete = view.athlete
    who = [
        athlete.id if athlete.name else "",
        f"{athlete.dominant} side dominant" if athlete.dominant else "",
        athlete.sport,
    ]
    days = [session.day for session in view.sessions if session.day]
    span = " to ".join(dict.fromkeys((_day(days[0]), _day(days[-1])))) if days else ""
    groups = [", ".join(filter(None, who)), trend_words.counted(len(view.sessions), "session"), span]
    return [group for group in groups if group]


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%b %Y}"


SESSION_HEADS: Final = ("Day", "Difference", "Answer", "95 % interval", "What", "Data", "Tag")


def diary_lines(view: AthleteView) -> list[str]:
    """The latest entries of the diary, the newest first."""
    return [f"{_day(mark.when)}: {mark.what}" for mark in view.diary]


def sessions_title(view: AthleteView) -> str:
    """``Latest sessions: angle travelled``."""
    return f"Latest sessions: {words.label(view.leading.pooled.metric).lower()}"


def session_rows(view: AthleteView) -> list[tuple[str, ...]]:
    """The latest sessions, the newest first, each by the main metric."""
    metric = view.leading.pooled.metric
    made: list[tuple[str, ...]] = []
    for session in view.sessions[::-1][:MOST_SESSIONS]:
        row = session.metric(metric)
        made.append(
            (
                MISSING if session.day is None else session.day.isoformat(),
                MISSING if row is None else words.Effect(row).text,
                MISSING if row is None else verdict_words(row.verdict, row.side, None),
                MISSING if row is None else words.Effect(row).interval_text,
                trend_words.what(Choice((), session.placement, session.exercise)),
                session.grade,
                session.tag,
            )
        )
    return made


def glossary(view: AthleteView) -> list[tuple[str, str]]:
    """(word, meaning) of the words this page uses."""
    said = [
        ("Difference", "(right − left) ÷ mean of both. L or R names the side with more; even is none."),
        ("95 % interval", "where the true value likely lies."),
        ("Own range", "where the latest session was to be expected, by the earlier ones."),
        ("Mounting", "one putting-on of the sensors; a bar below joins the sessions of one."),
        ("Hollow", "a session that could not be judged, and is not in the answer."),
    ]
    if view.leading.trends[0].marks:
        said.append(("▼", "an entry of the diary."))
    if view.leading.pooled.verdict is VerdictWord.INCONCLUSIVE:
        said.append(("Not clear yet", "the range of likely values is too wide (inconclusive)."))
    return said
