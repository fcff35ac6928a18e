"""Pictures of the accuracy page: how far counts are off, and how often the rule speaks."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("svg")
from matplotlib import pyplot as plt

from benchmarks import decision_rule, repetitions
from benchmarks.pages import percent

OURS, OTHERS = "#0072B2", "#9AA5B1"
RATIOS = np.linspace(0.0, 0.30, 13)
FLAT = 0.10
"""The flat cut-off that others use."""


def counting_section(where: Path) -> str:
    """How far counts of the test people are off, as a picture."""
    test = repetitions.people("test")
    wanted = ("as recorded", "between rests", "first 10 between rests")
    scores = repetitions.run(test, repetitions.turning_points, wanted)
    _, axes = plt.subplots(1, len(scores), figsize=(9, 2.6), sharey=True, layout="constrained")
    steps = np.arange(-3, 4)
    for axis, score in zip(axes, scores, strict=True):
        off = [sum(f) - sum(t) for f, t in zip(score.found, score.true, strict=True)]
        heights = [np.mean(np.clip(off, -3, 3) == step) for step in steps]
        bars = axis.bar(steps, heights, color=[OURS if abs(step) <= 1 else OTHERS for step in steps])
        axis.bar_label(bars, [percent(h) if h else "" for h in heights], fontsize=7)
        axis.set(title=score.name, xlabel="counted less labelled", ylim=(0, 1), yticks=[])
        axis.set_xticks(steps, ["≤ −3", "−2", "−1", "0", "+1", "+2", "≥ 3"])
        axis.spines[["top", "right", "left"]].set_visible(False)
    return _saved(where, "accuracy-counting", "Share of series by how far their count is off")


def rule_section(where: Path, runs: int) -> str:
    """How often the rule calls a difference, beside a flat cut-off, as a picture."""
    three = decision_rule.THREE_SETS
    designs = {"one set of eight": replace(three, sets=1), "three sets of eight": three}
    each = max(runs // 4, 50)
    _, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
    for axis, (title, design) in zip(axes, designs.items(), strict=True):
        cases = [replace(design, d=math.log1p(ratio)) for ratio in RATIOS]
        found = [rates for _, rates in decision_rule.rates_of(cases, each)]
        flat = [decision_rule.beyond(case, FLAT, each) for case in cases]
        ours, label = [100 * rates.asymmetric for rates in found], f"flat cut-off at {100 * FLAT:g} %"
        axis.plot(100 * RATIOS, ours, "o-", color=OURS, label="this rule")
        axis.plot(100 * RATIOS, [100 * share for share in flat], "s--", color=OTHERS, label=label)
        axis.set(title=title, xlabel="true difference, right more by, %", ylim=(0, 100))
        alarms = f"false alarms:\n{percent(flat[0])} and {percent(found[0].asymmetric)}"
        arrow = {"arrowstyle": "->", "color": OTHERS}
        axis.annotate(alarms, (0, 100 * flat[0]), (0.5, 40), fontsize=8, arrowprops=arrow)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("called different, %")
    axes[1].legend(frameon=False, loc="lower right")
    text = "How often a difference is called, over the true one, with sensors put on anew (SD 4 %)"
    return _saved(where, "accuracy-rule", text)


def _saved(where: Path, name: str, text: str) -> str:
    where.mkdir(exist_ok=True)
    with plt.rc_context({"svg.hashsalt": name}):
        plt.savefig(where / f"{name}.svg", metadata={"Date": None})
    plt.close("all")
    return f"![{text}](pictures/{name}.svg)"
