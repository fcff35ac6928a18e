# ruff: noqa: E501 - prose of the page it writes
"""Strokes of simulated rallies with other movement in between: count, speed and hand.

Run: python -m benchmarks.strokes [--matches 40]

Data: `sensing.simulate` tennis, four rallies of ten forehands with 24 s in between, in which the arms hang,
swing in walking and running, or bounce the ball: walking and running are real (dsa_subset) where these
recordings are there, else simulated. A stroke counts as found within 0.3 s and on the hand that struck.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicSpline

from analysis import analyse
from benchmarks.pages import percent, table
from benchmarks.recordings import dsa, folder
from sensing.recording import GRAVITY, FloatArray, Recording, Side
from sensing.simulate import Simulation, simulate

NEAR_S = 0.3
BREAK_S, MARGIN_S = 24.0, 2.0
ACTIVITIES = {"walk": 10, "run": 12}
SWING = {"walk": (1.0, 180.0), "run": (1.4, 450.0), "bounce": (2.0, 250.0)}
"""Rate and peak of the arms' simulated swing, Hz and deg/s."""


Arms = Callable[[Side, FloatArray], tuple[FloatArray, FloatArray]]
"""Acceleration, m/s2, and angular velocity, deg/s, of an arm at these times, s."""


@dataclass(frozen=True)
class Match:
    """One match: strokes of the racket's hand, strokes found on either, those of them that are right."""

    true: int
    found: int
    hits: int
    speed_error: float


@dataclass(frozen=True)
class Score:
    """All matches with one kind of movement between rallies; the speed's error is a share of it."""

    between: str
    precision: float
    recall: float
    speed_error: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)


def play(between: str, seed: int) -> Match:
    """Strokes of one match with one kind of movement between rallies."""
    rng = np.random.default_rng(seed)
    hand = Side.RIGHT if rng.random() < 0.8 else Side.LEFT
    simulated = simulate(
        Simulation(exercise="tennis", sets=4, reps=10, rest_s=BREAK_S, seed=seed, dominant=hand, cv=0.2)
    )
    recording = simulated.recording
    for start, end in simulated.truth.rests:
        recording = _with_movement(recording, start + MARGIN_S, end - MARGIN_S, between, rng)
    sets = analyse(recording).sets
    found = {side: [stroke for s in sets for stroke in s.events[side].strokes] for side in Side}
    true = simulated.truth.side(hand).strokes
    hits = {}
    for stroke in found[hand]:
        nearest = min(true, key=lambda each: abs(each.t_s - stroke.t_s))
        if abs(nearest.t_s - stroke.t_s) <= NEAR_S:
            hits[nearest] = stroke
    errors = [abs(own.peak_deg_s / each.peak_deg_s - 1) for each, own in hits.items()]
    return Match(len(true), sum(map(len, found.values())), len(hits), float(np.median(errors or [np.nan])))


def _with_movement(
    recording: Recording, start_s: float, end_s: float, kind: str, rng: np.random.Generator
) -> Recording:
    """The recording with both arms doing something else for a while."""
    if kind == "stand":
        return recording
    real = kind in ACTIVITIES and folder() is not None
    arms = _real_arms(kind, rng) if real else _swung_arms(kind, rng)
    changed = {}
    for own in recording.streams():
        assert own.gyr is not None
        inside = (own.time_s >= start_s) & (own.time_s < end_s)
        acc, gyr = own.acc.copy(), own.gyr.copy()
        acc[inside], gyr[inside] = arms(own.side, own.time_s[inside] - start_s)
        changed[own.side.value] = replace(own, acc=acc, gyr=gyr)
    return replace(recording, **changed)


def _swung_arms(kind: str, rng: np.random.Generator) -> Arms:
    """Arms that swing in turn; the ball is bounced with the right one."""
    rate, peak = SWING[kind]
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)

    def move(side: Side, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        phase = 2 * np.pi * rate * time_s + (np.pi if side is Side.LEFT else 0)
        size = 0.2 * peak if kind == "bounce" and side is Side.LEFT else peak
        acc = np.outer(3 * np.sin(2 * phase), axis) + np.array([0, 0, GRAVITY])
        gyr = np.outer(size * np.sin(phase), axis) + rng.normal(0, 15, (len(time_s), 3))
        return acc, gyr

    return move


def _real_arms(kind: str, rng: np.random.Generator) -> Arms:
    """A stretch of one person's arms."""
    whole = dsa(ACTIVITIES[kind], int(rng.integers(1, 5)), "arm")
    first_s = float(rng.uniform(0, whole.duration_s - BREAK_S))

    def move(side: Side, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        own = whole.stream(side)
        assert own is not None and own.gyr is not None
        cubic = CubicSpline(own.time_s, np.hstack([own.acc, own.gyr]))(first_s + time_s)
        return cubic[:, :3], cubic[:, 3:]

    return move


def run(matches: int) -> list[Score]:
    """What was found with each kind of movement between rallies."""
    out = []
    for between in ("stand", *SWING):
        played = [play(between, seed) for seed in range(matches)]
        true, found, hits = (sum(getattr(m, name) for m in played) for name in ("true", "found", "hits"))
        error = float(np.median([m.speed_error for m in played]))
        out.append(Score(between, hits / max(found, 1), hits / true, error))
    return out


def section(matches: int) -> str:
    """Its part of the accuracy page."""
    real = "real walking and running" if folder() else "simulated walking and running"
    rows = [
        (one.between, percent(one.f1), percent(one.precision), percent(one.recall), percent(one.speed_error))
        for one in run(matches)
    ]
    return "\n\n".join(
        [
            "## Strokes",
            f"{matches} simulated matches a line of four rallies of ten forehands; between rallies the arms hang, swing in {real}, or "
            "bounce the ball. A stroke counts within 0.3 s and on the hand that struck. Number to beat: F1 96 % (a network on real "
            "wrists, 16 players). No recording of a racket player with a sensor on both wrists was at hand, so that this shows what "
            "the method does, not what players do. Command: `python -m benchmarks.strokes`.",
            table("between rallies | F1 | precision | recall | peak speed off by", rows),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--matches", type=int, default=40)
    print("F1 of strokes by what the arms do between rallies (tennis CNN on real wrists: 96 %)")
    for score in run(parser.parse_args().matches):
        print(
            f"  {score.between:7s} F1 {100 * score.f1:5.1f} %  precision {100 * score.precision:5.1f} %  "
            f"recall {100 * score.recall:5.1f} %  peak speed off by {100 * score.speed_error:.1f} %"
        )


if __name__ == "__main__":
    main()
