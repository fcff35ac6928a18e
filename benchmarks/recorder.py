"""The recorder end to end, on virtual sensors: sessions, link drops, kills, a full disk, CPU.

`benchmarks.synchronisation` runs it and says what comes out; what runs as a process of its own starts here.

Links have a connection interval of 15 ms and 2 % of packets sent again (near), or 45 ms and 20 % (far). The
error is how much later the left sample times are than the right ones, against when the virtual sensors really
sampled: root mean square over the session.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
import pty
import resource
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path

import numpy as np

from sensing import open_recording
from sensing.devices import driver
from sensing.errors import BadInput, RecordingIncomplete
from sensing.events import Event, Samples, Status
from sensing.recorder import RecordOutcome, RecordRequest, record
from sensing.recording import FloatArray, Placement, Recording, Side
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


@dataclass(frozen=True)
class Load:
    """Share of one core, samples recorded, and by how much the event loop was late (p95), s."""

    share: float
    samples: int
    late_s: float


@dataclass(frozen=True)
class Drop:
    """What a cut link left: other side whole or not, by how much the gap is off, error after it."""

    other_whole: bool
    gap_error_s: float
    after_ms: float
    fit_ms: float


@dataclass(frozen=True)
class Killed:
    """What a kill left, of the worse side.

    It opens as incomplete or not; time from its last sample to the kill, and to the last sample that had
    arrived, s; the sync error that it states, s.
    """

    opens: bool
    missing_s: float
    unwritten_s: float
    error_s: float | None


async def kill_me(folder: Path, seed: int) -> None:
    """Record until killed; says its zero on the system's clock, and of every batch what has arrived."""

    def say(event: Event) -> None:
        if isinstance(event, Samples):
            arrived = {"side": event.side, "last_s": float(event.host_time_s[-1])}
            print(json.dumps({"zero_s": zero_s} | arrived), flush=True)

    async with virtual_radio(scene("dot", "witmotion", seed=seed)) as radio:
        zero_s = time.perf_counter()
        await record(
            request(radio, folder),
            scanner_backend=radio.scanner_backend,
            client_backend=radio.client_backend,
            on_event=say,
        )


def kill_once(folder: Path, after_s: float, seed: int = 0) -> Killed:
    """Kill a recording so long after its first sample, and open it."""
    command = [sys.executable, "-m", "benchmarks.recorder", "--kill-me", str(folder), "--seed", str(seed)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    assert child.stdout is not None
    first = json.loads(child.stdout.readline())
    time.sleep(after_s)
    killed_s: float = time.perf_counter() - first["zero_s"]
    child.send_signal(signal.SIGKILL)
    rest, _ = child.communicate()
    arrived = {each["side"]: each["last_s"] for each in [first, *map(json.loads, rest.splitlines())]}
    try:
        recording = open_recording(folder)
    except BadInput:
        return Killed(False, np.inf, np.inf, None)
    written = {s.side: float(s.host_time_s[-1]) for s in recording.streams() if s.host_time_s is not None}
    return Killed(
        not recording.complete,
        killed_s - min(written.get(side, 0.0) for side in Side),
        max(last_s - written.get(Side(side), 0.0) for side, last_s in arrived.items()),
        recording.sync.error_s,
    )


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


async def cpu_share(folder: Path, seconds: float, watch: Callable[[Event], None] = lambda _: None) -> Load:
    """What the recorder takes of a core at 2 x 200 Hz; sensors and radio are in a process of their own."""
    async with virtual_radio(scene(), own_process=True) as radio:
        used: list[tuple[float, float]] = []
        late: list[float] = []

        async def lateness() -> None:
            while True:
                due = time.perf_counter() + 0.005
                await asyncio.sleep(0.005)
                late.append(time.perf_counter() - due)

        def observe(event: Event) -> None:
            watch(event)
            if isinstance(event, Status):
                used.append((time.perf_counter(), time.process_time()))

        watching = asyncio.create_task(lateness())
        outcome = await record(
            request(radio, folder, rate_hz=200.0, duration_s=seconds),
            scanner_backend=radio.scanner_backend,
            client_backend=radio.client_backend,
            on_event=observe,
        )
        watching.cancel()
    (wall0, cpu0), (wall1, cpu1) = used[0], used[-1]
    samples = sum(side.samples for side in outcome.sides.values())
    return Load((cpu1 - cpu0) / (wall1 - wall0), samples, float(np.quantile(late, 0.95)))


def live_share(folder: Path, seconds: float) -> Load:
    """The same with the live view drawn on a terminal of 120 x 40, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.recorder", "--live", str(folder), "--seconds", str(seconds)]
    master, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (40, 120))
    environment = os.environ | {"TERM": "xterm-256color"}
    with subprocess.Popen(
        command,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=Path(__file__).parents[1],
        env=environment,
    ) as child:
        os.close(terminal)
        with suppress(OSError):  # how Linux says that the other end has closed
            while os.read(master, 65536):
                pass
    os.close(master)
    if child.returncode:
        raise RuntimeError(f"the live view ended with {child.returncode}")
    return Load(**json.loads(folder.with_suffix(".json").read_text()))


def watch_live(folder: Path, seconds: float) -> None:
    """Record with the live view; leaves the load beside the folder."""
    from cli.following import follow_live
    from cli.session import Session as Following
    from sensing.recorder import Control

    async def main(_: Control, on_event: Callable[[Event], None]) -> Load:
        return await cpu_share(folder, seconds, on_event)

    # Textual replaces the standard streams, without which its start fails later.
    resource_tracker.ensure_running()
    following = Following(main, "bluetooth", 1.0)
    follow_live(following, tuple(Side), "squat", Placement.SHANK, recording=True)
    load = following.result()
    assert load is not None
    folder.with_suffix(".json").write_text(json.dumps(dataclasses.asdict(load)))


def drop_once(folder: Path, rng: np.random.Generator, family: str, seed: int) -> Drop:
    """Cut one side's link for 0.5 to 20 s in a session of a minute."""
    side = Side.LEFT if rng.random() < 0.5 else Side.RIGHT
    start_s, length_s = rng.uniform(10, 25), rng.uniform(0.5, 20)
    session = run_virtual(
        record_scene(scene(family, family, seed=seed), folder, 60.0, [(side, start_s, length_s)])
    )
    at, error = session.error_s()
    # A drop begins up to a tenth of a second after it is asked for.
    later = error[at > at[0] + start_s + length_s + 0.3]
    return Drop(
        other_whole=session.lost(side.other) == 0 and not session.outcome.sides[side.other].lost,
        gap_error_s=gap_error_s(session, side),
        after_ms=rms_ms(later),
        fit_ms=1e3 * (session.recording.sync.fit_s or np.nan),
    )


def kills(count: int, seed: int) -> list[Killed]:
    """Kill so many recordings 1.5 to 4 s after their first sample, two at a time."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        jobs = [(Path(folder) / str(n), float(rng.uniform(1.5, 4)), seed + n) for n in range(count)]
        return list(pool.map(lambda job: kill_once(*job), jobs))


def full_disk() -> tuple[str, int, str, Recording]:
    """How the disk was filled, exit code, what was printed, and the recording that is left."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]
        mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
        try:
            code, text, recording = disk_full(Path(folder) / "r", None if mounted else 100_000)
        finally:
            if mounted:
                subprocess.run(["umount", folder], check=True)
    return "tmpfs of 256 KiB" if mounted else "limit of 100 kB a file", code, text, recording


def main() -> None:
    parser = argparse.ArgumentParser(description="What the benchmarks run as processes of their own.")
    parser.add_argument("--kill-me", type=Path)
    parser.add_argument("--fill-disk", type=Path)
    parser.add_argument("--live", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.kill_me:
        asyncio.run(kill_me(args.kill_me, args.seed))
    elif args.fill_disk:
        run_virtual(fill_disk(args.fill_disk, args.limit))
    elif args.live:
        watch_live(args.live, args.seconds)


if __name__ == "__main__":
    main()
