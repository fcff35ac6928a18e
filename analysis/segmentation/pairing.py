"""Which left repetition goes with which right one, and whether the sides move together or in turn."""

from __future__ import annotations

from statistics import median
from typing import Final

import numpy as np

from analysis.results import Kind
from sensing.recording import Interval

TOGETHER: Final = 0.25
"""Sides whose repetitions are offset by less than this share of a period move simultaneously."""

SAME_TEMPO: Final = 0.15
"""Sides whose periods differ by more than this fraction do not pair."""

Pairs = tuple[tuple[int, int], ...]


def pair_repetitions(left: tuple[Interval, ...], right: tuple[Interval, ...]) -> tuple[Kind, Pairs]:
    """Pair repetitions of one set, each at most once, by the time of their middles.

    Returns
    -------
    Kind, pairs
        ``simultaneous`` or ``alternating`` with (left index, right index) pairs in order, or ``unpaired``
        with none where the sides keep different tempos or fewer than half of the repetitions pair.

    Notes
    -----
    The usual offset between the sides is taken off first (circular mean over one period, where the side that
    starts first leads). Then each left repetition takes the nearest right one, if each is the other's
    nearest. Swapping the sides swaps the pairs.
    """
    if not left or not right:
        return Kind.UNPAIRED, ()
    middle = [np.array([(a + b) / 2 for a, b in reps]) for reps in (left, right)]
    if min(len(left), len(right)) == 1:
        overlap = [min(a[1], b[1]) - max(a[0], b[0]) for a in left for b in right]
        best = int(np.argmax(overlap))
        if overlap[best] <= 0:
            return Kind.UNPAIRED, ()
        return Kind.SIMULTANEOUS, ((best // len(right), best % len(right)),)
    periods = [median(np.diff(m).tolist()) for m in middle]
    period = sum(periods) / 2
    if abs(periods[0] - periods[1]) > SAME_TEMPO * period:
        return Kind.UNPAIRED, ()
    offset = _usual_offset(middle[0], middle[1], period)
    together = abs(offset) <= TOGETHER * period
    if not together and np.sign(offset) != np.sign(middle[1][0] - middle[0][0]):
        offset -= np.sign(offset) * period
    moved = middle[0] + offset
    nearest_right, nearest_left = _nearest(moved, middle[1]), _nearest(middle[1], moved)
    gap = np.abs(moved - middle[1][nearest_right])
    pairs = tuple(
        (i, int(j)) for i, j in enumerate(nearest_right) if nearest_left[j] == i and gap[i] <= 0.5 * period
    )
    if len(pairs) < 0.5 * min(len(left), len(right)):
        return Kind.UNPAIRED, ()
    return (Kind.SIMULTANEOUS if together else Kind.ALTERNATING), pairs


def _usual_offset(left: np.ndarray, right: np.ndarray, period: float) -> float:
    """Circular mean, over one period, of right minus nearest left, in (-period/2, period/2]."""
    # Both directions, so that swapping the sides negates the result exactly.
    offsets = np.r_[right[_nearest(left, right)] - left, right - left[_nearest(right, left)]]
    turn = 2 * np.pi / period
    return float(np.arctan2(np.sin(turn * offsets).mean(), np.cos(turn * offsets).mean()) / turn)


def _nearest(times: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Index of the nearest of ``others``, two or more in order, to each time; of two as near the first."""
    after = np.clip(np.searchsorted(others, times), 1, len(others) - 1)
    return np.asarray(after - (times - others[after - 1] <= others[after] - times))
