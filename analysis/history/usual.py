"""A pooled answer held against what the athlete's sport makes usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from analysis.history.athlete import Athlete
from analysis.history.pooling import Pooled
from analysis.history.sessions import Session
from analysis.profiles import find_profile
from analysis.profiles.judging import explains, match_profile
from analysis.results import Metric, OverallVerdict, ProfileMatch, VerdictWord


@dataclass(frozen=True)
class SportAnswer:
    """What the sport makes of a pooled answer.

    Attributes
    ----------
    sport : str
        As in the recordings.
    match : ProfileMatch or None
        None where the sport has no profile.
    flagged : bool
        Asymmetric, and nothing known of the sport makes that usual.
    """

    sport: str
    match: ProfileMatch | None
    flagged: bool

    @property
    def expected(self) -> bool | None:
        """Whether an asymmetry is expected; None where nothing is known of the sport."""
        return None if self.match is None else not self.flagged

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        match = None if self.match is None else asdict(self.match)
        return {"sport": self.sport or None, "profile": match, "flagged": self.flagged}


def hold_against_sport(
    pooled: Pooled, sessions: Sequence[Session], athlete: Athlete | None = None
) -> SportAnswer:
    """Hold a pooled answer against the sport of the latest session that names one, else of the athlete.

    Parameters
    ----------
    pooled : Pooled
        The answer.
    sessions : sequence of Session
        What it was pooled from, in order of time; at least one.
    athlete : Athlete, optional
        Sport and dominant side where the sessions do not say.

    Raises
    ------
    UsageError
        If the sport's profile has errors.
    """
    newest_first = sessions[::-1]
    sport = next((s.sport for s in newest_first if s.sport), athlete.sport if athlete else "")
    dominant = next((s.dominant for s in newest_first if s.dominant), athlete.dominant if athlete else None)
    profile = find_profile(sport) if sport else None
    placement, row = sessions[-1].placement, _row(pooled, sessions)
    asymmetric = pooled.verdict is VerdictWord.ASYMMETRIC
    flagged = asymmetric and (row is None or not explains(profile, placement, dominant, row))
    verdict = OverallVerdict(pooled.verdict, pooled.grade, pooled.side, pooled.metric, flagged)
    return SportAnswer(sport, match_profile(profile, placement, dominant, row, verdict), flagged)


def _row(pooled: Pooled, sessions: Sequence[Session]) -> Metric | None:
    """The pooled answer in the shape of one recording's row."""
    rows = [row for session in sessions if (row := session.metric(pooled.metric)) is not None]
    if not rows:
        return None
    return replace(
        rows[-1],
        log_ratio=pooled.log_ratio,
        index_percent=pooled.index_percent,
        ci95=pooled.ci95,
        verdict=pooled.verdict,
        grade=pooled.grade,
        side=pooled.side,
    )
