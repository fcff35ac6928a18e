"""Pain in the diary: when it stops training, and on which days it leaves training clean."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from analysis.history.diary import MAX_PAIN, Entry

STOP: Final = 4
"""Pain, of 10, at which training stops."""

RISE: Final = 2
"""Rise of pain that must have settled after a day."""

CLEAN: Final = 2
"""Most pain of a day after which training may progress."""

LOOKBACK: Final = dt.timedelta(days=14)
"""How far back pain counts for a new plan."""


def pain_stop(entries: Iterable[Entry]) -> str | None:
    """Why the pain in a diary stops training; None where it does not.

    Parameters
    ----------
    entries : iterable of Entry
        Entries that count, the first one first.

    Notes
    -----
    The latest rating decides on `STOP`. A rise by `RISE` stops if pain was rated again on a later day and has
    not been lower since.
    """
    rated = [(entry.date, entry.pain) for entry in entries if entry.pain is not None]
    if not rated:
        return None
    date, pain = rated[-1]
    if pain >= STOP:
        return (
            f"Stop: the diary has pain of {pain}/{MAX_PAIN} on {date}. Rest until it is below {STOP}; see a "
            "doctor or physiotherapist if it stays."
        )
    for i in range(1, len(rated)):
        (_, before), (rose_on, _) = rated[i - 1], rated[i]
        since = [later for _, later in rated[i:]]
        if date > rose_on and min(since) - before >= RISE:
            return (
                f"Stop: pain rose from {before}/{MAX_PAIN} by {RISE} or more on {rose_on}, not settled by "
                f"{date}. Rest; see a doctor or physiotherapist if it stays."
            )
    return None


def clean_days(entries: Iterable[Entry]) -> set[dt.date]:
    """Days on which pain was rated, and never above `CLEAN`."""
    worst: dict[dt.date, int] = {}
    for entry in entries:
        if entry.pain is not None:
            worst[entry.date] = max(entry.pain, worst.get(entry.date, 0))
    return {date for date, pain in worst.items() if pain <= CLEAN}
