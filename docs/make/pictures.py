"""Pictures of a real report and of the live view."""

from __future__ import annotations

import asyncio
import io
import re
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

from cli.live_state import LiveState
from cli.main import main
from cli.sources import AT_ONCE
from sensing import open_recording
from sensing.replay import Replay

RECORDINGS = Path(__file__).parents[2] / "recordings"
REPORT_WIDTH = 1000
LIVE_WIDTH = 80
LIVE_S = 100.0
"""When the live view is shown: in the third set of strokes."""

_FONTS = re.compile(r"@font-face \{.*?\}", re.DOTALL)


def report() -> bytes:
    """The report of ``make demo`` as a PNG, smaller."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            main(["demo"], standalone_mode=False)
        page = Image.open(Path("demo", "report", "report.png")).convert("RGB")
    size = (REPORT_WIDTH, round(REPORT_WIDTH * page.height / page.width))
    small = page.resize(size, Image.Resampling.LANCZOS).quantize(128, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, "png", optimize=True)
    return out.getvalue()


def live() -> str:
    """The live view of ``sidewise live recordings/tennis_forehand`` as SVG that asks for no font."""
    from rich.console import Console

    console = Console(record=True, width=LIVE_WIDTH, file=io.StringIO(), color_system="truecolor")
    console.print(asyncio.run(_shown(RECORDINGS / "tennis_forehand")).text())
    drawn = console.export_svg(title="sidewise live recordings/tennis_forehand", unique_id="live")
    return _FONTS.sub("", drawn) + "\n"


async def _shown(path: Path) -> LiveState:
    recording = open_recording(path)
    source = Replay(recording, speed=AT_ONCE)
    state = LiveState(source.sides, exercise=recording.exercise, placement=recording.placement)
    await source.start()
    async for event in source:
        state.take(event)
        if state.links.elapsed_s >= LIVE_S:
            break
    await source.stop()
    return state
