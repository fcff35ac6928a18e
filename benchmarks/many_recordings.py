"""What a batch of many short recordings costs, in one fresh process.

python -m benchmarks.many_recordings COUNT
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.long_recordings import ROOT, memory
from sensing.simulate import Simulation, save, simulate

ATHLETES = 20


@dataclass(frozen=True)
class BatchCost:
    """Recordings, rows of the table, processor seconds and bytes above what is resident after imports."""

    count: int
    rows: int
    seconds: float
    peak: int


def write_cohort(folder: Path, count: int) -> Path:
    """So many recordings of some simulated athletes, the same files under many names."""
    for number in range(count):
        own = folder / f"{number:05d}"
        if number < ATHLETES:
            save(simulate(Simulation(sets=1, reps=4, rate_hz=(25, 25), seed=number)), own)
            continue
        own.mkdir()
        for file in (folder / f"{number % ATHLETES:05d}").iterdir():
            os.link(file, own / file.name)
    return folder


def measured(count: int) -> BatchCost:
    """What a cohort costs in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.many_recordings", str(count)]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return BatchCost(**json.loads(out))


def _measure(count: int) -> BatchCost:
    with tempfile.TemporaryDirectory() as folder:
        # Once on one recording: imports and caches are no cost of their number.
        _run(write_cohort(Path(folder), 1))
    with tempfile.TemporaryDirectory() as folder:
        cohort = write_cohort(Path(folder), count)
        before, start = memory("VmRSS"), time.process_time()
        rows = _run(cohort)
        seconds = time.process_time() - start
    return BatchCost(count, rows, seconds, memory("VmHWM") - before)


def _run(folder: Path) -> int:
    """Rows of the table that `sidewise batch` writes of a folder, one process at work."""
    from pyarrow import BufferReader, parquet

    from analysis.cohort.backends import serial
    from analysis.cohort.batch import Batch, chunks_of, work_of
    from analysis.cohort.places import find

    batch = Batch(str(folder))
    parts = serial(work_of(batch), chunks_of(batch, find(str(folder))))
    return sum(parquet.read_metadata(BufferReader(part)).num_rows for _, part in parts)


if __name__ == "__main__":
    print(json.dumps(asdict(_measure(int(sys.argv[1])))))
