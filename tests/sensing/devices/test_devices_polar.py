"""Polar: frames of the vendor's documents, the factor, compression, times."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sensing.devices import Write, driver
from sensing.devices.polar import CONTROL, DATA, PolarDecoder, compress, decompress, parse_factor
from sensing.recording import GRAVITY

VERITY = driver("polar-verity")
H10 = driver("polar-h10")

# Start reply for ACC: success, no more; FACTOR (5), one value, 0.25 = 0x3E800000
ACC_REPLY = bytes.fromhex("f0 02 02 00 00 05 01 0000803e")
GYR_REPLY = bytes.fromhex("f0 02 05 00 00 05 01 0000003f")  # 0.5


def frame(kind: int, nanos: int, frame_type: int, content: bytes) -> bytes:
    return struct.pack("<BQB", kind, nanos, frame_type) + content


def test_golden_raw_frame_of_the_h10() -> None:
    # 0xFFF7 = -9, 0xFFFF = -1, 0x03E7 = 999;  0xFFF8 = -8, 0xFFFE = -2, 0x03E5 = 997, all mg
    content = bytes.fromhex("f7ff ffff e703 f8ff feff e503")
    decoder = PolarDecoder(200, has_gyr=False)
    (batch,) = decoder.feed(DATA, frame(2, 2_000_000_000, 1, content))
    np.testing.assert_allclose(
        batch.acc, np.array([[-9, -1, 999], [-8, -2, 997]]) * GRAVITY / 1000, rtol=1e-14
    )
    assert batch.gyr is None
    # The stamp, 2 s, is that of the last sample; the one before is 1 / 200 s earlier.
    np.testing.assert_allclose(batch.device_time_s, [1.995, 2.0], rtol=1e-12)


def test_golden_differences_of_six_bits() -> None:
    # Reference -15, 20, 1008. Bits of 7B 0F 08, least significant first: 110111 101111 000000 ...
    # 0b111011 = -5, 0b111101 = -3, 0: the second sample is -20, 17, 1008.
    samples = decompress(bytes.fromhex("f1ff 1400 f003 06 01 7b0f08"))
    np.testing.assert_array_equal(samples, [[-15, 20, 1008], [-20, 17, 1008]])


def test_golden_differences_of_three_bits() -> None:
    # Reference -22, 8, 13. DF 00: 111 110 110 ...: 0b111 = -1, 0b011 = 3, 0b011 = 3.
    samples = decompress(bytes.fromhex("eaff 0800 0d00 03 01 df00"))
    np.testing.assert_array_equal(samples, [[-22, 8, 13], [-23, 11, 16]])


@settings(max_examples=60, deadline=None)
@given(arrays(np.int16, st.tuples(st.integers(1, 600), st.just(3)), elements=st.integers(-32768, 32767)))
def test_compression_is_undone(samples: np.ndarray) -> None:
    np.testing.assert_array_equal(decompress(compress(samples)), samples)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "0000 0000 00",  # no whole reference
        "0000 0000 0000 06",  # a block without its count
        "0000 0000 0000 06 01 7b0f",  # a byte short
        "0000 0000 0000 06 01 7b0f08 00",  # a byte too many
        "0000 0000 0000 00 05",  # differences of no bits
        "0000 0000 0000 21 01" + "00" * 13,  # of 33 bits
        "0000 0000 0000 08 00",  # none
        "ff7f 0000 0000 08 01 010000",  # 32767 + 1 is no 16-bit sample
    ],
)
def test_blocks_that_do_not_fit_are_refused(content: str) -> None:
    assert decompress(bytes.fromhex(content)) is None


def test_factors_make_units_and_counts_without_a_factor_are_refused() -> None:
    decoder = PolarDecoder(52, has_gyr=True)
    acc = frame(2, 10**9, 0x80, struct.pack("<3h", 4, 0, -4))
    gyr = frame(5, 10**9, 0x80, struct.pack("<3h", 100, 0, -100))
    assert decoder.feed(DATA, acc) == ()
    assert decoder.counts.rejected == 1
    decoder.feed(CONTROL, ACC_REPLY)
    decoder.feed(CONTROL, GYR_REPLY)
    assert decoder.feed(DATA, acc) == ()  # waits for the gyroscope
    (batch,) = decoder.feed(DATA, gyr)
    np.testing.assert_allclose(batch.acc, [[GRAVITY, 0, -GRAVITY]], rtol=1e-15)  # 4 x 0.25 g
    np.testing.assert_array_equal(batch.gyr, [[50.0, 0, -50.0]])


def test_compressed_milli_g_need_no_factor() -> None:
    # Frame type 0x81, as older firmware sends, whose start reply is F0 02 02 00 00.
    decoder = PolarDecoder(50, has_gyr=False)
    decoder.feed(CONTROL, bytes.fromhex("f0 02 02 00 00"))
    (batch,) = decoder.feed(DATA, frame(2, 10**9, 0x81, struct.pack("<3h", 1000, 0, 0)))
    np.testing.assert_allclose(batch.acc, [[GRAVITY, 0, 0]], rtol=1e-15)


def test_factor_is_found_among_other_settings_and_not_in_rubbish() -> None:
    assert parse_factor(bytes.fromhex("00 01 3400 05 01 0000803e")) == 0.25
    assert parse_factor(bytes.fromhex("05 01 0000")) is None
    assert parse_factor(bytes.fromhex("05 01 0000c07f")) is None  # NaN
    assert parse_factor(bytes.fromhex("77 01 05 01 0000803e")) is None


def test_times_are_spread_between_stamps_and_a_lost_frame_is_a_gap() -> None:
    decoder = PolarDecoder(50, has_gyr=False)
    content = bytes(6 * 10)
    times = []
    for nanos in (
        1_000_000_000,
        1_210_000_000,
        1_420_000_000,
        1_840_000_000,
    ):  # 21 ms a sample; one frame lost
        (batch,) = decoder.feed(DATA, frame(2, nanos, 1, content))
        times.append(batch.device_time_s)
    np.testing.assert_allclose(times[1], 1.0 + 0.021 * np.arange(1, 11), rtol=1e-12)
    np.testing.assert_allclose(times[2], 1.21 + 0.021 * np.arange(1, 11), rtol=1e-12)
    np.testing.assert_allclose(times[3][-1], 1.84, rtol=1e-12)
    assert times[3][0] - times[2][-1] > 0.15


def test_a_silent_gyroscope_holds_samples_back_for_four_seconds_and_then_shows_as_missing() -> None:
    decoder = PolarDecoder(52, has_gyr=True)
    decoder.feed(CONTROL, ACC_REPLY)
    got = []
    for k in range(1, 12):
        got += decoder.feed(DATA, frame(2, k * 10**9, 0x80, compress(np.zeros((52, 3), dtype=np.int16))))
    assert sum(len(batch) for batch in got) >= 52 * 6
    assert all(batch.gyr is not None and np.isnan(batch.gyr).all() for batch in got)


def test_gyroscope_samples_go_to_the_nearest_accelerometer_sample() -> None:
    decoder = PolarDecoder(50, has_gyr=True)
    decoder.feed(CONTROL, ACC_REPLY)
    decoder.feed(CONTROL, GYR_REPLY)
    count = np.arange(50, dtype=np.int16)
    ramp = np.column_stack((count, count, count))
    decoder.feed(DATA, frame(2, 2 * 10**9, 0x80, compress(ramp)))
    # The gyroscope's samples are 3 ms later than the accelerometer's.
    (batch,) = decoder.feed(DATA, frame(5, 2 * 10**9 + 3_000_000, 0x80, compress(ramp)))
    assert batch.gyr is not None
    np.testing.assert_allclose(batch.gyr[:, 0] / 0.5, batch.acc[:, 0] / (0.25 * GRAVITY), atol=1e-9)
    assert len(batch) == 50


def test_commands_are_those_of_the_documents() -> None:
    starts = [step.data.hex(" ") for step in VERITY.plan(52).start if isinstance(step, Write)]
    assert starts == [
        "02 02 00 01 34 00 01 01 10 00 02 01 08 00 04 01 03",
        "02 05 00 01 34 00 01 01 10 00 02 01 d0 07 04 01 03",
    ]
    fast = VERITY.plan(104)
    assert b"\x02\x09" in [step.data for step in fast.prepare if isinstance(step, Write)]
    h10 = [step.data.hex(" ") for step in H10.plan(200).start if isinstance(step, Write)]
    assert h10 == ["02 02 00 01 c8 00 01 01 10 00 02 01 08 00"]


def test_a_refusal_is_told_in_words() -> None:
    (start, _) = VERITY.plan(52).start
    assert isinstance(start, Write)
    assert start.reply is not None
    assert start.reply.refusal(bytes.fromhex("f0 02 02 00 00")) is None
    assert start.reply.refusal(bytes.fromhex("f0 02 02 0d")) == "it is on its charger: take it off"
    assert start.reply.refusal(bytes.fromhex("f0 02 02")) == "the reply has no status"
