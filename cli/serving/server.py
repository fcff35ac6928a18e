"""Listens on this computer only, until Ctrl-C or a polite kill."""

from __future__ import annotations

import errno
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
import websockets  # noqa: F401  (without it, uvicorn would refuse web socket after web socket)
from starlette.types import ASGIApp

from cli.serving.security import HOST
from sensing.errors import UsageError

_PATIENCE_S: Final = 1


def listen(port: int) -> socket.socket:
    """A socket that listens on 127.0.0.1; port 0 takes any that is free.

    Raises
    ------
    UsageError
        The port is taken or not allowed.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would let two programs share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        reason = "taken by another program" if error.errno == errno.EADDRINUSE else error.strerror
        raise UsageError(
            f"port {port}: {reason}; choose another with --port, or any with --port 0"
        ) from error
    return listener


def make_server(app: ASGIApp) -> uvicorn.Server:
    """What answers requests when it is run, until a signal or its ``should_exit`` ends it."""
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="websockets-sansio",
        timeout_graceful_shutdown=_PATIENCE_S,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """Ends by signals without passing them on: what runs is saved afterwards."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
