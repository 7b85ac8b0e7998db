"""Ends of the line for sinks that tell people: a web server and a mail server, each on a free port of this computer."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from real_mosquitto import free_port


class WebReceiver:
    """Keeps what is posted; answers `statuses` in turn, the last one for ever."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses = [204]
        methods = {
            "do_POST": lambda request: self._post(request),
            "log_message": lambda *_: None,
        }  # the library's names
        handler = type("Handler", (BaseHTTPRequestHandler,), methods)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def _post(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        self.posts.append((request.path, dict(request.headers), body))
        request.send_response(self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])
        request.end_headers()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook?of=plant"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class MailReceiver:
    """Keeps mails; lets in who knows `password` where one is set, and refuses `unknown` recipients."""

    def __init__(self, *, password: str | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.mails: list[EmailMessage] = []
        self.refuses: str | None = None  # with this answer, whatever comes
        self.unknown: set[str] = set()
        self._controller = Controller(
            SimpleNamespace(handle_RCPT=self._recipient, handle_DATA=self._data),
            hostname="127.0.0.1",
            port=free_port(),
            tls_context=tls,
            authenticator=None if password is None else lambda *given: _judged(given[-1], password),
            auth_required=password is not None,
            auth_require_tls=tls is not None,
        )
        self._controller.start()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    async def _recipient(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def _data(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.refuses is not None:
            return self.refuses
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def close(self) -> None:
        if self._controller.loop.is_running():
            self._controller.stop()


def _judged(given: Any, password: str) -> AuthResult:
    is_right = isinstance(given, LoginPassword) and given.password == password.encode()
    return AuthResult(success=is_right, handled=False)


@contextmanager
def saying(answer: bytes, *, pause_s: float = 0.0) -> Iterator[int]:
    """A port whose every caller is told `answer`, byte by byte where there is a pause, and is then left waiting."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while not stop.is_set():
                    caller, _ = server.accept()
                    threading.Thread(target=say, args=(caller,), daemon=True).start()

        def say(caller: socket.socket) -> None:
            with caller, suppress(OSError):
                for part in (answer,) if not pause_s else (answer[i : i + 1] for i in range(len(answer))):
                    caller.sendall(part)
                    stop.wait(pause_s)
                stop.wait(30)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
