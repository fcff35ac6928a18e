"""Recordings of any length as two CSV files, and what it costs to analyse one.

    python -m benchmarks.long_recordings FOLDER

measures a folder in this fresh process: seconds, and peak memory above what is resident after imports.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from sensing.recording import CHANNELS
from sensing.simulate import Simulation, simulate

HEADER = "time_s," + ",".join(CHANNELS) + "\n"
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cost:
    """What one recording takes.

    Attributes
    ----------
    length_s, read_s, analyse_s : float
        Length of the recording, and processor time, which other programs do not lengthen much.
    size : int
        Bytes of its times and six channels on both sides as float64.
    peak : int
        Bytes resident at most above what was resident after imports.
    reps : int
        Repetitions found.
    """

    length_s: float
    read_s: float
    analyse_s: float
    size: int
    peak: int
    reps: int

    @property
    def seconds(self) -> float:
        return self.read_s + self.analyse_s


def write_pair(folder: Path, seconds: float, *, exercise: str = "squat", rate_hz: float = 100.0) -> Path:
    """``left.csv`` and ``right.csv`` of ten simulated minutes of sets, again and again up to a length."""
    folder.mkdir(parents=True, exist_ok=True)
    sets, reps = (12, 8) if exercise == "squat" else (1, 800)
    block = simulate(Simulation(exercise=exercise, sets=sets, reps=reps, seed=1, rate_hz=(rate_hz, rate_hz)))
    for stream in block.recording.streams():
        values = np.hstack([stream.acc, stream.gyr if stream.gyr is not None else stream.acc])
        period_s = len(stream) / stream.rate_hz
        with (folder / f"{stream.side}.csv").open("wb") as file:
            file.write(HEADER.encode())
            for start_s in np.arange(0, seconds, period_s):
                time_s = start_s + np.arange(len(stream)) / stream.rate_hz
                rows = int(np.searchsorted(time_s, seconds))
                columns = [np.round(time_s[:rows], 6), *np.round(values[:rows], 5).T]
                table = pa.table(columns, names=["time_s", *CHANNELS])
                csv.write_csv(table, file, csv.WriteOptions(include_header=False))
    return folder


def measured(folder: Path) -> Cost:
    """What a folder costs in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.long_recordings", str(folder)]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return Cost(**json.loads(out))


def _measure(folder: Path) -> Cost:
    from analysis import analyse
    from sensing import open_recording

    # Once on something short: imports and caches are no cost of the recording's length.
    with tempfile.TemporaryDirectory() as short:
        analyse(open_recording(write_pair(Path(short), 60.0)))
    before = memory("VmRSS")
    start = time.process_time()
    recording = open_recording(folder)
    read = time.process_time()
    result = analyse(recording)
    end = time.process_time()
    samples = sum(len(stream) for stream in recording.streams())
    return Cost(
        length_s=recording.duration_s,
        read_s=read - start,
        analyse_s=end - read,
        size=samples * (1 + len(CHANNELS)) * 8,
        peak=memory("VmHWM") - before,
        reps=sum(len(reps) for one in result.sets for reps in one.reps.values()),
    )


@dataclass(frozen=True)
class Agreement:
    """How a recording analysed part by part compares with the same analysed as a whole.

    Attributes
    ----------
    numbers : int
        Numbers of the answer that were compared.
    largest : float
        Largest difference, over the larger of both numbers; infinite where something else differs.
    """

    numbers: int
    largest: float


def part_by_part(folder: Path, at_once: int) -> Agreement:
    """Compare both ways to analyse a recording, in parts of about so many points and as a whole."""
    from analysis import Settings, analyse
    from sensing import open_recording

    recording = open_recording(folder)
    answers = [analyse(recording, Settings(at_once=points)) for points in (at_once, 10**12)]
    pairs = list(zip(*(_leaves(json.loads(answer.to_json())) for answer in answers), strict=True))
    numbers = [(a, b) for a, b in pairs if isinstance(a, float) and isinstance(b, float)]
    same = all(a == b for a, b in pairs if not isinstance(a, float))
    largest = max(abs(a - b) / max(abs(a), abs(b), 1e-9) for a, b in numbers)
    return Agreement(len(numbers), largest if same else math.inf)


def _leaves(answer: Any) -> Iterator[Any]:
    if isinstance(answer, dict | list):
        for value in answer.values() if isinstance(answer, dict) else answer:
            yield from _leaves(value)
    else:
        yield answer


def memory(what: str) -> int:
    """Bytes of this process in memory: ``VmRSS`` now, or ``VmHWM`` at most until now."""
    with Path("/proc/self/status").open(encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(f"{what}:"))


if __name__ == "__main__":
    print(json.dumps(asdict(_measure(Path(sys.argv[1])))))
