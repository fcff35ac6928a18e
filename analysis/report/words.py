"""The report's words and numbers: labels, plain sentences, and figures with no more digits than are known.

Nothing here draws, decides or recomputes: every sentence restates what the `Analysis` says.
"""

from __future__ import annotations

import datetime as dt
import shlex
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from analysis.metrics import METRICS
from analysis.report.numbers import (
    MISSING,
    SIDE_LETTER,
    decimals,
    finite,
    finite_pair,
    number,
    printable,
    sided,
    sided_interval,
    to_percent,
    unit,
    with_unit,
)
from analysis.results import Analysis, Metric, RepValues, SideQuality, VerdictWord
from sensing.recording import Placement, Side

__all__ = [
    "MISSING",
    "SIDE_LETTER",
    "Effect",
    "answer",
    "command",
    "decimals",
    "explanation",
    "facts",
    "findings",
    "finite",
    "finite_pair",
    "focus",
    "focus_values",
    "footer",
    "glossary",
    "headline",
    "is_expected",
    "label",
    "limb",
    "number",
    "printable",
    "quality_lines",
    "repetition",
    "rows",
    "side_values",
    "sided",
    "sided_interval",
    "software_version",
    "status",
    "subtitle",
    "to_percent",
    "unit",
    "warnings",
    "with_unit",
]

_SPECS: Final = {metric.name: metric for metric in METRICS}
_LIMBS: Final = {"arm": ("arm", "arms"), "leg": ("leg", "legs")}
_GRADES: Final = {"mild": "Mild difference", "moderate": "Moderate difference", "marked": "Marked difference"}


def label(name: str) -> str:
    """A metric's name as people read it."""
    if name in _SPECS:
        return _SPECS[name].title
    return printable(name).replace("_", " ").strip().capitalize() or "Metric"


class Effect:
    """One metric's difference as the report shows it: in percent where a ratio holds, else in its unit.

    Attributes
    ----------
    value : float or None
        Difference, + meaning right more.
    interval : (low, high) or None
        Its 95 % interval.
    unit : str
        ``%`` or the metric's unit.
    places : int
        Decimals worth showing, by the width of the interval.
    mdc : float or None
        Measurement error in the same unit; known on the percent scale only.
    """

    def __init__(self, metric: Metric) -> None:
        ratio = finite(metric.log_ratio)
        self.is_percent = ratio is not None
        if ratio is not None:
            index = finite(metric.index_percent)
            self.value: float | None = to_percent(ratio) if index is None else index
            pair = finite_pair(metric.ci95)
            self.interval = None if pair is None else (to_percent(pair[0]), to_percent(pair[1]))
            self.unit = "%"
            self.mdc = finite(metric.mdc_percent)
            wide = self.interval is not None and self.interval[1] - self.interval[0] >= 40
            self.places = 0 if wide or abs(self.value) >= 100 else 1
        else:
            self.value = finite(metric.difference)
            self.interval = finite_pair(metric.difference_ci95)
            self.unit = metric.unit
            self.mdc = None
            self.places = decimals(self.value, *(self.interval or ()))

    @property
    def text(self) -> str:
        """``R 11.8 %``."""
        return sided(self.value, self.places, self.unit)

    @property
    def interval_text(self) -> str:
        """``R 7.9 to 15.6 %``."""
        return sided_interval(self.interval, self.places, self.unit)


def rows(analysis: Analysis) -> tuple[Metric, ...]:
    """The rows of the whole recording, main measures first."""
    whole = (metric for metric in analysis.metrics if metric.set_index is None)
    return tuple(sorted(whole, key=lambda metric: not metric.primary))


def focus(analysis: Analysis) -> Metric | None:
    """The metric the verdict rests on, else the first main measure with an answer, else the first row."""
    whole = rows(analysis)
    for metric in whole:
        if metric.name == analysis.verdict.metric:
            return metric
    answered = [metric for metric in whole if Effect(metric).value is not None]
    return next(iter(answered or whole), None)


def focus_values(analysis: Analysis) -> RepValues | None:
    """The repetitions of the metric in focus, else of the first metric that has any."""
    metric = focus(analysis)
    filled = [values for values in analysis.rep_values if len(values.value)]
    same = [values for values in filled if metric is not None and values.metric == metric.name]
    return next(iter(same or filled), None)


def answer(metric: Metric) -> str:
    """One metric's verdict in words, with the side and the grade, and the reason where there is one."""
    words = metric.verdict.value.replace("_", " ")
    if metric.verdict is VerdictWord.ASYMMETRIC and metric.side is not None:
        words = ", ".join(filter(None, (f"{metric.side} more", metric.grade)))
    return f"{words}: {metric.reason}" if metric.reason else words


def repetition(analysis: Analysis) -> str:
    """What one repetition is called here: ``rep``, ``stride`` or ``stroke``."""
    events = [event for exercise_set in analysis.sets for event in exercise_set.events.values()]
    if any(event.contact_s for event in events):
        return "stride"
    return "stroke" if any(event.strokes for event in events) else "rep"


def side_values(metric: Metric) -> tuple[str, str]:
    """Left and right value with the same number of decimals."""
    places = decimals(metric.left, metric.right)
    return number(metric.left, places), number(metric.right, places)


def limb(analysis: Analysis, *, plural: bool = False) -> str:
    """``arm``, ``leg`` or ``side``, after the placement."""
    try:
        region = Placement(analysis.recording.get("placement") or "unknown").region
    except ValueError:
        region = "unknown"
    return _LIMBS.get(region, ("side", "sides"))[plural]


def is_expected(analysis: Analysis) -> bool:
    """An asymmetry that the sport's profile explains."""
    verdict = analysis.verdict
    return verdict.verdict is VerdictWord.ASYMMETRIC and not verdict.flagged and analysis.profile is not None


def sport(analysis: Analysis) -> str:
    """The sport as people read it; empty where unknown."""
    name = analysis.profile.name if analysis.profile else str(analysis.recording.get("sport") or "")
    return name.replace("_", " ")


def status(analysis: Analysis) -> str:
    """The verdict and its grade in a few words."""
    verdict = analysis.verdict
    if verdict.verdict is VerdictWord.BALANCED:
        return "Balanced"
    if verdict.verdict is VerdictWord.INCONCLUSIVE:
        return "Not clear yet"
    if verdict.verdict is VerdictWord.NOT_ASSESSABLE:
        return "Cannot be compared"
    words = _GRADES.get(verdict.grade or "", "Difference")
    if is_expected(analysis):
        words += f", expected for {sport(analysis)}"
    elif analysis.profile is not None and analysis.profile.in_band is False:
        words += f", outside what is usual for {sport(analysis)}"
    return words


def headline(analysis: Analysis) -> str:
    """The verdict in one short line that names the side."""
    verdict, one, both = analysis.verdict, limb(analysis), limb(analysis, plural=True)
    if verdict.verdict is VerdictWord.BALANCED:
        return f"Both {both} moved alike"
    if verdict.verdict is VerdictWord.INCONCLUSIVE:
        return f"Not clear yet if the two {both} differ"
    if verdict.verdict is VerdictWord.NOT_ASSESSABLE or verdict.side is None:
        for side, quality in ((Side.LEFT, analysis.quality.right), (Side.RIGHT, analysis.quality.left)):
            if quality is None:
                return f"Only the {side} {one} was recorded"
        return f"The two {both} cannot be compared here"
    metric = focus(analysis)
    name = metric.name if metric else ""
    did = _SPECS[name].more if name in _SPECS else f"had more: {label(name).lower()}"
    effect = Effect(metric) if metric else None
    amount = f": {effect.text}" if effect and effect.value is not None else ""
    return f"The {verdict.side} {one} {did}{amount}"


def facts(analysis: Analysis) -> list[str]:
    """Interval, measurement error and the sport's band of the metric in focus, in a few words each."""
    metric = focus(analysis)
    found = []
    if metric is not None and (effect := Effect(metric)).value is not None:
        found.append(f"{label(metric.name)} {effect.text}")
        if effect.interval is not None:
            found.append(f"95 % interval {effect.interval_text}")
        if effect.mdc is not None:
            found.append(f"measurement error {number(effect.mdc, 1)} %")
    if analysis.profile is not None and (band := finite_pair(analysis.profile.band_percent)):
        found.append(f"usual for {sport(analysis)} {sided_interval(band, 0)}")
    elif analysis.profile is not None and analysis.profile.norm:
        found.append(f"for {sport(analysis)}: {analysis.profile.norm}")
    return found


def expectation(analysis: Analysis) -> str:
    """What the sport makes usual where the sensors were worn, and how the verdict reads for it."""
    if analysis.profile is None:
        return ""
    known = dict.fromkeys((analysis.profile.expects, analysis.profile.reads, analysis.profile.norm))
    return f"{sport(analysis).capitalize()}: {'; '.join(filter(None, known))}."


def explanation(analysis: Analysis) -> list[str]:
    """What the verdict means and what to do next, in plain sentences."""
    verdict, both = analysis.verdict, limb(analysis, plural=True)
    said = []
    if verdict.verdict is VerdictWord.BALANCED:
        said.append(f"The two {both} are close enough to call them even.")
    elif verdict.verdict is VerdictWord.INCONCLUSIVE:
        said.append("The range of likely values is too wide to tell. This is a normal result.")
        if analysis.quality.grade != "poor":
            said.append("More sets, or more sessions on other days, give a clearer answer.")
    elif verdict.verdict is VerdictWord.NOT_ASSESSABLE:
        missing = analysis.quality.left is None or analysis.quality.right is None
        said.append(
            "A second sensor on the other side is needed to compare."
            if missing
            else "There was too little movement, or too little good data, to compare the two sides."
        )
    else:
        said += _difference_sentences(analysis)
    if analysis.quality.grade == "poor":
        said.append(
            "The data are poor, so this page gives no firm answer. Check the sensors and record again."
        )
    if any(exercise_set.coupled for exercise_set in analysis.sets):
        said.append("A crank, bar or handle links the two sides, so which one pushed harder cannot be seen.")
    metric = focus(analysis)
    if metric is not None and metric.scope == "this_set" and Effect(metric).value is not None:
        said.append("This holds for this recording only: it has too few sets to say more.")
    return said + _tally(analysis)


def _tally(analysis: Analysis) -> list[str]:
    """How the measures split, and how long each side was active."""
    judged = [row for row in rows(analysis) if row.verdict is not VerdictWord.NOT_ASSESSABLE]
    sides = [row.side for row in judged if row.verdict is VerdictWord.ASYMMETRIC]
    said = []
    if judged:
        counts = [f"{sides.count(side)} more on the {side}" for side in Side if side in sides]
        even = sum(row.verdict is VerdictWord.BALANCED for row in judged)
        counts += [f"{even} even"] if even else []
        unclear = sum(row.verdict is VerdictWord.INCONCLUSIVE for row in judged)
        counts += [f"{unclear} not clear"] if unclear else []
        said.append(f"All measures: {', '.join(counts)}.")
    times = [finite(analysis.use.left_active_s), finite(analysis.use.right_active_s)]
    if times[0] is not None and times[1] is not None:
        places = decimals(*times) and 1
        left, right = (number(time, places) for time in times)
        said.append(f"Time in motion: left {left} s, right {right} s.")
    return said


def _difference_sentences(analysis: Analysis) -> list[str]:
    metric, said = focus(analysis), []
    effect = Effect(metric) if metric else None
    if effect is not None and effect.mdc is not None and effect.value is not None:
        larger = abs(effect.value) > effect.mdc
        if larger:
            said.append("The gap is larger than measurement error.")
        elif analysis.verdict.verdict is not VerdictWord.ASYMMETRIC:
            said.append("The gap is not larger than measurement error.")
    if is_expected(analysis):
        said.append(f"This is usual for {sport(analysis)}. One session alone is no reason to act.")
    else:
        said.append("Record again on another day before you change your training.")
    return said


def findings(analysis: Analysis) -> list[tuple[str, str]]:
    """(level, message) of every finding, the weightiest first."""
    order = {"flag": 0, "notice": 1, "info": 2}
    ranked = sorted(analysis.findings, key=lambda finding: order.get(finding.level, 3))
    return [(finding.level, finding.message) for finding in ranked]


def glossary(analysis: Analysis) -> list[tuple[str, str]]:
    """(word, meaning) of the words this page uses."""
    metric = focus(analysis)
    words = [
        ("Difference", "(right − left) ÷ mean of both. L or R names the side with more."),
        ("95 % interval", "where the true value likely lies."),
        ("Measurement error", "a smaller gap may be noise (MDC)."),
        ("Bands", "where about two in three reps lie."),
    ]
    if metric is not None and finite(metric.delta) is not None:
        limit = number(to_percent(metric.delta), 0)
        words.append(("Balanced", f"the true gap is very likely below {limit} %."))
    return words


NOTE: Final = (
    "A training aid, not a medical device.",
    "Sensors measure motion, not muscle force.",
    "See a professional about pain.",
)


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
    """The command that makes this analysis again."""
    about = analysis.recording
    words = ["sidewise", "analyse", str(about.get("path") or "RECORDING")]
    for option in ("sport", "dominant", "placement"):
        value = about.get(option)
        if value and value != "unknown":
            words += [f"--{option}", str(value)]
    return shlex.join(words)


def footer(analysis: Analysis) -> list[str]:
    """Where this page comes from: software, settings, input, and how to make it again."""
    settings = ", ".join(
        f"{key} {value}" for key, value in analysis.settings.items() if value not in (None, "")
    )
    return [
        f"sidewise {software_version()}",
        *([f"settings: {settings}"] if settings else []),
        f"input: {analysis.recording.get('path') or 'not a file'}",
        f"again: {command(analysis)}",
    ]
