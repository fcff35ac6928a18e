"""What a report says beside its answer: whose it is, how good the data are, and what it was made from."""

from __future__ import annotations

import datetime as dt
import shlex
from importlib.metadata import PackageNotFoundError, version

from analysis.report.numbers import MISSING, SIDE_LETTER, finite, number
from analysis.report.words import focus, focus_values, repetition, sport
from analysis.results import Analysis, Quality, SideQuality
from sensing.recording import Side


def quality_mark(quality: Quality) -> str:
    """A sign that says the grade without a colour."""
    return {"good": "✓", "usable": "!"}.get(quality.grade, "✗")


def quality_lines(analysis: Analysis) -> list[str]:
    """What the quality card says below its heading."""
    quality = analysis.quality
    error = finite(quality.sync.error_s)
    lines = [
        "sync error not known"
        if error is None
        else f"sync error {number(error * 1000, _ms_places(error))} ms"
    ]
    sides = ((Side.LEFT, quality.left), (Side.RIGHT, quality.right))
    lines.append("samples lost: " + ", ".join(f"{SIDE_LETTER[s]} {_lost(q)}" for s, q in sides))
    lines.append("rate: " + ", ".join(f"{SIDE_LETTER[s]} {_rate(q)}" for s, q in sides))
    metric = focus(analysis)
    if metric is not None and metric.remount_df is not None:
        lines.append("measurement error: the athlete's own")
    if (values := focus_values(analysis)) is not None:
        lines.append(f"{int(values.used.sum())} of {len(values.value)} {repetition(analysis)}s used")
    return lines


def _ms_places(error_s: float) -> int:
    return 0 if error_s >= 0.002 else 1


def _lost(quality: SideQuality | None) -> str:
    if quality is None:
        return MISSING
    percent = 100 * quality.lost / max(quality.lost + quality.samples, 1)
    return "none" if quality.lost == 0 else f"{number(percent, 1 if percent >= 0.1 else 2)} %"


def _rate(quality: SideQuality | None) -> str:
    rate = None if quality is None else finite(quality.rate_hz)
    return MISSING if rate is None else f"{number(rate, 0)} Hz"


def warnings(analysis: Analysis) -> list[str]:
    """Every quality warning, in words."""
    return [warning.message for warning in analysis.quality.warnings]


def subtitle(analysis: Analysis) -> list[str]:
    """Who, what, when and where, in groups."""
    about = analysis.recording
    who = [str(about.get("athlete") or "")]
    if about.get("dominant"):
        who.append(f"{about['dominant']} side dominant")
    who.append(sport(analysis))
    exercises = [s.exercise for s in analysis.sets if s.exercise]
    what = [
        str(about.get("exercise") or (exercises[0] if exercises else "")).replace("_", " "),
        _sets(analysis),
    ]
    place = str(about.get("placement") or "unknown").replace("_", " ")
    groups = [
        ", ".join(filter(None, who)),
        ", ".join(filter(None, what)),
        _when(about.get("started_at")),
        "" if place == "unknown" else f"sensors: {place}",
    ]
    return [group for group in groups if group]


def _sets(analysis: Analysis) -> str:
    sets = len(analysis.sets)
    if sets == 0:
        return ""
    words = f"{sets} set{'s' if sets > 1 else ''}"
    counts = {max((len(reps) for reps in s.reps.values()), default=0) for s in analysis.sets} - {0}
    if len(counts) == 1:
        return f"{words} × {counts.pop()}"
    return f"{words} × {min(counts)} to {max(counts)}" if counts else words


def _when(text: object) -> str:
    try:
        moment = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return str(text or "")
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def software_version() -> str:
    """Version of the installed distribution."""
    try:
        return version("sidewise")
    except PackageNotFoundError:  # run from a source tree
        return "unknown"


def command(analysis: Analysis) -> str:
    """A command that makes this analysis again, as far as the recording says how."""
    about = analysis.recording
    words = ["sidewise", "report", str(about.get("path") or "RECORDING")]
    for option in ("sport", "exercise", "dominant", "placement"):
        value = about.get(option)
        if value and value != "unknown":
            words += [f"--{option}", str(value)]
    return shlex.join(words)


def footer(analysis: Analysis, again: str | None = None) -> list[str]:
    """Where this page comes from: software, settings, input, and the command that makes it again."""
    settings = (
        f"{key.replace('_', ' ')} {value}"
        for key, value in analysis.settings.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
    )
    profile = analysis.profile
    return [
        *made_by(),
        *([f"profile {profile.name}, version {profile.version}"] if profile and profile.version else []),
        *settings,
        f"input: {analysis.recording.get('path') or 'not a file'}",
        f"again: {again or command(analysis)}",
    ]


def made_by(again: str | None = None) -> list[str]:
    """The software, and the command that makes the page again where it is known."""
    return [f"sidewise {software_version()}", *([f"again: {again}"] if again else [])]
