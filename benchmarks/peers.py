"""Packages at work on the same two files, each by its own means, in a process and environment of its own.

    .peers/skdh/bin/python benchmarks/peers.py skdh FOLDER

Works once to warm up, then once for every line it is sent, and answers with wall and processor seconds from
the CSV files to what the package makes of them. What each makes is not the same: see `WORK`.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

PACKAGES = {"skdh": "scikit-digital-health", "gaitmap": "gaitmap", "mobgap": "mobgap"}
WORK = {
    "pandas": "reads both files, no more",
    "sidewise": "everything `sidewise analyse` answers",
    "uncompiled": "sidewise where it was installed without a C compiler",
    "skdh": "`GaitLumbar` on each side: steps and their timing",
    "gaitmap": "`MadgwickAHRS` and `ForwardBackwardIntegration` on each side: orientation and position",
    "mobgap": "`MobilisedPipelineHealthy` on each side: walking bouts, strides and their parameters",
}
RATE_HZ = 100.0
GRAVITY = 9.80665
ACC, GYR = ["acc_x", "acc_y", "acc_z"], ["gyr_x", "gyr_y", "gyr_z"]


def _files(folder: Path) -> list[Path]:
    return [folder / "left.csv", folder / "right.csv"]


def pandas(folder: Path) -> None:
    import pandas as pd

    for file in _files(folder):
        pd.read_csv(file, engine="c")


def sidewise(folder: Path) -> None:
    from analysis import analyse
    from sensing import open_recording

    analyse(open_recording(folder))


def uncompiled(folder: Path) -> None:
    for module in ("analysis.kernels.compiled", "sensing.formats._decimals"):
        sys.modules[module] = None  # type: ignore[assignment]
    sidewise(folder)


def skdh(folder: Path) -> None:
    import numpy as np
    import pandas as pd
    from skdh.gait import GaitLumbar

    for file in _files(folder):
        table = pd.read_csv(file)
        GaitLumbar().predict(
            time=1.7e9 + table["time_s"].to_numpy(),
            accel=table[ACC].to_numpy() / GRAVITY,
            gyro=np.radians(table[GYR].to_numpy()),
            fs=RATE_HZ,
            height=1.8,
        )


def gaitmap(folder: Path) -> None:
    import pandas as pd
    from gaitmap.trajectory_reconstruction import (
        ForwardBackwardIntegration,
        MadgwickAHRS,
        RegionLevelTrajectory,
    )

    for file in _files(folder):
        table = pd.read_csv(file)[ACC + GYR]
        whole = pd.DataFrame({"start": [0], "end": [len(table)]}, index=pd.Index([0], name="gs_id"))
        method = RegionLevelTrajectory(ori_method=MadgwickAHRS(), pos_method=ForwardBackwardIntegration())
        method.estimate(table, whole, sampling_rate_hz=RATE_HZ)


def mobgap(folder: Path) -> None:
    import pandas as pd
    from mobgap.data import GaitDatasetFromData
    from mobgap.pipeline import MobilisedPipelineHealthy

    person = {"height_m": 1.8, "sensor_height_m": 1.0, "cohort": "HA", "age": 30}
    for file in _files(folder):
        key = (file.stem,)
        table = pd.read_csv(file)[ACC + GYR]
        data = GaitDatasetFromData(
            {key: {"LowerBack": table}},
            {key: RATE_HZ},
            {key: person},
            {key: {"measurement_condition": "laboratory"}},
        )
        MobilisedPipelineHealthy().run(data[0])


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    work: Callable[[Path], None] = globals()[name]
    warnings.simplefilter("ignore")
    work(folder)
    print(json.dumps("ready"), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter(), time.process_time()
        work(folder)
        print(json.dumps([time.perf_counter() - start[0], time.process_time() - start[1]]), flush=True)


if __name__ == "__main__":
    main()
