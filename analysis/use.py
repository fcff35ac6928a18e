"""How much each side was used over a whole recording, sets or not."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.results import Use
from analysis.survey import Survey
from analysis.symmetry import use_ratio
from sensing.recording import FloatArray, Recording, Side

ONE_HANDED: Final = 7.0
"""Magnitude ratio given to seconds in which only one side moves."""


def measure_use(recording: Recording, surveyed: Survey) -> Use:
    """Active time of each side, their ratio, and how movement splits between them second by second.

    Bailey and Lang 2013; Bailey, Klaesner and Lang 2014. Where the dominant side is not known, right stands
    for non-dominant in the ratios.
    """
    sides = surveyed.sides
    active = {side: float(np.nansum(own.seconds > own.rest)) for side, own in sides.items()}
    ratio = magnitude = None
    if len(sides) == 2:
        strong = recording.dominant or Side.LEFT
        ratio = use_ratio(active[strong.other], active[strong])
        same_kind = len({own.rest for own in sides.values()}) == 1
        if surveyed.aligned.shared_grid and same_kind:
            weak, most = sides[strong.other].seconds, sides[strong].seconds
            magnitude = _magnitude_ratio(weak, most, sides[strong].rest)
    minutes = recording.duration_s / 60
    return Use(
        left_active_s=active.get(Side.LEFT),
        right_active_s=active.get(Side.RIGHT),
        use_ratio=ratio,
        magnitude_ratio=magnitude,
        session_load=None if recording.rpe is None else recording.rpe * minutes,
    )


def _magnitude_ratio(nondominant: FloatArray, dominant: FloatArray, rest: float) -> float | None:
    with np.errstate(invalid="ignore"):
        moving = (nondominant > rest) | (dominant > rest)
    if not moving.any():
        return None
    weak, strong = nondominant[moving], dominant[moving]
    ratio = np.log(np.maximum(weak, 1e-9)) - np.log(np.maximum(strong, 1e-9))
    ratio[weak <= rest / 4] = -ONE_HANDED
    ratio[strong <= rest / 4] = ONE_HANDED
    return float(np.median(np.clip(ratio, -ONE_HANDED, ONE_HANDED)))
