"""scan, identify and record through bleak's own backend, over D-Bus, as on any computer with Linux."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bluez import BlueZ, Peripheral, private_bus

from sensing.devices import driver
from sensing.recording import Side
from sensing.stored import read_recording

pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="there is no D-Bus daemon")

A, B = "AA:BB:CC:00:00:01", "AA:BB:CC:00:00:02"
SIDES = ("--left", A, "--right", B)
Start = Callable[..., BlueZ]


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with private_bus(tmp_path_factory.mktemp("bus")) as address:
        yield address


@pytest.fixture
def start(bus: str, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a BlueZ with these sensors; the first is on the left."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
    monkeypatch.setenv("XDG_DATA_HOME", str(own_home / "data"))
    started: list[BlueZ] = []

    def begin(*peripherals: Peripheral, **options: str) -> BlueZ:
        started.append(BlueZ(bus, peripherals, **options))
        started[-1].start()
        return started[-1]

    yield begin
    for each in started:
        each.stop()


def stopped(each: Peripheral) -> bool:
    """Whether the last it was told is to stop, where its family can be told."""
    stop = [step.data for step in each.driver.plan(facts=each.state.values).stop]
    return not each.connected and each.writes[len(each.writes) - len(stop) :] == stop


def test_scan_lists_what_the_system_hears_and_what_it_holds(run, start: Start) -> None:
    start(
        Peripheral("witmotion", A),
        Peripheral("dot", B, rssi=None),
        Peripheral("movesense", "AA:BB:CC:00:00:03", connected=True),
        Peripheral("polar-h10", "AA:BB:CC:00:00:04", bare=True),
        Peripheral("thingy52", "AA:BB:CC:00:00:05", name="Band\x1b[31m\t", bare=True),
        Peripheral("thingy52", "AA:BB:CC:00:00:06", name="", bare=True),
    )
    done = run("scan", "--seconds=0.5")
    assert done.exit_code == 0, done.stderr
    rows = {" ".join(line.split()) for line in done.stdout.splitlines()}
    assert rows == {
        "name address driver RSSI battery",
        f"WT901BLE68 {A} witmotion -60 dBm 93 %",
        f"Movella DOT {B} dot 100 %",
        "Movesense 123456789012 AA:BB:CC:00:00:03 movesense in use",
        "Polar H10 1A2B3C4D AA:BB:CC:00:00:04 polar-h10 -60 dBm 100 %",
        "Band [31m AA:BB:CC:00:00:05 unknown -60 dBm",
    }
    assert "and 1 without a name" in done.stderr


PAIRS = [
    (Peripheral("witmotion", A), Peripheral("dot", B, side=Side.RIGHT)),
    (Peripheral("movesense", A, connected=True), Peripheral("polar-h10", B, bare=True, battery=False)),
    (Peripheral("metamotion", A, rssi=None), Peripheral("homemade", B)),
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "+".join(each.family for each in pair))
def test_two_sensors_are_recorded(
    pair: tuple[Peripheral, Peripheral], run, start: Start, tmp_path: Path
) -> None:
    start(*pair)
    folder = tmp_path / "s1"
    done = run("record", *SIDES, "--duration=1.5", "-e", "squat", "-o", folder)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{folder}\n"
    recording = read_recording(folder)
    assert recording.complete and recording.exercise == "squat"
    told = json.loads((folder / "recording.json").read_text())
    for each, stream in zip(pair, recording.streams(), strict=True):
        # A busy machine sends fewer in that time.
        assert 0.4 < len(stream) / (1.5 * driver(each.family).default_rate) < 1.2
        assert stream.lost == 0
        side = told[stream.side]
        assert (side["address"], side["driver"]) == (each.address, each.family)
        assert (side["battery"] is not None) == each.battery
        assert stopped(each)


def test_what_was_identified_is_recorded_and_a_lost_link_comes_back(
    run, start: Start, tmp_path: Path
) -> None:
    left, right = Peripheral("dot", A), Peripheral("dot", B, side=Side.RIGHT)
    bluez = start(left, right)
    for side, address in (("left", A), ("right", B)):
        done = run("identify", f"--{side}", "--blink", address)
        assert done.stdout == f"{side}: Movella DOT ({address})\n", done.stderr
    folder = tmp_path / "s1"

    def drop() -> None:
        while not (folder / "left.csv").exists():
            time.sleep(0.05)
        bluez.drop(left)

    threading.Thread(target=drop, daemon=True).start()
    done = run("record", "--duration=3", "-o", folder)
    assert done.exit_code == 0, done.stderr
    assert "LEFT SENSOR LOST (disconnected)" in done.stderr and "left sensor is back" in done.stderr
    recording = read_recording(folder)
    assert len(recording.left.gaps) == 1 and recording.right.gaps == ()
    assert stopped(left) and stopped(right)


WRONG = [
    ({"adapter": "off"}, (), 3, "Bluetooth is off; turn it on"),
    ({"adapter": "not ready"}, (), 3, "Bluetooth is off; turn it on"),
    ({"adapter": "none"}, (), 3, "no Bluetooth adapter found"),
    ({}, (Peripheral("dot", A), Peripheral("dot", B, refuses="org.bluez.Error.Failed")), 3, "abort-by-local"),
    (
        {},
        (Peripheral("dot", A), Peripheral("thingy52", B, name="Band", bare=True)),
        2,
        f"Band ({B}): no driver knows it; its services are ef680400-9b35-4933-9b10-52ffa9740042 (ef68",
    ),
]


@pytest.mark.parametrize(("options", "pair", "code", "says"), WRONG, ids=[str(k) for k in range(len(WRONG))])
def test_what_the_system_refuses_is_said_in_one_line(
    options: dict[str, str],
    pair: tuple[Peripheral, ...],
    code: int,
    says: str,
    run,
    start: Start,
    tmp_path: Path,
) -> None:
    start(*pair, **options)
    done = run("-q", "record", *SIDES, "-o", tmp_path / "s1")
    assert done.exit_code == code
    (line,) = done.stderr.splitlines()
    assert says in line
    assert list(tmp_path.iterdir()) == []
    assert not any(each.connected for each in pair)


def test_without_a_bluetooth_service_it_says_how_to_start_it(run, bus: str, monkeypatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
    done = run("scan")
    assert done.exit_code == 3
    assert done.stderr.startswith("sidewise: Bluetooth cannot be used: its service does not run; start it")


def test_a_side_that_never_sends_is_missing_from_what_is_kept(run, start: Start, tmp_path: Path) -> None:
    start(Peripheral("homemade", A, silent=True), Peripheral("dot", B))
    folder = tmp_path / "s1"
    done = run("record", *SIDES, "--duration=3.5", "-o", folder)
    assert done.exit_code == 4
    assert done.stdout == f"{folder}\n"
    assert "LEFT SENSOR LOST (no packet" in done.stderr and "is back" not in done.stderr
    assert "the left sensor did not come back" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("no samples from the left sensor; the other side is kept")
    assert read_recording(folder).left is None


@pytest.mark.parametrize(
    ("command", "number"),
    [
        (("record", *SIDES), signal.SIGINT),
        (("record", *SIDES), signal.SIGTERM),
        (("identify", "--left"), signal.SIGTERM),
    ],
    ids=["record-int", "record-term", "identify-term"],
)
def test_what_ends_while_connecting_leaves_nothing_behind(
    command: tuple[str, ...], number: signal.Signals, start: Start, tmp_path: Path
) -> None:
    left = Peripheral("dot", A)
    start(left, Peripheral("dot", B, hangs=True, rssi=-80))
    with subprocess.Popen(
        [sys.executable, "-m", "cli.main", *command],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until = time.monotonic() + 20
        while not left.writes:
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        _, said = process.communicate(timeout=10)
    assert process.returncode == 130 and said.splitlines()[-1] == "sidewise: interrupted"
    assert list(tmp_path.iterdir()) == [] and not left.connected
