# ruff: noqa: E501 - prose of the page it writes
"""How fast and how lean: against other packages, over length and count, at the start and live; docs/performance.md.

Run: make bench    (or python -m benchmarks.performance [--only speed,peers] [--quick] [--write])

With --write the sections that were run replace their namesakes on the page; the others stay.
"""

from __future__ import annotations

import argparse
import cProfile
import datetime as dt
import json
import os
import platform
import pstats
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
from vqf import BasicVQF

from analysis import Settings, analyse
from analysis.segmentation.filters import butterworth
from analysis.timeline import align
from benchmarks import live, many_recordings
from benchmarks.long_recordings import ROOT, Cost, measured, part_by_part, write_pair
from benchmarks.pages import merged, met, table
from benchmarks.peers import PACKAGES, WORK, pandas
from sensing import open_recording

PAGE: Final = ROOT / "docs" / "performance.md"
PEERS: Final = ROOT / ".peers"
HEAD: Final = """# Speed and memory

What an analysis costs, written by `make bench`; do not edit, run it again. Seconds depend on the machine and on
what else runs on it, so what is compared runs in turns, and ratios are given with the least and the greatest.
All recordings here are simulated by `sensing.simulate`, six channels on each of two sides."""

FLOOR_TIMES, LEAST_SPEED, MOST_MEMORY, MOST_EXPONENT, MOST_START = 6.0, 2000.0, 6.0, 1.05, 1.3

STAGES: Final = {
    "open_recording": "read both files",
    "align": "one time grid, faults of samples",
    "survey": "norms, levels of rest, use, what the gates look at",
    "assess": "quality gates",
    "oriented": "orientation (VQF)",
    "segment_bouts": "sets and repetitions",
    "measure": "metrics of every repetition",
    "fatigue_values": "smoothness and peak speed of every repetition",
    "measure_fatigue": "fatigue of every set",
    "compare": "intervals and verdicts",
    "mean_waveforms": "mean repetition",
}


class Runner:
    """One package at work on a folder, in a process of its own, whenever it is told to."""

    def __init__(self, name: str, python: Path, folder: Path, cores: int = 0) -> None:
        command = [str(python), str(ROOT / "benchmarks" / "peers.py"), name, str(folder)]
        # Set before the first thread starts, and so for all of them.
        held = {"preexec_fn": partial(os.sched_setaffinity, 0, range(cores))} if cores else {}
        self._process = subprocess.Popen(
            command,
            **held,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT) if name in ("sidewise", "uncompiled") else ""},
        )
        self.works = self._answer() == "ready"

    def _answer(self) -> object:
        assert self._process.stdout is not None
        # What a package prints by itself is passed over.
        for line in self._process.stdout:
            if line.startswith(('"ready"', "[")):
                return json.loads(line)
        return None

    def lap(self) -> tuple[float, float]:
        """Wall and processor seconds of one more run."""
        assert self._process.stdin is not None
        print(file=self._process.stdin, flush=True)
        answer = self._answer()
        assert isinstance(answer, list), "the process ended"
        return answer[0], answer[1]

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def runners(pythons: dict[str, Path], folder: Path, cores: int = 0) -> Iterator[dict[str, Runner]]:
    """Those that work, by name; on so many cores where a number is given."""
    started = {name: Runner(name, python, folder, cores) for name, python in pythons.items()}
    try:
        yield {name: runner for name, runner in started.items() if runner.works}
    finally:
        for runner in started.values():
            runner.close()


def in_turns(working: dict[str, Runner], rounds: int) -> dict[str, np.ndarray]:
    """Wall and processor seconds, (rounds, 2), of every runner."""
    laps = [{name: runner.lap() for name, runner in working.items()} for _ in range(rounds)]
    return {name: np.array([lap[name] for lap in laps]) for name in working}


def spread(values: Sequence[float] | np.ndarray, digits: int = 1) -> str:
    """Median with least and greatest."""
    low, middle, high = np.min(values), np.median(values), np.max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def speed_section(quick: bool) -> str:
    seconds, rounds = (120.0, 2) if quick else (3600.0, 7)
    here = dict.fromkeys(("pandas", "sidewise", "uncompiled"), Path(sys.executable))
    several = hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1
    rows, ratios = [], {}
    with tempfile.TemporaryDirectory() as folder:
        pair = write_pair(Path(folder), seconds)
        for cores in (0, 1) if several else (0,):
            with runners(here, pair, cores) as working:
                laps = in_turns(working, rounds)
            for name, own in laps.items():
                wall, work = (own / laps["pandas"]).T
                ratios[name, cores] = float(np.median(wall)), float(np.median(work))
                rows.append(
                    (
                        name,
                        cores or "all",
                        WORK[name],
                        spread(own[:, 0], 3),
                        spread(seconds / own[:, 0], 0),
                        spread(wall),
                        spread(work),
                    )
                )
            if not cores:
                rate = float(np.median(seconds / laps["sidewise"][:, 0]))
    wall, work = ratios["sidewise", 0]
    alone = f", and {ratios['sidewise', 1][0]:.1f} in wall time where both have one core" if several else ""
    return (
        f"Data: {seconds:.0f} s of squats at 100 Hz, as two CSV files; {rounds} rounds, each program in turn, start of the interpreter excluded.\n\n"
        + table(
            "program | cores | does | wall, s | recording s per s | times pandas, wall | times pandas, processor",
            rows,
        )
        + f"\n\nAsked: {LEAST_SPEED:.0f} recording seconds a second ({met(rate >= LEAST_SPEED)}: {rate:.0f}), and {FLOOR_TIMES:.0f} times pandas' reader ({met(work <= FLOOR_TIMES)}: {work:.1f} in processor time{alone}). On all cores it is {wall:.1f} in wall time: pandas reads with several threads, and an analysis has one."
    )


def peers_section(quick: bool, peers: Path = PEERS) -> str:
    seconds, rounds = (60.0, 1) if quick else (600.0, 5)
    pythons = dict.fromkeys(("pandas", "sidewise"), Path(sys.executable))
    absent = [] if quick else [name for name in PACKAGES if not installed(name, peers)]
    if not quick:
        pythons |= {name: python_of(name, peers) for name in PACKAGES if name not in absent}
    with (
        tempfile.TemporaryDirectory() as folder,
        runners(pythons, write_pair(Path(folder), seconds, exercise="run")) as working,
    ):
        laps = in_turns(working, rounds)
    absent += [name for name in pythons if name not in laps]
    rows = []
    for name, own in laps.items():
        times = own[:, 0] / laps["sidewise"][:, 0]
        rows.append(
            (name, WORK[name], spread(own[:, 0], 2), spread(seconds / own[:, 0], 0), spread(times, 2))
        )
    missing = (
        f"\n\nNot measured, since they could not be installed or run: {', '.join(absent)}." if absent else ""
    )
    return (
        f"Data: {seconds:.0f} s of running at 100 Hz, one sensor on each shank, as two CSV files; {rounds} rounds, each program in turn. "
        f"The packages answer other questions, so this says what a package's answer costs and not which is better. They live in environments of their own, which `make bench` makes in `.peers`.\n\n"
        + table("program | does | wall, s | recording s per s | times sidewise", rows)
        + missing
    )


def python_of(name: str, peers: Path) -> Path:
    return peers / name / "bin" / "python"


def installed(name: str, peers: Path) -> bool:
    """Whether a package's own environment is there, made now where it is not."""
    python = python_of(name, peers)
    if python.exists():
        return True
    commands = (
        [sys.executable, "-m", "venv", str(peers / name)],
        [str(python), "-m", "pip", "install", "--quiet", PACKAGES[name]],
    )
    done = all(subprocess.run(command, capture_output=True).returncode == 0 for command in commands)
    if not done:
        # Half an environment would pass for a whole one the next time.
        shutil.rmtree(peers / name, ignore_errors=True)
        print(f"{PACKAGES[name]} cannot be installed here and is left out", file=sys.stderr)
    return done


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Of the power law fitted through costs."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


COSTS: Final = (
    "length, min | rate, Hz | read, s | analyse, s | recording s per s | memory, MB | times its size"
)


def length_section(quick: bool) -> str:
    minutes = (1, 2) if quick else (1, 10, 60, 360, 1440)
    costs = [_cost(60.0 * m, 25.0) for m in minutes]
    long = [cost for cost in costs if cost.length_s > 500] or costs
    grown = exponent([cost.length_s for cost in long], [cost.seconds for cost in long])
    return (
        "Data: squats as two CSV files, ten simulated minutes again and again, each length in a fresh process; seconds are of the processor. *Memory* is the peak above what is resident after imports, over the recording's size (times and six channels on both sides as float64).\n\n"
        + table(COSTS, [_cost_row(25.0, cost) for cost in costs])
        + f"\n\nExponent of time over length, from ten minutes on: {grown:.2f} (asked {MOST_EXPONENT}: {met(grown <= MOST_EXPONENT)})."
    )


def memory_section(quick: bool) -> str:
    hours = ((1 / 60, 100.0),) if quick else ((1, 100.0), (1, 200.0), (6, 100.0), (6, 200.0), (24, 200.0))
    costs = [(rate_hz, _cost(3600.0 * h, rate_hz)) for h, rate_hz in hours]
    most = max(cost.peak / cost.size for _, cost in costs)
    day = costs[-1][1]
    with tempfile.TemporaryDirectory() as folder:
        pair = write_pair(Path(folder), 60.0 if quick else 3 * 3600.0)
        apart = part_by_part(pair, 1_000 if quick else Settings().at_once)
    return (
        "Data and columns as above. Recordings that are longer than about an hour at 100 Hz are analysed part by part, cut where both sides rest; files of 128 MB or more are read into a temporary file instead of memory.\n\n"
        + table(COSTS, [_cost_row(rate_hz, cost) for rate_hz, cost in costs])
        + f"\n\nAsked: under {MOST_MEMORY:.0f} times the size ({met(most < MOST_MEMORY)}), and a day at 200 Hz in bounded memory: {day.peak / 1e9:.1f} GB for {day.size / 1e9:.1f} GB of samples. What grows with the length is the time of every sample and a dozen bytes of marks beside it; all else is of one part. A part is as long as one bout where that is longer.\n\n"
        f"Three hours at 100 Hz part by part against the same as a whole: {apart.numbers} numbers of the answer, the largest relative difference {apart.largest:.0e} (asked: rounding)."
    )


def _cost(seconds: float, rate_hz: float) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        return measured(write_pair(Path(folder), seconds, rate_hz=rate_hz))


def _cost_row(rate_hz: float, cost: Cost) -> tuple[str, ...]:
    return (
        f"{cost.length_s / 60:.0f}",
        f"{rate_hz:.0f}",
        f"{cost.read_s:.2f}",
        f"{cost.analyse_s:.2f}",
        f"{cost.length_s / cost.seconds:.0f}",
        f"{cost.peak / 1e6:.0f}",
        f"{cost.peak / cost.size:.1f}",
    )


def count_section(quick: bool) -> str:
    counts = (1, 4) if quick else (1, 10, 100, 1000, 10_000)
    costs = [many_recordings.measured(count) for count in counts]
    rows = [
        (c.count, c.rows, f"{c.seconds:.2f}", f"{1000 * c.seconds / c.count:.0f}", f"{c.peak / 1e6:.0f}")
        for c in costs
    ]
    grown = exponent([c.count for c in costs[-3:]], [c.seconds for c in costs[-3:]])
    return (
        f"Data: {many_recordings.ATHLETES} simulated athletes of one set each at 25 Hz, linked under as many names as asked; the machinery of `sidewise batch` in one process, each count in a fresh one.\n\n"
        + table("recordings | rows | processor, s | ms each | memory above imports, MB", rows)
        + f"\n\nExponent of time over count, last three: {grown:.2f} (asked {MOST_EXPONENT}: {met(grown <= MOST_EXPONENT)})."
    )


MINIMUM: Final = """
import click
@click.group()
def main(): pass
@main.command()
def analyse(): pass
main()
"""


def start_section(quick: bool) -> str:
    rounds = 2 if quick else 21
    ours = "from cli.main import main; main()"
    commands = {
        "`--help`": (["-c", MINIMUM, "--help"], ["-c", ours, "--help"]),
        "`analyse --wrong`": (["-c", MINIMUM, "analyse", "--wrong"], ["-c", ours, "analyse", "--wrong"]),
    }
    rows, ratios = [], []
    for name, pair in commands.items():
        least, own = np.array([[_start(command) for command in pair] for _ in range(rounds)]).T
        ratios.append(float(np.median(own / least)))
        rows.append((name, spread(1e3 * least, 0), spread(1e3 * own, 0), spread(own / least, 2)))
    return (
        f"{rounds} rounds in turn, whole processes with the start of Python; click's own minimum is a group with one empty command.\n\n"
        + table("arguments | click's minimum, ms | sidewise, ms | times", rows)
        + f"\n\nAsked: {MOST_START} times ({met(max(ratios) <= MOST_START)})."
    )


def _start(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True)
    return time.perf_counter() - start


def profile_section(quick: bool) -> str:
    seconds = 60.0 if quick else 3600.0
    with tempfile.TemporaryDirectory() as folder:
        pair = write_pair(Path(folder), seconds)
        analyse(open_recording(pair))
        profile = cProfile.Profile()
        profile.enable()
        analyse(open_recording(pair))
        profile.disable()
        single = single_passes(pair)
    spent = stages(profile)
    whole = spent["analyse"] + spent["open_recording"]
    rows = [(f"`{name}`", said, f"{100 * spent[name] / whole:.0f} %") for name, said in STAGES.items()]
    return (
        f"Data: {seconds:.0f} s of squats at 100 Hz, one pass under `cProfile`, which makes many small calls look dearer than they are.\n\n"
        + table("function | does | share of the time", sorted(rows, key=lambda row: -int(row[2].split()[0])))
        + "\n\nWhat compiled code alone takes, each call once over all that it has to pass, in processor time:\n\n"
        + table(
            "call | ms | times pandas' reader",
            [(name, f"{1e3 * own:.0f}", f"{own / single[0][1]:.2f}") for name, own in single],
        )
        + f"\n\nReading, VQF, filters and spectra together are {sum(own for _, own in single[1:]) / single[0][1]:.1f} times pandas' reader: below that no order of the steps can come. "
        "What lies above it is interpolation to one grid, a few dozen passes of numpy over each side, and many small calls for every bout, whose fixed costs in Python count more than their numbers. "
        "A reader of plain decimals, filters, running means, turning points, likeness, lags, jerk and the largest rotation are compiled (`sensing/formats/_decimals.c`, `analysis/kernels`); what they are worth is the difference between `sidewise` and `uncompiled` in the first table of this page."
    )


def single_passes(folder: Path) -> list[tuple[str, float]]:
    """Processor seconds, the least of three, of the compiled calls that the analysis cannot do without."""
    recording = open_recording(folder)
    tracks = list(align(recording).tracks().values())
    turning = [np.radians(track.gyr, order="C") for track in tracks if track.gyr is not None]
    accs = [np.ascontiguousarray(track.acc) for track in tracks]
    reps = [span for one in analyse(recording).sets for own in one.reps.values() for span in own]
    low = butterworth("low", (8.0,), tracks[0].rate_hz)
    band = butterworth("band", (0.2, 0.7), tracks[0].rate_hz / 2)

    def spectra() -> None:
        for a, b in reps:
            n = round((b - a) * tracks[0].rate_hz)
            np.fft.rfft(turning[0][:n, 0], 2 ** (int(np.ceil(np.log2(n))) + 4))

    def filters() -> None:
        for gyr in turning:
            for _ in range(2):
                low.zero_phase(gyr, 10.0)
            band.zero_phase(gyr[::2], 100.0)

    calls: dict[str, Callable[[], object]] = {
        "pandas' reader on both files": lambda: pandas(folder),
        "reading with checks of times and values": lambda: open_recording(folder),
        "VQF, one pass over each side": lambda: [
            BasicVQF(1 / t.rate_hz).updateBatch(g, acc)
            for t, g, acc in zip(tracks, turning, accs, strict=True)
        ],
        "two low-passes and a band-pass of three axes, forth and back": filters,
        "a spectrum of each repetition's speed": spectra,
    }
    return [(name, min(_processor(call) for _ in range(3))) for name, call in calls.items()]


def _processor(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def stages(profile: cProfile.Profile) -> dict[str, float]:
    """Seconds in each function of the pipeline, with all that it calls."""
    spent = dict.fromkeys((*STAGES, "analyse"), 0.0)
    for (file, _, name), (_, _, _, cumulative, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if name in spent and str(ROOT) in file:
            spent[name] += cumulative
    return spent


@dataclass(frozen=True)
class Section:
    """A part of the page: its title, and what measures it."""

    title: str
    measure: Callable[[bool], str]


SECTIONS: Final = {
    "speed": Section("One hour", speed_section),
    "peers": Section("Other packages", peers_section),
    "profile": Section("Where the time goes", profile_section),
    "length": Section("Longer recordings", length_section),
    "memory": Section("Memory", memory_section),
    "count": Section("More recordings", count_section),
    "live": Section("While it records", live.section),
    "start": Section("The first answer", start_section),
}


def section(name: str, quick: bool) -> str:
    """One part of the page, with its date, command and machine, and what else ran on it."""
    load = os.getloadavg()[0]
    said = (
        f"Measured on {dt.date.today().isoformat()} with sidewise {version('sidewise')} by `python -m benchmarks.performance --only {name}`, "
        f"{os.cpu_count()} cores with a load of {load:.1f} before, {platform.machine()}, Python {platform.python_version()}, numpy {version('numpy')}, scipy {version('scipy')}, pandas {version('pandas')}."
    )
    return f"## {SECTIONS[name].title}\n\n{SECTIONS[name].measure(quick)}\n\n{said}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--only", default=",".join(SECTIONS), metavar="NAMES", help=f"of {', '.join(SECTIONS)}"
    )
    parser.add_argument("--quick", action="store_true", help="seconds of data, to try it")
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.name}")
    chosen = parser.parse_args()
    if unknown := set(chosen.only.split(",")) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    new = {}
    for name in chosen.only.split(","):
        new[name] = section(name, chosen.quick)
        print(new[name], end="\n\n", flush=True)
    if chosen.write:
        old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        titles = {name: each.title for name, each in SECTIONS.items()}
        PAGE.write_text(merged(HEAD, titles, old, new), encoding="utf-8")
        print(PAGE)


if __name__ == "__main__":
    main()
