"""Lower convex hull of (device time, host arrival): a packet can be late but never early."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from sensing.errors import BadInput
from sensing.recording import FloatArray, IntArray

Line = tuple[float, float, float]
"""origin_s, rate, offset_s: ``offset_s + rate * (x - origin_s)``."""


class LowerHull:
    """Lower convex hull of (device time, host arrival), grown point by point.

    Adding a point costs O(1) amortised. Device times must not decrease within one hull.

    Parameters
    ----------
    max_points : int
        Most vertices kept. Beyond it the vertices that matter least are dropped, each of which raises the
        hull by less than any other would.
    """

    def __init__(self, max_points: int = 4096) -> None:
        self._x: list[float] = []
        self._y: list[float] = []
        self._max = max(max_points, 4)
        self._n = 0
        self._mean = 0.0

    def __len__(self) -> int:
        return len(self._x)

    def add(self, device_s: float, host_s: float) -> None:
        """Add one point; ``device_s`` must not be less than the one before."""
        xs, ys = self._x, self._y
        if xs and device_s < xs[-1]:
            raise BadInput(f"device time steps back from {xs[-1]} to {device_s} s: start a new hull there")
        self._n += 1
        self._mean += (device_s - self._mean) / self._n
        if xs and device_s == xs[-1]:
            if host_s >= ys[-1]:
                return
            xs.pop()
            ys.pop()
        while len(xs) >= 2:
            dx, dy = xs[-1] - xs[-2], ys[-1] - ys[-2]
            if dy * (device_s - xs[-2]) < (host_s - ys[-2]) * dx:
                break
            xs.pop()
            ys.pop()
        xs.append(device_s)
        ys.append(host_s)
        if len(xs) > self._max:
            self._shrink()

    def extend(self, device_s: Iterable[float], host_s: Iterable[float]) -> None:
        """Add several points in order."""
        for x, y in zip(device_s, host_s, strict=True):
            self.add(float(x), float(y))

    def _shrink(self) -> None:
        x, y = np.array(self._x), np.array(self._y)
        chord = y[:-2] + (y[2:] - y[:-2]) * (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
        # Alternate vertices only: a neighbour's height changes once its own neighbour is gone.
        odd = np.arange(1, len(x) - 1, 2)
        drop = odd[np.argsort(chord[odd - 1] - y[odd])[: max(len(odd) // 2, 1)]]
        keep = np.ones(len(x), dtype=bool)
        keep[drop] = False
        self._x, self._y = x[keep].tolist(), y[keep].tolist()

    def vertices(self) -> tuple[FloatArray, FloatArray]:
        """Hull vertices: device times and host times, s."""
        return np.array(self._x), np.array(self._y)

    def line(self) -> Line | None:
        """Current line: the edge below the mean device time.

        Returns
        -------
        (origin_s, rate, offset_s) or None
            None before there are two points.
        """
        return edge_over(self._x, self._y, self._mean)


def edge_over(x: Sequence[float] | FloatArray, y: Sequence[float] | FloatArray, at: float) -> Line | None:
    """The hull edge over ``at``."""
    if len(x) < 2:
        return None
    i = int(np.clip(np.searchsorted(x, at), 1, len(x) - 1))
    return float(x[i - 1]), float((y[i] - y[i - 1]) / (x[i] - x[i - 1])), float(y[i - 1])


def lower_hull(device_s: FloatArray, host_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Exact lower hull of all points at once, in near-linear time.

    Parameters
    ----------
    device_s, host_s : (n,) float array
        Points in order of device time.

    Returns
    -------
    tuple of two (k,) float arrays
        The vertices, as `LowerHull` would keep them.
    """
    x, y = device_s, host_s
    if len(x) > 256:
        # The hull of the lowest point per block lies on or above the true one, so that only what is on or
        # below it can be a vertex.
        slope = (y[-1] - y[0]) / (x[-1] - x[0]) if x[-1] > x[0] else 1.0
        above = y - slope * (x - x[0])
        lowest = np.union1d(block_minima(above, 2 * math.isqrt(len(x))), [0, len(x) - 1])
        coarse = LowerHull(len(lowest))
        coarse.extend(x[lowest].tolist(), above[lowest].tolist())
        near = above <= np.interp(x, *coarse.vertices()) + 1e-9
        x, y = x[near], y[near]
    hull = LowerHull(len(x))
    hull.extend(x.tolist(), y.tolist())
    return hull.vertices()


def block_edges(n: int, blocks: int) -> IntArray:
    """Where each of ``blocks`` equal blocks of n rows begins."""
    return np.unique(np.linspace(0, n, blocks, endpoint=False).astype(np.int64))


def block_minima(values: FloatArray, blocks: int) -> IntArray:
    """Index of the first least value of each of ``blocks`` equal blocks."""
    edges = block_edges(len(values), blocks)
    order = np.flatnonzero(
        values == np.repeat(np.minimum.reduceat(values, edges), np.diff([*edges, len(values)]))
    )
    found: IntArray = order[np.searchsorted(order, edges)]
    return found
