"""Everything that validates the numbers, written to docs/accuracy.md with its pictures.

Run: make accuracy    (or python -m benchmarks.accuracy [--runs 20000] [-o docs/accuracy.md])

Data: the real recordings (see benchmarks/recordings.py; parts that need them are left out where they are
absent) and the simulator, always.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from benchmarks import (
    asymmetry,
    decision_rule,
    pictures,
    real_recordings,
    repetitions,
    simulated,
    strides,
    strokes,
    timing,
)
from benchmarks.recordings import folder

PAGE = Path(__file__).parents[1] / "docs" / "accuracy.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=20000)
    parser.add_argument("--splits", type=int, default=400)
    parser.add_argument("--athletes", type=int, default=200)
    parser.add_argument("--matches", type=int, default=40)
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    chosen = parser.parse_args()
    where = chosen.output.parent / "pictures"
    real: dict[str, Callable[[], str]] = {
        "repetitions": repetitions.section,
        "strides": strides.section,
        "asymmetry": partial(asymmetry.section, chosen.splits),
        "plain means": real_recordings.section,
        "pictures of counting": partial(pictures.counting_section, where),
    }
    always: dict[str, Callable[[], str]] = {
        "timing": timing.section,
        "strokes": partial(strokes.section, chosen.matches),
        "decision rule": partial(decision_rule.section, chosen.runs),
        "picture of the rule": partial(pictures.rule_section, where, chosen.runs),
        "simulated athletes": partial(simulated.section, chosen.athletes),
    }
    parts = [
        "# Accuracy",
        f"Written by `make accuracy` with sidewise {version('sidewise')} on {dt.date.today().isoformat()}. "
        "Nobody here made the real recordings; what each can prove is said beside it. "
        "Do not edit: run it again.",
    ]
    if folder() is None:
        parts.append("The real recordings were absent in this run; only simulations follow.")
        real = {}
    for name, section in (real | always).items():
        print(name, flush=True)
        parts.append(section())
    chosen.output.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(chosen.output)


if __name__ == "__main__":
    main()
