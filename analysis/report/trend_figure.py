"""Sessions in a picture: where each stands, what is usual, and what went on meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.report import words
from analysis.report.drawing import fit, message
from analysis.report.style import (
    BAND,
    INK,
    LINE,
    MARK,
    MARKER,
    MUTED,
    SMALL,
    SPORT,
    SPORT_INK,
    SURFACE,
    shorten,
    text_width,
)
from analysis.report.trend import Trend, TrendMark, TrendPoint
from sensing.recording import Side

_MOST_MARKS = 24
"""Marks that can still be told apart; more of them are left to the table."""

_LEAST_NAME = 90.0
"""Room that a long name needs at least, figure units; a shorter piece of it says nothing."""

_SMALL_WIDTH = 330.0
"""Figures narrower than this stand beside a larger one that names the bands."""


def draw_trend(ax: Axes, trend: Trend) -> dict[str, tuple[str, ...]]:
    """Every session with its interval, the sport's band, the athlete's own range, and the diary.

    Returns
    -------
    dict of str to tuple of str
        For every group of marks (its gid) the tooltip of each in drawing order.
    """
    points = [point for point in trend.points if words.finite(point.index_percent) is not None]
    if not points:
        message(ax, "No session can be followed here.")
        return {}
    _bands(ax, trend)
    ax.axhline(0, color=INK, linewidth=1.2, zorder=1)
    judged = [(i, point.index_percent) for i, point in enumerate(points) if point.judged]
    ax.plot(*np.array(judged, float).reshape(-1, 2).T, color=LINE, linewidth=1, zorder=2)
    titles = _points(ax, points)
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: "even" if v == 0 else words.sided(v, 0)))
    ax.set_xlim(-0.6, max(len(points) - 0.4, 1.6))
    ax.margins(y=0.12)
    _name_days(ax, points)
    _join_mountings(ax, points)
    fit(ax)
    if said := _diary(ax, points, trend.marks):
        titles["diary"] = said
    return titles


def _said(point: TrendPoint) -> str:
    day = point.when.isoformat() if point.when else "no date"
    open_words = "" if point.judged else " (could not be judged)"
    interval = words.sided_interval(point.interval_percent, 1)
    return f"{day}: {words.sided(point.index_percent, 1)}, 95 % interval {interval}{open_words}"


def _bands(ax: Axes, trend: Trend) -> None:
    """The sport's band, the athlete's own over it, and their names beside them."""
    sport, own = words.finite_pair(trend.sport_percent), words.finite_pair(trend.usual_percent)
    named: list[tuple[float, str, str]] = []
    if sport is not None:
        ax.axhspan(*sport, color=SPORT, linewidth=0, zorder=0)
        named.append((sport[1], "sport", SPORT_INK))
    if own is not None:
        over = {"color": MUTED, "alpha": 0.28} if sport else {"color": BAND}
        ax.axhspan(*own, linewidth=0, zorder=0, **over)
        named.append((own[1], "own range", MUTED))
    named.sort(reverse=True)
    # Two names at one height would lie on each other: the second goes below the first.
    near = len(named) == 2 and named[0][0] - named[1][0] < 0.15 * _span(trend)
    if ax.get_window_extent().width < _SMALL_WIDTH:
        return
    for i, (top, name, ink) in enumerate(named):
        below = near and i == 1
        ax.annotate(
            name, (1, named[0][0] if below else top), xycoords=("axes fraction", "data"),
            xytext=(4, -14 if below else 0), textcoords="offset points", va="top", fontsize=SMALL, color=ink,
        )  # fmt: skip


def _span(trend: Trend) -> float:
    pairs = [trend.sport_percent, trend.usual_percent, *(point.interval_percent for point in trend.points)]
    ends = [end for pair in pairs if (known := words.finite_pair(pair)) for end in known]
    return max([*ends, 0.0]) - min([*ends, 0.0])


def _points(ax: Axes, points: Sequence[TrendPoint]) -> dict[str, tuple[str, ...]]:
    """Mark and interval of every session, hollow and thin where it could not be judged; their tooltips."""
    groups: dict[tuple[Side, bool, bool], list[int]] = {}
    for i, point in enumerate(points):
        side = Side.RIGHT if (point.index_percent or 0.0) >= 0 else Side.LEFT
        groups.setdefault((side, point.judged, i == len(points) - 1), []).append(i)
    titles = {}
    for (side, judged, last), places in groups.items():
        pairs = [(i, pair) for i in places if (pair := words.finite_pair(points[i].interval_percent))]
        width, color = (2.2, MARK[side]) if judged else (1.2, LINE)
        lines = [[(i, low), (i, high)] for i, (low, high) in pairs]
        ax.add_collection(LineCollection(lines, colors=color, linewidths=width, zorder=3))
        ax.update_datalim([end for line in lines for end in line] or [(places[0], 0.0)])
        edge = INK if last else (SURFACE if judged else MARK[side])
        gid = f"sessions-{side}-{judged}-{last}".lower()
        ax.scatter(
            places, [points[i].index_percent or 0.0 for i in places], marker=MARKER[side],
            s=(9 if last else 7) ** 2, zorder=4, linewidth=1.3, gid=gid, edgecolor=edge,
            facecolor=MARK[side] if judged else SURFACE,
        )  # fmt: skip
        titles[gid] = tuple(_said(points[i]) for i in places)
    ax.autoscale_view()
    return titles


def _name_days(ax: Axes, points: Sequence[TrendPoint]) -> None:
    """Days below the axis, the year where it changes, as many as there is room for."""
    room = ax.get_window_extent().width * 0.85 / max(len(points), 1)
    step = max(1, -(-int(text_width("30 Sep", SMALL) + 10) // max(int(room), 1)))
    names: list[str] = []
    before: dt.date | None = None
    for point in points[::step]:
        names.append(_day(point.when, before))
        before = point.when or before
    ax.set_xticks(range(0, len(points), step), names)


def _day(day: dt.date | None, before: dt.date | None) -> str:
    if day is None:
        return "?"
    name = f"{day.day} {day:%b}"
    return f"{name}\n{day.year}" if before is None or day.year != before.year else name


def _join_mountings(ax: Axes, points: Sequence[TrendPoint]) -> None:
    """A line below sessions between which the sensors stayed on."""
    for mounting, group in groupby(enumerate(points), key=lambda one: one[1].mounting):
        places = [i for i, _ in group]
        if mounting and len(places) > 1:
            ax.plot(
                (places[0] - 0.2, places[-1] + 0.2), (0.015, 0.015), color=MUTED, linewidth=3,
                transform=ax.get_xaxis_transform(), solid_capstyle="butt", zorder=2,
            )  # fmt: skip


def _diary(ax: Axes, points: Sequence[TrendPoint], marks: Sequence[TrendMark]) -> tuple[str, ...]:
    """A tick at the top for each entry of the diary, named where there is room."""
    days = [(point.when.toordinal(), i) for i, point in enumerate(points) if point.when]
    shown = marks[-_MOST_MARKS:]
    if not days or not shown:
        return ()
    known, places = np.array(days, float).T
    x = np.array([_between(mark.when.toordinal(), known, places) for mark in shown])
    top = ax.get_xaxis_transform()
    ax.scatter(x, np.full(len(x), 0.955), marker="v", s=34, color=INK, transform=top, zorder=4, gid="diary")
    unit = ax.get_window_extent().width / (ax.get_xlim()[1] - ax.get_xlim()[0])
    ends = [*x[1:], ax.get_xlim()[1]]
    for at, end, mark in zip(x, ends, shown, strict=True):
        room = (end - at) * unit - 14
        if room >= min(text_width(mark.what, SMALL), _LEAST_NAME):
            ax.annotate(
                shorten(mark.what, room, SMALL), (at, 0.955), xycoords=("data", "axes fraction"),
                xytext=(6, 0),
                textcoords="offset points", va="center", fontsize=SMALL, color=INK,
            )  # fmt: skip
    return tuple(f"{mark.when}: {mark.what}" for mark in shown)


def _between(day: int, known: np.ndarray, places: np.ndarray) -> float:
    """Place of a day between the sessions; what came after the last one stands behind it."""
    if day > known[-1]:
        return float(places[-1]) + 0.3
    # Of several sessions on one day the first one counts.
    first = np.unique(known, return_index=True)[1]
    at = float(np.interp(day, known[first], places[first]))
    return at if day not in known else at - 0.3
