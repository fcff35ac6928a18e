"""Posture, holds, fatigue and muscle activation as a few lines: numbers, and no verdict."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.body_results import Body, Fatigue, Hold, MuscleActivation, Posture
from sensing.recording import Side

MOST_SETS = 12
"""More sets do not fit on a line."""

_FALLING = "*"


def body_lines(body: Body) -> list[str]:
    """One line for each thing that is known, none where nothing is."""
    lines: list[str] = []
    if body.posture is not None:
        lines.append(_posture(body.posture))
    lines += [_hold(hold) for hold in body.holds]
    if body.fatigue is not None:
        lines += _fatigue(body.fatigue)
    if body.muscle_activation is not None:
        lines += _activation(body.muscle_activation)
    return lines


def _posture(posture: Posture) -> str:
    parts = [
        f"{side} {tilt.tilt_deg:.1f}"
        for side, tilt in ((Side.LEFT, posture.left), (Side.RIGHT, posture.right))
        if tilt is not None
    ]
    if posture.difference_deg is not None:
        parts.append(f"right less left {posture.difference_deg:+.1f}")
    told = ", ".join(parts)
    about = "of body and strap together: hold it against your own baseline"
    if not told:
        return f"tilt at rest: {posture.reason}"
    return f"tilt at rest, degrees: {told} ({posture.reason or about})"


def _hold(hold: Hold) -> str:
    where = f"hold {hold.start_s:.0f} to {hold.end_s:.0f} s"
    known = [
        f"{side} {rms:.2f}"
        for side, rms in ((Side.LEFT, hold.left_rms), (Side.RIGHT, hold.right_rms))
        if rms is not None
    ]
    if hold.band_hz is None or not known:
        return f"{where}: {hold.reason}"
    low, high = hold.band_hz
    reason = f" ({hold.reason})" if hold.reason else ""
    return f"{where}: vibration at {low:g} to {high:g} Hz, m/s2: {', '.join(known)}{reason}"


def _fatigue(fatigue: Fatigue) -> Iterator[str]:
    sets = fatigue.sets[:MOST_SETS]
    falling = False
    parts = []
    for side in Side:
        own = [one.left if side is Side.LEFT else one.right for one in sets]
        if not any(own):
            continue
        falls = [one is not None and one.band not in (None, "none") for one in own]
        falling |= any(falls)
        values = [
            "-" if one is None else f"{one.velocity_loss_percent:.0f}{_FALLING if falls[k] else ''}"
            for k, one in enumerate(own)
        ]
        parts.append(f"{side} {', '.join(values)}")
    note = "* falls steadily" if falling else "no steady fall"
    more = f", first {MOST_SETS} sets" if len(fatigue.sets) > MOST_SETS else ""
    if parts:
        told = "; ".join(parts)
        yield f"velocity loss from the best to the last repetition, by set{more}, %: {told} ({note})"
    if losses := fatigue.session_loss_percent:
        told = ", ".join(f"{side} {losses[side]:.0f}" for side in Side if side in losses)
        yield f"velocity loss from the best to the last set, %: {told}"


def _activation(activation: MuscleActivation) -> Iterator[str]:
    for side, own in ((Side.LEFT, activation.left), (Side.RIGHT, activation.right)):
        if own is None:
            continue
        if own.mean_percent is None:
            yield f"muscle activation, {side}: {own.reason}"
        else:
            yield f"muscle activation, {side}: {own.mean_percent:.0f} % of its own maximum in this recording"
