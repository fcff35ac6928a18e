"""One line from device time to host arrival, and how far it may be off.

The lower hull alone is one-sided. Bluetooth carries packets at connection events, a fixed interval apart, and
where the packet period and the interval have a common measure (100 Hz on 30 ms: 10 ms) no packet may be ready
just before an event for minutes on end: the least delay then creeps through that measure and the hull tilts
with it. So the interval is read off the arrivals, the largest gap in the phases at which packets meet it is
worked out, and the earliest packet of every block bounds the line from below as well: it cannot
have waited longer than that gap. All lines that keep both bounds form a polygon; its centroid is the
clock and its reach is the uncertainty (a set-membership estimate: Milanese and Vicino 1991, Automatica
27, 997-1009). With no such measure the gap is small, and the polygon shrinks to the hull's edge.

A busy link makes packets wait for each other, and a block may pass in which none went out at once: the more
of them wait, the longer the blocks. Where next to none is ever on time the link carries less than the device
sends: the least delay is that of a full queue, which arrivals cannot tell from a constant.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from sensing.hull import Line, block_edges, block_minima, edge_over, lower_hull
from sensing.recording import FloatArray, IntArray

Rates = tuple[float, float]
"""Least and largest rate that a line may have."""
Polygon = list[tuple[float, float]]
"""Corners of a convex polygon, counter-clockwise."""

COVER: Final = 0.95
"""Share of runs that a stated uncertainty covers."""
_INTERVALS_S: Final = np.arange(6, 81) * 1.25e-3
"""Connection intervals looked for: multiples of 1.25 ms (Bluetooth Core 5.4, Vol 6, Part B, 4.5.1)."""
_CRYSTALS: Final = 1e-4
"""Device and host crystals together: 50 ppm each (active clock accuracy, Bluetooth Core 5.4, 6.B.4.2.1)."""
_POOR_CRYSTALS: Final = 5e-4
"""The same for a sensor whose clock is worse than its radio's, where its arrivals can tell."""
_JITTER_S: Final = 2e-4
"""How much later than its connection event the host may stamp the earliest packet of a block."""
_STRAIN_S: Final = 1e-3
"""Bounds that have to give way by more are not bad luck, but wrong."""
_OVERLOAD: Final = 0.98
"""Share of packets that wait longer than an interval above which the link may never have been free."""
_NEIGHBOURS: Final = 4
"""Earliest packets of a block whose spread stands for the gap where no interval is found."""


@dataclass(frozen=True)
class LineFit:
    """A line, and its uncertainty (95 %, root mean square over the packets), s; None where not known."""

    line: Line
    fit_s: float | None


@dataclass(frozen=True)
class _Feasible(LineFit):
    strained: bool = False
    """Whether the bounds had to give way by more than delays explain."""


def fit_line(x: FloatArray, y: FloatArray, rates: Rates, *, crystal: bool) -> LineFit:
    """Fit the line of one connection.

    Parameters
    ----------
    x, y : (n,) float array
        Device time, or what stands for it, and arrival of each packet, s; x not decreasing and not constant.
    rates : (least, largest)
        What the rate may be.
    crystal : bool
        Whether x is a device's clock: it is first taken to be a crystal, and to be as free as its arrivals
        say only if that strains them.

    Returns
    -------
    LineFit
    """
    interval = _connection_interval(y)
    if interval is not None:
        y = _event_times(y, interval)
    if crystal:
        off = _CRYSTALS if interval is None else _POOR_CRYSTALS
        likely = max(rates[0], 1 - off), min(rates[1], 1 + off)
        if likely[0] < likely[1]:
            fit = _feasible_line(x, y, interval, likely)
            if not fit.strained:
                return fit
    return _feasible_line(x, y, interval, rates)


def _feasible_line(x: FloatArray, y: FloatArray, interval: float | None, rates: Rates) -> _Feasible:
    """Centre of all lines that keep the bounds, and their reach."""
    n, origin, span = len(x), float(x[0]), float(x[-1] - x[0])
    edge = edge_over(*lower_hull(x, y), float(np.mean(x)))
    rate = min(max(edge[1] if edge else 1.0, rates[0]), rates[1])
    offset = float(np.min(y - rate * (x - origin)))
    if n < 8:
        return _Feasible((origin, rate, offset), None)
    above = y - offset - rate * (x - origin)
    late = 0.0 if interval is None else float(np.mean(above > interval))
    if late > _OVERLOAD:
        # The least delay is that of a queue: it may be as long as what is seen of it.
        return _Feasible((origin, rate, offset), float(np.median(above)))
    at, least = _lower_bounds(rate * (x - origin), above, interval, late)
    hull_x, hull_y = lower_hull(x, above)
    # A line is the pair (a, b) of its values at both ends, so that every bound is a half-plane.
    upper = list(zip(((hull_x - origin) / span).tolist(), hull_y.tolist(), strict=True))
    lower = list(zip(((x[at] - origin) / span).tolist(), least.tolist(), strict=True))
    polygon, slack = _polygon(upper, lower, ((rates[0] - rate) * span, (rates[1] - rate) * span))
    a, b = _centroid(polygon)
    line = origin, rate + (b - a) / span, offset + a
    da, db = (np.array(polygon) - (a, b)).T
    if interval is None:
        # These bounds are estimates themselves: the end of a line counts, not its mean.
        reach, bearable_s = float(np.max(np.abs([da, db]))), float(np.median(above))
    else:
        reach, bearable_s = float(np.sqrt(np.max(da**2 + da * db + db**2) / 3)), _STRAIN_S
    return _Feasible(line, COVER * reach, slack > bearable_s)


def _lower_bounds(
    phase_s: FloatArray, above: FloatArray, interval: float | None, late: float
) -> tuple[IntArray, FloatArray]:
    """The earliest packet of each block, and the least that a line may be there, from ``above`` zero."""
    n, neighbours = len(above), _NEIGHBOURS
    if interval is not None:
        # So many that all of them going out late is not to be expected anywhere.
        neighbours = max(math.ceil(math.log(0.01 / n) / math.log(max(late, 0.02))), 3)
    blocks = int(min(max(phase_s[-1] // 10, n // 200, 3), n // (60 * neighbours) + 3, n // 40 + 1, 360))
    earliest = block_minima(above, blocks)
    gaps = _largest_gaps(phase_s, above, block_edges(n, blocks), interval, neighbours)
    if interval is not None and np.count_nonzero(keep := above[earliest] <= 2 * gaps) * 2 >= len(earliest):
        # Where a link is so busy that a whole block queued, its earliest packet bounds nothing.
        earliest, gaps = earliest[keep], gaps[keep]
    return earliest, above[earliest] - gaps


def _largest_gaps(
    phase_s: FloatArray, above: FloatArray, edges: IntArray, interval: float | None, neighbours: int
) -> FloatArray:
    """How long, per block, its earliest packet may have waited for its connection event.

    The largest gap in the phases at which packets were ready, over so many neighbours. Without an interval
    the spacing of the block's earliest arrivals stands in.
    """
    gaps = []
    for phases, delays in zip(np.split(phase_s, edges[1:]), np.split(above, edges[1:]), strict=True):
        k = min(neighbours, len(phases) - 1)
        if k == 0:
            gaps.append(interval or 0.0)
        elif interval is None:
            least = np.partition(delays, k)[: k + 1]
            gaps.append(float(np.max(least) - np.min(least)))
        else:
            around = np.sort(phases % interval)
            around = np.append(around, around[:k] + interval)
            gaps.append(min(float(np.max(around[k:] - around[:-k])) + _JITTER_S, interval))
    return np.array(gaps)


def _polygon(
    upper: list[tuple[float, float]], lower: list[tuple[float, float]], rise: Rates
) -> tuple[Polygon, float]:
    """End values (a, b) of all lines between the bounds, and how far the lower ones had to give way."""
    reach = 2 * max(abs(value) for _, value in upper + lower) + rise[1] - rise[0] + 1.0
    outer: Polygon = [(-reach, -reach), (reach, -reach), (reach, reach), (-reach, reach)]
    outer = _clip(_clip(outer, -1.0, 1.0, rise[1]), 1.0, -1.0, -rise[0])
    for at, value in upper:
        outer = _clip(outer, 1 - at, at, value)

    def within(slack: float) -> Polygon:
        kept = outer
        for at, value in lower:
            kept = _clip(kept, at - 1, -at, slack - value)
        return kept

    slack = 0.0
    while len(polygon := within(slack)) < 3:
        slack = max(1e-4, 1.5 * slack)
    # Where the bounds do not hold as derived, a polygon that only just exists would claim too much.
    return (within(2 * slack) if slack > 0 else polygon), slack


def _clip(polygon: Polygon, p: float, q: float, limit: float) -> Polygon:
    """The part of a convex polygon where ``p a + q b <= limit`` (Sutherland and Hodgman 1974)."""
    kept = []
    over = [p * a + q * b - limit for a, b in polygon]
    for i, (a, b) in enumerate(polygon):
        j = (i + 1) % len(polygon)
        if over[i] <= 0:
            kept.append((a, b))
        if (over[i] < 0 < over[j]) or (over[j] < 0 < over[i]):
            part = over[i] / (over[i] - over[j])
            kept.append((a + part * (polygon[j][0] - a), b + part * (polygon[j][1] - b)))
    return kept


def _centroid(polygon: Polygon) -> tuple[float, float]:
    points = np.array(polygon)
    # About its own middle, so that a sliver far from zero keeps its digits.
    middle = points.mean(axis=0)
    here = points - middle
    after = np.roll(here, -1, axis=0)
    cross = here[:, 0] * after[:, 1] - after[:, 0] * here[:, 1]
    area = float(np.sum(cross))
    if area > 1e-18:
        middle = middle + cross @ (here + after) / (3 * area)
    return float(middle[0]), float(middle[1])


def _connection_interval(arrival_s: FloatArray) -> float | None:
    """Connection interval on the host's clock, or None where arrivals keep to none.

    Arrivals a multiple of the interval apart line up as phases on a circle: the candidate whose phases line
    up best wins (the resultant length of circular statistics), and its slow turn gives the ratio of the
    two crystals.
    """
    first = arrival_s[np.append(True, np.diff(arrival_s) > 2.5e-3)]
    if len(first) < 20:
        return None
    span = float(first[-1] - first[0])
    block = np.minimum(
        ((first - first[0]) / span * max(span // 10, 1)).astype(np.int64), int(max(span // 10, 1)) - 1
    )
    some = np.flatnonzero(block % (block[-1] // 12 + 1) == 0)[:1000]
    strength = [_aligned(first[some], block[some], c)[1] for c in _INTERVALS_S]
    interval = float(_INTERVALS_S[int(np.argmax(strength))])
    phase, _ = _aligned(first, block, interval)
    if len(phase) > 1:
        at = np.array([np.mean(part) for part in np.split(first, np.flatnonzero(np.diff(block)) + 1)])
        turn = np.polyfit(at - at[0], np.unwrap(phase), 1)[0]
        interval = float(interval / (1 - turn * interval / (2 * np.pi)))
    # With fewer packets than events, divisors of the packet period line up as well.
    told = float(np.median(np.diff(first))) < 2.5 * interval
    return interval if told and _aligned(first, block, interval)[1] > 0.8 else None


def _aligned(at: FloatArray, block: IntArray, interval: float) -> tuple[FloatArray, float]:
    """Mean phase of each block, and how well phases line up within blocks (0 to 1)."""
    turns = (at - at[0]) / interval
    turns = 2 * np.pi * (turns - np.floor(turns))
    edges = np.flatnonzero(np.append(True, np.diff(block) > 0))
    total = np.add.reduceat(np.cos(turns), edges) + 1j * np.add.reduceat(np.sin(turns), edges)
    return np.angle(total), float(np.sum(np.abs(total)) / len(at))


def _event_times(arrival_s: FloatArray, interval: float) -> FloatArray:
    """Arrival of the first packet of each connection event: the others only queued behind it on air."""
    starts = np.append(True, np.diff(arrival_s) > min(3e-3, interval / 3))
    first = arrival_s[starts][np.cumsum(starts) - 1]
    event: FloatArray = np.maximum(first, arrival_s - interval / 2)
    return event
