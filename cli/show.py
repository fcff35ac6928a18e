"""Analyses and quality as text: at most 80 columns, and nothing that only a colour says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.report import words
from analysis.results import Analysis, ExerciseSet, Metric, Quality, SideQuality, VerdictWord
from cli.output import block_for, butterfly
from cli.show_body import body_lines
from sensing.errors import QualityGateFailed
from sensing.recording import Recording, Side, Stream

LEFT, RIGHT = "#0072B2", "#D55E00"
_BAR = 17
_DIFFERENCE = ("", ">difference", ">95 % interval", ">error", "verdict")


_DIFFERENCE_TITLE = "Difference, 200 (R - L) / (R + L); error: measurement error (MDC)"


def show_analysis(screen: Console, analysis: Analysis, *, detailed: bool = False) -> None:
    """The answer first, then what it rests on.

    Parameters
    ----------
    screen : Console
        Where to print.
    analysis : Analysis
        What to show.
    detailed : bool
        Also the reason of every verdict, and the times of every repetition.
    """
    _print(screen, analysis.summary, style="bold")
    if usual := words.expectation(analysis):
        _print(screen, usual)
    if detailed and analysis.profile is not None and analysis.profile.source:
        _print(screen, f"Source: {analysis.profile.source}")
    rows = words.rows(analysis)
    for title, table in (
        ("Left and right", _sides_table(screen, rows)),
        (_DIFFERENCE_TITLE, _differences(rows)),
        ("By set", _set_differences(analysis.metrics)),
    ):
        if table.row_count:
            _section(screen, title)
            screen.print(table)
    _reasons(screen, words.every_row(analysis) if detailed else rows, every=detailed)
    if analysis.sets:
        _section(screen, "Sets")
        screen.print(_sets_table(analysis.sets))
    if detailed:
        _repetitions(screen, analysis.sets)
    if told := body_lines(analysis.body):
        _section(screen, "Besides left and right")
        _list(screen, told)
    if analysis.findings:
        _section(screen, "Findings")
        _list(screen, (f"{level}: {text}" for level, text in words.findings(analysis)))
    show_quality(screen, analysis.quality)
    _print(screen, f"Data quality: {analysis.quality.grade}. Not a medical device.")


def show_recording(screen: Console, recording: Recording) -> None:
    """What is known about a recording."""
    known = [
        ("from", recording.path),
        ("athlete", recording.athlete),
        ("sport", recording.sport),
        ("exercise", recording.exercise),
        ("placement", recording.placement),
        ("dominant", recording.dominant),
        ("started", recording.started_at and recording.started_at.isoformat(timespec="seconds")),
        ("length", f"{recording.duration_s:.1f} s"),
        ("complete", "" if recording.complete else "no, it ended early"),
    ]
    table = _table("", "")
    for name, value in known:
        if value:
            table.add_row(name, words.printable(value))
    for stream in recording.streams():
        about = ", ".join(filter(None, (stream.device, _channels(stream))))
        table.add_row(stream.side.value, words.printable(about))
    screen.print(table)


def show_quality(screen: Console, quality: Quality) -> None:
    """Rates, loss, gaps, clipping, synchronisation and every warning."""
    _section(screen, "Data")
    table = _table("", *(">" + name for name in ("rate", "samples", "lost", "gaps", "longest", "clipped")))
    for side, of_side in ((Side.LEFT, quality.left), (Side.RIGHT, quality.right)):
        table.add_row(side.value, *_quality_cells(of_side))
    screen.print(table)
    error_s = quality.sync.error_s
    known = "not known" if error_s is None else f"{error_s * 1000:.1f} ms ({quality.sync.method})"
    _print(screen, f"left-right timing error: {known}")
    _list(screen, (f"warning: {warning.message}" for warning in quality.warnings))


def quality_failure(quality: Quality) -> QualityGateFailed:
    """The error of ``--strict``."""
    why = "; ".join(warning.message for warning in quality.warnings)
    return QualityGateFailed(f"the data are poor: {why}; record again, or leave out --strict")


def _print(screen: Console, text: str, style: str = "") -> None:
    screen.print(Text(words.printable(text), style=style))


def _section(screen: Console, title: str) -> None:
    screen.print()
    _print(screen, title, style="bold")


def _list(screen: Console, lines: Iterable[str]) -> None:
    table = Table.grid(padding=(0, 1))
    for line in lines:
        table.add_row("-", Text(words.printable(line)))
    if table.row_count:
        screen.print(table)


def _table(*headers: str, apart: int = 2) -> Table:
    """A table without lines; a header that begins with ``>`` is right-aligned."""
    table = Table(box=None, padding=(0, apart, 0, 0), pad_edge=False, show_header=any(headers))
    for header in headers:
        table.add_column(header.lstrip(">"), justify="right" if header.startswith(">") else "left")
    return table


def _sides_table(screen: Console, rows: Sequence[Metric]) -> Table:
    table = _table("", ">left", "", "right", apart=1)
    block = block_for(screen)
    for row in rows:
        known = [value for value in (row.left, row.right) if value is not None]
        if not known or min(known) < 0:
            continue
        left, right = butterfly(row.left or 0.0, row.right or 0.0, max(known), _BAR, block=block)
        values = [
            value if value == words.MISSING else words.with_unit(value, row.unit)
            for value in words.side_values(row)
        ]
        bars = Text.assemble((left, LEFT), "|", (right, RIGHT))
        table.add_row(words.label(row.name), values[0], bars, values[1])
    return table


def _differences(rows: Sequence[Metric]) -> Table:
    table = _table(*_DIFFERENCE, apart=1)
    if any(row.difference is not None for row in rows):
        for row in rows:
            table.add_row(words.label(row.name), *_difference_cells(row))
    return table


def _set_differences(metrics: Sequence[Metric]) -> Table:
    table = _table(*_DIFFERENCE, apart=1)
    of_sets = [row for row in metrics if row.set_index is not None and row.primary]
    for row in sorted(of_sets, key=lambda row: row.set_index or 0):
        assert row.set_index is not None
        table.add_row(f"{row.set_index + 1} {words.label(row.name)}", *_difference_cells(row))
    return table


def _difference_cells(row: Metric) -> tuple[Text | str, ...]:
    effect = words.Effect(row)
    mdc = words.MISSING if effect.mdc is None else f"{words.number(effect.mdc, 1)} %"
    verdict = words.verdict_words(row.verdict, row.side, row.grade)
    return Text(effect.text, style=_colour(row)), effect.interval_text, mdc, verdict


def _colour(row: Metric) -> str:
    if row.verdict is not VerdictWord.ASYMMETRIC:
        return ""
    return LEFT if row.side is Side.LEFT else RIGHT


def _reasons(screen: Console, rows: Sequence[Metric], *, every: bool) -> None:
    """Why, with the metrics that share a reason on one line; of the open answers only, unless asked."""
    open_answers = (VerdictWord.INCONCLUSIVE, VerdictWord.NOT_ASSESSABLE)
    by_reason: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.reason and (every or row.verdict in open_answers):
            verdict = words.verdict_words(row.verdict, row.side, None)
            key = verdict, row.reason.removeprefix("exploratory: ")
            by_reason.setdefault(key, []).append(words.label(row.name).lower())
    if by_reason:
        _section(screen, "Why")
    _list(screen, (f"{verdict} ({', '.join(names)}): {why}" for (verdict, why), names in by_reason.items()))


def _sets_table(sets: Sequence[ExerciseSet]) -> Table:
    table = _table("", ">from", ">to", ">reps left", ">reps right", "kind", "exercise")
    for k, one in enumerate(sets, 1):
        counts = [str(len(one.reps.get(side, ()))) for side in Side]
        kind = one.kind.value.replace("_", " ") + (", coupled" if one.coupled else "")
        times = (f"{one.start_s:.1f} s", f"{one.end_s:.1f} s")
        table.add_row(str(k), *times, *counts, kind, words.printable(one.exercise))
    return table


def _repetitions(screen: Console, sets: Sequence[ExerciseSet]) -> None:
    _section(screen, "Repetitions, s")
    for k, one in enumerate(sets, 1):
        for side in Side:
            spans = " ".join(f"{start:.2f}-{end:.2f}" for start, end in one.reps.get(side, ()))
            if spans:
                _print(screen, f"{k} {side}: {spans}")


def _quality_cells(quality: SideQuality | None) -> tuple[str, ...]:
    if quality is None:
        return ("not recorded", *[words.MISSING] * 5)
    longest = max((end - start for start, end in quality.gaps), default=0.0)
    return (
        f"{quality.rate_hz:.1f} Hz",
        str(quality.samples),
        str(quality.lost),
        str(len(quality.gaps)),
        f"{longest:.2f} s" if quality.gaps else words.MISSING,
        str(quality.clipped),
    )


def _channels(stream: Stream) -> str:
    has = "accelerometer" + ("" if stream.gyr is None else ", gyroscope")
    return has if stream.acc_has_gravity else f"{has}, gravity removed by the device"
