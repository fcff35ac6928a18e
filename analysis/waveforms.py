"""The mean repetition of each side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.frames import Motion
from analysis.measurement import MeasuredSet
from analysis.results import Waveform
from analysis.segmentation.similarity import normalise_time
from sensing.recording import FloatArray, Side


def mean_waveforms(measured: Sequence[MeasuredSet], motions: dict[Side, Motion]) -> tuple[Waveform, ...]:
    """Time-normalised mean and SD of turning speed and dynamic acceleration over all whole repetitions."""
    out = []
    for name, unit in (("turning speed", "deg/s"), ("dynamic acceleration", "m/s2")):
        shapes = {
            side: _stretch(measured, side, m, m.speed if unit == "deg/s" else m.dynamic_norm)
            for side, m in motions.items()
        }
        if not any(len(shape) for shape in shapes.values()):
            continue
        mean = {side: s.mean(axis=0) for side, s in shapes.items() if len(s)}
        sd = {side: s.std(axis=0, ddof=1) for side, s in shapes.items() if len(s) > 1}
        out.append(
            Waveform(
                name=name,
                unit=unit,
                left_mean=mean.get(Side.LEFT),
                left_sd=sd.get(Side.LEFT),
                right_mean=mean.get(Side.RIGHT),
                right_sd=sd.get(Side.RIGHT),
                left_n=len(shapes.get(Side.LEFT, ())),
                right_n=len(shapes.get(Side.RIGHT, ())),
            )
        )
    return tuple(out)


def _stretch(
    measured: Sequence[MeasuredSet], side: Side, motion: Motion, values: FloatArray | None
) -> FloatArray:
    if values is None:
        return np.empty((0, 0))
    track = motion.track
    spans = [(track.index(a), track.index(b)) for m in measured for a, b in m.exercise_set.reps.get(side, ())]
    return normalise_time(values, [(a, b) for a, b in spans if b - a > 2 and track.valid[a:b].all()])
