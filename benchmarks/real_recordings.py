# ruff: noqa: E501 - prose of the page it writes
"""The whole pipeline on real recordings, against what is known of them.

Run: python -m benchmarks.real_recordings

Data: dsa_subset and gaitmap_example among the real recordings (see benchmarks/recordings.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from analysis import Analysis, analyse
from analysis.frames import norm
from benchmarks.pages import met, table
from benchmarks.recordings import dsa, gaitmap
from sensing.recording import Recording, Side, Stream

CYCLIC = ((15, "leg", "cycling, legs"), (17, "leg", "rowing, legs"), (17, "arm", "rowing, arms"))
STANDING = (2, "standing")
PEOPLE = (1, 2, 3, 4)
AMPLITUDES = (
    "angle_travelled",
    "peak_angular_velocity",
    "movement_activation",
    "peak_acceleration",
    "player_load",
)


@dataclass(frozen=True)
class Agreement:
    """Index of angle travelled beside 200 (R - L) / (R + L) of the plain mean |gyr| over the same sets."""

    name: str
    person: int
    reps: tuple[int, int]
    index: float
    plain: float


def agreements() -> list[Agreement]:
    out = []
    for activity, limb, name in CYCLIC:
        for person in PEOPLE:
            recording = dsa(activity, person, limb)
            result = analyse(recording)
            index = result.metric("angle_travelled").index_percent
            reps = tuple(sum(len(s.reps[side]) for s in result.sets) for side in Side)
            out.append(
                Agreement(name, person, reps, np.nan if index is None else index, plain(recording, result))
            )
    return out


def plain(recording: Recording, result: Analysis) -> float:
    means = []
    for own in recording.streams():
        assert own.gyr is not None
        inside = np.zeros(len(own), dtype=bool)
        for s in result.sets:
            inside |= (own.time_s >= s.start_s) & (own.time_s <= s.end_s)
        means.append(norm(own.gyr)[inside].mean())
    return 200 * (means[1] - means[0]) / (means[1] + means[0])


def standing() -> list[tuple[str, int, set[str]]]:
    """Verdicts of every metric where nothing is done."""
    return [
        (limb, person, {m.verdict.value for m in analyse(dsa(STANDING[0], person, limb)).metrics})
        for limb in ("leg", "arm")
        for person in PEOPLE
    ]


def scaled_copy(recording: Recording, factor: float) -> Recording:
    """One real side, and its copy as the other side with movement times ``factor``."""
    own = recording.left
    assert own is not None and own.gyr is not None
    still = own.acc.mean(axis=0)
    copy = replace(own, side=Side.RIGHT, gyr=factor * own.gyr, acc=still + factor * (own.acc - still))
    return replace(recording, right=copy)


def turned_copy(recording: Recording, seed: int) -> Recording:
    """One real side, and its copy with the sensor turned by a random fixed rotation."""
    own = recording.left
    assert own is not None and own.gyr is not None
    turn = Rotation.random(random_state=seed)
    copy = replace(own, side=Side.RIGHT, gyr=turn.apply(np.array(own.gyr)), acc=turn.apply(np.array(own.acc)))
    return replace(recording, right=copy)


def swapped(recording: Recording) -> Recording:
    """The same recording with the sensors' sides exchanged."""

    def to(side: Side, own: Stream | None) -> Stream | None:
        return None if own is None else replace(own, side=side)

    return replace(recording, left=to(Side.LEFT, recording.right), right=to(Side.RIGHT, recording.left))


def section() -> str:
    """Its part of the accuracy page."""
    agree = []
    for a in agreements():
        apart = abs(a.index - a.plain)
        agree.append(
            (a.name, f"p{a.person}", f"{a.index:.2f}", f"{a.plain:.2f}", f"{apart:.2f}", met(apart <= 3))
        )
    still = [
        (limb, f"p{person}", ", ".join(sorted(verdicts)), met(verdicts <= {"not_assessable", "inconclusive"}))
        for limb, person, verdicts in standing()
    ]
    return "\n\n".join(
        [
            "## Against plain means, and at rest",
            "Index of `angle_travelled` beside 200 (R - L) / (R + L) of the plain mean angular velocity over the same sets. "
            "Command: `python -m benchmarks.real_recordings`.",
            table("movement | person | index | plain | apart | gate <= 3", agree),
            "Standing (noise) never yields a verdict:",
            table("limbs | person | verdicts of all metrics | gate", still),
        ]
    )


def main() -> None:
    print("Angle travelled beside plain mean |gyr|, dsa_subset (index in percent)\n")
    print(f"{'movement':14s} {'person':>6s} {'reps L/R':>9s} {'index':>7s} {'plain':>7s} {'apart':>6s}")
    for a in agreements():
        reps = f"{a.reps[0]}/{a.reps[1]}"
        print(
            f"{a.name:14s} {'p' + str(a.person):>6s} {reps:>9s} {a.index:7.2f} {a.plain:7.2f} "
            f"{abs(a.index - a.plain):6.2f}"
        )
    print("\nStanding, dsa_subset: verdicts of all metrics")
    for limb, person, verdicts in standing():
        print(f"  {limb}s p{person}: {', '.join(sorted(verdicts))}")
    result = analyse(gaitmap())
    strides = [sum(len(s.reps[side]) for s in result.sets) for side in Side]
    print(f"\ngaitmap_example/imu_sample.csv: strides {strides[0]} left (28), {strides[1]} right (30)")
    print(f"  verdict {result.verdict.verdict}, flagged {result.verdict.flagged}: {result.summary}")
    print("\nCopy of a real side with movement x 1.15: ln ratio (0.140)")
    for name, recording in (("gait", gaitmap()), ("rowing arms p1", dsa(17, 1, "arm"))):
        copy = analyse(scaled_copy(recording, 1.15))
        values = "  ".join(f"{m} {copy.metric(m).log_ratio:.3f}" for m in AMPLITUDES)
        print(f"  {name}: {values}")
    print("\nCopy turned by a fixed rotation: largest |ln ratio|")
    for name, recording in (("gait", gaitmap()), ("rowing arms p1", dsa(17, 1, "arm"))):
        turned = analyse(turned_copy(recording, seed=1))
        print(f"  {name}: {max(abs(m.log_ratio) for m in turned.metrics if m.log_ratio is not None):.5f}")


if __name__ == "__main__":
    main()
