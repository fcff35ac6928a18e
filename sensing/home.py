"""The user's own folder, where what is kept between runs lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import platformdirs

VARIABLE: Final = "SIDEWISE_HOME"
"""Environment variable that names another folder."""


def user_folder() -> Path:
    """``$SIDEWISE_HOME``, or the place where this system keeps a user's data."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("sidewise", appauthor=False))
