"""Left-right sync error of two streams over Bluetooth, simulated with known truth.

    python -m benchmarks.sync [--runs N] [--seed S]

Arrivals are those of the virtual radio (`sensing.virtual.channel`) without the Bluetooth stack: a device
samples on its own crystal; ``batch`` samples make a packet, which is ready with its last sample and leaves at
the next connection event, on the central's crystal. A packet is lost on air with probability ``retransmit``
and then goes out an interval later, as often as needed, with those behind it waiting; what does not fit into
the sensor's buffer meanwhile is thrown away.

The error of a run is the left-right difference between estimated and true times (an equal least delay on
both sides drops out): its root mean square over the session, and its largest value. ``fit_s`` must cover the
root mean square in 95 % of runs; how often it covers the largest is shown beside it; ``error_s`` adds what no
clock can show. Knocks are half-sine pulses of 5 to 15 ms, the same on both sides (one force acts on both),
with a ringing that differs, low-pass filtered as sensors do before they sample.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from sensing.clock import apply_knocks, find_knocks, fit_clock, pair_sync
from sensing.devices import driver
from sensing.recording import FloatArray, Sync
from sensing.virtual import Link
from sensing.virtual.channel import Channel


@dataclass(frozen=True)
class Sensor:
    """One sensor and its radio link."""

    rate_hz: float = 60.0
    radio: Link = field(default_factory=Link)
    batch: int = 1
    ppm: float = 50.0
    """Largest drift of the device's crystal; each run draws within it."""
    central_ppm: float = 20.0
    """The same for the crystal that times the connection events."""

    def on(self, **radio: float) -> Sensor:
        """The same over another link."""
        return replace(self, radio=replace(self.radio, **radio))


@dataclass(frozen=True)
class Arrivals:
    """What a host sees of one link, and the truth; one row a sample that got through, s."""

    true_s: FloatArray
    device_s: FloatArray
    host_s: FloatArray


def arrivals(sensor: Sensor, duration_s: float, rng: np.random.Generator) -> Arrivals:
    n = int(duration_s * sensor.rate_hz) // sensor.batch * sensor.batch
    device = np.arange(n) / sensor.rate_hz
    drift = 1 + rng.uniform(-sensor.ppm, sensor.ppm) * 1e-6
    true = device * drift + rng.uniform(0, 1)
    interval = sensor.radio.interval_s * (1 + rng.uniform(-sensor.central_ppm, sensor.central_ppm) * 1e-6)
    radio = replace(sensor.radio, interval_s=interval)
    channel = Channel(radio, rng.uniform(0, interval), random.Random(int(rng.integers(2**62))))
    through, host = [], []
    waiting: deque[float] = deque()
    for packet, ready in enumerate(true[sensor.batch - 1 :: sensor.batch].tolist()):
        while waiting and waiting[0] <= ready:
            waiting.popleft()
        if len(waiting) < radio.buffer:
            waiting.append(channel.arrival(channel.up, ready))
            through.append(packet)
            host.append(waiting[-1])
    rows = (np.array(through)[:, None] * sensor.batch + np.arange(sensor.batch)).ravel()
    return Arrivals(true[rows], device[rows] + rng.uniform(0, 1000), np.repeat(host, sensor.batch))


@dataclass(frozen=True)
class Case:
    """Two links, and what is known about them."""

    name: str
    left: Sensor
    right: Sensor
    index: bool = False
    """No device clock: the row number stands in."""
    fixed_s: float = 0.0
    """Constant latency on the right that no clock shows."""
    knocks: bool = False


_FAR: Final = {"interval_s": 0.045, "retransmit": 0.2}
_DOT: Final = Sensor()
_FAST: Final = Sensor(rate_hz=100)
_MOVESENSE: Final = Sensor(rate_hz=104, batch=8)
_POLAR: Final = Sensor(rate_hz=52, batch=71)
_LOCKED: Final = Sensor(rate_hz=100, ppm=0, central_ppm=0).on(interval_s=0.030)
_NO_CLOCK: Final = Sensor(rate_hz=100, ppm=7000).on(retransmit=0)

CASES: Final = (
    Case("60 Hz, 15 ms", _DOT, _DOT),
    Case("60 Hz, 30 ms", _DOT.on(interval_s=0.030), _DOT.on(interval_s=0.030)),
    Case("60 Hz, 15 ms 2 % v 45 ms 20 %", _DOT, _DOT.on(**_FAR)),
    Case("100 Hz, 15 ms", _FAST, _FAST),
    Case("100 Hz, 15 ms v an overloaded link", _FAST, _FAST.on(**_FAR)),
    Case("100 Hz on 30 ms, +-50 ppm", _FAST.on(interval_s=0.030), _FAST.on(interval_s=0.030)),
    Case("100 Hz on 30 ms, +-300 ppm", *[replace(_FAST, ppm=300.0).on(interval_s=0.030)] * 2),
    Case("100 Hz locked to 30 ms v 60 Hz", _DOT, _LOCKED),
    Case("100 Hz locked to 30 ms, both", _LOCKED, _LOCKED),
    Case("104 Hz x 8 a packet, 15 v 45 ms", _MOVESENSE, _MOVESENSE.on(**_FAR)),
    Case("52 Hz x 71 a packet, 15 v 45 ms", _POLAR, _POLAR.on(**_FAR)),
    Case("no clock, 7000 ppm, 15 ms", _NO_CLOCK, _NO_CLOCK, index=True),
    Case("no clock, 7000 ppm, 15 v 30 ms", _NO_CLOCK, _NO_CLOCK.on(interval_s=0.030), index=True),
    Case("15 ms fixed, no knocks", _DOT, _DOT, fixed_s=0.015),
    Case("15 ms fixed, knocks", _DOT, _DOT, fixed_s=0.015, knocks=True),
)


@dataclass(frozen=True)
class Outcome:
    """One run: the error over the session, s, and what was stated."""

    rms_s: float
    largest_s: float
    sync: Sync


def knocked(true_s: FloatArray, hits: list[tuple[float, float]], rng: np.random.Generator) -> FloatArray:
    """Acceleration, m/s2, of a filtered sensor at rest that takes hits (when, for how long)."""
    fine = 2000.0
    filter_ = np.hanning(2 * round(fine * float(np.median(np.diff(true_s))) / 0.8) + 1)
    acc = rng.normal((0.0, 0.0, 9.81), 0.1, (len(true_s), 3))
    for at, width in hits:
        t = at + np.arange(-0.3, 0.5, 1 / fine)
        decay, pitch = rng.uniform(0.006, 0.03), rng.uniform(20, 70)
        after = np.maximum(t - at - width, 0)
        pulse = np.where((t > at) & (t < at + width), np.sin(np.pi * (t - at) / width), 0.0)
        pulse += 0.3 * np.exp(-after / decay) * np.sin(2 * np.pi * pitch * after)
        shock = np.convolve(150 * pulse, filter_ / filter_.sum(), "same")
        way = rng.normal(size=3)
        acc += np.interp(true_s, t, shock, left=0, right=0)[:, None] * way / np.linalg.norm(way)
    return acc


def run(case: Case, duration_s: float, rng: np.random.Generator) -> Outcome:
    sides = [arrivals(sensor, duration_s, rng) for sensor in (case.left, case.right)]
    fits = [
        fit_clock(side.host_s, rate_hz=sensor.rate_hz)
        if case.index
        else fit_clock(side.host_s, device_time_s=side.device_s)
        for sensor, side in zip((case.left, case.right), sides, strict=True)
    ]
    times = [fits[0].time_s, fits[1].time_s + case.fixed_s]
    knocks = None
    if case.knocks:
        when = rng.uniform(3, 10), duration_s - rng.uniform(4, 10)
        hits = [(at, rng.uniform(0.005, 0.015)) for at in when]
        left, right = (knocked(side.true_s, hits, rng) for side in sides)
        knocks = find_knocks(times[0], left, times[1], right)
        if knocks is not None:
            times = list(apply_knocks(times[0], times[1], knocks))
    grid = np.linspace(2, duration_s - 2, 200)
    wrong = [np.interp(grid, side.true_s, t - side.true_s) for side, t in zip(sides, times, strict=True)]
    error = np.abs(wrong[0] - wrong[1])
    unseen_s = driver("witmotion" if case.index else "dot").unseen_latency_s
    sync = pair_sync(*fits, unseen_s=(unseen_s, unseen_s), knocks=knocks)
    return Outcome(float(np.sqrt(np.mean(error**2))), float(np.max(error)), sync)


def measure(case: Case, duration_s: float, runs: int, seed: int) -> list[Outcome]:
    rng = np.random.default_rng(seed)
    return [run(case, duration_s, rng) for _ in range(runs)]


def row(case: Case, duration_s: float, outcomes: list[Outcome]) -> str:
    rms = np.array([o.rms_s for o in outcomes]) * 1e3
    largest = np.array([o.largest_s for o in outcomes]) * 1e3
    fit = np.array([o.sync.fit_s for o in outcomes], dtype=float) * 1e3
    stated = np.array([o.sync.error_s for o in outcomes], dtype=float) * 1e3
    covered = [100 * np.mean(rms <= fit), 100 * np.mean(largest <= fit), 100 * np.mean(largest <= stated)]
    return (
        f"{case.name:<34}{duration_s:>5.0f}{np.median(rms):>8.2f}{np.quantile(rms, 0.95):>7.2f}"
        f"{np.median(largest):>8.2f}{np.quantile(largest, 0.95):>7.2f}{np.median(fit):>8.2f}"
        f"{covered[0]:>7.1f}{covered[1]:>6.1f}{np.median(stated):>8.1f}{covered[2]:>10.1f}"
    )


HEADER: Final = (
    f"{'left-right error, ms':<39}{'rms':>15}{'largest':>15}"
    f"{'fit_s':>8}{'covers, %':>13}{'error_s':>8}{'covers, %':>10}\n"
    f"{'case':<34}{'s':>5}{'median':>8}{'p95':>7}{'median':>8}{'p95':>7}"
    f"{'median':>8}{'rms':>7}{'max':>6}{'median':>8}{'max':>10}"
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Left-right sync error against simulated truth.")
    parser.add_argument("--runs", type=int, default=200, help="runs per line (default 200)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    began = time.perf_counter()
    print(HEADER)
    lines = [(case, duration_s) for duration_s in (60.0, 600.0) for case in CASES]
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(measure, case, duration_s, args.runs, args.seed) for case, duration_s in lines]
        for (case, duration_s), job in zip(lines, jobs, strict=True):
            print(row(case, duration_s, job.result()), flush=True)
    print(f"{args.runs} runs a line, seed {args.seed}, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
