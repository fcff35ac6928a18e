"""Do the numbers look like the units they are said to be in? A doubt is told; a contradiction is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from sensing.errors import BadInput
from sensing.recording import GRAVITY, FloatArray, Notice, Recording, Stream

_WIDEST: Final = 3.5
"""Factor from 1 g within which the median acceleration stays in any movement that lasts."""

_GYR_RATIO: Final = (0.04, 20.0)
"""Bounds of turning seen by gravity over turning said by the gyroscope. Over 200 real recordings of standing,
walking, running, rowing, jumping and shoulder exercises it is 0.13 to 8.4; a unit mistaken makes it 57 times
more or less."""

_TURNING_DEG_S: Final = 5.0
"""Below this there is too little turning to judge by."""

_ACC_LOOKS: Final = {"g": 1 / GRAVITY, "mg": 1000 / GRAVITY, "m/s2": GRAVITY}
_GYR_LOOKS: Final = {"rad/s": 180 / np.pi, "deg/s": np.pi / 180, "mdeg/s": 1e-3}
_ALIKE: Final = 2.0
"""What is measured where another unit was taken than the one that is true, and the factor it may be off."""

_BLOCKS: Final = 8
_BLOCK: Final = 4096
_SMOOTH_S: Final = 0.3


def check_units(recording: Recording) -> tuple[Notice, ...]:
    """Compare what the sensors say with gravity, and the sides with each other.

    The median acceleration should be near 1 g, and gravity should turn in the sensor's frame as the gyroscope
    says it does.

    Parameters
    ----------
    recording : Recording
        Opened recording.

    Returns
    -------
    tuple of Notice
        ``units_doubtful`` for each side and sensor that fails.

    Raises
    ------
    BadInput
        One side looks right and the other does not: the two are in different units.
    """
    streams = [stream for stream in recording.streams() if stream.acc_has_gravity]
    notices = _judge(
        streams,
        _median_g,
        (1 / _WIDEST, _WIDEST),
        "--acc-unit",
        "the median acceleration is {:.3g} times gravity",
        _ACC_LOOKS,
    )
    if not notices:
        notices = _judge(
            [stream for stream in streams if stream.gyr is not None],
            _turning_ratio,
            _GYR_RATIO,
            "--gyr-unit",
            "gravity turns {:.3g} times as fast as the gyroscope says",
            _GYR_LOOKS,
        )
    return notices


def _judge(
    streams: Sequence[Stream],
    measure: Callable[[Stream], float | None],
    bounds: tuple[float, float],
    flag: str,
    text: str,
    looks: Mapping[str, float],
) -> tuple[Notice, ...]:
    measured = [(stream, value) for stream in streams if (value := measure(stream)) is not None]
    outside = [not bounds[0] < value < bounds[1] for _, value in measured]
    told = [f"{stream.source or stream.side}: {text.format(value)}" for stream, value in measured]
    if outside.count(True) == 1 and len(outside) == 2:
        wrong = told[outside.index(True)]
        raise BadInput(
            f"{wrong}, unlike on the other side, so the two sides seem to be in different units; "
            f"export both in the same units, or state them ({flag})"
        )
    return tuple(
        Notice("units_doubtful", f"{each}; {_advice(value, flag, looks)}")
        for each, (_, value), doubt in zip(told, measured, outside, strict=True)
        if doubt
    )


def _advice(value: float, flag: str, looks: Mapping[str, float]) -> str:
    for unit, expected in looks.items():
        if 1 / _ALIKE < value / expected < _ALIKE:
            return f"looks like {unit}: try {flag} {unit}"
    return f"check its unit ({flag})"


def _blocks(stream: Stream) -> list[slice]:
    """Parts that stand for the whole of a long stream."""
    starts = np.unique(np.linspace(0, max(len(stream) - _BLOCK, 0), _BLOCKS).astype(int))
    return [slice(int(start), int(start) + _BLOCK) for start in starts]


def _median_g(stream: Stream) -> float | None:
    acc = np.concatenate([stream.acc[block] for block in _blocks(stream)])
    median = float(np.median(np.linalg.norm(acc, axis=1))) / GRAVITY
    return median if np.isfinite(median) else None


def _turning_ratio(stream: Stream) -> float | None:
    """RMS turning of gravity's direction over what the gyroscope says of it, while acceleration is 1 g.

    For a direction fixed in the world, ``du/dt = u x omega`` in the sensor's frame; both are smoothed alike.
    """
    if stream.gyr is None:
        return None
    window = max(round(_SMOOTH_S * stream.rate_hz), 3)
    half = window // 2
    seen = said = 0.0
    count = 0
    for block in _blocks(stream):
        acc, gyr = stream.acc[block], stream.gyr[block]
        if len(acc) <= 4 * window:
            continue
        smooth, omega = _moving_mean(acc, window), np.deg2rad(_moving_mean(gyr, window))
        length = np.linalg.norm(smooth, axis=1)
        direction = smooth / np.maximum(length, 1e-9)[:, None]
        turning = (direction[2 * half :] - direction[: -2 * half]) * stream.rate_hz / (2 * half)
        expected = np.cross(direction[half:-half], omega[half:-half])
        still = np.abs(length[half:-half] / GRAVITY - 1.0) < 0.1
        finite = still & np.isfinite(turning).all(axis=1) & np.isfinite(expected).all(axis=1)
        seen += float(np.sum(turning[finite] ** 2))
        said += float(np.sum(expected[finite] ** 2))
        count += int(finite.sum())
    if count < stream.rate_hz:
        return None
    turns = max(seen, said) / count
    if np.rad2deg(np.sqrt(turns)) < _TURNING_DEG_S:
        return None
    return float(np.sqrt(seen / said)) if said > 0 else None


def _moving_mean(values: FloatArray, window: int) -> FloatArray:
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    mean: FloatArray = (total[window:] - total[:-window]) / window
    return mean
