"""Plan how the side that moves less catches up, and review it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import common
from cli.asking import DAY, ask
from cli.history import choose_sessions, diary_of, history_options
from cli.output import message, print_json
from cli.recordings import PATH
from sensing.errors import UsageError
from sensing.files import write_file

if TYPE_CHECKING:
    from analysis.history.athlete import Athlete
    from analysis.history.plan import Plan
    from analysis.history.review import Review

_EXAMPLE = """
    sidewise plan a01
    sidewise plan a01 --red-flags none --ics plan.ics
    sidewise plan --folder recordings --red-flags none --json
    sidewise plan a01 --review
"""


@common.command("plan", example=_EXAMPLE)
@history_options
@common.option("--sport", metavar="NAME", help="Sport, where the recordings do not say.")
@common.option("--start", type=DAY, metavar="DAY", help="First day, as 2026-03-02; today if left out.")
@common.option(
    "--weeks",
    type=click.IntRange(2, 26),
    default=10,
    show_default=True,
    metavar="N",
    help="How long.",
)
@common.option(
    "--red-flags",
    metavar="CODES",
    help="Instead of being asked: none, if every answer is no, or those answered yes.",
)
@common.option("--review", is_flag=True, help="Hold what was done since against the plan, and move on.")
@common.option("--ics", type=PATH, metavar="FILE", help="Also write a calendar file (.ics).")
@common.option("-o", "--output", type=PATH, metavar="FILE", help="Write there instead of printing.")
@common.option("--json", "as_json", is_flag=True, help="JSON (sidewise.plan/1).")
def command(
    red_flags: str | None,
    review: bool,
    ics: Path | None,
    output: Path | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Plan how the side that moves less catches up, and review it.

    Some questions come first; an answer may mean that a doctor has to see you before you train. The plan is
    kept with the athlete. --review holds the diary and the recordings since against it.
    """
    from analysis.history.red_flags import QUESTIONS

    flags = ask(QUESTIONS, red_flags, option="--red-flags", before="a plan needs answers about your health")
    held = None
    if flags:
        made = _stopped(flags, **chosen)
    elif review:
        held = _reviewed(**chosen)
        made = held.plan
    else:
        made = _planned(**chosen)
    _write(made, held, output, as_json=as_json)
    if ics is not None:
        _write_calendar(made, ics)


def _stopped(
    flags: tuple[str, ...], *, metric: str, start: dt.date | None, weeks: int, **unused: Any
) -> Plan:
    from analysis.history.aim import Aim
    from analysis.history.plan import make_plan

    today = dt.date.today()
    return make_plan(
        (), Aim(metric), red_flags=flags, diary=(), start=start or today, today=today, weeks=weeks
    )


def _planned(
    *, metric: str, sport: str | None, start: dt.date | None, weeks: int, home: Path, **chosen: Any
) -> Plan:
    from analysis.history.aim import aim_at
    from analysis.history.plan import Status, make_plan

    found = choose_sessions(home=home, **chosen)
    sessions = found.choice.sessions
    today = dt.date.today()
    plan = make_plan(
        sessions,
        aim_at(sessions, metric, found.athlete, sport),
        red_flags=(),
        diary=diary_of(home, found.athlete),
        start=start or today,
        today=today,
        weeks=weeks,
    )
    if plan.status is Status.PLAN and found.athlete is not None:
        _keep(home, found.athlete, plan)
    return plan


def _reviewed(
    *,
    metric: str,
    athlete: str | None,
    folder: Path | None,
    placement: str | None,
    exercise: str | None,
    home: Path,
    sport: str | None,
    start: dt.date | None,
    weeks: int,
) -> Review:
    from analysis.history.athlete import athlete_folder, load_athlete
    from analysis.history.plan import Status
    from analysis.history.plan_files import latest_plan
    from analysis.history.review import review

    if sport is not None or start is not None:
        raise UsageError("--sport and --start are for a new plan; leave them out of a review")
    if athlete is None:
        raise UsageError("whose plan? name the athlete: sidewise plan ATHLETE --review")
    person = load_athlete(home, athlete)
    plan = latest_plan(athlete_folder(home, person.id), metric=metric, placement=placement, exercise=exercise)
    found = choose_sessions(
        athlete=athlete,
        folder=folder,
        home=home,
        placement=plan.aim.placement.value,
        exercise=plan.aim.exercise,
    )
    held = review(plan, found.choice.sessions, diary_of(home, person), dt.date.today())
    if held.plan.status is Status.PLAN and held.plan != plan:
        _keep(home, person, held.plan)
    return held


def _keep(home: Path, athlete: Athlete, plan: Plan) -> None:
    from analysis.history.athlete import athlete_folder
    from analysis.history.plan_files import save_plan

    path = save_plan(athlete_folder(home, athlete.id), plan)
    message(f"kept as {path}; after the next recordings: sidewise plan {athlete.id} --review")


def _write(plan: Plan, held: Review | None, output: Path | None, *, as_json: bool) -> None:
    from cli.show_plan import plan_text

    text = (
        json.dumps((held or plan).to_dict(), ensure_ascii=False, indent=2)
        if as_json
        else plan_text(plan, held)
    )
    if output is None:
        (print_json if as_json else click.echo)(text)
    else:
        write_file(output, f"{text}\n".encode())
        click.echo(output)


def _write_calendar(plan: Plan, ics: Path) -> None:
    from analysis.history.icalendar import calendar
    from analysis.history.plan_calendar import plan_events

    if not plan.items:
        message(f"no plan, so {ics} was not written")
        return
    write_file(ics, calendar(plan_events(plan), made_at=dt.datetime.now(dt.UTC)).encode())
    message(f"calendar: {ics}")
