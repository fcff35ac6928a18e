"""`sidewise serve` as a program of its own, and what a browser sends to it."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

START_S, END_S = 60.0, 60.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    address: str
    program: subprocess.Popen[str]

    @property
    def port(self) -> int:
        return int(urlsplit(self.address).port or 0)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, method: str = "GET", body: str = "", **headers: str) -> Answer:
        """One request, with exactly these headers (`_` stands for `-`) beside Host."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {"Host": f"127.0.0.1:{self.port}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        link.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in (sent | ({"Content-Length": str(len(body))} if body else {})).items():
            link.putheader(name, value)
        link.endheaders(body.encode() or None)
        answer = link.getresponse()
        told = Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode())
        link.close()
        return told

    def cookie(self) -> str:
        """What the token is exchanged for."""
        parts = urlsplit(self.address)
        answer = self.ask(f"{parts.path}?{parts.query}")
        assert answer.status == 303
        return answer.headers["set-cookie"].split(";")[0]

    def see(self, path: str) -> Answer:
        """A page, asked for as the coach's browser does."""
        return self.ask(path, Cookie=self.cookie())

    def send(self, path: str, **fields: str) -> Answer:
        """A form, sent as the coach's browser does."""
        return self.ask(
            path, "POST", urlencode(fields), Cookie=self.cookie(), Origin=self.origin,
            Content_Type="application/x-www-form-urlencoded",
        )  # fmt: skip

    def interrupt(self) -> tuple[int, str, str]:
        """Ctrl-C: exit code, the rest of stdout, and stderr."""
        self.program.send_signal(signal.SIGINT)
        out, err = self.program.communicate(timeout=END_S)
        return self.program.returncode, out, err


@contextmanager
def serving(home: Path, *args: object) -> Iterator[Served]:
    """A server on a free port, ended at the latest at the end."""
    words = ["serve", *map(str, args), "--home", str(home), "--port", "0", "--no-browser"]
    program = subprocess.Popen(
        [sys.executable, "-m", "cli.main", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
        env=os.environ | {"SIDEWISE_HOME": str(home)},
    )
    try:
        assert program.stdout is not None
        address = program.stdout.readline().strip()
        assert address, program.communicate()[1]
        yield Served(address, program)
    finally:
        if program.poll() is None:
            program.terminate()
            program.communicate(timeout=END_S)
