"""What a caller may choose about an analysis."""

from __future__ import annotations

from dataclasses import dataclass

from sensing.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """Choices for one analysis; what the recording itself says stays in the `Recording`.

    Attributes
    ----------
    remount_sd : float or None
        SD of ln(right / left) between two mountings of the sensors, for amplitude metrics. None takes the
        default of the metric table (0.04, an assumption).
    per_set : bool
        Add one row per set and metric to the recording's own rows.
    """

    remount_sd: float | None = None
    per_set: bool = False

    def __post_init__(self) -> None:
        if self.remount_sd is not None and not 0 <= self.remount_sd <= 1:
            raise UsageError(f"remount SD must be between 0 and 1 (0 to 100 %), not {self.remount_sd}")
