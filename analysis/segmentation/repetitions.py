"""Repetitions of any cyclic movement, without a template.

A limb that repeats a movement turns back and forth. Its rotation about the axis that carries most of the
rhythm is one signed signal; the angle it integrates to has turning points, and a repetition goes from one
turning point to the next of the same kind. Turning points are found by hysteresis on the angle, as a
fraction of the usual excursion, so that slow, fast, paused and tiring repetitions count alike. The rhythm
itself (the period of the autocorrelation over all axes at once, which does not depend on how the sensor
sits) only sets the filters.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

import numpy as np
from scipy import fft, signal

from analysis import kernels
from analysis.faults import BoolArray
from analysis.frames import Motion, main_axis, norm
from analysis.kernels import span_array
from analysis.segmentation.bouts import Span
from analysis.segmentation.filters import TOP_OF_BAND, butterworth, lowpass
from sensing.recording import FloatArray, IntArray

WORK_HZ: Final = 50.0
"""Rate at which rhythm and turning points are looked for; boundaries are refined at the full rate, Hz."""

PERIOD_RANGE_S: Final = (0.35, 20.0)
"""Shortest and longest repetition, s."""

MIN_PERIODS: Final = 2
"""Periods that it takes to see one."""

MIN_RHYTHM: Final = 0.3
"""Autocorrelation at one period below which a movement is not called rhythmic."""

FUNDAMENTAL: Final = 0.9
"""The first autocorrelation peak that reaches this share of the highest one is the period, not a multiple."""

RHYTHM_WINDOW_S: Final = 60.0
"""Long bouts are cut into windows of this length to find the period, since tempo drifts, s."""

HYSTERESIS: Final = 0.4
"""A turn counts if the angle then goes back by this share of the usual excursion."""

HARMONICS: Final = 1.8
"""Rotation is low-passed at this multiple of the rhythm: the second harmonic makes no extra turns."""

WHOLE_TURN: Final = 0.6
"""A half repetition at the end of a bout counts from this share of the usual turn ..."""

MIN_WHOLE: Final = 2
"""... where there are this many whole ones."""

PAUSE_S: Final = 0.08
"""A longer standstill at either end of a repetition is a pause and is cut off, s."""

LATE_S: Final = 0.3
"""Movement is noticed no later than this after it sets in, s."""

STANDSTILL: Final = 0.04
"""... where a standstill is turning at less than this share of the repetition's peak ..."""

STANDSTILL_SPEED: Final = 4.0
"""... or slower than this, deg/s: twice what a sensor on a standing person reads."""


@dataclass(frozen=True)
class Rhythm:
    """Period of a movement, s."""

    period_s: float


@dataclass(frozen=True, eq=False)
class Turns:
    """Turning points of an angle.

    Attributes
    ----------
    index, kind : (m,) int array
        Position, and +1 for a maximum or -1 for a minimum; kinds alternate.
    whole : (m - 1,) bool array
        Whether the limb turned about as far as usual between each turning point and the next.
    """

    index: IntArray
    kind: IntArray
    whole: BoolArray

    @property
    def ends(self) -> float:
        """Kind of the posture in which movement begins and ends, or 0 if these differ.

        A tenth of it where the first or the last movement is less than whole.
        """
        if not self.whole.size:
            return 0.0
        sure = 1.0 if self.whole[0] and self.whole[-1] else 0.1
        return sure * float(self.kind[0] + self.kind[-1]) / 2


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
    speed : (m,) float array
        Its size about every axis.
    angle : (k,) float array
        Angle about the main axis at the working rate, slow drift removed.
    step : int
        Grid points per working point.
    work_hz : float
        Working rate.
    turns : Turns
        Turning points of ``angle``, at the working rate.
    rhythm : Rhythm or None
        None where the movement is not rhythmic.
    """

    span: Span
    axis: FloatArray
    rotation: FloatArray
    speed: FloatArray
    angle: FloatArray
    step: int
    work_hz: float
    turns: Turns
    rhythm: Rhythm | None

    def flipped(self) -> Cycle:
        """The same movement with the axis pointing the other way."""
        turns = replace(self.turns, kind=-self.turns.kind)
        return replace(self, axis=-self.axis, rotation=-self.rotation, angle=-self.angle, turns=turns)


@dataclass(frozen=True, eq=False)
class Work:
    """Movement of one side in a bout at the working rate.

    Attributes
    ----------
    span : Span
        The bout, on the track's grid.
    values : (k, 3) float array
        Angular velocity, or acceleration without its mean.
    rotation : (m, 3) float array
        `Motion.turning` at the track's rate, lightly low-passed.
    step : int
        Grid points per working point.
    rate_hz : float
        Working rate.
    """

    span: Span
    values: FloatArray
    rotation: FloatArray
    step: int
    rate_hz: float


def working_signal(motion: Motion, span: Span) -> Work:
    """Movement of a bout at the working rate."""
    track = motion.track
    step = max(1, int(track.rate_hz / WORK_HZ))
    values = (track.acc if track.gyr is None else track.gyr)[slice(*span)]
    if track.gyr is None:
        values = values - values.mean(axis=0)
    piece = lowpass(values, min(8.0, 0.4 * track.rate_hz), track.rate_hz)
    rotation = lowpass(motion.turning[slice(*span)], min(10.0, 0.4 * track.rate_hz), track.rate_hz)
    return Work(span, piece[::step], rotation, step, track.rate_hz / step)


def find_rhythm(signals: list[FloatArray], rate_hz: float) -> Rhythm | None:
    """Period that one or several (k, 3) signals share.

    The autocorrelation is summed over axes, hence blind to the sensor's orientation, and averaged over the
    signals; the first peak that is nearly as high as the highest is the period. A movement that goes and
    returns has its angular velocity reversed after half a period, so half periods do not pass.
    """
    n = min(len(s) for s in signals)
    return shared_rhythm([autocorrelations(s[:n], rate_hz) for s in signals], rate_hz)


def autocorrelations(values: FloatArray, rate_hz: float) -> list[FloatArray]:
    """Autocorrelation of a (k, c) signal in each window of `RHYTHM_WINDOW_S`."""
    window = int(RHYTHM_WINDOW_S * rate_hz)
    starts = range(0, max(len(values) - window // 2, 1), window)
    return [autocorrelation(values[a : a + window]) for a in starts]


def shared_rhythm(correlations: list[list[FloatArray]], rate_hz: float) -> Rhythm | None:
    """As `find_rhythm`, from the `autocorrelations` of signals of one length."""
    found = [_window_rhythm(np.mean(same, axis=0), rate_hz) for same in zip(*correlations, strict=True)]
    rhythms = [rhythm for rhythm in found if rhythm is not None]
    if not rhythms or len(rhythms) < len(found) / 2:
        return None
    return Rhythm(median(r.period_s for r in rhythms))


def _window_rhythm(correlation: FloatArray, rate_hz: float) -> Rhythm | None:
    low, high = (int(period_s * rate_hz) for period_s in PERIOD_RANGE_S)
    n, high = MIN_PERIODS * len(correlation), min(high, len(correlation))
    below = np.flatnonzero(correlation < 0.5)
    if high - low < 3 or not below.size:
        return None
    peaks, _ = signal.find_peaks(correlation[:high])
    peaks = peaks[(peaks >= max(low, below[0])) & (correlation[peaks] >= MIN_RHYTHM)]
    if not peaks.size:
        return None
    # The longer the lag, the less overlaps, and the more a peak is worth by chance.
    worth = correlation[peaks] * np.sqrt(1 - peaks / n)
    peak = int(peaks[worth >= FUNDAMENTAL * worth.max()][0])
    before, top, after = correlation[peak - 1 : peak + 2]
    curve = before - 2 * top + after
    lag = peak + (0.5 * (before - after) / curve if curve else 0.0)
    return Rhythm(float(lag) / rate_hz)


def autocorrelation(values: FloatArray) -> FloatArray:
    """Autocorrelation of a (k, c) signal summed over channels, normalised by each lag's overlap.

    For lags of 0 to k / 2: of a longer period, too little is there to see it.
    """
    n, lags = len(values), len(values) // MIN_PERIODS
    centred = np.ascontiguousarray((values - values.mean(axis=0)).T)
    size = fft.next_fast_len(n + lags, real=True)
    spectrum = fft.rfft(centred, size)
    raw = fft.irfft((spectrum.real**2 + spectrum.imag**2).sum(axis=0), size)[:lags]
    energy = np.concatenate([[0.0], np.cumsum((centred**2).sum(axis=0))])
    overlap = np.sqrt(np.maximum(energy[n : n - lags : -1] * (energy[n] - energy[:lags]), 1e-12))
    return np.asarray(raw / overlap, dtype=np.float64)


def reduce_to_cycle(motion: Motion, work: Work, rhythm: Rhythm | None) -> Cycle:
    """Rotation of one side about the axis that carries the rhythm (or, without one, most power).

    Without a gyroscope, acceleration along that axis stands for the angle: a limb that tilts turns gravity in
    the sensor's frame.
    """
    track, work_hz = motion.track, work.rate_hz
    if rhythm is None:
        carrier, cut_hz, drift_hz = work.values, 3.0, 0.1
    else:
        f0 = 1 / rhythm.period_s
        band_hz = (round(0.5 * f0, 3), round(min(1.7 * f0, TOP_OF_BAND * work_hz), 3))
        carrier, cut_hz, drift_hz = (
            butterworth("band", band_hz, work_hz).zero_phase(work.values, rhythm.period_s * work_hz),
            HARMONICS * f0,
            0.35 * f0,
        )
    axis = main_axis(carrier)
    turn = lowpass(work.values @ axis, cut_hz, work_hz)
    angle = turn if track.gyr is None else np.cumsum(turn - turn.mean()) / work_hz
    drift = butterworth("high", (round(drift_hz, 3),), work_hz)
    angle = drift.zero_phase(angle, work_hz / drift_hz)
    width = max(3, int((rhythm.period_s if rhythm else 3.0) * work_hz))
    rotation = work.rotation @ axis
    turns = _turns(angle, HYSTERESIS * _usual_excursion(angle, width), rotation, work.step)
    return Cycle(work.span, axis, rotation, norm(work.rotation), angle, work.step, work_hz, turns, rhythm)


def _usual_excursion(angle: FloatArray, width: int) -> float:
    """Median peak-to-peak over windows of one period, windows at rest left out."""
    middle = np.arange(0, len(angle), max(1, width // 4))
    first = np.maximum(middle - width // 2, 0)
    # Pairs of bounds; what lies between one window's stop and the next one's start is left out.
    bounds = np.column_stack([first, np.minimum(middle - width // 2 + width, len(angle))]).ravel()
    padded = np.append(angle, angle[-1])
    reach = np.sort(np.maximum.reduceat(padded, bounds)[::2] - np.minimum.reduceat(padded, bounds)[::2])
    moving = reach[reach >= 0.5 * np.interp(0.9 * (len(reach) - 1), np.arange(len(reach)), reach)]
    return float(moving[(len(moving) - 1) // 2] + moving[len(moving) // 2]) / 2


def _turns(angle: FloatArray, hysteresis: float, rotation: FloatArray, step: int) -> Turns:
    """Turning points of a bout, without those at its ends that no movement goes with."""
    index, kind = kernels.turning_points(angle, hysteresis)
    # From the rotation itself: near the ends of a bout the filter that takes the drift bends the angle.
    turned = np.abs(np.diff(np.cumsum(rotation)[np.minimum(index * step, len(rotation) - 1)]))
    share = turned / max(median(turned.tolist()), 1e-9) if len(turned) else turned
    real = np.flatnonzero(share >= HYSTERESIS)
    first, last = (real[0], real[-1] + 1) if real.size else (0, 0)
    return Turns(index[first : last + 1], kind[first : last + 1], share[first:last] >= WHOLE_TURN)


def usual_tempo(cycle: Cycle) -> Rhythm | None:
    """Rhythm of the usual time between turning points of one kind; None where there are fewer than four."""
    index = cycle.turns.index
    if len(index) < 7:
        return None
    return Rhythm(median((index[2:] - index[:-2]).tolist()) / cycle.work_hz)


def dwell(cycle: Cycle) -> float:
    """How much the limb dwells at the maxima rather than at the minima, -1 to 1: shares of time near them."""
    index, kind = cycle.turns.index, cycle.turns.kind
    if len(index) < 3:
        return 0.0
    inside = slice(index[0], index[-1] + 1)
    at = np.arange(index[0], index[-1] + 1)
    top = np.interp(at, index[kind > 0], cycle.angle[index[kind > 0]])
    bottom = np.interp(at, index[kind < 0], cycle.angle[index[kind < 0]])
    near = 0.2 * (top - bottom)
    at_top = float(np.mean(cycle.angle[inside] > top - near))
    at_bottom = float(np.mean(cycle.angle[inside] < bottom + near))
    return (at_top - at_bottom) / max(at_top + at_bottom, 1e-9)


def find_repetitions(motion: Motion, cycle: Cycle, start_kind: int) -> list[Span]:
    """Repetitions of one side, from one turning point of ``start_kind`` (+1 maximum, -1 minimum) to the next.

    Returns
    -------
    list of (start, stop)
        Indices on the track's grid; pauses at the ends of a repetition are cut off. One that is cut short at
        either end of the bout counts if it is there from its turning point on, or up to it.
    """
    turns = cycle.turns
    starts = turns.kind == start_kind
    reversals = {kind: _reversals(cycle.rotation, -kind) for kind in (1, -1)}

    def at_reversals(span: Span, kinds: tuple[int, int]) -> Span:
        """Both boundaries, turning points of these kinds, at the nearest reversals at the full rate."""
        start, stop = span[0] * cycle.step, min(span[1] * cycle.step, len(cycle.rotation) - 1)
        reach = max(1, (stop - start) // 5)
        return _nearest(reversals[kinds[0]], start, reach), _nearest(reversals[kinds[1]], stop, reach)

    found = [
        at_reversals(span, (start_kind, start_kind))
        for span in _between(turns.index[starts], turns.index[~starts], cycle.work_hz)
    ]
    if len(found) >= MIN_WHOLE and len(turns.index) % 2 == 0:
        if starts[-1] and turns.whole[0]:
            first = (int(turns.index[0]), int(turns.index[1]))
            found.insert(0, at_reversals(first, (-start_kind, start_kind)))
        elif starts[0] and turns.whole[-1]:
            last = (int(turns.index[-2]), int(turns.index[-1]))
            found.append(at_reversals(last, (start_kind, -start_kind)))
    spans = _without_pauses(motion, cycle, found)
    return [(cycle.span[0] + a, cycle.span[0] + b) for a, b in spans if b - a > 2]


def _between(starts: IntArray, turns: IntArray, work_hz: float) -> list[Span]:
    """Whole repetitions between turning points of one kind, in working points."""
    if len(starts) < 2:
        return []
    usual = int(median(np.diff(starts).tolist()))
    longest = 3 * max(usual, work_hz)
    found = []
    for a, b in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        if b - a > longest:
            # A rest lies inside: the repetition is the part around its turn.
            inner = int(turns[(turns > a) & (turns < b)][0])
            a, b = max(a, inner - usual), min(b, inner + usual)
        found.append((a, b))
    return found


def _without_pauses(motion: Motion, cycle: Cycle, found: list[Span]) -> list[Span]:
    """Repetitions drawn in over standstills longer than a pause, in points of the cycle.

    A standstill is one about every axis: turning points are of the main axis, but work about another one
    belongs to the repetition.
    """
    rate = motion.track.rate_hz
    spans = span_array([(start, stop) for start, stop in found if stop > start])
    still = 0.0 if motion.speed is None else STANDSTILL_SPEED
    both_ends = np.column_stack([spans[:, 0], spans[:, 1] + 1])
    stands = kernels.standstills(cycle.speed, both_ends, STANDSTILL, still, LATE_S * rate)
    drawn_in = spans + np.where(stands > PAUSE_S * rate, stands, 0) * (1, -1)
    return [(start, stop) for start, stop in drawn_in.tolist()]


def _reversals(rotation: FloatArray, after: int) -> list[int]:
    """Zero crossings at which rotation takes the sign ``after``, in order."""
    turned = rotation * after > 0
    return np.flatnonzero(~turned[:-1] & turned[1:]).tolist()


def _nearest(crossings: list[int], near: int, reach: int) -> int:
    """The crossing nearest to ``near`` within ``reach``, or ``near``."""
    k = bisect_left(crossings, near)
    close = [c for c in crossings[max(k - 1, 0) : k + 1] if near - reach <= c < near + reach]
    return min(close, key=lambda c: abs(c - near), default=near)
