"""What a caller may choose about an analysis."""

from __future__ import annotations

from dataclasses import dataclass, replace

from analysis.own_error import NOTHING_MEASURED, OwnError
from sensing.errors import UsageError
from sensing.recording import Notice, Recording, Side


@dataclass(frozen=True)
class Settings:
    """Choices for one analysis; what the recording itself says stays in the `Recording`.

    Attributes
    ----------
    remount_sd : float or None
        SD of ln(right / left) between two mountings of the sensors, for amplitude metrics. None takes the
        athlete's own where it is known, else the default of the metric table (0.04, an assumption).
    per_set : bool
        Add one row per set and metric to the recording's own rows.
    own_error : OwnError or None
        What the athlete measured of their own error.
    sport, dominant : str and Side or None
        What is known of the athlete, for recordings that do not say it.
    at_once : int
        Samples of each side that are looked at at once, about: longer recordings are analysed part by part,
        to the same result up to rounding. An hour at 100 Hz by default; a part takes some 0.6 kB a sample.
    """

    remount_sd: float | None = None
    per_set: bool = False
    own_error: OwnError | None = None
    sport: str = ""
    dominant: Side | None = None
    at_once: int = 400_000

    def __post_init__(self) -> None:
        if self.remount_sd is not None and not 0 <= self.remount_sd <= 1:
            raise UsageError(f"remount SD must be between 0 and 1 (0 to 100 %), not {self.remount_sd}")
        if self.at_once < 1:
            raise UsageError(f"at_once must be 1 or more, not {self.at_once}")

    def completed(self, recording: Recording) -> Recording:
        """The recording with what is known of its athlete where it does not say it, and a notice of that."""
        sport, dominant = recording.sport or self.sport, recording.dominant or self.dominant
        known = [f"sport ({sport})"] if sport != recording.sport else []
        known += [f"dominant side ({dominant})"] if dominant != recording.dominant else []
        if not known:
            return recording
        said = f"{' and '.join(known)} as known of the athlete; the recording does not say"
        notices = (*recording.notices, Notice("athlete_known", said))
        return replace(recording, sport=sport, dominant=dominant, notices=notices)

    def own_error_of(self, recording: Recording) -> OwnError:
        """What is used of the athlete's own error for a recording; a stated SD goes before a study."""
        own = (self.own_error or NOTHING_MEASURED).fitting(recording)
        return own if self.remount_sd is None else replace(own, remount=())
