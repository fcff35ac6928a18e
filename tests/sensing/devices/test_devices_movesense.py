"""Movesense: golden packets by hand, parts joined, the clock."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from sensing.devices import Reply, Write, driver
from sensing.devices.movesense import NOTIFY, MovesenseDecoder

DRIVER = driver("movesense")


def packet(millis: int, n: int, value: float = 1.0) -> bytes:
    """Time, n accelerations of ``value``, n angular velocities of ten times that."""
    return struct.pack(f"<I{6 * n}f", millis, *[value] * 3 * n, *[10 * value] * 3 * n)


def test_golden_packet_is_planar() -> None:
    # 13 Hz, one sample at 1000 ms = 0x000003E8
    # acc 1.0 = 0x3F800000, -2.0 = 0xC0000000, 9.5 = 1.1875 x 2^3 = 0x41180000
    # gyr 100 = 0x42C80000, 0.25 = 0x3E800000, -1.0 = 0xBF800000
    data = bytes.fromhex("0263 e8030000 0000803f 000000c0 00001841 0000c842 0000803e 000080bf")
    (batch,) = MovesenseDecoder(13).feed(NOTIFY, data)
    np.testing.assert_array_equal(batch.acc, [[1.0, -2.0, 9.5]])
    np.testing.assert_array_equal(batch.gyr, [[100.0, 0.25, -1.0]])
    np.testing.assert_allclose(batch.device_time_s, [1.0])


def test_a_packet_at_104_hz_comes_in_two_parts_of_158_and_42_bytes() -> None:
    # 4 + 8 x 24 = 196 bytes of packet, 156 in the first part; 2 bytes lead each part
    whole = packet(5000, 8)
    decoder = MovesenseDecoder(104)
    assert decoder.feed(NOTIFY, b"\x02\x63" + whole[:156]) == ()
    (batch,) = decoder.feed(NOTIFY, b"\x03\x63" + whole[156:])
    assert batch.acc.shape == (8, 3)
    assert batch.gyr is not None
    assert (batch.acc == 1).all()
    assert (batch.gyr == 10).all()
    assert (decoder.counts.accepted, decoder.counts.rejected, decoder.counts.samples) == (1, 0, 8)


def test_three_parts_join_too() -> None:
    whole = packet(5000, 16)
    decoder = MovesenseDecoder(208)
    parts = [decoder.feed(NOTIFY, bytes((2 + (at > 0), 0x63)) + whole[at : at + 156]) for at in (0, 156, 312)]
    assert [len(part) for part in parts] == [0, 0, 1]


def test_a_lost_second_part_costs_only_its_packet() -> None:
    decoder = MovesenseDecoder(104)
    whole = packet(5077, 8)
    decoder.feed(NOTIFY, b"\x02\x63" + packet(5000, 8)[:156])
    decoder.feed(NOTIFY, b"\x02\x63" + whole[:156])
    (batch,) = decoder.feed(NOTIFY, b"\x03\x63" + whole[156:])
    assert len(batch) == 8
    assert (decoder.counts.rejected, decoder.counts.rejected_bytes) == (1, 156)


def test_a_second_part_alone_or_another_reference_is_rejected() -> None:
    decoder = MovesenseDecoder(104)
    decoder.feed(NOTIFY, b"\x03\x63" + bytes(42))
    decoder.feed(NOTIFY, b"\x02\x64" + packet(5000, 8))
    decoder.feed("other", b"\x02\x63" + packet(5000, 8))
    assert decoder.counts.rejected == 3
    assert decoder.counts.samples == 0


def test_a_packet_shorter_than_usual_is_taken_once_the_next_one_shows_it_whole() -> None:
    decoder = MovesenseDecoder(104)
    assert decoder.feed(NOTIFY, b"\x02\x63" + packet(5000, 4)) == ()
    (batch,) = decoder.feed(NOTIFY, b"\x02\x63" + packet(5038, 4))
    assert len(batch) == 4


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 300.0])
def test_values_that_cannot_be_are_rejected(value: float) -> None:
    decoder = MovesenseDecoder(52)
    assert decoder.feed(NOTIFY, b"\x02\x63" + packet(1000, 4, value)) == ()
    assert decoder.counts.rejected == 1


def test_times_follow_the_device_when_its_rate_is_off_by_three_percent_and_over_the_wrap() -> None:
    decoder = MovesenseDecoder(52)
    period_ms = 1000 / 52 * 1.03
    times = []
    for k in range(200):
        millis = round(2**32 - 5000 + 4 * k * period_ms) % 2**32
        (batch,) = decoder.feed(NOTIFY, b"\x02\x63" + packet(millis, 4))
        times.extend(batch.device_time_s if batch.device_time_s is not None else [])
    steps = np.diff(times[200:])
    assert (steps > 0).all()
    np.testing.assert_allclose(steps, period_ms * 1e-3, atol=1.6e-3)
    assert times[-1] - times[0] == pytest.approx(799 * period_ms * 1e-3, abs=2e-3)


def test_commands_name_the_resource_and_read_the_status() -> None:
    plan = DRIVER.plan(104)
    (start,) = plan.start
    assert isinstance(start, Write)
    assert start.data == b"\x01\x63/Meas/IMU6/104\x00"
    assert isinstance(start.reply, Reply)
    assert start.reply.refusal(bytes.fromhex("0163c800")) is None
    assert "404" in str(start.reply.refusal(bytes.fromhex("01639401")))
    assert [step.data.hex() for step in plan.stop if isinstance(step, Write)] == ["0263"]
