"""What can be asked of the simulator, and how the command line's words become numbers."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sensing.errors import UsageError
from sensing.recording import Interval, Placement, Side
from sensing.simulate.exercises import EXERCISES, Exercise, find_exercise

Mounting = Literal["mirrored", "random", "identity"]
PerSide = float | tuple[float, float]

QUANTITIES: Final = ("amplitude", "tempo", "impact")
"""What can differ between the sides: size of the movement, its duration, and the shock at contact."""

_QUANTITY_OF: Final = {
    "angle_travelled": "amplitude",
    "peak_angular_velocity": "amplitude",
    "range_of_motion": "amplitude",
    "rep_duration": "tempo",
    "duration": "tempo",
    "stance_time": "tempo",
    "impact_peak": "impact",
    "impact_load": "impact",
} | {name: name for name in QUANTITIES}
_MAX_ASYM: Final = 1.5
_MAX_SAMPLES: Final = 20_000_000


def quantity(name: str) -> str:
    """The quantity (`amplitude`, `tempo`, `impact`) that a metric's name stands for."""
    try:
        return _QUANTITY_OF[name.strip().lower().replace("-", "_")]
    except KeyError:
        raise UsageError(f"unknown metric {name!r} for an asymmetry; use {', '.join(QUANTITIES)}") from None


def parse_asymmetry(text: str) -> float:
    """An asymmetry as people write it, as ln(right / left).

    Parameters
    ----------
    text : str
        ``+12%`` (right is 12 % larger, R/L = 1.12), ``-12%`` (R/L = 0.88), or a ratio ``x1.12``.

    Returns
    -------
    float
        ln(R/L); ``+12%`` gives 0.1133.

    Raises
    ------
    UsageError
        Anything else, or a ratio outside exp(-1.5) to exp(1.5).
    """
    number = r"\s*([+-]?\d*\.?\d+)\s*"
    if match := re.fullmatch(number + "%", text):
        ratio = 1 + float(match[1]) / 100
    elif match := re.fullmatch("x" + number, text.strip()):
        ratio = float(match[1])
    else:
        raise UsageError(f"asymmetry {text!r} is not understood; write +12% (or x1.12 for right/left = 1.12)")
    if not math.exp(-_MAX_ASYM) <= ratio <= math.exp(_MAX_ASYM):
        raise UsageError(f"asymmetry {text!r} is outside -77% to +348%")
    return math.log(ratio)


def parse_asymmetries(text: str) -> float | dict[str, float]:
    """One asymmetry for the movement, or several: ``+12%`` or ``amplitude=+12%,tempo=-5%``.

    Returns
    -------
    float or dict of str to float
        ln(R/L), per quantity where names were given; what `Simulation.asym` takes.
    """
    if "=" not in text:
        return parse_asymmetry(text)
    parts = [part.partition("=") for part in text.split(",")]
    return {quantity(name): parse_asymmetry(value) for name, _, value in parts}


def parse_fraction(text: str) -> float:
    """A fraction as people write it: ``10%`` or ``0.1``, between 0 and 1."""
    match = re.fullmatch(r"\s*(\d*\.?\d+)\s*(%?)\s*", text)
    value = float(match[1]) / (100 if match[2] else 1) if match else math.nan
    if not 0 <= value <= 1:
        raise UsageError(f"{text!r} is not a fraction; write a percentage such as 10%, up to 100%")
    return value


@dataclass(frozen=True)
class Simulation:
    """An athlete, what they do, and the sensors they wear.

    Where a parameter takes one value per side it may be given as one number or as (left, right).

    Attributes
    ----------
    exercise : str
        ``squat``, ``curl``, ``row``, ``run``, ``tennis``, ``hold``, ``stand``, or an alias of one.
    sets, reps : int or None
        Sets, and repetitions (strides, strokes) in each; None takes the exercise's own, mostly 3 and 8.
    asym : float, mapping or None
        ln(right / left) of the movement's size, or per quantity: ``amplitude`` (angles, hence angular
        velocity), ``tempo`` (duration of a repetition; stance time in running), ``impact``. None is
        symmetric, save tennis, where the other arm then moves a third as far as the dominant one.
    cv : float
        Repetition CV of one side's amplitude (log-normal); timing varies a fifth as much.
    set_sd, remount_sd : float
        SD of ln(R/L) between sets, and between two mountings of the sensors (one draw a recording; not in
        timing).
    rho : float
        Lag-1 correlation of a side's repetitions within a set.
    fatigue : float or (left, right)
        Loss of speed from the first to the last repetition of a set, as a fraction.
    sticking : float or (left, right)
        How far each turn of the last repetition of a set breaks in two: 0 is one smooth turn, 1 stops midway.
    onset_lag_s : float
        How much later the right side starts, s; simultaneous exercises.
    rep_s, tempo_cv : float or None
        Mean duration of a repetition, s, and its CV, shared by both sides; None takes the exercise's own.
    pause_s : float or None
        Pause between repetitions, s; 0 is continuous. None takes the exercise's own.
    hold_s : float
        Pause at the far turning point of every repetition, s.
    rest_s : float or None
        Rest between sets, s; None draws 20 to 40.
    still_s : float
        Standing still before the first and after the last set, s.
    bout_s : float or None
        Length of a bout that has no repetitions to count: run, hold, stand.
    fidgets_per_min : float
        Small movements in the rests.
    tremor_deg_s : float
        RMS of physiological tremor (6 to 11 Hz) per axis, deg/s; sway of half of it comes on top.
    rate_hz : float, (left, right) or None
        Sampling rate; None takes 100 Hz, 200 Hz for running.
    emg_rate_hz : float or None
        Sampling rate of an electromyogram of each side; None records none.
    placement : Placement or None
        What the recording says; the movement stays that of the exercise's own segment.
    mounting : str
        ``mirrored`` (outer side of the limb, as straps are, give or take some degrees), ``random`` (any
        rotation per side) or ``identity`` (sensor axes are the segment's: x forward, y left, z up).
    noise, bias : float
        Multiples of typical BMI270 noise density and zero offset; 0 switches them off.
    scale_error : float
        SD of the gain error per side.
    acc_range_g, gyr_range_deg_s : float
        Full scale, where readings clip.
    quantise : bool
        Round to 16 bits of the range.
    ideal_clock : bool
        Leave out clocks and radio: sample times are exact and no raw times are kept. Loss still applies.
    device_clock : bool
        Whether the sensor sends its own time; without it the clock is fitted to the sample counter.
    clock_offset_s, drift_ppm : float, (left, right) or None
        Device time at the recording's start, and how fast the device's clock runs; None draws 0 to 1000 s
        and an SD of 20 ppm.
    latency_s : float or (left, right)
        Least delay from a connection event to the host, s; a difference between the sides cannot be seen.
    interval_s, jitter_s : float or (left, right)
        Connection interval, and mean of the exponential arrival jitter, s.
    packet_samples : int or None
        Samples in one packet; None takes about 40 ms of them.
    retry : float
        Chance that a packet has to wait for another connection event.
    loss : float or (left, right)
        Fraction of packets lost, in bursts of ``loss_burst`` on average.
    loose_deg : float or (left, right)
        How far the sensor swings on its strap after every jolt, degrees.
    slip_deg, slip_s : float or (left, right), float
        How far the sensor turns on the limb, degrees, and when.
    gaps : tuple of (side, start_s, end_s)
        Outages; side is ``left``, ``right`` or ``both``.
    athlete, sport, mount, tag, date, dominant
        Copied to the recording. Sport and (for tennis, right) the dominant side have the exercise's default.
    seed : int
        The same seed gives the same bytes; changing one part (such as loss) leaves the others as they were.
    """

    exercise: str = "squat"
    sets: int | None = None
    reps: int | None = None
    asym: float | Mapping[str, float] | None = None
    cv: float = 0.10
    set_sd: float = 0.03
    remount_sd: float = 0.04
    rho: float = 0.0
    fatigue: PerSide = 0.0
    sticking: PerSide = 0.0
    onset_lag_s: float = 0.0
    rep_s: float | None = None
    tempo_cv: float | None = None
    pause_s: float | None = None
    hold_s: float = 0.0
    rest_s: float | None = None
    still_s: float = 4.0
    bout_s: float | None = None
    fidgets_per_min: float = 4.0
    tremor_deg_s: float = 0.6
    rate_hz: PerSide | None = None
    emg_rate_hz: float | None = None
    placement: Placement | None = None
    mounting: Mounting = "mirrored"
    noise: float = 1.0
    bias: float = 1.0
    scale_error: float = 0.0
    acc_range_g: float = 16.0
    gyr_range_deg_s: float = 2000.0
    quantise: bool = True
    ideal_clock: bool = False
    device_clock: bool = True
    clock_offset_s: PerSide | None = None
    drift_ppm: PerSide | None = None
    latency_s: PerSide = 0.002
    interval_s: PerSide = 0.01125
    jitter_s: PerSide = 0.001
    packet_samples: int | None = None
    retry: float = 0.05
    loss: PerSide = 0.0
    loss_burst: float = 3.0
    loose_deg: PerSide = 0.0
    slip_deg: PerSide = 0.0
    slip_s: float = 0.0
    gaps: tuple[tuple[str, float, float], ...] = ()
    athlete: str = ""
    sport: str | None = None
    mount: str = ""
    tag: str = ""
    date: dt.datetime | None = None
    dominant: Side | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        spec = find_exercise(self.exercise)
        set_(self, "exercise", spec.name)
        if isinstance(self.asym, Mapping):
            set_(self, "asym", {quantity(name): float(value) for name, value in self.asym.items()})
        problems = self._problems()
        for name, kind in (("placement", Placement), ("dominant", Side)):
            value = getattr(self, name)
            if value is not None and value not in set(kind):
                problems.append(f"unknown {name} {value!r}; use one of {', '.join(kind)}")
            elif value is not None:
                set_(self, name, kind(value))
        if not problems and self._samples() > _MAX_SAMPLES:
            problems.append(f"more than {_MAX_SAMPLES} samples a side; ask for fewer sets or a lower rate")
        if problems:
            raise UsageError("simulation: " + "; ".join(problems))

    def _problems(self) -> list[str]:
        rules: list[tuple[str, float, float]] = [
            ("sets", 1, 1000),
            ("reps", 1, 100_000),
            ("cv", 0, 1),
            ("set_sd", 0, 1),
            ("remount_sd", 0, 1),
            ("rho", -0.95, 0.95),
            ("fatigue", 0, 0.9),
            ("sticking", 0, 1),
            ("onset_lag_s", -0.5, 0.5),
            ("rep_s", 0.2, 60),
            ("tempo_cv", 0, 0.3),
            ("pause_s", 0, 60),
            ("hold_s", 0, 60),
            ("rest_s", 1, 3600),
            ("still_s", 0, 3600),
            ("bout_s", 1, 86_400),
            ("fidgets_per_min", 0, 12),
            ("tremor_deg_s", 0, 50),
            ("rate_hz", 5, 10_000),
            ("emg_rate_hz", 5, 10_000),
            ("noise", 0, 1000),
            ("bias", 0, 1000),
            ("scale_error", 0, 0.5),
            ("acc_range_g", 0.5, 1000),
            ("gyr_range_deg_s", 10, 100_000),
            ("clock_offset_s", 0, 1e9),
            ("drift_ppm", -100_000, 100_000),
            ("latency_s", 0, 10),
            ("interval_s", 1e-4, 10),
            ("jitter_s", 0, 10),
            ("packet_samples", 1, 10_000),
            ("retry", 0, 0.9),
            ("loss", 0, 0.95),
            ("loss_burst", 1, 10_000),
            ("loose_deg", 0, 20),
            ("slip_deg", -180, 180),
            ("slip_s", 0, 1e5),
            ("seed", 0, 2**63),
        ]
        problems = []
        for name, low, high in rules:
            value = getattr(self, name)
            if value is None:
                continue
            values = value if isinstance(value, tuple) else (value,)
            if len(values) > 2 or not all(low <= v <= high for v in values):
                problems.append(f"{name} must be {low:g} to {high:g}, not {value}")
        asym = self.asym.values() if isinstance(self.asym, Mapping) else (self.asym or 0.0,)
        if not all(abs(value) <= _MAX_ASYM for value in asym):
            problems.append(f"asym is ln(right/left) and must be within +-{_MAX_ASYM}, not {self.asym}")
        if self.mounting not in ("mirrored", "random", "identity"):
            problems.append(f"mounting must be mirrored, random or identity, not {self.mounting!r}")
        if self.date is not None and self.date.tzinfo is None:
            problems.append("date needs a time zone")
        for side, start, end in self.gaps:
            if side not in ("left", "right", "both") or not start < end:
                problems.append(
                    f"gap {side!r} {start} to {end} s must name left, right or both, and not be empty"
                )
        return problems

    def _samples(self) -> float:
        longest_s = (
            (self.rep_s or self.spec.rep_s) * 1.3 + self.hold_s + (self.pause_s or self.spec.pause_s[1])
        )
        bout_s = self.bout_length_s + self.n_reps * longest_s * (2 if self.spec.kind == "alternating" else 1)
        rate_hz = max(*self.rates_hz, self.emg_rate_hz or 0.0)
        return (self.n_sets * (bout_s + (self.rest_s or 40)) + 2 * self.still_s) * rate_hz

    @property
    def spec(self) -> Exercise:
        """Description of the exercise."""
        return EXERCISES[self.exercise]

    @property
    def n_sets(self) -> int:
        """Number of sets (bouts)."""
        return self.spec.sets if self.sets is None else self.sets

    @property
    def n_reps(self) -> int:
        """Repetitions of a side in each set; strides that fill ``bout_s`` for a run."""
        if self.spec.kind == "still":
            return 1
        if self.reps is None and self.spec.bout_s:
            return max(round(self.bout_length_s / (self.rep_s or self.spec.rep_s)), 1)
        return self.spec.reps if self.reps is None else self.reps

    @property
    def bout_length_s(self) -> float:
        """Length of a bout without countable repetitions, s; 0 for the other exercises."""
        return self.spec.bout_s if self.bout_s is None else self.bout_s

    @property
    def rates_hz(self) -> tuple[float, float]:
        """Sampling rates, left and right."""
        return pair(self.spec.rate_hz if self.rate_hz is None else self.rate_hz)

    @property
    def samples_per_packet(self) -> tuple[int, int]:
        """Samples in one packet, left and right."""
        left, right = (self.packet_samples or max(round(0.04 * rate), 1) for rate in self.rates_hz)
        return left, right

    @property
    def dominant_side(self) -> Side | None:
        """The dominant side: as given, right for a one-armed sport, else unknown."""
        return Side.RIGHT if self.dominant is None and self.spec.other_arm < 1 else self.dominant

    @property
    def natural(self) -> bool:
        """Whether the sides differ as they do in the sport, because no asymmetry was asked for."""
        return self.asym is None and self.spec.other_arm < 1

    def log_ratio(self, name: str) -> float:
        """Asked-for ln(right / left) of a quantity (`amplitude`, `tempo`, `impact`)."""
        if isinstance(self.asym, Mapping):
            return float(self.asym.get(name, 0.0))
        if name != "amplitude":
            return 0.0
        if self.natural:
            size = -math.log(self.spec.other_arm)
            return -size if self.dominant_side is Side.LEFT else size
        return float(self.asym or 0.0)


def pair(value: PerSide) -> tuple[float, float]:
    """A per-side parameter as (left, right)."""
    return value if isinstance(value, tuple) else (value, value)


def in_gap(gap: tuple[str, float, float], side: Side) -> Interval | None:
    """The gap's interval if it concerns this side."""
    return gap[1:] if gap[0] in (side.value, "both") else None
