"""Play a recording to the terminal, as it would arrive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from cli import common
from cli.output import block_for, butterfly, console, say_notices
from cli.recordings import open_chosen, recording_options
from cli.sources import Speed

if TYPE_CHECKING:
    from sensing.recording import Recording, Stream

_BAR = 22


@common.command("replay", example="sidewise replay s1\nsidewise replay s1 --speed max")
@recording_options
@common.option(
    "--speed", type=Speed(), default="1", show_default=True, metavar="X|max", help="2 is twice as fast."
)
def command(speed: float, **chosen: Any) -> None:
    """Play a recording to the terminal, a line for every second."""
    recording = open_chosen(**chosen)
    say_notices(recording.notices)
    block = block_for(console())
    start = time.monotonic()
    for second, line in _lines(recording, block):
        time.sleep(max(0.0, start + (second + 1) / speed - time.monotonic()))
        click.echo(line)


def _lines(recording: Recording, block: str) -> Iterator[tuple[int, str]]:
    """Each second of the recording, and the line that shows it."""
    import numpy as np

    from sensing.recording import Side

    edges = recording.start_s + np.arange(int(recording.duration_s) + 2)
    seconds = {stream.side: _per_second(stream, edges) for stream in recording.streams()}
    unit = "deg/s" if all(stream.gyr is not None for stream in recording.streams()) else "m/s2"
    title = f"mean movement, {unit}"
    click.echo(f"{'time':>7} {'Hz':>5} {'left':>6} {title:^{2 * _BAR + 1}} {'right':<6}{'Hz':>5}")
    largest = max((size for each in seconds.values() for _, size in each if size is not None), default=0.0)
    for second in range(len(edges) - 1):
        (left_n, left), (right_n, right) = (
            seconds[side][second] if side in seconds else (0, None) for side in Side
        )
        bars = "|".join(butterfly(left or 0.0, right or 0.0, largest, _BAR, block=block))
        shown = f"{left_n:5d} {_number(left):>6} {bars} {_number(right):<6}{right_n:5d}"
        yield second, f"{edges[second]:5.0f} s {shown}"


def _number(size: float | None) -> str:
    return "-" if size is None else f"{size:.1f}"


def _per_second(stream: Stream, edges: Any) -> list[tuple[int, float | None]]:
    """Samples in each second, and mean angular velocity (acceleration, where there is no gyroscope).

    The mean is None where there are no samples.
    """
    import numpy as np

    values = stream.acc - np.nanmean(stream.acc, axis=0) if stream.gyr is None else stream.gyr
    size = np.linalg.norm(values, axis=1)
    which = np.searchsorted(edges, stream.time_s, side="right") - 1
    inside = (which >= 0) & (which < len(edges) - 1)
    known = inside & np.isfinite(size)
    counts, knowns = (np.bincount(which[each], minlength=len(edges) - 1) for each in (inside, known))
    sums = np.bincount(which[known], weights=size[known], minlength=len(edges) - 1)
    return [
        (int(n), float(total / k) if k else None) for n, k, total in zip(counts, knowns, sums, strict=True)
    ]
