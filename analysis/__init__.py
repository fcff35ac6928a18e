"""From a `Recording` to an `Analysis`.

The public way in is `analyse`; importing this package loads nothing heavy until it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.pipeline import analyse, check_recording
    from analysis.results import Analysis
    from analysis.settings import Settings

__all__ = ["Analysis", "Settings", "analyse", "check_recording"]


def __getattr__(name: str) -> Any:
    if name in ("analyse", "check_recording"):
        import analysis.pipeline

        return getattr(analysis.pipeline, name)
    if name == "Analysis":
        from analysis.results import Analysis

        return Analysis
    if name == "Settings":
        from analysis.settings import Settings

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
