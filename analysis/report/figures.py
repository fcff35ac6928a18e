"""The comparison in pictures: the answer on a scale, bars side by side, differences with their intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from analysis.report import words
from analysis.report.drawing import AXIS_HEIGHT, canvas, message, put_line, put_rectangle, put_text
from analysis.report.style import (
    BAND,
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
    shorten,
    text_width,
    wrap,
)
from analysis.results import Analysis, Metric, VerdictWord
from sensing.recording import Side


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
    put_line(ax, (scale.x0, scale.x1), (y, y), LINE)
    for value, label in scale.ticks():
        x = scale(value)
        put_line(ax, (x, x), (y, y + 4), LINE)
        room = text_width(label, SMALL) / 2
        put_text(
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
        put_line(ax, (scale(low), scale(high)), (y, y), color, width=size * 0.42)
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
        message(ax, _no_scale(analysis, metric))
        return
    width, height = canvas(ax)
    band = (
        words.finite_pair(analysis.profile.band_percent) if analysis.profile and effect.is_percent else None
    )
    extents = (effect.value, *(effect.interval or ()), *(band or ()), effect.mdc or 0)
    scale = _Scale(extents, 8, width - 8, effect.unit, most=200.0 if effect.is_percent else np.inf)
    bottom = height - 24
    sport = (bottom - 24, bottom - 1)
    lane = (26 + (sport[0] if band else bottom)) / 2
    if effect.mdc:
        put_rectangle(ax, scale(-effect.mdc), scale(effect.mdc), 22, bottom, BAND)
    if band:
        put_rectangle(ax, scale(band[0]), scale(band[1]), *sport, SPORT)
        _label_band(ax, words.sport(analysis), scale(band[0]), scale(band[1]), sum(sport) / 2, width)
    put_line(ax, (scale(0), scale(0)), (22, bottom), INK, width=1.6)
    put_text(ax, 0, 10, "◀ left more", color=FILL[Side.LEFT], weight="bold")
    put_text(ax, width, 10, "right more ▶", color=FILL[Side.RIGHT], weight="bold", ha="right")
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
        names = [
            f"grey: two sessions may differ so by chance ({size})",
            f"measurement error {size}",
            f"error {size}",
        ]
    fitting = [name for name in names if text_width(name, SMALL) <= room]
    if fitting:
        put_text(ax, width / 2, 10, fitting[0], color=MUTED, size=SMALL, ha="center")


def _label_band(ax: Axes, sport: str, x0: float, x1: float, y: float, width: float) -> None:
    text = shorten(f"usual for {sport}", width / 3, SMALL)
    wide = text_width(text, SMALL)
    if wide + 8 <= x1 - x0:
        put_text(ax, (x0 + x1) / 2, y, text, color=SPORT_INK, size=SMALL, ha="center")
    elif x1 + wide + 6 <= width:
        put_text(ax, x1 + 6, y, text, color=SPORT_INK, size=SMALL)
    elif x0 - wide - 6 >= 0:
        put_text(ax, x0 - 6, y, text, color=SPORT_INK, size=SMALL, ha="right")


def draw_butterfly(ax: Axes, analysis: Analysis) -> None:
    """Left and right value of every metric as bars from the middle, each row scaled to its larger side."""
    metrics = words.rows(analysis)
    if not metrics:
        message(ax, "There is nothing to compare.")
        return
    width, height = canvas(ax)
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
                put_text(ax, middle, y + offset, line, color=MUTED, size=SMALL, ha="center")
            continue
        _bars(ax, metric, y, middle, half, min(row * 0.6, 22))
        put_text(
            ax,
            width - units + 10,
            y,
            shorten(words.unit(metric.unit), units - 8, SMALL),
            color=MUTED,
            size=SMALL,
        )
    if any(m.primary for m in metrics) and not all(m.primary for m in metrics):
        note = shorten("bold: main measures, which carry the answer", width, SMALL)
        put_text(ax, 0, height - AXIS_HEIGHT + 19, note, color=MUTED, size=SMALL)


def _names_width(metrics: Sequence[Metric], width: float) -> float:
    """Room for the names of the rows: the longest one, at most a third of the figure."""
    return min(12 + max(text_width(words.label(m.name), bold=m.primary) for m in metrics), width * 0.32)


def _row_name(ax: Axes, metric: Metric, y: float, width: float, row: float) -> None:
    lines = wrap(words.label(metric.name), width, bold=metric.primary, most=2 if row >= 28 else 1)
    for j, line in enumerate(lines):
        offset = (j - (len(lines) - 1) / 2) * 14
        put_text(ax, 0, y + offset, line, weight="bold" if metric.primary else "normal")


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
            put_rectangle(ax, min(start, end), max(start, end), y - height / 2, y + height / 2, FILL[side])
        inside = abs(end - start) >= text_width(texts[side], bold=True) + 12
        align = "right" if sign < 0 else "left"
        color = ON_FILL if inside else (FILL[side] if value is not None else MUTED)
        put_text(
            ax, (start if inside else end) + sign * 6, y, texts[side], color=color, weight="bold", ha=align
        )


def draw_forest(ax: Axes, analysis: Analysis, *, named: bool = False) -> None:
    """Difference of every metric with its 95 % interval; grey where it is not established.

    The rows stand beside those of `draw_butterfly`; ``named`` repeats their names where it stands alone.
    """
    metrics = words.rows(analysis)
    if not metrics:
        message(ax, "There is nothing to compare.")
        return
    width, height = canvas(ax)
    row = (height - AXIS_HEIGHT) / len(metrics)
    bottom = height - AXIS_HEIGHT
    effects = [words.Effect(metric) for metric in metrics]
    values = 12 + max(text_width(effect.text, bold=True) for effect in effects)
    on_axis = [e for m, e in zip(metrics, effects, strict=True) if _on_axis(m, e)]
    if not on_axis and all(effect.value is None for effect in effects):
        message(ax, "No difference to show.")
        return
    extents = [x for e in on_axis for x in (e.value or 0.0, *(e.interval or ()), e.mdc or 0.0)]
    names = _names_width(metrics, width) if named else 0.0
    scale = _Scale(extents, names + 8, width - values - 8, "%", most=80.0)
    band = max((e.mdc for e in on_axis if e.mdc), default=0.0)
    if band and len({e.mdc for e in on_axis if e.mdc}) == 1:
        put_rectangle(ax, scale(-band), scale(band), 0, bottom, BAND)
    for i, (metric, effect) in enumerate(zip(metrics, effects, strict=True)):
        if _on_axis(metric, effect) and effect.mdc and len({e.mdc for e in on_axis if e.mdc}) > 1:
            put_rectangle(ax, scale(-effect.mdc), scale(effect.mdc), row * i, row * (i + 1), BAND)
    put_line(ax, (scale(0), scale(0)), (0, bottom), INK, width=1.4)
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
        put_text(ax, width, y, words.MISSING, color=MUTED, ha="right")
        return
    established = metric.verdict is VerdictWord.ASYMMETRIC and metric.side is not None
    color = FILL[metric.side] if established and metric.side else MUTED
    put_text(ax, width, y, effect.text, color=color, weight="bold" if established else "normal", ha="right")
    if effect.is_percent:
        _interval(ax, scale, effect, y, _colour(metric), 9)
    elif effect.interval is not None:
        # No ratio, so no place on the percent axis: the interval is written out.
        text = shorten(effect.interval_text, scale.x1 - scale.x0, SMALL)
        pill = {"facecolor": SURFACE, "edgecolor": GRID, "boxstyle": "round,pad=0.3"}
        put_text(ax, (scale.x0 + scale.x1) / 2, y, text, color=MUTED, size=SMALL, ha="center", bbox=pill)
