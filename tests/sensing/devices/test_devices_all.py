"""What every driver promises, whichever family it is."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from conversation import connect, joined, motion, run
from hypothesis import given, settings
from hypothesis import strategies as st

from sensing.devices import Advert, Batch, Driver, driver, drivers, matching
from sensing.devices.metamotion import R
from sensing.errors import UsageError

DRIVERS = list(drivers().values())
by_name = pytest.mark.parametrize("each", DRIVERS, ids=lambda each: each.name)
any_driver = st.sampled_from(DRIVERS)


def resolution(each: Driver) -> tuple[float, float, float]:
    """Half a count of the coarsest sensor, and of its clock: m/s2, deg/s, s."""
    if each.name == "bluest":
        return 0.5 * 9.80665e-3, 0.05, 0.004
    if each.name == "polar-h10":
        return 0.5 * 9.80665e-3, 0.0, 1e-6
    return 0.0051, 0.0352, {"movesense": 2e-3, "dot": 1e-6}.get(each.name, 1e-5)


@by_name
def test_it_is_a_driver_that_recognises_its_own_device_first(each: Driver) -> None:
    assert isinstance(each, Driver)
    assert matching(each.peripheral().advert)[0] is each
    assert driver(each.name) is each
    assert not each.matches(Advert("Somebody's headphones"))
    assert 0 < each.unseen_latency_s < 0.1
    assert each.default_rate in each.rates


@by_name
def test_uuids_are_lower_case_and_what_can_be_read_has_a_value(each: Driver) -> None:
    peripheral = each.peripheral()
    readable = set()
    for service in peripheral.services:
        for characteristic in service.characteristics:
            assert characteristic.uuid == characteristic.uuid.lower()
            assert len(characteristic.uuid) == 36
            if "read" in characteristic.properties:
                readable.add(characteristic.uuid)
    assert readable <= set(peripheral.state.values)
    assert set(each.probe) <= readable


@by_name
def test_at_every_rate_the_plan_starts_the_device_and_stops_it(each: Driver) -> None:
    for rate in each.rates:
        peripheral = each.peripheral()
        plan, _, state = connect(each, rate, peripheral)
        assert state.streaming
        if each.name != "bluest":
            assert state.rate_hz == rate
        state, _ = run(peripheral, state, plan.stop)
        assert not state.streaming or not plan.stop


@by_name
def test_the_same_plan_works_on_a_device_that_a_lost_link_left_streaming(each: Driver) -> None:
    peripheral = each.peripheral()
    _, _, state = connect(each, each.rates[0], peripheral)
    plan = each.plan(each.rates[-1], facts={uuid: state.values[uuid] for uuid in each.probe})
    state, _ = run(peripheral, state, (*plan.prepare, *plan.start))
    assert state.streaming
    if each.name != "bluest":
        assert state.rate_hz == each.rates[-1]


@by_name
def test_nothing_streams_before_start(each: Driver) -> None:
    peripheral = each.peripheral()
    facts = {uuid: peripheral.state.values[uuid] for uuid in each.probe}
    state, _ = run(peripheral, peripheral.state, each.plan(each.default_rate, facts=facts).prepare)
    assert not state.streaming


@by_name
def test_identify_writes_to_what_is_there(each: Driver) -> None:
    peripheral = each.peripheral()
    state, _ = run(peripheral, peripheral.state, each.identify(peripheral.state.values))
    assert not state.streaming


@by_name
def test_battery_is_a_percentage(each: Driver) -> None:
    if each.battery is None:
        return
    peripheral = each.peripheral()
    if each.battery.command is None:
        level = each.battery.decode(peripheral.state.values[each.battery.characteristic])
    else:
        _, heard = run(peripheral, peripheral.state, [each.battery.command])
        level = each.battery.decode(heard[0].payload)
    assert level is not None
    assert 50 < level <= 100
    assert each.battery.decode(b"") is None


@by_name
def test_an_unknown_rate_is_refused_with_the_rates_there_are(each: Driver) -> None:
    with pytest.raises(UsageError, match=f"{each.rates[0]:g}"):
        each.plan(333, facts=each.peripheral().state.values)


@by_name
def test_samples_survive_the_way_through_the_bytes(each: Driver) -> None:
    for rate in each.rates:
        plan, decoder, _ = connect(each, rate)
        batch = motion(plan, packets=max(2, round(120 / plan.packet_samples)))
        heard = [
            got
            for packet in each.encode(plan, batch)
            for got in decoder.feed(packet.characteristic, packet.payload)
        ]
        got = joined(heard)
        acc, gyr, time = resolution(each)
        skipped = len(batch) - len(got)
        assert skipped <= (1 if each.name == "witmotion" else 0)
        rows = slice(0, len(got))
        np.testing.assert_allclose(got.acc, batch.acc[rows], atol=acc)
        if got.gyr is None:
            assert plan.gyr_range is None
        else:
            assert batch.gyr is not None
            np.testing.assert_allclose(got.gyr, batch.gyr[rows], atol=gyr)
        assert each.device_clock == (got.device_time_s is not None)
        if got.device_time_s is not None and batch.device_time_s is not None:
            elapsed = got.device_time_s - got.device_time_s[0]
            np.testing.assert_allclose(elapsed, np.arange(len(got)) / rate, atol=2 * time + 1e-6)
        if got.seq is not None:
            np.testing.assert_array_equal(got.seq, batch.seq)
        assert decoder.counts.rejected == 0
        assert decoder.counts.samples == len(got)


@by_name
def test_a_packet_that_comes_twice_counts_once(each: Driver) -> None:
    if not each.device_clock:
        return
    plan, decoder, _ = connect(each, each.default_rate)
    batch = motion(plan, 4)
    for packet in each.encode(plan, batch):
        decoder.feed(packet.characteristic, packet.payload)
        decoder.feed(packet.characteristic, packet.payload)
    assert decoder.counts.samples == len(batch)
    assert decoder.counts.rejected > 0


@by_name
def test_a_batch_of_the_wrong_length_or_without_gyroscope_cannot_be_encoded(each: Driver) -> None:
    plan, _, _ = connect(each, each.default_rate)
    batch = motion(plan, 1)
    with pytest.raises(ValueError, match="multiple"):
        each.encode(plan, Batch(batch.acc[:0], None))
    if plan.gyr_range is not None:
        with pytest.raises(ValueError, match="gyroscope"):
            each.encode(plan, Batch(batch.acc, None, batch.device_time_s))
    if each.device_clock:
        with pytest.raises(ValueError, match="times"):
            each.encode(plan, Batch(batch.acc, batch.gyr))


def check_invariants(batch: Batch) -> None:
    assert len(batch) > 0
    assert np.isfinite(batch.acc).all()
    if batch.gyr is not None:
        assert batch.gyr.shape == batch.acc.shape
        assert not np.isinf(batch.gyr).any()
    if batch.device_time_s is not None:
        assert batch.device_time_s.shape == (len(batch),)
        assert (np.diff(batch.device_time_s) > 0).all()
    if batch.seq is not None:
        assert batch.seq.shape == (len(batch),)
        assert (np.diff(batch.seq) > 0).all()


@settings(max_examples=300, deadline=None)
@given(each=any_driver, data=st.data())
def test_any_bytes_are_taken_without_an_error_and_counted(each: Driver, data: st.DataObject) -> None:
    _, decoder, _ = connect(each, each.default_rate)
    peripheral = each.peripheral()
    uuids = [each.uuid for service in peripheral.services for each in service.characteristics] + ["other"]
    before = decoder.counts.accepted
    payloads = data.draw(st.lists(st.binary(max_size=260), max_size=8))
    samples = 0
    for payload in payloads:
        for batch in decoder.feed(data.draw(st.sampled_from(uuids)), payload):
            check_invariants(batch)
            samples += len(batch)
    assert decoder.counts.samples == samples
    if samples:
        assert decoder.counts.accepted > before


@settings(max_examples=150, deadline=None)
@given(each=any_driver, seed=st.integers(0, 1000), data=st.data())
def test_changed_notifications_never_break_the_order_or_make_up_samples(
    each: Driver, seed: int, data: st.DataObject
) -> None:
    plan, decoder, _ = connect(each, each.default_rate)
    last_time, last_seq, samples = -np.inf, -1, 0
    batch = motion(plan, 3, seed)
    for packet in each.encode(plan, batch):
        payload = bytearray(packet.payload)
        for _ in range(data.draw(st.integers(0, 2))):
            payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
        cut = data.draw(st.sampled_from([len(payload)] * 4 + [len(payload) // 2, len(payload) - 1]))
        for got in decoder.feed(packet.characteristic, bytes(payload[:cut])):
            check_invariants(got)
            samples += len(got)
            if got.device_time_s is not None:
                assert got.device_time_s[0] > last_time
                last_time = float(got.device_time_s[-1])
            if got.seq is not None:
                assert got.seq[0] > last_seq
                last_seq = int(got.seq[-1])
    # A changed block length of a compressed frame may stand for other samples, never for very many.
    assert samples <= len(batch) + (255 * 6 if each.name == "polar-verity" else 0)


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean witmotion"):
        driver("witmotoin")
    with pytest.raises(UsageError, match=r"use one of .*dot"):
        driver("zzz")


def test_metamotion_r_speaks_its_own_registers() -> None:
    each = driver("metamotion")
    plan, decoder, state = connect(each, 100, each.peripheral(board=R))  # type: ignore[call-arg]
    assert state.streaming
    packets = each.encode(plan, motion(plan, 2))
    assert [packet.payload[:2].hex() for packet in packets] == ["031c", "1307"] * 2
    assert (
        sum(len(got) for packet in packets for got in decoder.feed(packet.characteristic, packet.payload))
        == 6
    )


def test_no_module_of_the_package_touches_a_radio() -> None:
    code = (
        "import sys, sensing.devices as d; d.drivers(); "
        "sys.exit(any(name in sys.modules for name in ('bleak', 'asyncio', 'scipy', 'pandas')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
