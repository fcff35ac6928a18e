"""The statistical model: how asymmetry, sets, mounting and repetitions make each repetition's value.

The ln ratio of set j is ``d_j = asym + remount + set_j``; half of it goes to each side, so that swapping the
sides negates it exactly. Every repetition of a side then varies log-normally around its side's value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sensing.recording import FloatArray
from sensing.simulate.params import Simulation

TIMING_SHARE = 0.2
"""Timing varies this much as amplitude does between repetitions and sets."""


@dataclass(frozen=True, eq=False)
class Effects:
    """Logarithmic effects of one quantity.

    Attributes
    ----------
    log_side : (n_runs, sets, reps, 2) float array
        ln of every repetition's value relative to the nominal one, left and right.
    set_log_ratio : (n_runs, sets) float array
        d_j, with asymmetry, remounting and set effects.
    remount : (n_runs,) float array
        The part of d that comes from this mounting of the sensors.
    """

    log_side: FloatArray
    set_log_ratio: FloatArray
    remount: FloatArray


def draw_effects(
    params: Simulation, rng: np.random.Generator, n_runs: int, quantity: str = "amplitude"
) -> Effects:
    """Draw the model for ``amplitude``, ``tempo`` or ``impact``; timing has no remount effect."""
    share = TIMING_SHARE if quantity == "tempo" else 1.0
    sets, reps = params.n_sets, params.n_reps
    remount_sd = 0.0 if quantity == "tempo" else params.remount_sd
    remount = remount_sd * rng.standard_normal(n_runs)
    sets_d = share * params.set_sd * rng.standard_normal((n_runs, sets))
    d = params.log_ratio(quantity) + remount[:, None] + sets_d
    # SD of the logarithm at which a log-normal variable has this CV.
    sigma = math.sqrt(math.log1p((share * params.cv) ** 2))
    noise = sigma * rng.standard_normal((n_runs, sets, reps, 2))
    if params.rho:
        keep = math.sqrt(1 - params.rho**2)
        for i in range(1, reps):
            noise[:, :, i] = params.rho * noise[:, :, i - 1] + keep * noise[:, :, i]
    noise += d[:, :, None, None] * np.array([-0.5, 0.5])
    return Effects(noise, d, remount)


def draw_reps(
    params: Simulation, rng: np.random.Generator, n_runs: int, quantity: str = "amplitude"
) -> FloatArray:
    """Values of every repetition from the statistical model alone, without signals.

    Parameters
    ----------
    params : Simulation
        Its asymmetry, CV, SDs, correlation, sets and repetitions.
    rng : Generator
        Source of the draws.
    n_runs : int
        Recordings to draw.
    quantity : str
        ``amplitude``, ``tempo`` or ``impact``.

    Returns
    -------
    (n_runs, sets, reps, 2) float array
        Left and right values relative to the nominal one, positive; geometric mean 1 without asymmetry.
    """
    return np.exp(draw_effects(params, rng, n_runs, quantity).log_side)
