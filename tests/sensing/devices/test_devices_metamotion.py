"""MetaMotion: frames of the vendor's SDK, and joining two streams that have no clock."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sensing.devices import MODEL_NUMBER, Write, driver
from sensing.devices.decoding import OrderJoin
from sensing.devices.metamotion import NOTIFY, MetaMotionDecoder, R, S
from sensing.errors import UsageError
from sensing.recording import GRAVITY

DRIVER = driver("metamotion")


def test_golden_packets_of_the_vendors_tests() -> None:
    # 8 g: 4096 to the g. 0xB762 = -18590: -4.539; 0x0D53 = 3411: 0.833; 0xFDE9 = -535: -0.131 ...
    acc = bytes.fromhex("0305 62b7 530d e9fd 16d0 4d0e 5702 8aff a105 0a01")
    # 1000 deg/s: 32.8 to the deg/s. 0x1509 = 5385: 164.177; 0x26AD = 9901: 301.860 ...
    gyr = bytes.fromhex("1305 0915 ad26 08de 8a1a 0d26 65e4 8d20 ac27 73ec")
    decoder = MetaMotionDecoder(S, 8, 1000)
    assert decoder.feed(NOTIFY, acc) == ()
    (batch,) = decoder.feed(NOTIFY, gyr)
    expected_g = [[-4.539, 0.833, -0.131], [-2.995, 0.894, 0.146], [-0.029, 0.352, 0.065]]
    expected_dps = [[164.177, 301.860, -265.122], [207.134, 296.982, -215.457], [254.055, 309.634, -152.591]]
    np.testing.assert_allclose(batch.acc / GRAVITY, expected_g, atol=6e-4)
    np.testing.assert_allclose(batch.gyr, expected_dps, atol=6e-4)
    np.testing.assert_array_equal(batch.seq, [0, 1, 2])
    np.testing.assert_allclose(batch.acc[0, 0], -18590 / 4096 * GRAVITY, rtol=1e-15)


def commands(model: bytes, rate: float) -> list[str]:
    plan = DRIVER.plan(rate, facts={MODEL_NUMBER: model})
    return [step.data.hex() for step in (*plan.prepare, *plan.start) if isinstance(step, Write)]


def test_commands_are_those_of_the_vendors_tests() -> None:
    stop = ["030100", "130100", "03020001", "13020001"]
    end = ["03020100", "13020100", "030101", "130101"]
    assert commands(b"8", 100) == [*stop, "0303a803", "13032800", "030501", "130501", *end]
    assert commands(b"5", 200) == [*stop, "0303290c", "13032900", "031c01", "130701", *end]


def test_ranges_reach_the_device_and_the_decoder() -> None:
    narrow = dataclasses.replace(DRIVER, acc_g=4, gyr_dps=500)  # type: ignore[type-var]
    plan = narrow.plan(50, facts={MODEL_NUMBER: b"8"})
    writes = [step.data.hex() for step in plan.prepare if isinstance(step, Write)]
    assert "0303a701" in writes
    assert "13032702" in writes
    assert (plan.acc_range, plan.gyr_range) == (4 * GRAVITY, 500.0)


@pytest.mark.parametrize("facts", [{}, {MODEL_NUMBER: b"3"}, {MODEL_NUMBER: b"\xff"}])
def test_another_board_is_refused(facts: dict[str, bytes]) -> None:
    with pytest.raises(UsageError, match="MetaMotion"):
        DRIVER.plan(100, facts=facts)


@pytest.mark.parametrize(
    "payload", ["", "03", "0305", "0305" + "00" * 17, "0305" + "00" * 19, "031c" + "00" * 18]
)
def test_other_packets_are_rejected(payload: str) -> None:
    decoder = MetaMotionDecoder(S, 16, 2000)
    assert decoder.feed(NOTIFY, bytes.fromhex(payload)) == ()
    assert decoder.counts.rejected == 1
    assert MetaMotionDecoder(R, 16, 2000).feed(NOTIFY, bytes.fromhex("0305" + "00" * 18)) == ()


def rows(k: int) -> np.ndarray:
    return np.full((3, 3), float(k))


def test_after_a_lost_packet_pairs_are_right_again_and_the_loss_shows_in_the_counter() -> None:
    join = OrderJoin()
    pairs = []
    for k in range(60):
        for channel in ("acc", "gyr"):
            if (k, channel) == (20, "gyr"):
                continue
            pair = join.add(channel, rows(k))  # type: ignore[arg-type]
            if pair is not None:
                pairs.append((pair[0][0, 0], pair[1][0, 0], pair[2][0]))
    assert pairs[-1] == (59.0, 59.0, 59 * 3)
    wrong = [acc for acc, gyr, _ in pairs if acc != gyr]
    assert 0 < len(wrong) <= 32
    assert len(pairs) == 59
    assert (np.diff([seq for *_, seq in pairs]) > 0).all()


def test_packets_before_both_sensors_run_are_left_out() -> None:
    join = OrderJoin()
    for k in range(5):
        assert join.add("acc", rows(k)) is None
    pair = join.add("gyr", rows(4))
    assert pair is not None
    assert (pair[0][0, 0], pair[1][0, 0], pair[2].tolist()) == (4.0, 4.0, [0, 1, 2])
