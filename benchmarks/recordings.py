"""Readers of the real recordings that validation uses; none of them is part of the project.

They are looked for in ``../shared/recordings`` beside the checkout, or in ``SIDEWISE_RECORDINGS``.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from sensing.recording import GRAVITY, FloatArray, Placement, Recording, Side, Stream

DSA_COLUMNS = {"right_arm": 9, "left_arm": 18, "right_leg": 27, "left_leg": 36}
DSA_RATE_HZ = 25.0
GAITMAP_RATE_HZ = 204.8
SPAR_RATE_HZ = 50.0


def folder() -> Path | None:
    """The folder of real recordings, or None where it is absent."""
    chosen = os.environ.get("SIDEWISE_RECORDINGS")
    path = Path(chosen) if chosen else Path(__file__).parents[2] / "shared" / "recordings"
    return path if path.is_dir() else None


def _root() -> Path:
    path = folder()
    if path is None:
        raise SystemExit("the real recordings are absent: set SIDEWISE_RECORDINGS to their folder")
    return path


def stream(side: Side, acc: FloatArray, gyr: FloatArray, rate_hz: float) -> Stream:
    """A stream without gaps, starting at 0 s."""
    return Stream(side=side, time_s=np.arange(len(acc)) / rate_hz, acc=acc, gyr=gyr, rate_hz=rate_hz)


@cache
def _dsa_table(activity: int, person: int) -> FloatArray:
    files = sorted((_root() / f"dsa_subset/data/a{activity:02d}/p{person}").glob("s*.txt"))
    return np.vstack([pd.read_csv(f, header=None).to_numpy(np.float64) for f in files])


def dsa(activity: int, person: int, limb: str) -> Recording:
    """Daily and Sports Activities (Altun, Barshan and Tuncel 2010): 100 s, ``limb`` is arm or leg."""
    table = _dsa_table(activity, person)
    sides = {}
    for side in Side:
        first = DSA_COLUMNS[f"{side}_{limb}"]
        acc, gyr = table[:, first : first + 3], np.degrees(table[:, first + 3 : first + 6])
        sides[side] = stream(side, acc, gyr, DSA_RATE_HZ)
    placement = Placement.WRIST if limb == "arm" else Placement.THIGH
    return Recording(left=sides[Side.LEFT], right=sides[Side.RIGHT], placement=placement)


def gaitmap(name: str = "imu_sample.csv") -> Recording:
    """A pair of foot sensors from the gaitmap example data."""
    table = pd.read_csv(_root() / "gaitmap_example/example_data" / name, header=[0, 1], index_col=0)
    sides = {}
    for side in Side:
        own = table[f"{side}_sensor"]
        acc = own[["acc_x", "acc_y", "acc_z"]].to_numpy(np.float64)
        gyr = own[["gyr_x", "gyr_y", "gyr_z"]].to_numpy(np.float64)
        sides[side] = stream(side, acc, gyr, GAITMAP_RATE_HZ)
    return Recording(left=sides[Side.LEFT], right=sides[Side.RIGHT], placement=Placement.FOOT)


@cache
def spar() -> dict[str, list]:
    """SPAR (Burns et al. 2018): 140 series of one watch, nominally 20 repetitions each."""
    return np.load(_root() / "spar_watch/watch_dataset.npy", allow_pickle=True).item()


def spar_series(index: int) -> Recording:
    """One SPAR series as a one-sided recording."""
    data = spar()
    values = np.asarray(data["X"][index], dtype=np.float64)
    side = Side.RIGHT if data["side"][index] == 1 else Side.LEFT
    own = stream(side, values[:, :3] * GRAVITY, np.degrees(values[:, 3:]), SPAR_RATE_HZ)
    return Recording(**{side.value: own}, placement=Placement.WRIST)
