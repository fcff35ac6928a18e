"""The report's words and numbers: labels, plain sentences, and figures with no more digits than are known.

Nothing here draws, decides or recomputes: every sentence restates what the `Analysis` says.
"""

from __future__ import annotations

from typing import Final

from analysis.findings import LIMBS, where_it_holds
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
from analysis.report.verdicts import VERDICTS, verdict_words
from analysis.results import Analysis, Metric, ProfileMatch, RepValues, VerdictWord
from sensing.recording import Placement, Side

__all__ = [
    "MISSING",
    "NOTE",
    "SIDE_LETTER",
    "VERDICTS",
    "Effect",
    "answer",
    "decimals",
    "every_row",
    "explanation",
    "findings",
    "finite",
    "finite_pair",
    "focus",
    "focus_values",
    "glossary",
    "headline",
    "is_expected",
    "label",
    "lead",
    "limb",
    "number",
    "printable",
    "repetition",
    "rows",
    "side_values",
    "sided",
    "sided_interval",
    "status",
    "to_percent",
    "unit",
    "verdict_words",
    "with_unit",
]

_SPECS: Final = {metric.name: metric for metric in METRICS}
_PLURALS: Final = {"foot": "feet"}
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


def every_row(analysis: Analysis) -> tuple[Metric, ...]:
    """The rows of the whole recording, main measures first."""
    whole = (metric for metric in analysis.metrics if metric.set_index is None)
    return tuple(sorted(whole, key=lambda metric: not metric.primary))


def rows(analysis: Analysis) -> tuple[Metric, ...]:
    """`every_row` without those that say nothing here: no value at all, or another row's once more."""
    whole = every_row(analysis)
    names = {metric.name for metric in whole if not _is_empty(metric)}
    return tuple(
        metric
        for metric in whole
        if metric.primary or (metric.name in names and _SAME_AS.get(metric.name) not in names)
    )


_SAME_AS: Final = {"rep_duration": "stride_time", "peak_acceleration": "impact_peak"}
"""Where steps were found, a repetition is a stride and its peak the impact."""


def _is_empty(metric: Metric) -> bool:
    return metric.verdict is VerdictWord.NOT_ASSESSABLE and metric.left is None and metric.right is None


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
    said = verdict_words(metric.verdict, metric.side, metric.grade)
    return f"{said}: {metric.reason}" if metric.reason else said


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
    """``wrist``, ``foot`` or the like, after the placement; else ``side``."""
    try:
        placement = Placement(analysis.recording.get("placement") or "unknown")
    except ValueError:
        placement = Placement.UNKNOWN
    return limb_at(placement, plural=plural)


def limb_at(placement: Placement, *, plural: bool = False) -> str:
    """What sensors at a placement are worn on."""
    name = LIMBS.get(placement, "side")
    return _PLURALS.get(name, f"{name}s") if plural else name


def is_expected(analysis: Analysis) -> bool:
    """An asymmetry that the sport's profile explains."""
    verdict = analysis.verdict
    return verdict.verdict is VerdictWord.ASYMMETRIC and not verdict.flagged and analysis.profile is not None


def sport(analysis: Analysis) -> str:
    """The sport as people read it; empty where unknown."""
    name = analysis.profile.name if analysis.profile else str(analysis.recording.get("sport") or "")
    return name.replace("_", " ")


def status(analysis: Analysis) -> str:
    """The verdict in a few words, a difference with its grade and how it reads for the sport."""
    return status_of(analysis.verdict.verdict, analysis.verdict.grade, analysis.profile)


def status_of(verdict: VerdictWord, grade: str | None, profile: ProfileMatch | None) -> str:
    """`status` of any answer."""
    if verdict is not VerdictWord.ASYMMETRIC:
        return VERDICTS[verdict].capitalize()
    said = [_GRADES.get(grade or "", "Difference")]
    if profile is not None and profile.reads != profile.norm:
        said.append(profile.reads)
    return ", ".join(filter(None, said))


def pill(analysis: Analysis) -> str:
    """`status` of a difference; empty where the headline says all of it."""
    return status(analysis) if analysis.verdict.verdict is VerdictWord.ASYMMETRIC else ""


def headline(analysis: Analysis) -> str:
    """The verdict in one short line that names the side."""
    verdict, one, metric = analysis.verdict, limb(analysis), focus(analysis)
    if verdict.verdict is VerdictWord.NOT_ASSESSABLE:
        for side, quality in ((Side.LEFT, analysis.quality.right), (Side.RIGHT, analysis.quality.left)):
            if quality is None:
                return f"Only the {side} {one} was recorded"
    effect = Effect(metric) if metric else None
    amount = effect.text if effect and effect.value is not None else ""
    both, where = limb(analysis, plural=True), where_it_holds(metric, analysis.sets)
    name = metric.name if metric else ""
    return headline_of(verdict.verdict, verdict.side, one, both, name, amount, where)


def headline_of(
    verdict: VerdictWord, side: Side | None, one: str, both: str, metric: str, amount: str, where: str = ""
) -> str:
    """An answer in one short line.

    Parameters
    ----------
    verdict : VerdictWord
        The answer.
    side : Side or None
        The side with more.
    one, both : str
        What is compared, one and both of them.
    metric : str
        Name of the metric that the answer rests on.
    amount : str
        How much; empty where that is not known.
    where : str
        What it holds for, with a space before it; empty where it says more than that.
    """
    if verdict is VerdictWord.BALANCED:
        return f"The two {both} are balanced{where}"
    if verdict is VerdictWord.INCONCLUSIVE:
        return f"Not clear yet if the two {both} differ{where}"
    if verdict is VerdictWord.NOT_ASSESSABLE or side is None:
        return f"The two {both} cannot be compared here"
    said = f"The {side} {one} {more(metric) if metric else 'did more'}{where}"
    return f"{said}: {amount}" if amount else said


def more(name: str) -> str:
    """What the side with more of a metric did."""
    return _SPECS[name].more if name in _SPECS else f"had more: {label(name).lower()}"


def lead(analysis: Analysis) -> str:
    """What stands below the headline: how sure it is, against measurement error and what is usual.

    Without a difference it is the summary, less the words that the headline has already.
    """
    if analysis.verdict.verdict is not VerdictWord.ASYMMETRIC:
        head, colon, rest = analysis.summary.partition(": ")
        known = rest if colon and head.startswith(_HEADS) else analysis.summary
        return " ".join(filter(None, (known[:1].upper() + known[1:], _usual(analysis))))
    metric = focus(analysis)
    effect = Effect(metric) if metric else None
    said = []
    if metric and effect and effect.interval is not None:
        said.append(f"{label(metric.name)}, 95 % interval {effect.interval_text}.")
    if effect and effect.mdc is not None and effect.value is not None:
        error = f"{number(effect.mdc, 1)} %"
        said.append(
            f"Larger than measurement error ({error})."
            if abs(effect.value) > effect.mdc
            else f"The interval leaves out even, so the sides differ today; but two sessions may be {error} "
            "apart by chance (measurement error)."
        )
    return " ".join([*said, _usual(analysis)]).strip() or analysis.summary


_HEADS: Final = ("Both sides are balanced", "Not clear yet", "Cannot be compared")


def _usual(analysis: Analysis) -> str:
    """The sport's band, or that there is none."""
    if analysis.profile is None:
        return ""
    if band := finite_pair(analysis.profile.band_percent):
        return f"Usual for {sport(analysis)}: {sided_interval(band, 0)}."
    return f"For {sport(analysis)}: {analysis.profile.norm}." if analysis.profile.norm else ""


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
        said.append(f"The two {both} are close enough to call them balanced.")
    elif verdict.verdict is VerdictWord.INCONCLUSIVE:
        said.append("That is a normal result, and no sign of a difference or of balance.")
    elif verdict.verdict is VerdictWord.NOT_ASSESSABLE:
        if analysis.quality.left is None or analysis.quality.right is None:
            said.append("A second sensor on the other side is needed to compare.")
    else:
        said += _difference_sentences(analysis)
    if analysis.quality.grade == "poor":
        said.append(
            "The data are poor, so this page gives no firm answer. Check the sensors and record again."
        )
    metric = focus(analysis)
    if metric is not None and metric.scope == "this_set" and Effect(metric).value is not None:
        said.append("This holds for this recording only: it has too few sets to say more.")
    return said + _tally(analysis)


def plain_words(analysis: Analysis) -> list[str]:
    """Every finding, and what the verdict means."""
    return [message for _, message in findings(analysis)] + explanation(analysis)


def _tally(analysis: Analysis) -> list[str]:
    """How the measures split, and how long each side was active."""
    judged = [row for row in rows(analysis) if row.verdict is not VerdictWord.NOT_ASSESSABLE]
    sides = [row.side for row in judged if row.verdict is VerdictWord.ASYMMETRIC]
    said = []
    if judged:
        counts = [f"{sides.count(side)} more on the {side}" for side in Side if side in sides]
        even = sum(row.verdict is VerdictWord.BALANCED for row in judged)
        counts += [f"{even} {VERDICTS[VerdictWord.BALANCED]}"] if even else []
        unclear = sum(row.verdict is VerdictWord.INCONCLUSIVE for row in judged)
        counts += [f"{unclear} {VERDICTS[VerdictWord.INCONCLUSIVE]}"] if unclear else []
        said.append(f"All measures: {', '.join(counts)}.")
    times = [finite(analysis.use.left_active_s), finite(analysis.use.right_active_s)]
    if times[0] is not None and times[1] is not None:
        places = decimals(*times) and 1
        left, right = (number(time, places) for time in times)
        said.append(f"In motion over the whole recording: left {left} s, right {right} s.")
    return said


def _difference_sentences(analysis: Analysis) -> list[str]:
    if is_expected(analysis):
        return [f"This is usual for {sport(analysis)}. One session alone is no reason to act."]
    return ["Record again on another day before you change your training."]


def findings(analysis: Analysis) -> list[tuple[str, str]]:
    """(level, message) of every finding, the weightiest first."""
    order = {"flag": 0, "notice": 1, "info": 2}
    ranked = sorted(analysis.findings, key=lambda finding: order.get(finding.level, 3))
    return [(finding.level, finding.message) for finding in ranked]


def glossary(analysis: Analysis) -> list[tuple[str, str]]:
    """(word, meaning) of the words this page uses, with the name that statistics has for each."""
    metric, shown = focus(analysis), {row.verdict for row in rows(analysis)}
    said = [
        ("Difference", "(right − left) ÷ mean of both. L or R names the side with more; even is none."),
        ("95 % interval", "where the true value likely lies."),
        ("Measurement error", "how far apart two sessions may be by chance (MDC); the grey band."),
    ]
    shown_names = {row.name for row in rows(analysis)}
    if {"angle_travelled", "range_of_motion"} <= shown_names:
        said.append(("Angle travelled", "all turning, up and down added. Range of motion: the widest turn."))
    if "active_time" in shown_names:
        said.append(("Active time", f"time in motion within one {repetition(analysis)}."))
    if focus_values(analysis) is not None:
        said.append(("Bands", f"where about two in three {repetition(analysis)}s lie (SD)."))
    if metric is not None and finite(metric.delta) is not None and VerdictWord.BALANCED in shown:
        said.append(("Balanced", f"the true gap is very likely {_below(metric)} (equivalence)."))
    if VerdictWord.INCONCLUSIVE in shown:
        said.append(("Not clear yet", "the range of likely values is too wide (inconclusive)."))
    return said


def _below(metric: Metric) -> str:
    if Effect(metric).is_percent:
        return f"below {number(to_percent(metric.delta), 0)} %"
    return f"below {with_unit(number(metric.delta), metric.unit)}"


NOTE: Final = (
    "A training aid, not a medical device.",
    "Sensors measure motion, not muscle force.",
    "See a professional about pain.",
)
