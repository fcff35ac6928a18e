"""The repetitions in pictures: every one as a dot, the mean one, and one side against the other."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator

from analysis.report import words
from analysis.report.drawing import (
    fit,
    message,
    name_axes,
    quantity,
)
from analysis.report.style import (
    DASHES,
    FILL,
    GRID,
    INK,
    LINE,
    MARK,
    MARKER,
    MUTED,
    SMALL,
    SURFACE,
    TINT,
    text_width,
)
from analysis.results import Analysis, RepValues, Waveform
from sensing.recording import Side


def draw_reps(ax: Axes, analysis: Analysis) -> dict[str, tuple[str, ...]]:
    """Every repetition as a dot per set, with mean and SD of the used ones; hollow dots were left out.

    Returns
    -------
    dict of str to tuple of str
        For every group of dots (its gid) the tooltip of each dot in drawing order.
    """
    values = words.focus_values(analysis)
    if values is None or not np.isfinite(values.value).any():
        message(ax, "No repetitions were found in this recording.")
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
    name_axes(ax, "set" if many else "", quantity(values.metric, values.unit))
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


def draw_waves(ax: Axes, analysis: Analysis) -> dict[str, tuple[str, ...]]:
    """The mean repetition of each side with a ribbon of one SD, and where they differ.

    Returns
    -------
    dict of str to tuple of str
        The tooltip of each stretch that is marked, by their gid.
    """
    wave = first_waveform(analysis)
    if wave is None:
        message(ax, "No mean repetition: too few clean repetitions.")
        return {}
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
    name_axes(ax, f"{words.repetition(analysis)}, % done", quantity(wave.name, wave.unit))
    legend = ax.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncol=2, frameon=False, fontsize=SMALL,
        borderaxespad=0.2, handlelength=2.6, columnspacing=1.6, borderpad=0.2,
    )  # fmt: skip
    for text in legend.get_texts():
        side = Side.LEFT if text.get_text().startswith("LEFT") else Side.RIGHT
        text.set(color=FILL[side], weight="bold")
    titles = _mark_differing(ax, wave, words.repetition(analysis))
    fit(ax)
    return titles


def _mark_differing(ax: Axes, wave: Waveform, repetition: str) -> dict[str, tuple[str, ...]]:
    """A bar below the stretches in which the sides differ, named once."""
    if not wave.differs:
        return {}
    low, high = ax.get_ylim()
    ax.set_ylim(low - 0.13 * (high - low), high)
    height = 0.02
    lines = [[(start, height), (end, height)] for start, end in wave.differs]
    ax.add_collection(
        LineCollection(
            lines, colors=INK, linewidths=4, transform=ax.get_xaxis_transform(), capstyle="butt",
            zorder=4, gid="differs",
        ),
        autolim=False,
    )  # fmt: skip
    start, end = max(wave.differs, key=lambda stretch: stretch[1] - stretch[0])
    ax.annotate(
        "differs here", (min(max((start + end) / 2, 12), 88), height), xycoords=ax.get_xaxis_transform(),
        xytext=(0, 5), textcoords="offset points", ha="center", va="bottom", fontsize=SMALL, color=INK,
    )  # fmt: skip
    said = (f"Differs from {a:.0f} to {b:.0f} % of the {repetition}" for a, b in wave.differs)
    return {"differs": tuple(said)}


def has_cyclogram(analysis: Analysis) -> bool:
    """Whether a mean repetition of both sides is there to draw one against the other."""
    wave = first_waveform(analysis)
    return (
        wave is not None
        and wave.left_mean is not None
        and wave.right_mean is not None
        and bool(np.any(np.isfinite(wave.left_mean) & np.isfinite(wave.right_mean)))
    )


CYCLOGRAM_SAYS: Final = "Left against right; dotted line: both alike."


def draw_cyclogram(ax: Axes, analysis: Analysis) -> None:
    """Left against right of the mean repetition; two equal sides stay on the dotted line."""
    wave = first_waveform(analysis)
    if not has_cyclogram(analysis) or wave is None or wave.left_mean is None or wave.right_mean is None:
        message(ax, "Both sides are needed for this picture.")
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
    name_axes(ax, f"left, {unit}", f"right, {unit}", colors=(FILL[Side.LEFT], FILL[Side.RIGHT]))
    pill = {"facecolor": SURFACE, "edgecolor": "none", "boxstyle": "round,pad=0.15"}
    for x, y, align, text in ((0.03, 0.97, "left", "right more"), (0.97, 0.05, "right", "left more")):
        ax.text(
            x, y, text, transform=ax.transAxes, ha=align, va="top" if y > 0.5 else "bottom",
            fontsize=SMALL, color=MUTED, bbox=pill, zorder=2,
        )  # fmt: skip
    fit(ax)
