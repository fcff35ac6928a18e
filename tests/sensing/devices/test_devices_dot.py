"""Movella DOT: golden packets by hand, the wrap of the clock, messages of the specification."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensing.devices import Write, driver
from sensing.devices.dot import (
    DEVICE_CONTROL,
    MEDIUM,
    PAYLOAD,
    SYNC_ACK,
    SYNC_CONTROL,
    SYNC_QUERY,
    SYNC_STATUS,
    SYNC_STOP,
    DotDecoder,
    is_synchronised,
    message,
    parse_message,
    sync_result,
    sync_start,
)

DRIVER = driver("dot")

# time 1 s = 1,000,000 us = 0x000F4240
# 9.8125 = 1.2265625 x 2^3: exponent 127 + 3 = 0x82, mantissa 0.2265625 x 2^23 = 0x1D0000: 0x411D0000
# -1.0 = 0xBF800000;  0.5 = 0x3F000000;  100 = 1.5625 x 2^6: exponent 0x85, mantissa 0x480000: 0x42C80000
GOLDEN = bytes.fromhex("40420f00 000080bf 0000003f 00001d41 0000c842 00000000 000080bf") + bytes(12)


def test_golden_packet() -> None:
    (batch,) = DotDecoder().feed(MEDIUM, GOLDEN)
    np.testing.assert_array_equal(batch.acc, [[-1.0, 0.5, 9.8125]])
    np.testing.assert_array_equal(batch.gyr, [[100.0, 0.0, -1.0]])
    np.testing.assert_allclose(batch.device_time_s, [1.0], rtol=1e-15)


@pytest.mark.parametrize("length", [28, 40])
def test_padding_may_be_missing(length: int) -> None:
    assert len(DotDecoder().feed(MEDIUM, GOLDEN[:length])) == 1


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        GOLDEN[:27],
        GOLDEN + b"\0",
        PAYLOAD.pack(0, float("nan"), 0, 0, 0, 0, 0),
        PAYLOAD.pack(0, 0, 0, 0, 0, float("inf"), 0),
        PAYLOAD.pack(0, 200.0, 0, 0, 0, 0, 0),  # beyond 16 g
        PAYLOAD.pack(0, 0, 0, 0, 3000.0, 0, 0),  # beyond 2000 deg/s
    ],
)
def test_packets_that_cannot_be_are_rejected(payload: bytes) -> None:
    decoder = DotDecoder()
    assert decoder.feed(MEDIUM, payload) == ()
    assert (decoder.counts.rejected, decoder.counts.rejected_bytes) == (1, len(payload))


def test_the_clock_runs_on_over_its_wrap() -> None:
    decoder = DotDecoder()
    ticks = [2**32 - 16667, 2**32 - 1, 16665, 33332]
    times = []
    for tick in ticks:
        (batch,) = decoder.feed(MEDIUM, PAYLOAD.pack(tick, *[0.0] * 6))
        assert batch.device_time_s is not None
        times.append(float(batch.device_time_s[0]))
    np.testing.assert_allclose(np.diff(times), [0.016666, 0.016666, 0.016667], atol=1e-9)
    assert times[-1] == pytest.approx(4294.967296 + 0.033332)


def test_repeated_and_older_packets_are_rejected() -> None:
    decoder = DotDecoder()
    accepted = [len(decoder.feed(MEDIUM, PAYLOAD.pack(tick, *[0.0] * 6))) for tick in (500, 500, 400, 501)]
    assert accepted == [1, 0, 0, 1]
    assert decoder.counts.rejected == 2


def test_commands_are_those_of_the_specification() -> None:
    control = bytes(range(32))
    plan = DRIVER.plan(30, facts={DEVICE_CONTROL: control})
    writes = [step.data for step in (*plan.prepare, *plan.start) if isinstance(step, Write)]
    assert [writes[0].hex(), writes[2].hex()] == ["010015", "010115"]
    # Only the function bits and the rate (30 = 0x001E at 24) differ from what was read.
    assert writes[1] == b"\x10" + control[1:24] + b"\x1e\x00" + control[26:]
    (blink,) = DRIVER.identify({DEVICE_CONTROL: control})
    assert isinstance(blink, Write)
    assert blink.data == b"\x01\x01" + control[2:]


def test_synchronisation_messages_are_those_of_the_specification() -> None:
    assert sync_start("D4:CA:6E:F1:69:3D").hex().upper() == "0207013D69F16ECAD453"
    assert SYNC_STOP.hex().upper() == "020102FB"
    assert SYNC_QUERY.hex().upper() == "020108F5"
    assert is_synchronised(bytes.fromhex("02025104A7")) is True
    assert is_synchronised(bytes.fromhex("02025109A2")) is False
    good = sync_result(bytes.fromhex("02020300F9").ljust(160, b"\0"))
    assert good is not None
    assert good.ok
    skewed = sync_result(message(2, b"\x03\x07"))
    assert skewed is not None
    assert (skewed.ok, skewed.meaning) == (False, "the clocks differ too much")


def test_messages_with_a_wrong_checksum_say_nothing() -> None:
    assert sync_result(bytes.fromhex("02020300F8")) is None
    assert is_synchronised(bytes.fromhex("02025104A6")) is None
    assert parse_message(b"\x02\x09\x01") is None
    with pytest.raises(ValueError, match="address"):
        sync_start("D4:CA:6E:F1:69")


@given(st.integers(0, 255), st.binary(max_size=157), st.binary(max_size=10))
def test_messages_survive_and_sum_to_zero(identifier: int, data: bytes, padding: bytes) -> None:
    made = message(identifier, data)
    assert sum(made) % 256 == 0
    assert parse_message(made + padding) == (identifier, data)


def test_a_virtual_sensor_synchronises() -> None:
    peripheral = DRIVER.peripheral()
    state, answers = peripheral.on_write(peripheral.state, SYNC_CONTROL, SYNC_QUERY)
    assert is_synchronised(answers[0].payload) is False
    state, _ = peripheral.on_write(state, SYNC_CONTROL, sync_start("D4:CA:6E:F1:69:3D"))
    result = sync_result(state.values[SYNC_ACK])
    assert result is not None
    assert result.ok
    state, answers = peripheral.on_write(state, SYNC_CONTROL, SYNC_QUERY)
    assert answers[0].characteristic == SYNC_STATUS
    assert is_synchronised(answers[0].payload) is True
