"""The end of a recording: clocks, knocks and synchronisation, from what is in the folder.

Everything is worked out from the raw files, so that it can be done again: `finish` for the sidecar of a
recording that ends as planned, `recover` for one that a crash cut short, when it is opened.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from sensing.clock import (
    UNSEEN_UNKNOWN_S,
    ClockFit,
    Knocks,
    apply_clock,
    apply_knocks,
    clock_axis,
    find_knocks,
    fit_clock,
    pair_sync,
)
from sensing.errors import BadInput
from sensing.recording import ClockSegment, Interval, Notice, Recording, Side, Stream, Sync
from sensing.retime import estimate_rate, find_gaps
from sensing.stored import read_recording, read_sidecar

HARDWARE_SYNC_S: Final = 0.0018
"""Error that the maker states for synchronised DOTs after 30 min (Xsens, Xsens DOT User Manual)."""

_OFF_RATE: Final = 0.08
_UNDER_WAY_S: Final = 0.2
_BURST_S: Final = 3.0
_SAME_CLOCK_S: Final = 0.1
"""Most that the delays of two links differ by."""


@dataclass(frozen=True)
class Finished:
    """What the sidecar is to say at the end.

    Attributes
    ----------
    sync : Sync
        How well the sides share the timeline.
    sides : mapping of Side to mapping
        Fields of each side: ``clock``, ``segments``, ``rate_hz``, ``nominal_hz``, ``gaps``, ``lost``.
    knocks : Knocks or None
        Knocks that were found and applied.
    notices : tuple of (code, message)
        Doubts.
    """

    sync: Sync
    sides: Mapping[Side, Mapping[str, Any]]
    knocks: Knocks | None
    notices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class _Fitted:
    stream: Stream
    fit: ClockFit
    nominal_hz: float | None
    starts: tuple[int, ...]


def finish(folder: str | Path) -> Finished:
    """Fit the clocks of a recording folder and state how well its sides share a timeline.

    Parameters
    ----------
    folder : str or Path
        Recording folder; it is only read.

    Returns
    -------
    Finished

    Raises
    ------
    BadInput
        It cannot be read, or holds no samples.
    """
    return _worked_out(read_recording(folder), read_sidecar(Path(folder)))[0]


def recover(recording: Recording) -> Recording:
    """Do for a recording that ended early what its recorder could not: clocks, knocks, synchronisation.

    Parameters
    ----------
    recording : Recording
        As `sensing.stored.read_recording` gives it.

    Returns
    -------
    Recording
        With what `finish` finds; unchanged where it is complete, one-sided or synchronised already, or where
        too little arrived.
    """
    raw = [stream for stream in recording.streams() if stream.host_time_s is not None]
    if recording.complete or recording.path is None or recording.sync != Sync() or len(raw) < 2:
        return recording
    try:
        finished, streams = _worked_out(recording, read_sidecar(recording.path))
    except BadInput:
        return recording
    return dataclasses.replace(
        recording,
        left=streams[Side.LEFT],
        right=streams[Side.RIGHT],
        sync=finished.sync,
        notices=recording.notices + tuple(Notice(*notice) for notice in finished.notices),
    )


def _worked_out(recording: Recording, meta: Mapping[str, Any]) -> tuple[Finished, Mapping[Side, Stream]]:
    """What `finish` returns, and the streams by it."""
    pauses = [(float(start), float(end)) for start, end in meta.get("pauses") or ()]
    infos = {side: meta.get(side.value) or {} for side in Side}
    fitted = {stream.side: _fitted(stream, infos[stream.side]) for stream in recording.streams()}
    notices = tuple(n for side, each in fitted.items() for n in _off_rate(each, infos[side]))
    hardware = meta.get("hardware_sync") is True
    if hardware and not _share_a_clock(fitted):
        hardware = False
        notices += (
            ("hardware_sync_lost", "the sensors' clocks differ, so that their synchronisation was not used"),
        )
    if hardware:
        fitted = _on_one_clock(fitted)
    sync, knocks = Sync(), None
    if len(fitted) == 2:
        left, right = fitted[Side.LEFT], fitted[Side.RIGHT]
        if not hardware:
            knocks = find_knocks(left.fit.time_s, left.stream.acc, right.fit.time_s, right.stream.acc)
        sync = pair_sync(
            left.fit,
            right.fit,
            unseen_s=(_unseen(infos[Side.LEFT]), _unseen(infos[Side.RIGHT])),
            knocks=knocks,
            hardware_s=HARDWARE_SYNC_S if hardware else None,
        )
        if knocks is not None:
            fitted = {side: _knocked(each, knocks) for side, each in fitted.items()}
    sides = {side: _side_info(each, pauses) for side, each in fitted.items()}
    streams = {side: _timed(each, sides[side]) for side, each in fitted.items()}
    return Finished(sync, sides, knocks, notices), streams


def _timed(fitted: _Fitted, info: Mapping[str, Any]) -> Stream:
    """The stream on its timeline."""
    return dataclasses.replace(
        fitted.stream,
        time_s=fitted.fit.time_s,
        clock=fitted.fit.segments,
        rate_hz=info["rate_hz"],
        gaps=info["gaps"],
        lost=info["lost"],
    )


def _unseen(info: Mapping[str, Any]) -> float:
    """Bound on a side's constant latency, as its driver states it."""
    stated = info.get("unseen_latency_s")
    return float(stated) if isinstance(stated, int | float) else UNSEEN_UNKNOWN_S


def _fitted(stream: Stream, info: Mapping[str, Any]) -> _Fitted:
    assert stream.host_time_s is not None
    starts = tuple(s for s in info.get("segments") or (0,) if s < len(stream))
    nominal = info.get("nominal_hz")
    if stream.device_time_s is None and nominal is not None:
        observed = _observed_rate(stream, starts)
        # A sensor that does not run at the rate asked for has to be taken as it is.
        nominal = nominal if observed is None or abs(observed / nominal - 1) < _OFF_RATE else None
    fit = fit_clock(
        stream.host_time_s,
        device_time_s=stream.device_time_s,
        seq=stream.seq,
        segment_starts=starts,
        rate_hz=nominal,
    )
    return _with_bursts(_Fitted(stream, fit, nominal, starts))


def _with_bursts(fitted: _Fitted) -> _Fitted:
    """Give a burst after a pause to the time before it, where nothing but the row number tells the time.

    While a link is cut, a sensor goes on filling its queue; once that is full, it throws new packets away,
    not old ones. So what comes in a burst when the link is back was sampled before the loss, not after it.
    """
    stream, lines = fitted.stream, list(fitted.fit.segments)
    if stream.device_time_s is not None or stream.seq is not None or len(lines) < 2:
        return fitted
    assert stream.host_time_s is not None
    for i in range(1, len(lines)):
        before, after = lines[i - 1], lines[i]
        if after.start in fitted.starts or after.stop - after.start < 3:
            continue
        host = stream.host_time_s[after.start : after.stop]
        host = host[: int(np.searchsorted(host, host[0] + _BURST_S))]
        period = after.rate / (fitted.nominal_hz or 1.0)
        lead = np.arange(len(host)) - (host - host[0]) / period
        # Once the queue is empty, the lead stays at what was in it when the link came back.
        burst = round(float(np.median(lead[len(lead) // 2 :])))
        if burst >= 2 and burst < after.stop - after.start:
            lines[i - 1] = dataclasses.replace(before, stop=after.start + burst)
            lines[i] = dataclasses.replace(after, start=after.start + burst)
    return _with_lines(fitted, tuple(lines))


def _observed_rate(stream: Stream, starts: Sequence[int]) -> float | None:
    """Samples per second of arrival over the longest segment; None below three seconds."""
    assert stream.host_time_s is not None
    bounds = list(zip(starts, [*starts[1:], len(stream)], strict=True))
    start, stop = max(bounds, key=lambda b: b[1] - b[0])
    span = float(stream.host_time_s[stop - 1] - stream.host_time_s[start])
    return (stop - 1 - start) / span if span >= 3 else None


def _off_rate(fitted: _Fitted, info: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    asked, side = info.get("nominal_hz"), fitted.stream.side
    rate = estimate_rate(fitted.fit.time_s, fitted.stream.seq)
    if asked is None or not np.isfinite(rate) or abs(rate / asked - 1) < _OFF_RATE:
        return ()
    return (("rate_differs", f"the {side} sensor was set to {asked:g} Hz but gave {rate:.1f} Hz"),)


def _share_a_clock(fitted: Mapping[Side, _Fitted]) -> bool:
    """Whether arrivals of both sides agree that their device times are the same."""
    if len(fitted) < 2 or any(each.stream.device_time_s is None for each in fitted.values()):
        return False
    lines = [max(each.fit.segments, key=lambda s: s.stop - s.start) for each in fitted.values()]
    at = np.mean([line.origin_s for line in lines])
    left, right = (line.offset_s + line.rate * (at - line.origin_s) for line in lines)
    return bool(abs(left - right) < _SAME_CLOCK_S)


def _on_one_clock(fitted: Mapping[Side, _Fitted]) -> dict[Side, _Fitted]:
    """Put both sides on the one line of the longest segment: in hardware they share one clock."""
    segments = [segment for each in fitted.values() for segment in each.fit.segments]
    best = max(segments, key=lambda s: s.stop - s.start)
    together = {}
    for side, each in fitted.items():
        lines = tuple(
            dataclasses.replace(best, start=segment.start, stop=segment.stop) for segment in each.fit.segments
        )
        together[side] = _with_lines(each, lines)
    return together


def _with_lines(fitted: _Fitted, lines: tuple[ClockSegment, ...]) -> _Fitted:
    stream = fitted.stream
    axis = clock_axis(
        len(stream), device_time_s=stream.device_time_s, seq=stream.seq, rate_hz=fitted.nominal_hz
    )
    fit = dataclasses.replace(fitted.fit, time_s=apply_clock(axis, lines), segments=lines)
    return dataclasses.replace(fitted, fit=fit)


def _knocked(fitted: _Fitted, knocks: Knocks) -> _Fitted:
    """Move one side by what the knocks show: by a line between them, by a constant before and after."""
    lines = []
    for segment in fitted.fit.segments:
        time_s = fitted.fit.time_s[segment.start : segment.stop]
        cuts = np.unique([0, *np.searchsorted(time_s, knocks.at_s), len(time_s)])
        for start, stop in pairwise(cuts.tolist()):
            ends = time_s[[start, stop - 1]]
            left, right = apply_knocks(ends, ends, knocks)
            moved = left if fitted.stream.side is Side.LEFT else right
            slope = float((moved[1] - moved[0]) / (ends[1] - ends[0])) if stop - start > 1 else 1.0
            line = dataclasses.replace(
                segment,
                start=segment.start + start,
                stop=segment.start + stop,
                rate=segment.rate * slope,
                offset_s=float(moved[0] + slope * (segment.offset_s - ends[0])),
            )
            lines.append(line)
    return _with_lines(fitted, tuple(lines))


def _side_info(fitted: _Fitted, pauses: Sequence[Interval]) -> dict[str, Any]:
    stream, time_s = fitted.stream, fitted.fit.time_s
    rate = estimate_rate(time_s, stream.seq)
    if not np.isfinite(rate):
        raise BadInput(f"the {stream.side} sensor gave too few samples")
    gaps, lost = find_gaps(time_s, rate, stream.seq, fitted.starts)
    assert stream.host_time_s is not None
    for start, end in pauses:
        # What the user left out is not lost.
        at = int(np.searchsorted(stream.host_time_s, start))
        if 0 < at < len(stream):
            absent = float(time_s[at] - time_s[at - 1])
            # A little more than the pause is what was under way when it began and ended.
            left_out = absent if absent < end - start + _UNDER_WAY_S else end - start
            lost -= min(max(round(left_out * rate) - 1, 0), lost)
    return {
        "clock": fitted.fit.segments,
        "segments": fitted.starts,
        "rate_hz": rate,
        "nominal_hz": fitted.nominal_hz,
        "gaps": gaps,
        "lost": lost,
    }
