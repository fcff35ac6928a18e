from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensing.clock import LowerHull, apply_clock, fit_clock, unwrap
from sensing.errors import BadInput


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=50), st.integers(0, 2**16 - 1))
def test_unwrap_undoes_wrapping(steps: list[int], start: int) -> None:
    true = start + np.cumsum([0, *steps])
    assert np.array_equal(unwrap(true % 2**16, 16), true)


@given(st.integers(2, 6000), st.integers(0, 2**32 - 1))
def test_incremental_and_batch_hull_agree(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    device = np.cumsum(rng.exponential(0.01, n))
    host = device * (1 + rng.normal(0, 1e-4)) + rng.exponential(0.01, n)
    hull = LowerHull()
    hull.extend(device, host)
    line = hull.line()
    fit = fit_clock(host, device_time_s=device)
    segment = fit.segments[0]
    assert line is not None
    live = line[2] + line[1] * (device - line[0])
    assert np.allclose(segment.offset_s + segment.rate * (device - segment.origin_s), live, atol=1e-9)


def test_stored_segments_give_the_same_times_again() -> None:
    device = np.arange(1000) / 100
    host = device + 5 + np.random.default_rng(1).exponential(0.01, 1000)
    fit = fit_clock(host, device_time_s=device, segment_starts=(0, 400))
    assert np.array_equal(apply_clock(device, fit.segments), fit.time_s)
    assert np.all(np.diff(fit.time_s) > 0)


def test_arrays_of_different_length_are_refused() -> None:
    with pytest.raises(BadInput, match="10 arrival times but 9"):
        fit_clock(np.arange(10.0), device_time_s=np.arange(9.0))
