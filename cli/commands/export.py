"""Export metrics, repetitions or aligned signals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import common
from cli.analysing import analyse_chosen, analysis_options, end_with_verdict
from cli.cells import plain_cells
from cli.output import say_notices, working
from cli.recordings import PATH, open_chosen, recording_options
from sensing.errors import BadInput, UsageError
from sensing.files import write_file

if TYPE_CHECKING:
    import pandas as pd

    from analysis.results import Analysis
    from sensing.recording import Recording

_FORMATS = (".csv", ".json", ".parquet")


@common.command(
    "export",
    example="""
    sidewise export s1 -o metrics.csv
    sidewise export s1 --reps -o reps.parquet
    sidewise export s1 --aligned -o signals.csv
    """,
)
@recording_options
@analysis_options
@common.option("--reps", is_flag=True, help="One row per repetition, instead of per metric.")
@common.option("--aligned", is_flag=True, help="The signals of both sides on one timeline, gaps empty.")
@common.option(
    "-o", "--output", type=PATH, required=True, metavar="FILE", help="A .csv, .json or .parquet file."
)
@common.option("--force", is_flag=True, help="Replace the file that is there.")
def command(
    output: Path,
    force: bool,
    reps: bool,
    aligned: bool,
    strict: bool,
    fail_on_flag: bool,
    remount_sd: str | None,
    per_set: bool,
    no_own_error: bool,
    home: Path,
    **chosen: Any,
) -> None:
    """Export metrics, repetitions or aligned signals as CSV, JSON or Parquet."""
    _check_target(output, force=force, reps=reps, aligned=aligned)
    if aligned:
        recording = open_chosen(**chosen)
        with working("aligning"):
            write_file(output, _encode(_aligned_frame(recording), output.suffix.lower()))
        say_notices(recording.notices)
        click.echo(output)
        return
    analysis = analyse_chosen(
        remount_sd=remount_sd, per_set=per_set, no_own_error=no_own_error, home=home, **chosen
    )
    if output.suffix.lower() == ".json" and not reps:
        data = analysis.to_json(indent=1).encode("utf-8", "backslashreplace")
    else:
        frame = analysis.reps_frame() if reps else analysis.to_frame()
        data = _encode(_with_recording(frame, analysis), output.suffix.lower())
    write_file(output, data)
    say_notices(analysis.quality.warnings)
    click.echo(output)
    end_with_verdict(analysis, strict=strict, fail_on_flag=fail_on_flag)


def _check_target(output: Path, *, force: bool, reps: bool, aligned: bool) -> None:
    if reps and aligned:
        raise UsageError("--reps and --aligned are two different files; choose one")
    if output.suffix.lower() not in _FORMATS:
        raise UsageError(f"{output}: unknown format; end the name in {', '.join(_FORMATS)}")
    if aligned and output.suffix.lower() == ".json":
        raise UsageError(f"{output}: --aligned writes .csv or .parquet")
    if output.exists() and not force:
        raise UsageError(f"{output}: already exists; choose another name, or add --force to replace it")


def _with_recording(frame: pd.DataFrame, analysis: Analysis) -> pd.DataFrame:
    """The frame with what tells recordings apart in front, so that files can be put together."""
    for at, name in enumerate(("path", "athlete", "sport", "exercise", "started_at", "tag")):
        frame.insert(at, name, analysis.recording[name])
    return frame


def _aligned_frame(recording: Recording) -> pd.DataFrame:
    """Both sides as ``time_s,left_acc_x,...,right_gyr_z``; empty in gaps and where a sensor is missing."""
    import numpy as np
    import pandas as pd

    from analysis.timeline import align
    from sensing.recording import CHANNELS, Side

    if recording.sequential:
        raise BadInput(f"{recording.path}: the sides were recorded one after the other and share no timeline")
    tracks = align(recording).tracks()
    columns: dict[str, Any] = {"time_s": np.round(next(iter(tracks.values())).time_s, 9)}
    for side in Side:
        track = tracks.get(side)
        for i, channel in enumerate(CHANNELS):
            values = None if track is None else track.acc if i < 3 else track.gyr
            if track is None or values is None:
                columns[f"{side}_{channel}"] = np.nan
            else:
                columns[f"{side}_{channel}"] = np.where(track.valid, values[:, i % 3], np.nan)
    return pd.DataFrame(columns)


def _encode(frame: pd.DataFrame, suffix: str) -> bytes:
    if suffix == ".parquet":
        return _parquet(frame)
    if suffix == ".json":
        return (frame.to_json(orient="records", force_ascii=False) or "").encode("utf-8", "backslashreplace")
    text: str = plain_cells(frame).to_csv(index=False, lineterminator="\n", float_format="%.12g")
    return text.encode("utf-8", "backslashreplace")


def _parquet(frame: pd.DataFrame) -> bytes:
    try:
        return frame.to_parquet(index=False)
    except ImportError:
        raise UsageError("Parquet needs an extra: pip install 'sidewise[parquet]', or export .csv") from None
