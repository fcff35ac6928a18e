"""The pipeline: from a `Recording` to an `Analysis`, readable in one screen."""

from __future__ import annotations

from dataclasses import replace

from analysis.body import fatigue_findings, measure_body
from analysis.comparison import compare, rep_values
from analysis.exercises import exercise_of
from analysis.expected import dominance_findings, found_dominant
from analysis.findings import find, overall_verdict, own_error_findings, summarise
from analysis.frames import motion
from analysis.measurement import measure
from analysis.metrics import AMPLITUDE_REMOUNT_SD, DELTA_TABLE_VERSION
from analysis.profiles import find_profile
from analysis.profiles.judging import match_profile
from analysis.quality import assess
from analysis.results import Analysis, Quality
from analysis.segmentation import segment
from analysis.settings import Settings
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
    aligned = align(recording)
    motions = {track.side: motion(track) for track in aligned.tracks()}
    quality = assess(recording, aligned, motions)
    segmented = segment(motions, exercise, recording.placement, shared_grid=aligned.shared_grid)
    sets = tuple(found.exercise_set for found in segmented)
    measured = measure(sets, motions, recording.load_kg)
    own = settings.own_error_of(recording)
    metrics = compare(measured, settings, quality, own=own)
    use = measure_use(recording, motions, shared_grid=aligned.shared_grid)
    body = measure_body(recording, exercise, sets, motions, shared_grid=aligned.shared_grid)
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
        waveforms=mean_waveforms(measured, motions, metrics),
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
    aligned = align(recording)
    motions = {track.side: motion(track) for track in aligned.tracks()}
    quality = assess(recording, aligned, motions)
    exercise = exercise_of(recording.exercise, recording.sport, recording.placement)
    if exercise.movement != "strokes" or recording.dominant is None:
        return quality
    segmented = segment(motions, exercise, recording.placement, shared_grid=aligned.shared_grid)
    doubts = dominance_findings(recording, [found.exercise_set for found in segmented])
    told = tuple(Notice(doubt.code, doubt.message) for doubt in doubts)
    return replace(quality, warnings=quality.warnings + told)
