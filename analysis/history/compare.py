"""Before against after: periods with the sensors put on anew, or a therapy with the sensors left on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from analysis.history.pooling import Contrast, Pooled, contrast, levels, pool, usable, weigh
from analysis.history.sessions import Session
from analysis.inference import t_quantile
from analysis.symmetry import symmetry_index
from sensing.errors import UsageError
from sensing.recording import Interval

SCHEMA: Final = "sidewise.compare/1"
BEFORE, AFTER, REST = "before", "after", "rest"

DAY_SD: Final = 0.02
"""SD of ln(right / left) from day to day beyond mounting, where one mounting a period cannot show any.

An assumption: people differ from day to day, and repeated mountings in a period replace it.
"""


class ChangeWord(StrEnum):
    """The four answers a comparison over time can have."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    INCONCLUSIVE = "inconclusive"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True)
class Change:
    """How one metric's difference between the sides changed.

    Attributes
    ----------
    metric : str
        Name.
    verdict : ChangeWord
        ``unchanged`` if the 90 % interval lies within +-delta (tested first), ``changed`` if the 95 %
        interval excludes no change, ``cannot_tell`` where no number would mean what is asked.
    reason : str
        Why.
    before, after : Pooled or None
        Both periods.
    change_percent : float or None
        Index after less index before, in points of index percent; + towards more on the right.
    ci95 : (low, high) or None
        Its 95 % interval, points.
    mdc_percent : float or None
        The smallest change these recordings can show, points.
    control_percent : float or None
        For a therapy: the change over rest alone, which ``change_percent`` has taken off.
    """

    metric: str
    verdict: ChangeWord
    reason: str
    before: Pooled | None = None
    after: Pooled | None = None
    change_percent: float | None = None
    ci95: Interval | None = None
    mdc_percent: float | None = None
    control_percent: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return {
            "schema": SCHEMA,
            "metric": self.metric,
            "change_percent": self.change_percent,
            "ci95": self.ci95,
            "mdc_percent": self.mdc_percent,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "control_percent": self.control_percent,
            "before": None if self.before is None else self.before.to_dict(),
            "after": None if self.after is None else self.after.to_dict(),
        }


def compare_means(before: Sequence[Session], after: Sequence[Session], metric: str) -> Change:
    """Two periods with the sensors put on anew: what remounting does is in the interval.

    Raises
    ------
    UsageError
        The metric cannot be followed.
    """
    pools = pool(before, metric), pool(after, metric)
    groups = [levels(sessions, metric) for sessions in (before, after)]
    for name, found, group in zip((BEFORE, AFTER), pools, groups, strict=True):
        if not group:
            reason = f"nothing {name} can be judged: {found.reason}"
            return Change(metric, ChangeWord.CANNOT_TELL, reason, *pools)
    if all(len(group) == 1 for group in groups):
        groups = [tuple(replace(one, remount=one.remount + DAY_SD**2) for one in group) for group in groups]
    return _judged(metric, contrast((-1.0, groups[0]), (1.0, groups[1])), *pools)


def compare_therapy(
    sessions: Sequence[Session], metric: str, days: Collection[dt.date] | None = None
) -> Change:
    """Before against after a therapy, by recordings tagged ``before``, ``after`` and ``rest``.

    Parameters
    ----------
    sessions : sequence of Session
        One athlete, placement and exercise.
    metric : str
        A metric that is compared as a ratio.
    days : collection of date, optional
        Days of the therapy; recordings of other days then only serve as rest control.

    Returns
    -------
    Change
        What the difference changed by beyond what it changes by over rest. ``cannot_tell`` without a mount
        that was recorded before and after, or without a rest control: a mount recorded before and after
        resting, which is a recording tagged ``rest`` and the one next to it.

    Raises
    ------
    UsageError
        No recordings are tagged before and after, or the metric cannot be followed.
    """
    meant = [session for session in sessions if days is None or session.day in days]
    before, after = ([s for s in meant if s.tag == tag] for tag in (BEFORE, AFTER))
    if not before or not after:
        raise UsageError(
            "no recordings tagged before and after here; tag them with --tag, or say --before and --after"
        )
    pools = pool(before, metric), pool(after, metric)
    mounts: dict[tuple[dt.date | None, str], list[Session]] = {}
    for session in sessions:
        if session.tag in (BEFORE, AFTER, REST) and session.mount and usable(session, metric):
            mounts.setdefault((session.day, session.mount), []).append(session)
    effects = {
        key: weights
        for key, group in mounts.items()
        if (days is None or key[0] in days) and (weights := _effect(group))
    }
    controls = {key: weights for key, group in mounts.items() if (weights := _control(group))}
    if refusal := _refusal(before, after, effects, controls, pools):
        return Change(metric, ChangeWord.CANNOT_TELL, refusal, *pools)
    rested = [weigh(weights, metric) for weights in controls.values()]
    both = effects.keys() & controls.keys()
    if both:
        # What both share, such as the recording before, must not count as two independent ones.
        nets = [weigh(_less(effects[key], controls[key]), metric) for key in sorted(both, key=str)]
        found = contrast((1.0, nets))
    else:
        found = contrast((1.0, [weigh(w, metric) for w in effects.values()]), (-1.0, rested))
    control = contrast((1.0, rested)).d
    return _judged(metric, found, *pools, control=control)


_Weights = list[tuple[float, Session]]


def _effect(group: Sequence[Session]) -> _Weights:
    """After less before, in one mount; empty where either is not there."""
    sides = [[s for s in group if s.tag == tag] for tag in (BEFORE, AFTER)]
    if not all(sides):
        return []
    return [(sign / len(side), s) for sign, side in zip((-1.0, 1.0), sides, strict=True) for s in side]


def _control(group: Sequence[Session]) -> _Weights:
    """The mean change over rest in one mount: from the recording before a rest, or to the one after."""
    steps: dict[str, tuple[Session, Session]] = {}
    order = sorted(group, key=_moment) if len(group) > 1 else []
    for at, session in enumerate(order):
        first, second = order[max(at - 1, 0)], order[max(at, 1)]
        if session.tag == REST and not (first is session and second.tag == AFTER):
            steps[first.path] = first, second
    changes = [(sign, s) for step in steps.values() for sign, s in zip((-1.0, 1.0), step, strict=True)]
    return [(sign / len(steps), session) for sign, session in changes]


def _moment(session: Session) -> tuple[float, int, str]:
    """Order within a mount; without times, rest is taken to come between before and after."""
    when = 0.0 if session.date is None else session.date.timestamp()
    return when, (BEFORE, REST, AFTER).index(session.tag), session.path


def _less(weights: _Weights, others: _Weights) -> _Weights:
    total: dict[str, tuple[float, Session]] = {}
    for weight, session in weights + [(-weight, session) for weight, session in others]:
        total[session.path] = total.get(session.path, (0.0, session))[0] + weight, session
    return list(total.values())


def _refusal(
    before: Sequence[Session],
    after: Sequence[Session],
    effects: Collection[object],
    controls: Collection[object],
    pools: tuple[Pooled, Pooled],
) -> str:
    """Why a therapy comparison cannot be answered, or nothing."""
    for name, found in zip((BEFORE, AFTER), pools, strict=True):
        if not found.sessions:
            return f"nothing {name} can be judged: {found.reason}"
    if not effects:
        mounts = [sorted({s.mount or "unnamed" for s in part}) for part in (before, after)]
        return (
            f"the sensors were not left on between before (mount {', '.join(mounts[0])}) and after (mount "
            f"{', '.join(mounts[1])}), and putting them on anew changes the difference by itself; leave them "
            "on and give both recordings one --mount, or compare periods with --before and --after"
        )
    if not controls:
        return (
            "there is no rest control: with the sensors left on, also record before and after resting, the "
            "second one with --tag rest, to see how much the difference changes by itself"
        )
    return ""


def _judged(
    metric: str, found: Contrast, before: Pooled, after: Pooled, *, control: float | None = None
) -> Change:
    """Turn a change of ln ratios into a verdict, and into points of index percent."""
    points = _points_per_log(before, after)
    low, high = found.interval()
    within = found.interval(0.90)
    delta = before.delta
    if -delta < within[0] and within[1] < delta:
        verdict, reason = ChangeWord.UNCHANGED, f"any change is very likely below {100 * delta:g} %"
    elif low > 0 or high < 0:
        verdict, reason = ChangeWord.CHANGED, "the change is larger than these recordings vary by themselves"
    else:
        verdict = ChangeWord.INCONCLUSIVE
        reason = "the interval includes no change, and is too wide to say that there is none"
    mdc = t_quantile(0.975, found.df) * found.se
    return Change(
        metric,
        verdict,
        reason,
        before,
        after,
        change_percent=points * found.d,
        ci95=(points * low, points * high),
        mdc_percent=points * mdc,
        control_percent=None if control is None else points * control,
    )


def _points_per_log(before: Pooled, after: Pooled) -> float:
    """Points of index percent per unit of ln ratio between the two, so that the numbers shown add up."""
    a, b = before.log_ratio or 0.0, after.log_ratio or 0.0
    if abs(b - a) < 1e-6:
        a, b = a - 1e-3, b + 1e-3
    return (symmetry_index(b) - symmetry_index(a)) / (b - a)
