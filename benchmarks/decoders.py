"""Random and mutated notifications through every decoder: no exception, and nothing accepted in error.

    python benchmarks/decoders.py [--n 1000000] [--seed 0]

Every accepted notification is read a second time by a naive reader written from the documents with nothing
but `struct` and integers; it must find the notification valid too, and every sample that comes out must be
one that it read. Device times and counters must increase. A third of the notifications are valid and in
order, so that the decoders are in the middle of a stream when the others arrive.
"""

from __future__ import annotations

import argparse
import random
import struct
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite

import numpy as np

from sensing.devices import Batch, Driver, Packet, Plan, Subscribe, drivers

G = 9.80665
RESTART = 100
"""Notifications after which a decoder starts afresh: a mutated clock silences it for half its range."""

Row = tuple[float, ...]
Rows = tuple[list[Row], list[Row]]
NOTHING: Rows = ([], [])


def triples(values: tuple[float, ...], scale: float) -> list[Row]:
    return [tuple(value * scale for value in values[k : k + 3]) for k in range(0, len(values), 3)]


def six(payload: bytes, start: int, stride: int, acc: float, gyr: float) -> Rows:
    """Interleaved samples of six 16-bit integers, to the end."""
    rows = [struct.unpack_from("<6h", payload, at) for at in range(start, len(payload), stride)]
    return [triples(row[:3], acc)[0] for row in rows], [triples(row[3:], gyr)[0] for row in rows]


@dataclass
class Reader:
    """What naive readers may remember: the bytes before, and what was told in replies."""

    data: bytearray = field(default_factory=bytearray)
    factor: dict[int, float] = field(default_factory=dict)


def witmotion(reader: Reader, uuid: str, payload: bytes) -> Rows | None:
    if not uuid.startswith("0000ffe4"):
        return None
    reader.data += payload
    data, rows = bytes(reader.data), ([], [])
    # Every place that may be a frame; later bytes may complete those near the end.
    at = data.find(b"\x55\x61")
    while 0 <= at <= len(data) - 20:
        acc, gyr = six(data[at + 2 : at + 14], 0, 12, 16 * G / 32768, 2000 / 32768)
        rows[0].extend(acc)
        rows[1].extend(gyr)
        at = data.find(b"\x55\x61", at + 1)
    del reader.data[: max(0, len(data) - 22)]
    return rows


def dot(reader: Reader, uuid: str, payload: bytes) -> Rows | None:
    if uuid.startswith(("15177003", "15173001")):
        return NOTHING
    if not uuid.startswith("15172003") or not 28 <= len(payload) <= 40:
        return None
    values = struct.unpack_from("<6f", payload, 4)
    fits = all(
        abs(value) <= 1.25 * limit for value, limit in zip(values, [16 * G] * 3 + [2000] * 3, strict=True)
    )
    return ([values[:3]], [values[3:]]) if fits else None


def movesense(reader: Reader, uuid: str, payload: bytes) -> Rows | None:
    if not uuid.startswith("34800002") or len(payload) < 3 or payload[1] != 0x63:
        return None
    if payload[0] == 1:
        return NOTHING
    # A short packet comes out only when the next one begins, so both are read.
    rows: Rows = ([], [])
    if payload[0] == 2:
        before = planar(bytes(reader.data))
        rows = before or rows
        reader.data[:] = payload[2:]
    elif payload[0] == 3:
        reader.data += payload[2:]
    now = planar(bytes(reader.data))
    return (rows[0] + now[0], rows[1] + now[1]) if now else (rows if rows[0] else None)


def planar(packet: bytes) -> Rows | None:
    n, rest = divmod(len(packet) - 4, 24)
    if n < 1 or rest:
        return None
    values = struct.unpack_from(f"<{6 * n}f", packet, 4)
    acc, gyr = triples(values[: 3 * n], 1.0), triples(values[3 * n :], 1.0)
    return (acc, gyr) if all(isfinite(value) for value in values) else None


def polar(reader: Reader, uuid: str, payload: bytes) -> Rows | None:
    if uuid.startswith("fb005c81") and len(payload) >= 4 and payload[0] == 0xF0:
        if payload[1] == 2 and payload[3] == 0 and payload[5:7] == b"\x05\x01" and len(payload) >= 11:
            told = struct.unpack_from("<f", payload, 7)[0]
            if isfinite(told) and told > 0:
                reader.factor[payload[2]] = told
        return NOTHING
    if not uuid.startswith("fb005c82") or len(payload) < 16 or payload[0] & 0x3F not in (2, 5):
        return None
    kind, frame_type, content = payload[0] & 0x3F, payload[9], payload[10:]
    if (kind, frame_type) == (2, 1):
        if len(content) % 6:
            return None
        return triples(struct.unpack(f"<{len(content) // 2}h", content), G / 1000), []
    if frame_type not in (0x80, 0x81) or (kind, frame_type) == (5, 0x81):
        return None
    if frame_type == 0x80 and kind not in reader.factor:
        return None
    scale = reader.factor.get(kind, 1.0) * ((G / 1000 if frame_type == 0x81 else G) if kind == 2 else 1.0)
    samples = blocks(content)
    if samples is None:
        return None
    rows = [tuple(value * scale for value in sample) for sample in samples]
    return (rows, []) if kind == 2 else ([], rows)


def blocks(content: bytes) -> list[list[int]] | None:
    samples = [list(struct.unpack_from("<3h", content))]
    at = 6
    while at < len(content):
        if at + 2 > len(content):
            return None
        bits, count = content[at : at + 2]
        size = (bits * count * 3 + 7) // 8
        if not 1 <= bits <= 32 or not count or at + 2 + size > len(content):
            return None
        stream = int.from_bytes(content[at + 2 : at + 2 + size], "little")
        for _ in range(count):
            row = []
            for previous in samples[-1]:
                value = stream & ((1 << bits) - 1)
                stream >>= bits
                row.append(previous + value - ((value >> (bits - 1)) << bits))
            samples.append(row)
        at += 2 + size
    return samples if all(-32768 <= value <= 32767 for row in samples for value in row) else None


def metamotion(reader: Reader, uuid: str, payload: bytes) -> Rows | None:
    if not uuid.startswith("326a9006") or len(payload) != 20 or payload[:2] not in (b"\x03\x05", b"\x13\x05"):
        return None
    values = struct.unpack_from("<9h", payload, 2)
    return (triples(values, 16 * G / 32768), []) if payload[0] == 3 else ([], triples(values, 1 / 16.4))


def bluest(reader: Reader, uuid: str, payload: bytes) -> Rows | None:
    return (
        six(payload[:14], 2, 12, G / 1000, 0.1)
        if uuid.startswith("00e00000") and len(payload) == 20
        else None
    )


def thingy52(reader: Reader, uuid: str, payload: bytes) -> Rows | None:
    if not uuid.startswith("ef680406") or len(payload) != 18:
        return None
    acc, gyr = six(payload[:12], 0, 12, -G / 1024, 1 / 32)
    fits = all(abs(value) <= 1.25 * 2 * G for value in acc[0])
    return (acc, gyr) if fits else None


def homemade(reader: Reader, uuid: str, payload: bytes) -> Rows | None:
    whole = len(payload) >= 18 and (len(payload) - 6) % 12 == 0
    return (
        six(payload, 6, 12, 16 * G / 32768, 2000 / 32768) if uuid.startswith("51de0003") and whole else None
    )


READERS: Mapping[str, Callable[[Reader, str, bytes], Rows | None]] = {
    "witmotion": witmotion, "dot": dot, "movesense": movesense, "polar-verity": polar, "polar-h10": polar,
    "metamotion": metamotion, "bluest": bluest, "thingy52": thingy52, "homemade": homemade,
}  # fmt: skip


def rate_of(each: Driver) -> float:
    return 52.0 if each.name == "movesense" else each.default_rate


def valid(each: Driver, rng: random.Random) -> tuple[Plan, list[Packet]]:
    """A plan, and replies and packets of a stream that follows it."""
    peripheral = each.peripheral()
    state = peripheral.state
    plan = each.plan(rate_of(each), facts={uuid: state.values[uuid] for uuid in each.probe})
    packets: list[Packet] = []
    for step in (*plan.prepare, *plan.start):
        if not isinstance(step, Subscribe):
            state, answers = peripheral.on_write(state, step.characteristic, step.data)
            packets.extend(answers)
    noise = np.random.default_rng(rng.randrange(2**32))
    n = 400 // plan.packet_samples * plan.packet_samples
    batch = Batch(
        noise.normal(0, 4, (n, 3)),
        noise.normal(0, 200, (n, 3)),
        10 + np.arange(n) / plan.rate_hz,
        np.arange(n),
    )
    return plan, packets + list(each.encode(plan, batch))


def mutated(payload: bytes, rng: random.Random) -> bytes:
    """The payload with bits turned, bytes replaced, cut, lengthened or doubled."""
    data = bytearray(payload or b"\0")
    how = rng.randrange(6)
    if how == 0:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif how == 1:
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
    elif how == 2:
        del data[rng.randrange(len(data)) :]
    elif how == 3:
        data += rng.randbytes(rng.randrange(1, 30))
    elif how == 4:
        data = data + data
    else:
        data[rng.randrange(min(12, len(data)))] = rng.choice(
            (0, 1, 2, 3, 5, 0x55, 0x61, 0x63, 0x80, 0x81, 0xF0, 0xFF)
        )
    return bytes(data)


@dataclass
class Stream:
    """One decoder under fire, beside its naive reader."""

    driver: Driver
    plan: Plan
    packets: list[Packet]
    uuids: list[str]

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.decoder = self.driver.decoder(self.plan)
        self.reader = Reader()
        self.acc: set[Row] = set()
        self.gyr: set[Row] = set()
        self.last_time, self.last_seq, self.at, self.fed = -np.inf, -1, 0, 0

    def next(self, rng: random.Random) -> tuple[str, bytes]:
        packet = self.packets[self.at % len(self.packets)]
        choice = rng.random()
        if choice < 0.34:
            self.at += 1
            return packet.characteristic, packet.payload
        uuid = packet.characteristic if choice < 0.97 else rng.choice(self.uuids)
        if choice < 0.6:
            return uuid, rng.randbytes(rng.randrange(64 if choice < 0.55 else 260))
        return uuid, mutated(packet.payload, rng)

    def step(self, rng: random.Random) -> tuple[int, int]:
        """Feed one notification; (accepted, samples) that it made. Asserts that every promise holds."""
        uuid, payload = self.next(rng)
        before = self.decoder.counts.accepted
        batches = self.decoder.feed(uuid, payload)
        accepted = self.decoder.counts.accepted - before
        naive = READERS[self.driver.name](self.reader, uuid, payload)
        assert naive is not None or not (accepted or batches), (self.driver.name, uuid, payload.hex())
        if naive is not None:
            self.acc.update(naive[0])
            self.gyr.update(naive[1])
        for batch in batches:
            self.check(batch, payload)
        self.fed += 1
        if self.fed == RESTART:
            self.restart()
        return accepted, sum(map(len, batches))

    def check(self, batch: Batch, payload: bytes) -> None:
        where = (self.driver.name, payload.hex())
        for row in batch.acc.tolist():
            assert tuple(row) in self.acc, where
        for row in [] if batch.gyr is None else batch.gyr.tolist():
            assert row[0] != row[0] or tuple(row) in self.gyr, where
        if batch.device_time_s is not None:
            times = [self.last_time, *batch.device_time_s.tolist()]
            assert all(one < two for one, two in pairwise(times)), where
            self.last_time = times[-1]
        if batch.seq is not None:
            assert batch.seq[0] > self.last_seq, where
            self.last_seq = int(batch.seq[-1])


def bombard(name: str, n: int, seed: int) -> tuple[str, int, int, int, float]:
    """Feed ``n`` notifications to one driver's decoders: name, fed, accepted, samples, seconds of CPU."""
    rng = random.Random(f"{name} {seed}")
    each = drivers()[name]
    plan, packets = valid(each, rng)
    uuids = [c.uuid for service in each.peripheral().services for c in service.characteristics] + ["none"]
    stream = Stream(each, plan, packets, uuids)
    start, accepted, samples = time.process_time(), 0, 0
    with np.errstate(all="raise"):
        for _ in range(n):
            took, gave = stream.step(rng)
            accepted += took
            samples += gave
    return name, n, accepted, samples, time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=int, default=1_000_000, help="notifications, shared out among drivers")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    names = list(READERS)
    shares = [args.n // len(names) + (k < args.n % len(names)) for k in range(len(names))]
    start = time.perf_counter()
    print(f"{'driver':14}{'fed':>10}{'accepted':>10}{'samples':>10}{'us each':>9}")
    with ProcessPoolExecutor() as pool:
        for name, fed, accepted, samples, cpu in pool.map(bombard, names, shares, [args.seed] * len(names)):
            print(f"{name:14}{fed:10}{accepted:10}{samples:10}{1e6 * cpu / max(fed, 1):9.1f}")
    elapsed = time.perf_counter() - start
    print(f"{args.n} notifications in {elapsed:.1f} s: no exception, nothing accepted that fails its checks")


if __name__ == "__main__":
    main()
