"""How well two streams share a timeline, while they are recorded."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sensing.clock import ClockFit, fit_clock, pair_sync
from sensing.errors import BadInput
from sensing.recording import FloatArray, Side, Sync


@dataclass
class _Packets:
    """The newest sample of every packet of one side: its device time and its arrival."""

    unseen_s: float
    nominal_hz: float | None
    axis_s: list[FloatArray] = field(default_factory=list)
    host_s: list[FloatArray] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    n: int = 0


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What is known at one moment, to be fitted in another thread."""

    sides: tuple[tuple[FloatArray, FloatArray, tuple[int, ...], float | None, float], ...]

    def sync(self) -> Sync:
        """State the synchronisation so far; `fit_clock` for each side, without knocks."""
        try:
            (left, left_unseen), (right, right_unseen) = (_fit(*side) for side in self.sides)
        except BadInput:
            return Sync()
        return pair_sync(left, right, unseen_s=(left_unseen, right_unseen))


def _fit(
    axis_s: FloatArray, host_s: FloatArray, starts: tuple[int, ...], nominal_hz: float | None, unseen_s: float
) -> tuple[ClockFit, float]:
    if nominal_hz is None:
        return fit_clock(host_s, device_time_s=axis_s, segment_starts=starts), unseen_s
    counter = np.rint(axis_s * nominal_hz).astype(np.int64)
    return fit_clock(host_s, seq=counter, segment_starts=starts, rate_hz=nominal_hz), unseen_s


class LiveSync:
    """Gathers packets of both sides."""

    def __init__(self) -> None:
        self._sides: dict[Side, _Packets] = {}

    def connected(self, side: Side, unseen_s: float, nominal_hz: float | None) -> None:
        """Begin a connection; ``nominal_hz`` is None where the device has a clock."""
        packets = self._sides.setdefault(side, _Packets(unseen_s, nominal_hz))
        packets.starts.append(packets.n)

    def add(self, side: Side, axis_s: FloatArray, host_s: FloatArray) -> None:
        """Add samples: device times, or counters over the nominal rate, and arrivals, (n,) s."""
        packets = self._sides[side]
        newest = np.append(np.diff(host_s) != 0, True)
        packets.axis_s.append(axis_s[newest])
        packets.host_s.append(host_s[newest])
        packets.n += int(np.count_nonzero(newest))

    def snapshot(self) -> Snapshot | None:
        """What there is now; None before both sides have some seconds."""
        if len(self._sides) < 2 or any(packets.n < 20 for packets in self._sides.values()):
            return None
        return Snapshot(
            tuple(
                (
                    np.concatenate(packets.axis_s),
                    np.concatenate(packets.host_s),
                    tuple(start for start in packets.starts if start < packets.n),
                    packets.nominal_hz,
                    packets.unseen_s,
                )
                for packets in (self._sides[side] for side in Side)
            )
        )
