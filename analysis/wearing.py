"""What the signals say of how the sensors are worn: one of them twice, loose, slipped, or on another limb.

Every test is one that no recording of `../shared/recordings`, worn as it says, comes near; what such a test
cannot see, it leaves unsaid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage, signal

from analysis import kernels
from analysis.faults import BoolArray, impossible
from analysis.frames import Motion, norm
from analysis.timeline import SAME_RATE, Track
from sensing.recording import GRAVITY, FloatArray, Placement, Side, Stream

SAME_SENSOR: Final = 0.98
"""Correlation of every channel from which two streams are one sensor's (real pairs: below 0)."""

SAME_NOISE: Final = 0.9998
"""Correlation of the second differences of norms from which two streams hold one sensor's noise, however
mounted (real pairs: 0.6; simulated runs without any variation, whose steps are all alike: 0.9994)."""

THINNED: Final = 4
"""Ratios of sampling rates up to this are looked at for copies that keep only some samples."""

SAME_SCALE: Final = 1e-3
"""Relative difference of scale below which the numbers are the same ones."""

LONGEST_SEARCH: Final = 30_000
"""Samples from the middle of each side that are searched for a copy."""

MOVING_DEG_S: Final = 15.0
"""A side moves where it turns faster than this on average over two seconds."""

WINDOW_S: Final = 5.0
"""Length of the pieces of movement that are compared with each other, s."""

MOST_WINDOWS: Final = 120
"""Pieces of a long recording that are looked at for shaking: ten minutes of movement."""

SLIP_DEG, SLIP_TIMES = 20.0, 5.0
"""A sensor slipped if its main axis of rotation turns this far, and this many times as far as it wanders
(RMS); the other side's meanwhile stays put."""

SHAKE_HZ, SHAKE_SHARE, SHAKE_TIMES = 10.0, 0.03, 5.0
"""Above this frequency limbs hardly rotate: a sensor with more than this share of its power there, and so
many times the other side's share, is loose (real recordings: twice the other side's where it is so large)."""

ONE_HANDED: Final = 4.0
"""Where one side's rotation has this many times the other's power, the other one is no measure for it: a
racket's hand feels the ball."""

SHAKE_RATE_HZ: Final = 45.0
"""Least sampling rate at which shaking is seen."""

SWING_DEG_S: Final = 120.0
"""Walking feet and shanks turn faster than this in a twentieth of the time (real feet: 330 and up)."""

FOOT_SWING_DEG_S, FOOT_STILL, FOOT_RHYTHM, STRIDE_S = 300.0, 0.15, 0.7, (0.8, 1.6)
"""A walking foot: faster than this in a twentieth of the time, still for this share of it in between, and
repeating itself with this autocorrelation every so many seconds."""

FEET: Final = (Placement.FOOT, Placement.ANKLE, Placement.SHANK)
"""Where strides are looked for."""


@dataclass(frozen=True)
class Copy:
    """Two streams that are one sensor's; ``scale`` is how much larger the right one's numbers are."""

    scale: float

    @property
    def rescaled(self) -> bool:
        """Whether the numbers differ by a factor."""
        return abs(self.scale - 1) > SAME_SCALE


def find_copy(left: Stream, right: Stream) -> Copy | None:
    """Whether two streams are one sensor's, whatever the shift, the scale, the mounting or the samples kept.

    Streams are laid out by sample number, so that the same samples stay the same whatever their times say.
    Two sensors, even on one crank, never agree in all axes, nor in their noise.
    """
    times = max(1, round(max(left.rate_hz, right.rate_hz) / min(left.rate_hz, right.rate_hz)))
    thin = (times, 1) if left.rate_hz > right.rate_hz else (1, times)
    alike = abs(left.rate_hz / right.rate_hz * thin[1] / thin[0] - 1) <= SAME_RATE
    if (left.gyr is None) != (right.gyr is None) or times > THINNED or not alike:
        return None
    a, b = _by_number(left), _by_number(right)
    if a is None or b is None:
        return None
    pairs = ((a[i :: thin[0]], b[j :: thin[1]]) for i in range(thin[0]) for j in range(thin[1]))
    return next((copy for pair in pairs if (copy := _copy(*pair)) is not None), None)


def _copy(a: FloatArray, b: FloatArray) -> Copy | None:
    """Whether numbers are the same ones, with or without a shift."""
    # Without a shift first: an exact rhythm fits equally well a period later.
    for lag, size in ((0, min(len(a), len(b))), _best_overlap(a, b)):
        x, y = a[max(lag, 0) :][:size], b[max(-lag, 0) :][:size]
        if (copy := _same_channels(x, y) or _same_noise(x, y)) is not None:
            return copy
    return None


def _same_noise(a: FloatArray, b: FloatArray) -> Copy | None:
    """Whether the norms of acceleration and of angular velocity hold the same noise in both."""
    scales = []
    for first in range(0, a.shape[1], 3):
        x, y = (np.diff(norm(v[:, first : first + 3]), 2) for v in (a, b))
        # Not by BLAS, which for so many numbers starts threads that go on waiting for longer than it takes.
        powers = float(np.einsum("i,i", x, x)), float(np.einsum("i,i", y, y))
        if not min(powers) or np.einsum("i,i", x, y) < SAME_NOISE * np.sqrt(powers[0] * powers[1]):
            return None
        scales.append(np.sqrt(powers[1] / powers[0]))
    return Copy(float(np.median(scales)))


def _same_channels(a: FloatArray, b: FloatArray) -> Copy | None:
    """Whether every channel that varies is the same in both, but for its scale."""
    varies = (np.ptp(a, axis=0) > 0) & (np.ptp(b, axis=0) > 0)
    if not varies.any():
        return None
    a, b = a[:, varies] - a[:, varies].mean(axis=0), b[:, varies] - b[:, varies].mean(axis=0)
    powers = (a * a).sum(axis=0), (b * b).sum(axis=0)
    if ((a * b).sum(axis=0) / np.sqrt(powers[0] * powers[1])).min() < SAME_SENSOR:
        return None
    return Copy(float(np.median(np.sqrt(powers[1] / powers[0]))))


def _by_number(stream: Stream) -> FloatArray | None:
    """All channels at regular sample numbers, lost ones filled in with straight lines; None without any."""
    first = max(0, (len(stream) - LONGEST_SEARCH) // 2)
    part = slice(first, first + LONGEST_SEARCH)
    gyr = None if stream.gyr is None else stream.gyr[part]
    stream = Stream(stream.side, stream.time_s[part], stream.acc[part], gyr, rate_hz=stream.rate_hz)
    good = ~impossible(stream)
    if not good.any():
        return None
    time_s = stream.time_s[good]
    values = stream.acc[good] if stream.gyr is None else np.hstack([stream.acc[good], stream.gyr[good]])
    number = np.rint((time_s - time_s[0]) * stream.rate_hz)
    regular = np.arange(min(int(number[-1]) + 1, LONGEST_SEARCH))
    return np.column_stack([np.interp(regular, number, channel) for channel in values.T])


def _best_overlap(a: FloatArray, b: FloatArray) -> tuple[int, int]:
    """Shift of ``b`` against ``a`` with the best correlation of norms, and the length of what they share."""
    x, y = (norm(v[:, -3:]) for v in (a, b))
    x, y = x - x.mean(), y - y.mean()
    lags = signal.correlation_lags(len(x), len(y))
    first, last = np.maximum(lags, 0), np.minimum(len(x), len(y) + lags)
    power = [np.r_[0.0, np.cumsum(v * v)] for v in (x, y)]
    shared = (power[0][last] - power[0][first]) * (power[1][last - lags] - power[1][first - lags])
    fitting = signal.correlate(x, y, method="fft") / np.sqrt(np.maximum(shared, 1e-12))
    fitting[2 * (last - first) < min(len(x), len(y))] = -1.0
    best = int(np.argmax(fitting))
    return int(lags[best]), int(last[best] - first[best])


@dataclass(frozen=True, eq=False)
class Windows:
    """The axis about which one side turns, window after window of `WINDOW_S`.

    Attributes
    ----------
    moving : (w,) bool array
        Windows in which the side moves and nothing is missing.
    axes : (w, 3) float array
        Main axis of rotation, in the sensor's frame, in those; zeros in the others.
    """

    moving: BoolArray
    axes: FloatArray


def windows_of(motion: Motion, core: slice) -> Windows:
    """The whole windows from the start of ``core``, a stretch of the motion."""
    track = motion.track
    start, stop, _ = core.indices(len(track))
    moving = _moving_windows(motion.part(start, stop))
    axes = np.zeros((len(moving), 3))
    if track.gyr is not None and moving.any():
        gyr = _windows(track, track.gyr[core])[moving]
        axes[moving] = np.linalg.eigh(gyr.transpose(0, 2, 1) @ gyr)[1][..., -1]
    return Windows(moving, axes)


def join_windows(parts: Sequence[Windows]) -> Windows:
    """Windows of successive stretches."""
    return Windows(
        np.concatenate([part.moving for part in parts]), np.concatenate([part.axes for part in parts])
    )


def slipped(windows: dict[Side, Windows]) -> list[tuple[Side, float, float]]:
    """Sensors that turned on their limb: side, time from the start (s) and angle (deg) of the largest turn.

    A limb keeps turning about one axis of its own through an exercise, whatever its posture. Where that axis
    moves in the sensor for good, while the other limb's stays, the sensor has moved. A turn about this very
    axis cannot be told from another posture, and both sensors turning at once not from another exercise.
    """
    if len(windows) < 2:
        return []
    moving = np.all([own.moving for own in windows.values()], axis=0)
    if moving.sum() < 4:
        return []
    angles, wanders = zip(*(_turns(own.axes[moving]) for own in windows.values()), strict=True)
    found = []
    for side, angle, wander, other in zip(windows, angles, wanders, angles[::-1], strict=True):
        clear = (angle > np.maximum(SLIP_DEG, SLIP_TIMES * wander)) & (other < angle / 4)
        if clear.any():
            split = int(np.argmax(np.where(clear, angle, 0.0)))
            after = np.flatnonzero(moving)[split + 2]
            found.append((side, float(after) * WINDOW_S, angle[split]))
    return found


def _turns(axes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Angle between the main axes before and after every window but the outermost, and their wander, deg."""
    total = np.cumsum(axes[:, :, None] * axes[:, None, :], axis=0)
    number = np.arange(1.0, len(axes) + 1)[:, None, None]
    before = np.linalg.eigh((total / number)[1:-2])
    after = np.linalg.eigh(((total[-1] - total[:-1]) / (number[-1] - number[:-1]))[1:-1])
    cosine = (before.eigenvectors[..., -1] * after.eigenvectors[..., -1]).sum(axis=1)
    # The largest eigenvalue is the mean squared cosine between the axes and their mean.
    alike = np.minimum(before.eigenvalues[:, -1], after.eigenvalues[:, -1])
    return _angle(cosine), _angle(np.sqrt(np.maximum(alike, 0.0)))


def _angle(cosine: FloatArray) -> FloatArray:
    """Angle between axes, whose signs mean nothing, deg."""
    return np.asarray(np.degrees(np.arccos(np.minimum(np.abs(cosine), 1.0))))


def window_size(rate_hz: float) -> int:
    """Samples in a window."""
    return max(2, round(WINDOW_S * rate_hz))


def _windows(track: Track, values: np.ndarray) -> np.ndarray:
    """Values by window, (windows, samples, ...)."""
    size = window_size(track.rate_hz)
    return values[: len(values) // size * size].reshape(-1, size, *values.shape[1:])


def _moving_windows(motion: Motion) -> np.ndarray:
    """Whether a side moves, and nothing is missing, in each window."""
    whole = _windows(motion.track, motion.track.valid).all(axis=1)
    if motion.speed is None:
        return np.zeros_like(whole)
    return np.asarray(whole & (_windows(motion.track, motion.speed).mean(axis=1) > MOVING_DEG_S))


def shaking(motions: dict[Side, Motion]) -> list[tuple[Side, float]]:
    """Sensors that shake on their limb: side and share of the power of rotation above `SHAKE_HZ`."""
    powers = {side: power for side, motion in motions.items() if (power := _powers(motion)) is not None}
    if len(powers) < 2:
        return []
    slow = [power[0] for power in powers.values()]
    if max(slow) > ONE_HANDED * min(slow):
        return []
    shares = {side: fast / (slow + fast) for side, (slow, fast) in powers.items()}
    return [
        (side, share)
        for side, share in shares.items()
        if share > SHAKE_SHARE and share > SHAKE_TIMES * shares[side.other]
    ]


def _powers(motion: Motion) -> tuple[float, float] | None:
    """Power of rotation below and above `SHAKE_HZ` while the side moves; None where it cannot be told."""
    track = motion.track
    if track.gyr is None or track.native_rate_hz < SHAKE_RATE_HZ:
        return None
    moving = np.flatnonzero(_moving_windows(motion))
    if not len(moving):
        return None
    chosen = moving[:: -(-len(moving) // MOST_WINDOWS)]
    pieces = _windows(track, track.gyr)[chosen]
    pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * np.hanning(window_size(track.rate_hz))[:, None]
    power = (np.abs(np.fft.rfft(pieces, axis=1)) ** 2).mean(axis=0).sum(axis=1)
    frequency = np.fft.rfftfreq(window_size(track.rate_hz), 1 / track.rate_hz)
    fast = frequency > SHAKE_HZ
    return float(power[~fast & (frequency > 0.3)].sum()), float(power[fast].sum())


def never_swings(motions: dict[Side, Motion]) -> bool:
    """Whether neither side, while it moves, turns as feet and shanks do in every stride."""
    fast = [_fast_speed(motion) for motion in motions.values()]
    known = [speed for speed in fast if speed is not None]
    return bool(known) and max(known) < SWING_DEG_S


def walks_like_feet(motions: dict[Side, Motion]) -> bool:
    """Whether both sides swing and lie still in turn, stride after stride, as only feet do."""
    return len(motions) == 2 and all(_is_foot(motion) for motion in motions.values())


def _is_foot(motion: Motion) -> bool:
    speed, moving, fast = motion.speed, _moving(motion), _fast_speed(motion)
    if speed is None or moving is None or fast is None or fast < FOOT_SWING_DEG_S:
        return False
    rate = motion.track.rate_hz
    quiet = np.maximum(speed / 40, np.abs(norm(motion.track.acc) - GRAVITY) / 2)
    still = ndimage.maximum_filter1d(quiet, max(1, round(0.1 * rate))) < 1
    if still[moving].mean() < FOOT_STILL:
        return False
    swings = np.where(moving, speed - kernels.running_mean(speed, round(3 * rate)), 0.0)
    alike = signal.correlate(swings, swings, method="fft")[len(swings) - 1 :]
    first, last = (round(s * rate) for s in STRIDE_S)
    return bool(alike[first:last].max() >= FOOT_RHYTHM * alike[0])


def _moving(motion: Motion) -> np.ndarray | None:
    """Where a side moves, if it does so for five seconds at least."""
    if motion.speed is None:
        return None
    rate = motion.track.rate_hz
    moving = kernels.running_mean(motion.speed, max(1, round(2 * rate))) > MOVING_DEG_S
    moving &= motion.track.valid
    return moving if moving.sum() >= WINDOW_S * rate else None


def _fast_speed(motion: Motion) -> float | None:
    """The speed above which a side turns in a twentieth of the time that it moves, deg/s."""
    moving = _moving(motion)
    return None if moving is None or motion.speed is None else float(np.percentile(motion.speed[moving], 95))
