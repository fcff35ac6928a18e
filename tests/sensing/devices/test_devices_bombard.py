"""The bombardment of `benchmarks/decoders.py`, a small one for every driver."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from sensing.devices import drivers

PATH = Path(__file__).parents[3] / "benchmarks" / "decoders.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_decoders", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", list(drivers()))
def test_bombardment(benchmark: ModuleType, name: str) -> None:
    _, fed, accepted, samples, _ = benchmark.bombard(name, 1500, seed=7)
    assert fed == 1500
    # A third is valid and in order; a mutated clock may silence some of that.
    assert 100 < accepted < 1200
    assert samples > 0


def test_the_naive_reader_catches_a_decoder_that_takes_too_much(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(benchmark.READERS, "dot", lambda reader, uuid, payload: None)
    with pytest.raises(AssertionError):
        benchmark.bombard("dot", 200, seed=7)
