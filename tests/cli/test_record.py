"""scan, identify and record from the command line, on virtual sensors and on replays."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from cli.commands.identify import remember_found
from cli.links import Links
from sensing import open_recording
from sensing.devices import Advert, matching
from sensing.events import LinkEvent, Samples, State, Status
from sensing.recording import Placement, Side
from sensing.scan import Found

RECORDINGS = Path(__file__).parents[2] / "recordings"
VIRTUAL = "virtual:witmotion,witmotion"


@pytest.fixture(autouse=True)
def no_radio(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what the user identified nor the machine's own Bluetooth."""
    monkeypatch.setenv("XDG_DATA_HOME", str(own_home / "data"))
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={own_home / 'no-bus'}")


def assert_one_line(done: Result, code: int) -> str:
    assert done.exit_code == code, done.output
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("sidewise: ") and "Traceback" not in line
    return line


def test_a_recording_is_recorded_again_with_all_that_is_known_of_it(run, tmp_path: Path) -> None:
    folder = tmp_path / "s1"
    done = run(
        "record", "--source", f"replay:{RECORDINGS / 'squat'}", "--speed=max", "-a", "a07", "-o", folder
    )
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{folder}\n"
    assert f"sidewise analyse {folder}" in done.stderr
    before, after = open_recording(RECORDINGS / "squat"), open_recording(folder)
    assert after.complete and after.athlete == "a07"
    assert (after.exercise, after.placement) == (before.exercise, before.placement)
    for one, other in zip(before.streams(), after.streams(), strict=True):
        assert np.allclose(one.acc, other.acc) and np.allclose(one.gyr, other.gyr)


def test_virtual_sensors_are_recorded_end_to_end_without_waiting(run, tmp_path: Path) -> None:
    folder, began = tmp_path / "s1", time.monotonic()
    done = run(
        *("record", "--source", f"{VIRTUAL}@curl", "--duration=20", "--speed=max", "--placement=wrist"),
        *("--mount=m1", "--tag=before", "--dominant=right", "--raw", "--rate=50", "-o", folder),
    )
    assert done.exit_code == 0, done.stderr
    assert time.monotonic() - began < 15
    recording = open_recording(folder)
    assert recording.complete and recording.duration_s == pytest.approx(20, abs=1)
    assert (recording.exercise, recording.placement) == ("curl", Placement.WRIST)
    assert (recording.mount, recording.tag, recording.dominant) == ("m1", "before", Side.RIGHT)
    assert all(stream.rate_hz == pytest.approx(50, abs=0.5) for stream in recording.streams())
    assert (folder / "packets.raw").stat().st_size > 10_000


def test_without_a_name_the_folder_is_called_after_time_and_exercise(
    run, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("record", "--source", f"replay:{RECORDINGS / 'run'}", "--speed=max", "-e", "easy run")
    assert done.exit_code == 0, done.stderr
    (folder,) = tmp_path.iterdir()
    assert done.stdout == f"{folder.name}\n" and folder.name.endswith("_easy-run")


def test_live_without_a_terminal_writes_lines_beside_the_result(run, tmp_path: Path) -> None:
    folder = tmp_path / "s1"
    done = run("record", "--source", f"replay:{RECORDINGS / 'run'}", "--speed=max", "--live", "-o", folder)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{folder}\n"
    lines = [line for line in done.stderr.splitlines() if " reps " in line]
    assert len(lines) == pytest.approx(open_recording(folder).duration_s, abs=2)
    assert "reps 23/23" in lines[-1] and max(map(len, lines)) <= 80


REPLAY = f"replay:{RECORDINGS / 'squat'}"
WRONG = [
    ([], 2, "no sensor is named"),
    (["--left", "A", "--right", "a"], 2, "named for both sides"),
    (["--left", "A", "--driver", "wit"], 2, "there is no driver 'wit'"),
    (["--left", "A", "--speed", "2"], 2, "--speed is for"),
    (["--left", "A", "--right", "B"], 3, "Bluetooth cannot be used"),
    (["--source", "wifi"], 2, "is no source"),
    (["--source", "virtual:dot"], 2, "is not understood"),
    (["--source", "virtual:dot,dot", "--duration=0"], 2, "--duration"),
    (["--source", "virtual:dot,dot", "--rate=77", "--speed=max"], 2, "no rate of 77 Hz"),
    (["--source", "virtual:dot,dot", "--left=X", "--speed=max"], 3, "X not found; seen: "),
    (["--source", "virtual:dot,dot", "--left=Movella DOT", "--speed=max"], 2, "2 sensors are named"),
    (["--source", "replay:nowhere"], 5, "nowhere"),
    (["--source", REPLAY, "--rate=50", "--raw"], 2, "--rate, --raw: for sensors only"),
]


@pytest.mark.parametrize(("args", "code", "says"), WRONG, ids=[says for *_, says in WRONG])
def test_what_is_wrong_is_said_in_one_line_and_leaves_no_folder(
    args: list[str], code: int, says: str, run, tmp_path: Path
) -> None:
    line = assert_one_line(run("-q", "record", "-o", tmp_path / "s1", *args), code)
    assert says in line
    assert not (tmp_path / "s1").exists()


def test_sensors_of_a_configuration_stop_neither_replay_nor_virtual_sensors(
    run, tmp_path: Path, monkeypatch
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        'left = "WT left"\nright = "WT right"\ndriver = "witmotion"\n[record]\nrate = 50\nspeed = 8\n'
    )
    monkeypatch.setenv("SIDEWISE_RAW", "1")
    for name, source in (("s1", f"replay:{RECORDINGS / 'run'}"), ("s2", f"{VIRTUAL}@curl")):
        args = ("--config", config, "record", "--source", source, "--speed=max", "--duration=3")
        done = run(*args, "-o", tmp_path / name)
        assert done.exit_code == 0, done.stderr
    assert not (tmp_path / "s1" / "packets.raw").exists() and (tmp_path / "s2" / "packets.raw").exists()
    done = run("--config", config, "record", "-o", tmp_path / "s3")
    assert "Bluetooth cannot be used" in assert_one_line(done, 3)


@pytest.mark.parametrize("where", ["file/inside", "file"])
def test_a_place_that_cannot_be_written_to_is_refused_before_anyone_connects(
    where: str, run, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    line = assert_one_line(run("record", "--left=A", "--right=B", "-o", tmp_path / where), 2)
    assert "choose another folder" in line and "Bluetooth" not in line


def test_the_way_on_can_be_pasted_into_a_shell(run, tmp_path: Path) -> None:
    folder = tmp_path / "a 'quoted' name"
    done = run("record", "--source", f"replay:{RECORDINGS / 'run'}", "--speed=max", "-o", folder)
    assert done.exit_code == 0, done.stderr
    assert f"next: sidewise check {shlex.quote(str(folder))} && " in done.stderr


def test_a_profile_with_errors_names_them_all_with_their_lines(run, tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('name = "mine"\nrate = "fast"\ncolour = 3\n')
    line = assert_one_line(run("record", "--left=A", "--driver", profile, "-o", tmp_path / "s1"), 2)
    assert f"; {profile}:2: " in line and f"; {profile}:3: " in line


def test_a_folder_that_is_taken_is_left_alone(run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    line = assert_one_line(run("record", "--source", REPLAY, "-o", tmp_path), 2)
    assert "not empty" in line


def recorder(folder: Path, *args: str, **options: object) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "cli.main", "record", *args, "-o", str(folder)]
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, **options)  # type: ignore[call-overload]


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal to send")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_a_polite_kill_end_and_save(number: signal.Signals, tmp_path: Path) -> None:
    folder = tmp_path / "s1"
    with recorder(folder, "--source", REPLAY, "--speed=10", stdin=subprocess.DEVNULL) as process:
        until = time.monotonic() + 30
        while not (folder / "left.csv").exists() or (folder / "left.csv").stat().st_size < 20_000:
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        shown, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert shown == f"{folder}\n"
    recording = open_recording(folder)
    assert recording.complete and 2 < recording.duration_s < 120


@pytest.mark.skipif(os.name == "nt", reason="file sizes cannot be limited")
def test_what_cannot_be_written_ends_with_4_and_keeps_the_rest(tmp_path: Path) -> None:
    import resource

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    folder = tmp_path / "s1"
    with recorder(folder, "--source", REPLAY, "--speed=max", "-q", preexec_fn=limit) as process:
        shown, said = process.communicate(timeout=30)
    assert process.returncode == 4 and shown == ""
    assert said.count("\n") == 1 and "cannot write" in said
    assert not open_recording(folder).complete


@pytest.mark.skipif(os.name == "nt", reason="there is no such shell")
@pytest.mark.parametrize("closed", ["<&-", "<&- >&-", "<&- 2>&-", "<&- >&- 2>&- --live"])
def test_it_records_whatever_is_closed(closed: str, tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "cli.main", "record", f"--source={REPLAY}", "--speed=max"]
    line = f"{shlex.join([*arguments, '--duration=5', '-o', str(tmp_path / 's1')])} {closed}"
    assert subprocess.run(line, shell=True, timeout=30, capture_output=True).returncode == 0
    assert open_recording(tmp_path / "s1").complete


@pytest.mark.skipif(os.name == "nt", reason="there are no such terminals")
def test_keys_mark_pause_and_end_on_a_terminal(tmp_path: Path) -> None:
    import fcntl
    import pty
    import termios

    folder, said = tmp_path / "s1", ""
    master, terminal = pty.openpty()
    args = ["--source", "virtual:dot,dot", "--speed=8", "-o", str(folder)]
    with subprocess.Popen(
        [sys.executable, "-m", "cli.main", "record", *args],
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    ) as process:
        os.close(terminal)

        def read_until(text: str) -> None:
            nonlocal said
            said = ""
            while text not in said:
                said += os.read(master, 65536).decode()

        for text, key in (
            ("L 60 Hz", "m"),
            (" marking", "m"),
            ("s | L", "p"),
            (" PAUSED", "p"),
            ("s | L", "q"),
        ):
            read_until(text)
            os.write(master, key.encode())
        read_until("next: ")
        assert process.wait(20) == 0
    os.close(master)
    recording = open_recording(folder)
    assert len(recording.marks) == 1 and recording.complete
    assert len(json.loads((folder / "recording.json").read_text())["pauses"]) == 1


def test_scan_lists_sensors_within_80_columns(run) -> None:
    done = run("scan", "--source", "virtual:witmotion,polar-h10")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["name", "address", "driver", "RSSI", "battery"]
    assert "WT901BLE68" in lines[1] and "-60 dBm" in lines[1] and lines[1].rstrip().endswith("%")
    assert "polar-h10" in lines[2] and max(map(len, lines)) <= 80
    rows = json.loads(run("scan", "--source", "virtual:dot,dot", "--no-battery", "--json").stdout)
    assert [row["driver"] for row in rows] == ["dot", "dot"] and {row["battery"] for row in rows} == {None}


def test_scan_without_bluetooth_is_3_in_one_line(run) -> None:
    assert "Bluetooth cannot be used" in assert_one_line(run("scan", "--seconds=0.1"), 3)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_sensor_that_is_tapped_or_blinks_is_identified(side: str, run) -> None:
    done = run("identify", f"--{side}", "--source", "virtual:dot,witmotion@stand")
    assert done.exit_code == 0, done.stderr
    assert f"tap the {side.upper()} sensor 3 times" in done.stderr
    assert done.stdout.startswith(f"{side}: {'Movella DOT' if side == 'left' else 'WT901BLE68'}")
    done = run("identify", f"--{side}", "--blink=Movella DOT", "--source", "virtual:dot,witmotion@stand")
    assert done.stdout.startswith(f"{side}: Movella DOT"), done.stderr


def test_identify_wants_a_side_and_a_light(run) -> None:
    assert "--left or --right" in assert_one_line(run("identify"), 2)
    done = run("identify", "--left", "--blink=WT901BLE68", "--source", "virtual:dot,witmotion")
    assert "cannot blink" in assert_one_line(done, 2)


def test_what_was_identified_is_recorded_by_default(run, tmp_path: Path) -> None:
    for side, address in (("left", "A1"), ("right", "B2")):
        device = type("Device", (), {"address": address})()
        advert = Advert("WT901BLE68")
        remember_found(side, Found(device, advert, matching(advert)), None)
    done = run("record", "-o", tmp_path / "s1")
    assert done.exit_code == 3
    assert "left: WT901BLE68 (A1), as identified" in done.stderr
    assert "right: WT901BLE68 (B2), as identified" in done.stderr
    done = run("record", "--left=B2", "-o", tmp_path / "s1")
    assert "left: WT901BLE68 (A1), as identified" not in done.stderr
    assert "only the left side" in done.stderr


def test_a_silent_side_is_called_out_until_it_is_back() -> None:
    links = Links()
    none = np.empty((1, 3))
    for side in Side:
        links.take(Samples(side, np.array([0.0]), np.array([0.0]), none, none))
    links.take(Status(Side.LEFT, 1.5, State.STREAMING))
    assert links.alarms() == []
    links.take(Samples(Side.RIGHT, np.array([2.4]), np.array([2.4]), none, none))
    (alarm,) = links.alarms()
    assert "LEFT SENSOR SILENT for 2 s" in alarm
    links.take(LinkEvent(Side.RIGHT, 2.5, State.LOST, "disconnected"))
    assert len(links.alarms()) == 2
    for side in Side:
        links.take(Samples(side, np.array([2.6]), np.array([2.6]), none, none))
        links.take(LinkEvent(side, 2.6, State.STREAMING))
    assert links.alarms() == []


@pytest.mark.parametrize(
    ("width", "says"),
    [(79, "bat 93%"), (55, "0.5 s | "), (43, "R 60 Hz 0.0% lost"), (39, "L 60 Hz | R 60 Hz"), (20, "7 s")],
)
def test_the_line_of_progress_says_what_there_is_room_for(width: int, says: str) -> None:
    links = Links()
    one = np.zeros((1, 3))
    links.take(LinkEvent(Side.LEFT, 0.0, State.STREAMING))
    for side in Side:
        links.take(Samples(side, np.array([6.5]), np.array([6.5]), one, one))
        links.take(Status(side, 7.0, State.STREAMING, 420, rate_hz=60.0, battery=93.0))
    line = links.progress(width)
    assert says in line and len(line) <= width
