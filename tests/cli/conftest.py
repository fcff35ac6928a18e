from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without the configuration of whoever runs the tests."""
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    return home


@pytest.fixture(scope="session")
def run() -> Run:
    def invoke(*args: object, **options: object) -> Result:
        return CliRunner().invoke(main, [str(arg) for arg in args], **options)  # type: ignore[arg-type]

    return invoke


@pytest.fixture(scope="session")
def squat(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short simulated recording in which the right side does more."""
    folder = tmp_path_factory.mktemp("recordings") / "squat"
    done = run("simulate", "--exercise=squat", "--asym=+40%", "--rate=50", "--seed=3", "-o", folder)
    assert done.exit_code == 0, done.stderr
    return folder
