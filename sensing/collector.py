"""Two links to one stream of events: decodes what arrived, estimates shared times, counts what was lost.

The radio's callbacks only stamp and queue. Whoever iterates over a `Collector` does the rest, ten times a
second: packets of both sides are decoded together and handed on as `sensing.events.Samples`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from sensing.clock import LowerHull
from sensing.devices import Batch, Counts, Decoder, Plan
from sensing.events import (
    Event,
    LinkEvent,
    Marks,
    NoticeEvent,
    PauseEvent,
    RawEvent,
    Samples,
    SegmentEvent,
    Source,
    State,
    Status,
    SyncEvent,
    after,
)
from sensing.hardware_sync import synchronise
from sensing.link import SILENCE_S, Arrival, BatteryLevel, Connected, Item, Link, StateChange
from sensing.live_sync import LiveSync
from sensing.recording import FloatArray, Side, Sync
from sensing.scan import Radio, find

__all__ = ["Collector", "Source"]

TICK_S: Final = 0.1
"""How often what arrived is decoded."""

STATUS_S: Final = 1.0
"""How often each side tells how it is doing."""

SYNC_S: Final = 10.0
"""How often the synchronisation is estimated; later, after every tenth of the time that has passed."""

_LEARN_S: Final = 3.0
_DRIFT_S: Final = 30.0
_RATE_WINDOW_S: Final = 5.0
_MOST_AT_ONCE: Final = 5000


class LiveClock:
    """Estimates the times of one connection's samples while they arrive.

    The lower hull so far, once it is three seconds long; before that, the nominal rate and the least delay.

    Parameters
    ----------
    rate_hz : float
        Nominal rate, for devices without a clock.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz: Final = rate_hz
        self._hull = LowerHull(512)
        self.axis_s: FloatArray = np.empty(0)
        """Device times of the samples that came last, or what stands for them."""
        self._count = 0
        self._first: float | None = None
        self._last = -np.inf
        self._least = np.inf

    def times(self, batch: Batch, host_s: FloatArray) -> FloatArray:
        """Times of samples that arrived at ``host_s``, (n,) s."""
        axis = self.axis_s = self._axis(batch)
        fresh = np.append(np.diff(host_s) != 0, True)
        for x, y in zip(axis[fresh].tolist(), host_s[fresh].tolist(), strict=True):
            if x > self._last:
                self._hull.add(x, y)
                self._last = x
        if self._first is None:
            self._first = float(axis[0])
        self._least = min(self._least, float(np.min(host_s - axis)))
        line = self._hull.line() if self._last - self._first >= _LEARN_S else None
        if line is None:
            return axis + self._least
        origin, rate, offset = line
        times: FloatArray = offset + min(max(rate, 0.9), 1.1) * (axis - origin)
        return times

    def drift_ppm(self) -> float | None:
        """How much faster than the host's the device's clock runs; None before that can be told."""
        if self._first is None or self._last - self._first < _DRIFT_S:
            return None
        line = self._hull.line()
        return None if line is None else (1 / line[1] - 1) * 1e6

    def _axis(self, batch: Batch) -> FloatArray:
        if batch.device_time_s is not None:
            return batch.device_time_s
        if batch.seq is not None:
            return batch.seq / self._rate_hz
        index = self._count + np.arange(len(batch), dtype=np.float64)
        self._count += len(batch)
        return index / self._rate_hz


@dataclass
class _Stream:
    """One connection being decoded."""

    number: int
    plan: Plan
    decoder: Decoder
    clock: LiveClock
    counted: bool
    """Whether a counter or a clock tells what is missing."""
    longest: int = 0
    last: Batch | None = None


@dataclass
class _SideState:
    """What is known of one side."""

    state: State = State.SEARCHING
    stream: _Stream | None = None
    past: Counts = field(default_factory=Counts)
    samples: int = 0
    lost: int = 0
    last_s: float = -np.inf
    last_host_s: float | None = None
    recent: deque[tuple[float, int]] = field(default_factory=deque)
    rssi: int | None = None
    battery: float | None = None
    cut_noticed: bool = False
    fresh: list[tuple[float, Batch]] = field(default_factory=list)
    raw: list[tuple[int, str, bytes]] = field(default_factory=list)


class Collector:
    """Two sensors as a `Source`.

    Parameters
    ----------
    sensors : mapping of Side to str
        Name or address of each side's sensor.
    radio : Radio
        The radio.
    drivers : mapping of Side to str, optional
        Drivers that the user names.
    rate_hz : float, optional
        Rate that the user names, Hz.
    raw : bool
        Hand on the packets as well.
    hardware_sync : bool
        Synchronise the sensors' own clocks first, which only DOTs can.
    silence_s : float
        Least time without a packet after which a link counts as lost, s.
    """

    def __init__(
        self,
        sensors: Mapping[Side, str],
        radio: Radio,
        *,
        drivers: Mapping[Side, str] | None = None,
        rate_hz: float | None = None,
        raw: bool = False,
        hardware_sync: bool = False,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._sensors = {side: sensors[side] for side in Side if side in sensors}
        self._radio = radio
        self._drivers = drivers or {}
        self._rate_hz = rate_hz
        self._raw = raw
        self._hardware_sync = hardware_sync
        self._silence_s = silence_s
        self._zero_ns = radio.clock()
        self._queue: deque[Item | Event] = deque()
        self._links: dict[Side, Link] = {}
        self._sides = {side: _SideState() for side in self._sensors}
        self._watchers: list[asyncio.Task[None]] = []
        self._marks = Marks()
        self._leave_out = False
        self._stopping = False
        self._ended = asyncio.Event()
        self._error: BaseException | None = None
        self._next_status_s = STATUS_S
        self._sync = LiveSync()
        self._next_sync_s = SYNC_S
        self._syncing: asyncio.Future[Sync] | None = None

    @property
    def sides(self) -> tuple[Side, ...]:
        """Sides that it has, left first."""
        return tuple(self._sensors)

    @property
    def now_s(self) -> float:
        """Time since the collector was made, s: 0 on the host's timeline."""
        return (self._radio.clock() - self._zero_ns) / 1e9

    async def start(self) -> None:
        """Find, connect and configure both sensors, then start both.

        Raises
        ------
        DeviceUnreachable
            No Bluetooth, or a sensor is not found or does not answer.
        UsageError
            A name is ambiguous, a driver unknown or a rate not supported.
        """
        found = await find(self._radio, list(self._sensors.values()))
        if self._hardware_sync:
            found = await synchronise(self._radio, found, rate_hz=self._rate_hz)
        for side, sensor in zip(self._sensors, found, strict=True):
            self._links[side] = Link(
                side,
                sensor,
                self._radio,
                self._queue.append,
                driver_name=self._drivers.get(side),
                rate_hz=self._rate_hz,
                silence_s=self._silence_s,
            )
        try:
            for link in self._links.values():
                await link.open()
            started = await asyncio.gather(
                *(link.start() for link in self._links.values()), return_exceptions=True
            )
            for failure in started:
                if failure is not None:
                    raise failure
        except BaseException:
            await self.stop()
            raise
        self._watchers = [asyncio.create_task(self._watch(link)) for link in self._links.values()]

    async def stop(self) -> None:
        """Stop both sensors, then disconnect; a second call waits for the first."""
        if self._stopping:
            await self._ended.wait()
            return
        self._stopping = True
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        await asyncio.gather(*(link.close() for link in self._links.values()))
        self._queue.extend(self._marks.end(self.now_s))
        self._ended.set()

    def mark(self) -> None:
        """Mark the start of a set; the next call marks its end."""
        self._queue.extend(self._marks.mark(self.now_s))

    def pause(self) -> None:
        """Leave out what comes from now on; the sensors go on."""
        self._queue.extend(self._marks.pause(self.now_s))

    def resume(self) -> None:
        """Go on after a pause."""
        self._queue.extend(self._marks.resume(self.now_s))

    async def __aiter__(self) -> AsyncIterator[Event]:
        """The events, in order, until it is stopped.

        Raises
        ------
        SidewiseError
            A sensor came back as something that cannot be used.
        """
        while True:
            ended = self._ended.is_set()
            for event in self._drain():
                yield event
            for event in (*self._statuses(), *self._synced()):
                yield event
            if self._error is not None:
                raise self._error
            if self._queue:
                await asyncio.sleep(0)
            elif ended:
                return
            else:
                await self._tick()

    async def _tick(self) -> None:
        try:
            async with asyncio.timeout(TICK_S):
                await self._ended.wait()
        except TimeoutError:
            pass

    async def _watch(self, link: Link) -> None:
        try:
            await link.watch()
        except Exception as error:  # it must end the iteration, whatever it is
            self._error = error

    def _drain(self) -> list[Event]:
        """Decode what has arrived."""
        events: list[Event] = []
        for _ in range(min(len(self._queue), _MOST_AT_ONCE)):
            item = self._queue.popleft()
            if isinstance(item, Arrival):
                self._decode(item)
                continue
            # Whatever else happens is told after the samples that came before it.
            events += self._flush()
            if isinstance(item, Connected):
                events += self._connected(item)
            elif isinstance(item, StateChange):
                self._sides[item.side].state = item.state
                events.append(LinkEvent(item.side, self._seconds(item.time_ns), item.state, item.message))
            elif isinstance(item, BatteryLevel):
                self._sides[item.side].battery = item.percent
            else:
                events += self._user(item)
        return events + self._flush()

    def _seconds(self, time_ns: int) -> float:
        return (time_ns - self._zero_ns) / 1e9

    def _decode(self, arrival: Arrival) -> None:
        side = self._sides[arrival.side]
        stream = side.stream
        if stream is None or stream.number != arrival.connection:
            return
        since_ns = arrival.time_ns - self._zero_ns
        if self._raw:
            side.raw.append((since_ns, arrival.characteristic, arrival.payload))
        stream.longest = max(stream.longest, len(arrival.payload))
        for batch in stream.decoder.feed(arrival.characteristic, arrival.payload):
            side.fresh.append((since_ns / 1e9, batch))

    def _connected(self, item: Connected) -> list[Event]:
        side = self._sides[item.side]
        if side.stream is not None:
            _add(side.past, side.stream.decoder.counts)
        side.stream = _Stream(
            item.connection,
            item.plan,
            item.driver.decoder(item.plan),
            LiveClock(item.plan.rate_hz),
            item.driver.device_clock,
        )
        side.rssi = item.found.rssi
        nominal_hz = None if item.driver.device_clock else item.plan.rate_hz
        self._sync.connected(item.side, item.driver.unseen_latency_s, nominal_hz)
        info = {
            "device": item.found.name or item.driver.title,
            "address": item.found.address,
            "driver": item.driver.name,
            "nominal_hz": item.plan.rate_hz,
            "acc_range": item.plan.acc_range,
            "gyr_range": item.plan.gyr_range,
            "unseen_latency_s": item.driver.unseen_latency_s,
        }
        raw = {
            "driver": self._drivers.get(item.side) or item.driver.name,
            "rate_hz": item.plan.rate_hz,
            "facts": {uuid: value.hex() for uuid, value in item.plan.facts.items()},
        }
        return [SegmentEvent(item.side, self._seconds(item.time_ns), info, raw)]

    def _user(self, event: Event) -> list[Event]:
        if not isinstance(event, PauseEvent):
            return [event]
        self._leave_out = event.end_s is None
        if event.end_s is None:
            return [event]
        # Where nothing counts the samples left out, the row number says no more what the time is.
        at_s = event.end_s
        uncounted = [name for name, side in self._sides.items() if side.stream and not side.stream.counted]
        return [event, *(SegmentEvent(side, at_s) for side in uncounted)]

    def _flush(self) -> list[Event]:
        """What was decoded, one event a side."""
        events: list[Event] = []
        for name, side in self._sides.items():
            if side.raw:
                events.append(RawEvent(name, tuple(side.raw)))
                side.raw = []
            if side.stream is None:
                continue
            if side.fresh:
                samples = self._samples(name, side, side.stream)
                if not self._leave_out:
                    events.append(samples)
            events += _cut_off(name, side, side.stream)
        return events

    def _samples(self, name: Side, side: _SideState, stream: _Stream) -> Samples:
        host = np.repeat([at for at, _ in side.fresh], [len(batch) for _, batch in side.fresh])
        batch = _joined([batch for _, batch in side.fresh])
        side.fresh = []
        stream.counted = stream.counted or batch.seq is not None
        times = after(stream.clock.times(batch, host), side.last_s)
        self._sync.add(name, stream.clock.axis_s, host)
        side.lost += _missing(batch, stream, float(host[0]), side.last_host_s)
        side.samples += len(batch)
        side.last_s, side.last_host_s = float(times[-1]), float(host[-1])
        side.recent.append((side.last_host_s, len(batch)))
        stream.last = batch
        return Samples(name, times, host, batch.acc, batch.gyr, batch.device_time_s, batch.seq)

    def _statuses(self) -> list[Event]:
        now = self.now_s
        if now < self._next_status_s and not self._ended.is_set():
            return []
        self._next_status_s = now + STATUS_S
        return [self._status(name, side, now) for name, side in self._sides.items()]

    def _synced(self) -> list[Event]:
        """Estimate the synchronisation now and then, in a thread."""
        if self._syncing is not None:
            if not self._syncing.done():
                return []
            done, self._syncing = self._syncing, None
            return [SyncEvent(self.now_s, done.result())]
        now = self.now_s
        if now >= self._next_sync_s and not self._ended.is_set():
            self._next_sync_s = now + max(SYNC_S, 0.1 * now)
            snapshot = self._sync.snapshot()
            if snapshot is not None:
                self._syncing = asyncio.get_running_loop().run_in_executor(None, snapshot.sync)
        return []

    def _status(self, name: Side, side: _SideState, now: float) -> Status:
        counts = Counts()
        _add(counts, side.past)
        if side.stream is not None:
            _add(counts, side.stream.decoder.counts)
        while side.recent and side.recent[0][0] < now - _RATE_WINDOW_S:
            side.recent.popleft()
        # The first batch was sampled before the window began.
        window = side.recent[-1][0] - side.recent[0][0] if side.recent else 0.0
        fresh = sum(n for _, n in side.recent) - (side.recent[0][1] if side.recent else 0)
        return Status(
            side=name,
            at_s=now,
            state=side.state,
            samples=side.samples,
            lost=side.lost,
            accepted=counts.accepted,
            rejected=counts.rejected,
            rate_hz=fresh / window if window > 0 else 0.0,
            silent_s=now if side.last_host_s is None else now - side.last_host_s,
            drift_ppm=side.stream.clock.drift_ppm() if side.stream else None,
            rssi=side.rssi,
            battery=side.battery,
        )


def _add(total: Counts, part: Counts) -> None:
    total.samples += part.samples
    total.accepted += part.accepted
    total.rejected += part.rejected
    total.rejected_bytes += part.rejected_bytes


def _joined(batches: list[Batch]) -> Batch:
    """One batch of several from one decoder."""
    if len(batches) == 1:
        return batches[0]
    gyr = [batch.gyr for batch in batches if batch.gyr is not None]
    device = [batch.device_time_s for batch in batches if batch.device_time_s is not None]
    seq = [batch.seq for batch in batches if batch.seq is not None]
    return Batch(
        np.concatenate([batch.acc for batch in batches]),
        np.concatenate(gyr) if len(gyr) == len(batches) else None,
        np.concatenate(device) if len(device) == len(batches) else None,
        np.concatenate(seq) if len(seq) == len(batches) else None,
    )


def _missing(batch: Batch, stream: _Stream, host_s: float, last_host_s: float | None) -> int:
    """Samples lost within and before a batch, as far as counter, clock or a new connection tell."""
    before, rate = stream.last, stream.plan.rate_hz
    if before is None:
        return 0 if last_host_s is None else max(round((host_s - last_host_s) * rate) - 1, 0)
    if batch.seq is not None and before.seq is not None:
        return int(np.sum(np.diff(batch.seq, prepend=before.seq[-1]) - 1))
    if batch.device_time_s is not None and before.device_time_s is not None:
        steps = np.diff(batch.device_time_s, prepend=before.device_time_s[-1]) * rate
        return int(np.sum(np.maximum(np.rint(steps) - 1, 0)))
    return 0


def _cut_off(name: Side, side: _SideState, stream: _Stream) -> list[Event]:
    """Say so where packets arrive shorter than the sensor sends them."""
    counts, needed = stream.decoder.counts, stream.plan.mtu_min - 3
    if side.cut_noticed or counts.samples or counts.rejected < 20 or stream.longest >= needed:
        return []
    side.cut_noticed = True
    message = (
        f"{name}: packets arrive cut to {stream.longest} bytes where the sensor sends {needed}, and none can "
        "be read; remove the sensor from the system's Bluetooth settings, or use another adapter"
    )
    return [NoticeEvent("packets_cut", message)]
