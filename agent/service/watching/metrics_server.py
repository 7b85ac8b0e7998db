"""The HTTP endpoint for Prometheus: `GET /metrics`, one thread, a bounded number of clients, a deadline for each.

All sockets are non-blocking, so that a client that dribbles its request or does not read the answer costs its place for
a few seconds and nobody else anything. Nothing that a client sends is kept, parsed beyond its headers or logged.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.service.beats import Beat

PATH = "/metrics"
MOST_CLIENTS = 16
MOST_REQUEST_BYTES = 8 << 10
CLIENT_S = 5.0
"""From the first byte to the last of a client, both ways."""
TURN_S = 0.5
RETRY_S = 30.0
CLIENT_BACKLOG = 8

Page = Callable[[str], tuple[str, bytes]]
"""Content type and content, for the value of an Accept header."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Client:
    socket: socket.socket
    until_s: float
    request: bytearray = field(default_factory=bytearray)
    answer: memoryview | None = None


class MetricsServer:
    """`run` is a thread's body. A port that cannot be had is tried again, and told."""

    def __init__(
        self,
        address: str,
        port: int,
        page: Page,
        *,
        stop: threading.Event,
        beat: Beat | None = None,
        retry_s: float = RETRY_S,
        client_s: float = CLIENT_S,
    ) -> None:
        self.closed: str | None = None  # why nobody can scrape
        self.port = port  # that it listens on; of port 0, once it does
        self._address = address
        self._page = page
        self._stop = stop
        self._beat = beat or Beat("metrics")
        self._retry_s = retry_s
        self._client_s = client_s
        self._selector = selectors.DefaultSelector()
        self._listener: socket.socket | None = None
        self._clients: dict[socket.socket, _Client] = {}

    @property
    def notices(self) -> tuple[str, ...]:
        return () if self.closed is None else (self.closed,)

    def run(self) -> None:
        while not self._stop.is_set():
            self._beat.bump()
            if self._listener is None and not self._open():
                self._beat.bump(within_s=self._retry_s + self._beat.turn_s)
                self._stop.wait(self._retry_s)
                continue
            for key, _ in self._selector.select(TURN_S):
                self._beat.bump()
                self._serve(key)
            self._drop_late()
        for client in list(self._clients.values()):
            self._drop(client)
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
        self._selector.close()
        self._beat.end()

    def _open(self) -> bool:
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._address, self.port))
            listener.listen(CLIENT_BACKLOG)
        except OSError as error:
            listener.close()
            why = (
                f"metrics: port {self.port} of {self._address} cannot be had ({error.strerror or error}); "
                "nobody can scrape, and it is tried again"
            )
            if self.closed is None:
                log.error("%s", why)
            self.closed = why
            return False
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self._selector.register(listener, selectors.EVENT_READ)
        self._listener, self.closed = listener, None
        log.info("metrics: http://%s:%d%s answers", self._address, self.port, PATH)
        return True

    def _serve(self, key: selectors.SelectorKey) -> None:
        ready = key.fileobj
        if ready is self._listener:
            self._accept()
        elif isinstance(ready, socket.socket) and (client := self._clients.get(ready)) is not None:
            try:
                self._receive(client) if client.answer is None else self._send(client)
            except BlockingIOError:
                pass
            except OSError:
                self._drop(client)

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # it has gone again, or there are no more files to be had
        if len(self._clients) >= MOST_CLIENTS:
            connection.close()
            return
        connection.setblocking(False)
        self._clients[connection] = _Client(connection, time.monotonic() + self._client_s)
        self._selector.register(connection, selectors.EVENT_READ)

    def _receive(self, client: _Client) -> None:
        chunk = client.socket.recv(MOST_REQUEST_BYTES)
        client.request += chunk
        is_whole = b"\r\n\r\n" in client.request or b"\n\n" in client.request
        if not chunk and not is_whole:
            self._drop(client)
        elif is_whole or len(client.request) >= MOST_REQUEST_BYTES:
            client.answer = memoryview(_answer(bytes(client.request), self._page, is_whole=is_whole))
            self._selector.modify(client.socket, selectors.EVENT_WRITE)

    def _send(self, client: _Client) -> None:
        assert client.answer is not None
        client.answer = client.answer[client.socket.send(client.answer) :]
        if not client.answer:
            self._drop(client)

    def _drop_late(self) -> None:
        now_s = time.monotonic()
        for client in [client for client in self._clients.values() if client.until_s < now_s]:
            self._drop(client)

    def _drop(self, client: _Client) -> None:
        del self._clients[client.socket]
        self._selector.unregister(client.socket)
        client.socket.close()


def _answer(request: bytes, page: Page, *, is_whole: bool) -> bytes:
    """The whole answer to a request, which every connection has one of."""
    if not is_whole:
        return _response("431 Request Header Fields Too Large", b"the request is too long\n")
    first, *lines = request.decode("latin-1").splitlines()
    method, _, rest = first.partition(" ")
    target, _, version = rest.rpartition(" ")
    if not version.startswith("HTTP/1"):
        return _response("400 Bad Request", b"not an HTTP/1 request\n")
    if method not in ("GET", "HEAD"):
        return _response("405 Method Not Allowed", b"only GET is answered\n", more="Allow: GET, HEAD\r\n")
    if target.partition("?")[0] != PATH:
        return _response("404 Not Found", f"see {PATH}\n".encode())
    headers = dict(reversed([(name.lower(), value) for name, _, value in (line.partition(":") for line in lines)]))
    content_type, content = page(headers.get("accept", "").strip())
    return _response("200 OK", content, content_type=content_type, with_content=method == "GET")


def _response(
    status: str,
    content: bytes,
    *,
    content_type: str = "text/plain; charset=utf-8",
    more: str = "",
    with_content: bool = True,
) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(content)}\r\n{more}"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + (content if with_content else b"")
