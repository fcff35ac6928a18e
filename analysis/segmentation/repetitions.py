"""Repetitions of any cyclic movement, without a template.

A limb that repeats a movement turns back and forth. Its rotation about the axis that carries most of the
rhythm is one signed signal; the angle it integrates to has turning points, and a repetition goes from one
turning point to the next of the same kind. Turning points are found by hysteresis on the angle, as a
fraction of the usual excursion, so that slow, fast, paused and tiring repetitions count alike. The rhythm
itself (the period of the autocorrelation over all axes at once, which does not depend on how the sensor
sits) only sets the filters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from scipy import fft, ndimage, signal

from analysis.frames import Motion, main_axis, norm
from analysis.segmentation.bouts import Span
from sensing.recording import FloatArray

WORK_HZ: Final = 50.0
"""Rate at which rhythm and turning points are looked for; boundaries are refined at the full rate, Hz."""

PERIOD_RANGE_S: Final = (0.35, 12.0)
"""Shortest and longest repetition, s."""

MIN_RHYTHM: Final = 0.3
"""Autocorrelation at one period below which a movement is not called rhythmic."""

FUNDAMENTAL: Final = 0.85
"""The first autocorrelation peak that reaches this share of the highest one is the period, not a multiple."""

RHYTHM_WINDOW_S: Final = 60.0
"""Long bouts are cut into windows of this length to find the period, since tempo drifts, s."""

HYSTERESIS: Final = 0.4
"""A turn counts if the angle then goes back by this share of the usual excursion."""

HARMONICS: Final = 1.8
"""Rotation is low-passed at this multiple of the rhythm: the second harmonic makes no extra turns."""

PAUSE_S: Final = 0.08
"""A longer standstill at either end of a repetition is a pause and is cut off, s."""

STANDSTILL: Final = 0.04
"""... where a standstill is turning at less than this share of the repetition's peak ..."""

STANDSTILL_SPEED: Final = 4.0
"""... or slower than this, deg/s: twice what a sensor on a standing person reads."""


@dataclass(frozen=True)
class Rhythm:
    """Period of a movement, s, and the autocorrelation there, 0 to 1."""

    period_s: float
    strength: float


@dataclass(frozen=True, eq=False)
class Cycle:
    """One side's movement in one bout, reduced to rotation about its main axis.

    Attributes
    ----------
    span : Span
        The bout, on the track's grid.
    axis : (3,) float array
        The main axis, a unit vector in the sensor frame.
    rotation : (m,) float array
        Signed rate about the main axis over the bout at the track's rate, lightly low-passed.
    angle : (k,) float array
        Angle about the main axis at the working rate, slow drift removed.
    step : int
        Grid points per working point.
    work_hz : float
        Working rate.
    excursion : float
        Usual peak-to-peak of ``angle`` over a period.
    rhythm : Rhythm or None
        None where the movement is not rhythmic.
    """

    span: Span
    axis: FloatArray
    rotation: FloatArray
    angle: FloatArray
    step: int
    work_hz: float
    excursion: float
    rhythm: Rhythm | None

    def flipped(self) -> Cycle:
        """The same movement with the axis pointing the other way."""
        return replace(self, axis=-self.axis, rotation=-self.rotation, angle=-self.angle)


def working_signal(motion: Motion, span: Span) -> tuple[FloatArray, int, float]:
    """Movement of a bout at the working rate: angular velocity, or tilt rate where there is no gyroscope.

    Returns
    -------
    (k, 3) float array, int, float
        The signal, grid points per working point, and the working rate in Hz.
    """
    track = motion.track
    step = max(1, int(track.rate_hz / WORK_HZ))
    piece = lowpass(values_of(motion)[span[0] : span[1]], min(8.0, 0.4 * track.rate_hz), track.rate_hz)
    return piece[::step], step, track.rate_hz / step


def values_of(motion: Motion) -> FloatArray:
    """Angular velocity, or the rate at which acceleration turns where there is no gyroscope, (n, 3)."""
    track = motion.track
    if track.gyr is not None:
        return track.gyr
    return np.asarray(np.gradient(track.acc, 1 / track.rate_hz, axis=0), dtype=np.float64)


def find_rhythm(signals: list[FloatArray], rate_hz: float) -> Rhythm | None:
    """Period that one or several (k, 3) signals share.

    The autocorrelation is summed over axes, hence blind to the sensor's orientation, and averaged over the
    signals; the first peak that is nearly as high as the highest is the period. A movement that goes and
    returns has its angular velocity reversed after half a period, so half periods do not pass.
    """
    n = min(len(s) for s in signals)
    window = int(RHYTHM_WINDOW_S * rate_hz)
    starts = range(0, max(n - window // 2, 1), window)
    found = [_window_rhythm([s[a : min(a + window, n)] for s in signals], rate_hz) for a in starts]
    rhythms = [rhythm for rhythm in found if rhythm is not None]
    if not rhythms or len(rhythms) < len(found) / 2:
        return None
    periods = np.array([rhythm.period_s for rhythm in rhythms])
    strength = float(np.median([rhythm.strength for rhythm in rhythms]))
    return Rhythm(float(np.median(periods)), strength)


def _window_rhythm(signals: list[FloatArray], rate_hz: float) -> Rhythm | None:
    correlation = np.mean([autocorrelation(s) for s in signals], axis=0)
    n = len(correlation)
    low, high = int(PERIOD_RANGE_S[0] * rate_hz), min(int(PERIOD_RANGE_S[1] * rate_hz), int(0.6 * n))
    below = np.flatnonzero(correlation < 0.5)
    if high - low < 3 or not below.size:
        return None
    peaks, _ = signal.find_peaks(correlation[:high])
    peaks = peaks[(peaks >= max(low, below[0])) & (correlation[peaks] >= MIN_RHYTHM)]
    if not peaks.size:
        return None
    peak = int(peaks[correlation[peaks] >= FUNDAMENTAL * correlation[peaks].max()][0])
    before, top, after = correlation[peak - 1 : peak + 2]
    curve = before - 2 * top + after
    lag = peak + (0.5 * (before - after) / curve if curve else 0.0)
    return Rhythm(float(lag) / rate_hz, float(top))


def autocorrelation(values: FloatArray) -> FloatArray:
    """Autocorrelation of a (k, c) signal summed over channels, normalised by each lag's overlap."""
    n = len(values)
    centred = values - values.mean(axis=0)
    size = fft.next_fast_len(2 * n, real=True)
    spectrum = fft.rfft(centred, size, axis=0)
    raw = fft.irfft((np.abs(spectrum) ** 2).sum(axis=1), size)[:n]
    energy = np.r_[0.0, np.cumsum((centred**2).sum(axis=1))]
    lag = np.arange(n)
    overlap = np.sqrt(np.maximum(energy[n - lag] * (energy[n] - energy[lag]), 1e-12))
    return np.asarray(raw / overlap, dtype=np.float64)


def reduce_to_cycle(motion: Motion, span: Span, rhythm: Rhythm | None) -> Cycle:
    """Rotation of one side about the axis that carries the rhythm (or, without one, most power)."""
    work, step, work_hz = working_signal(motion, span)
    track = motion.track
    if rhythm is None:
        carrier, cut_hz, drift_hz = work, 3.0, 0.1
    else:
        f0 = 1 / rhythm.period_s
        sos = butterworth("band", (round(0.5 * f0, 3), round(min(1.7 * f0, 0.45 * work_hz), 3)), work_hz)
        carrier, cut_hz, drift_hz = (
            _zero_phase(sos, work, rhythm.period_s * work_hz),
            HARMONICS * f0,
            0.35 * f0,
        )
    axis = main_axis(carrier)
    turn = lowpass(work @ axis, cut_hz, work_hz)
    drift = butterworth("high", (round(drift_hz, 3),), work_hz)
    angle = _zero_phase(drift, np.cumsum(turn - turn.mean()) / work_hz, work_hz / drift_hz)
    width = max(3, int((rhythm.period_s if rhythm else 3.0) * work_hz))
    rotation = lowpass(
        values_of(motion)[span[0] : span[1]] @ axis, min(10.0, 0.4 * track.rate_hz), track.rate_hz
    )
    return Cycle(span, axis, rotation, angle, step, work_hz, _usual_excursion(angle, width), rhythm)


def _usual_excursion(angle: FloatArray, width: int) -> float:
    """Median peak-to-peak over windows of one period, windows at rest left out."""
    reach = ndimage.maximum_filter1d(angle, width) - ndimage.minimum_filter1d(angle, width)
    reach = reach[:: max(1, width // 4)]
    return float(np.median(reach[reach >= 0.5 * np.percentile(reach, 90)]))


def turning_points(angle: FloatArray, hysteresis: float) -> tuple[np.ndarray, np.ndarray]:
    """Alternating maxima and minima after which ``angle`` goes back by at least ``hysteresis``.

    Returns
    -------
    index, kind : (m,) int arrays
        Position, and +1 for a maximum or -1 for a minimum; kinds alternate.
    """
    slope = np.sign(np.diff(angle))
    slope[slope == 0] = 1
    candidates = np.r_[0, np.flatnonzero(slope[1:] != slope[:-1]) + 1, len(angle) - 1]
    index: list[int] = []
    kind: list[int] = []
    low = high = int(candidates[0])
    heading = 0
    for i in candidates.tolist():
        value = angle[i]
        if value > angle[high]:
            high = i
        if value < angle[low]:
            low = i
        if heading >= 0 and angle[high] - value >= hysteresis:
            index.append(high)
            kind.append(1)
            heading, low, high = -1, i, i
        elif heading <= 0 and value - angle[low] >= hysteresis:
            index.append(low)
            kind.append(-1)
            heading, low, high = 1, i, i
    if heading:
        index.append(high if heading > 0 else low)
        kind.append(heading)
    return np.array(index, dtype=np.intp), np.array(kind, dtype=np.intp)


def start_preference(cycle: Cycle) -> float:
    """How much the limb dwells at the maxima rather than at the minima, -1 to 1.

    A repetition starts from where the limb waits. Counted is the share of time spent near either extreme;
    ties go to the extreme at which the movement begins and ends.
    """
    index, kind = turning_points(cycle.angle, HYSTERESIS * cycle.excursion)
    if len(index) < 3:
        return 0.0
    middle = np.interp(np.arange(len(cycle.angle)), index, cycle.angle[index])
    top = np.interp(np.arange(len(middle)), index[kind > 0], cycle.angle[index[kind > 0]])
    bottom = np.interp(np.arange(len(middle)), index[kind < 0], cycle.angle[index[kind < 0]])
    inside = slice(index[0], index[-1] + 1)
    near = 0.2 * (top - bottom)[inside]
    at_top = float(np.mean(cycle.angle[inside] > top[inside] - near))
    at_bottom = float(np.mean(cycle.angle[inside] < bottom[inside] + near))
    dwell = (at_top - at_bottom) / max(at_top + at_bottom, 1e-9)
    edges = 0.5 * (kind[0] + kind[-1])
    return float(np.clip(dwell + 0.2 * edges, -1.0, 1.0))


def find_repetitions(motion: Motion, cycle: Cycle, start_kind: int) -> list[Span]:
    """Repetitions of one side, from one turning point of ``start_kind`` (+1 maximum, -1 minimum) to the next.

    Returns
    -------
    list of (start, stop)
        Indices on the track's grid; pauses at the ends of a repetition are cut off.
    """
    index, kind = turning_points(cycle.angle, HYSTERESIS * cycle.excursion)
    coarse = index[kind == start_kind]
    turn = index[kind != start_kind]
    usual = float(np.median(np.diff(coarse))) if len(coarse) > 1 else 0.0
    longest = max(3 * usual, 3 * cycle.work_hz)
    found = []
    for a, b in zip(coarse[:-1].tolist(), coarse[1:].tolist(), strict=True):
        if b - a > longest:
            # A rest lies inside: the repetition is the part around its turn.
            inner = int(turn[(turn > a) & (turn < b)][0])
            a, b = max(a, inner - int(usual)), min(b, inner + int(usual))
        found.append((a, b))
    rate = motion.track.rate_hz
    smooth = lowpass(values_of(motion)[slice(*cycle.span)], min(10.0, 0.4 * rate), rate)
    still = 0.0 if motion.speed is None else STANDSTILL_SPEED
    last = len(smooth) - 1
    spans = []
    for a, b in found:
        start, stop = _at_reversals(cycle, a * cycle.step, min(b * cycle.step, last), -start_kind)
        spans.append(_without_pauses(norm(smooth[start : stop + 1]), start, PAUSE_S * rate, still))
    return [(cycle.span[0] + a, cycle.span[0] + b) for a, b in spans if b - a > 2]


def _at_reversals(cycle: Cycle, start: int, stop: int, after: int) -> Span:
    """Both boundaries at the nearest reversal of rotation at the full rate."""
    reach = max(1, (stop - start) // 5)
    return _reversal(cycle.rotation, start, reach, after), _reversal(cycle.rotation, stop, reach, after)


def _without_pauses(speed: FloatArray, start: int, pause: float, still: float) -> Span:
    """Boundaries drawn in over standstills longer than ``pause`` samples.

    A standstill is one about every axis: turning points are of the main axis, but work about another one
    belongs to the repetition.
    """
    stop = start + len(speed) - 1
    moving = np.flatnonzero(speed > max(STANDSTILL * float(speed.max(initial=0.0)), still))
    if not moving.size:
        return start, stop
    a, b = start + int(moving[0]), start + int(moving[-1])
    return (a if a - start > pause else start), (b if stop - b > pause else stop)


def _reversal(rotation: FloatArray, near: int, reach: int, after: int) -> int:
    """Zero crossing nearest to ``near`` at which rotation takes the sign ``after``, or ``near``."""
    low = max(near - reach, 0)
    piece = rotation[low : near + reach + 1] * after
    crossing = np.flatnonzero((piece[:-1] <= 0) & (piece[1:] > 0))
    if not crossing.size:
        return near
    return int(low + crossing[np.argmin(np.abs(crossing + low - near))])


def lowpass(values: FloatArray, cut_hz: float, rate_hz: float) -> FloatArray:
    """Second-order zero-phase low-pass along the first axis; unchanged where the cut is above the band."""
    if cut_hz >= 0.45 * rate_hz:
        return values
    return _zero_phase(butterworth("low", (round(cut_hz, 3),), rate_hz), values, rate_hz / cut_hz)


@lru_cache(maxsize=256)
def butterworth(
    kind: Literal["low", "high", "band"], cut_hz: tuple[float, ...], rate_hz: float
) -> FloatArray:
    """Second-order sections of a second-order Butterworth filter."""
    cut = cut_hz[0] if len(cut_hz) == 1 else list(cut_hz)
    return signal.butter(2, cut, btype=kind, fs=rate_hz, output="sos")


def _zero_phase(sos: FloatArray, values: FloatArray, scale: float) -> FloatArray:
    pad = min(len(values) - 1, int(3 * scale))
    return np.asarray(signal.sosfiltfilt(sos, values, axis=0, padlen=pad), dtype=np.float64)
