"""Vendor files: generated samples with the vendors' headers, and real recordings where they are there."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensing import open_recording
from sensing.errors import BadInput
from sensing.formats import BUILT_IN, LAST, formats
from sensing.formats.xsens_dot import gyr_from_orientation, to_sensor_frame
from sensing.recording import GRAVITY, Recording, Side, Stream

N = 300
T = np.arange(N) / 100.0
ACC = np.column_stack([np.sin(T), np.cos(T), np.full(N, 9.0)]).round(4)
GYR = np.column_stack([10 * np.cos(T), 20 * np.sin(T), np.full(N, 5.0)]).round(4)
EPOCH_S = 1_700_000_000.0


def one(path: Path, **flags: object) -> tuple[Stream, Recording]:
    recording = open_recording(path, side="left", **flags)  # type: ignore[arg-type]
    assert recording.left is not None
    return recording.left, recording


def codes(recording: Recording) -> set[str]:
    return {notice.code for notice in recording.notices}


def csv(header: list[str], *columns: np.ndarray, separator: str = ",") -> str:  # type: ignore[type-arg]
    rows = zip(*columns, strict=True)
    return "\n".join([*header, *(separator.join(f"{v:.10g}" for v in row) for row in rows)]) + "\n"


def has(stream: Stream, acc: np.ndarray = ACC, gyr: np.ndarray = GYR) -> None:  # type: ignore[type-arg]
    assert stream.gyr is not None
    assert stream.rate_hz == pytest.approx(100.0, rel=1e-6)
    assert np.allclose(stream.acc, acc, atol=1e-6)
    assert np.allclose(stream.gyr, gyr, atol=1e-6)
    assert np.allclose(stream.time_s - stream.time_s[0], T[: len(stream)], atol=1e-6)


# --- CSV with common names of columns

NAMES = {
    "acc": ["A{}", "a{}", "Acc{}", "acc_{}", "accel_{}", "Accel {}", "Acceleration {}", "accelerometer.{}"],
    "gyr": ["G{}", "g{}", "Gyr{}", "gyr_{}", "gyro_{}", "Gyro {}", "Gyroscope {}", "Angular velocity {}"],
    "time": ["t", "T", "time", "Time", "Timestamp", "time stamp", "elapsed"],
}
UNITS = {
    "acc": {"g": GRAVITY, "m/s^2": 1.0, "mg": GRAVITY / 1000, "m/s²": 1.0},
    "gyr": {"deg/s": 1.0, "rad/s": np.rad2deg(1.0), "dps": 1.0, "°/s": 1.0},
    "time": {"s": 1.0, "ms": 1e-3, "us": 1e-6},
}
STATED = ["{} ({})", "{} [{}]", "{}({})", "{}_{}"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_common_names_of_columns_are_read_with_their_units(tmp_path: Path, data: st.DataObject) -> None:
    stated = data.draw(st.sampled_from(STATED))
    word = {kind: data.draw(st.sampled_from(words)) for kind, words in NAMES.items()}
    unit = {kind: data.draw(st.sampled_from(sorted(units))) for kind, units in UNITS.items()}
    axes = data.draw(st.sampled_from(["xyz", "XYZ"]))
    columns = [(stated.format(word["time"], unit["time"]), T / UNITS["time"][unit["time"]])]
    for kind, values in (("acc", ACC), ("gyr", GYR)):
        for axis, column in zip(axes, values.T, strict=True):
            heading = stated.format(word[kind].format(axis), unit[kind])
            columns.append((heading, column / UNITS[kind][unit[kind]]))
    order = data.draw(st.permutations(columns))
    separator = data.draw(st.sampled_from([",", ";", "\t"]))
    path = tmp_path / "a.csv"
    path.write_text(csv([separator.join(h for h, _ in order)], *(c for _, c in order), separator=separator))
    has(one(path)[0])


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("time_s,ax,ay,az,gx,gy,gz", ["--acc-unit", "--gyr-unit"]),
        ("time_s,acc_x,acc_y,acc_z,gx,gy,gz", ["--acc-unit", "--gyr-unit"]),
        ("Time,Ax (g),Ay (g),Az (g),Gx (dps),Gy (dps),Gz (dps)", ["--time-unit"]),
        ("n,Ax (g),Ay (g),Az (g),Gx (dps),Gy (dps),Gz (dps)", ["--rate"]),
        ("t_s,Ax (g),Ay (g),Az (g),Gx (g),Gy (g),Gz (g)", ["unit 'g' cannot be used"]),
        ("t_s,Ax (g),Ay (mg),Az (g),Gx (dps),Gy (dps),Gz (dps)", ["different units"]),
        ("t_s,Ax (g),Ay (g),Az (g),acc_x_g,acc_y_g,acc_z_g", ["named twice"]),
        ("t_s,Ax (g),Ay (g),Az (g),Gx (dps),Gy (dps),foo", ["gyr_z is missing"]),
    ],
)
def test_common_names_never_have_a_unit_guessed(tmp_path: Path, header: str, asked: list[str]) -> None:
    (tmp_path / "a.csv").write_text(csv([header], T, *ACC.T, *GYR.T))
    with pytest.raises(BadInput) as caught:
        one(tmp_path / "a.csv")
    assert all(part in str(caught.value) for part in asked)


def test_own_names_go_before_common_ones(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        csv(["time_s,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z,ax,ay,az"], T, *ACC.T, *GYR.T, *(9 * ACC.T))
    )
    has(one(tmp_path / "a.csv")[0])


def test_both_sides_under_common_names(tmp_path: Path) -> None:
    sides = [f"{side} {name}" for side in ("Left", "Right") for name in ("Ax (g)", "Ay (g)", "Az (g)")]
    (tmp_path / "a.csv").write_text(csv([",".join(["Time (s)", *sides])], T, *ACC.T, *(2 * ACC.T)))
    recording = open_recording(tmp_path / "a.csv")
    assert recording.left is not None and recording.right is not None
    assert np.allclose(recording.right.acc, 2 * recording.left.acc)


def test_an_unknown_header_is_shown_whole_and_told_what_to_become(tmp_path: Path) -> None:
    header = "Sample moment,Sensor one along x,Sensor one along y,Sensor one along z,spin x,spin y,spin z"
    for name in ("left.csv", "right.csv"):
        (tmp_path / name).write_text(csv([header], T, *ACC.T, *GYR.T))
    with pytest.raises(BadInput) as caught:
        open_recording(tmp_path)
    message = str(caught.value)
    assert message.count(repr(header)) == 2
    assert message.count("rename the first line to time_s,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z") == 1
    assert message.count("Blue Trident") == 1 and "docs/formats.md" in message


# --- Xsens DOT


def dot(columns: str, *data: np.ndarray, start: int = 2**32 - 50_000, status: str = "Synced") -> str:  # type: ignore[type-arg]
    counter = np.arange(1, N + 1)
    ticks = (start + np.round(T * 1e6).astype(np.int64)) % 2**32
    header = [
        "sep=,",
        "DeviceTag:,one",
        f"SyncStatus:,{status}",
        "OutputRate:,60Hz",
        "StartTime: ,2021-08-20_20:21:13_835 GMT+8",
        "© Xsens Technologies B. V. 2005-2021",
        "",
        f"PacketCounter,SampleTimeFine,{columns},Status",
    ]
    return csv(header, counter, ticks, *(c for block in data for c in block.T), np.zeros(N))


DOT_RATE = "Acc_X,Acc_Y,Acc_Z,Gyr_X,Gyr_Y,Gyr_Z"


def test_dot_rate_quantities_with_a_wrapping_clock(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(dot(DOT_RATE, ACC, GYR).encode("latin-1").removesuffix(b"\n"))
    stream, recording = one(path)
    has(stream)
    assert stream.acc_has_gravity and stream.lost == 0 and stream.device == "Xsens DOT one"
    assert recording.started_at == dt.datetime(
        2021, 8, 20, 20, 21, 13, 835_000, dt.timezone(dt.timedelta(hours=8))
    )


def test_dot_counter_makes_gaps(tmp_path: Path) -> None:
    lines = dot(DOT_RATE, ACC, GYR).splitlines()
    del lines[100:110]
    del lines[200]
    (tmp_path / "a").write_text("\n".join(lines))
    stream, _ = one(tmp_path / "a")
    assert (len(stream), stream.lost, len(stream.gaps)) == (N - 11, 11, 2)
    assert stream.gaps[0][1] - stream.gaps[0][0] == pytest.approx(0.11)
    assert stream.end_s == pytest.approx(T[-1])
    assert stream.rate_hz == pytest.approx(100.0)


def test_synchronised_dots_share_their_clock(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(dot(DOT_RATE, ACC, GYR, start=2**32 - 10_000))
    (tmp_path / "b").write_text(dot(DOT_RATE, ACC, GYR, start=10_000))
    recording = open_recording(tmp_path / "a", tmp_path / "b")
    assert recording.left is not None and recording.right is not None
    assert (recording.sync.method, recording.sync.error_s) == ("hardware", 0.014)
    assert recording.right.start_s - recording.left.start_s == pytest.approx(0.02)
    (tmp_path / "b").write_text(dot(DOT_RATE, ACC, GYR, start=900_000_000))
    other = open_recording(tmp_path / "a", tmp_path / "b")
    assert other.sync.method == "unknown" and "sync_doubtful" in codes(other)
    (tmp_path / "b").write_text(dot(DOT_RATE, ACC, GYR, status="NotSynced"))
    assert open_recording(tmp_path / "a", tmp_path / "b").sync.method == "unknown"


def turning(rate_deg_s: tuple[float, float, float]) -> np.ndarray:  # type: ignore[type-arg]
    """Orientation of a sensor that turns at a constant rate about an axis of its own."""
    rate = np.deg2rad(np.array(rate_deg_s))
    speed = float(np.linalg.norm(rate))
    half = speed * T / 2
    return np.column_stack([np.cos(half), np.sin(half)[:, None] * rate / speed])


def test_angular_velocity_from_orientation() -> None:
    rate = (40.0, -120.0, 15.0)
    quat, seq = turning(rate), np.arange(N)
    flipped = quat * np.where(np.arange(N) % 3, 1.0, -1.0)[:, None]
    assert np.allclose(gyr_from_orientation(flipped, T, seq), rate, atol=1e-6)
    kept = np.array([0, 1, 2, 5, 9, 10])
    derived = gyr_from_orientation(quat[kept], T[kept], seq[kept])
    assert np.isnan(derived[3]).all()
    assert np.allclose(derived[[0, 1, 2, 4, 5]], rate, atol=1e-6)
    still = gyr_from_orientation(np.tile([1.0, 0, 0, 0], (5, 1)), T[:5], seq[:5])
    assert np.array_equal(still, np.zeros((5, 3)))


def test_free_acceleration_is_turned_into_the_sensor_frame(tmp_path: Path) -> None:
    quat = turning((0.0, 0.0, 90.0))
    assert np.allclose(to_sensor_frame(np.tile([1.0, 0, 0], (N, 1)), quat)[100], [0, -1, 0], atol=1e-9)
    free = np.tile([1.0, 0.0, 2.0], (N, 1))
    columns = "Quat_W,Quat_X,Quat_Y,Quat_Z,FreeAcc_X,FreeAcc_Y,FreeAcc_Z"
    (tmp_path / "a").write_text(dot(columns, quat, free))
    stream, recording = one(tmp_path / "a")
    assert not stream.acc_has_gravity and stream.quat is not None and stream.gyr is not None
    assert np.allclose(stream.acc[100], [0, -1, 2], atol=1e-6)
    assert np.allclose(stream.gyr, [0, 0, 90], atol=1e-3)
    assert "gyr_from_orientation" in codes(recording)


def test_dot_without_usable_channels(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(dot("Euler_X,Euler_Y,Euler_Z", GYR))
    with pytest.raises(BadInput, match="line 8: neither Acc_X"):
        one(tmp_path / "a")


# --- MbientLab

META = "walk_MetaWear_2019-01-14T14.27.00.784_C42732BE255C"


def metabase(folder: Path, *, rate: int = 2, **changes: str) -> Path:
    ms = EPOCH_S * 1000 + T * 1000
    text = np.array(["x"] * N)
    for sensor, unit, data, step in (
        ("Accelerometer", "g", ACC / GRAVITY, rate),
        ("Gyroscope", "deg/s", GYR, 1),
    ):
        axes = ",".join(f"{axis}-axis ({unit})" for axis in "xyz")
        rows = [
            f"{ms[i]:.0f},2023-11-14T22:13:20,{T[i]:.3f},{data[i, 0]:.6f},{data[i, 1]:.6f},{data[i, 2]:.6f}"
            for i in range(0, len(text), step)
        ]
        path = folder / f"{META}_{sensor}_{100 / step:.3f}Hz_1.4.4.csv"
        path.write_text("\n".join([f"epoch (ms),time (-05:00),elapsed (s),{axes}", *rows]) + "\n")
    return folder


def test_metabase_joins_two_rates(tmp_path: Path) -> None:
    for path in sorted(metabase(tmp_path).iterdir()):
        stream, recording = one(path)
        assert stream.gyr is not None
        assert len(stream) == N - 1  # the last gyroscope sample is after the last of the accelerometer
        assert np.allclose(stream.gyr, GYR[:-1])
        assert np.allclose(stream.acc, ACC[:-1], atol=1e-3)
        assert "joined" in codes(recording)
        assert recording.started_at == dt.datetime.fromtimestamp(EPOCH_S, dt.UTC)
        assert recording.started_at.utcoffset() == dt.timedelta(hours=-5)


def test_metabase_gap_of_the_accelerometer_is_not_bridged(tmp_path: Path) -> None:
    acc, _ = sorted(metabase(tmp_path).iterdir())
    lines = acc.read_text().splitlines()
    del lines[50:60]
    acc.write_text("\n".join(lines) + "\n")
    stream, _ = one(acc)
    assert len(stream.gaps) == 1
    assert stream.gaps[0][1] - stream.gaps[0][0] == pytest.approx(0.22)
    assert stream.lost == 21


def test_metabase_alone(tmp_path: Path) -> None:
    acc, gyr = sorted(metabase(tmp_path).iterdir())
    kept = gyr.read_bytes()
    gyr.unlink()
    stream, recording = one(acc)
    assert stream.gyr is None and "no_gyroscope" in codes(recording)
    acc.unlink()
    gyr.write_bytes(kept)
    with pytest.raises(BadInput, match="accelerometer file of this device is not beside it"):
        one(gyr)


# --- Shimmer


def consensys(separator: str, units: tuple[str, str], *, packed: bool = False, wide: bool = True) -> bytes:
    prefix = "Shimmer_952D_"
    names = ["Timestamp_Unix_CAL", *(f"Accel_LN_{a}_CAL" for a in "XYZ")]
    if wide:
        names += [f"Accel_WR_{a}_CAL" for a in "XYZ"]
    names += ["Battery_CAL", *(f"Gyro_{a}_CAL" for a in "XYZ")]
    stated = ["ms", *[units[0]] * (6 if wide else 3), "mV", *[units[1]] * 3]
    blocks = [ACC - 0.1, ACC] if wide else [ACC]
    lines = [f'"sep={separator}"', separator.join(prefix + n for n in names), separator.join(stated)]
    lines += [
        separator.join(
            [repr(float((EPOCH_S + T[i]) * 1000)), *(f"{v:.6f}" for b in blocks for v in b[i]), "4100"]
        )
        + separator
        + separator.join(f"{v:.6f}" for v in GYR[i])
        for i in range(N)
    ]
    data = (
        "".join(line + separator + "\r\n" for line in lines).replace(lines[0] + separator, lines[0])
    ).encode()
    return gzip.compress(data) if packed else data


@pytest.mark.parametrize("separator", [",", "\t"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("wide", [False, True])
def test_shimmer(tmp_path: Path, separator: str, packed: bool, wide: bool) -> None:
    path = tmp_path / "a.dat"
    path.write_bytes(consensys(separator, ("m/(s^2)", "deg/s"), packed=packed, wide=wide))
    stream, recording = one(path)
    has(stream)
    assert recording.started_at == dt.datetime.fromtimestamp(EPOCH_S, dt.UTC)
    shown = open_recording(path, side="left", timezone="Europe/Rome").started_at
    assert shown == recording.started_at and shown.utcoffset() == dt.timedelta(hours=1)


def test_shimmer_without_units_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(consensys(",", ("no_units", "no_units")))
    with pytest.raises(BadInput, match="line 3: unit 'no_units' cannot be used; export calibrated data"):
        one(tmp_path / "a")


# --- WitMotion


def wit_long(count: int = N, step_ms: int = 10) -> list[bytes]:
    start = dt.datetime(2026, 6, 22, 23, 59, 59)
    packets = []
    for i in range(count):
        t = start + dt.timedelta(milliseconds=step_ms * i)
        channels = [*np.round(ACC[i] / GRAVITY / 16 * 32768), *np.round(GYR[i] / 2000 * 32768), 1, 2, 0x5561]
        stamp = (t.year - 2000, t.month, t.day, t.hour, t.minute, t.second, t.microsecond // 1000)
        packets.append(b"\x55\x61" + struct.pack("<9h6BH", *(int(c) for c in channels), *stamp))
    return packets


def wit_short(*, times: bool = False) -> list[bytes]:
    packets = []
    for i in range(N):
        kinds = [
            (0x51, struct.pack("<4h", *(int(c) for c in np.round(ACC[i] / GRAVITY / 16 * 32768)), 0)),
            (0x52, struct.pack("<4h", *(int(c) for c in np.round(GYR[i] / 2000 * 32768)), 0)),
            (0x53, struct.pack("<4h", 1, 2, 0x5551, 0)),
        ]
        if times:
            kinds.insert(0, (0x50, struct.pack("<6BH", 26, 6, 22, 14, 0, i // 100, i % 100 * 10)))
        for kind, payload in kinds:
            packet = bytes([0x55, kind]) + payload
            packets.append(packet + bytes([sum(packet) & 0xFF]))
    return packets


def close(stream: Stream, rows: slice = slice(None)) -> None:
    assert stream.gyr is not None
    assert np.allclose(stream.acc, ACC[rows], atol=0.003)
    assert np.allclose(stream.gyr, GYR[rows], atol=0.04)


def test_witmotion_28_byte_packets(tmp_path: Path) -> None:
    path = tmp_path / "a.TXT"
    path.write_bytes(b"".join(wit_long()))
    stream, recording = one(path)
    close(stream)
    assert (len(stream), stream.rate_hz, stream.lost) == (N, pytest.approx(100.0), 0)
    assert recording.started_at is None  # the log has no time zone
    aware = open_recording(path, side="left", timezone="+02:00").started_at
    assert aware is not None and aware.isoformat() == "2026-06-22T23:59:59+02:00"


def test_witmotion_resynchronises_and_keeps_time(tmp_path: Path) -> None:
    packets = wit_long()
    damaged = [
        b"\x55\x61\x00\x55",
        *packets[:50],
        packets[50][:13],
        b"noise\x55",
        *packets[52:200],
        packets[200][5:],
    ]
    (tmp_path / "a").write_bytes(b"".join([*damaged, *packets[201:], packets[0][:20]]))
    stream, recording = one(tmp_path / "a")
    assert len(stream) == N - 3
    assert stream.end_s == pytest.approx(T[-1])
    assert (len(stream.gaps), stream.lost) == (2, 3)
    assert "resynchronised" in codes(recording)


def test_witmotion_11_byte_packets_need_a_rate(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"".join(wit_short()))
    with pytest.raises(BadInput, match="--rate"):
        one(path)
    stream, _ = one(path, rate_hz=100)
    close(stream)
    path.write_bytes(b"".join(wit_short(times=True)))
    timed, recording = one(path)
    close(timed)
    assert timed.rate_hz == pytest.approx(100.0) and recording.notices == ()


def test_witmotion_damaged_short_packet_does_not_shift_time(tmp_path: Path) -> None:
    packets = wit_short()
    packets[3 * 120 + 1] = packets[3 * 120 + 1][:-1] + b"\x00"
    (tmp_path / "a").write_bytes(b"".join(packets))
    stream, recording = one(tmp_path / "a", rate_hz=100)
    assert len(stream) == N - 1 and stream.gaps == ((1.19, 1.21),)
    assert {"resynchronised", "not_finite"} <= codes(recording)


# --- x-io, IMeasureU


def test_xio(tmp_path: Path) -> None:
    names = [f"{s} {a} ({u})" for s, u in (("Gyroscope", "deg/s"), ("Accelerometer", "g")) for a in "XYZ"]
    path = tmp_path / "a.csv"
    path.write_text(csv([",".join(["Time (s)", *names])], T, *GYR.T, *(ACC / GRAVITY).T))
    stream, _ = one(path)
    has(stream)


def test_imeasureu(tmp_path: Path) -> None:
    header = "unix_timestamp_microsec,time_s,ax_m/s/s,ay_m/s/s,az_m/s/s,gx_deg/s,gy_deg/s,gz_deg/s"
    micro = [f"{(EPOCH_S + t) * 1e6:.0f}" for t in T]
    rows = [
        f"{u},{t:.4f}," + ",".join(f"{v:.6f}" for v in (*a, *g))
        for u, t, a, g in zip(micro, T, ACC, GYR, strict=True)
    ]
    path = tmp_path / "TS-00001_lowg.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    stream, recording = one(path)
    has(stream)
    assert recording.started_at == dt.datetime.fromtimestamp(EPOCH_S, dt.UTC)


# --- phone apps


def sensor_logger(folder: Path, *, total: bool = True, platform: str = "android", sign: float = 1.0) -> Path:
    folder.mkdir()
    ns = [f"{(EPOCH_S + 5 + t) * 1e9:.0f}" for t in T]
    down = np.tile([0.0, 0.0, 9.0], (N, 1))
    files = {"Gyroscope": np.deg2rad(GYR), "Accelerometer": sign * (ACC - down), "Gravity": sign * down}
    if total:
        files["TotalAcceleration"] = ACC
    for name, data in files.items():
        rows = [
            f"{n},{5 + t:.4f}," + ",".join(f"{v:.8f}" for v in row[::-1])
            for n, t, row in zip(ns, T, data, strict=True)
        ]
        (folder / f"{name}.csv").write_text("\n".join(["time,seconds_elapsed,z,y,x", *rows]) + "\n")
    (folder / "Metadata.csv").write_text(
        "version,device name,recording timezone,platform,standardisation\n"
        f"3,my phone,Asia/Kolkata,{platform},false\n"
    )
    return folder


def test_sensor_logger(tmp_path: Path) -> None:
    stream, recording = one(sensor_logger(tmp_path / "a"))
    has(stream)
    assert stream.acc_has_gravity and stream.device == "my phone"
    assert recording.started_at is not None
    assert recording.started_at.timestamp() == pytest.approx(EPOCH_S, abs=1e-3)
    assert recording.started_at.utcoffset() == dt.timedelta(hours=5, minutes=30)


def test_sensor_logger_on_ios(tmp_path: Path) -> None:
    folder = sensor_logger(tmp_path / "a", total=False, platform="ios", sign=-1.0)
    stream, _ = one(folder / "Accelerometer.csv")
    has(stream)
    assert stream.acc_has_gravity
    (folder / "Gravity.csv").unlink()
    without, _ = one(folder)
    assert not without.acc_has_gravity
    (folder / "Gyroscope.csv").unlink()
    bare, recording = one(folder)
    assert bare.gyr is None and "no_gyroscope" in codes(recording)


def test_two_phones_as_folders_and_as_archives(tmp_path: Path) -> None:
    for name in ("left", "right"):
        folder = sensor_logger(tmp_path / name)
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            for path in folder.iterdir():
                archive.write(path, path.name)
    both = open_recording(tmp_path / "left", tmp_path / "right")
    packed = open_recording(tmp_path / "left.zip", tmp_path / "right.zip")
    for recording in (both, packed):
        assert recording.left is not None and recording.right is not None
        has(recording.left)
        has(recording.right)


def test_sensor_logger_needs_its_names(tmp_path: Path) -> None:
    folder = sensor_logger(tmp_path / "a")
    (folder / "Gyroscope.csv").rename(tmp_path / "x.csv")
    with pytest.raises(BadInput, match="stands only in a Sensor Logger file's name"):
        one(tmp_path / "x.csv")


PHYPHOX_ACC = '"Acceleration x (m/s^2)","Acceleration y (m/s^2)","Acceleration z (m/s^2)"'
PHYPHOX_GYR = '"Gyroscope x (rad/s)","Gyroscope y (rad/s)","Gyroscope z (rad/s)"'


def test_phyphox_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    header = [f'"Time (s)",{PHYPHOX_ACC},"Absolute acceleration (m/s^2)",{PHYPHOX_GYR}']
    path.write_text(csv(header, T, *ACC.T, T, *np.deg2rad(GYR).T))
    stream, recording = one(path)
    has(stream)
    assert stream.acc_has_gravity and recording.started_at is None
    path.write_text(path.read_text().replace('"Acceleration', '"Linear Acceleration'))
    linear, _ = one(path)
    assert not linear.acc_has_gravity


def test_phyphox_export_of_two_sensors(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Accelerometer.csv", csv([f'"Time (s)",{PHYPHOX_ACC}'], T, *ACC.T))
        archive.writestr("Gyroscope.csv", csv([f'"Time (s)",{PHYPHOX_GYR}'], T, *np.deg2rad(GYR).T))
        archive.writestr("meta/device.csv", '"property","value"\n')
        archive.writestr(
            "meta/time.csv",
            '"event","experiment time","system time","system time text"\n'
            f'"START",0.000000000E0,{EPOCH_S:.3f},"2023-11-14 23:13:20.000 UTC+01:00"\n',
        )
    stream, recording = one(path)
    has(stream)
    assert recording.started_at is not None
    assert recording.started_at.isoformat() == "2023-11-14T23:13:20+01:00"


def polar(folder: Path) -> Path:
    sensor = 750_000_000 * 10**9 + np.round(T * 1e9).astype(np.int64)
    phone = np.datetime64("2026-07-26T21:56:26.765") + (np.ceil(T * 2) * 500 + 40).astype("timedelta64[ms]")
    for kind, unit, data in (("ACC", "mg", ACC / GRAVITY * 1000), ("GYRO", "dps", GYR)):
        rows = [
            f"{p};{s};" + ";".join(f"{v:.6f}" for v in row)
            for p, s, row in zip(phone, sensor, data, strict=True)
        ]
        header = f"Phone timestamp;sensor timestamp [ns];X [{unit}];Y [{unit}];Z [{unit}] "
        (folder / f"Polar_Sense_0C301E3F_20260726_215626_{kind}.txt").write_text(
            "\n".join([header, *rows]) + "\n"
        )
    return folder


def test_polar_sensor_logger(tmp_path: Path) -> None:
    for path in sorted(polar(tmp_path).iterdir()):
        stream, recording = one(path, timezone="+02:00")
        has(stream)
        assert recording.started_at is not None
        assert recording.started_at.isoformat(timespec="milliseconds") == "2026-07-26T21:56:26.805+02:00"
    path = next(tmp_path.glob("*GYRO*"))
    path.write_text(path.read_text().replace("2026-07-26T21:56:26.805", "today", 1))
    with pytest.raises(BadInput, match="line 2, column Phone timestamp: 'today' is no date"):
        one(path)


# --- XDF


def xdf(streams: list[tuple[str, list[tuple[str, str]], np.ndarray, float]]) -> bytes:  # type: ignore[type-arg]
    """A minimal XDF file: header, one stream header and one chunk of samples each, footers."""

    def chunk(tag: int, content: bytes) -> bytes:
        return b"\x04" + struct.pack("<I", len(content) + 2) + struct.pack("<H", tag) + content

    out = io.BytesIO()
    out.write(b"XDF:" + chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>"))
    for number, (name, channels, data, start) in enumerate(streams, 1):
        labels = "".join(f"<channel><label>{n}</label><unit>{u}</unit></channel>" for n, u in channels)
        info = (
            f"<?xml version='1.0'?><info><name>{name}</name><type>IMU</type>"
            f"<channel_count>{len(channels)}</channel_count><nominal_srate>100</nominal_srate>"
            f"<channel_format>double64</channel_format><desc><channels>{labels}</channels></desc></info>"
        )
        stream_id = struct.pack("<I", number)
        out.write(chunk(2, stream_id + info.encode()))
        samples = b"".join(
            b"\x08" + struct.pack("<d", start + T[i]) + struct.pack(f"<{len(channels)}d", *row)
            for i, row in enumerate(data)
        )
        out.write(chunk(3, stream_id + b"\x04" + struct.pack("<I", len(data)) + samples))
        out.write(chunk(6, stream_id + b"<?xml version='1.0'?><info></info>"))
    return out.getvalue()


XDF_CHANNELS = [(f"acc_{a}", "g") for a in "xyz"] + [(f"gyr_{a}", "deg/s") for a in "xyz"]
SIX = np.hstack([ACC / GRAVITY, GYR])


def test_xdf(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(
        xdf([("right wrist", XDF_CHANNELS, SIX, 500_000.5), ("left wrist", XDF_CHANNELS, SIX, 500_000.0)])
    )
    recording = open_recording(path)
    assert recording.left is not None and recording.right is not None
    has(recording.left)
    assert (recording.left.start_s, recording.right.start_s) == pytest.approx((0.0, 0.5))
    path.write_bytes(xdf([("EEG", [("Cz", "uV")], SIX[:, :1], 0.0)]))
    with pytest.raises(BadInput, match="no stream has channels labelled as acceleration"):
        open_recording(path)
    path.write_bytes(xdf([("left", XDF_CHANNELS, SIX, 0.0)])[:700])
    with pytest.raises(BadInput):
        open_recording(path)


def test_xdf_without_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyxdf", None)
    (tmp_path / "a").write_bytes(b"XDF:")
    with pytest.raises(BadInput, match=r"pip install 'sidewise\[xdf\]'"):
        one(tmp_path / "a")


# --- all of them

SAMPLES: dict[str, Callable[[Path], Path]] = {}


def _sample(name: str) -> Callable[[Callable[[Path], Path]], Callable[[Path], Path]]:
    def keep(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
        SAMPLES[name] = make
        return make

    return keep


def _file(folder: Path, content: str | bytes) -> Path:
    path = folder / "sample"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


SAMPLES["xsens_dot"] = lambda folder: _file(folder, dot(DOT_RATE, ACC, GYR))
SAMPLES["mbientlab"] = lambda folder: sorted(metabase(folder).iterdir())[0]
SAMPLES["shimmer"] = lambda folder: _file(folder, consensys(",", ("m/(s^2)", "deg/s")))
SAMPLES["witmotion_sd"] = lambda folder: _file(folder, b"".join(wit_long()))
SAMPLES["witmotion_sd short"] = lambda folder: _file(folder, b"".join(wit_short(times=True)))
SAMPLES["sensor_logger"] = lambda folder: sensor_logger(folder / "s") / "Gyroscope.csv"
SAMPLES["phyphox"] = lambda folder: _file(
    folder, csv([f'"Time (s)",{PHYPHOX_ACC},{PHYPHOX_GYR}'], T, *ACC.T, *np.deg2rad(GYR).T)
)
SAMPLES["polar_sensor_logger"] = lambda folder: sorted(polar(folder).iterdir())[0]
SAMPLES["xdf"] = lambda folder: _file(folder, xdf([("left", XDF_CHANNELS, SIX, 0.0)]))


@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_is_recognised_by_one_format_only(tmp_path: Path, name: str) -> None:
    from sensing.formats.source import read_head

    head = read_head(SAMPLES[name](tmp_path))
    assert [known.name for known in formats()[:-1] if known.recognises(head)] == [name.split()[0]]


def test_built_in_formats_say_who_they_are() -> None:
    assert tuple(known.name for known in formats())[: len(BUILT_IN)] == BUILT_IN
    assert formats()[-1].name == LAST
    assert len({known.title for known in formats()}) == len(formats())


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_vendor_files_end_in_bad_input_or_in_a_recording(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("fuzz", numbered=True)
    path = SAMPLES[name](folder)
    whole = path.read_bytes()
    # The beginning decides most; damage there more often than anywhere else.
    at = data.draw(st.one_of(st.integers(0, 400), st.integers(0, len(whole))))
    length = data.draw(st.integers(0, 200))
    insert = data.draw(
        st.one_of(
            st.binary(max_size=30), st.sampled_from([b"-", b"1e300", b"\n", b",", b"nan", b"99999999999"])
        )
    )
    path.write_bytes(whole[:at] + insert + whole[at + length :])
    try:
        open_recording(path, side="left", timezone="+01:00")
    except BadInput as error:
        assert all("\n" not in problem for problem in error.problems)


# --- real recordings


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "rows", "lost", "covered"),
    [
        ("Pelvis", 382, 0, 382),
        ("LFemur", 195, 157, 352),
        ("RFemur", 381, 0, 381),
        ("LTibia", 381, 0, 381),
        ("RTibia", 382, 0, 382),
    ],
)
def test_real_dot(real_recordings: Path, name: str, rows: int, lost: int, covered: int) -> None:
    path = next((real_recordings / "xsens_dot").glob(f"{name}_*.csv"))
    stream, recording = one(path)
    assert (len(stream), stream.lost, len(stream) + stream.lost) == (rows, lost, covered)
    assert stream.rate_hz == pytest.approx(60.0, abs=0.01)
    assert stream.end_s == pytest.approx((covered - 1) / 60.0, abs=0.01)
    assert not stream.acc_has_gravity and stream.quat is not None
    assert "gyr_from_orientation" in codes(recording)
    assert recording.started_at is not None and recording.started_at.utcoffset() == dt.timedelta(hours=8)


@pytest.mark.real
def test_real_dot_pair(real_recordings: Path) -> None:
    left, right = (next((real_recordings / "xsens_dot").glob(f"{n}_*.csv")) for n in ("LTibia", "RTibia"))
    recording = open_recording(right, left)
    assert recording.left is not None and recording.left.source == str(left)
    assert recording.sync.method == "hardware"
    assert recording.right is not None
    assert recording.left.start_s - recording.right.start_s == pytest.approx(1 / 60, abs=1e-4)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "gyr_rows", "rows"), [("A-bench-heavy2", 320, 309), ("A-squat-medium1", 404, 402)]
)
def test_real_metamotion(real_recordings: Path, name: str, gyr_rows: int, rows: int) -> None:
    for path in sorted((real_recordings / "vendor_formats" / "metamotion").glob(f"{name}*")):
        stream, recording = one(path)
        assert len(stream) == rows
        assert stream.rate_hz == pytest.approx(25.0, abs=0.01)
        joined = next(n.message for n in recording.notices if n.code == "joined")
        assert f"{gyr_rows - rows} gyroscope samples" in joined
        assert np.median(np.linalg.norm(stream.acc, axis=1)) == pytest.approx(GRAVITY, rel=0.1)
        assert recording.started_at is not None and recording.started_at.utcoffset() == dt.timedelta(hours=1)
        assert recording.started_at.date() in (dt.date(2019, 1, 14), dt.date(2019, 1, 11))


@pytest.mark.real
def test_real_shimmer(real_recordings: Path) -> None:
    folder = real_recordings / "vendor_formats" / "shimmer"
    stream, recording = one(folder / "triaxcal_calibrated.csv.gz")
    assert len(stream) == 2149
    assert stream.rate_hz == pytest.approx(73.142857, abs=1e-3)
    assert np.median(np.linalg.norm(stream.acc, axis=1)) == pytest.approx(9.956, abs=0.01)
    assert np.abs(stream.acc).max() == pytest.approx(57.517, abs=0.01)
    assert recording.started_at is not None and recording.started_at.year == 2021
    with pytest.raises(BadInput, match="no_units"):
        one(folder / "triaxcal_uncalibrated.csv.gz")
    with pytest.raises(BadInput, match="no accelerometer among the columns"):
        one(folder / "sdlog_sync_slave.csv.gz")


@pytest.mark.real
def test_real_witmotion(real_recordings: Path) -> None:
    folder = real_recordings / "vendor_formats" / "witmotion"
    long, _ = one(folder / "WIT18.TXT")
    assert (len(long), long.rate_hz, long.lost) == (2197, pytest.approx(20.0), 0)
    assert np.median(np.linalg.norm(long.acc, axis=1)) == pytest.approx(GRAVITY, rel=0.01)
    with pytest.raises(BadInput, match="--rate"):
        one(folder / "example_data.TXT")
    short, recording = one(folder / "example_data.TXT", rate_hz=100)
    assert len(short) == 2017 and "resynchronised" not in codes(recording)
    assert np.median(np.linalg.norm(short.acc, axis=1)) == pytest.approx(GRAVITY, rel=0.05)


@pytest.mark.real
def test_real_xio(real_recordings: Path) -> None:
    stream, recording = one(real_recordings / "vendor_formats" / "xio" / "sensor_data.csv")
    assert len(stream) == 13514
    assert stream.rate_hz == pytest.approx(100.0, abs=0.05)
    assert np.median(np.linalg.norm(stream.acc, axis=1)) == pytest.approx(GRAVITY, rel=0.01)
    assert recording.notices == ()


@pytest.mark.real
def test_real_calibrated_pair_needs_flags(real_recordings: Path) -> None:
    folder = real_recordings / "egait_shimmer" / "tests" / "egait_validation_2013_test_data"
    files = [folder / f"P115_E4_{side}_calibrated.csv" for side in Side]
    with pytest.raises(BadInput) as caught:
        open_recording(*files)
    assert all(flag in str(caught.value) for flag in ("--rate", "--acc-unit", "--gyr-unit"))
    recording = open_recording(*files, acc_unit="g", gyr_unit="deg/s", rate_hz=102.4)
    assert recording.left is not None and recording.right is not None
    assert (len(recording.left), len(recording.right)) == (1179, 1047)
    with pytest.raises(BadInput, match="no known format"):
        one(folder / "P115_E4_left.dat")


@pytest.mark.real
def test_real_table_without_times(real_recordings: Path) -> None:
    folder = real_recordings / "gaitmap_example" / "example_data"
    files = [folder / f"imu_sample_ms_{side}.csv" for side in Side]
    recording = open_recording(*files, acc_unit="m/s2", gyr_unit="deg/s", rate_hz=102.4)
    assert recording.left is not None and len(recording.left) == 7000
    assert recording.left.rate_hz == pytest.approx(102.4)
