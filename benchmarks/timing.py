# ruff: noqa: E501 - prose of the page it writes
"""Does `onset_lag` recover a delay that was put on one side, and is a small one suppressed?

Run: python -m benchmarks.timing

Data: dsa_subset rowing (arms and legs, four people: both sides move together), interpolated from 25 to
100 Hz, and simulated squats and rows at 100 Hz with sensors and clocks of their own. The right side is
delayed; what the lag changes by is held against the delay. A lag may be called a difference only where it is
larger than two samples and than the stated sync error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicSpline

from analysis import analyse
from analysis.results import Metric, VerdictWord
from benchmarks.pages import met, table
from benchmarks.recordings import dsa, folder, stream
from sensing.recording import Recording, Side, Stream, Sync
from sensing.simulate import Simulation, simulate

RATE_HZ = 100.0
DELAYS_S = (0.0, 0.02, 0.04, 0.06, 0.08)
SYNC_S = 0.002
EXERCISES = ("squat", "row")
SEEDS = 5
ROWING = 17


@dataclass(frozen=True)
class Delayed:
    """One recording with one delay: by how much the lag errs, ms, and whether it was called a difference."""

    name: str
    delay_s: float
    error_ms: float
    judged: bool
    may_be_judged: bool


def recordings() -> Iterator[tuple[str, Recording]]:
    """Recordings at 100 Hz in which both sides move together, with a small known sync error."""
    if folder() is not None:
        for limb in ("leg", "arm"):
            for person in (1, 2, 3, 4):
                yield f"rowing {limb}s", _synchronised(_faster(dsa(ROWING, person, limb)))
    for exercise in EXERCISES:
        for seed in range(SEEDS):
            simulated = simulate(Simulation(exercise=exercise, sets=3, reps=10, rate_hz=RATE_HZ, seed=seed))
            yield f"simulated {exercise}", _synchronised(simulated.recording)


def _synchronised(recording: Recording) -> Recording:
    return replace(recording, sync=Sync(SYNC_S, SYNC_S, 0.0, "hull"))


def _faster(recording: Recording) -> Recording:
    return replace(recording, **{own.side.value: _interpolated(own) for own in recording.streams()})


def _interpolated(own: Stream) -> Stream:
    assert own.gyr is not None
    time_s = np.arange(own.start_s, own.end_s, 1 / RATE_HZ)
    values = CubicSpline(own.time_s, np.hstack([own.acc, own.gyr]))(time_s)
    return stream(own.side, values[:, :3], values[:, 3:], RATE_HZ)


def delayed(recording: Recording, delay_s: float) -> Recording:
    """The recording with the right side later."""
    own = recording.right
    assert own is not None
    return replace(recording, right=replace(own, side=Side.RIGHT, time_s=own.time_s + delay_s, clock=()))


def run() -> list[Delayed]:
    """Every recording with every delay."""
    out = []
    for name, recording in recordings():
        lags = [(delay_s, _lag(delayed(recording, delay_s))) for delay_s in DELAYS_S]
        zero = lags[0][1].difference or 0.0
        for delay_s, row in lags:
            error = np.nan if row.difference is None else row.difference - zero - 1000 * delay_s
            small = abs(row.difference or 0.0) < 1000 * max(2 / RATE_HZ, SYNC_S)
            out.append(Delayed(name, delay_s, error, row.verdict is VerdictWord.ASYMMETRIC, not small))
    return out


def _lag(recording: Recording) -> Metric:
    return analyse(recording).metric("onset_lag")


def section() -> str:
    """Its part of the accuracy page."""
    rows = []
    found = run()
    for name in dict.fromkeys(one.name for one in found):
        own = [one for one in found if one.name == name]
        errors = np.abs([one.error_ms for one in own if one.delay_s > 0])
        wrong = sum(one.judged and not one.may_be_judged for one in own)
        good = bool(errors.max() <= 5) and not wrong
        rows.append((name, len(errors), f"{np.median(errors):.2f}", f"{errors.max():.2f}", wrong, met(good)))
    return "\n\n".join(
        [
            "## Delays",
            f"The right side delayed by {1000 * DELAYS_S[1]:g} to {1000 * DELAYS_S[-1]:g} ms at {RATE_HZ:g} Hz (rowing interpolated from 25 Hz): error of what "
            "`onset_lag` changes by, ms. A lag below two samples or the stated sync error must not be called a difference. "
            "Command: `python -m benchmarks.timing`.",
            table("movement | delays | median error | largest | small ones judged | gate <= 5", rows),
        ]
    )


def main() -> None:
    print("Lag of the right side at 100 Hz after a delay was put on it: error, ms")
    found = run()
    for name in dict.fromkeys(one.name for one in found):
        own = [one for one in found if one.name == name and one.delay_s > 0]
        errors = np.abs([one.error_ms for one in own])
        wrong = sum(one.judged and not one.may_be_judged for one in found if one.name == name)
        print(
            f"  {name:16s} n {len(own):3d}  median {np.median(errors):.2f}  largest {errors.max():.2f}  "
            f"small ones judged all the same {wrong}"
        )


if __name__ == "__main__":
    main()
