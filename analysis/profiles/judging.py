"""How a difference between the sides stands to what a sport makes usual."""

from __future__ import annotations

from analysis.profiles.sport import Expectation, Profile
from analysis.results import Metric, OverallVerdict, ProfileMatch, VerdictWord
from analysis.symmetry import symmetry_index
from sensing.recording import Interval, Placement, Side


def explains(profile: Profile | None, placement: Placement, dominant: Side | None, row: Metric) -> bool:
    """Whether a difference is what the sport makes usual, so that it is no reason for a flag.

    Notes
    -----
    With a band for the metric, as long as the interval does not lie beyond it: being outside has to be shown.
    Less difference than usual is none to explain. Without a band by its direction alone.
    """
    expectation = profile.expectation(placement, dominant, row.name) if profile else None
    if expectation is None or row.side is None:
        return False
    band, interval = expectation.band(dominant), _interval(row)
    if band and interval:
        return not _is_beyond(interval, band)
    return expectation.side(dominant) is row.side


def _is_beyond(interval: Interval, band: Interval) -> bool:
    """Whether an interval lies wholly on the far side of a band, seen from no difference."""
    return _within(interval, (min(band[0], 0.0), max(band[1], 0.0))) is False


def match_profile(
    profile: Profile | None,
    placement: Placement,
    dominant: Side | None,
    row: Metric | None,
    verdict: OverallVerdict,
) -> ProfileMatch | None:
    """Hold the metric that the verdict rests on against what the sport makes usual there.

    Parameters
    ----------
    profile : Profile or None
        The sport; None gives None.
    placement : Placement
        Where the sensors were worn.
    dominant : Side or None
        Dominant side, as declared or found.
    row : Metric or None
        The metric that the verdict rests on.
    verdict : OverallVerdict
        The answer over all primary metrics.
    """
    if profile is None:
        return None
    expectation = profile.expectation(placement, dominant, row.name if row else "")
    if expectation is None:
        where = (
            "where the sensors were worn" if placement is Placement.UNKNOWN else f"on the {_words(placement)}"
        )
        expects = f"nothing is known for {profile.title} {where}"
        return ProfileMatch(profile.name, expects, None, "", version=profile.version)
    band, interval = expectation.band(dominant), _interval(row) if row else None
    inside = _within(interval, band) if band and interval else None
    if band:
        norm = _stands(interval, band)
    else:
        norm = f"{'no usual direction' if expectation.more == 'none' else 'direction only'}, no norm"
    differs = verdict.verdict is VerdictWord.ASYMMETRIC
    if differs and not verdict.flagged:
        reads = f"expected for {profile.title}"
    elif band:
        reads = f"{norm} for {profile.title}"
    elif differs and expectation.side(dominant):
        reads = f"not what is usual for {profile.title}"
    else:
        reads = norm
    return ProfileMatch(
        profile.name, expectation.words, inside, _source(expectation), band, reads, norm, profile.version
    )


def _stands(interval: Interval | None, band: Interval) -> str:
    inside = _within(interval, band) if interval else None
    if inside is None or interval is None:
        return "not clearly inside what is usual"
    if inside:
        return "inside what is usual"
    return "outside what is usual" if _is_beyond(interval, band) else "less than what is usual"


def _source(expectation: Expectation) -> str:
    people = f" (n = {expectation.n})" if expectation.n else ""
    return f"{expectation.source}{people}{' ' + expectation.note if expectation.note else ''}"


def _interval(row: Metric) -> Interval | None:
    """The 95 % interval as a symmetry index, percent."""
    return None if row.ci95 is None else (symmetry_index(row.ci95[0]), symmetry_index(row.ci95[1]))


def _within(interval: Interval, band: Interval) -> bool | None:
    """Whether an interval lies inside a band; None where it lies across its border."""
    if band[0] <= interval[0] and interval[1] <= band[1]:
        return True
    return False if interval[1] < band[0] or interval[0] > band[1] else None


def _words(placement: Placement) -> str:
    return placement.value.replace("_", " ")
