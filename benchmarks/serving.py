"""How late the live page is: from the arrival of a packet to the picture in the browser that shows it.

    python -m benchmarks.serving [SECONDS]

Two virtual sensors are recorded from the page while Chromium shows it. Every packet is stamped when it
arrives; the page tells which packet it shows after each frame it has drawn.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cli.recorder import Plan, connected_to
from cli.serving.app import make_app
from cli.serving.library import Library
from cli.serving.security import HOST, Access
from cli.serving.server import listen, make_server
from cli.serving.studio import Studio
from cli.serving.workshop import Workshop
from cli.session import Main
from sensing.collector import Collector
from sensing.events import Event, Samples
from sensing.recorder import Control, RecordOutcome, record

SOURCE = "virtual:witmotion,dot@squat"
SECONDS = 60.0
WARM_UP_S = 2.0

WATCH = """() => {
  window.seen = [];
  for (const side of ["left", "right"]) {
    const link = document.getElementById(`link-${side}`);
    new MutationObserver(() => {
      const last = Number(link.dataset.last);
      requestAnimationFrame(() => {
        const drawn = new MessageChannel();  // its message comes after the frame
        drawn.port1.onmessage = () => seen.push([side, last, Date.now() / 1000]);
        drawn.port2.postMessage(0);
      });
    }).observe(link, {attributes: true, attributeFilter: ["data-last"]});
  }
}"""


@dataclass
class Arrivals:
    """When packets came, by side: on the source's clock, and the wall time of its zero."""

    zero_s: float = 0.0
    times_s: dict[str, list[float]] = field(default_factory=lambda: {"left": [], "right": []})

    def main_of(self, plan: Plan) -> Main[RecordOutcome]:
        """What records a plan, stamping on the way."""

        async def main(control: Control, on_event: Callable[[Event], None]) -> RecordOutcome:
            def stamp(event: Event) -> None:
                if isinstance(event, Samples):
                    self.times_s[event.side.value] += np.unique(event.host_time_s).tolist()
                on_event(event)

            async with connected_to(plan) as (request, radio):
                collector = Collector(request.sensors(), radio)
                self.zero_s = time.time() - collector.now_s
                return await record(request, source=collector, on_event=stamp, control=control)

        return main


@dataclass(frozen=True)
class Lateness:
    """From packet to picture, ms, over all packets of both sides."""

    packets: int
    median_ms: float
    p95_ms: float
    worst_ms: float
    pictures_per_s: float

    def __str__(self) -> str:
        return (
            f"{self.packets} packets: median {self.median_ms:.0f} ms, 95 % within {self.p95_ms:.0f} ms, "
            f"worst {self.worst_ms:.0f} ms; {self.pictures_per_s:.1f} pictures a second"
        )


@contextmanager
def served(home: Path, arrivals: Arrivals) -> Iterator[str]:
    """A server in a thread of this process; gives the address with its token."""
    listener, access, workers = listen(0), Access(), Workshop()
    port = listener.getsockname()[1]
    studio = Studio(lambda request: Plan(SOURCE, 1.0, request), lambda ended: None, arrivals.main_of)
    app = make_app(Library(home, [home]), studio, workers, access, SOURCE, port, print)
    server = make_server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://{HOST}:{port}/?token={access.token}"
    finally:
        server.should_exit = True
        thread.join()
        studio.close()
        workers.close()


def measure(browser: Any, home: Path, seconds: float = SECONDS) -> Lateness:
    """Record for so long with the page open in a Playwright browser."""
    arrivals = Arrivals()
    with served(home, arrivals) as address:
        page = browser.new_page(viewport={"width": 375, "height": 812})
        page.goto(address)
        page.get_by_role("link", name="Record", exact=True).click()
        page.get_by_role("button", name="Start recording").click()
        page.wait_for_selector("#link-right[data-state=streaming]", timeout=60_000)
        page.evaluate(WATCH)
        page.wait_for_timeout(1000 * seconds)
        seen = page.evaluate("window.seen")
        page.get_by_role("button", name="Stop").click()
        page.wait_for_selector("text=See the report", timeout=60_000)
        page.close()
    return lateness(arrivals, seen)


def lateness(arrivals: Arrivals, seen: list[tuple[str, float, float]]) -> Lateness:
    """Hold every packet against the first picture that shows it or a later one."""
    late: list[float] = []
    for side, times_s in arrivals.times_s.items():
        last_s, drawn_s = (
            np.array([shown[i] for shown in seen if shown[0] == side], dtype=float) for i in (1, 2)
        )
        packets_s = np.array(times_s)
        packets_s = packets_s[(packets_s > last_s[0] + WARM_UP_S) & (packets_s <= last_s[-1])]
        first = np.searchsorted(last_s, packets_s)
        late += (1000 * (drawn_s[first] - arrivals.zero_s - packets_s)).tolist()
    drawn = sorted({shown[2] for shown in seen})
    return Lateness(
        len(late),
        *(float(v) for v in np.percentile(late, (50, 95, 100))),
        pictures_per_s=(len(drawn) - 1) / (drawn[-1] - drawn[0]),
    )


def main() -> None:
    """Measure and print."""
    from playwright.sync_api import sync_playwright

    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with sync_playwright() as engine, tempfile.TemporaryDirectory() as home:
        browser = engine.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        print(measure(browser, Path(home), seconds))
        browser.close()


if __name__ == "__main__":
    main()
