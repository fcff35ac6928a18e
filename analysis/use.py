"""How much each side was used over a whole recording, sets or not."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.frames import Motion
from analysis.results import Use
from analysis.segmentation.bouts import REST_ACCELERATION, REST_SPEED
from analysis.symmetry import use_ratio
from sensing.recording import FloatArray, Recording, Side

ONE_HANDED: Final = 7.0
"""Magnitude ratio given to seconds in which only one side moves."""


def measure_use(recording: Recording, motions: dict[Side, Motion], *, shared_grid: bool) -> Use:
    """Active time of each side, their ratio, and how movement splits between them second by second.

    Bailey and Lang 2013; Bailey, Klaesner and Lang 2014. Where the dominant side is not known, right stands
    for non-dominant in the ratios.
    """
    seconds = {side: _per_second(motion) for side, motion in motions.items()}
    rest = {side: REST_ACCELERATION if m.speed is None else REST_SPEED for side, m in motions.items()}
    active = {side: float(np.nansum(level > rest[side])) for side, level in seconds.items()}
    ratio = magnitude = None
    if len(motions) == 2:
        strong = recording.dominant or Side.LEFT
        ratio = use_ratio(active[strong.other], active[strong])
        same_kind = len({m.speed is None for m in motions.values()}) == 1
        if shared_grid and same_kind:
            magnitude = _magnitude_ratio(seconds[strong.other], seconds[strong], rest[strong])
    minutes = recording.duration_s / 60
    return Use(
        left_active_s=active.get(Side.LEFT),
        right_active_s=active.get(Side.RIGHT),
        use_ratio=ratio,
        magnitude_ratio=magnitude,
        session_load=None if recording.rpe is None else recording.rpe * minutes,
    )


def _per_second(motion: Motion) -> FloatArray:
    """Mean movement of each whole second; NaN where under half of it was recorded."""
    track = motion.track
    level = motion.dynamic_norm if motion.speed is None else motion.speed
    second = (np.arange(len(level)) / track.rate_hz).astype(np.intp)
    n = np.bincount(second, weights=track.valid)
    total = np.bincount(second, weights=np.where(track.valid, level, 0.0))
    mean = np.where(n >= 0.5 * track.rate_hz, total / np.maximum(n, 1), np.nan)
    return np.asarray(mean, dtype=np.float64)


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
