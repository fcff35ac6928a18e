"""What an analysis says: frozen dataclasses, and the JSON contract ``sidewise.analysis/1``."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analysis.body_results import Body
from sensing.recording import FloatArray, Interval, Notice, Side, Sync

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = "sidewise.analysis/1"


class VerdictWord(StrEnum):
    """The four answers a comparison can have."""

    BALANCED = "balanced"
    INCONCLUSIVE = "inconclusive"
    ASYMMETRIC = "asymmetric"
    NOT_ASSESSABLE = "not_assessable"


class Kind(StrEnum):
    """How the two sides move in a set."""

    SIMULTANEOUS = "simultaneous"
    ALTERNATING = "alternating"
    LEFT_ONLY = "left_only"
    RIGHT_ONLY = "right_only"
    UNPAIRED = "unpaired"


@dataclass(frozen=True)
class SideQuality:
    """Data quality of one side: rate, sample counts, gaps and clipped samples.

    ``new_hz`` is how many samples a second are new where many only repeat the one before, else None.
    """

    rate_hz: float
    samples: int
    lost: int
    gaps: tuple[Interval, ...]
    clipped: int
    new_hz: float | None = None


@dataclass(frozen=True)
class Quality:
    """Data quality of a recording.

    Attributes
    ----------
    grade : str
        ``good``, ``usable`` or ``poor``; poor data force every verdict to inconclusive or not assessable.
    sync : Sync
        Left-right timing error and how it was estimated.
    left, right : SideQuality or None
        None where the side was not recorded.
    warnings : tuple of Notice
        Every gate that did not pass, and every repair.
    """

    grade: str
    sync: Sync
    left: SideQuality | None
    right: SideQuality | None
    warnings: tuple[Notice, ...] = ()

    def has(self, code: str) -> bool:
        """Whether a warning with this code was raised."""
        return any(warning.code == code for warning in self.warnings)


@dataclass(frozen=True)
class Stroke:
    """One stroke or swing: time and peak angular velocity."""

    t_s: float
    peak_deg_s: float


@dataclass(frozen=True)
class SideEvents:
    """Events of one side within a set: foot contacts, foot offs (seconds) and strokes."""

    contact_s: tuple[float, ...] = ()
    foot_off_s: tuple[float, ...] = ()
    strokes: tuple[Stroke, ...] = ()


@dataclass(frozen=True)
class ExerciseSet:
    """One set: a bout of repetitions, strides or strokes between rests.

    Attributes
    ----------
    start_s, end_s : float
        Seconds on the recording's timeline.
    exercise : str
        Name of the exercise; empty where unknown.
    kind : Kind
        How the two sides move.
    coupled : bool
        True where crank, barbell or handle force both limbs to move alike.
    reps : dict of Side to tuple of (start_s, end_s)
        Repetitions (or strides) of each side, in order.
    events : dict of Side to SideEvents
        Foot contacts and strokes.
    pairs : tuple of (int, int)
        Index of each left repetition and of the right one it pairs with.
    """

    start_s: float
    end_s: float
    exercise: str
    kind: Kind
    coupled: bool
    reps: dict[Side, tuple[Interval, ...]]
    events: dict[Side, SideEvents]
    pairs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Use:
    """How much each side was used over the whole recording (Bailey and Lang 2013).

    Attributes
    ----------
    left_active_s, right_active_s : float or None
        Time in motion, s.
    use_ratio : float or None
        Active time of the non-dominant side over the dominant one (right over left where dominance is
        unknown).
    magnitude_ratio : float or None
        Median over active seconds of ln(non-dominant / dominant) movement, held to +-7 for one-handed
        seconds.
    session_load : float or None
        Session RPE times minutes (Foster et al. 2001), where the exertion was rated.
    """

    left_active_s: float | None
    right_active_s: float | None
    use_ratio: float | None
    magnitude_ratio: float | None
    session_load: float | None = None


@dataclass(frozen=True)
class Count:
    """Sets and repetitions a metric rests on."""

    sets: int
    left: int
    right: int


@dataclass(frozen=True)
class Metric:
    """Comparison of one metric between the sides. A row of the JSON contract.

    ``log_ratio`` is ln(right / left) and ``ci95`` its 95 % interval; both are None where a ratio is refused,
    and then ``difference`` (right - left, in ``unit``) carries the answer with its interval
    ``difference_ci95``. ``side`` is the side with more. ``set_index`` is None for the row of the whole
    recording. ``blocked`` is True where the numbers are shown but must not be judged, for ``reason``.
    ``se`` is the standard error behind the interval, on its scale, with ``df`` degrees of freedom;
    ``remount_sd`` the part of it that mounting was taken to cause: ``se**2 - remount_sd**2`` is what comes
    from within the recording. ``remount_df`` is None where that part was taken as known. ``sensor_gain`` is
    what the right sensor reads more than the left one, taken off ``log_ratio``, with its standard error.
    """

    name: str
    unit: str
    primary: bool
    left: float | None
    right: float | None
    log_ratio: float | None
    difference: float | None
    ci95: Interval | None
    difference_ci95: Interval | None
    index_percent: float | None
    delta: float
    n: Count
    verdict: VerdictWord
    grade: str | None
    side: Side | None
    scope: str
    p: float | None
    p_adjusted: float | None
    mdc_percent: float | None
    reason: str
    set_index: int | None = None
    blocked: bool = False
    se: float | None = None
    df: float | None = None
    remount_sd: float | None = None
    remount_df: float | None = None
    sensor_gain: float | None = None
    sensor_gain_se: float | None = None


@dataclass(frozen=True)
class ProfileMatch:
    """What a sport makes usual for this placement, and whether this recording is inside it.

    ``band_percent`` is the usual range of ``index_percent`` of the metric the verdict rests on, + meaning
    right more; None where the sport is known by direction only. ``in_band`` is by the whole interval: None
    also where it lies across the band's border. ``reads`` is how the verdict reads for the sport, as
    "expected for tennis", and ``norm`` what that rests on, as "direction only, no norm"; ``version`` is that
    of the profile's content.
    """

    name: str
    expects: str
    in_band: bool | None
    source: str
    band_percent: Interval | None = None
    reads: str = ""
    norm: str = ""
    version: int | None = None


@dataclass(frozen=True)
class Finding:
    """Something to tell the person; ``level`` is ``info``, ``notice`` or ``flag``."""

    code: str
    side: Side | None
    level: str
    message: str
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class OverallVerdict:
    """The answer over all primary metrics; ``flagged`` means asymmetric and not expected."""

    verdict: VerdictWord
    grade: str | None
    side: Side | None
    metric: str | None
    flagged: bool


@dataclass(frozen=True, eq=False)
class RepValues:
    """One metric's value for every repetition, for figures and tables.

    Attributes
    ----------
    metric, unit : str
        Metric and unit.
    set_index : (n,) int array
        Set of each value, from 0.
    side : tuple of Side
        Side of each value.
    rep_index : (n,) int array
        Repetition within the set and side, from 0.
    pair : (n,) int array
        Number of the left-right pair within the set, or -1.
    time_s : (n,) float array
        Middle of the repetition.
    value : (n,) float array
        The metric.
    used : (n,) bool array
        False where the repetition was left out (gap, clipping).
    """

    metric: str
    unit: str
    set_index: np.ndarray
    side: tuple[Side, ...]
    rep_index: np.ndarray
    pair: np.ndarray
    time_s: np.ndarray
    value: np.ndarray
    used: np.ndarray


@dataclass(frozen=True, eq=False)
class Waveform:
    """Mean repetition of one signal, time-normalised to 0..100 %, per side with its SD (101 points each).

    ``differs`` are the stretches, in percent, in which the sides differ by more than chance and mounting.
    """

    name: str
    unit: str
    left_mean: FloatArray | None
    left_sd: FloatArray | None
    right_mean: FloatArray | None
    right_sd: FloatArray | None
    left_n: int = 0
    right_n: int = 0
    differs: tuple[Interval, ...] = ()


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything an analysis found, in the JSON contract except ``rep_values`` and ``waveforms``.

    Those feed figures and tables; ``settings`` records the parameters that made the result. The parts of
    ``body`` are keys of their own there.
    """

    recording: dict[str, Any]
    quality: Quality
    sets: tuple[ExerciseSet, ...]
    use: Use
    metrics: tuple[Metric, ...]
    profile: ProfileMatch | None
    findings: tuple[Finding, ...]
    verdict: OverallVerdict
    summary: str
    rep_values: tuple[RepValues, ...] = ()
    waveforms: tuple[Waveform, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    body: Body = field(default_factory=Body)

    def metric(self, name: str, set_index: int | None = None) -> Metric:
        """The row of one metric, of the whole recording or of one set.

        Raises
        ------
        KeyError
            If there is no such row.
        """
        for row in self.metrics:
            if row.name == name and row.set_index == set_index:
                return row
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """The analysis as the JSON contract: plain dicts and lists, None instead of NaN."""
        body = {
            "schema": SCHEMA,
            "recording": self.recording,
            "quality": _plain(self.quality),
            "sets": [_set_to_dict(exercise_set) for exercise_set in self.sets],
            "use": _plain(self.use),
            "metrics": [_metric_to_dict(metric) for metric in self.metrics],
            "profile": _plain(self.profile),
            "findings": _plain(self.findings),
            "verdict": _plain(self.verdict),
            "summary": self.summary,
            "settings": _plain(self.settings),
            **_plain(self.body),
        }
        return body

    def to_json(self, *, indent: int | None = None) -> str:
        """The JSON contract as text. NaN never appears."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

    def to_frame(self) -> pd.DataFrame:
        """One row per metric, for pandas."""
        import pandas as pd

        return pd.DataFrame([_metric_to_dict(metric, flat=True) for metric in self.metrics])

    def reps_frame(self) -> pd.DataFrame:
        """One row per repetition, side and metric, for pandas."""
        import pandas as pd

        frames = [
            pd.DataFrame(
                {
                    "metric": values.metric,
                    "unit": values.unit,
                    "set": values.set_index,
                    "side": [side.value for side in values.side],
                    "rep": values.rep_index,
                    "pair": values.pair,
                    "time_s": values.time_s,
                    "value": values.value,
                    "used": values.used,
                }
            )
            for values in self.rep_values
        ]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _plain(value: Any) -> Any:
    """Dataclasses, tuples, enums and numpy scalars as JSON types; NaN and infinity as None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, StrEnum):
        return value.value
    return value


def _set_to_dict(exercise_set: ExerciseSet) -> dict[str, Any]:
    body: dict[str, Any] = _plain(exercise_set)
    del body["pairs"]
    for side in Side:
        body["reps"].setdefault(side.value, [])
        body["events"].setdefault(side.value, _plain(SideEvents()))
    return body


def _metric_to_dict(metric: Metric, *, flat: bool = False) -> dict[str, Any]:
    body: dict[str, Any] = _plain(metric)
    body["set"] = body.pop("set_index")
    if flat:
        n = body.pop("n")
        body |= {"sets": n["sets"], "n_left": n["left"], "n_right": n["right"]}
        for name in ("ci95", "difference_ci95"):
            low, high = body.pop(name) or (None, None)
            body |= {f"{name}_low": low, f"{name}_high": high}
    return body
