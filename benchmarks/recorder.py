"""The recorder end to end, on virtual sensors: loss, synchronisation, link drops, kills, a full disk, CPU.

    python -m benchmarks.recorder [--minutes 10] [--drops 50] [--kills 50] [--cpu-seconds 60] [--seed 0]
                                  [--only sessions,drops,kills,disk,cpu]

- *sessions*: two DOTs at 60 Hz, two WitMotions at 100 Hz, and one of each, in virtual time. Links have a
  connection interval of 15 ms and 2 % of packets sent again (near), or 45 ms and 20 % (far); clocks are 50
  ppm fast and slow. Every sample that the radio handed to the host must be in the recording. The error is how
  much later the left sample times are than the right ones, against when the virtual sensors really sampled:
  root mean square over the session, beside what the sidecar states (``fit_s``: these links differ by nothing
  that a clock cannot show).
- *drops*: one session of a minute a drop of 0.5 to 20 s on one side. The other side must be whole, the gap be
  marked to 0.2 s, and the time after the gap be right within the stated ``fit_s``.
- *kills*: a process that records in real time is killed (SIGKILL) 1.5 to 4 s after its first sample. The
  recording must open; what is missing is the time from its last sample to the kill.
- *disk*: a tmpfs of 256 KiB where one may be mounted, else a limit on the size of files. What was written
  must open, and the error be one line with exit code 4.
- *cpu*: two WitMotions at 200 Hz in real time, sensors and radio in a process of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sensing import open_recording
from sensing.devices import driver
from sensing.errors import RecordingIncomplete
from sensing.events import Event, Samples, Status
from sensing.recorder import RecordOutcome, RecordRequest, record
from sensing.recording import FloatArray, Recording, Side
from sensing.virtual import Link, Scene, Sensor, VirtualRadio, run_virtual, virtual_radio
from sensing.virtual.sensor import SensorTruth

NEAR = Link()
FAR = Link(interval_s=0.045, retransmit=0.2)


@dataclass(frozen=True)
class Session:
    """A recording and the truth about it; ``zero_s`` is its zero on the clock of the truth."""

    recording: Recording
    outcome: RecordOutcome
    truth: Mapping[Side, SensorTruth]
    zero_s: float

    def true_s(self, side: Side) -> FloatArray:
        """When the samples that the radio delivered were taken, in recording time."""
        parts = [stream.time_s(stream.delivered) for stream in self.truth[side].streams]
        return np.concatenate(parts) - self.zero_s

    def lost(self, side: Side) -> int:
        """Samples that the radio delivered and the recording does not have."""
        stream = self.recording.stream(side)
        return len(self.true_s(side)) - (0 if stream is None else len(stream))

    def error_s(self) -> tuple[FloatArray, FloatArray]:
        """True times, and how much later the left side's clock reads than the right one's, s."""
        at, late = [], []
        for side in Side:
            stream, true = self.recording.stream(side), self.true_s(side)
            assert stream is not None and len(stream) <= len(true)
            # One that was killed holds the first of them.
            true = true[: len(stream)]
            at.append(true)
            late.append(stream.time_s - true)
        grid = np.arange(max(a[0] for a in at), min(a[-1] for a in at), 0.05)
        return grid, np.interp(grid, at[0], late[0]) - np.interp(grid, at[1], late[1])


def scene(
    left: str = "witmotion",
    right: str = "witmotion",
    links: tuple[Link, Link] = (NEAR, NEAR),
    ppm: tuple[float, float] = (50.0, -50.0),
    seed: int = 0,
    knocks_s: tuple[float, ...] = (),
) -> Scene:
    """Two sensors on a virtual radio."""
    sensors = tuple(
        Sensor(
            driver(name), side, link, clock_offset_s=offset, drift_ppm=drift, address=f"D0:5E:4D:00:00:0{n}"
        )
        for n, (name, side, link, offset, drift) in enumerate(
            zip((left, right), Side, links, (100.0, 250.0), ppm, strict=True), start=1
        )
    )
    return Scene(sensors, knocks_s=knocks_s, seed=seed)


def request(radio: VirtualRadio, folder: Path, **changes: object) -> RecordRequest:
    """What to record of both virtual sensors."""
    asked = RecordRequest(folder, radio.addresses[Side.LEFT], radio.addresses[Side.RIGHT])
    return dataclasses.replace(asked, **changes)  # type: ignore[arg-type]


async def record_scene(
    of: Scene,
    folder: Path,
    duration_s: float,
    drops: Sequence[tuple[Side, float, float]] = (),
    watch: Callable[[Event], None] = lambda _: None,
    **changes: object,
) -> Session:
    """Record a scene for so long; each drop is (side, seconds after the first sample, length)."""
    async with virtual_radio(of) as radio:
        zero_s = radio.clock() / 1e9
        began = False

        def begin(event: Event) -> None:
            nonlocal began
            watch(event)
            if began or not isinstance(event, Samples):
                return
            began = True
            loop = asyncio.get_running_loop()
            for side, after_s, length_s in drops:
                loop.call_later(after_s, drop, radio.addresses[side], length_s)

        tasks: list[asyncio.Task[None]] = []

        def drop(address: str, length_s: float) -> None:
            tasks.append(asyncio.create_task(radio.drop(address, length_s)))

        outcome = await record(
            request(radio, folder, duration_s=duration_s, **changes),
            scanner_backend=radio.scanner_backend,
            client_backend=radio.client_backend,
            clock=radio.clock,
            on_event=begin,
        )
        found = await radio.truth()
        truth = {side: found[address] for side, address in radio.addresses.items()}
    recording = open_recording(folder)
    return Session(recording, outcome, truth, zero_s)


def gap_error_s(session: Session, side: Side) -> float:
    """By how much the marked gaps of a side differ from the pauses between samples that were delivered, s."""
    stream, true = session.recording.stream(side), session.true_s(side)
    assert stream is not None
    where = np.flatnonzero(np.diff(true) > 1.5 / stream.rate_hz)
    real = np.column_stack((true[where], true[where + 1]))
    marked = np.array(stream.gaps).reshape(-1, 2)
    if len(real) != len(marked):
        return float("inf")
    return float(np.max(np.abs(real - marked), initial=0.0))


def rms_ms(values: FloatArray) -> float:
    """Root mean square, ms."""
    return 1e3 * float(np.sqrt(np.mean(values**2)))


def spread(values: Sequence[float] | FloatArray) -> str:
    """Median, 95th percentile and largest, in words."""
    return f"{np.median(values):.2f} (p95 {np.quantile(values, 0.95):.2f}, most {np.max(values):.2f})"


async def kill_me(folder: Path, seed: int) -> None:
    """Record until killed; says its zero on the system's clock once samples are there."""
    said = False

    def say(event: Event) -> None:
        nonlocal said
        if isinstance(event, Samples) and not said:
            said = True
            print(json.dumps({"zero_s": zero_s}), flush=True)

    async with virtual_radio(scene("dot", "witmotion", seed=seed)) as radio:
        zero_s = time.perf_counter()
        await record(
            request(radio, folder),
            scanner_backend=radio.scanner_backend,
            client_backend=radio.client_backend,
            on_event=say,
        )


def kill_once(folder: Path, after_s: float, seed: int = 0) -> float:
    """Kill a recording; returns the time that is missing at its end, s, of the side that misses more."""
    command = [sys.executable, "-m", "benchmarks.recorder", "--kill-me", str(folder), "--seed", str(seed)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    assert child.stdout is not None
    zero_s = json.loads(child.stdout.readline())["zero_s"]
    time.sleep(after_s)
    killed_s: float = time.perf_counter() - zero_s
    child.send_signal(signal.SIGKILL)
    child.wait()
    recording = open_recording(folder)
    assert not recording.complete
    last = [float(s.host_time_s[-1]) for s in recording.streams() if s.host_time_s is not None]
    return killed_s - min(last)


async def fill_disk(folder: Path, limit_bytes: int | None) -> None:
    """Record until the disk is full, or a file as large as allowed; ends as a command does."""
    if limit_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    async with virtual_radio(scene("dot", "dot")) as radio:
        try:
            await record(
                request(radio, folder, duration_s=3600.0, raw=True),
                scanner_backend=radio.scanner_backend,
                client_backend=radio.client_backend,
                clock=radio.clock,
            )
        except RecordingIncomplete as error:
            print(error)
            sys.exit(error.exit_code)


def disk_full(folder: Path, limit_bytes: int | None) -> tuple[int, str, Recording]:
    """Exit code, what was printed, and the recording that is left."""
    command = [sys.executable, "-m", "benchmarks.recorder", "--fill-disk", str(folder)]
    if limit_bytes is not None:
        command += ["--limit", str(limit_bytes)]
    child = subprocess.run(
        command, capture_output=True, text=True, cwd=Path(__file__).parents[1], timeout=120
    )
    return child.returncode, child.stdout + child.stderr, open_recording(folder)


async def cpu_share(folder: Path, seconds: float) -> tuple[float, RecordOutcome, FloatArray]:
    """Share of one core that the recorder takes at 2 x 200 Hz, and by how much it delays stamps, s."""
    async with virtual_radio(scene(), own_process=True) as radio:
        used: list[tuple[float, float]] = []
        late: list[float] = []

        async def lateness() -> None:
            while True:
                due = time.perf_counter() + 0.005
                await asyncio.sleep(0.005)
                late.append(time.perf_counter() - due)

        def watch(event: Event) -> None:
            if isinstance(event, Status):
                used.append((time.perf_counter(), time.process_time()))

        watching = asyncio.create_task(lateness())
        outcome = await record(
            request(radio, folder, rate_hz=200.0, duration_s=seconds),
            scanner_backend=radio.scanner_backend,
            client_backend=radio.client_backend,
            on_event=watch,
        )
        watching.cancel()
    (wall0, cpu0), (wall1, cpu1) = used[0], used[-1]
    return (cpu1 - cpu0) / (wall1 - wall0), outcome, np.array(late)


def run_sessions(minutes: float, seed: int) -> None:
    cases = (
        ("dot", "dot", "near", "near"),
        ("witmotion", "witmotion", "near", "near"),
        ("dot", "witmotion", "near", "near"),
        ("dot", "dot", "near", "far"),
    )
    for left, right, *links in cases:
        chosen = NEAR if links[0] == "near" else FAR, NEAR if links[1] == "near" else FAR
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            session = run_virtual(
                record_scene(scene(left, right, chosen, seed=seed), Path(folder) / "r", 60 * minutes)
            )
            spent = time.perf_counter() - began
        _, error = session.error_s()
        sync = session.recording.sync
        samples = sum(side.samples for side in session.outcome.sides.values())
        print(
            f"{left} {links[0]}, {right} {links[1]}: {samples} samples, "
            f"{sum(session.lost(side) for side in Side)} lost by "
            f"the recorder; error {rms_ms(error):.2f} ms, stated fit {1e3 * (sync.fit_s or np.nan):.2f} ms "
            f"({sync.method}); took {spent:.0f} s"
        )


def run_drops(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole, gaps, after, covered = 0, [], [], 0
    for n in range(count):
        side = Side.LEFT if rng.random() < 0.5 else Side.RIGHT
        start_s, length_s = rng.uniform(10, 25), rng.uniform(0.5, 20)
        family = "dot" if n % 2 else "witmotion"
        with tempfile.TemporaryDirectory() as folder:
            session = run_virtual(
                record_scene(
                    scene(family, family, seed=seed + n),
                    Path(folder) / "r",
                    60.0,
                    [(side, start_s, length_s)],
                )
            )
        whole += session.lost(side.other) == 0 and not session.outcome.sides[side.other].lost
        gaps.append(gap_error_s(session, side))
        at, error = session.error_s()
        # A drop begins up to a tenth of a second after it is asked for.
        later = error[at > at[0] + start_s + length_s + 0.3]
        after.append(rms_ms(later))
        fit_s = session.recording.sync.fit_s
        covered += fit_s is not None and rms_ms(later) <= 1e3 * fit_s
    print(
        f"drops: {count}; other side whole {whole}; gap marked within {max(gaps):.3f} s (median "
        f"{np.median(gaps):.3f}); error after the gap {spread(after)} ms, within the stated fit {covered}"
    )


def run_kills(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        jobs = [(Path(folder) / str(n), float(rng.uniform(1.5, 4)), seed + n) for n in range(count)]
        with ThreadPoolExecutor(2) as pool:
            missing = list(pool.map(lambda job: kill_once(*job), jobs))
    print(f"kills: {count} recordings open; missing at their end {spread(missing)} s")


def run_disk() -> None:
    with tempfile.TemporaryDirectory() as folder:
        mounted = hasattr(os, "geteuid") and os.geteuid() == 0 and _mount(folder)
        try:
            code, text, recording = disk_full(Path(folder) / "r", None if mounted else 100_000)
        finally:
            if mounted:
                subprocess.run(["umount", folder], check=True)
    how = "tmpfs of 256 KiB" if mounted else "limit of 100 kB a file"
    rows = ", ".join(f"{stream.side} {stream.duration_s:.1f} s" for stream in recording.streams())
    print(f"disk: {how}; exit code {code}; {text.strip()!r}; opens with {rows}")


def _mount(folder: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]
    return subprocess.run(command, capture_output=True).returncode == 0


def run_cpu(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        share, outcome, late = asyncio.run(cpu_share(Path(folder) / "r", seconds))
    samples = sum(side.samples for side in outcome.sides.values())
    print(
        f"cpu: {samples} samples in {outcome.duration_s:.0f} s; {100 * share:.1f} % of one core; "
        f"event loop late by {spread(1e3 * late)} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmark of the recorder on virtual sensors.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--drops", type=int, default=50)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--cpu-seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="sessions,drops,kills,disk,cpu")
    parser.add_argument("--kill-me", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--fill-disk", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--limit", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.kill_me:
        asyncio.run(kill_me(args.kill_me, args.seed))
    elif args.fill_disk:
        run_virtual(fill_disk(args.fill_disk, args.limit))
    else:
        parts: dict[str, Callable[[], None]] = {
            "sessions": lambda: run_sessions(args.minutes, args.seed),
            "drops": lambda: run_drops(args.drops, args.seed),
            "kills": lambda: run_kills(args.kills, args.seed),
            "disk": run_disk,
            "cpu": lambda: run_cpu(args.cpu_seconds),
        }
        for name in args.only.split(","):
            parts[name]()


if __name__ == "__main__":
    main()
