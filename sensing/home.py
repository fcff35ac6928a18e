"""The user's own folder, where what is kept between runs lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "SIDEWISE_HOME"
"""Environment variable that names another folder."""


def user_folder() -> Path:
    """``$SIDEWISE_HOME``, or the place where this system keeps a user's data."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen)
    # Not needed by a command that only tells of a wrong option.
    from platformdirs import user_data_path

    return user_data_path("sidewise", appauthor=False)
