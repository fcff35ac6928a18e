"""The simulated movement as something that can be felt at any time, for as long as a sensor streams."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from sensing.devices import Plan
from sensing.recording import GRAVITY, FloatArray, Side
from sensing.simulate.body import draw_tremor, feel
from sensing.simulate.effects import draw_effects
from sensing.simulate.params import Simulation
from sensing.simulate.schedule import Draws, make_plan
from sensing.simulate.sensor import draw_sensor, read_out
from sensing.simulate.straps import hold

_KNOCK_S = 0.04
_KNOCK = 8 * GRAVITY


class Movement:
    """What `simulate` makes of the same parameters, movement and sensors alike, at any times.

    Parameters
    ----------
    params : Simulation
        Athlete and movement; over when done, it starts again.
    """

    def __init__(self, params: Simulation) -> None:
        # The same seeds for the same parts as in `simulate`, whose truth then holds here.
        seeds = np.random.SeedSequence(params.seed).spawn(10)
        rng = [np.random.default_rng(seed) for seed in seeds[:6]]
        amplitude, tempo, impact = (
            draw_effects(params, rng[i], 1, name) for i, name in enumerate(("amplitude", "tempo", "impact"))
        )
        self._params = params
        self._plan = make_plan(params, Draws(amplitude, tempo, impact, *rng[3:6]))
        self._worn = {}
        for side, seed in zip(Side, (seeds[6], seeds[8]), strict=True):
            tremor, sensor, _ = (np.random.default_rng(each) for each in seed.spawn(3))
            self._worn[side] = draw_tremor(params.tremor_deg_s, tremor), draw_sensor(params, side, sensor)

    @property
    def duration_s(self) -> float:
        """Length of one pass, s."""
        return self._plan.duration_s

    def felt(
        self,
        side: Side,
        time_s: FloatArray,
        plan: Plan,
        rng: np.random.Generator,
        knocks_s: Sequence[float] = (),
    ) -> tuple[FloatArray, FloatArray]:
        """What a sensor with the ranges of ``plan`` reads.

        Parameters
        ----------
        side : Side
            Limb.
        time_s : (n,) float array
            Times since the movement began, s.
        plan : Plan
            Rate and ranges.
        rng : numpy.random.Generator
            For the noise.
        knocks_s : sequence of float
            Times of knocks, s.

        Returns
        -------
        acc, gyr : (n, 3) float array
            m/s2 and deg/s.
        """
        tremor, sensor = self._worn[side]
        within_s = time_s % self._plan.duration_s
        limb = feel(self._params.spec, self._plan, side, within_s, tremor)
        acc, gyr = hold(self._params, self._plan, side, within_s, *limb)
        for knock in knocks_s:
            phase = (time_s - knock) / _KNOCK_S
            acc[:, 2] += np.where((phase > 0) & (phase < 1), _KNOCK * np.sin(math.pi * phase) ** 2, 0.0)
        ranges = dataclasses.replace(
            self._params,
            acc_range_g=(plan.acc_range or self._params.acc_range_g * GRAVITY) / GRAVITY,
            gyr_range_deg_s=plan.gyr_range or self._params.gyr_range_deg_s,
        )
        return read_out(ranges, sensor, acc, gyr, plan.rate_hz, rng)
