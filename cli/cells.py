"""Tables for spreadsheets: nothing in them runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def plain_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Text that a spreadsheet would run as a formula, made plain by a leading apostrophe."""
    texts = [name for name in frame.columns if frame[name].dtype.kind not in "bifc"]
    return frame.assign(**{name: frame[name].map(_plain) for name in texts})


def _plain(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
