"""Parts that several decoders share: unwrapping counters, times within frames, joining two streams."""

from __future__ import annotations

from collections import deque
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from sensing.devices import Counts
from sensing.recording import FloatArray, IntArray

Channel = Literal["acc", "gyr"]


def to_int16(values: FloatArray, scale: float) -> npt.NDArray[np.int16]:
    """Physical values to the nearest 16-bit count of ``scale`` each, clipped as a converter clips."""
    counts = np.clip(np.rint(values / scale), -32768, 32767)
    return counts.astype("<i2")


def within(values: FloatArray, limit: float) -> bool:
    """Whether all values are finite and no larger than ``limit``."""
    # NaN compares false, so one pass checks both.
    return bool((np.abs(values) <= limit).all())


class Unwrap:
    """A counter of ``bits`` bits, made to run on; it takes only values that are later than the last one.

    A value counts as later if it is ahead by less than half the range.
    """

    def __init__(self, bits: int) -> None:
        self._range: Final = 1 << bits
        self._last: int | None = None

    def peek(self, raw: int) -> int | None:
        """The unwrapped value, None where ``raw`` repeats the last one or is older; remembers nothing."""
        if self._last is None:
            return raw
        step = (raw - self._last) % self._range
        return self._last + step if 0 < step < self._range // 2 else None

    def accept(self, value: int) -> None:
        """Remember an unwrapped value."""
        self._last = value

    def __call__(self, raw: int) -> int | None:
        """`peek`, and remember."""
        value = self.peek(raw)
        if value is not None:
            self._last = value
        return value


class ByteStream:
    """Finds frames of one length in a stream of bytes that notifications cut anywhere.

    Header bytes may also occur inside a frame. So a frame counts only if another one follows right after it;
    once in step, that is checked as far as bytes are there, and a frame need not wait for the next one.

    Parameters
    ----------
    heads : tuple of bytes
        What a frame starts with.
    length : int
        Bytes in a frame.
    counts : Counts
        Where rejected bytes are counted.
    """

    def __init__(self, heads: tuple[bytes, ...], length: int, counts: Counts) -> None:
        self._heads: Final = heads
        self._length: Final = length
        self._confirm: Final = length + max(len(head) for head in heads)
        self._counts: Final = counts
        self._buffer = b""
        self._in_step = False

    def feed(self, payload: bytes) -> list[bytes]:
        """Take a piece of the stream; give the frames that are complete."""
        data = self._buffer + payload
        frames = []
        at = 0
        while len(data) - at >= self._length:
            if not (self._fits(data, at) and self._fits(data, at + self._length)):
                self._in_step = False
                end = self._next(data, at + 1)
                self._counts.reject(end - at)
                at = end
            elif self._in_step or len(data) - at >= self._confirm:
                self._in_step = True
                frames.append(data[at : at + self._length])
                at += self._length
            else:
                break  # only the next header can tell
        self._buffer = data[at:]
        return frames

    def _fits(self, data: bytes, at: int) -> bool:
        """Whether the bytes from here, as far as they are there, are a header."""
        return any(head.startswith(data[at : at + len(head)]) for head in self._heads)

    def _next(self, data: bytes, at: int) -> int:
        """The next place where a header may start."""
        found = [where for head in self._heads if (where := data.find(head[:1], at)) >= 0]
        return min(found, default=len(data))


class FrameTimes:
    """Times of the samples in frames that carry one time stamp each.

    Crystals differ, so that the period within a frame comes from the stamps themselves, over as long a
    stretch without loss as there is; only before the first second is it the nominal one.

    Parameters
    ----------
    rate_hz : float
        Nominal rate.
    stamped : {"first", "last"}
        Which sample the stamp belongs to.
    """

    def __init__(self, rate_hz: float, stamped: Literal["first", "last"]) -> None:
        self._nominal: Final = 1.0 / rate_hz
        self._period = 1.0 / rate_hz
        self._lead: Final = stamped == "last"
        # The stamp where the stretch without loss began, and samples since.
        self._base: tuple[float, int] | None = None
        self._stamp = -np.inf
        self._size = 0
        self._newest = -np.inf

    def __call__(self, stamp_s: float, n: int) -> FloatArray | None:
        """Times of ``n`` samples, (n,) s; None where the frame cannot follow the one before."""
        if not self._base:
            self._base = (stamp_s, 0)
        elif stamp_s <= self._newest:
            return None
        else:
            passed = n if self._lead else self._size
            step = stamp_s - self._stamp
            if step > (passed + 0.5 * n + 0.5) * self._period:
                self._base = (stamp_s, 0)
            elif self._lead and step < 0.5 * passed * self._period:
                return None
            else:
                self._base = (self._base[0], self._base[1] + passed)
                self._learn(stamp_s)
                if self._lead:
                    return self._keep(stamp_s, n, self._stamp + step / n, step / n)
        first = stamp_s - (n - 1) * self._period if self._lead else stamp_s
        return self._keep(stamp_s, n, first, self._period)

    def _learn(self, stamp_s: float) -> None:
        assert self._base is not None
        since, samples = self._base
        if samples * self._nominal >= 1.0:
            period = (stamp_s - since) / samples
            self._period = min(max(period, 0.8 * self._nominal), 1.25 * self._nominal)

    def _keep(self, stamp_s: float, n: int, first: float, period: float) -> FloatArray:
        times: FloatArray = np.arange(n, dtype=np.float64) * period + first
        self._stamp, self._size, self._newest = stamp_s, n, float(times[-1])
        return times


class NearestJoin:
    """Joins accelerometer and gyroscope samples that arrive apart, each with its own times, at one rate.

    Every accelerometer sample gets the gyroscope sample nearest in time. Nearest and not interpolated,
    because interpolation at an arbitrary phase lowers peaks (5 % at a tenth of the rate), and would do so
    differently on the two sides. Where no gyroscope sample is near, its row is NaN.

    Parameters
    ----------
    rate_hz : float
        Nominal rate of both.
    patience_s : float
        How much newer data may become before a sample stops waiting for the gyroscope.
    """

    def __init__(self, rate_hz: float, patience_s: float = 4.0) -> None:
        self._period: Final = 1.0 / rate_hz
        self._patience: Final = patience_s
        self._time: dict[Channel, FloatArray] = {"acc": np.empty(0), "gyr": np.empty(0)}
        self._rows: dict[Channel, FloatArray] = {"acc": np.empty((0, 3)), "gyr": np.empty((0, 3))}
        self._joined = False

    def add(self, channel: Channel, times: FloatArray, rows: FloatArray) -> tuple[FloatArray, ...] | None:
        """Take samples; give (times, acc, gyr) of those that are complete, or None."""
        self._time[channel] = np.concatenate((self._time[channel], times))
        self._rows[channel] = np.concatenate((self._rows[channel], rows))
        acc_t, gyr_t = self._time["acc"], self._time["gyr"]
        if gyr_t.size > self._patience / self._period and not acc_t.size:
            self._trim("gyr", gyr_t.size // 2)
            return None
        if gyr_t.size and not self._joined and acc_t.size:
            # The streams start one after the other: begin where both are there.
            self._trim("acc", int(np.searchsorted(acc_t, gyr_t[0] - 0.5 * self._period)))
            self._joined = True
            acc_t = self._time["acc"]
        if not acc_t.size:
            return None
        ready = acc_t[-1] - self._patience
        if gyr_t.size:
            ready = max(ready, gyr_t[-1] + 0.5 * self._period)
        n = int(np.searchsorted(acc_t, ready, side="right"))
        if not n:
            return None
        done_t, done = acc_t[:n], self._rows["acc"][:n]
        gyr = self._nearest(done_t)
        self._trim("acc", n)
        self._trim("gyr", int(np.searchsorted(gyr_t, done_t[-1] - self._period)))
        return done_t, done, gyr

    def _nearest(self, times: FloatArray) -> FloatArray:
        gyr_t, gyr = self._time["gyr"], self._rows["gyr"]
        if not gyr_t.size:
            return np.full((times.size, 3), np.nan)
        after = np.clip(np.searchsorted(gyr_t, times), 0, gyr_t.size - 1)
        before = np.maximum(after - 1, 0)
        near = np.where(np.abs(gyr_t[after] - times) < np.abs(gyr_t[before] - times), after, before)
        far = np.abs(gyr_t[near] - times) > 0.75 * self._period
        return np.where(far[:, None], np.nan, gyr[near])

    def _trim(self, channel: Channel, n: int) -> None:
        self._time[channel] = self._time[channel][n:]
        self._rows[channel] = self._rows[channel][n:]


class OrderJoin:
    """Joins accelerometer and gyroscope packets that arrive apart and carry neither time nor counter.

    They come in turn, so the order of arrival pairs them. If one kind keeps waiting over ``window`` packets,
    that many of the other kind were lost (or one sensor started earlier): the oldest are given up, so that
    pairs do not stay shifted. ``seq`` counts them, and they show as lost samples.

    Parameters
    ----------
    window : int
        Packets to watch before giving up.
    """

    def __init__(self, window: int = 16) -> None:
        self._wait: dict[Channel, deque[FloatArray]] = {"acc": deque(), "gyr": deque()}
        self._window: Final = window
        self._watched = 0
        self._idle = window
        self._joined = False
        self._next = 0

    def add(self, channel: Channel, rows: FloatArray) -> tuple[FloatArray, FloatArray, IntArray] | None:
        """Take one packet, (k, 3); give (acc, gyr, seq) of the pair that it completes, or None."""
        acc, gyr = self._wait["acc"], self._wait["gyr"]
        self._wait[channel].append(rows)
        if not self._joined and acc and gyr:
            # What came before both streams ran has no partner.
            for queue in (acc, gyr):
                while len(queue) > 1:
                    queue.popleft()
            self._joined = True
        pair = None
        if acc and gyr:
            pair = self._pair(acc.popleft(), gyr.popleft())
        self._give_up(acc or gyr)
        return pair

    def _pair(self, acc: FloatArray, gyr: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
        n = min(len(acc), len(gyr))
        seq = self._next + np.arange(n, dtype=np.int64)
        self._next += max(len(acc), len(gyr))
        return acc[:n], gyr[:n], seq

    def _give_up(self, waiting: deque[FloatArray]) -> None:
        self._idle = min(self._idle, len(waiting))
        self._watched += 1
        if self._watched >= self._window:
            for _ in range(self._idle):
                lost = waiting.popleft()
                if self._joined:
                    self._next += len(lost)
            self._watched, self._idle = 0, self._window
