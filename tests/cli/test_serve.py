"""The local page: who may see it, what it shows, and that it records."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from make_server import Answer, Served, serving
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from analysis.history.athlete import Athlete, save_athlete
from analysis.report.style import CSS_VARIABLE, DARK
from cli.serving.library import Library, key_of
from sensing import open_recording

RECORDINGS = Path(__file__).parents[2] / "recordings"
STATIC = Path(__file__).parents[2] / "cli" / "serving" / "static"
READY_S = 90.0
BROKEN = "'<b>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of athlete a01, one that names somebody else, and one that is broken."""
    folder = tmp_path_factory.mktemp("workouts")
    for name in ("tennis_forehand", "squat"):
        shutil.copytree(RECORDINGS / name, folder / name)
    other = shutil.copytree(RECORDINGS / "run", folder / "of_another") / "recording.json"
    other.write_text(other.read_text().replace('"a01"', '"z99"'))
    broken = folder / BROKEN
    broken.mkdir()
    for side in ("left", "right"):
        (broken / f"{side}.csv").write_text("time_s,acc_x\n0,1\n")
    return folder


@pytest.fixture(scope="module")
def served(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    save_athlete(home, Athlete("a01", name="<script>alert(1)</script>", folders=(folder,)))
    save_athlete(home, Athlete('b "02" & more'))
    with serving(home, "--source", f"replay:{RECORDINGS / 'squat'}", "--speed", 4) as server:
        yield server


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server without any athlete or sensor, but with a folder."""
    folder = tmp_path_factory.mktemp("named")
    shutil.copytree(RECORDINGS / "squat", folder / "squat")
    with serving(tmp_path_factory.mktemp("empty"), folder) as server:
        yield server


def ready(served: Served, path: str) -> Answer:
    """A page once what it shows has been worked out."""
    until = time.monotonic() + READY_S
    while 'http-equiv="refresh"' in (answer := served.see(path)).body:
        assert time.monotonic() < until
        time.sleep(0.2)
    return answer


def problem(answer: Answer) -> str:
    """The one line of a page that says what went wrong."""
    (line,) = re.findall(r'<p class="problem">(.*)</p>', answer.body)
    return str(line)


def form_key(served: Served) -> str:
    found = re.search(r'name="key" value="([^"]+)"', served.see("/live").body)
    assert found is not None
    return found[1]


def listen_to(served: Served, **headers: str) -> ClientConnection:
    told = {"Origin": served.origin, "Cookie": served.cookie()} | headers
    return connect(
        f"ws://127.0.0.1:{served.port}/live/pictures", additional_headers=told, proxy=None, close_timeout=1
    )


def test_the_token_is_exchanged_for_a_cookie_that_no_script_and_no_other_site_can_use(served: Served) -> None:
    answer = served.ask("/" + served.address.split("/")[-1])
    assert answer.status == 303 and answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    token = served.address.split("token=")[1]
    assert token not in answer.headers["set-cookie"]
    assert served.see("/").status == 200


@pytest.mark.parametrize(
    "path", ["/", "/?token=", "/?token=wrong", "/live", "/recordings/x", "/live?token={token}"]
)
def test_without_token_or_cookie_nothing_is_shown(served: Served, path: str) -> None:
    token = served.address.split("token=")[1]
    for headers in ({}, {"Cookie": f"sidewise-{served.port}=wrong"}, {"Cookie": "\x7f;;=,"}):
        answer = served.ask(path.format(token=token), **headers)
        assert answer.status == 403
        assert "a01" not in answer.body and "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}"]
)
def test_another_host_is_refused_even_with_the_cookie(served: Served, host: str) -> None:
    answer = served.ask("/", Cookie=served.cookie(), Host=host.format(port=served.port))
    assert answer.status == 400
    assert served.ask("/static/serve.css", Host=host.format(port=served.port)).status == 400


def test_localhost_is_this_computer_too(served: Served) -> None:
    assert served.ask("/", Cookie=served.cookie(), Host=f"localhost:{served.port}").status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", None])
def test_another_origin_may_neither_send_nor_listen(served: Served, origin: str | None) -> None:
    said = {} if origin is None else {"Origin": origin}
    answer = served.ask("/live", "POST", "key=x", Cookie=served.cookie(), **said)
    assert answer.status == 403
    with pytest.raises(InvalidStatus) as refused:
        connect(
            f"ws://127.0.0.1:{served.port}/live/pictures",
            additional_headers={"Cookie": served.cookie()} | said,
            proxy=None,
        )
    assert refused.value.response.status_code == 403


def test_a_web_socket_needs_the_cookie(served: Served) -> None:
    with pytest.raises(InvalidStatus) as refused:
        listen_to(served, Cookie="")
    assert refused.value.response.status_code == 403


def test_a_form_that_is_not_the_pages_own_starts_nothing(served: Served) -> None:
    assert served.send("/live", key="wrong", exercise="squat").status == 403
    assert served.send("/live", exercise="squat" * 5000).status == 403
    assert "Start recording" in served.see("/live").body


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd",
        "/recordings/..%2f..%2fetc%2fpasswd", "/recordings/%2Fetc", "/recordings/x", "/folders/x",
        "/static/", "/athletes/..%2f..", "/athletes/a01", "/nothing", "//etc/passwd",
    ],
)  # fmt: skip
def test_only_what_has_a_key_is_found(served: Served, path: str) -> None:
    assert served.see(path).status == 404


def test_recordings_of_others_and_elsewhere_have_no_key(served: Served, folder: Path) -> None:
    for path in (folder / "of_another", folder, RECORDINGS / "run", "/etc"):
        assert served.see(f"/recordings/{key_of(path)}").status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_not_allowed(served: Served, method: str) -> None:
    for path in ("/", "/athletes/x", "/folders/x", "/recordings/x", "/static/serve.css"):
        assert served.ask(path, method, Cookie=served.cookie(), Origin=served.origin).status == 405


def test_every_answer_forbids_what_it_does_not_need(served: Served) -> None:
    for path in ("/", "/live", "/nothing", "/static/live.js", f"/athletes/{key_of('a01')}"):
        headers = served.see(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
        assert headers["cache-control"] == "no-store" and headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY" and headers["referrer-policy"] == "same-origin"
        assert "server" not in headers and "access-control-allow-origin" not in headers


def test_it_listens_on_one_address_of_this_computer(served: Served) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", served.port), timeout=5)
    with pytest.raises(OSError):
        socket.create_connection(("::1", served.port), timeout=5)


def test_a_home_without_athletes_says_how_to_add_one(named: Served) -> None:
    body = named.see("/").body
    assert "No athletes yet" in body and "sidewise athlete add" in body


def test_athletes_are_listed_and_nothing_of_theirs_is_markup(served: Served) -> None:
    body = served.see("/").body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body and "<script>alert" not in body
    assert "b &#34;02&#34; &amp; more" in body
    assert "3 recordings" in body  # the broken one names nobody


def test_an_athlete_whose_file_is_damaged_is_listed_with_what_is_wrong(tmp_path: Path) -> None:
    damaged = save_athlete(tmp_path, Athlete("c03"))
    damaged.write_text("{")
    (person,) = Library(tmp_path).people()
    assert person.athlete is None and "cannot be read as an athlete" in person.problem
    assert Library(tmp_path).recording(key_of("c03")) is None


def test_an_athletes_page_has_the_answer_and_leads_to_reports(served: Served) -> None:
    body = ready(served, f"/athletes/{key_of('a01')}").body
    assert "95 % interval" in body and "<script>alert" not in body
    assert "Left out" in body and "&lt;b&gt;" in body
    other = re.search(r'href="(\?[^"]+)">(?:forehand|squat)', body)
    assert other is not None
    assert (
        "95 % interval" in ready(served, f"/athletes/{key_of('a01')}" + other[1].replace("&amp;", "&")).body
    )
    report = re.search(r'href="(/recordings/[^"]+)"', body)
    assert report is not None
    shown = ready(served, report[1])
    assert "Left–right report" in shown.body and "&lt;script&gt;alert" in shown.body
    assert "script-src" not in shown.headers["content-security-policy"]
    assert shown.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("query", ["metric=nothing", "placement=moon", "exercise=nothing", "metric=<b>"])
def test_what_cannot_be_asked_is_said_in_one_line(served: Served, query: str) -> None:
    answer = ready(served, f"/athletes/{key_of('a01')}?{query}")
    assert answer.status == 400
    assert "<b>" not in problem(answer)


def test_a_recording_that_cannot_be_read_is_one_line(served: Served, folder: Path) -> None:
    answer = ready(served, f"/recordings/{key_of(folder / BROKEN)}")
    assert answer.status == 422
    assert "left.csv" in problem(answer) and "<b>" not in problem(answer)


def test_a_named_folder_shows_its_recordings(named: Served) -> None:
    link = re.search(r'href="(/folders/[^"]+)"', named.see("/").body)
    assert link is not None
    body = named.see(link[1]).body
    report = re.search(r'href="(/recordings/[^"]+)"', body)
    assert report is not None and "squat" in body and "2026-03-02" in body
    assert link[1] in ready(named, report[1]).body


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"minutes": "x"}, "minutes"),
        ({"minutes": "-1"}, "minutes"),
        ({"minutes": "inf"}, "minutes"),
        ({"placement": "moon"}, "placement"),
        ({"exercise": "x" * 81}, "exercise"),
        ({"exercise": "x\x1by"}, "exercise"),
        ({"exercise": "squat"}, "no sensor is named"),
    ],
)
def test_what_cannot_be_recorded_is_said_above_the_form(
    named: Served, fields: dict[str, str], says: str
) -> None:
    answer = named.send("/live", key=form_key(named), **fields)
    assert answer.status == 422
    assert says in answer.body and "Start recording" in answer.body and "Traceback" not in answer.body


def test_an_athlete_without_a_folder_cannot_be_recorded(served: Served) -> None:
    answer = served.send("/live", key=form_key(served), athlete=key_of('b "02" & more'))
    assert answer.status == 422 and "has no folder to record into" in answer.body


def test_a_recording_is_started_seen_marked_and_ended_from_the_page(served: Served, folder: Path) -> None:
    before = set(folder.iterdir())
    fields = {"key": form_key(served), "athlete": key_of("a01"), "exercise": "squat", "placement": "thigh"}
    started = served.send("/live", **fields)
    assert (started.status, started.headers["location"]) == (303, "/live")
    again = served.send("/live", **fields)
    assert again.status == 422 and "a recording runs already" in again.body
    with listen_to(served) as first:
        assert json.loads(first.recv(10))["phase"] == "recording"
    with listen_to(served) as second:  # closing the page has not ended it
        second.send("mark")
        second.send("no such thing")
        pictures = []
        until = time.monotonic() + 3.0
        while time.monotonic() < until:
            pictures.append(json.loads(second.recv(10)))
        assert len(pictures) >= 30
        told = pictures[-1]
        assert told["phase"] == "recording" and told["marking"] and not told["alarms"]
        assert set(told["sides"]) == {"left", "right"}
        assert told["sides"]["left"]["cells"]["rate"].endswith(" Hz")
        second.send("stop")
        while told["phase"] != "idle":
            told = json.loads(second.recv(60))
    page = served.see("/live").body
    assert "Recorded" in page and "See the report" in page
    (made,) = set(folder.iterdir()) - before
    recording = open_recording(made)
    assert recording.complete and recording.athlete == "a01" and len(recording.marks) == 1


def test_ctrl_c_ends_and_saves_a_recording_that_runs(tmp_path: Path) -> None:
    with serving(tmp_path / "home", tmp_path, "--source", f"replay:{RECORDINGS / 'squat'}") as served:
        assert served.send("/live", key=form_key(served)).status == 303
        with listen_to(served) as socket_:
            while json.loads(socket_.recv(20))["sides"]["left"]["last_s"] is None:
                pass
            time.sleep(3.0)
            code, out, err = served.interrupt()
    assert code == 0, err
    assert "saving the recording" in err and "Traceback" not in err
    assert open_recording(out.strip()).complete


def test_a_port_that_is_taken_is_said_in_one_line(served: Served, run) -> None:
    done = run("serve", "--port", served.port, "--no-browser")
    assert done.exit_code == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert f"port {served.port}" in line and "--port" in line


def test_a_missing_extra_is_said_in_one_line() -> None:
    code = "import sys; sys.modules['uvicorn'] = None; from cli.main import main; main(['serve'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "pip install 'sidewise[serve]'" in line


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["nowhere"], 2, "nowhere: no such folder"),
        (["--source=replay:nowhere"], 5, "nowhere"),
        (["--source=virtual:dot"], 2, "is not understood"),
        (["--source=virtual:dot,dot", "--speed=max"], 2, "--speed max"),
        (["--port=99999"], 2, "--port"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(args: list[str], code: int, says: str, run) -> None:
    done = run("serve", "--no-browser", *args)
    assert done.exit_code == code
    (line,) = done.stderr.splitlines()
    assert says in line


def test_the_pages_have_the_colours_of_the_report() -> None:
    style = (STATIC / "serve.css").read_text(encoding="utf-8")
    light, dark, _ = re.split(r"\n  *\}\n", style.replace("\n}\n", "\n  }\n", 1), maxsplit=2)
    for colour, name in CSS_VARIABLE.items():
        assert dict.fromkeys(re.findall(rf"{name}: (#\w+);", light)) in ({}, {colour: None})
        assert dict.fromkeys(re.findall(rf"{name}: (#\w+);", dark)) in ({}, {DARK[colour]: None})
        assert DARK[colour] == colour or (f"{name}:" in light) == (f"{name}:" in dark)
