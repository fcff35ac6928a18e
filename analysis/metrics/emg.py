"""Muscle activation from surface electromyography, where a recording has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy import ndimage

from analysis.body_results import MuscleActivation, SideActivation
from analysis.metrics.filters import band_pass
from sensing.recording import Emg, FloatArray, Interval, Recording, Stream, gaps_from_times

MIN_RATE_HZ: Final = 1000.0
"""Half of it must exceed the band of surface electromyography, Hz."""

CLOCK_ERROR: Final = 0.02
"""A rate that is short by this share is taken for the nominal one."""

BAND_HZ: Final = (20.0, 450.0)
"""Band of surface electromyography, Hz."""

WINDOW_S: Final = 0.1
"""Window of the moving RMS, s."""


def measure_activation(recording: Recording, sets: Sequence[Interval]) -> MuscleActivation | None:
    """Muscle activation of each side, over the sets.

    Parameters
    ----------
    recording : Recording
        Its streams may have electromyograms.
    sets : sequence of (start_s, end_s)
        When the work was done; where there is none, the whole recording is taken.

    Returns
    -------
    MuscleActivation or None
        None where no side has one.

    Notes
    -----
    Every side is on the scale of its own maximum, since what reaches the electrodes depends on skin and on
    where they sit. So two percentages say how each side worked against its own best of this session, and
    neither says which is stronger.
    """
    if all(stream.emg is None for stream in recording.streams()):
        return None
    left, right = (_side(stream, sets) for stream in (recording.left, recording.right))
    return MuscleActivation(left, right)


def envelope(emg: Emg) -> FloatArray:
    """Moving RMS of the rectified, band-passed electromyogram, (n,), microvolts, 0 and up.

    20 to 450 Hz, zero phase, RMS over 100 ms. NaN in stretches between gaps that are too short for the
    filter. Mains hum within the band and moving cables stay in.

    Raises
    ------
    ValueError
        If the rate is too low for the band.
    """
    if emg.rate_hz <= 2 * BAND_HZ[1]:
        raise ValueError(f"{emg.rate_hz:.0f} Hz is too slow for {BAND_HZ[1]:g} Hz")
    width = max(1, round(WINDOW_S * emg.rate_hz))
    gaps = gaps_from_times(emg.time_s, emg.rate_hz)
    cuts = np.searchsorted(emg.time_s, [end for _, end in gaps])
    parts = []
    for part in np.split(emg.value_uv, cuts):
        passed = band_pass(part, emg.rate_hz, BAND_HZ)
        if passed is None:
            parts.append(np.full(len(part), np.nan))
        else:
            power = ndimage.uniform_filter1d(np.abs(passed) ** 2, width)
            parts.append(np.sqrt(np.maximum(power, 0.0)))
    return np.concatenate(parts)


def _side(stream: Stream | None, sets: Sequence[Interval]) -> SideActivation | None:
    if stream is None or stream.emg is None:
        return None
    emg = stream.emg
    if emg.rate_hz < (1 - CLOCK_ERROR) * MIN_RATE_HZ:
        text = f"needs {MIN_RATE_HZ:g} Hz or more, this electromyogram has {emg.rate_hz:.0f} Hz"
        return SideActivation(emg.rate_hz, reason=text)
    level = envelope(emg)
    known = level[np.isfinite(level)]
    if not len(known) or known.max() <= 0:
        return SideActivation(emg.rate_hz, reason="the electromyogram is empty or flat")
    maximum = float(known.max())
    means = [_mean(level[(emg.time_s >= a) & (emg.time_s <= b)], maximum) for a, b in sets]
    of_sets = [mean for mean in means if mean is not None]
    whole = float(np.mean(of_sets)) if of_sets else _mean(level, maximum)
    return SideActivation(emg.rate_hz, maximum, whole, tuple(means))


def _mean(level: FloatArray, maximum: float) -> float | None:
    known = level[np.isfinite(level)]
    return float(100 * known.mean() / maximum) if len(known) else None
