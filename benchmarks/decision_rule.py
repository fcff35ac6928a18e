"""Error rates of the decision rule, by simulation.

Run: python -m benchmarks.decision_rule [--runs 20000]

Data: none; repetitions are drawn from the model the rule assumes. For each run a true d = ln(right / left), a
remount effect, set effects and correlated log-normal repetitions are drawn, and `analysis.inference` judges
them as it judges recordings, with one primary metric and with two correlated ones under Holm.
"""

from __future__ import annotations

import argparse
import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from analysis.inference import SetValues, decide, estimate, holm
from analysis.results import VerdictWord

DELTA = 0.10
METRIC_CORRELATION = 0.7


@dataclass(frozen=True)
class Case:
    """One simulated design."""

    name: str
    d: float = 0.0
    sets: int = 3
    reps: int = 8
    cv: float = 0.10
    set_sd: float = 0.03
    remount_sd: float = 0.04
    rho: float = 0.0
    paired: bool = True
    metrics: int = 1
    stated_remount_sd: float | None = None


@dataclass(frozen=True)
class Rates:
    """Shares of runs."""

    asymmetric: float
    balanced: float
    marked: float
    covered: float


THREE_SETS = Case("3 x 8")
CASES = (
    *(replace(THREE_SETS, name=f"3 x 8, d = {d:.2f}", d=d) for d in (0.0, 0.05, 0.10, 0.15, 0.25)),
    replace(THREE_SETS, name="3 x 8, R/L = 1.15", d=math.log(1.15)),
    replace(THREE_SETS, name="3 x 8, d = 0, two primaries", metrics=2),
    replace(THREE_SETS, name="3 x 8, R/L = 1.15, two primaries", d=math.log(1.15), metrics=2),
    replace(THREE_SETS, name="3 x 8, d = 0, unpaired", paired=False),
    *(
        Case(f"1 x {n}, rho = {rho:.1f}", sets=1, reps=n, set_sd=0.0, rho=rho)
        for n in (8, 12, 20)
        for rho in (0.0, 0.3, 0.5)
    ),
    *(
        Case(f"1 x {n}, rho = 0.5, unpaired", sets=1, reps=n, set_sd=0.0, rho=0.5, paired=False)
        for n in (8, 20)
    ),
    Case("2 x 8, rho = 0.3", sets=2, rho=0.3),
)


def draw(case: Case, rng: np.random.Generator) -> list[list[SetValues]]:
    """Sets of one run, for each of the case's primary metrics."""
    d = case.d + case.remount_sd * rng.standard_normal()
    sets: list[list[SetValues]] = [[] for _ in range(case.metrics)]
    for _ in range(case.sets):
        d_set = d + case.set_sd * rng.standard_normal()
        shared = _correlated(case, rng)
        for metric in range(case.metrics):
            own = _correlated(case, rng)
            mix = METRIC_CORRELATION if case.metrics > 1 else 1.0
            noise = case.cv * (mix * shared + math.sqrt(1 - mix**2) * own)
            left, right = np.exp(noise[0] - d_set / 2), np.exp(noise[1] + d_set / 2)
            sets[metric].append(SetValues(left, right, case.paired))
    return sets


def _correlated(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Left and right repetitions with lag-1 correlation, (2, reps), unit variance."""
    x = rng.standard_normal((2, case.reps))
    for i in range(1, case.reps):
        x[:, i] = case.rho * x[:, i - 1] + math.sqrt(1 - case.rho**2) * x[:, i]
    return x


def simulate(case: Case, runs: int, seed: int = 0) -> Rates:
    """Judge ``runs`` recordings drawn from a case."""
    rng = np.random.default_rng(seed)
    stated = case.remount_sd if case.stated_remount_sd is None else case.stated_remount_sd
    counts = np.zeros(4)
    for _ in range(runs):
        found = [estimate(sets, stated) for sets in draw(case, rng)]
        estimates = [e for e in found if e is not None]
        adjusted = holm([e.p for e in estimates])
        verdicts = [decide(e, DELTA, p) for e, p in zip(estimates, adjusted, strict=True)]
        low, high = estimates[0].interval()
        counts += (
            any(v is VerdictWord.ASYMMETRIC for v, _ in verdicts),
            all(v is VerdictWord.BALANCED for v, _ in verdicts),
            any(grade == "marked" for _, grade in verdicts),
            low <= case.d <= high,
        )
    return Rates(*(counts / runs).tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=20000)
    runs = parser.parse_args().runs
    print(f"{runs} runs a case; cv 10 % a side, set SD 3 %, remount SD 4 %, delta {DELTA:g}\n")
    print(f"{'case':36s} {'asymmetric':>10s} {'balanced':>10s} {'marked':>10s} {'covered':>10s}")
    with ProcessPoolExecutor() as pool:
        for case, rates in zip(CASES, pool.map(simulate, CASES, [runs] * len(CASES)), strict=True):
            shares = (rates.asymmetric, rates.balanced, rates.marked, rates.covered)
            print(f"{case.name:36s} " + " ".join(f"{100 * share:8.1f} %" for share in shares))


if __name__ == "__main__":
    main()
