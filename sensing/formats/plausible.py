"""Do the numbers look like the units they are said to be in? A doubt is told; a contradiction is refused."""

from __future__ import annotations

from typing import Final

import numpy as np

from sensing.errors import BadInput
from sensing.recording import GRAVITY, Notice, Recording, Stream

_WIDEST: Final = 3.5
"""Factor from 1 g within which the median acceleration stays in any movement that lasts."""

_LOOKED_AT: Final = 20_000


def check_units(recording: Recording) -> tuple[Notice, ...]:
    """Compare each side's median acceleration with gravity, and the sides with each other.

    Parameters
    ----------
    recording : Recording
        Opened recording.

    Returns
    -------
    tuple of Notice
        ``units_doubtful`` for each side whose median is far from 1 g.

    Raises
    ------
    BadInput
        One side looks like m/s2 and the other like another unit: nothing could be compared.
    """
    streams = [stream for stream in recording.streams() if stream.acc_has_gravity]
    medians = [_median_g(stream) for stream in streams]
    doubtful = [not 1 / _WIDEST < median < _WIDEST for median in medians]
    told = [f"{s.source or s.side} has {median:.3g} g" for s, median in zip(streams, medians, strict=True)]
    if doubtful.count(True) == 1 and len(streams) == 2 and max(medians) > _WIDEST * min(medians):
        raise BadInput(
            f"the two sides seem to be in different units: of the median acceleration {' and '.join(told)}; "
            "give both in m/s2, or open them with the right --acc-unit and export them"
        )
    return tuple(
        Notice("units_doubtful", f"median acceleration: {text}, far from 1 g; check its unit (--acc-unit)")
        for text, doubt in zip(told, doubtful, strict=True)
        if doubt
    )


def _median_g(stream: Stream) -> float:
    acc = stream.acc[:: max(len(stream) // _LOOKED_AT, 1)]
    return float(np.nanmedian(np.sqrt(np.einsum("ij,ij->i", acc, acc)))) / GRAVITY
