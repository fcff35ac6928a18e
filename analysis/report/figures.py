"""The report's pictures, each drawn by one function into one axes.

The web page and the picture call the same functions. The two tables of metrics and the scale lay themselves
out in figure units (see `style`), so nothing overlaps at any size; the others are plain plots that `fit`
shrinks until their labels are inside their box.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.report import words
from analysis.report.style import (
    BAND,
    BODY,
    DASHES,
    FILL,
    GRID,
    INK,
    LINE,
    MARK,
    MARKER,
    MUTED,
    NEUTRAL,
    ON_FILL,
    SMALL,
    SPORT,
    SPORT_INK,
    SURFACE,
    TINT,
    shorten,
    text_width,
    wrap,
)
from analysis.results import Analysis, Metric, RepValues, VerdictWord, Waveform
from sensing.recording import Interval, Side

Box = tuple[float, float, float, float]
"""Left, top, width and height in figure units, from the top left corner."""

AXIS_HEIGHT: Final = 34.0
"""Room below the rows of the forest plot for its axis, and below the bars for their note."""


@dataclass(frozen=True)
class TrendPoint:
    """One session: when, its index in percent (+ meaning right more) and its 95 % interval."""

    when: dt.date
    index_percent: float
    interval_percent: Interval | None = None


@dataclass(frozen=True)
class Trend:
    """The sessions to show, oldest first and this one last, and the athlete's own usual range."""

    points: tuple[TrendPoint, ...]
    usual_percent: Interval | None = None


def add_axes(figure: Figure, box: Box) -> Axes:
    """Axes that fill a box given in figure units."""
    width, height = (float(size) * 72 for size in figure.get_size_inches())
    left, top, w, h = box
    return figure.add_axes((left / width, 1 - (top + h) / height, w / width, h / height))


def fit(ax: Axes) -> None:
    """Shrink axes until their labels are inside the box that the axes had."""
    box = ax.get_position()
    figure = ax.figure
    assert isinstance(figure, Figure)
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    width, height = figure.bbox.width, figure.bbox.height
    for _ in range(2):
        drawn = ax.get_tightbbox(renderer)
        inner = ax.get_position()
        if drawn is None:
            return
        left = inner.x0 + max(box.x0 - drawn.x0 / width, 0)
        bottom = inner.y0 + max(box.y0 - drawn.y0 / height, 0)
        right = inner.x1 - max(drawn.x1 / width - box.x1, 0)
        top = inner.y1 - max(drawn.y1 / height - box.y1, 0)
        ax.set_position((left, bottom, right - left, top - bottom))


def _canvas(ax: Axes) -> tuple[float, float]:
    """Turn axes into a blank sheet in figure units, y down; returns width and height."""
    figure = ax.figure
    assert isinstance(figure, Figure)
    position, (w, h) = ax.get_position(), figure.get_size_inches()
    width, height = position.width * w * 72, position.height * h * 72
    ax.set_axis_off()
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    return float(width), float(height)


def _text(
    ax: Axes, x: float, y: float, text: str, *, color: str = INK, size: float = BODY, **kwargs: object
) -> None:
    options: dict[str, object] = {"va": "center", "color": color, "fontsize": size} | kwargs
    ax.text(x, y, words.printable(text), **options)  # type: ignore[arg-type]


def _rectangle(ax: Axes, x0: float, x1: float, y0: float, y1: float, color: str) -> None:
    ax.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, facecolor=color, edgecolor="none"))


def _line(ax: Axes, x: Sequence[float], y: Sequence[float], color: str, width: float = 1.0) -> None:
    ax.add_line(Line2D(x, y, color=color, linewidth=width, solid_capstyle="butt"))


def _name_axes(ax: Axes, x: str = "", y: str = "", *, colors: tuple[str, str] = (MUTED, MUTED)) -> None:
    """Axis labels no longer than their axis."""
    room = ax.get_window_extent()
    ax.set_xlabel(shorten(x, room.width * 0.85), color=colors[0])
    ax.set_ylabel(shorten(y, room.height * 0.7), color=colors[1])


def _quantity(name: str, unit: str) -> str:
    return ", ".join(filter(None, (words.label(name).lower(), words.unit(unit))))


def _message(ax: Axes, text: str) -> None:
    """A grey sentence where there is nothing to draw."""
    width, height = _canvas(ax)
    lines = wrap(text, width - 20)
    for i, line in enumerate(lines):
        _text(ax, width / 2, height / 2 + (i - (len(lines) - 1) / 2) * 17, line, color=MUTED, ha="center")


class _Scale:
    """A signed axis, left more to right more, mapped to figure units."""

    def __init__(self, extents: Iterable[float], x0: float, x1: float, unit: str, *, most: float) -> None:
        reach = max([abs(extent) for extent in extents if np.isfinite(extent)], default=0.0)
        floor = 12.0 if unit == "%" else 1e-9
        self.reach = min(max(reach * 1.12, floor), most)
        self.x0, self.x1, self.unit = x0, x1, unit

    def __call__(self, value: float) -> float:
        held = min(max(value / self.reach, -1.0), 1.0)
        return (self.x0 + self.x1) / 2 + held * (self.x1 - self.x0) / 2

    def holds(self, value: float) -> bool:
        return abs(value) <= self.reach

    def ticks(self) -> list[tuple[float, str]]:
        """Tick values and labels, as many as fit beside one another."""
        for step in _steps(self.reach):
            places = words.decimals(step) if step < 1 else 0
            values = [
                i * step for i in range(-int(self.reach / step + 1e-9), int(self.reach / step + 1e-9) + 1)
            ]
            labels = ["even" if v == 0 else words.sided(v, places, self.unit) for v in values]
            widest = max(text_width(label, SMALL) for label in labels)
            if widest + 14 <= self(step) - self(0):
                return list(zip(values, labels, strict=True))
        return [(0.0, "even")]


def _steps(reach: float) -> Iterable[float]:
    base = 10.0 ** np.floor(np.log10(reach / 4))
    for factor in (1, 2, 5, 10, 20, 50):
        if reach / 4 <= base * factor <= reach:
            yield float(base * factor)


def _axis(ax: Axes, scale: _Scale, y: float) -> None:
    _line(ax, (scale.x0, scale.x1), (y, y), LINE)
    for value, label in scale.ticks():
        x = scale(value)
        _line(ax, (x, x), (y, y + 4), LINE)
        room = text_width(label, SMALL) / 2
        _text(
            ax,
            min(max(x, room), ax.get_xlim()[1] - room),
            y + 15,
            label,
            color=MUTED,
            size=SMALL,
            ha="center",
        )


def _interval(ax: Axes, scale: _Scale, effect: words.Effect, y: float, color: str, size: float) -> None:
    """Point and interval; an arrow head where the interval leaves the axis."""
    assert effect.value is not None
    if effect.interval is not None:
        low, high = effect.interval
        _line(ax, (scale(low), scale(high)), (y, y), color, width=size * 0.42)
        for end in effect.interval:
            if not scale.holds(end):
                x, sign = scale(end), 1 if end > 0 else -1
                points = [(x, y - size * 0.55), (x + sign * size * 0.7, y), (x, y + size * 0.55)]
                ax.add_patch(Polygon(points, facecolor=color, edgecolor="none"))
    side = Side.RIGHT if effect.value >= 0 else Side.LEFT
    # Equal corner-to-corner size: a diamond marker is a square turned by 45 degrees.
    drawn = size if side is Side.LEFT else size * 0.86
    ax.plot(
        [scale(effect.value)], [y], MARKER[side], color=color, markersize=drawn,
        markeredgecolor=SURFACE, markeredgewidth=1.2, clip_on=False,
    )  # fmt: skip


def _colour(metric: Metric) -> str:
    """The side's colour where the difference is established, else grey."""
    if metric.verdict is VerdictWord.ASYMMETRIC and metric.side is not None:
        return MARK[metric.side]
    return NEUTRAL


def draw_scale(ax: Axes, analysis: Analysis) -> None:
    """The answer on a signed scale: interval, measurement error and the sport's usual band."""
    metric = words.focus(analysis)
    effect = words.Effect(metric) if metric else None
    if metric is None or effect is None or effect.value is None:
        _message(ax, _no_scale(analysis, metric))
        return
    width, height = _canvas(ax)
    band = (
        words.finite_pair(analysis.profile.band_percent) if analysis.profile and effect.is_percent else None
    )
    extents = (effect.value, *(effect.interval or ()), *(band or ()), effect.mdc or 0)
    scale = _Scale(extents, 8, width - 8, effect.unit, most=200.0 if effect.is_percent else np.inf)
    bottom = height - 24
    sport = (bottom - 24, bottom - 1)
    lane = (26 + (sport[0] if band else bottom)) / 2
    if effect.mdc:
        _rectangle(ax, scale(-effect.mdc), scale(effect.mdc), 22, bottom, BAND)
    if band:
        _rectangle(ax, scale(band[0]), scale(band[1]), *sport, SPORT)
        _label_band(ax, scale(band[0]), scale(band[1]), sum(sport) / 2, width)
    _line(ax, (scale(0), scale(0)), (22, bottom), INK, width=1.6)
    _text(ax, 0, 10, "◀ left more", color=FILL[Side.LEFT], weight="bold")
    _text(ax, width, 10, "right more ▶", color=FILL[Side.RIGHT], weight="bold", ha="right")
    _name_error(ax, effect, width)
    _interval(ax, scale, effect, lane, _colour(metric), 13)
    _axis(ax, scale, bottom)


def _no_scale(analysis: Analysis, metric: Metric | None) -> str:
    if metric is not None and metric.reason:
        return f"{words.label(metric.name)}: {metric.reason}"
    return f"{words.headline(analysis)}."


def _name_error(ax: Axes, effect: words.Effect, width: float) -> None:
    room = width - 2 * text_width("right more ▶", bold=True) - 16
    if not effect.mdc:
        names = ["measurement error not known", "error not known"]
    else:
        size = f"{words.number(effect.mdc, 1)} %"
        names = [f"grey: within measurement error ({size})", f"measurement error {size}", f"error {size}"]
    fitting = [name for name in names if text_width(name, SMALL) <= room]
    if fitting:
        _text(ax, width / 2, 10, fitting[0], color=MUTED, size=SMALL, ha="center")


def _label_band(ax: Axes, x0: float, x1: float, y: float, width: float) -> None:
    text = "usual for the sport"
    wide = text_width(text, SMALL)
    if wide + 8 <= x1 - x0:
        _text(ax, (x0 + x1) / 2, y, text, color=SPORT_INK, size=SMALL, ha="center")
    elif x1 + wide + 6 <= width:
        _text(ax, x1 + 6, y, text, color=SPORT_INK, size=SMALL)
    elif x0 - wide - 6 >= 0:
        _text(ax, x0 - 6, y, text, color=SPORT_INK, size=SMALL, ha="right")


def draw_butterfly(ax: Axes, analysis: Analysis) -> None:
    """Left and right value of every metric as bars from the middle, each row scaled to its larger side."""
    metrics = words.rows(analysis)
    if not metrics:
        _message(ax, "There is nothing to compare.")
        return
    width, height = _canvas(ax)
    row = (height - AXIS_HEIGHT) / len(metrics)
    names = _names_width(metrics, width)
    units = 10 + max(text_width(words.unit(m.unit), SMALL) for m in metrics)
    units = min(units, width * 0.14)
    middle, half = (names + width - units) / 2, (width - units - names) / 2
    for i, metric in enumerate(metrics):
        y = row * (i + 0.5)
        _row_name(ax, metric, y, names - 10, row)
        if metric.verdict is VerdictWord.NOT_ASSESSABLE or not _drawable(metric):
            lines = wrap(_row_note(metric), 2 * half, SMALL, most=2 if row >= 26 else 1)
            for j, line in enumerate(lines):
                offset = (j - (len(lines) - 1) / 2) * 13
                _text(ax, middle, y + offset, line, color=MUTED, size=SMALL, ha="center")
            continue
        _bars(ax, metric, y, middle, half, min(row * 0.6, 22))
        _text(
            ax,
            width - units + 10,
            y,
            shorten(words.unit(metric.unit), units - 8, SMALL),
            color=MUTED,
            size=SMALL,
        )
    if any(m.primary for m in metrics) and not all(m.primary for m in metrics):
        note = shorten("bold: main measures, which carry the answer", width, SMALL)
        _text(ax, 0, height - AXIS_HEIGHT + 19, note, color=MUTED, size=SMALL)


def _names_width(metrics: Sequence[Metric], width: float) -> float:
    """Room for the names of the rows: the longest one, at most a third of the figure."""
    return min(12 + max(text_width(words.label(m.name), bold=m.primary) for m in metrics), width * 0.32)


def _row_name(ax: Axes, metric: Metric, y: float, width: float, row: float) -> None:
    lines = wrap(words.label(metric.name), width, bold=metric.primary, most=2 if row >= 28 else 1)
    for j, line in enumerate(lines):
        offset = (j - (len(lines) - 1) / 2) * 14
        _text(ax, 0, y + offset, line, weight="bold" if metric.primary else "normal")


def _drawable(metric: Metric) -> bool:
    values = [words.finite(value) for value in (metric.left, metric.right)]
    known = [value for value in values if value is not None]
    return bool(known) and min(known) >= 0 and max(known) > 0


def _row_note(metric: Metric) -> str:
    if metric.verdict is VerdictWord.NOT_ASSESSABLE:
        return f"not compared: {metric.reason}" if metric.reason else "not compared"
    left, right = words.side_values(metric)
    if words.MISSING not in (left, right):
        return f"left {left}, right {words.with_unit(right, metric.unit)}"
    if words.finite(metric.difference) is not None:
        return "no value for each side: see the difference"
    return metric.reason or "no value"


def _bars(ax: Axes, metric: Metric, y: float, middle: float, half: float, height: float) -> None:
    values = {Side.LEFT: words.finite(metric.left), Side.RIGHT: words.finite(metric.right)}
    largest = max(value for value in values.values() if value is not None)
    texts = dict(zip(Side, words.side_values(metric), strict=True))
    for side, sign in ((Side.LEFT, -1), (Side.RIGHT, 1)):
        value = values[side]
        start = middle + sign * 1.5
        end = start + sign * (half - 1.5) * (value or 0.0) / largest
        if value is not None:
            _rectangle(ax, min(start, end), max(start, end), y - height / 2, y + height / 2, FILL[side])
        inside = abs(end - start) >= text_width(texts[side], bold=True) + 12
        align = "right" if sign < 0 else "left"
        color = ON_FILL if inside else (FILL[side] if value is not None else MUTED)
        _text(ax, (start if inside else end) + sign * 6, y, texts[side], color=color, weight="bold", ha=align)


def draw_forest(ax: Axes, analysis: Analysis, *, named: bool = False) -> None:
    """Difference of every metric with its 95 % interval; grey where it is not established.

    The rows stand beside those of `draw_butterfly`; ``named`` repeats their names where it stands alone.
    """
    metrics = words.rows(analysis)
    if not metrics:
        _message(ax, "There is nothing to compare.")
        return
    width, height = _canvas(ax)
    row = (height - AXIS_HEIGHT) / len(metrics)
    bottom = height - AXIS_HEIGHT
    effects = [words.Effect(metric) for metric in metrics]
    values = 12 + max(text_width(effect.text, bold=True) for effect in effects)
    on_axis = [e for m, e in zip(metrics, effects, strict=True) if _on_axis(m, e)]
    if not on_axis and all(effect.value is None for effect in effects):
        _message(ax, "No difference to show.")
        return
    extents = [x for e in on_axis for x in (e.value or 0.0, *(e.interval or ()), e.mdc or 0.0)]
    names = _names_width(metrics, width) if named else 0.0
    scale = _Scale(extents, names + 8, width - values - 8, "%", most=80.0)
    band = max((e.mdc for e in on_axis if e.mdc), default=0.0)
    if band and len({e.mdc for e in on_axis if e.mdc}) == 1:
        _rectangle(ax, scale(-band), scale(band), 0, bottom, BAND)
    for i, (metric, effect) in enumerate(zip(metrics, effects, strict=True)):
        if _on_axis(metric, effect) and effect.mdc and len({e.mdc for e in on_axis if e.mdc}) > 1:
            _rectangle(ax, scale(-effect.mdc), scale(effect.mdc), row * i, row * (i + 1), BAND)
    _line(ax, (scale(0), scale(0)), (0, bottom), INK, width=1.4)
    for i, (metric, effect) in enumerate(zip(metrics, effects, strict=True)):
        if named:
            _row_name(ax, metric, row * (i + 0.5), names - 10, row)
        _forest_row(ax, scale, metric, effect, row * (i + 0.5), width)
    _axis(ax, scale, bottom)


def _on_axis(metric: Metric, effect: words.Effect) -> bool:
    return effect.is_percent and effect.value is not None and metric.verdict is not VerdictWord.NOT_ASSESSABLE


def _forest_row(
    ax: Axes, scale: _Scale, metric: Metric, effect: words.Effect, y: float, width: float
) -> None:
    if metric.verdict is VerdictWord.NOT_ASSESSABLE or effect.value is None:
        _text(ax, width, y, words.MISSING, color=MUTED, ha="right")
        return
    established = metric.verdict is VerdictWord.ASYMMETRIC and metric.side is not None
    color = FILL[metric.side] if established and metric.side else MUTED
    _text(ax, width, y, effect.text, color=color, weight="bold" if established else "normal", ha="right")
    if effect.is_percent:
        _interval(ax, scale, effect, y, _colour(metric), 9)
    elif effect.interval is not None:
        # No ratio, so no place on the percent axis: the interval is written out.
        text = shorten(effect.interval_text, scale.x1 - scale.x0, SMALL)
        pill = {"facecolor": SURFACE, "edgecolor": GRID, "boxstyle": "round,pad=0.3"}
        _text(ax, (scale.x0 + scale.x1) / 2, y, text, color=MUTED, size=SMALL, ha="center", bbox=pill)


def draw_reps(ax: Axes, analysis: Analysis) -> dict[str, tuple[str, ...]]:
    """Every repetition as a dot per set, with mean and SD of the used ones; hollow dots were left out.

    Returns
    -------
    dict of str to tuple of str
        For every group of dots (its gid) the tooltip of each dot in drawing order.
    """
    values = words.focus_values(analysis)
    if values is None or not np.isfinite(values.value).any():
        _message(ax, "No repetitions were found in this recording.")
        return {}
    sides = np.array([side.value for side in values.side])
    starts, total = _set_starts(values)
    x = np.array([starts[int(s)] for s in values.set_index]) + values.rep_index
    seen = np.isfinite(values.value)
    size = float(np.clip(5200 / max(total, 1), 9, 34))
    _join_pairs(ax, values, sides, x, seen)
    titles: dict[str, tuple[str, ...]] = {}
    for side in Side:
        here = (sides == side.value) & seen
        for index, start in starts.items():
            _set_mean(ax, values, side, here & values.used & (values.set_index == index), x, start)
        for used in (True, False):
            chosen = np.flatnonzero(here & (values.used == used))
            if not len(chosen):
                continue
            gid = f"{side.value}-{'used' if used else 'out'}"
            ax.scatter(
                x[chosen], values.value[chosen], s=size if side is Side.LEFT else size * 0.86,
                marker=MARKER[side], facecolor=MARK[side] if used else SURFACE,
                edgecolor=SURFACE if used else MARK[side], linewidth=0.6 if used else 1.3,
                zorder=4, clip_on=False, gid=gid,
            )  # fmt: skip
            titles[gid] = tuple(_tooltip(values, int(i)) for i in chosen)
    many = _label_sets(ax, starts, total)
    _name_axes(ax, "set" if many else "", _quantity(values.metric, values.unit))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.margins(y=0.08)
    if not values.used[seen].all():
        ax.set_title("hollow = left out", loc="right", fontsize=SMALL, color=MUTED, pad=4)
    fit(ax)
    return titles


def _set_starts(values: RepValues) -> tuple[dict[int, float], float]:
    """Where each set begins on the x axis, and the length of the axis."""
    starts, at = {}, 0.0
    lengths = {
        int(s): int(values.rep_index[values.set_index == s].max()) + 1 for s in np.unique(values.set_index)
    }
    gap = max(1.5, 0.06 * sum(lengths.values()) / len(lengths))
    for index, length in lengths.items():
        starts[index] = at
        at += length + gap
    return starts, at - gap


def _join_pairs(ax: Axes, values: RepValues, sides: np.ndarray, x: np.ndarray, seen: np.ndarray) -> None:
    key = [(int(s), int(p)) for s, p in zip(values.set_index, values.pair, strict=True)]
    left = {key[i]: i for i in np.flatnonzero((sides == "left") & seen & (values.pair >= 0))}
    right = {key[i]: i for i in np.flatnonzero((sides == "right") & seen & (values.pair >= 0))}
    both = [(left[k], right[k]) for k in left if k in right]
    lines = [[(x[i], values.value[i]), (x[j], values.value[j])] for i, j in both]
    ax.add_collection(LineCollection(lines, colors=GRID, linewidths=1, zorder=1))


def _set_mean(
    ax: Axes, values: RepValues, side: Side, chosen: np.ndarray, x: np.ndarray, start: float
) -> None:
    if not chosen.any():
        return
    used = values.value[chosen]
    span = (start - 0.6, float(x[values.set_index == values.set_index[chosen][0]].max()) + 0.6)
    mean = float(used.mean())
    if len(used) > 1:
        spread = float(used.std(ddof=1))
        ax.fill_between(span, mean - spread, mean + spread, color=TINT[side], linewidth=0, zorder=0)
    ax.plot(span, (mean, mean), color=MARK[side], linewidth=2, linestyle=DASHES[side], zorder=3)


def _tooltip(values: RepValues, i: int) -> str:
    amount = words.with_unit(words.number(float(values.value[i])), values.unit)
    state = "" if values.used[i] else " (left out)"
    where = f"Set {int(values.set_index[i]) + 1}, rep {int(values.rep_index[i]) + 1}, {values.side[i]}"
    return f"{where}: {amount}{state}"


def _label_sets(ax: Axes, starts: dict[int, float], total: float) -> bool:
    """Name every set below its dots; True where there is room for its number only."""
    edges = [*starts.values(), total]
    middles = [(a + b) / 2 - 0.5 for a, b in pairwise(edges)]
    room = ax.get_window_extent().width * 0.8 / len(starts)
    many = text_width(f"set {max(starts) + 1}") + 8 > room
    ax.set_xticks(middles, [f"{i + 1}" if many else f"set {i + 1}" for i in starts])
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-1.2, total + 0.2)
    return many


def first_waveform(analysis: Analysis) -> Waveform | None:
    """The first mean repetition that has numbers for either side."""
    for wave in analysis.waveforms:
        if any(mean is not None and np.isfinite(mean).any() for mean in (wave.left_mean, wave.right_mean)):
            return wave
    return None


def draw_waves(ax: Axes, analysis: Analysis) -> None:
    """The mean repetition of each side with a ribbon of one SD."""
    wave = first_waveform(analysis)
    if wave is None:
        _message(ax, "No mean repetition: too few clean repetitions.")
        return
    both = (
        (Side.LEFT, wave.left_mean, wave.left_sd, wave.left_n),
        (Side.RIGHT, wave.right_mean, wave.right_sd, wave.right_n),
    )
    for side, mean, sd, count in both:
        if mean is None or not np.isfinite(mean).any():
            continue
        percent = np.linspace(0, 100, len(mean))
        if sd is not None:
            ax.fill_between(percent, mean - sd, mean + sd, color=TINT[side], linewidth=0, zorder=1)
        name = f"{side.value.upper()}  {count} {words.repetition(analysis)}{'' if count == 1 else 's'}"
        ax.plot(percent, mean, color=MARK[side], linewidth=2.2, linestyle=DASHES[side], label=name, zorder=3)
    ax.set_xlim(0, 100)
    ax.margins(y=0.06)
    ax.yaxis.set_major_locator(MaxNLocator(6))
    _name_axes(ax, f"{words.repetition(analysis)}, % done", _quantity(wave.name, wave.unit))
    legend = ax.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncol=2, frameon=False, fontsize=SMALL,
        borderaxespad=0.2, handlelength=2.6, columnspacing=1.6, borderpad=0.2,
    )  # fmt: skip
    for text in legend.get_texts():
        side = Side.LEFT if text.get_text().startswith("LEFT") else Side.RIGHT
        text.set(color=FILL[side], weight="bold")
    fit(ax)


def has_cyclogram(analysis: Analysis) -> bool:
    """Whether a mean repetition of both sides is there to draw one against the other."""
    wave = first_waveform(analysis)
    return (
        wave is not None
        and wave.left_mean is not None
        and wave.right_mean is not None
        and bool(np.any(np.isfinite(wave.left_mean) & np.isfinite(wave.right_mean)))
    )


def draw_cyclogram(ax: Axes, analysis: Analysis) -> None:
    """Left against right of the mean repetition; two equal sides stay on the dotted line."""
    wave = first_waveform(analysis)
    if not has_cyclogram(analysis) or wave is None or wave.left_mean is None or wave.right_mean is None:
        _message(ax, "Both sides are needed for this picture.")
        return
    left, right = np.asarray(wave.left_mean, float), np.asarray(wave.right_mean, float)
    low = float(np.nanmin([left, right]))
    high = float(np.nanmax([left, right]))
    pad = 0.1 * (high - low) or 1.0
    limits = (low - pad, high + pad)
    ax.plot(limits, limits, color=LINE, linewidth=1.2, linestyle=":", zorder=1)
    ax.plot(left, right, color=INK, linewidth=1.8, zorder=3)
    ax.set(xlim=limits, ylim=limits)
    ax.set_box_aspect(1)
    ax.set_anchor("NW")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(4))
    unit = words.unit(wave.unit)
    _name_axes(ax, f"left, {unit}", f"right, {unit}", colors=(FILL[Side.LEFT], FILL[Side.RIGHT]))
    pill = {"facecolor": SURFACE, "edgecolor": "none", "boxstyle": "round,pad=0.15"}
    for x, y, align, text in ((0.03, 0.97, "left", "right more"), (0.97, 0.05, "right", "left more")):
        ax.text(
            x, y, text, transform=ax.transAxes, ha=align, va="top" if y > 0.5 else "bottom",
            fontsize=SMALL, color=MUTED, bbox=pill, zorder=2,
        )  # fmt: skip
    fit(ax)


def draw_trend(ax: Axes, analysis: Analysis, trend: Trend) -> None:
    """The index of every session with its interval, the sport's band and the athlete's own usual range."""
    points = [point for point in trend.points if np.isfinite(point.index_percent)]
    if not points:
        _message(ax, "No earlier sessions.")
        return
    x = np.arange(len(points))
    for band, color in (
        (analysis.profile.band_percent if analysis.profile else None, SPORT),
        (trend.usual_percent, BAND),
    ):
        if (pair := words.finite_pair(band)) is not None:
            ax.axhspan(*pair, color=color, linewidth=0, zorder=0)
            name = "sport" if color == SPORT else "own usual"
            ink = SPORT_INK if color == SPORT else MUTED
            ax.annotate(
                name, (1, pair[1]), xycoords=("axes fraction", "data"), xytext=(4, 0),
                textcoords="offset points", va="top", fontsize=SMALL, color=ink,
            )  # fmt: skip
    ax.axhline(0, color=INK, linewidth=1.2, zorder=1)
    ax.plot(x, [p.index_percent for p in points], color=LINE, linewidth=1, zorder=2)
    for i, point in enumerate(points):
        side = Side.RIGHT if point.index_percent >= 0 else Side.LEFT
        if (pair := words.finite_pair(point.interval_percent)) is not None:
            ax.plot((i, i), pair, color=MARK[side], linewidth=2.2, zorder=3)
        last = i == len(points) - 1
        ax.plot(
            [i], [point.index_percent], MARKER[side], color=MARK[side], markersize=9 if last else 7,
            markeredgecolor=INK if last else SURFACE, markeredgewidth=1.3, zorder=4,
        )  # fmt: skip
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: "even" if v == 0 else words.sided(v, 0)))
    shown = x[:: max(1, -(-len(points) * 48 // int(ax.get_window_extent().width)))]
    ax.set_xticks(shown, [f"{points[i].when.day} {points[i].when:%b}" for i in shown])
    ax.margins(x=0.04, y=0.1)
    fit(ax)
