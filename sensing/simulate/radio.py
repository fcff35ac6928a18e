"""Clock and radio of one sensor: when samples are taken, which arrive, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensing.recording import FloatArray, IntArray, Side
from sensing.simulate.params import Simulation, in_gap, pair

_DRIFT_SD_PPM = 20.0
_MAX_OFFSET_S = 1000.0


@dataclass(frozen=True)
class DeviceClock:
    """Truth about one device's clock.

    ``device_time_s = offset_s + (1 + drift_ppm / 1e6) * true_time_s``, where true time is the host's.
    """

    offset_s: float
    drift_ppm: float

    @property
    def rate(self) -> float:
        """Device seconds per true second."""
        return 1 + self.drift_ppm * 1e-6

    def true_time(self, device_time_s: npt.ArrayLike) -> FloatArray:
        """True (host) times of device times, s."""
        return np.asarray((np.asarray(device_time_s, dtype=np.float64) - self.offset_s) / self.rate)

    def device_time(self, true_time_s: npt.ArrayLike) -> FloatArray:
        """Device times of true times, s."""
        return np.asarray(self.offset_s + self.rate * np.asarray(true_time_s, dtype=np.float64))


def draw_clock(params: Simulation, side: Side, rng: np.random.Generator) -> DeviceClock:
    """Draw one side's clock, or take what the parameters say."""
    offset, drift = rng.uniform(0, _MAX_OFFSET_S), _DRIFT_SD_PPM * rng.standard_normal()
    i = list(Side).index(side)
    if params.clock_offset_s is not None:
        offset = pair(params.clock_offset_s)[i]
    if params.drift_ppm is not None:
        drift = pair(params.drift_ppm)[i]
    return DeviceClock(float(offset), float(drift))


def sample_times(
    clock: DeviceClock, rate_hz: float, duration_s: float, rng: np.random.Generator, *, ideal: bool
) -> FloatArray:
    """True times at which a device samples at its own idea of ``rate_hz``, s."""
    period = 1 / rate_hz if ideal else 1 / (rate_hz * clock.rate)
    first = 0.0 if ideal else rng.uniform(0, period)
    return np.asarray(first + period * np.arange(int((duration_s - first) / period) + 1))


def arrivals(
    params: Simulation, side: Side, true_s: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, IntArray]:
    """Arrival of every sample's packet at the host, and the packet's number.

    A packet leaves at the first connection event after its last sample, or some events later where it has
    to be sent again, and is then handed on with an exponential delay; packets never overtake one another.

    Returns
    -------
    host_time_s : (n,) float array
    packet : (n,) int array
    """
    i = list(Side).index(side)
    interval, jitter = pair(params.interval_s)[i], pair(params.jitter_s)[i]
    least = pair(params.latency_s)[i]
    size = params.samples_per_packet[i]
    packet = np.arange(len(true_s)) // size
    ready = true_s[np.minimum(np.arange(packet[-1] + 1) * size + size - 1, len(true_s) - 1)]
    phase = rng.uniform(0, interval)
    event = np.ceil((ready - phase) / interval)
    event += rng.geometric(1 - params.retry, len(ready)) - 1
    sent = phase + event * interval + least + rng.exponential(jitter, len(ready))
    return np.maximum.accumulate(sent)[packet], packet


def received(
    params: Simulation, side: Side, true_s: FloatArray, packet: IntArray, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Which samples arrive: not those in lost packets (runs of them), nor those in an outage."""
    fraction = pair(params.loss)[list(Side).index(side)]
    keep = np.ones(len(true_s), dtype=bool)
    if fraction > 0:
        keep = ~_lost_packets(int(packet[-1]) + 1, fraction, params.loss_burst, rng)[packet]
    for gap in params.gaps:
        if outage := in_gap(gap, side):
            keep &= (true_s < outage[0]) | (true_s > outage[1])
    return keep


def _lost_packets(
    count: int, fraction: float, burst: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Two-state (Gilbert 1960) loss: runs of received and lost packets with geometric lengths."""
    good = max(burst * (1 - fraction) / fraction, 1.0)
    runs = int(2 * count / (good + burst)) + 50
    lengths = np.stack([rng.geometric(1 / good, runs), rng.geometric(1 / burst, runs)], axis=-1)
    state = np.tile([False, True], runs)
    lost = np.repeat(state, lengths.ravel())[:count]
    return np.concatenate([lost, np.zeros(count - len(lost), dtype=bool)])
