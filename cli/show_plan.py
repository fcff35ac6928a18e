"""A plan as text for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import groupby
from textwrap import fill
from typing import TYPE_CHECKING

from cli.output import WIDTH

if TYPE_CHECKING:
    from analysis.history.plan import Plan
    from analysis.history.review import Review
    from analysis.history.routine import Item, Rule

_TITLES = {"plan": "Plan", "not_yet": "No plan yet", "stop": "No training"}


def plan_text(plan: Plan, review: Review | None = None) -> str:
    """The plan, at most 80 columns wide."""
    blocks = [_head(plan)]
    if review is not None:
        blocks.append(_held(review))
    if plan.items:
        blocks += [_routine(plan), _dates(plan), _rules("Stop rules", plan.stop_rules)]
        blocks.append(_rules("Rules", plan.rules))
    blocks.append("A training aid, not a medical device.")
    return "\n\n".join(blocks)


def _head(plan: Plan) -> str:
    title = _TITLES[plan.status.value]
    if plan.course is not None and plan.items:
        last = plan.end - dt.timedelta(days=1)
        title += f" {plan.course.ratio}, {plan.course.weak_side} side first, {plan.start} to {last}"
    looked = f" This is look number {plan.looks}: each can err." if plan.looks > 1 else ""
    return f"{title}\n{_wrapped(plan.reason + looked)}"


def _held(review: Review) -> str:
    lines = [f"Done: {review.done} of {review.planned} training days; {review.sessions} recordings since."]
    change = review.change
    if change is not None and change.change_percent is not None and change.mdc_percent is not None:
        lines.append(
            f"Change of the difference: {change.change_percent:+.0f} points of percent, + towards the right "
            f"(smallest that counts {change.mdc_percent:.0f}): {change.verdict.value.replace('_', ' ')}."
        )
    if review.reason != review.plan.reason:
        lines.append(review.reason)
    return "\n".join(map(_wrapped, lines))


def _routine(plan: Plan) -> str:
    """One training day, which all are alike, and the rule behind each side's share."""
    _, first_day = next(groupby(plan.items, key=lambda item: item.date))
    lines = ["Each training day, in this order"]
    for _, of_side in groupby(first_day, key=lambda item: item.side):
        items = list(of_side)
        lines += [f"  {_item(item)}" for item in items]
        lines.append(_wrapped(f"{items[0].rule} [{items[0].source}]", indent=4))
    if plan.load_percent != 100:
        lines.append(f"  Load: {plan.load_percent} % of that at the start.")
    lines.append("How")
    lines += [_wrapped(f"{drill.name}: {drill.how}", indent=2) for drill in plan.drills]
    return "\n".join(lines)


def _item(item: Item) -> str:
    return f"{item.side.value:<6} {item.exercise:<36} {item.sets} x {item.reps}"


def _dates(plan: Plan) -> str:
    named = (("Train", plan.days), ("Record again", plan.retests), ("Review", plan.reviews))
    return "\n".join(_wrapped(f"{name}: {_days(days)}", hang=2) for name, days in named if days)


def _days(days: Iterable[dt.date]) -> str:
    return ", ".join(f"{day:%a} {day.day} {day:%b}" for day in days)


def _rules(title: str, rules: Iterable[Rule]) -> str:
    return "\n".join([title, *_bullets(f"{rule.words} [{rule.source}]" for rule in rules)])


def _bullets(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield _wrapped(f"- {text}", indent=2, hang=2)


def _wrapped(text: str, *, indent: int = 0, hang: int = 0) -> str:
    return fill(text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + hang))
