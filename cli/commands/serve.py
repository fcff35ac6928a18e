"""Show athletes, reports and a live recording as a local page."""

from __future__ import annotations

import math
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import common
from cli.history import home_option
from cli.output import message, state
from cli.recordings import PATH
from cli.sources import BLUETOOTH, SourceName, Speed
from sensing.errors import UsageError

if TYPE_CHECKING:
    from cli.recorder import Plan
    from cli.serving.studio import Ended
    from sensing.recorder import RecordRequest

_NEEDED = ("starlette", "uvicorn", "websockets")
_PORT = 8765


@common.command(
    "serve",
    example="""
    sidewise serve
    sidewise serve recordings --port 0 --no-browser
    sidewise serve workouts --source virtual:witmotion,dot
    """,
)
@click.argument("folders", nargs=-1, type=PATH, metavar="[FOLDER]...")
@home_option
@common.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_PORT,
    show_default=True,
    metavar="N",
    help="0 takes any that is free.",
)
@common.option("--no-browser", is_flag=True, help="Only print the address.")
@common.option(
    "--source",
    type=SourceName(replay=True),
    default=BLUETOOTH,
    show_default=True,
    metavar="SOURCE",
    help="What the live tab records: bluetooth, virtual:LEFT,RIGHT[@EXERCISE] or replay:PATH.",
)
@common.option(
    "--speed",
    type=Speed(),
    default="1",
    show_default=True,
    metavar="X",
    help="Of a replay or of virtual sensors.",
)
def command(
    folders: tuple[Path, ...], home: Path, port: int, no_browser: bool, source: str, speed: float
) -> None:
    """Show athletes, sessions, trends and reports in the browser, and record from there.

    The page can be opened on this computer only, with the address that is printed. It shows the athletes of
    'sidewise athlete' and the recordings in each FOLDER. Ctrl-C ends it; a recording that runs is saved.
    """
    if missing := [folder for folder in folders if not folder.is_dir()]:
        raise UsageError(f"{missing[0]}: no such folder; make it, or name another")
    if math.isinf(speed):
        raise UsageError("--speed max: nobody could watch that; give a number such as 4")
    plan_of = _planner(source, speed)
    try:
        from cli.serving import app, library, security, server, studio, workshop
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        raise UsageError(
            "the local page needs Starlette and uvicorn; run: pip install 'sidewise[serve]'"
        ) from error
    from cli.errors import explain

    listener = server.listen(port)
    port = listener.getsockname()[1]
    access, recorder, workers = security.Access(), studio.Studio(plan_of, _say), workshop.Workshop()
    shown = library.Library(home, tuple(folder.resolve() for folder in folders))
    run = state()
    guarded = app.make_app(shown, recorder, workers, access, source, port, lambda error: explain(error, run))
    address = f"http://{security.HOST}:{port}/?token={access.token}"
    click.echo(address)
    message("Ctrl-C ends it; whoever has this address and uses this computer can see the page")
    if not no_browser:
        # Some browsers are started in the foreground.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    try:
        server.make_server(guarded).run(sockets=[listener])
    finally:
        if recorder.recording is not None:
            message("saving the recording ...")
        recorder.close()
        workers.close()


def _say(ended: Ended) -> None:
    """Say how a recording ended."""
    for line in ended.lines:
        message(line)
    if ended.folder is not None:
        click.echo(ended.folder)


def _planner(source: str, speed: float) -> Callable[[RecordRequest], Plan]:
    """Completes requests in any thread; a wrong source is found now, missing sensors when they are needed."""
    from cli.recorder import make_plan
    from sensing.recorder import RecordRequest

    context = click.get_current_context()

    def plan_of(request: RecordRequest) -> Plan:
        with context.scope(cleanup=False):
            return make_plan(source, speed, request)

    if source != BLUETOOTH:
        plan_of(RecordRequest(Path()))
    return plan_of
