"""When what moves: sets, repetitions, strides, rests and fidgets as sequences of smooth turns."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sensing.recording import GRAVITY, FloatArray, Side
from sensing.simulate.effects import Effects
from sensing.simulate.exercises import STANCE
from sensing.simulate.params import Simulation, pair

LIFT_S = 1.5
"""Time to lift a limb into a hold, and to lower it, s."""
_HOLD_TREMOR = 5.0
_OFF_AXIS = 0.12
_ONSET_SD_S = 0.008
_MAX_REST_S = 40.0
_MIN_REST_S = 20.0


@dataclass(frozen=True, eq=False)
class Turns:
    """Minimum-jerk turns of one joint angle (Flash and Hogan 1985), in order and not overlapping.

    Attributes
    ----------
    start_s, duration_s, delta_deg : (n,) float array
        Start, duration and size of each turn.
    """

    start_s: FloatArray
    duration_s: FloatArray
    delta_deg: FloatArray

    @classmethod
    def joined(cls, parts: Iterable[Turns]) -> Turns:
        """All turns of several sequences, in order of time."""
        parts = list(parts)
        start = np.concatenate([p.start_s for p in parts]) if parts else np.empty(0)
        order = np.argsort(start, kind="stable")
        columns = [(p.duration_s, p.delta_deg) for p in parts]
        duration = np.concatenate([c[0] for c in columns]) if parts else np.empty(0)
        delta = np.concatenate([c[1] for c in columns]) if parts else np.empty(0)
        return cls(start[order], duration[order], delta[order])

    def at(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Angle (deg), angular velocity (deg/s) and angular acceleration (deg/s2) at any times."""
        if not len(self.start_s):
            still = np.zeros_like(time_s)
            return still, still, still
        turn = np.searchsorted(self.start_s, time_s, side="right") - 1
        before = turn < 0
        turn[before] = 0
        duration, delta = self.duration_s[turn], self.delta_deg[turn]
        base = (np.cumsum(self.delta_deg) - self.delta_deg)[turn]
        u = np.clip((time_s - self.start_s[turn]) / duration, 0.0, 1.0)
        u[before] = 0.0
        v = u * (1 - u)
        angle = base + delta * u**3 * (10 + u * (6 * u - 15))
        return angle, delta / duration * 30 * v**2, delta / duration**2 * 60 * v * (1 - 2 * u)


@dataclass(frozen=True, eq=False)
class Track:
    """A joint angle as the sum of sequences of turns, so that one turn may begin before another ends.

    Attributes
    ----------
    layers : tuple of Turns
        Sequences that add up.
    """

    layers: tuple[Turns, ...]

    def at(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Angle (deg), angular velocity (deg/s) and angular acceleration (deg/s2) at any times."""
        angle, rate, change = np.sum([layer.at(time_s) for layer in self.layers], axis=0)
        return angle, rate, change


@dataclass(frozen=True, eq=False)
class SidePlan:
    """What one limb does.

    Attributes
    ----------
    flexion, off_axis : Track
        About the medio-lateral axis, and the small turn across it.
    tremor_gain : Turns
        Steps (not degrees) of tremor above its resting level of 1.
    reps : (sets, reps, 2) float array
        Start and end of each repetition, s; no repetitions for a hold.
    amplitude_deg : (sets, reps) float array
        Size of each repetition.
    shock_s, shock_g : (n,) float array
        Start and peak of each impact.
    contact_s, foot_off_s, stroke_s : (n,) float array
        Foot contacts and offs; times of peak angular velocity of strokes.
    """

    flexion: Track
    off_axis: Track
    tremor_gain: Turns
    reps: FloatArray
    amplitude_deg: FloatArray
    shock_s: FloatArray
    shock_g: FloatArray
    contact_s: FloatArray
    foot_off_s: FloatArray
    stroke_s: FloatArray


@dataclass(frozen=True, eq=False)
class Plan:
    """What both limbs do, and what moves them together.

    Attributes
    ----------
    duration_s : float
        Length of the recording.
    sets : (n, 2) float array
        Start and end of each set.
    sides : (SidePlan, SidePlan)
        Left and right.
    bounce : (n, 4) float array
        Per foot contact: time, stance duration, time to the next contact, peak vertical acceleration
        (m/s2) that carries the body through its flight.
    """

    duration_s: float
    sets: FloatArray
    sides: tuple[SidePlan, SidePlan]
    bounce: FloatArray


@dataclass(frozen=True, eq=False)
class Draws:
    """Everything random about the movement: effects per quantity, and generators for the rest."""

    amplitude: Effects
    tempo: Effects
    impact: Effects
    timing: np.random.Generator
    path: np.random.Generator
    fidgets: np.random.Generator


def make_plan(params: Simulation, draws: Draws) -> Plan:
    """Lay out the whole recording."""
    if params.spec.kind == "still":
        return _plan_still(params, draws)
    shape = (params.n_sets, params.n_reps)
    mean_s = params.rep_s or params.spec.rep_s
    cv = params.spec.tempo_cv if params.tempo_cv is None else params.tempo_cv
    rep_s = mean_s * np.exp(cv * np.clip(draws.timing.standard_normal(shape), -3, 3))
    if params.spec.kind == "strides":
        return _plan_strides(params, draws, rep_s)
    return _plan_reps(params, draws, rep_s)


def _speed(params: Simulation) -> FloatArray:
    """Speed relative to the first repetition: (reps, 2)."""
    decline = np.linspace(0, 1, params.n_reps)[:, None] * np.array(pair(params.fatigue))
    return np.asarray(1 - decline)


def _amplitude(params: Simulation, draws: Draws) -> FloatArray:
    """Size of every repetition, deg: (sets, reps, 2)."""
    size = params.spec.amplitude_deg
    if params.natural:
        # The dominant arm keeps the full movement; the other one's is what is small.
        size *= math.exp(-abs(params.log_ratio("amplitude")) / 2)
    return np.asarray(size * np.exp(draws.amplitude.log_side[0]))


def _rests(params: Simulation, draws: Draws) -> FloatArray:
    drawn = draws.timing.uniform(_MIN_REST_S, _MAX_REST_S, params.n_sets - 1)
    return drawn if params.rest_s is None else np.full(params.n_sets - 1, params.rest_s)


def _set_starts(params: Simulation, draws: Draws, lengths: FloatArray) -> FloatArray:
    return params.still_s + np.concatenate([[0.0], np.cumsum(lengths[:-1] + _rests(params, draws))])


def _plan_reps(params: Simulation, draws: Draws, shared_s: FloatArray) -> Plan:
    spec = params.spec
    duration = shared_s[..., None] * np.exp(draws.tempo.log_side[0]) / _speed(params)
    low, high = spec.pause_s if params.pause_s is None else (params.pause_s,) * 2
    pause = draws.timing.uniform(low, high, shared_s.shape)
    lag = np.clip(draws.timing.normal(0, _ONSET_SD_S, shared_s.shape), -0.03, 0.03) + params.onset_lag_s
    whole = duration + params.hold_s
    if spec.kind == "alternating":
        offset = np.stack([np.zeros_like(pause), whole[..., 0] + pause], axis=-1)
    else:
        offset = np.stack([np.maximum(-lag, 0), np.maximum(lag, 0)], axis=-1)
    slot = np.max(offset + whole, axis=-1) + pause
    lengths = np.sum(slot, axis=1) - pause[:, -1]
    starts = _set_starts(params, draws, lengths)
    slot_start = starts[:, None] + np.cumsum(slot, axis=1) - slot
    rep_start = slot_start[..., None] + offset
    sets = np.stack([rep_start.min(axis=(1, 2)), (rep_start + whole).max(axis=(1, 2))], axis=-1)
    amplitude = _amplitude(params, draws)
    wobble = _wobble(draws, (*shared_s.shape, len(spec.phases)))
    dominant = params.dominant_side
    sides = []
    for i, side in enumerate(Side):
        starts_of_phases = [
            rep_start[..., i] + (params.hold_s if k else 0.0) for k in range(len(spec.phases))
        ]
        flexion, off_axis = _turns(params, starts_of_phases, duration[..., i], amplitude[..., i], wobble)
        if stuck := pair(params.sticking)[i]:
            share = np.broadcast_to(np.linspace(0, stuck, params.n_reps), shared_s.shape).ravel()
            flexion = [part for turns in flexion for part in _broken(turns, share)]
        fidgets = _fidgets(params, draws, sets)
        hit = rep_start[..., i] + _stroke_peak(params) * duration[..., i] + params.hold_s
        strikes = spec.impact_g > 0
        sides.append(
            SidePlan(
                Track((*flexion, fidgets)),
                Track(tuple(off_axis)),
                Turns.joined([]),
                np.stack([rep_start[..., i], rep_start[..., i] + whole[..., i]], axis=-1),
                amplitude[..., i],
                hit.ravel() if strikes and side is dominant else np.empty(0),
                spec.impact_g * np.exp(draws.impact.log_side[0, ..., i]).ravel()
                if strikes and side is dominant
                else np.empty(0),
                np.empty(0),
                np.empty(0),
                hit.ravel() if spec.sport == "tennis" else np.empty(0),
            )
        )
    end = float(sets[-1, 1]) + params.still_s
    return Plan(end, sets, (sides[0], sides[1]), np.empty((0, 4)))


def _broken(turns: Turns, share: FloatArray) -> tuple[Turns, Turns]:
    """The turns, a share of each made in two halves with a stop between them."""
    half_s, half = turns.duration_s / 2, share * turns.delta_deg / 2
    first, second = Turns(turns.start_s, half_s, half), Turns(turns.start_s + half_s, half_s, half)
    return (
        Turns(turns.start_s, turns.duration_s, (1 - share) * turns.delta_deg),
        Turns.joined([first, second]),
    )


def _stroke_peak(params: Simulation) -> float:
    """When the fastest turn of a repetition peaks, as a share of the repetition."""
    _, start, length = max(params.spec.phases, key=lambda phase: abs(phase[0]) / phase[2])
    return start + length / 2


def _wobble(draws: Draws, shape: tuple[int, ...]) -> FloatArray:
    """Off-axis turn as a share of the main one; the same for both sides, so that it adds no asymmetry."""
    return _OFF_AXIS * (1 + 0.3 * np.clip(draws.path.standard_normal(shape), -3, 3))


def _turns(
    params: Simulation,
    starts: list[FloatArray],
    duration: FloatArray,
    amplitude: FloatArray,
    wobble: FloatArray,
) -> tuple[list[Turns], list[Turns]]:
    """Flexion and off-axis turns, a layer a phase; ``starts`` is what each phase's start counts from."""
    flexion, off_axis = [], []
    for k, (share, phase_start, phase_length) in enumerate(params.spec.phases):
        at = (starts[k] + phase_start * duration).ravel()
        length, delta = (phase_length * duration).ravel(), (share * amplitude).ravel()
        across = delta * wobble[..., k].ravel()
        flexion.append(Turns(at, length, delta))
        halves = [Turns(at, length / 2, across), Turns(at + length / 2, length / 2, -across)]
        off_axis.append(Turns.joined(halves))
    return flexion, off_axis


def _fidgets(params: Simulation, draws: Draws, sets: FloatArray) -> Turns:
    """Small movements there and back in the rests, one side at a time."""
    rng, parts = draws.fidgets, []
    for start, end in zip(sets[:-1, 1] + 1.0, sets[1:, 0] - 1.0, strict=True):
        count = round(params.fidgets_per_min * max(end - start, 0.0) / 60)
        if count == 0:
            continue
        length = rng.uniform(0.4, 0.9, count)
        slot = (end - start) / count
        at = start + slot * np.arange(count) + rng.uniform(0, 1, count) * np.maximum(slot - 2 * length, 0)
        size = rng.uniform(3, 10, count) * rng.choice([-1.0, 1.0], count)
        parts += [Turns(at, length, size), Turns(at + length, length, -size)]
    return Turns.joined(parts)


def _plan_strides(params: Simulation, draws: Draws, stride_s: FloatArray) -> Plan:
    spec = params.spec
    stride_s = stride_s / _speed(params).mean(axis=1)
    sets, reps = stride_s.shape
    ends = np.cumsum(stride_s, axis=1)
    left = np.concatenate([np.zeros((sets, 1)), ends], axis=1)
    last = np.concatenate([stride_s, stride_s[:, -1:]], axis=1)
    steps = np.stack([left, left + last / 2], axis=-1)
    starts = _set_starts(params, draws, steps[:, -1, 1])
    contact = starts[:, None, None] + steps
    intervals = np.stack([contact[:, 0, 0], contact[:, -1, 1]], axis=-1)
    length = np.diff(contact, axis=1)
    stance = STANCE * length * np.exp(draws.tempo.log_side[0])
    amplitude = _amplitude(params, draws)
    wobble = _wobble(draws, (sets, reps, len(spec.phases)))
    impact = spec.impact_g * np.exp(draws.impact.log_side[0])
    impact = np.concatenate([impact, impact[:, -1:]], axis=1)
    sides = []
    for i in range(2):
        off = contact[:, :-1, i] + stance[..., i]
        # The foot's landing goes with contact, its swing with foot off.
        starts_of_phases = [contact[:, :-1, i]] * 2 + [off] * 2
        flexion, off_axis = _turns(params, starts_of_phases, length[..., i], amplitude[..., i], wobble)
        sides.append(
            SidePlan(
                Track((*flexion, _fidgets(params, draws, intervals))),
                Track(tuple(off_axis)),
                Turns.joined([]),
                np.stack([contact[:, :-1, i], contact[:, 1:, i]], axis=-1),
                amplitude[..., i],
                contact[..., i].ravel(),
                impact[..., i].ravel(),
                contact[..., i].ravel(),
                off.ravel(),
                np.empty(0),
            )
        )
    end = float(intervals[-1, 1]) + params.still_s
    return Plan(end, intervals, (sides[0], sides[1]), _bounce(contact, stance))


def _bounce(contact: FloatArray, stance: FloatArray) -> FloatArray:
    """Vertical acceleration of the body: half a sine in stance, free fall in flight, no net push a step."""
    sets = contact.shape[0]
    push_s = stance.reshape(sets, -1)
    when = contact.reshape(sets, -1)[:, : push_s.shape[1] + 1]
    step_s = np.diff(when, axis=1)
    peak = GRAVITY * np.pi * step_s / (2 * push_s)
    return np.stack([when[:, :-1].ravel(), push_s.ravel(), step_s.ravel(), peak.ravel()], axis=-1)


def _plan_still(params: Simulation, draws: Draws) -> Plan:
    spec, count = params.spec, params.n_sets
    bout = params.bout_length_s
    nothing = np.empty((0, 0))
    lifts = spec.amplitude_deg > 0
    lengths = np.full(count, bout + (2 * LIFT_S if lifts else 0.0))
    starts = _set_starts(params, draws, lengths)
    sets = np.stack([starts, starts + lengths], axis=-1)
    gain = _HOLD_TREMOR * np.exp(draws.amplitude.log_side[0, :, 0])
    sides = []
    for i in range(2):
        lift = np.full(count, LIFT_S)
        turns, steps = [_fidgets(params, draws, sets)], []
        if lifts:
            down = starts + LIFT_S + bout
            turns += [
                Turns(starts, lift, lift * 0 - spec.amplitude_deg),
                Turns(down, lift, lift * 0 + spec.amplitude_deg),
            ]
            steps = [Turns(starts, lift, gain[:, i] - 1), Turns(down, lift, 1 - gain[:, i])]
        sides.append(
            SidePlan(
                Track((Turns.joined(turns),)),
                Track((Turns.joined([]),)),
                Turns.joined(steps),
                np.empty((count if lifts else 0, 0, 2)),
                nothing,
                *(np.empty(0) for _ in range(5)),
            )
        )
    end = float(sets[-1, 1]) + params.still_s
    return Plan(end, sets if lifts else np.empty((0, 2)), (sides[0], sides[1]), np.empty((0, 4)))
