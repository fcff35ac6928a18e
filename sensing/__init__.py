"""From a radio or a file to a `Recording` of two streams on one timeline.

The public way in is `open_recording`; importing this package loads nothing heavy until it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sensing.opening import open_recording
    from sensing.recording import Placement, Recording, Side, Stream, Sync

__all__ = ["Placement", "Recording", "Side", "Stream", "Sync", "open_recording"]


def __getattr__(name: str) -> Any:
    if name == "open_recording":
        from sensing.opening import open_recording

        return open_recording
    if name in __all__:
        import sensing.recording

        return getattr(sensing.recording, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
