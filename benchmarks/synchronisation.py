# ruff: noqa: E501 - prose of the page it writes
"""How well two sensors share a timeline and what the recorder loses, written to docs/synchronisation.md.

Run: make sync    (or python -m benchmarks.synchronisation [--only sessions,drops] [--write])

Each section says with which command, on which day and under which conditions it was measured. With --write
those that were run replace their namesakes on the page; the others stay. Without, they are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
import platform
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import recorder, sync
from benchmarks.pages import merged, met, table
from benchmarks.recorder import NEAR, Drop, Load
from sensing.recording import FloatArray, Side
from sensing.virtual import Link, run_virtual

PAGE: Final = Path(__file__).parents[1] / "docs" / "synchronisation.md"
HEAD: Final = """# Synchronisation

How far left and right may be apart on the timeline, how sure the stated error is, and what the recorder loses.
Written by `make sync`; how the clock works is in the docstrings of `sensing/clock.py` and `sensing/clock_line.py`.
All of it is simulated: real radios have further habits, and no real sensor was measured here.

*Error* is how much later the left sample times are than the right ones, against when the (virtual) sensors really
sampled: root mean square over the session. *fit* is what the recording states of it (`fit_s`), which must cover the
error in at least 95 % of runs. *near* is a link with a connection interval of 15 ms and 2 % of packets sent again,
*far* 45 ms and 20 %; drift is drawn within the bounds given."""

FAR: Final = Link(interval_s=0.045, retransmit=0.2)
SLOW: Final = replace(NEAR, interval_s=0.030)
NEVER_LOST: Final = replace(NEAR, retransmit=0.0)
LATE: Final = replace(NEAR, latency_s=NEAR.latency_s + 0.015)


@dataclass(frozen=True)
class SessionCase:
    """A pair of virtual sensors to record, and what is asked of it."""

    name: str
    family: str
    links: tuple[Link, Link] = (NEAR, NEAR)
    ppm: float = 50.0
    knocks: bool = False
    median_ms: float | None = 1.0
    p95_ms: float = 5.0


SESSIONS: Final = (
    SessionCase("DOT 60 Hz, near v near", "dot"),
    SessionCase("DOT 60 Hz, both 30 ms", "dot", (SLOW, SLOW)),
    SessionCase("DOT 60 Hz, near v far", "dot", (NEAR, FAR)),
    SessionCase("WitMotion 100 Hz (no clock), near v near", "witmotion", median_ms=None, p95_ms=10.0),
    SessionCase("WitMotion 100 Hz, both 30 ms", "witmotion", (SLOW, SLOW), median_ms=5.0, p95_ms=10.0),
    SessionCase(
        "WitMotion 100 Hz, 7000 ppm, no loss",
        "witmotion",
        (NEVER_LOST, NEVER_LOST),
        7000.0,
        median_ms=None,
        p95_ms=10.0,
    ),
)
FIXED: Final = tuple(
    SessionCase(f"{name}, {'knocks' if knocks else 'no knocks'}", family, (NEAR, LATE), knocks=knocks)
    for name, family in (("DOT 60 Hz", "dot"), ("WitMotion 100 Hz", "witmotion"))
    for knocks in (False, True)
)


@dataclass(frozen=True)
class SessionResult:
    """One recorded session, ms."""

    error_ms: float
    largest_ms: float
    fit_ms: float
    stated_ms: float
    samples: int
    lost: int


def record_once(case: SessionCase, seconds: float, seed: int) -> SessionResult:
    ppm = np.random.default_rng(seed).uniform(-case.ppm, case.ppm, 2)
    knocks_s = (4.0, seconds - 5.0) if case.knocks else ()
    of = recorder.scene(case.family, case.family, case.links, (ppm[0], ppm[1]), seed, knocks_s)
    with tempfile.TemporaryDirectory() as folder:
        session = run_virtual(recorder.record_scene(of, Path(folder) / "r", seconds))
    _, error = session.error_s()
    stated = session.recording.sync
    return SessionResult(
        recorder.rms_ms(error),
        1e3 * float(np.max(np.abs(error))),
        1e3 * (np.nan if stated.fit_s is None else stated.fit_s),
        1e3 * (np.nan if stated.error_s is None else stated.error_s),
        sum(side.samples for side in session.outcome.sides.values()),
        sum(session.lost(side) for side in Side),
    )


def recorded(cases: tuple[SessionCase, ...], seconds: float, runs: int) -> list[list[SessionResult]]:
    with ProcessPoolExecutor() as pool:
        jobs = [[pool.submit(record_once, case, seconds, seed) for seed in range(runs)] for case in cases]
        return [[job.result() for job in of_case] for of_case in jobs]


def two(values: FloatArray) -> str:
    return f"{np.median(values):.2f} / {np.quantile(values, 0.95):.2f}"


def covers(error: FloatArray, stated: FloatArray) -> str:
    return f"{100 * np.mean(error <= stated):.0f} %"


def columns(results: list[SessionResult]) -> dict[str, FloatArray]:
    return {
        name: np.array([getattr(r, name) for r in results], float) for name in SessionResult.__annotations__
    }


def session_section(quick: bool) -> str:
    runs, minutes = (2, 0.5) if quick else (10, 10.0)
    rows = []
    for case, results in zip(SESSIONS, recorded(SESSIONS, 60 * minutes, runs), strict=True):
        of = columns(results)
        good = float(np.quantile(of["error_ms"], 0.95)) <= case.p95_ms and (
            case.median_ms is None or float(np.median(of["error_ms"])) <= case.median_ms
        )
        asked = f"p95 <= {case.p95_ms:g}"
        if case.median_ms is not None:
            asked = f"median <= {case.median_ms:g}, {asked}"
        sure = np.mean(of["error_ms"] <= of["fit_ms"]) >= 0.95 and np.median(of["fit_ms"]) <= 5
        rows.append(
            (
                case.name,
                two(of["error_ms"]),
                f"{asked} ({met(good)})",
                f"{np.median(of['fit_ms']):.2f}",
                f"{covers(of['error_ms'], of['fit_ms'])} ({met(bool(sure))})",
                f"{of['lost'].sum():.0f} of {of['samples'].sum():.0f} ({met(of['lost'].sum() == 0)})",
            )
        )
    return "\n\n".join(
        [
            f"{runs} sessions a line of {minutes:g} minutes, from the radio through the real recorder to the file and back, on "
            "virtual sensors in virtual time. *Lost* are samples that the radio delivered and the recording does not have. "
            "Asked of the fit: median <= 5 ms, covers >= 95 %.",
            table("sensors | error, ms: median / p95 | asked | fit, ms: median | fit covers | lost", rows),
        ]
    )


def fixed_section(quick: bool) -> str:
    runs, seconds = (2, 60.0) if quick else (10, 120.0)
    rows = []
    for case, results in zip(FIXED, recorded(FIXED, seconds, runs), strict=True):
        of = columns(results)
        shown = of["largest_ms"] if case.knocks else of["error_ms"]
        good = np.max(shown) <= 5 if case.knocks else np.all(of["largest_ms"] <= of["stated_ms"])
        rows.append(
            (
                case.name,
                two(of["error_ms"]),
                f"{np.max(of['largest_ms']):.2f}",
                f"{np.median(of['stated_ms']):.1f}",
                covers(of["largest_ms"], of["stated_ms"]),
                f"{'error <= 5 ms' if case.knocks else 'covered'} ({met(bool(good))})",
            )
        )
    return "\n\n".join(
        [
            f"{runs} sessions a line of {seconds:g} s, end to end; the right link delays everything by 15 ms more. The stated error is fit plus "
            "the constant latency that no clock can show, a bound of the device family; knocks of both sensors, 4 s after the "
            "radio was switched on and 5 s before the end, replace it.",
            table(
                "sensors | error, ms: median / p95 | largest of all | stated, ms: median | covers largest | asked",
                rows,
            ),
        ]
    )


GATES: Final = {
    "60 Hz, 15 ms": (1, 5),
    "60 Hz, 30 ms": (1, 5),
    "60 Hz, 15 ms 2 % v 45 ms 20 %": (1, 5),
    "100 Hz, 15 ms": (1, 5),
    "100 Hz locked to 30 ms v 60 Hz": (5, None),
    "100 Hz locked to 30 ms, both": (5, None),
    "no clock, 7000 ppm, 15 ms": (None, 10),
    "no clock, 7000 ppm, 15 v 30 ms": (None, 10),
    "15 ms fixed, knocks": (None, 5),
}
"""Asked at ten minutes: median and p95, ms."""


def model_section(quick: bool) -> str:
    runs, durations = (4, (60.0,)) if quick else (100, (60.0, 600.0))
    lines = [(case, seconds) for seconds in durations for case in sync.CASES]
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(sync.measure, case, seconds, runs, 1) for case, seconds in lines]
        found = [job.result() for job in jobs]
    rows = [
        model_row(case, seconds, outcomes) for (case, seconds), outcomes in zip(lines, found, strict=True)
    ]
    return "\n\n".join(
        [
            f"{runs} runs a line. The virtual radio's own timing without Bluetooth and recorder (`benchmarks/sync.py`), which is fast enough for "
            "many runs; crystals of the devices within 50 ppm unless said otherwise, that of the host's radio within 20 ppm. "
            "Asked of the fit at 600 s, but for knocks: median <= 5 ms, covers >= 95 %.",
            table(
                "case | s | error, ms: median / p95 | asked at 600 s | fit, ms: median | fit covers | stated covers largest",
                rows,
            ),
        ]
    )


def model_row(case: sync.Case, seconds: float, outcomes: list[sync.Outcome]) -> tuple[str, ...]:
    error = np.array([o.rms_s for o in outcomes]) * 1e3
    largest = np.array([o.largest_s for o in outcomes]) * 1e3
    fit = np.array([o.sync.fit_s for o in outcomes], float) * 1e3
    stated = np.array([o.sync.error_s for o in outcomes], float) * 1e3
    asked = sure = ""
    if seconds == 600 and case.name in GATES:
        median, p95 = GATES[case.name]
        parts = [(f"median <= {median}", 0.5, median), (f"p95 <= {p95}", 0.95, p95)]
        kept = [(text, share, limit) for text, share, limit in parts if limit is not None]
        good = all(np.quantile(error, share) <= limit for _, share, limit in kept)
        asked = f"{', '.join(text for text, *_ in kept)} ({met(good)})"
        if not case.fixed_s:
            sure = f" ({met(bool(np.mean(error <= fit) >= 0.95 and np.median(fit) <= 5))})"
    return (
        case.name,
        f"{seconds:g}",
        two(error),
        asked,
        f"{np.median(fit):.2f}",
        "-" if case.fixed_s and not case.knocks else covers(error, fit) + sure,
        covers(largest, stated),
    )


def limits_section(quick: bool) -> str:
    return """What these figures cannot be brought below, and why:

- *Both streams exactly locked* (100 Hz on 30 ms, no drift at all): packets become ready at three phases, 10 ms apart, and never at
  any other, so each side's offset is unknown by 10 ms however long the session. The difference of two such offsets has a 95 % point of
  10 (1 - sqrt(0.05)) = 7.8 ms: a `fit_s` that covers 95 % of runs cannot be smaller, though the median to be expected is 2.9 ms. Crystals
  that differ by 17 ppm sweep through 10 ms within ten minutes and end it; so do knocks.
- *Short sessions* (100 Hz, 60 s): the phases are 5 ms apart on 15 ms and 10 ms on 30 ms, and 50 ppm sweep through only 3 ms in a minute. The error
  is up to half of what is left.
- *Few packets* (71 samples a packet, 60 s: 44 packets): the bounds are estimates from a handful of early arrivals, and the fit covers
  less than 95 % of runs; at ten minutes it does.
- *Knocks at 60 Hz*: a knock lies between samples and its lag is known to 0.3 periods, 5 ms. That covers the error of the session, but in
  about one run of twenty not its largest moment. Beside the constant that they take away, knocks add a millisecond to what a device with a
  clock of its own has without.
- *An overloaded link*: a link of 45 ms that sends every fifth packet again carries about 65 packets a second. At 100 Hz the sensor's queue is
  always full: every packet waits about a third of a second, which arrivals cannot tell from a constant, and the rest is thrown away by
  the sensor. Where fewer than 2 % of packets arrive within an interval of the earliest, the median wait is stated instead of the fit."""


def drop_section(quick: bool) -> str:
    count = 4 if quick else 50
    with ProcessPoolExecutor() as pool:
        found = list(pool.map(drop, range(count)))
    whole = sum(each.other_whole for each in found)
    gap = np.array([each.gap_error_s for each in found])
    after, fit = (np.array([getattr(each, name) for each in found]) for name in ("after_ms", "fit_ms"))
    rows = [
        ("other side whole", f"{whole} of {count}", "all", met(whole == count)),
        (
            "gap marked to within, s: median / most",
            f"{np.median(gap):.3f} / {gap.max():.3f}",
            "0.2",
            met(gap.max() <= 0.2),
        ),
        ("error after the gap, ms: median / p95", two(after), "5", met(float(np.quantile(after, 0.95)) <= 5)),
        (
            "error after the gap within the stated fit",
            covers(after, fit),
            "95 %",
            met(float(np.mean(after <= fit)) >= 0.95),
        ),
    ]
    return (
        f"{count} sessions of a minute, DOTs and WitMotions in turn, in virtual time; one side's link is cut for 0.5 to 20 s.\n\n"
        + table("figure | measured | asked | gate", rows)
    )


def drop(n: int) -> Drop:
    with tempfile.TemporaryDirectory() as folder:
        return recorder.drop_once(
            Path(folder) / "r", np.random.default_rng(n), "dot" if n % 2 else "witmotion", n
        )


def kill_section(quick: bool) -> str:
    count = 4 if quick else 50
    found = recorder.kills(count, 0)
    missing, unwritten = (
        np.array([getattr(each, name) for each in found]) for name in ("missing_s", "unwritten_s")
    )
    opens = sum(each.opens for each in found)
    stated = sum(each.error_s is not None for each in found)
    rows = [
        ("opens, and says that it is incomplete", f"{opens} of {count}", "all", met(opens == count)),
        (
            "missing of what had arrived, s: median / most",
            f"{np.median(unwritten):.2f} / {unwritten.max():.2f}",
            "1",
            met(unwritten.max() <= 1),
        ),
        (
            "missing until the kill, s: median / most",
            f"{np.median(missing):.2f} / {missing.max():.2f}",
            "1",
            met(missing.max() <= 1),
        ),
        ("states a sync error", f"{stated} of {count}", "all", met(stated == count)),
    ]
    how, code, text, recording = recorder.full_disk()
    kept = ", ".join(f"{stream.side} {stream.duration_s:.1f} s" for stream in recording.streams())
    one_line = code == 4 and text.strip().count("\n") == 0
    rows += [
        (
            f"full disk ({how})",
            f"exit code {code}, one line, opens with {kept}",
            "exit code 4, readable",
            met(one_line),
        )
    ]
    return (
        "A DOT and a WitMotion recorded in real time by a process that gets SIGKILL 1.5 to 4 s after its first sample; the recording is opened and "
        "must say that it is incomplete. Its clocks and sync error are worked out then, from raw device and arrival times. Sensors and radio are simulated "
        "in the killed process, so that a busy machine holds up arrivals, too; system load over the last minute at the end: "
        f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.\n\n"
        + table("figure | measured | asked | gate", rows)
    )


def cpu_section(quick: bool) -> str:
    seconds = 8.0 if quick else 60.0
    loads: list[tuple[str, Callable[[Path], Load]]] = [
        ("recorder alone", lambda folder: asyncio.run(recorder.cpu_share(folder, seconds))),
        ("with --live, on a terminal of 120 x 40", lambda folder: recorder.live_share(folder, seconds)),
    ]
    rows = []
    for name, measured in loads:
        with tempfile.TemporaryDirectory() as folder:
            load = measured(Path(folder) / "r")
        gate = f"20 % ({met(load.share < 0.2)})" if name == "recorder alone" else ""
        rows.append((name, f"{100 * load.share:.1f} %", gate, load.samples, f"{1e3 * load.late_s:.1f}"))
    return (
        f"Two WitMotions at 200 Hz, {seconds:g} s in real time; sensors and radio in a process of their own, which does not count. "
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}.\n\n"
        + table("what runs | of one core | asked | samples | event loop late, ms (p95)", rows)
    )


SECTIONS: Final[dict[str, tuple[str, Callable[[bool], str]]]] = {
    "sessions": ("Recorded sessions", session_section),
    "fixed": ("A fixed difference, and knocks", fixed_section),
    "model": ("Many runs", model_section),
    "limits": ("What cannot be known", limits_section),
    "drops": ("Links that drop", drop_section),
    "kills": ("Kills and a full disk", kill_section),
    "cpu": ("Load", cpu_section),
}


def section(name: str, quick: bool) -> str:
    title, measured = SECTIONS[name]
    body = measured(quick)
    said = (
        ""
        if name == "limits"
        else f"Measured on {dt.date.today().isoformat()} by `python -m benchmarks.synchronisation --only {name}`. "
    )
    return f"## {title}\n\n{said}{body}"


def page(old: str, new: dict[str, str]) -> str:
    """The page with new sections in place of their namesakes, in the order of `SECTIONS`."""
    return merged(HEAD, {name: title for name, (title, _) in SECTIONS.items()}, old, new)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--only", default=",".join(SECTIONS), metavar="NAMES", help=f"of {', '.join(SECTIONS)}"
    )
    parser.add_argument("--quick", action="store_true", help="a few short runs, to try it")
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
        PAGE.write_text(page(old, new), encoding="utf-8")
        print(PAGE)


if __name__ == "__main__":
    main()
