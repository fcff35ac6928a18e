"""Is the difference between the sides right? Known factors, half splits and losses on real recordings.

Run: python -m benchmarks.asymmetry [--splits 400]

Data: dsa_subset (walking, running, cycling, rowing; arms and legs, four people) and gaitmap_example.
Recovery: the movement of the right side (angular velocity, and acceleration about its mean) is multiplied by
a known factor; the index must move by what the factor says. Half splits: the repetitions of one real limb
are dealt at random to "left" and "right", so that the truth is no difference. Losses: samples of one side are
taken out in bursts of 50 to 300 ms.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from analysis import analyse
from analysis.inference import SetValues, decide, estimate, holm
from analysis.results import VerdictWord
from analysis.symmetry import symmetry_index
from benchmarks.recordings import dsa, gaitmap
from sensing.recording import Recording, Side, Stream, gaps_from_times

FACTORS = (0.8, 0.9, 1.0, 1.1, 1.25)
LOSSES = (0.01, 0.05, 0.20)
PRIMARIES = ("angle_travelled", "peak_angular_velocity")
DELTA = 0.10


def recordings() -> Iterator[tuple[str, Recording]]:
    """Real recordings with movement on both sides."""
    for activity, limb, name in (
        (10, "leg", "walk legs"),
        (12, "leg", "run legs"),
        (15, "leg", "cycling legs"),
        (17, "leg", "rowing legs"),
        (17, "arm", "rowing arms"),
    ):
        for person in (1, 2, 3, 4):
            yield f"{name} p{person}", dsa(activity, person, limb)
    yield "gait feet", gaitmap()


def scaled(recording: Recording, factor: float) -> Recording:
    """The recording with the right side's movement multiplied."""
    own = recording.right
    assert own is not None and own.gyr is not None
    still = own.acc.mean(axis=0)
    right = replace(own, gyr=factor * own.gyr, acc=still + factor * (own.acc - still))
    return replace(recording, right=right)


def lossy(recording: Recording, share: float, seed: int) -> Recording:
    """The recording with samples of the right side lost in bursts."""
    own = recording.right
    assert own is not None and own.gyr is not None
    rng = np.random.default_rng(seed)
    keep = np.ones(len(own), dtype=bool)
    while 1 - keep.mean() < share:
        burst = max(1, round(rng.uniform(0.05, 0.3) * own.rate_hz))
        start = int(rng.integers(1, len(own) - burst - 1))
        keep[start : start + burst] = False
    times = own.time_s[keep]
    right = Stream(
        side=Side.RIGHT,
        time_s=times,
        acc=own.acc[keep],
        gyr=own.gyr[keep],
        rate_hz=own.rate_hz,
        gaps=gaps_from_times(times, own.rate_hz),
        lost=int((~keep).sum()),
    )
    return replace(recording, right=right)


@dataclass(frozen=True)
class Recovery:
    """Error of one metric's index, in points."""

    name: str
    metric: str
    factor: float
    error: float


def recoveries() -> list[Recovery]:
    out = []
    for name, recording in recordings():
        before = analyse(recording)
        for factor in FACTORS:
            after = analyse(scaled(recording, factor))
            for metric in PRIMARIES:
                d0, d1 = before.metric(metric).log_ratio, after.metric(metric).log_ratio
                if d0 is None or d1 is None:
                    continue
                error = symmetry_index(d1) - symmetry_index(d0 + math.log(factor))
                out.append(Recovery(name, metric, factor, error))
    return out


@dataclass(frozen=True)
class Loss:
    """How far an index moves when samples are lost, in points; None where no verdict was given."""

    name: str
    share: float
    moved: float
    withheld: bool


def losses(metric: str = "angle_travelled") -> list[Loss]:
    out = []
    for k, (name, recording) in enumerate(recordings()):
        before = analyse(recording).metric(metric).index_percent
        for share in LOSSES:
            result = analyse(lossy(recording, share, seed=k))
            row = result.metric(metric)
            moved = math.inf if row.index_percent is None or before is None else row.index_percent - before
            out.append(Loss(name, share, moved, result.quality.grade == "poor"))
    return out


@dataclass(frozen=True)
class Splits:
    """Half splits of one limb: shares called asymmetric and covered."""

    name: str
    reps: int
    asymmetric: float
    covered: float


def half_splits(runs: int) -> list[Splits]:
    """Every limb of every recording, split at random ``runs`` times, remount SD 0."""
    rng = np.random.default_rng(0)
    out = []
    for name, recording in recordings():
        result = analyse(recording)
        for side in Side:
            values = {}
            for table in result.rep_values:
                own = np.array([s is side for s in table.side]) & table.used
                if table.metric in PRIMARIES:
                    values[table.metric] = table.value[own]
            n = min(len(v) for v in values.values()) // 2
            if n < 6:
                continue
            counts = np.zeros(2)
            for _ in range(runs):
                counts += _split_once(values, n, rng)
            out.append(Splits(f"{name} {side}", n, *(counts / runs).tolist()))
    return out


def _split_once(values: dict[str, np.ndarray], n: int, rng: np.random.Generator) -> tuple[bool, bool]:
    """Deal neighbouring repetitions to the two sides by a coin, as pairs, and judge."""
    swap = rng.random(n) < 0.5
    found = []
    for v in values.values():
        first, second = v[0 : 2 * n : 2], v[1 : 2 * n : 2]
        left, right = np.where(swap, second, first), np.where(swap, first, second)
        found.append(estimate([SetValues(left, right, True)], 0.0))
    estimates = [e for e in found if e is not None]
    adjusted = holm([e.p for e in estimates])
    verdicts = [decide(e, DELTA, p)[0] for e, p in zip(estimates, adjusted, strict=True)]
    low, high = estimates[0].interval()
    return VerdictWord.ASYMMETRIC in verdicts, low <= 0 <= high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--splits", type=int, default=400)
    runs = parser.parse_args().splits
    print("Recovery of known factors: error of the index, points (mean is the bias)")
    found = recoveries()
    for metric in PRIMARIES:
        for factor in FACTORS:
            errors = [r.error for r in found if (r.metric, r.factor) == (metric, factor)]
            print(
                f"  {metric:22s} x {factor:4.2f}  n {len(errors)}  bias {np.mean(errors):+.2f}  "
                f"largest {np.max(np.abs(errors)):.2f}"
            )
    print("\nSamples of one side lost in bursts: the index moves by, points")
    for share in LOSSES:
        own = [r for r in losses() if r.share == share]
        moved = np.abs([r.moved for r in own])
        print(
            f"  {100 * share:3.0f} %  median {np.median(moved):.2f}  p95 {np.percentile(moved, 95):.2f}  "
            f"largest {moved.max():.2f}  withheld {sum(r.withheld for r in own)} of {len(own)}"
        )
    print(f"\nHalf splits of one limb, {runs} each, remount SD 0")
    splits = half_splits(runs)
    for s in splits:
        shares = f"asymmetric {100 * s.asymmetric:5.1f} %  covered {100 * s.covered:5.1f} %"
        print(f"  {s.name:24s} {s.reps:3d} a side  {shares}")
    long = [s for s in splits if s.reps > 20]
    print(
        f"  over 20 repetitions a side: asymmetric {100 * np.mean([s.asymmetric for s in long]):.1f} %, "
        f"covered {100 * np.mean([s.covered for s in long]):.1f} %"
    )


if __name__ == "__main__":
    main()
