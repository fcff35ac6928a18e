"""Vibration of a limb in an isometric hold: accelerometer mechanomyography and tremor.

Its validity is limited (slopes differ by 51 % of their mean on repetition, Beck 2009): an amount, to be held
against the same person's own, and no verdict.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import ndimage

from analysis.body_results import Hold
from analysis.frames import norm
from analysis.metrics.filters import band_pass
from sensing.recording import FloatArray, Interval, Recording, Side, Stream

LOW_HZ: Final = 5.0
"""Slower movement is sway, Hz."""

BANDS_HZ: Final = ((200.0, 90.0), (100.0, 45.0))
"""Sampling rate, and the top of the band that it allows, Hz."""

CLOCK_ERROR: Final = 0.05
"""A rate that is short by no more than this share is taken for the nominal one."""

FLOOR: Final = 0.05
"""RMS that a sensor on a table reads, m/s2: 300 micro-g per root hertz over the widest band, three axes."""

IMPACT: Final = 5.0
"""Samples beyond this many times the median are impacts."""

IMPACT_S: Final = 0.5
"""Time left out around each of them: the filter rings for so long, s."""

MAX_DISCARDED: Final = 0.5
"""A hold of which more is left out has no value."""


def vibration_band(rate_hz: float) -> Interval | None:
    """Band in which vibration is measured at a sampling rate: 5 to 90 Hz at 200 Hz, 5 to 45 Hz at 100 Hz.

    None below: at 50 Hz, 5 to 22 Hz hold tremor but not what a muscle adds to it.
    """
    return next(((LOW_HZ, high) for rate, high in BANDS_HZ if rate_hz >= (1 - CLOCK_ERROR) * rate), None)


def measure_hold(recording: Recording, span_s: Interval) -> Hold:
    """Vibration of both sides in one hold, in the band that the slower of them allows.

    The sensors' own samples are used, since interpolation to a common grid takes high frequencies off.
    """
    rate_hz = min(stream.rate_hz for stream in recording.streams())
    band = vibration_band(rate_hz)
    if band is None:
        text = f"vibration needs {BANDS_HZ[-1][0]:g} Hz or more, this recording has {rate_hz:.0f} Hz"
        return Hold(*span_s, None, reason=text)
    values: dict[Side, tuple[float | None, float]] = {}
    reasons = []
    for stream in recording.streams():
        rms, discarded = vibration_rms(stream, span_s, band)
        values[stream.side] = rms, discarded
        if rms is None:
            reasons.append(f"the {stream.side} side was too often interrupted")
        elif rms < FLOOR:
            values[stream.side] = None, discarded
            reasons.append(f"the {stream.side} side shakes no more than a sensor's own noise")
    (left, left_out), (right, right_out) = (values.get(side, (None, 0.0)) for side in Side)
    return Hold(*span_s, band, left, right, left_out, right_out, "; ".join(reasons))


def vibration_rms(stream: Stream, span_s: Interval, band_hz: Interval) -> tuple[float | None, float]:
    """RMS of the acceleration of one side in a band, impacts left out.

    Parameters
    ----------
    stream : Stream
        The sensor's own samples.
    span_s : (start_s, end_s)
        The hold.
    band_hz : (low, high)
        Band, Hz.

    Returns
    -------
    rms : float or None
        Over three axes, m/s2, 0 and up; whichever way the sensor sits. None where too little is left.
    discarded : float
        Share of the hold left out, 0 to 1.

    Notes
    -----
    The filter is Butterworth, forth and back, on stretches without gaps. Half a second around every sample
    beyond five times the median is left out. High where clothes or the strap flap.
    """
    expected = (span_s[1] - span_s[0]) * stream.rate_hz
    parts = [
        part
        for run in _whole_stretches(stream, span_s)
        if (part := band_pass(run, stream.rate_hz, band_hz)) is not None
    ]
    if not parts or expected <= 0:
        return None, 1.0
    sizes = [norm(part) for part in parts]
    limit = IMPACT * float(np.median(np.concatenate(sizes)))
    reach = 2 * round(IMPACT_S * stream.rate_hz) + 1
    kept = np.concatenate([size[~ndimage.maximum_filter1d(size > limit, reach)] for size in sizes])
    discarded = float(np.clip(1 - len(kept) / expected, 0.0, 1.0))
    if discarded > MAX_DISCARDED:
        return None, discarded
    return float(np.sqrt(np.mean(np.square(kept)))), discarded


def _whole_stretches(stream: Stream, span_s: Interval) -> list[FloatArray]:
    """Accelerations of the span, cut at every step that is too long and at samples that are no numbers."""
    inside = (stream.time_s >= span_s[0]) & (stream.time_s <= span_s[1])
    inside &= np.isfinite(stream.acc).all(axis=1)
    time_s, acc = stream.time_s[inside], stream.acc[inside]
    cuts = np.flatnonzero(np.diff(time_s) > 1.5 / stream.rate_hz) + 1
    return [part for part in np.split(acc, cuts) if len(part)]
