# ruff: noqa: E501 - prose of the page it writes
"""Strides and their events on real foot sensors.

Run: python -m benchmarks.strides

Data: gaitmap_example: a walk with stride borders and events, two stair files, and a walker with multiple
sclerosis whose sides were not synchronised. Two turning strides of the left foot are not labelled there, so
strides found inside the turn are not counted as extras.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis import Analysis, analyse
from benchmarks.pages import met, table
from benchmarks.recordings import GAITMAP_RATE_HZ, folder, gaitmap, stream
from sensing.recording import Placement, Recording, Side

TOLERANCE = 12
TURN = (3453, 3934)
MS_RATE_HZ = 102.4
STAIRS = ("imu_sample_healthy_stair_up.csv", "imu_sample_healthy_stair_down.csv")


@dataclass(frozen=True)
class Borders:
    """Stride borders of one foot against the reference, `TOLERANCE` samples either way."""

    side: Side
    found: int
    true: int
    matched: int
    extra: int

    @property
    def recall(self) -> float:
        return self.matched / self.true


@dataclass(frozen=True)
class EventError:
    """Time of an event less its reference, ms."""

    event: str
    side: Side
    median_abs: float
    bias: float
    worst: float


def _reference(name: str, side: Side) -> pd.DataFrame:
    root = folder()
    assert root is not None
    table = pd.read_csv(root / "gaitmap_example/example_data" / name)
    return table[table.foot == side.value]


def walk() -> Analysis:
    return analyse(gaitmap())


def borders(result: Analysis) -> list[Borders]:
    out = []
    for side in Side:
        true = _reference("stride_borders_sample.csv", side)[["start", "end"]].to_numpy(float)
        found = np.array([rep for s in result.sets for rep in s.reps[side]]) * GAITMAP_RATE_HZ
        near = (np.abs(found[:, None, :] - true[None, :, :]) <= TOLERANCE).all(axis=2)
        turning = (found[:, 1] > TURN[0]) & (found[:, 0] < TURN[1])
        extra = int((~near.any(axis=1) & ~turning).sum())
        out.append(Borders(side, len(found), len(true), int(near.any(axis=0).sum()), extra))
    return out


def events(result: Analysis) -> list[EventError]:
    out = []
    for column, name in (("ic", "contact_s"), ("tc", "foot_off_s")):
        for side in Side:
            true = _reference("stride_events_sample.csv", side)[column].to_numpy(float)
            found = np.concatenate([getattr(s.events[side], name) for s in result.sets if side in s.events])
            found = found * GAITMAP_RATE_HZ
            error = np.array([found[np.argmin(np.abs(found - t))] - t for t in true])
            error = 1000 * error / GAITMAP_RATE_HZ
            label = "contact" if column == "ic" else "foot off"
            out.append(
                EventError(
                    label,
                    side,
                    float(np.median(np.abs(error))),
                    float(np.median(error)),
                    float(np.abs(error).max()),
                )
            )
    return out


def stairs() -> list[tuple[str, int, int]]:
    out = []
    for name in STAIRS:
        sets = analyse(gaitmap(name)).sets
        counts = [sum(len(s.reps[side]) for s in sets) for side in Side]
        out.append((name, counts[0], counts[1]))
    return out


def multiple_sclerosis() -> list[tuple[Side, int, float]]:
    """Strides and median stride time of each side by itself."""
    root = folder()
    assert root is not None
    out = []
    for side in Side:
        path = root / f"gaitmap_example/example_data/imu_sample_ms_{side}.csv"
        table = pd.read_csv(path)
        acc = table[["acc_x", "acc_y", "acc_z"]].to_numpy(float)
        gyr = table[["gyr_x", "gyr_y", "gyr_z"]].to_numpy(float)
        own = stream(side, acc, gyr, MS_RATE_HZ)
        result = analyse(Recording(**{side.value: own}, placement=Placement.FOOT))
        times = [b - a for s in result.sets for a, b in s.reps[side]]
        out.append((side, len(times), float(np.median(times))))
    return out


def section() -> str:
    """Its part of the accuracy page."""
    result = walk()
    rows = [
        (b.side, b.found, b.true, f"{b.recall:.3f}", b.extra, met(b.recall >= 0.96)) for b in borders(result)
    ]
    found = events(result)
    of_events = [
        (e.event, e.side, f"{e.median_abs:.1f}", f"{e.bias:+.1f}", f"{e.worst:.0f}", met(e.median_abs <= 15))
        for e in found
    ]
    apart = {
        name: abs(
            next(e.bias for e in found if (e.event, e.side) == (name, Side.LEFT))
            - next(e.bias for e in found if (e.event, e.side) == (name, Side.RIGHT))
        )
        for name in ("contact", "foot off")
    }
    climbed = [(name, left, right, met(abs(left - right) <= 1)) for name, left, right in stairs()]
    patient = [(side, n, f"{time:.2f} s") for side, n, time in multiple_sclerosis()]
    return "\n\n".join(
        [
            "## Strides",
            "Data: `gaitmap_example`. Number to beat: F1 1.000 left and 0.966 right (gaitmap 2.6 on its own example). "
            "Borders count within 12 samples (59 ms). Command: `python -m benchmarks.strides`.",
            table("foot | found | reference | recall | extra outside the turn | gate >= .96", rows),
            table("event | foot | median abs. error, ms | bias, ms | worst, ms | gate <= 15", of_events),
            "Left-right difference of the bias: "
            + ", ".join(f"{name} {value:.1f} ms ({met(value <= 5)}, gate 5)" for name, value in apart.items())
            + ".",
            table("stairs | left | right | gate: differ by at most 1", climbed),
            "A walker with multiple sclerosis, whose sides were not synchronised, each by itself:",
            table("foot | strides | median stride time", patient),
        ]
    )


def main() -> None:
    result = walk()
    print(f"Walk: stride borders within {TOLERANCE} samples (gaitmap's own: F1 1.000 left, 0.966 right)")
    for b in borders(result):
        print(f"  {b.side:5s} found {b.found}, reference {b.true}, recall {b.recall:.3f}, extra {b.extra}")
    print("Events, ms")
    for e in events(result):
        error = f"median |error| {e.median_abs:5.1f}  bias {e.bias:+5.1f}  worst {e.worst:4.0f}"
        print(f"  {e.event:8s} {e.side:5s} {error}")
    print("Stairs: strides left, right")
    for name, left, right in stairs():
        print(f"  {name}: {left}, {right}")
    print("Multiple sclerosis, each side by itself")
    for side, n, time in multiple_sclerosis():
        print(f"  {side:5s} {n} strides, median {time:.2f} s")


if __name__ == "__main__":
    main()
