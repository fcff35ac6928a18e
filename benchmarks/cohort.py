"""A cohort on this machine's processes and on a real Dask cluster: the same table, and what goes wrong.

Run: python -m benchmarks.cohort [--recordings 1000] [--write]

Data: simulated recordings (3 sets of 8 squats at 50 Hz), four in five sound and one in five cut off, made in
a temporary folder. `sidewise batch` runs on them as a program of its own: in one process, in two, on a `dask
scheduler` with two `dask worker`s of their own, on such a cluster of which one worker is killed midway, and
on one whose scheduler is killed midway, finished with --resume. BLAS has one thread everywhere.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.pages import met, percent, table
from sensing.simulate import Simulation, save, simulate

PAGE = Path(__file__).parents[1] / "docs" / "cohort.md"
MARKS = ("<!-- figures by python -m benchmarks.cohort --write -->", "<!-- end of figures -->")
JOBS = 2
UNREACHABLE = 3
BIN = Path(sys.executable).parent
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Run:
    """One run of ``sidewise batch``."""

    seconds: float
    code: int
    said: str


def make(folder: Path, number: int) -> None:
    """One recording; every fifth lost the end of a file."""
    made = simulate(Simulation(exercise="squat", rate_hz=50.0, seed=number, athlete=f"a{number // 4:04d}"))
    save(made, folder / f"{number:05d}")
    if number % 5 == 4:
        left = folder / f"{number:05d}" / "left.csv"
        left.write_bytes(left.read_bytes()[: -(number % 997) - 500])


def make_all(folder: Path, count: int) -> None:
    """The cohort."""
    folder.mkdir(parents=True)
    with ProcessPoolExecutor() as processes:
        list(processes.map(partial(make, folder), range(count), chunksize=16))


def batch(recordings: Path, output: Path, *options: object, during: Callable[[], None] | None = None) -> Run:
    """Run ``sidewise batch`` to its end; ``during`` is done once a third of the parts are there."""
    command = [BIN / "sidewise", "batch", recordings, "-o", output, "-q", *options]
    count = -(-sum(1 for _ in recordings.iterdir()) // 16)
    start = time.perf_counter()
    with subprocess.Popen(
        [str(word) for word in command], env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        while during is not None and process.poll() is None:
            if len(list(output.glob("part-*"))) >= count / 3:
                during()
                break
            time.sleep(0.02)
        _, said = process.communicate()
    return Run(time.perf_counter() - start, process.returncode, said.decode())


@dataclass
class Cluster:
    """A scheduler and workers, each a process of its own."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)


@contextmanager
def cluster(port: int) -> Iterator[Cluster]:
    """`dask scheduler` and two `dask worker`s, ready to work."""
    from distributed import Client

    with ExitStack() as stack:

        def start(*words: object) -> subprocess.Popen[bytes]:
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            process = subprocess.Popen([str(BIN / "dask"), *map(str, words)], env=ENVIRONMENT, **quiet)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return process

        own = tempfile.mkdtemp()
        address = f"tcp://127.0.0.1:{port}"
        made = Cluster(address, start("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"))
        more = ("--nthreads", 1, "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        made.workers += [start("worker", address, *more, "--local-directory", own) for _ in range(JOBS)]
        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(JOBS, timeout=60)
        yield made


def content(folder: Path) -> list[tuple[str, bytes]]:
    """Every part of a table."""
    return [(part.name, part.read_bytes()) for part in sorted(folder.iterdir())]


def figures(count: int) -> str:
    """The table of the page."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        recordings = root / "recordings"
        make_all(recordings, count)
        rows = [("one process", batch(recordings, root / "serial", "-j", 1))]
        expected = content(root / "serial")
        same = {"one process": True}

        def add(what: str, output: Path, run: Run) -> None:
            rows.append((what, run))
            same[what] = content(output) == expected

        add("two processes", root / "loky", batch(recordings, root / "loky", "-j", JOBS))
        with cluster(18786) as dask:
            on = ("--backend", "dask", "--scheduler", dask.address)
            add("Dask, two workers", root / "dask", batch(recordings, root / "dask", *on))
        with cluster(18787) as dask:
            on = ("--backend", "dask", "--scheduler", dask.address)
            kill = partial(dask.workers[0].send_signal, signal.SIGKILL)
            killed = batch(recordings, root / "killed", *on, during=kill)
            add("Dask, one of two workers killed at a third", root / "killed", killed)
        with cluster(18788) as dask:
            on = ("--backend", "dask", "--scheduler", dask.address)
            kill = partial(dask.scheduler.send_signal, signal.SIGKILL)
            gone = batch(recordings, root / "gone", *on, during=kill)
        kept = len(content(root / "gone"))
        resumed = batch(recordings, root / "gone", "--resume", "-j", JOBS)
        add("finished with --resume in two processes", root / "gone", resumed)
    alone = rows[0][1].seconds
    cells = []
    for what, run in rows:
        compared = what in ("two processes", "Dask, two workers")
        share = alone / run.seconds / JOBS
        efficiency = f"{percent(share)} ({met(share >= 0.8)})" if compared else ""
        good = same[what] and run.code == 0
        cells.append((what, f"{run.seconds:.0f}", efficiency, met(good)))
    lines = gone.said.count("\n")
    length = f"{count} simulated recordings of about {_length(count):.0f} s, a fifth of them cut off"
    return "\n\n".join(
        [
            f"{length}, on {os.cpu_count()} cores:",
            table("where | s | of one process's speed, a core (gate 80 %) | same bytes, complete", cells),
            f"Scheduler killed at a third: exit code {gone.code}, {lines} line said, {kept} parts kept "
            f"({met(lines == 1 and gone.code == UNREACHABLE)}).",
        ]
    )


def _length(count: int) -> float:
    return simulate(Simulation(exercise="squat", rate_hz=50.0, seed=min(count, 7))).recording.duration_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--recordings", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/cohort.md")
    chosen = parser.parse_args()
    text = figures(chosen.recordings)
    print(text)
    if chosen.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(MARKS[0])
        after = rest.partition(MARKS[1])[2]
        PAGE.write_text(f"{before}{MARKS[0]}\n\n{text}\n\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
