"""Who may see the page: this computer's browser, by a token that is exchanged for a cookie."""

from __future__ import annotations

import secrets
from http.cookies import CookieError, SimpleCookie
from typing import Final

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from cli.serving.rendering import failure

HOST: Final = "127.0.0.1"
"""The only address that is listened on."""

STATIC: Final = "/static/"
"""Style and script, which hold nothing of anybody."""

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With "no-referrer" browsers would send "Origin: null" with the page's own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_READING: Final = ("GET", "HEAD")


class Access:
    """Secrets of one run of the server.

    Attributes
    ----------
    token : str
        Stands in the address that is printed.
    form_key : str
        Stands in every form, so that no other page can send it.
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        self.form_key = secrets.token_urlsafe(24)
        self._cookie = secrets.token_urlsafe(24)

    def opens(self, token: str) -> bool:
        """Whether it is the token."""
        return _same(token, self.token)

    def knows(self, cookie: str, port: int) -> bool:
        """Whether a Cookie header holds the secret that the token was exchanged for."""
        try:
            held = SimpleCookie(cookie).get(_cookie_name(port))
        except CookieError:
            return False
        return held is not None and _same(held.value, self._cookie)

    def sent_by_own_form(self, form_key: str) -> bool:
        """Whether a form comes from a page of this server."""
        return _same(form_key, self.form_key)

    def exchanged(self, port: int) -> RedirectResponse:
        """The answer to the token: a cookie, and the same page without the token."""
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(_cookie_name(port), self._cookie, httponly=True, samesite="strict")
        return answer


class Guard:
    """Refuses every request that is not of a browser on this computer that was given the token.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    access : Access
        The secrets.
    port : int
        Port that is listened on.

    Notes
    -----
    A Host other than the own one means that another site's name leads here (DNS rebinding). The Origin of
    whatever changes something has to be a page of this server: all ports of a host share their cookies.
    """

    def __init__(self, app: ASGIApp, access: Access, port: int) -> None:
        self._app = app
        self._access = access
        self._port = port
        self._hosts = [f"{name}:{port}" for name in (HOST, "localhost")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._answer(scope)
        if scope["type"] == "websocket" and answer is not self._app:
            answer = WebSocketClose(1008)
        await answer(scope, receive, send_with_headers)

    def _answer(self, scope: Scope) -> ASGIApp:
        """What answers a request: the application, or a refusal."""
        headers = Headers(scope=scope)
        if len(headers.getlist("host")) != 1 or headers["host"] not in self._hosts:
            return failure(400, f"this page is at http://{self._hosts[0]} only")
        reading = scope["type"] == "http" and scope["method"] in _READING
        if not reading and headers.get("origin") != f"http://{headers['host']}":
            return failure(403, "this was not sent by a page of this server")
        if scope["path"].startswith(STATIC):
            return self._app
        given = QueryParams(scope["query_string"]).get("token")
        if scope["path"] == "/" and reading and given is not None and self._access.opens(given):
            return self._access.exchanged(self._port)
        if not self._access.knows(headers.get("cookie", ""), self._port):
            return failure(403, "open the address that 'sidewise serve' printed in its terminal")
        return self._app


def _cookie_name(port: int) -> str:
    """Cookies are shared by all ports of a host; each server has its own."""
    return f"sidewise-{port}"


def _same(given: str, secret: str) -> bool:
    return secrets.compare_digest(given.encode(), secret.encode())
