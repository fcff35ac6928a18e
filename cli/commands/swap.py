"""Tell a difference between the sensors from one between the sides."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import common
from cli.output import console, message, print_json
from cli.recordings import PATH
from cli.rounds import Round, open_rounds, record_rounds, round_options, sessions_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from analysis.history.studies import Swapped
    from sensing.recording import Recording

_EXAMPLE = """
    sidewise swap a01 --times 2 -e squat --placement thigh
    sidewise swap a01 monday tuesday
    sidewise swap a01 left-right --exchanged right-left
"""


@common.command("swap", example=_EXAMPLE)
@round_options
@common.option(
    "--exchanged",
    type=PATH,
    multiple=True,
    metavar="RECORDING",
    help="Made with the sensors exchanged, where recordings do not name them; repeatable.",
)
@common.option(
    "--times",
    type=click.IntRange(1, 10),
    default=2,
    show_default=True,
    metavar="N",
    help="How often to record each way.",
)
def command(
    athlete: str,
    paths: tuple[Path, ...],
    exchanged: tuple[Path, ...],
    times: int,
    home: Path,
    dry_run: bool,
    as_json: bool,
    exercise: str | None,
    placement: str | None,
    **recorded: Any,
) -> None:
    """Tell a difference between the sensors from one between the sides.

    Record as the sensors are always worn, exchange them (the left one to the right side and the other way
    round), and record again; best several times. What then moves with the sensors is theirs, what stays is
    the body's. The sensors' part is kept with the athlete and taken off every recording made with these two.
    """
    from analysis.history.athlete import load_athlete, save_athlete
    from analysis.history.studies import SCHEMA_SWAP, swap_check, with_gains
    from analysis.own_error import OwnError, worn_pair

    known = load_athlete(home, athlete)
    chosen = {"exercise": exercise, "placement": placement}
    if not paths and not exchanged:
        rounds = [_round(k) for k in range(2 * times)]
        paths = tuple(record_rounds(rounds, what="swap", athlete=athlete, **(recorded | chosen)))
    recordings = open_rounds((*paths, *exchanged), athlete, **chosen)
    as_worn, turned = _both_ways(recordings, len(paths) if exchanged else None)
    sessions = sessions_of([*as_worn, *turned], OwnError(remount=known.remount))
    found = swap_check(sessions[: len(as_worn)], sessions[len(as_worn) :])
    pair = worn_pair(as_worn[0])
    precise = [one for one in found if one.precise]
    kept = bool(precise) and not dry_run
    if pair is None:
        kept = False
        message("these recordings do not name their sensors, so nothing can be kept for later recordings")
    elif not precise:
        message(
            "the sensors' part is not known well enough to be taken off; record more, each way several times"
        )
    elif kept:
        save_athlete(home, with_gains(known, (one.kept(pair, dt.date.today()) for one in precise)))
    if as_json:
        sensors = None if pair is None else {"left": pair[0], "right": pair[1]}
        about = {"athlete": athlete, "sensors": sensors, "kept": kept}
        print_json({"schema": SCHEMA_SWAP} | about | {"metrics": [one.to_dict() for one in found]})
        return
    _show(console(), found)
    message(
        f"kept with {athlete}; 'sidewise analyse' takes it off from now on" if kept else "nothing is kept"
    )


def _round(k: int) -> Round:
    if k == 0:
        return Round("put both sensors on as always")
    if k % 2:
        return Round("exchange the sensors: the left one on the right side, the right one on the left", True)
    return Round("exchange the sensors again, so that each is worn as always")


def _both_ways(
    recordings: Sequence[Recording], as_worn: int | None
) -> tuple[list[Recording], list[Recording]]:
    """Recordings as worn and exchanged: the first so many, or as their sensors say.

    Raises
    ------
    UsageError
        What the recordings say of their sensors does not allow it.
    """
    from analysis.own_error import worn_pair
    from sensing.errors import UsageError

    pairs = [worn_pair(recording) for recording in recordings]
    first = pairs[0]
    if as_worn is None and first is None:
        raise UsageError("these recordings do not name their sensors; say which are --exchanged")
    turned = None if first is None else first[::-1]
    if any(pair not in (first, turned) for pair in pairs):
        raise UsageError("these recordings are of several pairs of sensors; check one pair at a time")
    if as_worn is None:
        is_turned = [pair == turned for pair in pairs]
    else:
        is_turned = [k >= as_worn for k in range(len(recordings))]
        said = [pair == turned for pair in pairs]
        if first is not None and said not in (is_turned, [not t for t in is_turned]):
            raise UsageError("--exchanged contradicts what the recordings say of their sensors; leave it out")
    return (
        [r for r, other in zip(recordings, is_turned, strict=True) if not other],
        [r for r, other in zip(recordings, is_turned, strict=True) if other],
    )


def _show(screen: Console, found: Sequence[Swapped]) -> None:
    from rich.table import Table

    from analysis.history.pooling import index_interval
    from analysis.metrics import spec
    from analysis.report.numbers import sided, sided_interval
    from analysis.symmetry import symmetry_index

    table = Table(box=None, pad_edge=False)
    for header in ("", "sensors", "95 % interval", "sides", "95 % interval"):
        table.add_column(header, justify="left" if not header else "right")
    for one in found:
        cells = []
        for part in (one.gain, one.body):
            cells += [sided(symmetry_index(part.d), 1), sided_interval(index_interval(part.interval()), 1)]
        table.add_row(spec(one.metric).title, *cells)
    screen.print(table)
    screen.print(
        "Sensors: how much more one reads than the other for the same movement, named by the side where it "
        "is always worn. Sides: the difference of the body, with that taken out."
    )
