"""Athletes with known sessions for tests of their page: every answer, and the oddities."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
from make_history import FIRST, row, session

from analysis.history.aim import Aim
from analysis.history.athlete import Athlete
from analysis.history.diary import Entry, Kind
from analysis.history.plan import make_plan
from analysis.history.sessions import Session
from analysis.report.athlete import AthleteView, view_athlete
from analysis.results import VerdictWord
from sensing.recording import Placement, Side

TODAY = FIRST + dt.timedelta(days=100)
METRICS = ("angle_travelled", "peak_angular_velocity", "movement_activation", "player_load")


def sessions(percent: float, count: int, *, seed: int = 1, every: int = 7, **said: Any) -> list[Session]:
    """Sessions of four metrics whose true symmetry index is ``percent``."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(count):
        one = session(percent, rng, FIRST + dt.timedelta(days=every * i), **said)
        d = 2 * np.arctanh(percent / 200)
        rows = tuple(row(d, rng, metric=name) for name in METRICS)
        made.append(dataclasses.replace(one, path=f"{one.path}-{one.exercise}-{one.placement}", metrics=rows))
    return made


def poor(session: Session) -> Session:
    """The session with poor data, which have no firm verdict."""
    unclear = [
        dataclasses.replace(row, verdict=VerdictWord.INCONCLUSIVE, grade=None, side=None)
        for row in session.metrics
    ]
    return dataclasses.replace(session, grade="poor", metrics=tuple(unclear))


def view(
    percent: float = 14.0, count: int = 8, *, more: tuple[Session, ...] = (), **said: Any
) -> AthleteView:
    """The view of an athlete with squats, a diary, and a plan where there is something to even out."""
    squats = sessions(percent, count)
    diary = (
        Entry(FIRST + dt.timedelta(days=10), Kind.MASSAGE, place="left calf"),
        Entry(FIRST + dt.timedelta(days=30), Kind.PAIN, pain=3),
    )
    aim = Aim("angle_travelled", Placement.THIGH, "squat", athlete="a01")
    start = FIRST + dt.timedelta(days=60)
    plan = make_plan(squats, aim, red_flags=(), diary=(), start=start, today=start, weeks=10)
    athlete = Athlete("a01", name="Athlete A (invented)", dominant=Side.RIGHT)
    return view_athlete(athlete, squats, diary, (plan,), today=TODAY)


def tennis() -> AthleteView:
    """A player whose right wrist does more, with runs beside it and sensors left on for some sessions."""
    played = sessions(
        12.0, 10, exercise="forehand", placement=Placement.WRIST, sport="tennis", dominant=Side.RIGHT
    )
    played = [dataclasses.replace(s, mount="m1") if 2 <= i <= 4 else s for i, s in enumerate(played)]
    played[6] = poor(played[6])
    ran = sessions(-2.0, 4, seed=5, exercise="run", placement=Placement.SHANK)
    squats = sessions(6.0, 3, seed=6)
    athlete = Athlete("a02", name="Athlete B (invented)", sport="tennis", dominant=Side.RIGHT)
    diary = tuple(
        Entry(FIRST + dt.timedelta(days=3 * i), kind, place="right shoulder", pain=i % 4 if i % 2 else None)
        for i, kind in enumerate([Kind.MASSAGE, Kind.STRETCHING, Kind.ICE, Kind.EXERCISE, Kind.REST] * 5)
    )
    return view_athlete(athlete, [*played, *ran, *squats], diary, today=TODAY)


def hostile() -> AthleteView:
    """User text that would run or break the page where it is not escaped."""
    bad = "<script>alert(1)</script>\"'&$x"
    odd = [dataclasses.replace(s, tag=bad, exercise=bad) for s in sessions(5.0, 3)]
    entry = Entry(FIRST + dt.timedelta(days=8), Kind.NOTE, note=bad, place=bad)
    return view_athlete(Athlete(bad[:64], name=bad, sport=bad), odd, [entry], today=TODAY)


def long_names() -> AthleteView:
    """Names as long as they may be, without a place to break some of them."""
    long = "Maximiliana-Wilhelmine von und zu Hohenstein-Oberunterwald " * 2
    named = [
        dataclasses.replace(s, tag="W" * 60, exercise="single_leg_deadlift_with_dumbbell_and_rotation")
        for s in sessions(-16.0, 6)
    ]
    diary = [
        Entry(FIRST + dt.timedelta(days=i), Kind.NOTE, place="both shoulders and the neck", note=long * 4)
        for i in range(9)
    ]
    athlete = Athlete("a" * 40, name=long, sport="standup_paddleboarding_" * 3, dominant=Side.LEFT)
    return view_athlete(athlete, named, diary, today=TODAY)


def none_judged() -> AthleteView:
    """Sessions whose data are all poor."""
    return view_athlete(Athlete("a03"), [poor(s) for s in sessions(10.0, 4)], today=TODAY)


def many() -> AthleteView:
    """Three years of sessions."""
    return view(3.0, 150)


VIEWS: dict[str, Callable[[], AthleteView]] = {
    "athlete_marked": view,
    "athlete_balanced": lambda: view(0.5, 8),
    "athlete_unclear": lambda: view(6.0, 2),
    "athlete_none_judged": none_judged,
    "athlete_long_names": long_names,
    "athlete_one_session": lambda: view(9.0, 1),
    "athlete_tennis": tennis,
    "athlete_many": many,
    "athlete_hostile": hostile,
}
