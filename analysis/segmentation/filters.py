"""Second-order zero-phase Butterworth filters for the many short stretches of a recording that move."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from scipy import signal

from analysis import kernels
from sensing.recording import FloatArray

TOP_OF_BAND: Final = 0.45
"""Cuts above this share of the rate leave everything as it is."""


@dataclass(frozen=True, eq=False)
class Butterworth:
    """Second-order sections, (k, 6), and the states that a constant 1 leaves as they are, (k, 2)."""

    sections: FloatArray
    settled: FloatArray

    def zero_phase(self, values: FloatArray, period: float) -> FloatArray:
        """Run forth and back along the first axis, the ends mirrored over three periods of so many samples.

        The numbers are those of `scipy.signal.sosfiltfilt`, whose fixed costs are several times those of
        filtering a stretch of some seconds.
        """
        return kernels.zero_phase(values, self.sections, self.settled, min(int(3 * period), len(values) - 1))


@lru_cache(maxsize=256)
def butterworth(
    kind: Literal["low", "high", "band"], cut_hz: tuple[float, ...], rate_hz: float, *, order: int = 2
) -> Butterworth:
    """The filter of one cut, or of a band's two."""
    cut = cut_hz[0] if len(cut_hz) == 1 else list(cut_hz)
    sections = signal.butter(order, cut, btype=kind, fs=rate_hz, output="sos")
    return Butterworth(sections, signal.sosfilt_zi(sections))


def lowpass(values: FloatArray, cut_hz: float, rate_hz: float) -> FloatArray:
    """Second-order zero-phase low-pass along the first axis; unchanged where the cut is above the band."""
    if cut_hz >= TOP_OF_BAND * rate_hz:
        return values
    return butterworth("low", (round(cut_hz, 3),), rate_hz).zero_phase(values, rate_hz / cut_hz)
