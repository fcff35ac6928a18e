from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# Tests run beside each other: threads of one process' matrix products would only wait for each other.
# Processes that tests start inherit it; NumPy reads it when it is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A shell lets what it runs in the background ignore SIGINT, and every process started from there as well.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more about the machine than about the code.
settings.register_profile("sidewise", deadline=None)
settings.load_profile("sidewise")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files go first, so that all processes end together."""
    here = Path(__file__).parent
    items.sort(key=lambda item: (item.path.parent != here / "browser", item.path.parent != here))


@pytest.fixture(scope="session")
def real_recordings() -> Path:
    """Folder of the real recordings; the test is skipped where it is absent."""
    beside = Path(__file__).parents[1].parent / "shared" / "recordings"
    folder = Path(os.environ.get("SIDEWISE_RECORDINGS", beside))
    if not folder.is_dir():
        pytest.skip(f"real recordings are not at {folder}")
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--keep-pictures",
        action="store_true",
        help="keep what the browser shows now as what later runs are compared with",
    )
