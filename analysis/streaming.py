"""The comparison while it is being recorded: the batch analysis on a moving window, its repetitions kept.

Once a second the last `WINDOW_S` are segmented and measured exactly as a whole recording would be.
Repetitions in the safe part of the window replace those found before, so that what is counted early is
revised while more comes in; repetitions that leave the window stay as they were. Work and memory are bounded
however long it lasts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from analysis.comparison import compare, group_sets
from analysis.exercises import find_exercise
from analysis.frames import Motion, motion
from analysis.measurement import MeasuredSet, SideFacts, measure
from analysis.metrics import METRICS
from analysis.results import ExerciseSet, Kind, Metric, Quality, SideQuality
from analysis.segmentation import SegmentedSet, segment
from analysis.segmentation.bouts import REST_S
from analysis.segmentation.pairing import pair_repetitions
from analysis.segmentation.repetitions import find_repetitions
from analysis.settings import Settings
from analysis.symmetry import symmetry_index
from analysis.timeline import Grid, align
from sensing.errors import BadInput
from sensing.events import Event, LinkEvent, Samples, SegmentEvent, State
from sensing.recording import FloatArray, Interval, Placement, Recording, Side, Stream, Sync, gaps_from_times
from sensing.retime import estimate_rate

WINDOW_S: Final = 75.0
"""Length of the window, s."""

EDGE_S: Final = 15.0
"""At the window's start, where a set may be cut, repetitions found before are kept for so long, s."""

EVERY_S: Final = 1.0
"""How often the window is looked at, s of data."""

MAX_REPS: Final = 300
"""Repetitions of one set and side that are compared: the latest."""

MAX_SETS: Final = 60
"""Sets that are compared: the latest."""

HEADLINES: Final = (*(m.name for m in METRICS if m.primary and not m.steps_only), "movement_activation")
"""Metrics that may be shown, the first that has an answer."""

OFF_STEP: Final = 0.25
"""Repetitions of a window that lie so far from those kept, as a share of their length, are half a one off."""

_LEAST_S: Final = 4.0

_STEPS_S: Final = np.geomspace(1e-5, 100.0, 1000)
"""Bounds of the sizes by which steps between samples are counted, s: 1.6 % apart."""


@dataclass(frozen=True)
class LiveResult:
    """What can be told by now.

    Attributes
    ----------
    sets : int
        Sets so far.
    reps, set_reps : dict of Side to int
        Completed repetitions of each side: of all sets, and of the last one.
    metric : str
        What the index compares; empty while there is none.
    index_percent : float or None
        200 (R - L) / (R + L), over all sets once there are three, before that over the last one.
    ci95_percent : (low, high) or None
        Its 95 % interval.
    scope : str
        ``recording`` where sets are the unit, else ``this_set``.
    """

    sets: int = 0
    reps: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))
    set_reps: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))
    metric: str = ""
    index_percent: float | None = None
    ci95_percent: Interval | None = None
    scope: str = "this_set"


@dataclass(frozen=True, eq=False)
class Window:
    """The last seconds, to be worked on in another thread.

    Attributes
    ----------
    recording : Recording
        Both sides.
    solid_s : float
        Repetitions with their middle after this replace those found before; minus infinity where the window
        still holds the beginning.
    settled : dict of Side to tuple of (start_s, end_s)
        Repetitions in the window that are kept: those of the window have to be in step with them.
    grid : Grid or None
        That of all that has come so far: on it, every sample counts as it will in the whole recording.
    ended : bool
        Nothing follows: its last repetitions are complete, too.
    """

    recording: Recording
    solid_s: float
    settled: dict[Side, tuple[Interval, ...]]
    grid: Grid | None = None
    ended: bool = False

    def find(self) -> Found | None:
        """Completed repetitions in the window, measured; None where the sides have too little in common."""
        try:
            aligned = align(self.recording, self.grid)
        except BadInput:
            return None
        motions = {side: motion(track) for side, track in aligned.tracks().items()}
        exercise = find_exercise(self.recording.exercise)
        sets = segment(motions, exercise, self.recording.placement, shared_grid=aligned.shared_grid)
        measured = measure([_in_step(found, motions, self.settled) for found in sets], motions, None)
        end_s = np.inf if self.ended else min(own.track.end_s for own in motions.values())
        return Found(
            tuple(done for each in measured if (done := _completed(each, end_s)) is not None),
            {side: own.gyr_bias for side, own in motions.items()},
            self.solid_s,
        )


@dataclass(frozen=True, eq=False)
class Found:
    """What a `Window` showed."""

    sets: tuple[MeasuredSet, ...]
    gyr_bias: dict[Side, FloatArray]
    solid_s: float


class _Ring:
    """The last seconds of one side."""

    def __init__(self) -> None:
        self.batches: deque[Samples] = deque()
        self.bias: FloatArray = np.zeros(3)
        self.info: dict[str, Any] = {}
        self.start_s = self._end_s = np.nan
        self._forgotten_s = -np.inf
        self._counts, self._sums = np.zeros((2, len(_STEPS_S) + 1))

    def add(self, batch: Samples) -> None:
        """Take its next samples."""
        self.batches.append(batch)
        steps = np.diff(batch.time_s, prepend=self._end_s)
        steps = steps[np.isfinite(steps)]
        of_size = np.searchsorted(_STEPS_S, steps)
        self._counts += np.bincount(of_size, minlength=len(self._counts))
        self._sums += np.bincount(of_size, weights=steps, minlength=len(self._sums))
        self._end_s = float(batch.time_s[-1])
        if np.isnan(self.start_s):
            self.start_s = float(batch.time_s[0])

    def forget(self, before_s: float) -> bool:
        """Let go of what came before a time; whether there was something."""
        gone = False
        while self.batches and self.batches[0].time_s[-1] < before_s:
            self._forgotten_s = float(self.batches.popleft().time_s[-1])
            gone = True
        return gone

    @property
    def begins_with_silence(self) -> bool:
        """Whether nothing of a set can be missing before the first of its samples."""
        return bool(self.batches) and self.batches[0].time_s[0] - self._forgotten_s >= REST_S

    def mean_rate(self) -> float:
        """Mean rate of all that it was given, gaps excluded, as `timeline.mean_rate` tells it of a stream."""
        sizes = self._sums / np.maximum(self._counts, 1)
        middle = np.searchsorted(np.cumsum(self._counts), self._counts.sum() / 2)
        whole = (self._counts > 0) & (sizes < 1.5 * sizes[middle])
        return float(self._counts[whole].sum() / self._sums[whole].sum())

    def stream(self, side: Side) -> Stream | None:
        """What it holds; None below some seconds."""
        if not self.batches or self.batches[-1].time_s[-1] - self.batches[0].time_s[0] < _LEAST_S:
            return None
        time_s = np.concatenate([batch.time_s for batch in self.batches])
        rate = estimate_rate(time_s)
        gyr = [batch.gyr for batch in self.batches if batch.gyr is not None]
        return Stream(
            side,
            time_s,
            np.concatenate([batch.acc for batch in self.batches]),
            # Stillness that has left the window still tells the gyroscope's offset.
            np.concatenate(gyr) - self.bias if len(gyr) == len(self.batches) else None,
            rate,
            gaps=gaps_from_times(time_s, rate),
            acc_has_gravity=self.info.get("acc_has_gravity", True),
            acc_range=self.info.get("acc_range"),
            gyr_range=self.info.get("gyr_range"),
        )


class LiveEstimate:
    """Repetitions, sets and the left-right difference of a live source, so far.

    `add` every event; whenever `due`, `update` (or, so that it runs elsewhere, ``take(window().find())``).

    Parameters
    ----------
    sides : iterable of Side
        Sides that the source has.
    exercise : str
        Exercise; may be empty.
    placement : Placement
        Where the sensors are worn.
    """

    def __init__(
        self,
        sides: Iterable[Side] = tuple(Side),
        *,
        exercise: str = "",
        placement: Placement = Placement.UNKNOWN,
    ) -> None:
        self._rings = {side: _Ring() for side in sides}
        self._exercise = exercise
        self._placement = placement
        self._now_s = -np.inf
        self._updated_s = -np.inf
        self._cut = False
        self._streaming = set(self._rings)
        self._sets: list[MeasuredSet] = []
        self._past_sets = 0
        self._past_reps = dict.fromkeys(Side, 0)
        self.result = LiveResult()

    @property
    def sets(self) -> tuple[MeasuredSet, ...]:
        """Sets with the values of their completed repetitions."""
        return tuple(self._sets)

    @property
    def due(self) -> bool:
        """Whether enough has come since the last look at the window, or all that will."""
        return self._now_s - self._updated_s >= EVERY_S

    def add(self, event: Event) -> None:
        """Take an event; all but samples, new connections and ends are ignored."""
        if isinstance(event, LinkEvent) and event.state is State.STOPPED:
            self._streaming.discard(event.side)
            if not self._streaming:
                self._updated_s = -np.inf
        elif isinstance(event, SegmentEvent):
            self._rings[event.side].info.update(event.info)
        elif isinstance(event, Samples) and len(event):
            self._rings[event.side].add(event)
            self._now_s = max(self._now_s, float(event.time_s[-1]))
            if self._updated_s == -np.inf:
                self._updated_s = self._now_s
            for ring in self._rings.values():
                self._cut |= ring.forget(self._now_s - WINDOW_S)

    def window(self) -> Window | None:
        """The last seconds; None before every side has some."""
        self._updated_s = self._now_s
        streams = {side: ring.stream(side) for side, ring in self._rings.items()}
        if not streams or any(stream is None for stream in streams.values()):
            return None
        recording = Recording(
            left=streams.get(Side.LEFT),
            right=streams.get(Side.RIGHT),
            exercise=self._exercise,
            placement=self._placement,
        )
        rings = list(self._rings.values())
        grid = Grid.shared([ring.start_s for ring in rings], [ring.mean_rate() for ring in rings])
        if not self._cut:
            return Window(recording, -np.inf, {}, grid, not self._streaming)
        last = max(recording.streams(), key=lambda stream: stream.start_s)
        start_s = last.start_s
        # After a silence the window holds all that there is, from its first sample on.
        solid_s = start_s if self._rings[last.side].begins_with_silence else start_s + EDGE_S
        settled = {
            side: tuple(
                (a, b)
                for one in self._sets
                for a, b in one.exercise_set.reps[side]
                if start_s < a and (a + b) / 2 <= solid_s
            )
            for side in Side
        }
        return Window(recording, solid_s, settled, grid, not self._streaming)

    def take(self, found: Found | None) -> None:
        """Take what a window showed, in the order of the windows."""
        if found is None:
            return
        for side, bias in found.gyr_bias.items():
            self._rings[side].bias = self._rings[side].bias + bias
        self._sets = _renewed(self._sets, found)
        self._forget()
        self.result = self._told()

    def update(self) -> LiveResult:
        """Look at the window now."""
        window = self.window()
        if window is not None:
            self.take(window.find())
        return self.result

    def _forget(self) -> None:
        """Keep only counts of what is long ago."""
        while len(self._sets) > MAX_SETS:
            gone = self._sets.pop(0)
            self._past_sets += 1
            for side in Side:
                self._past_reps[side] += len(gone.exercise_set.reps[side])
        for k, one in enumerate(self._sets):
            over = {side: max(len(one.exercise_set.reps[side]) - MAX_REPS, 0) for side in Side}
            if any(over.values()):
                kept = _chosen(one, {s: np.arange(len(one.exercise_set.reps[s])) >= over[s] for s in Side})
                assert kept is not None
                self._sets[k] = kept
                for side in Side:
                    self._past_reps[side] += over[side]

    def _told(self) -> LiveResult:
        counts = [{side: len(one.exercise_set.reps[side]) for side in Side} for one in self._sets]
        result = LiveResult(
            sets=self._past_sets + len(counts),
            reps={side: self._past_reps[side] + sum(one[side] for one in counts) for side in Side},
            set_reps=counts[-1] if counts else dict.fromkeys(Side, 0),
        )
        row = _headline(self._sets)
        if row is None or row.index_percent is None or row.ci95 is None:
            return result
        low, high = row.ci95
        return replace(
            result,
            metric=row.name,
            index_percent=row.index_percent,
            ci95_percent=(symmetry_index(low), symmetry_index(high)),
            scope=row.scope,
        )


def _headline(sets: Sequence[MeasuredSet]) -> Metric | None:
    """The row to show: over all sets from the third on, else of the last one."""
    groups = group_sets(sets)
    if not groups:
        return None
    last = groups[-1] if groups[-1][0] is not groups[-1][1] else groups[-1][:1]
    chosen = [each for group in groups for each in dict.fromkeys(group)] if len(groups) >= 3 else last
    # Rates and doubts are of the recording's quality, which its own analysis judges.
    side = SideQuality(np.inf, 0, 0, (), 0)
    rows = compare(chosen, Settings(), Quality("good", Sync(), side, side))
    answered = {row.name: row for row in rows if row.ci95 is not None}
    return next((answered[name] for name in HEADLINES if name in answered), None)


def _in_step(
    found: SegmentedSet, motions: dict[Side, Motion], settled: dict[Side, tuple[Interval, ...]]
) -> ExerciseSet:
    """The set with repetitions from the turning points that those before it go from.

    Where a window begins within a set, it cannot always tell at which of the two a repetition starts.
    """
    own = found.exercise_set
    if _off_step(own.reps, settled) <= OFF_STEP or not found.cycles or own.events:
        return own
    reach = float(np.median([b - a for reps in own.reps.values() for a, b in reps]))
    choices = []
    for kind in (1, -1):
        reps: dict[Side, tuple[Interval, ...]] = dict.fromkeys(Side, ())
        for side in (side for side in found.cycles if own.reps[side]):
            cycle, time_s = found.cycles[side], motions[side].track.time_s
            spans = [(time_s[a], time_s[b]) for a, b in find_repetitions(motions[side], cycle, kind)]
            reps[side] = tuple(
                (float(a), float(b)) for a, b in spans if own.start_s - reach < a and b < own.end_s + reach
            )
        choices.append(reps)
    return _with_reps(own, min(choices, key=lambda reps: _off_step(reps, settled)))


def _off_step(reps: dict[Side, tuple[Interval, ...]], settled: dict[Side, tuple[Interval, ...]]) -> float:
    """How far repetitions lie from settled ones that they overlap, as a share of their length, 0 to 1."""
    off = [
        min(abs(a + b - c - d) / (d - c + b - a) for a, b in reps[side])
        for side, known in settled.items()
        for c, d in known
        if reps.get(side) and reps[side][0][0] < d and c < reps[side][-1][1]
    ]
    return float(np.median(off)) if off else 0.0


def _completed(one: MeasuredSet, end_s: float) -> MeasuredSet | None:
    """Without repetitions that may still change: those that end less than a period before the window does.

    Where repetitions pair, both go or stay, because they are measured over their common time.
    """
    own = one.exercise_set
    done: dict[Side, np.ndarray] = {}
    for side in Side:
        reps = np.array(own.reps[side]).reshape(-1, 2)
        period = float(np.median(reps[:, 1] - reps[:, 0])) if len(reps) else 0.0
        done[side] = np.asarray(reps[:, 1] <= end_s - period)
    for i, j in own.pairs:
        done[Side.LEFT][i] = done[Side.RIGHT][j] = done[Side.LEFT][i] and done[Side.RIGHT][j]
    return _chosen(one, done)


def _renewed(before: Sequence[MeasuredSet], found: Found) -> list[MeasuredSet]:
    """Sets so far: up to where the window is solid those of before, from there on those of the window."""
    kept = [_chosen(one, {s: _middles(one, s) <= found.solid_s for s in Side}) for one in before]
    sets = [one for one in kept if one is not None]
    for new in found.sets:
        known = [k for k, old in enumerate(sets) if _is_continued(old, new)]
        old = sets[known[-1]] if known else None
        fresh = _chosen(new, {side: _fresh(old, new, side, found.solid_s) for side in Side})
        if fresh is not None and old is not None:
            sets[known[-1]] = _joined(old, fresh)
        elif fresh is not None:
            sets.append(fresh)
    return sets


def _is_continued(old: MeasuredSet, new: MeasuredSet) -> bool:
    """Whether a set of the window goes on with one of before."""
    a, b = old.exercise_set, new.exercise_set
    shared = any(a.reps[side] and b.reps[side] for side in Side)
    return shared and min(a.end_s, b.end_s) > max(a.start_s, b.start_s)


def _fresh(old: MeasuredSet | None, new: MeasuredSet, side: Side, solid_s: float) -> np.ndarray:
    """Repetitions of the window that were not counted before."""
    fresh = _middles(new, side) > solid_s
    if old is not None and (counted := old.exercise_set.reps[side]):
        # Both windows place a boundary alike, but for some samples.
        reps = np.array(new.exercise_set.reps[side]).reshape(-1, 2)
        fresh &= reps[:, 0] > counted[-1][1] - 0.3 * (reps[:, 1] - reps[:, 0])
    return fresh


def _middles(one: MeasuredSet, side: Side) -> FloatArray:
    return np.asarray(np.array(one.exercise_set.reps[side]).reshape(-1, 2).mean(axis=1))


def _chosen(one: MeasuredSet, keep: dict[Side, np.ndarray]) -> MeasuredSet | None:
    """Some repetitions of a set; None where none are left."""
    own = one.exercise_set
    if all(keep[side].all() for side in Side):
        return one
    reps = {side: tuple(rep for rep, k in zip(own.reps[side], keep[side], strict=True) if k) for side in Side}
    if not any(reps.values()):
        return None
    return MeasuredSet(
        _with_reps(own, reps),
        {n: {s: v[keep[s]] for s, v in by_side.items()} for n, by_side in one.values.items()},
        {
            side: SideFacts(
                {name: v[keep[side]] for name, v in facts.level.items()},
                {name: v[keep[side]] for name, v in facts.clipped.items()},
                facts.samples[keep[side]],
            )
            for side, facts in one.facts.items()
        },
    )


def _joined(old: MeasuredSet, new: MeasuredSet) -> MeasuredSet:
    """One set of two parts."""
    reps = {side: old.exercise_set.reps[side] + new.exercise_set.reps[side] for side in Side}
    names = dict.fromkeys([*old.values, *new.values])

    def values(part: MeasuredSet, name: str, side: Side) -> FloatArray:
        missing = np.full(len(part.exercise_set.reps[side]), np.nan)
        return part.values.get(name, {}).get(side, missing)

    return MeasuredSet(
        _with_reps(new.exercise_set, reps),
        {n: {s: np.r_[values(old, n, s), values(new, n, s)] for s in old.facts} for n in names},
        {
            side: SideFacts(
                {name: np.r_[v, new.facts[side].level[name]] for name, v in facts.level.items()},
                {name: np.r_[v, new.facts[side].clipped[name]] for name, v in facts.clipped.items()},
                np.r_[facts.samples, new.facts[side].samples],
            )
            for side, facts in old.facts.items()
        },
    )


def _with_reps(own: ExerciseSet, reps: dict[Side, tuple[Interval, ...]]) -> ExerciseSet:
    """The same set with other repetitions, which have to be paired again."""
    every = [rep for of_side in reps.values() for rep in of_side]
    kind, pairs = pair_repetitions(reps[Side.LEFT], reps[Side.RIGHT])
    if not reps[Side.RIGHT]:
        kind = Kind.LEFT_ONLY
    elif not reps[Side.LEFT]:
        kind = Kind.RIGHT_ONLY
    start_s, end_s = min(a for a, _ in every), max(b for _, b in every)
    return replace(own, start_s=start_s, end_s=end_s, kind=kind, reps=reps, pairs=pairs)
