"""The kernels: compiled or in numpy, the same numbers, and nothing outside of an array."""

from __future__ import annotations

import shutil
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from analysis import kernels
from analysis.kernels import plain
from analysis.segmentation.filters import butterworth

try:
    from analysis.kernels import compiled
except ImportError:
    compiled = None

needs_compiled = pytest.mark.skipif(compiled is None, reason="installed without a C compiler")
every = pytest.mark.parametrize(
    "own", [pytest.param(plain, id="plain"), pytest.param(compiled, id="compiled", marks=needs_compiled)]
)


def walk(seed: int, n: int, channels: int = 3) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).normal(size=(channels, n)), axis=1).T


def some_spans(seed: int, n: int, count: int, least: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    start = random.integers(0, n - least + 1, count)
    return np.column_stack([start, start + random.integers(least, n - start + 1)]).astype(np.int64)


def test_a_machine_with_a_compiler_has_compiled_kernels():
    if not (shutil.which("cc") or shutil.which("gcc")):
        pytest.skip("no C compiler")
    assert kernels.COMPILED and kernels.zero_phase.__module__ == "analysis.kernels.compiled"


@every
@pytest.mark.parametrize("order", [2, 4])
@pytest.mark.parametrize("shape", [(400,), (400, 1), (400, 2), (400, 3)])
def test_a_filter_run_forth_and_back_is_that_of_scipy(own: ModuleType, order: int, shape: tuple[int, ...]):
    values = walk(1, 400)[:, : int(np.prod(shape[1:]))].reshape(shape)
    design = butterworth("low", (5.0,), 100.0, order=order)
    found = own.zero_phase(values, design.sections, design.settled, 60)
    wanted = signal.sosfiltfilt(design.sections, values, axis=0, padlen=60)
    assert found.shape == shape
    np.testing.assert_allclose(found, wanted, atol=1e-12 * np.abs(values).max())


@needs_compiled
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 300), st.integers(1, 3), st.data())
def test_compiled_filters_are_those_of_numpy(seed: int, n: int, channels: int, data: st.DataObject):
    pad = data.draw(st.integers(0, n - 1))
    values = walk(seed, 2 * n, channels)[:: data.draw(st.sampled_from([1, 2]))][:n]
    design = butterworth("band", (0.5, 4.0), 50.0)
    both = [one.zero_phase(values, design.sections, design.settled, pad) for one in (plain, compiled)]
    np.testing.assert_allclose(both[1], both[0], rtol=1e-9, atol=1e-9 * np.abs(values).max())


@needs_compiled
@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=60), st.floats(0.5, 6.0))
def test_compiled_turning_points_are_those_of_numpy(steps: list[int], hysteresis: float):
    angle = np.array(steps, dtype=np.float64)
    for own, other in zip(
        compiled.turning_points(angle, hysteresis), plain.turning_points(angle, hysteresis), strict=True
    ):
        np.testing.assert_array_equal(own, other)


@needs_compiled
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 200), st.integers(2, 12))
def test_compiled_spans_are_measured_as_in_numpy(seed: int, n: int, count: int):
    values, spans = walk(seed, n), some_spans(seed, n, count)
    speed = np.abs(values[:, 0])
    quat = walk(seed + 1, n, 4)
    quat /= np.linalg.norm(quat, axis=1, keepdims=True)
    for name, arguments in {
        "standstills": (speed, spans, 0.04, 1.0, 5.0),
        "normalise_time": (values, spans),
        "likenesses": (values, spans),
        "least_cosines": (quat, spans),
        "free_acceleration": (values, quat, 9.80665),
        "jerks": (values, spans),
    }.items():
        own, other = (getattr(one, name)(*arguments) for one in (compiled, plain))
        assert own.shape == other.shape, name
        np.testing.assert_allclose(own, other, rtol=1e-7, atol=1e-9 * max(1.0, np.abs(values).max() ** 2))
    for one in (plain, compiled):
        np.testing.assert_allclose(one.normalise_time(speed, spans)[:, 0], speed[spans[:, 0]])


@every
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(-6, 6))
def test_a_delay_is_found_and_swapping_the_sides_negates_it(own: ModuleType, seed: int, delay: int):
    speed = signal.lfilter([0.05], [1, -0.95], walk(seed, 400, 1)[:, 0])
    left, right = speed[20:370], speed[20 - delay : 370 - delay]
    windows = np.array([(100, 220, 30), (40, 300, 40)], dtype=np.int64)
    found = own.shifts(left, right, windows)
    np.testing.assert_allclose(found, delay, atol=0.3)
    np.testing.assert_array_equal(own.shifts(right, left, windows), -found)


@needs_compiled
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 60), st.integers(0, 20))
def test_compiled_shifts_are_those_of_numpy(seed: int, length: int, reach: int):
    left, right = np.abs(walk(seed, 200, 2).T)
    windows = np.array([(reach, reach + length, reach), (60, 60 + length, reach)], dtype=np.int64)
    own, other = (one.shifts(left, right, windows) for one in (compiled, plain))
    np.testing.assert_allclose(own, other, rtol=1e-6, atol=1e-6)


@needs_compiled
def test_compiled_kernels_refuse_what_lies_outside_of_an_array():
    values, quat = walk(0, 50), walk(0, 50, 4)
    for start, stop in ((-1, 10), (10, 51), (20, 10), (2**62, 2**63 - 1), (-(2**63), 2**63 - 1)):
        outside = np.array([(0, 10), (start, stop)], dtype=np.int64)
        for attempt in (
            lambda o=outside: compiled.standstills(values[:, 0], o, 0.04, 1.0, 5.0),
            lambda o=outside: compiled.normalise_time(values, o),
            lambda o=outside: compiled.likenesses(values, o),
            lambda o=outside: compiled.least_cosines(quat, o),
            lambda o=outside: compiled.jerks(values, o),
        ):
            with pytest.raises(ValueError, match="outside"):
                attempt()
    for window in ((5, 20, 6), (20, 40, 11), (20, 20, 3), (20, 30, -1), (0, 10, 2**62)):
        with pytest.raises(ValueError, match="outside"):
            compiled.shifts(values[:, 0], values[:, 1], np.array([window], dtype=np.int64))
    design = butterworth("low", (5.0,), 100.0)
    for wrong, pad in ((values, 50), (values, -1), (values[:0], 0), (np.empty((9, 4)), 0)):
        with pytest.raises(ValueError, match="do not fit"):
            compiled.zero_phase(wrong, design.sections, design.settled, pad)
    for kind in (np.float32, np.int64, ">f8"):
        with pytest.raises((TypeError, ValueError)):
            compiled.jerks(values.astype(kind), np.array([(0, 10)], dtype=np.int64))


@every
def test_standstills_are_at_the_ends_of_a_span(own: ModuleType):
    speed = np.concatenate([np.zeros(20), np.linspace(0, 100, 20), np.linspace(100, 0, 20), np.zeros(30)])
    before, after = own.standstills(speed, np.array([[0, 90]], dtype=np.int64), 0.04, 0.0, 30.0)[0]
    assert 15 <= before <= 22 and 25 <= after <= 32
    still = own.standstills(np.zeros(30), np.array([[0, 30]], dtype=np.int64), 0.04, 4.0, 30.0)
    np.testing.assert_array_equal(still, [[0, 0]])


def test_no_movement_has_no_likeness():
    still = np.zeros((50, 3))
    spans = np.array([(0, 20), (20, 40)], dtype=np.int64)
    np.testing.assert_array_equal(kernels.likenesses(still, spans), [0.0, 0.0])
