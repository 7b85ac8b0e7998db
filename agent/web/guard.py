"""What stands before every route: whose name the page is called by, who may write, who is let in, and what is allowed.

A page on the loopback is reached by any site that a browser on this computer shows: by its name (DNS rebinding) or by a
form of its own (CSRF). So the Host must be one of ours, and a POST must come from our own pages.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.web.sessions import COOKIE, Sessions

OPEN = ("/login", "/static/", "/words/")
"""Paths that are shown without a password: nothing of the machine is in them."""
POLICY = "Content-Security-Policy"
HEADERS = {
    POLICY: (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none, a browser names no origin in the login form's POST
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class Guard:
    """An ASGI middleware."""

    def __init__(self, app: ASGIApp, *, sessions: Sessions, hosts: Collection[str]) -> None:
        """`hosts`: names under which the page may be reached; none: under any, since a password is asked for."""
        self._app = app
        self._sessions = sessions
        self._hosts = {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    if name != POLICY or name not in headers:  # a report has one of its own, which allows less
                        headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        await (self._app if refusal is None else refusal)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._hosts and name_of(host) not in self._hosts:
            return PlainTextResponse("this page is not reached under that name; see web.hosts\n", 421)
        if scope["method"] not in ("GET", "HEAD") and not is_ours(headers, host):
            return PlainTextResponse("this did not come from the page itself\n", 403)
        path = scope["path"]
        token = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        if path.startswith(OPEN) or self._sessions.knows(token):
            return None
        return RedirectResponse("/login", 303) if path == "/" else PlainTextResponse("give the password first\n", 401)


def is_ours(headers: Headers, host: str) -> bool:
    """Whether a request that changes something was made by a page of ours, as every browser of today tells."""
    origin = headers.get("origin")
    if headers.get("sec-fetch-site", "same-origin") != "same-origin" or origin is None:
        return False
    return urlsplit(origin).netloc.lower() == host.lower()


def name_of(host: str) -> str:
    """A Host header without its port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() and not name.endswith(":") else host).lower()
