"""Posture, holds, fatigue and muscle activation in words: numbers, and no verdict."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.body_results import Body, Fatigue, Hold, MuscleActivation, Posture
from analysis.report.numbers import number
from sensing.recording import Side


def said(body: Body) -> list[str]:
    """One plain sentence for each thing that was found; none for what was not."""
    parts = (
        _posture(body.posture),
        _holds(body.holds),
        _fatigue(body.fatigue),
        _muscles(body.muscle_activation),
    )
    return [sentence for part in parts for sentence in part]


def _both(values: dict[Side, str]) -> str:
    return ", ".join(f"{side} {value}" for side, value in values.items())


def _posture(posture: Posture | None) -> Iterator[str]:
    if posture is None:
        return
    known = {Side.LEFT: posture.left, Side.RIGHT: posture.right}
    tilts = {side: f"{number(tilt.tilt_deg, 1)}°" for side, tilt in known.items() if tilt is not None}
    if tilts:
        yield f"Tilt of the sensors while still: {_both(tilts)}."


def _holds(holds: tuple[Hold, ...]) -> Iterator[str]:
    if not holds:
        return
    seconds = sum(hold.end_s - hold.start_s for hold in holds)
    counted = f"{len(holds)} hold{'s' * (len(holds) > 1)}, {number(seconds, 0)} s in all"
    shaking = {
        side: [rms for hold in holds if (rms := getattr(hold, f"{side}_rms")) is not None] for side in Side
    }
    means = {side: f"{number(sum(found) / len(found), 3)} m/s²" for side, found in shaking.items() if found}
    yield f"{counted}: tremor {_both(means)}." if means else f"{counted}."


def _fatigue(fatigue: Fatigue | None) -> Iterator[str]:
    if fatigue is None or not fatigue.sets:
        return
    largest: dict[Side, str] = {}
    for side in Side:
        of_sets = [getattr(one, str(side)) for one in fatigue.sets]
        losses = [
            one.velocity_loss_percent
            for one in of_sets
            if one is not None and one.velocity_loss_percent is not None and one.band not in (None, "none")
        ]
        if losses:
            largest[side] = f"up to {number(max(losses), 0)} %"
    if largest:
        yield f"Speed lost within a set: {_both(largest)}."


def _muscles(activation: MuscleActivation | None) -> Iterator[str]:
    if activation is None:
        return
    known = {Side.LEFT: activation.left, Side.RIGHT: activation.right}
    means = {
        side: f"{number(one.mean_percent, 0)} %"
        for side, one in known.items()
        if one is not None and one.mean_percent is not None
    }
    if means:
        yield f"Muscle signal (EMG), of each side's own largest: {_both(means)}."
