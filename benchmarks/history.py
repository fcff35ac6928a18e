"""History: error rates of pooled answers and of changes, by simulation, and how fast a trend answers.

Run: python -m benchmarks.history [--seeds 2000] [--athletes 100] [--sessions 1000] [--write]

Data: none. Sessions are drawn from the model the decision rule assumes, as in `benchmarks.decision_rule`
(3 sets of 8, cv 10 % a side, set SD 3 %, remount SD 4 %, two correlated primary metrics), made into rows by
`analysis.inference` and pooled and compared by `analysis.history`. A smaller part goes through simulated
recordings and the whole pipeline.
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from analysis import analyse
from analysis.history.athlete import Athlete, save_athlete
from analysis.history.compare import Change, ChangeWord, compare_means, compare_therapy
from analysis.history.index import history
from analysis.history.pooling import pool
from analysis.history.sessions import Session, session_of
from analysis.history.trend import trend
from analysis.history.usual import hold_against_sport
from analysis.inference import SetValues, decide, estimate, holm
from analysis.results import Count, Metric, VerdictWord
from analysis.symmetry import symmetry_index
from benchmarks.decision_rule import Case, draw
from benchmarks.pages import percent, table
from sensing.recording import Placement, Side
from sensing.simulate import Simulation, save, simulate

PRIMARIES = ("angle_travelled", "peak_angular_velocity")
MAIN = PRIMARIES[0]
DELTA = 0.10
LARGE = math.log(1.25)
PAGE = Path(__file__).parents[1] / "docs" / "history.md"
MARKS = ("<!-- figures by python -m benchmarks.history --write -->", "<!-- end of figures -->")
TAU = 0.04
FIRST_DAY = dt.datetime(2026, 1, 5, 18, tzinfo=dt.UTC)
TENNIS = Athlete("player", sport="tennis", dominant=Side.RIGHT)
CASE = Case("one session", metrics=len(PRIMARIES))
CORRELATIONS = (0.0, 0.3)
"""Of consecutive repetitions: as the decision rule's model has it, and about as people have."""

DESIGNS = {
    "left on": (("before", "m1"), ("rest", "m1"), ("after", "m1")),
    "rest first": (("rest", "m1"), ("before", "m1"), ("after", "m1")),
    "two mounts": (("before", "m1"), ("after", "m1"), ("rest", "m2"), ("rest", "m2")),
    "remounted": (("before", "m1"), ("rest", "m1"), ("after", "m2")),
}
"""Tags and mounts of a day's recordings in order."""


def session(d: float, rng: np.random.Generator, number: int = 0, **facts: object) -> Session:
    """One session drawn with true ln(right / left) ``d``; a ``mounted`` error given is not drawn anew."""
    placement = facts.pop("placement", Placement.WRIST)
    mounted = facts.pop("mounted", None)
    case = CASE if mounted is None else replace(CASE, remount_sd=0.0)
    of_metrics = draw(replace(case, d=d + float(mounted or 0.0)), rng)  # type: ignore[arg-type]
    base = Session(
        f"s{number}", FIRST_DAY + dt.timedelta(days=7 * number), "a", "", "", placement, "", "", None, "good",
        _rows(of_metrics),
    )  # type: ignore[arg-type]  # fmt: skip
    return replace(base, **facts)  # type: ignore[arg-type]


def _rows(of_metrics: Sequence[Sequence[SetValues]]) -> tuple[Metric, ...]:
    found = [e for sets in of_metrics if (e := estimate(sets, TAU)) is not None]
    rows = []
    for name, one, p in zip(PRIMARIES, found, holm([e.p for e in found]), strict=True):
        verdict, grade = decide(one, DELTA, p)
        rows.append(
            Metric(
                name=name, unit="deg", primary=True, left=one.left, right=one.right, log_ratio=one.d,
                difference=one.right - one.left, ci95=one.interval(), difference_ci95=None,
                index_percent=symmetry_index(one.d), delta=DELTA, n=Count(one.sets, one.n_left, one.n_right),
                verdict=verdict, grade=grade, side=Side.RIGHT if one.d > 0 else Side.LEFT, scope=one.scope,
                p=one.p, p_adjusted=p, mdc_percent=None, reason="", se=one.se, df=one.df, remount_sd=TAU,
            )
        )  # fmt: skip
    return tuple(rows)


def sessions(
    d: Sequence[float], rng: np.random.Generator, scatter: float = 0.0, **facts: object
) -> list[Session]:
    """Remounted sessions a week apart, the athlete's own day-to-day SD on top."""
    return [session(x + scatter * rng.standard_normal(), rng, i, **facts) for i, x in enumerate(d)]


def flagged(of: Sequence[Session]) -> bool:
    """Whether any primary metric, pooled, is asymmetric and not expected of a tennis player."""
    return any(hold_against_sport(pool(of, metric), of, TENNIS).flagged for metric in PRIMARIES)


def wrist_is_expected(scatter: float, seed: int) -> bool:
    """A right wrist of +18 %, pooled over 8 sessions: asymmetric, to the right, and expected."""
    of = sessions([math.log(1.18)] * 8, np.random.default_rng(seed), scatter)
    pooled = pool(of, MAIN)
    asymmetric = pooled.verdict is VerdictWord.ASYMMETRIC and pooled.side is Side.RIGHT
    return asymmetric and not flagged(of)


def leg_is_found(scatter: float, seed: int) -> bool:
    """A left leg of +14 %, pooled over 3 sessions."""
    return flagged(
        sessions([-math.log(1.14)] * 3, np.random.default_rng(seed), scatter, placement=Placement.SHANK)
    )


def control_is_flagged(scatter: float, looks: int, seed: int) -> bool:
    """No difference, 8 sessions; judged once at the end, or after each of the last ``looks``."""
    of = sessions([0.0] * 8, np.random.default_rng(seed), scatter, placement=Placement.SHANK)
    return any(flagged(of[: 8 - look]) for look in range(looks))


def rebalanced(scatter: float, start: float, end: float, weeks: int, seed: int) -> bool:
    """Whether the latest three of weekly sessions are said to have changed from the first three."""
    of = sessions(np.linspace(start, end, weeks).tolist(), np.random.default_rng(seed), scatter)
    change = trend(of, MAIN).change
    return change is not None and change.verdict is ChangeWord.CHANGED


def therapy(design: str, seed: int) -> Change:
    """Before and after a therapy without effect.

    ``two mounts``: the rest control in a mount of its own; ``remounted``: the sensors put on anew in between.
    """
    rng = np.random.default_rng(seed)
    mounted = {name: TAU * rng.standard_normal() for name in ("m1", "m2")}
    order = DESIGNS[design]
    hours = [FIRST_DAY + dt.timedelta(hours=i) for i in range(len(order))]
    of = [
        session(0.1, rng, i, tag=tag, mount=mount, mounted=mounted[mount], date=hours[i])
        for i, (tag, mount) in enumerate(order)
    ]
    return compare_therapy(of, MAIN)


def therapy_word(design: str, seed: int) -> ChangeWord:
    return therapy(design, seed).verdict


def periods_change(scatter: float, n: int, seed: int) -> bool:
    """Whether two periods of ``n`` sessions without a change are said to differ."""
    of = sessions([0.1] * 2 * n, np.random.default_rng(seed), scatter)
    return compare_means(of[:n], of[n:], MAIN).verdict is ChangeWord.CHANGED


def rate(ask: Callable[[int], bool], seeds: int) -> float:
    """Share of seeds for which the answer is yes."""
    with ProcessPoolExecutor() as processes:
        return float(np.mean(list(processes.map(ask, range(seeds), chunksize=50))))


def words(ask: Callable[[int], ChangeWord], seeds: int) -> dict[ChangeWord, float]:
    """Share of seeds per answer."""
    with ProcessPoolExecutor() as processes:
        found = list(processes.map(ask, range(seeds), chunksize=50))
    return {word: found.count(word) / seeds for word in ChangeWord}


def recorded(seed: int, n: int, exercise: str, asym: float, rho: float) -> list[Session]:
    """Sessions through simulated recordings and the whole pipeline; ``rho`` correlates repetitions."""
    params = [
        Simulation(
            exercise=exercise, asym=asym, seed=1000 * seed + i, rate_hz=50.0, rho=rho, loss=0.005,
            date=FIRST_DAY + dt.timedelta(days=7 * i), sport="tennis", dominant=Side.RIGHT,
        )
        for i in range(n)
    ]  # fmt: skip
    return [session_of(analyse(simulate(one).recording)) for one in params]


def recorded_player(rho: float, seed: int) -> tuple[bool, bool, bool]:
    """Whether the wrist is expected, the leg found by session 3, and a control flagged at session 8."""
    wrist = recorded(3 * seed, 3, "tennis", math.log(1.18), rho)
    leg = recorded(3 * seed + 1, 3, "squat", -math.log(1.14), rho)
    control = recorded(3 * seed + 2, 8, "squat", 0.0, rho)
    expected = pool(wrist, MAIN).verdict is VerdictWord.ASYMMETRIC and not flagged(wrist)
    return expected, flagged(leg), flagged(control)


def make_recordings(folder: Path, n: int) -> None:
    """Short recordings of one athlete, a day apart."""
    for i in range(n):
        params = Simulation(
            exercise="squat", sets=1, reps=6, rate_hz=25.0, rest_s=1.0, still_s=1.0, seed=i, athlete="a01",
            date=FIRST_DAY + dt.timedelta(days=i),
        )  # fmt: skip
        save(simulate(params), folder / f"{i:04d}")


def time_trend(n: int, repeats: int = 5) -> tuple[float, float]:
    """Processor time of ``trend`` on ``n`` indexed recordings, and of no program, s."""
    with tempfile.TemporaryDirectory() as name:
        home, folder = Path(name) / "home", Path(name) / "recordings"
        make_recordings(folder, n)
        athlete = Athlete("a01", folders=(folder,))
        save_athlete(home, athlete)
        found = history(home, athlete)
        assert len(found.sessions) == n, found.notes
        ask = ["-m", "cli.main", "trend", "a01", "--home", str(home), "--json", "-q"]
        return _fastest(ask, repeats), _fastest(["-c", "pass"], repeats)


def _fastest(args: list[str], repeats: int) -> float:
    """Processor time of the quickest of several runs: other work on the machine does not count."""
    times = []
    for _ in range(repeats):
        start = os.times()
        subprocess.run([sys.executable, *args], check=True, capture_output=True)
        end = os.times()
        times.append(end.children_user + end.children_system - start.children_user - start.children_system)
    return min(times)


Asked = tuple[str, str, Callable[..., bool], tuple[float, ...]]
"""What is asked, its gate at no scatter, the function, and its arguments after the scatter."""

ASKED: tuple[Asked, ...] = (
    ("right wrist +18 %, 8 sessions: expected for tennis", "", wrist_is_expected, ()),
    ("left leg +14 %, 3 sessions: a finding", ">= 90 %", leg_is_found, ()),
    ("no difference, judged once at session 8: flagged", "<= 6 %", control_is_flagged, (1,)),
    ("no difference, judged after each of 8 sessions: ever flagged", "", control_is_flagged, (8,)),
    ("R/L 1.25 to 1 in 10 weekly sessions: changed", ">= 90 %", rebalanced, (LARGE, 0.0, 10)),
    ("R/L 1.25 in all of 10 sessions: changed", "<= 6 %", rebalanced, (LARGE, LARGE, 10)),
    ("two months of 1 session each, no change: changed", "<= 6 %", periods_change, (1,)),
    ("two months of 3 sessions each, no change: changed", "<= 6 %", periods_change, (3,)),
)


def model_table(seeds: int) -> str:
    """Shares of seeds per question and scatter; an eighth of the seeds where there is scatter."""
    rows = [
        (name, gate or "–", *(percent(rate(partial(ask, scatter, *more), n)) for scatter, n in
                              ((0.0, seeds), (0.02, seeds // 8), (0.04, seeds // 8))))
        for name, gate, ask, more in ASKED
    ]  # fmt: skip
    head = "simulated athletes | gate | no scatter from day to day | SD 2 % | SD 4 %"
    return f"{seeds} seeds ({seeds // 8} with scatter):\n\n{table(head, rows)}"


def therapy_table(seeds: int) -> str:
    """Shares of verdicts where a therapy does nothing."""
    rows = []
    for design, order in DESIGNS.items():
        found = words(partial(therapy_word, design), seeds)
        day = ", ".join(f"{tag} ({mount})" for tag, mount in order)
        rows.append((day, *(percent(share) for share in found.values())))
    head = " | ".join(["recordings of a day, mounts", *(word.replace("_", " ") for word in ChangeWord)])
    what = f"A therapy that changes nothing, {seeds} seeds (gate: changed in at most 5 %):"
    return f"{what}\n\n{table(head, rows)}"


def pipeline_table(athletes: int) -> str:
    """The player and a control through simulated recordings."""
    with ProcessPoolExecutor() as processes:
        found = [
            np.mean(list(processes.map(partial(recorded_player, rho), range(athletes))), axis=0)
            for rho in CORRELATIONS
        ]
    names = ("right wrist +18 %, 3 sessions: expected for tennis", "left leg +14 %, 3 sessions: a finding",
             "no difference, 8 sessions: flagged")  # fmt: skip
    gates = ("–", ">= 90 %", "<= 6 %")
    rows = [
        (*named, *map(percent, shares))
        for *named, shares in zip(names, gates, zip(*found, strict=True), strict=True)
    ]
    head = " | ".join(["athletes", "gate", *(f"rho {rho:g}" for rho in CORRELATIONS)])
    what = f"{athletes} athletes through simulated recordings and the whole pipeline"
    return f"{what}; repetitions of a set correlated by rho:\n\n{table(head, rows)}"


def speed_line(n: int) -> str:
    """How long a trend over many sessions takes."""
    trend_s, empty_s = time_trend(n)
    return (
        f"{n} short recordings of one athlete in the index: `trend` takes "
        f"{trend_s - empty_s:.2f} s of processor time beyond the {empty_s:.2f} s of no program (gate: 1 s)."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--athletes", type=int, default=100)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/history.md")
    chosen = parser.parse_args()
    parts = []
    for make, n in (
        (model_table, chosen.seeds),
        (therapy_table, 4 * chosen.seeds),
        (pipeline_table, chosen.athletes),
        (speed_line, chosen.sessions),
    ):
        parts.append(make(n))
        print(parts[-1] + "\n", flush=True)
    if chosen.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(MARKS[0])
        after = rest.partition(MARKS[1])[2]
        figures = "\n\n".join(["", *parts, ""])
        PAGE.write_text(before + MARKS[0] + figures + MARKS[1] + after, encoding="utf-8")


if __name__ == "__main__":
    main()
