"""WitMotion: golden frames by hand, and a stream cut and broken anywhere."""

from __future__ import annotations

import numpy as np
import pytest
from conversation import joined
from hypothesis import given, settings
from hypothesis import strategies as st

from sensing.devices import Batch, Write, driver
from sensing.devices.witmotion import FRAME, NOTIFY, UNLOCK, WitMotionDecoder, battery_percent, read_register

DRIVER = driver("witmotion")
PLAN = DRIVER.plan(100)

# acc 0x0800 = 2048:  2048 / 32768 x 16 g = 1 g;  0xF800 = -2048: -1 g;  0x0000: 0
# gyr 0x4000 = 16384: 16384 / 32768 x 2000 = 1000 deg/s;  0xC000 = -16384: -1000;  0x0001: 2000 / 32768
# angles 0x2000 = 8192: 45 deg, not used
GOLDEN = bytes.fromhex("5561 0008 00f8 0000 0040 00c0 0100 0020 0000 0000")
REGISTER = bytes.fromhex("5571 6400 8d01" + "00" * 14)  # 0x018D = 397: 3.97 V


def feed(stream: bytes, *sizes: int) -> tuple[WitMotionDecoder, Batch | None]:
    """Decode a stream in pieces of these sizes, over and over."""
    decoder, found, at, k = WitMotionDecoder(), [], 0, 0
    while at < len(stream):
        size = sizes[k % len(sizes)]
        found += decoder.feed(NOTIFY, stream[at : at + size])
        at, k = at + size, k + 1
    return decoder, joined(found) if found else None


def test_golden_frame() -> None:
    _, batch = feed(GOLDEN * 2, 40)
    assert batch is not None
    assert len(batch) == 2
    np.testing.assert_allclose(batch.acc[0], [9.80665, -9.80665, 0.0], rtol=1e-15)
    assert batch.gyr is not None
    np.testing.assert_array_equal(batch.gyr[0], [1000.0, -1000.0, 0.06103515625])
    assert batch.device_time_s is None
    assert batch.seq is None


def test_the_first_frame_waits_for_the_second_header_and_later_ones_wait_for_nothing() -> None:
    decoder = WitMotionDecoder()
    assert decoder.feed(NOTIFY, GOLDEN) == ()
    assert len(decoder.feed(NOTIFY, GOLDEN)[0]) == 2
    assert len(decoder.feed(NOTIFY, GOLDEN)[0]) == 1


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.lists(st.integers(-32768, 32767), min_size=9, max_size=9), min_size=3, max_size=12),
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=5),
    skip=st.integers(0, FRAME - 1),
)
def test_a_stream_joined_anywhere_and_cut_anywhere_gives_every_whole_frame(
    counts: list[list[int]], sizes: list[int], skip: int
) -> None:
    values = np.array(counts, dtype="<i2")
    if b"\x55" in values.tobytes():
        values &= np.int16(~0x5555)  # no header inside a frame: that case has its own test
    stream = b"".join(b"\x55\x61" + row.tobytes() for row in values)
    decoder, batch = feed(stream[skip:] + GOLDEN, *sizes)
    whole = values[1:] if skip else values
    assert batch is not None
    assert batch.gyr is not None
    np.testing.assert_allclose(batch.acc[: len(whole)], whole[:, :3] * (16 * 9.80665 / 32768), rtol=1e-12)
    np.testing.assert_allclose(batch.gyr[: len(whole)], whole[:, 3:6] * (2000 / 32768), rtol=1e-12)
    assert decoder.counts.rejected_bytes == (FRAME - skip if skip else 0)


def test_a_header_inside_a_frame_does_not_mislead() -> None:
    inside = b"\x55\x61" + b"\x01\x02\x55\x61" + bytes(14)
    decoder, batch = feed((inside + GOLDEN) * 5, 7)
    assert batch is not None
    assert len(batch) == 10
    assert decoder.counts.rejected == 0


def test_a_lost_byte_costs_one_frame() -> None:
    decoder, batch = feed(GOLDEN * 3 + GOLDEN[:9] + GOLDEN[10:] + GOLDEN * 4, 20)
    assert batch is not None
    assert 6 <= len(batch) <= 7
    np.testing.assert_array_equal(batch.acc, np.tile(batch.acc[0], (len(batch), 1)))
    assert decoder.counts.rejected >= 1


def test_register_reports_between_frames_give_no_samples() -> None:
    decoder, batch = feed(GOLDEN * 2 + REGISTER + GOLDEN * 2, 33)
    assert batch is not None
    assert len(batch) == 4
    assert decoder.counts.accepted == 5
    assert decoder.counts.rejected == 0


def test_frames_of_another_length_are_never_taken() -> None:
    decoder, batch = feed((GOLDEN + bytes(8)) * 20, 28)
    assert batch is None
    assert decoder.counts.rejected > 10


@pytest.mark.parametrize(
    ("volts", "expected"),
    [(330, 0.0), (350, 5.0), (382, 50.0), (397, 90 + 10 / 3), (399, 100.0), (420, 100.0)],
)
def test_battery_follows_the_vendors_table(volts: int, expected: float) -> None:
    report = b"\x55\x71\x64\x00" + volts.to_bytes(2, "little") + bytes(14)
    assert battery_percent(GOLDEN + report) == pytest.approx(expected)


def test_battery_of_anything_else_is_unknown() -> None:
    assert battery_percent(GOLDEN) is None
    assert battery_percent(REGISTER[:5]) is None
    assert battery_percent(b"\x55\x71\x64\x00" + bytes(16)) is None


def test_commands_are_those_of_the_manual() -> None:
    writes = [step.data.hex(" ") for step in PLAN.prepare if isinstance(step, Write)]
    assert writes == [UNLOCK.hex(" "), "ff aa 03 09 00"]
    assert UNLOCK.hex(" ") == "ff aa 69 88 b5"
    assert read_register(0x64).hex(" ") == "ff aa 27 64 00"
