"""Drivers of third parties, found through real package metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sensing.devices import drivers

GOOD = """\
import dataclasses
from sensing.devices.witmotion import DRIVERS
DRIVER = dataclasses.replace(DRIVERS[0], name="plugged")
TAKEN = [dataclasses.replace(DRIVERS[0], title="another")]
NONE = "no driver"
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Installs a package with one entry point."""

    def make(value: str) -> None:
        (tmp_path / "plugged_in.py").write_text(GOOD)
        info = tmp_path / "plugged_in-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged-in\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[sidewise.devices]\nmine = {value}\n")
        monkeypatch.syspath_prepend(tmp_path)
        drivers.cache_clear()

    yield make
    monkeypatch.undo()
    drivers.cache_clear()


def test_a_plug_in_is_found(install: Callable[[str], None]) -> None:
    install("plugged_in:DRIVER")
    assert drivers()["plugged"].title == "WitMotion BLE 5"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("plugged_in:ABSENT", "cannot be loaded"),
        ("not_there:DRIVER", "cannot be loaded"),
        ("plugged_in:NONE", "no driver"),
        ("plugged_in:TAKEN", "is taken"),
    ],
)
def test_a_faulty_plug_in_is_left_out_with_a_warning(
    install: Callable[[str], None], value: str, says: str
) -> None:
    install(value)
    with pytest.warns(UserWarning, match=says):
        found = drivers()
    assert found["witmotion"].title == "WitMotion BLE 5"
