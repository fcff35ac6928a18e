# ruff: noqa: E501 - prose of the page it writes
"""The whole pipeline on simulated athletes: false alarms, coverage, bias, counting.

Run: python -m benchmarks.simulated [--athletes 200]

Data: `sensing.simulate`: two sensors with noise, bias, mounting, clock drift and remounting; no asymmetry.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from analysis import analyse
from analysis.results import VerdictWord
from benchmarks.pages import percent, table
from sensing.recording import Side
from sensing.simulate import Simulation, simulate

EXERCISES = {"squat": (3, 8), "curl": (3, 8), "row": (3, 8), "run": (1, 60), "tennis": (3, 10)}


@dataclass(frozen=True)
class Rates:
    """What became of one exercise's athletes."""

    exercise: str
    athletes: int
    bias: float
    false_alarms: float
    covered: float
    counted: float


def judge(exercise: str, seed: int) -> tuple[float, bool, bool, bool]:
    """Estimate, false alarm, covered and counted exactly, of one symmetric athlete."""
    sets, reps = EXERCISES[exercise]
    params = Simulation(exercise=exercise, sets=sets, reps=reps, asym=0.0, seed=seed, rho=0.3, loss=0.005)
    result = analyse(simulate(params).recording)
    row = result.metric("angle_travelled")
    if row.log_ratio is None or row.ci95 is None:
        return np.nan, False, False, False
    counts = [len(s.reps[side]) for s in result.sets for side in Side]
    right = len(result.sets) == sets and all(abs(n - reps) <= (1 if exercise == "run" else 0) for n in counts)
    return (
        row.log_ratio,
        result.verdict.verdict is VerdictWord.ASYMMETRIC,
        row.ci95[0] <= 0 <= row.ci95[1],
        right,
    )


def run(athletes: int) -> list[Rates]:
    out = []
    with ProcessPoolExecutor() as pool:
        for exercise in EXERCISES:
            found = list(pool.map(judge, [exercise] * athletes, range(athletes), chunksize=10))
            d = np.array([f[0] for f in found])
            shares = [float(np.mean([f[i] for f in found])) for i in (1, 2, 3)]
            out.append(Rates(exercise, athletes, float(np.nanmean(d)), *shares))
    return out


def section(athletes: int) -> str:
    """Its part of the accuracy page."""
    rows = [
        (
            r.exercise,
            r.athletes,
            f"{r.bias:+.4f}",
            percent(r.false_alarms),
            percent(r.covered),
            percent(r.counted),
        )
        for r in run(athletes)
    ]
    return "\n\n".join(
        [
            "## The whole pipeline on simulated athletes",
            f"{athletes} athletes an exercise with sensors, clocks, mounting, losses and remounting; true asymmetry 0 for false alarms and "
            "coverage of `angle_travelled`. Command: `python -m benchmarks.simulated`.",
            table(
                "exercise | athletes | bias of ln(R/L) | false alarms | interval covers | every set counted exactly",
                rows,
            ),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--athletes", type=int, default=200)
    for r in run(parser.parse_args().athletes):
        print(
            f"{r.exercise:8s} n {r.athletes}  bias {r.bias:+.4f}  "
            f"false alarms {100 * r.false_alarms:4.1f} %  covered {100 * r.covered:5.1f} %  "
            f"counted exactly {100 * r.counted:5.1f} %"
        )


if __name__ == "__main__":
    main()
