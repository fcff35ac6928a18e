"""The pipeline: from a `Recording` to an `Analysis`, readable in one screen."""

from __future__ import annotations

from dataclasses import replace

from analysis.body import fatigue_findings, measure_body
from analysis.comparison import compare, rep_values
from analysis.exercises import exercise_of
from analysis.expected import dominance_findings, found_dominant
from analysis.findings import find, overall_verdict, own_error_findings, summarise
from analysis.metrics import AMPLITUDE_REMOUNT_SD, DELTA_TABLE_VERSION
from analysis.metrics.fatigue import measure_fatigue
from analysis.parts import examine
from analysis.profiles import find_profile
from analysis.profiles.judging import match_profile
from analysis.quality import assess
from analysis.results import Analysis, Quality
from analysis.settings import Settings
from analysis.survey import survey
from analysis.timeline import align
from analysis.use import measure_use
from analysis.waveforms import mean_waveforms
from sensing.recording import Notice, Recording, describe


def analyse(recording: Recording, settings: Settings | None = None) -> Analysis:
    """Compare the two sides of a recording.

    Parameters
    ----------
    recording : Recording
        Both sides; or one alone, which gives its sets and repetitions but no comparison.
    settings : Settings, optional
        Choices about the analysis.

    Returns
    -------
    Analysis

    Raises
    ------
    BadInput
        If the sides have too little time in common.
    UsageError
        If the sport's profile has errors. A sport without a profile is a finding, not an error.

    Notes
    -----
    Swapping the sides of the recording swaps the result exactly.
    """
    settings = settings or Settings()
    recording = settings.completed(recording)
    profile = find_profile(recording.sport)
    sport = profile.name if profile else recording.sport
    exercise = exercise_of(recording.exercise, sport, recording.placement)
    surveyed = survey(align(recording), settings.at_once)
    quality = assess(recording, surveyed)
    examined = examine(surveyed, exercise, recording.placement, recording.load_kg)
    measured = [one.measured for one in examined]
    sets = tuple(one.exercise_set for one in measured)
    own = settings.own_error_of(recording)
    metrics = compare(measured, settings, quality, own=own)
    use = measure_use(recording, surveyed)
    fatigue = measure_fatigue(sets, [one.fatigue for one in examined])
    body = measure_body(recording, exercise, sets, surveyed, fatigue)
    dominant = recording.dominant or found_dominant(sets)
    verdict, mixed = overall_verdict(metrics, recording.placement, profile, dominant)
    deciding = next((row for row in metrics if row.name == verdict.metric), None)
    match = match_profile(profile, recording.placement, dominant, deciding, verdict)
    findings = find(
        recording,
        exercise,
        sets,
        metrics,
        quality,
        use,
        verdict,
        profile,
        match,
        dominant,
        mixed=mixed,
        more=fatigue_findings(body.fatigue, quality),
    ) + own_error_findings(own, metrics)
    if settings.per_set:
        rows = [compare([one], settings, quality, own=own, set_index=k) for k, one in enumerate(measured)]
        metrics += tuple(row for of_set in rows for row in of_set)
    return Analysis(
        recording=describe(recording),
        quality=quality,
        sets=sets,
        use=use,
        metrics=metrics,
        profile=match,
        findings=findings,
        verdict=verdict,
        summary=summarise(recording, sets, metrics, quality, verdict, findings, match),
        rep_values=rep_values(measured),
        waveforms=mean_waveforms(measured, [one.shapes for one in examined], metrics),
        settings={
            "remount_sd": settings.remount_sd,
            "per_set": settings.per_set,
            "default_remount_sd": AMPLITUDE_REMOUNT_SD,
            "delta_table": DELTA_TABLE_VERSION,
            "own_error": own.to_dict() if own.remount or own.sensor_gain else None,
        },
        body=body,
    )


def check_recording(recording: Recording) -> Quality:
    """The quality gates alone, and whether strokes came from the hand that is said to make them."""
    surveyed = survey(align(recording), Settings().at_once)
    quality = assess(recording, surveyed)
    exercise = exercise_of(recording.exercise, recording.sport, recording.placement)
    if exercise.movement != "strokes" or recording.dominant is None:
        return quality
    examined = examine(surveyed, exercise, recording.placement, None)
    doubts = dominance_findings(recording, [one.measured.exercise_set for one in examined])
    told = tuple(Notice(doubt.code, doubt.message) for doubt in doubts)
    return replace(quality, warnings=quality.warnings + told)
