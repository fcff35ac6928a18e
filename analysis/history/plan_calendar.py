"""A plan as days in a calendar."""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from uuid import NAMESPACE_URL, uuid5

from analysis.history.icalendar import AllDayEvent
from analysis.history.plan import Plan
from analysis.history.routine import Item


def plan_events(plan: Plan) -> tuple[AllDayEvent, ...]:
    """Days of training, recording and review, in order of time.

    A day keeps its name over every plan of a series, so that a newer calendar replaces an older one's days.
    """
    series = uuid5(NAMESPACE_URL, "/".join(("sidewise", plan.aim.athlete, *plan.aim.series())))
    stops = "\n".join(rule.words for rule in plan.stop_rules)

    def event(date: dt.date, kind: str, summary: str, text: str) -> AllDayEvent:
        return AllDayEvent(f"{date:%Y%m%d}-{kind}-{series}@sidewise", date, summary, text)

    events = [
        event(date, "record", "Record both sides", "Three sets of eight or more, before you train.")
        for date in plan.retests
    ]
    command = f"sidewise plan {plan.aim.athlete or 'ATHLETE'} --review"
    events += [event(date, "review", "Review the plan", command) for date in plan.reviews]
    for date, items in groupby(plan.items, key=lambda item: item.date):
        lines = list(items)
        summary = f"Training: {lines[0].side} side first"
        events.append(event(date, "train", summary, "\n".join([*map(_line, lines), stops])))
    return tuple(sorted(events, key=lambda each: each.date))


def _line(item: Item) -> str:
    return f"{item.side}: {item.exercise}, {item.sets} x {item.reps}, load {item.load_percent} %"
