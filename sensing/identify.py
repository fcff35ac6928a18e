"""Which sensor is which: find the one that is tapped three times, or make one blink."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from sensing.devices import Batch, Decoder, Driver, Plan
from sensing.errors import DeviceUnreachable, SidewiseError, UsageError
from sensing.link import Connection, connected, driver_for
from sensing.recording import FloatArray
from sensing.scan import Found, Radio, choose_driver

TAP_TIMEOUT_S: Final = 60.0
"""How long `identify_by_tap` waits."""

_TAP: Final = 6.0
"""Least fast acceleration of a tap, m/s2."""
_SAME_TAP_S: Final = 0.12
_BETWEEN_S: Final = (0.12, 0.9)
_QUIET_S: Final = 0.5
_KEPT_S: Final = 6.0


def triple_tap(time_s: FloatArray, acc: FloatArray) -> float | None:
    """Strength of three taps, evenly spaced and alone.

    Parameters
    ----------
    time_s : (n,) float array
        Increasing times, s.
    acc : (n, 3) float array
        Acceleration, m/s2.

    Returns
    -------
    float or None
        Fast acceleration of the weakest of the three taps, m/s2; None where there are no three taps 0.12 to
        0.9 s apart, with half a second of quiet before and after.
    """
    size = np.linalg.norm(acc, axis=1)
    good = np.isfinite(size)
    time_s, size = time_s[good], size[good]
    if len(size) < 10:
        return None
    # A tap is over within 50 ms: what changes more slowly is movement.
    width = max(round(0.25 / float(np.median(np.diff(time_s)))), 3)
    middle = np.lib.stride_tricks.sliding_window_view(np.pad(size, width // 2, mode="edge"), width)
    fast = np.abs(size - np.median(middle, axis=1)[: len(size)])
    taps = _peaks(time_s, fast)
    for first in range(len(taps) - 2):
        strength = _three(taps, first, float(time_s[0]), float(time_s[-1]))
        if strength is not None:
            return strength
    return None


def _peaks(time_s: FloatArray, fast: FloatArray) -> list[tuple[float, float]]:
    """Time and strength of every tap; what rings on belongs to it."""
    taps: list[tuple[float, float]] = []
    for k in np.flatnonzero(fast >= _TAP).tolist():
        at, strength = float(time_s[k]), float(fast[k])
        if taps and at - taps[-1][0] < _SAME_TAP_S:
            taps[-1] = max(taps[-1], (at, strength), key=lambda tap: tap[1])
        else:
            taps.append((at, strength))
    return taps


def _three(taps: list[tuple[float, float]], first: int, start_s: float, end_s: float) -> float | None:
    times = [at for at, _ in taps[first : first + 3]]
    strengths = [strength for _, strength in taps[first : first + 3]]
    steps = np.diff(times)
    before = taps[first - 1][0] if first else start_s
    after = taps[first + 3][0] if first + 3 < len(taps) else end_s
    even = _BETWEEN_S[0] <= min(steps) and max(steps) <= min(_BETWEEN_S[1], 2 * min(steps))
    alone = times[0] - before >= _QUIET_S and after - times[-1] >= _QUIET_S
    alike = min(strengths) >= 0.2 * max(strengths)
    return min(strengths) if even and alone and alike else None


@dataclass
class _Listening:
    """One sensor that streams, and its last seconds."""

    found: Found
    connection: Connection
    driver: Driver
    plan: Plan
    decoder: Decoder
    queue: list[tuple[str, bytes]]
    batches: list[Batch] = field(default_factory=list)

    def tapped(self) -> float | None:
        """Decode what has arrived; strength of three taps among it."""
        taken, self.queue[:] = list(self.queue), []
        for characteristic, payload in taken:
            self.batches += self.decoder.feed(characteristic, payload)
        if not self.batches:
            return None
        acc = np.concatenate([batch.acc for batch in self.batches])[-int(_KEPT_S * self.plan.rate_hz) :]
        self.batches = [Batch(acc, None)]
        return triple_tap(np.arange(len(acc)) / self.plan.rate_hz, acc)


async def identify_by_tap(
    radio: Radio,
    candidates: Sequence[Found],
    *,
    driver_name: str | None = None,
    timeout_s: float = TAP_TIMEOUT_S,
    on_ready: Callable[[tuple[Found, ...]], None] | None = None,
) -> Found:
    """The sensor that is tapped three times, by its acceleration.

    Parameters
    ----------
    radio : Radio
        The radio.
    candidates : sequence of Found
        Sensors to listen to; those that no driver knows, or that do not answer, are left out.
    driver_name : str, optional
        Driver that the user names, for all.
    timeout_s : float
        How long to wait for the taps, s.
    on_ready : callable, optional
        Called with the sensors that are listened to, as soon as they stream: now tap.

    Raises
    ------
    DeviceUnreachable
        No sensor can be listened to, or none was tapped in time.
    """
    listening: list[_Listening] = []
    refused: list[str] = []
    try:
        for found in candidates:
            if choose_driver(found, driver_name) is None:
                continue
            try:
                listening.append(await _listen(radio, found, driver_name))
            except SidewiseError as error:
                refused.append(str(error))
        if not listening:
            raise DeviceUnreachable(
                "; ".join(refused) or "no sensor that a driver knows is nearby; wake them"
            )
        if on_ready is not None:
            on_ready(tuple(each.found for each in listening))
        return await _first_tapped(listening, timeout_s)
    finally:
        for each in listening:
            await each.connection.close(each.plan.stop)


async def _listen(radio: Radio, found: Found, driver_name: str | None) -> _Listening:
    queue: list[tuple[str, bytes]] = []
    connection = Connection(found, radio, lambda _, uuid, payload: queue.append((uuid, payload)))
    await connection.open()
    try:
        driver = driver_for(connection, driver_name)
        plan = driver.plan(facts=await connection.facts(driver))
        await connection.run((*plan.prepare, *plan.start))
    except BaseException:
        await connection.close()
        raise
    return _Listening(found, connection, driver, plan, driver.decoder(plan), queue)


async def _first_tapped(listening: Sequence[_Listening], timeout_s: float) -> Found:
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                await asyncio.sleep(0.2)
                taps = [(strength, each) for each in listening if (strength := each.tapped()) is not None]
                strongest = max((strength for strength, _ in taps), default=0.0)
                # A tap may shake a sensor that lies beside the one meant.
                clear = [each for strength, each in taps if strength >= 0.5 * strongest]
                if len(clear) == 1:
                    return clear[0].found
    except TimeoutError:
        names = ", ".join(each.found.label for each in listening)
        raise DeviceUnreachable(
            f"no sensor was tapped three times within {timeout_s:g} s; tap harder, about twice a second "
            f"(listened to {names})"
        ) from None


async def read_battery(radio: Radio, found: Found, driver_name: str | None = None) -> float | None:
    """Battery level in percent: connects for it; None where the sensor is unknown or does not tell."""
    chosen = choose_driver(found, driver_name)
    if chosen is None:
        return None
    async with connected(radio, found) as connection:
        return await connection.battery(chosen.battery)


async def blink(radio: Radio, found: Found, driver_name: str | None = None) -> None:
    """Make a sensor's light blink.

    Raises
    ------
    DeviceUnreachable
        It does not answer.
    UsageError
        No driver knows it, or it has no light to command.
    """
    async with connected(radio, found) as connection:
        chosen = driver_for(connection, driver_name)
        steps = chosen.identify(await connection.facts(chosen))
        if not steps:
            raise UsageError(f"{found.label}: a {chosen.title} cannot blink; tap it instead")
        await connection.run(steps)
