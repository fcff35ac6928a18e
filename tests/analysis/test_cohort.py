"""A cohort's table is the same whoever computes it, resumes after a kill, and says what is usual."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pytest

from analysis.cohort import backends
from analysis.cohort.batch import Batch, chunks_of, drop_stale, left_to_do, work_of
from analysis.cohort.norms import norms
from analysis.cohort.places import find
from analysis.cohort.table import Person, failures, to_parquet
from sensing.errors import BadInput, DeviceUnreachable, UsageError
from sensing.simulate import Simulation, save, simulate


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    root = tmp_path_factory.mktemp("cohort")
    for seed in range(20):
        arms = seed % 2
        made = simulate(
            Simulation(
                exercise="curl" if arms else "squat",
                sets=1,
                reps=6,
                rate_hz=50,
                seed=seed,
                athlete=f"a{seed // 2}",
                sport="lifting",
            )
        )
        save(made, root / f"team{seed % 3}" / f"r{seed:02d}")
    (root / "broken").mkdir()
    (root / "broken" / "recording.json").write_text("{", encoding="utf-8")
    return root


def run(root: Path, output: Path, backend=backends.serial, people=None) -> list[Path]:
    batch = Batch(str(root), people=people or {})
    chunks = chunks_of(batch, find(str(root)), size=5)
    output.mkdir(exist_ok=True)
    for chunk, part in backend(work_of(batch), left_to_do(output, chunks, resume=True)):
        (output / chunk.file).write_bytes(part)
    drop_stale(output, chunks)
    return sorted(output.iterdir())


def content(parts: list[Path]) -> list[tuple[str, bytes]]:
    return [(part.name, part.read_bytes()) for part in parts]


def test_processes_make_the_same_bytes_as_one_process(recordings, tmp_path):
    alone = run(recordings, tmp_path / "a")
    assert len(alone) == 5
    assert content(run(recordings, tmp_path / "b", backends.loky(2))) == content(alone)


def test_a_recording_that_fails_is_a_row_with_its_reason(recordings, tmp_path):
    parts = run(recordings, tmp_path / "a")
    [(name, why)] = failures(parts)
    assert name == "broken"
    assert "recording.json" in why
    table = pd.concat([pd.read_parquet(part) for part in parts])
    assert table["recording"].nunique() == 21
    whole = table[table["set"].isna() & table["failure"].isna()]
    assert (whole.groupby("recording")["metric"].nunique() >= 9).all()
    assert table["set"].notna().any()


def test_only_what_is_missing_or_changed_is_made_again(recordings, tmp_path):
    output = tmp_path / "a"
    parts = run(recordings, output)
    chunks = chunks_of(Batch(str(recordings)), find(str(recordings)), size=5)
    assert left_to_do(output, chunks, resume=True) == []
    before = content(parts)
    parts[1].write_bytes(b"half a file")
    (output / ".part-00001.parquet.abc").write_bytes(b"left by a kill")
    assert [chunk.number for chunk in left_to_do(output, chunks, resume=True)] == [1]
    assert content(run(recordings, output)) == before
    older = chunks_of(Batch(str(recordings), people={"a0": Person("f", 1990)}), find(str(recordings)), size=5)
    assert len(left_to_do(output, older, resume=True)) == len(older)


def test_what_is_there_already_is_not_overwritten(recordings, tmp_path):
    output = tmp_path / "a"
    run(recordings, output)
    with pytest.raises(UsageError, match="--resume"):
        left_to_do(output, [], resume=False)
    (output / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="choose another place"):
        left_to_do(output, [], resume=True)


def test_recordings_are_read_from_a_place_that_fsspec_knows(recordings, tmp_path):
    system = fsspec.filesystem("memory")
    system.put(str(recordings), "/lab", recursive=True)
    local = run(recordings, tmp_path / "a")
    batch = Batch("memory://lab")
    found = find(batch.root)
    assert [one.name for one in found] == [one.name for one in find(str(recordings))]
    made = [work_of(batch)(chunk) for chunk in chunks_of(batch, found, size=5)]
    for part, file in zip(made, local, strict=True):
        other = tmp_path / "other.parquet"
        other.write_bytes(part)
        pd.testing.assert_frame_equal(pd.read_parquet(other), pd.read_parquet(file))


def test_a_folder_that_is_not_there_is_refused():
    with pytest.raises(BadInput, match="no such folder"):
        find("/nowhere/at/all")


def part_of(rows: list[dict], folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "part-00000.parquet").write_bytes(to_parquet(rows, "x"))
    return folder


def row(athlete: str, index: float, **more: object) -> dict:
    usual = {"quality": "good", "verdict": "balanced", "metric": "angle_travelled", "sport": "tennis"}
    return usual | {"recording": f"{athlete} {index}", "athlete": athlete, "index_percent": index} | more


def test_norms_count_each_person_once_and_turn_to_the_dominant_side(tmp_path):
    rows = [row("often", 1.0 + 0.01 * i, dominant="right") for i in range(50)]
    rows += [row(f"left{i}", -10.0, dominant="left", sex="f", age=34) for i in range(3)]
    rows += [row("poor", 90.0, quality="poor"), {"recording": "x", "failure": "why"}]
    [found] = norms(part_of(rows, tmp_path / "t"), ["sport"]).to_dict("records")
    assert (found["people"], found["recordings"]) == (4, 53)
    assert found["median"] == pytest.approx(10.0)
    assert found["p5"] == pytest.approx(np.quantile([1.245, 10, 10, 10], 0.05))
    by_age = norms(tmp_path / "t", ["sex", "age_band"], least=2).to_dict("records")
    assert [(r["sex"], r["age_band"], r["people"]) for r in by_age] == [("f", "30-39", 3)]


def test_norms_refuse_what_they_cannot_divide_by_and_what_is_no_result(tmp_path):
    with pytest.raises(UsageError, match="colour"):
        norms(tmp_path, ["colour"])
    with pytest.raises(BadInput, match="sidewise batch"):
        norms(tmp_path)
    (tmp_path / "part-00000.parquet").write_bytes(b"no")
    with pytest.raises(BadInput, match="not the result"):
        norms(tmp_path)


class Cluster:
    """A scheduler and two workers, each a process of its own, as a user starts them."""

    def __init__(self, folder: Path) -> None:
        bin_ = Path(sys.executable).parent
        self.file = folder / "scheduler.json"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
        here = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(self.file)]
        self.scheduler = subprocess.Popen([bin_ / "dask", "scheduler", *here], **quiet)
        lean = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
        self.workers = [
            subprocess.Popen(
                [
                    bin_ / "dask",
                    "worker",
                    "--scheduler-file",
                    str(self.file),
                    *lean,
                    "--local-directory",
                    folder,
                ],
                **quiet,
            )
            for _ in range(2)
        ]

    @property
    def address(self) -> str:
        import json

        limit = time.monotonic() + 30
        while not self.file.exists() or not self.file.read_text(encoding="utf-8"):
            assert time.monotonic() < limit
            time.sleep(0.05)
        return json.loads(self.file.read_text(encoding="utf-8"))["address"]

    def kill(self, process: subprocess.Popen) -> None:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            if process.poll() is None:
                self.kill(process)


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.close()


def test_a_cluster_makes_the_same_bytes_though_a_worker_is_killed(recordings, tmp_path, cluster):
    def backend(work, chunks):
        for done, item in enumerate(backends.dask(cluster.address)(work, chunks)):
            if done == 0:
                cluster.kill(cluster.workers[0])
            yield item

    alone = content(run(recordings, tmp_path / "a"))
    assert content(run(recordings, tmp_path / "b", backend)) == alone


def test_a_cluster_that_goes_leaves_what_is_done_and_a_later_run_does_the_rest(recordings, tmp_path, cluster):
    def backend(work, chunks):
        address = cluster.address
        for item in backends.dask(address)(work, chunks):
            cluster.close()
            yield item

    with pytest.raises(DeviceUnreachable, match="--resume"):
        run(recordings, tmp_path / "b", backend)
    assert len(list((tmp_path / "b").iterdir())) == 1
    assert content(run(recordings, tmp_path / "b")) == content(run(recordings, tmp_path / "a"))


def test_no_scheduler_is_said_in_one_line():
    with pytest.raises(DeviceUnreachable, match="dask scheduler"):
        list(backends.dask("tcp://127.0.0.1:9", connect_s=0.5)(len, []))
