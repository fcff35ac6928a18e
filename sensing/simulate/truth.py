"""What is true about a simulated recording: the answers that an analysis can be held against."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np

from sensing.recording import FloatArray, Interval, Side
from sensing.simulate.body import Tremor, feel
from sensing.simulate.exercises import STANCE
from sensing.simulate.params import QUANTITIES, Simulation
from sensing.simulate.radio import DeviceClock
from sensing.simulate.schedule import LIFT_S, Plan, SidePlan
from sensing.simulate.sensor import Sensor

SCHEMA: Final = "sidewise.truth/1"
_FINE = 1001

Values = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class StrokeTruth:
    """One stroke: time and size of the peak angular velocity."""

    t_s: float
    peak_deg_s: float


@dataclass(frozen=True)
class SideTruth:
    """Truth about one side; times are true (host) times, s.

    Attributes
    ----------
    reps : tuple per set of (start_s, end_s)
        Turning points that bound each repetition (a stroke: from the start of the backswing to the end of the
        recovery); foot contacts for strides.
    contact_s, foot_off_s : tuple of float
        Foot contacts and offs.
    strokes : tuple of StrokeTruth
        Tennis strokes.
    mounting : 3 x 3 tuple of tuples
        Rotation from sensor axes to segment axes.
    acc_bias, gyr_bias : tuple of float
        Zero offsets, m/s2 and deg/s.
    acc_gain, gyr_gain : float
        Gains.
    clock : DeviceClock or None
        None where clocks are ideal.
    samples : int
        Samples that the device took.
    lost : tuple of (first, count)
        Runs of sample counters that never arrived.
    tremor_m_s2 : tuple of float
        RMS acceleration of tremor in each set without repetitions (a hold), m/s2.
    """

    reps: tuple[tuple[Interval, ...], ...]
    contact_s: tuple[float, ...]
    foot_off_s: tuple[float, ...]
    strokes: tuple[StrokeTruth, ...]
    mounting: Values
    acc_bias: tuple[float, ...]
    gyr_bias: tuple[float, ...]
    acc_gain: float
    gyr_gain: float
    clock: DeviceClock | None
    samples: int
    lost: tuple[tuple[int, int], ...]
    tremor_m_s2: tuple[float, ...] = ()


@dataclass(frozen=True)
class MetricTruth:
    """True values of one metric, from the voluntary movement without tremor, sensor or radio.

    ``range_of_motion`` is that of flexion; ``impact_peak`` is the shock alone, to which a sensor adds what
    the body and the turning leg do at that moment.

    Attributes
    ----------
    name, unit : str
        As in an analysis.
    left, right : tuple per set of values per repetition
        Values.
    set_log_ratios : tuple of float
        ln(right / left) of each set: mean over its paired repetitions.
    log_ratio : float
        Mean over sets, as this mounting of the sensors shows it.
    log_ratio_without_remount : float
        The same without the effect of this mounting: what the athlete did.
    asked : float
        ln(right / left) that the parameters ask for, before any random effect.
    """

    name: str
    unit: str
    left: Values
    right: Values
    set_log_ratios: tuple[float, ...]
    log_ratio: float
    log_ratio_without_remount: float
    asked: float


@dataclass(frozen=True)
class Truth:
    """Everything known about one simulated recording.

    Attributes
    ----------
    parameters : Simulation
        What made it.
    kind : str
        ``simultaneous``, ``alternating``, ``strides`` or ``still``.
    duration_s : float
        Length of the recording, s.
    sets, rests : tuple of (start_s, end_s)
        Sets, and the time between them.
    metrics : tuple of MetricTruth
        True values; empty where nothing is repeated.
    remount_log_ratio : float
        Effect of this mounting of the sensors on ln(R/L) of amplitudes.
    left, right : SideTruth
        Per side.
    """

    parameters: Simulation
    kind: str
    duration_s: float
    sets: tuple[Interval, ...]
    rests: tuple[Interval, ...]
    metrics: tuple[MetricTruth, ...]
    remount_log_ratio: float
    left: SideTruth
    right: SideTruth

    def metric(self, name: str) -> MetricTruth:
        """The metric of this name; KeyError where there is none."""
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise KeyError(name)

    def side(self, side: Side) -> SideTruth:
        """Truth about one side."""
        return self.left if side is Side.LEFT else self.right

    def to_json(self) -> str:
        """JSON text, schema ``sidewise.truth/1``."""
        return json.dumps({"schema": SCHEMA} | _plain(self), indent=1, allow_nan=False) + "\n"


def side_truth(
    params: Simulation,
    plan: Plan,
    side: Side,
    sensor: Sensor,
    clock: DeviceClock | None,
    arrived: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    tremor: Tremor,
) -> SideTruth:
    """Collect what is true about one side; ``arrived`` says which of the device's samples did."""
    limb = plan.sides[list(Side).index(side)]
    _, gyr = feel(params.spec, plan, side, limb.stroke_s)
    peaks = np.linalg.norm(gyr, axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[True], arrived, [True]]).astype(np.int8)))
    return SideTruth(
        reps=tuple(tuple((float(a), float(b)) for a, b in reps) for reps in limb.reps),
        contact_s=tuple(limb.contact_s.tolist()),
        foot_off_s=tuple(limb.foot_off_s.tolist()),
        strokes=tuple(StrokeTruth(float(t), float(p)) for t, p in zip(limb.stroke_s, peaks, strict=True)),
        mounting=_rows(sensor.mounting),
        acc_bias=tuple(sensor.acc_bias.tolist()),
        gyr_bias=tuple(sensor.gyr_bias.tolist()),
        acc_gain=sensor.acc_gain,
        gyr_gain=sensor.gyr_gain,
        clock=clock,
        samples=len(arrived),
        lost=tuple((int(a), int(b - a)) for a, b in edges.reshape(-1, 2)),
        tremor_m_s2=_tremor_of_holds(params, plan, side, tremor),
    )


def _tremor_of_holds(params: Simulation, plan: Plan, side: Side, tremor: Tremor) -> tuple[float, ...]:
    """RMS over each hold, lifting and lowering left out, of what tremor alone adds to the acceleration."""
    if params.spec.kind != "still":
        return ()
    sway = dataclasses.replace(tremor, rate_deg_s=np.where(tremor.is_tremor, 0.0, tremor.rate_deg_s))
    found = []
    for start, end in plan.sets:
        grid = np.arange(start + LIFT_S, end - LIFT_S, 1e-3)
        with_it, without = (feel(params.spec, plan, side, grid, each)[0] for each in (tremor, sway))
        found.append(float(np.sqrt(((with_it - without) ** 2).sum(axis=1).mean())))
    return tuple(found)


def metric_truths(params: Simulation, plan: Plan, remounts: dict[str, float]) -> tuple[MetricTruth, ...]:
    """True metrics of every repetition, measured on a fine grid of the noise-free movement.

    Parameters
    ----------
    params, plan
        What was simulated.
    remounts : dict of str to float
        Remount effect of each quantity, ln(R/L).
    """
    if params.spec.kind == "still":
        return ()
    left, right = (_side_values(params, plan, limb) for limb in plan.sides)
    asked = _asked(params)
    truths = []
    for name, (unit, quantity) in _METRICS.items():
        if name not in left:
            continue
        ratios = np.log(right[name] / left[name]).mean(axis=1)
        mean = float(ratios.mean())
        truths.append(
            MetricTruth(
                name,
                unit,
                _rows(left[name]),
                _rows(right[name]),
                tuple(ratios.tolist()),
                mean,
                mean - remounts[quantity],
                asked[name],
            )
        )
    return tuple(truths)


_METRICS: Final = {
    "angle_travelled": ("deg", "amplitude"),
    "peak_angular_velocity": ("deg/s", "amplitude"),
    "range_of_motion": ("deg", "amplitude"),
    "rep_duration": ("s", "tempo"),
    "stride_time": ("s", "tempo"),
    "stance_time": ("s", "tempo"),
    "swing_time": ("s", "tempo"),
    "impact_peak": ("g", "impact"),
}


def _asked(params: Simulation) -> dict[str, float]:
    """ln(R/L) of each metric without random effects."""
    size, tempo, impact = (params.log_ratio(name) for name in QUANTITIES)
    # Strides keep their length when stance changes; elsewhere a longer repetition is a slower one.
    longer = 0.0 if params.spec.kind == "strides" else tempo
    swing = math.log1p(-STANCE * math.exp(tempo / 2)) - math.log1p(-STANCE * math.exp(-tempo / 2))
    return {
        "angle_travelled": size,
        "peak_angular_velocity": size - longer,
        "range_of_motion": size,
        "rep_duration": longer,
        "stride_time": 0.0,
        "stance_time": tempo,
        "swing_time": swing,
        "impact_peak": impact,
    }


def _side_values(params: Simulation, plan: Plan, limb: SidePlan) -> dict[str, FloatArray]:
    """Metric values of one side, each (sets, reps)."""
    start, duration = limb.reps[..., 0], np.diff(limb.reps, axis=-1)[..., 0]
    grid = start[..., None] + duration[..., None] * np.linspace(0, 1, _FINE)
    flexion, rate, _ = limb.flexion.at(grid)
    speed = np.hypot(rate, limb.off_axis.at(grid)[1])
    steps = (speed[..., 1:] + speed[..., :-1]) / 2
    values = {
        "angle_travelled": steps.mean(axis=-1) * duration,
        "peak_angular_velocity": speed.max(axis=-1),
        "range_of_motion": np.ptp(flexion, axis=-1),
        "rep_duration": duration,
    }
    if params.spec.kind == "strides":
        stance = limb.foot_off_s.reshape(start.shape) - start
        values |= {"stride_time": duration, "stance_time": stance, "swing_time": duration - stance}
        values["impact_peak"] = limb.shock_g.reshape(len(start), -1)[:, :-1]
    return values


def _rows(values: FloatArray) -> Values:
    return tuple(tuple(row) for row in values.tolist())


def _plain(value: Any) -> Any:
    """Dataclasses, tuples, enums and dates as JSON types."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return value.value if isinstance(value, StrEnum) else value
