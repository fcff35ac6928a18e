"""Athletes with known truth: what two sensors record of a movement whose asymmetry is known.

`simulate` makes a `Recording` and its `Truth`; `save` writes both; `draw_reps` draws the statistical model
alone, many recordings at once.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sensing.clock import combine_fits, fit_clock
from sensing.errors import BadInput
from sensing.recording import GRAVITY, Recording, Side, Stream, Sync
from sensing.simulate.body import draw_tremor, feel
from sensing.simulate.effects import draw_effects, draw_reps
from sensing.simulate.exercises import EXERCISES
from sensing.simulate.muscle import electromyogram
from sensing.simulate.params import (
    Simulation,
    parse_asymmetries,
    parse_asymmetry,
    parse_fraction,
)
from sensing.simulate.radio import DeviceClock, arrivals, draw_clock, received, sample_times
from sensing.simulate.schedule import Draws, Plan, make_plan
from sensing.simulate.sensor import draw_sensor, read_out
from sensing.simulate.straps import hold
from sensing.simulate.truth import MetricTruth, SideTruth, StrokeTruth, Truth, metric_truths, side_truth

__all__ = [
    "EXERCISES",
    "UNSEEN_S",
    "DeviceClock",
    "MetricTruth",
    "SideTruth",
    "Simulated",
    "Simulation",
    "StrokeTruth",
    "Truth",
    "draw_effects",
    "draw_reps",
    "parse_asymmetries",
    "parse_asymmetry",
    "parse_fraction",
    "save",
    "simulate",
]


UNSEEN_S: Final = 0.005
"""Bound on a constant latency difference that the simulated devices state; `Simulation.latency_s` keeps it
unless told otherwise."""


@dataclass(frozen=True, eq=False)
class Simulated:
    """A recording and what is true about it."""

    recording: Recording
    truth: Truth


def simulate(params: Simulation) -> Simulated:
    """Simulate one recording.

    Parameters
    ----------
    params : Simulation
        Athlete, movement and sensors; its seed decides everything random.

    Returns
    -------
    Simulated
        The recording as a receiver would have it, and the truth about it.

    Raises
    ------
    BadInput
        So much is lost that a side has fewer than two samples.
    """
    # One child seed per part, by position: append new ones at the end.
    seeds = np.random.SeedSequence(params.seed).spawn(12)
    rng = [np.random.default_rng(seed) for seed in seeds[:6]]
    draws = Draws(
        draw_effects(params, rng[0], 1, "amplitude"),
        draw_effects(params, rng[1], 1, "tempo"),
        draw_effects(params, rng[2], 1, "impact"),
        *rng[3:6],
    )
    plan = make_plan(params, draws)
    left, left_truth = _record_side(params, plan, Side.LEFT, [*seeds[6:8], seeds[10]])
    right, right_truth = _record_side(params, plan, Side.RIGHT, [*seeds[8:10], seeds[11]])
    amplitude, impact = float(draws.amplitude.remount[0]), float(draws.impact.remount[0])
    truth = Truth(
        parameters=params,
        kind=params.spec.kind,
        duration_s=plan.duration_s,
        sets=tuple((float(a), float(b)) for a, b in plan.sets),
        rests=tuple((float(a), float(b)) for a, b in zip(plan.sets[:-1, 1], plan.sets[1:, 0], strict=True)),
        metrics=metric_truths(params, plan, {"amplitude": amplitude, "tempo": 0.0, "impact": impact}),
        remount_log_ratio=amplitude,
        left=left_truth,
        right=right_truth,
    )
    spec = params.spec
    recording = Recording(
        left=left,
        right=right,
        sync=_sync(params, left, right),
        placement=params.placement or spec.placement,
        athlete=params.athlete,
        sport=spec.sport if params.sport is None else params.sport,
        exercise=spec.label or spec.name,
        dominant=params.dominant_side,
        started_at=params.date,
        mount=params.mount,
        tag=params.tag,
        notes=f"simulated, seed {params.seed}",
    )
    return Simulated(recording, truth)


def save(simulated: Simulated, folder: Path, *, overwrite: bool = False) -> None:
    """Write the recording and its ``truth.json``.

    Parameters
    ----------
    simulated : Simulated
        From `simulate`.
    folder : Path
        Recording folder to make.
    overwrite : bool
        Replace what is there.
    """
    from sensing.store import write_recording

    extra = {"truth.json": simulated.truth.to_json()}
    write_recording(folder, simulated.recording, extra=extra, overwrite=overwrite)


def _record_side(
    params: Simulation, plan: Plan, side: Side, seeds: list[np.random.SeedSequence]
) -> tuple[Stream, SideTruth]:
    worn, link = seeds[0].spawn(3), seeds[1].spawn(4)
    rate_hz = params.rates_hz[list(Side).index(side)]
    clock = draw_clock(params, side, np.random.default_rng(link[0]))
    time_s = sample_times(
        clock, rate_hz, plan.duration_s, np.random.default_rng(link[1]), ideal=params.ideal_clock
    )
    tremor = draw_tremor(params.tremor_deg_s, np.random.default_rng(worn[0]))
    sensor = draw_sensor(params, side, np.random.default_rng(worn[1]))
    acc, gyr = hold(params, plan, side, time_s, *feel(params.spec, plan, side, time_s, tremor))
    acc, gyr = read_out(params, sensor, acc, gyr, rate_hz, np.random.default_rng(worn[2]))
    host_s, packet = arrivals(params, side, time_s, np.random.default_rng(link[2]))
    arrived = received(params, side, time_s, packet, np.random.default_rng(link[3]))
    seq = np.flatnonzero(arrived)
    if len(seq) < 2:
        raise BadInput(f"simulated {side} stream: fewer than 2 samples arrive; lower the loss or the gaps")
    stream = Stream(
        side=side,
        time_s=time_s[seq],
        acc=acc[seq],
        gyr=gyr[seq],
        rate_hz=rate_hz,
        lost=int(seq[-1] - seq[0] + 1 - len(seq)),
        acc_range=params.acc_range_g * GRAVITY,
        gyr_range=params.gyr_range_deg_s,
        device="simulated",
    )
    if not params.ideal_clock:
        # Devices count microseconds; files keep as much of the arrival.
        device_s = np.round(clock.device_time(time_s[seq]), 6) if params.device_clock else None
        host_s = np.round(host_s[seq], 6)
        fit = fit_clock(host_s, device_time_s=device_s, seq=seq, rate_hz=rate_hz)
        stream = dataclasses.replace(
            stream,
            time_s=fit.time_s,
            host_time_s=host_s,
            device_time_s=device_s,
            seq=seq,
            clock=fit.segments,
        )
    before = np.flatnonzero(np.diff(seq) > 1)
    gaps = tuple((float(stream.time_s[i]), float(stream.time_s[i + 1])) for i in before)
    truth = side_truth(params, plan, side, sensor, None if params.ideal_clock else clock, arrived, tremor)
    emg = None
    if params.emg_rate_hz is not None:
        emg = electromyogram(plan, side, params.emg_rate_hz, np.random.default_rng(seeds[2]))
    return dataclasses.replace(stream, gaps=gaps, emg=emg), truth


def _sync(params: Simulation, left: Stream, right: Stream) -> Sync:
    """What a receiver would state that knows the simulated device family."""
    if params.ideal_clock:
        return Sync(0.0, 0.0, 0.0, "hardware")
    method = "hull" if params.device_clock else "index"
    fits = [fit_s for stream in (left, right) for segment in stream.clock if (fit_s := segment.fit_s)]
    if len(fits) < len(left.clock) + len(right.clock):
        return Sync(None, None, UNSEEN_S, method)
    fit_s = combine_fits(max(fits[: len(left.clock)]), max(fits[len(left.clock) :]))
    return Sync(fit_s + UNSEEN_S, fit_s, UNSEEN_S, method)
