"""Runs a driver's plan against its own peripheral, as a link would over the air."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sensing.devices import Batch, Decoder, DeviceState, Driver, Packet, Peripheral, Plan, Step, Subscribe


def run(
    peripheral: Peripheral, state: DeviceState, steps: Iterable[Step]
) -> tuple[DeviceState, list[Packet]]:
    """Take the steps; every expected reply must come, and accept."""
    properties = {
        each.uuid: each.properties for service in peripheral.services for each in service.characteristics
    }
    heard: list[Packet] = []
    for step in steps:
        if isinstance(step, Subscribe):
            assert {"notify", "indicate"} & set(properties[step.characteristic])
            state = peripheral.on_subscribe(state, step.characteristic)
            continue
        assert ("write" if step.response else "write-without-response") in properties[step.characteristic]
        state, answers = peripheral.on_write(state, step.characteristic, step.data)
        heard.extend(answers)
        if step.reply is not None:
            replies = [each for each in answers if step.reply.matches(each.characteristic, each.payload)]
            assert len(replies) == 1
            refusal = step.reply.refusal(replies[0].payload)
            assert refusal is None or not step.reply.required, refusal
    return state, heard


def connect(
    driver: Driver, rate_hz: float, peripheral: Peripheral | None = None
) -> tuple[Plan, Decoder, DeviceState]:
    """A streaming device, its plan, and a decoder that has heard the replies."""
    peripheral = peripheral or driver.peripheral()
    state = peripheral.state
    plan = driver.plan(rate_hz, facts={uuid: state.values[uuid] for uuid in driver.probe})
    decoder = driver.decoder(plan)
    state, heard = run(peripheral, state, (*plan.prepare, *plan.start))
    for packet in heard:
        assert decoder.feed(packet.characteristic, packet.payload) == ()
    return plan, decoder, state


def motion(plan: Plan, packets: int, seed: int = 0, *, start_s: float = 100.0) -> Batch:
    """Samples within the ranges, at the nominal rate."""
    n = packets * plan.packet_samples
    rng = np.random.default_rng(seed)
    acc = rng.uniform(-0.9, 0.9, (n, 3)) * (plan.acc_range or 20.0)
    gyr = rng.uniform(-0.9, 0.9, (n, 3)) * (plan.gyr_range or 500.0)
    return Batch(acc, gyr, start_s + np.arange(n) / plan.rate_hz, np.arange(n, dtype=np.int64))


def joined(batches: Iterable[Batch]) -> Batch:
    """One batch of several."""
    found = list(batches)
    first = found[0]
    return Batch(
        np.concatenate([each.acc for each in found]),
        None if first.gyr is None else np.concatenate([each.gyr for each in found if each.gyr is not None]),
        None
        if first.device_time_s is None
        else np.concatenate([each.device_time_s for each in found if each.device_time_s is not None]),
        None if first.seq is None else np.concatenate([each.seq for each in found if each.seq is not None]),
    )
