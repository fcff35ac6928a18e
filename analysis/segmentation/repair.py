"""Repetitions that were joined or broken, told by what the others look like."""

from __future__ import annotations

from statistics import median
from typing import Final

import numpy as np

from analysis import kernels
from analysis.frames import Motion
from analysis.kernels import span_array
from analysis.segmentation.bouts import Span
from analysis.segmentation.similarity import ALIKE_ACCELERATION
from sensing.recording import FloatArray

USUAL: Final = 0.25
"""A repetition is usual within this share of the median duration."""

LEAST: Final = 4
"""Usual repetitions that it takes to know what one looks like; they are half of all at least."""

JOINED: Final = (1.6, 2.4)
"""Two in one last this many times the median."""

BROKEN: Final = 0.75
"""Parts of one are shorter than this share of the median."""

CLEARER: Final = 0.1
"""What is put in place is more alike to the usual ones by this much."""


def repaired(motion: Motion, reps: list[Span]) -> list[Span]:
    """Repetitions of one side, those split that hold two and those joined that are parts of one.

    A turn that is too shallow joins two repetitions, and one too many breaks one. Either shows where the
    duration is out of line, and what is put in its place looks more like the others than what was there.
    """
    lengths = [b - a for a, b in reps]
    if len(reps) <= LEAST:
        return reps
    usual = median(lengths)
    typical = [rep for rep, n in zip(reps, lengths, strict=True) if abs(n / usual - 1) <= USUAL]
    if len(typical) == len(reps) or len(typical) < max(LEAST, len(reps) / 2):
        return reps
    model = _Model(motion, typical)
    split = [part for rep in reps for part in _split(rep, usual, model)]
    return _joined(split, usual, model)


class _Model:
    """What a usual repetition looks like, in turning and in acceleration."""

    def __init__(self, motion: Motion, typical: list[Span]) -> None:
        self._signals = motion.turning, motion.dynamic
        shapes = (kernels.normalise_time(s, span_array(typical)) for s in self._signals)
        self._means = [_unit(own.mean(axis=0)) for own in shapes]

    def likeness(self, spans: list[Span]) -> FloatArray:
        """Mean correlation of each span with it, (n,)."""
        shapes = (kernels.normalise_time(s, span_array(spans)) for s in self._signals)
        both = [
            np.einsum("rpc,pc->r", np.array([_unit(shape) for shape in own]), mean)
            for own, mean in zip(shapes, self._means, strict=True)
        ]
        return np.asarray(np.mean(both, axis=0))


def _unit(shape: FloatArray) -> FloatArray:
    centred = shape - shape.mean(axis=0)
    return np.asarray(centred / (np.linalg.norm(centred) + 1e-12))


def _split(rep: Span, usual: float, model: _Model) -> list[Span]:
    start, stop = rep
    if not JOINED[0] * usual < stop - start < JOINED[1] * usual:
        return [rep]
    step = max(1, round(usual / 20))
    middles = list(range(start + round(0.6 * usual), stop - round(0.6 * usual) + 1, step))
    if not middles:
        return [rep]
    first, second = (model.likeness(p) for p in ([(start, m) for m in middles], [(m, stop) for m in middles]))
    best = int(np.argmax(first + second))
    least = min(first[best], second[best])
    if least < ALIKE_ACCELERATION or least < model.likeness([rep])[0] + CLEARER:
        return [rep]
    return [(start, middles[best]), (middles[best], stop)]


def _joined(reps: list[Span], usual: float, model: _Model) -> list[Span]:
    out = [reps[0]]
    for rep in reps[1:]:
        (a, b), (c, d) = out[-1], rep
        short = max(b - a, d - c) < BROKEN * usual and abs((d - a) / usual - 1) <= USUAL
        if short:
            whole, first, second = model.likeness([(a, d), (a, b), (c, d)])
            if whole >= ALIKE_ACCELERATION and whole >= max(first, second) + CLEARER:
                out[-1] = (a, d)
                continue
        out.append(rep)
    return out
