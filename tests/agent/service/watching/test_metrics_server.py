"""The endpoint's own manners: one answer each, however a client behaves, and a port that comes back."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from waiting import until

from agent.service.watching.metrics_server import MOST_CLIENTS, MOST_REQUEST_BYTES, MetricsServer

PAGE = b"textvib_up 1\n" * 1_000_000


class Served:
    def __init__(self, *, port: int = 0, **options: object) -> None:
        self.accepted: list[str] = []
        self.connections: list[socket.socket] = []
        self.stop = threading.Event()
        self.server = MetricsServer("127.0.0.1", port, self._page, stop=self.stop, **{"client_s": 0.4, **options})
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()

    def _page(self, accept: str) -> tuple[str, bytes]:
        self.accepted.append(accept)
        return "text/plain; version=0.0.4", PAGE

    def connect(self) -> socket.socket:
        until(lambda: self.server.port)
        self.connections.append(socket.create_connection(("127.0.0.1", self.server.port), timeout=5))
        return self.connections[-1]

    def ask(self, method: str = "GET", path: str = "/metrics", **headers: str) -> tuple[int, bytes, str | None]:
        """Status, content and its length as the answer says it."""
        until(lambda: self.server.port)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=5)
        with contextlib.closing(connection):
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers["Content-Length"]

    def end(self) -> None:
        self.stop.set()
        self.thread.join(5)
        for connection in self.connections:
            connection.close()
        assert not self.thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    served: list[Served] = []

    def start(**options: object) -> Served:
        served.append(Served(**options))
        return served[-1]

    yield start
    for one in served:
        one.end()


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    return serve()


def closed_after(connection: socket.socket) -> bytes:
    """What came until the other side closed."""
    received = b""
    try:
        while chunk := connection.recv(1 << 20):
            received += chunk
    except ConnectionResetError:
        pass
    connection.close()
    return received


def test_a_page_is_given_whole_for_the_accept_header(served: Served) -> None:
    assert served.ask(accept="application/openmetrics-text") == (200, PAGE, str(len(PAGE)))
    assert served.accepted == ["application/openmetrics-text"]
    assert served.ask("HEAD", "/metrics?x=1") == (200, b"", str(len(PAGE)))


def test_any_other_request_is_refused_in_words(served: Served) -> None:
    for request, status in (
        (b"GET / HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /metrics/../x HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"405"),
        (b"\x16\x03\x01\x00\xff\r\n\r\n", b"400"),
        (b"\r\n\r\n", b"400"),
        (b"GET /metrics HTTP/9\r\n\r\n", b"400"),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"a" * MOST_REQUEST_BYTES, b"431"),
    ):
        connection = served.connect()
        connection.sendall(request)
        assert closed_after(connection).split()[1] == status
    assert served.accepted == []


def test_clients_that_dribble_or_do_not_read_keep_nobody_waiting(served: Served) -> None:
    dribbling, deaf = served.connect(), served.connect()
    dribbling.sendall(b"GET /met")
    deaf.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")  # and reads nothing of a page larger than any buffer
    until(lambda: served.accepted)
    began_s = time.monotonic()
    assert served.ask()[1] == PAGE
    assert time.monotonic() - began_s < 0.4
    assert closed_after(dribbling) == b""
    assert len(closed_after(deaf)) < len(PAGE)


def test_clients_beyond_those_there_is_room_for_are_turned_away_until_there_is(
    serve: Callable[..., Served],
) -> None:
    served = serve(client_s=30.0)
    held = [served.connect() for _ in range(MOST_CLIENTS)]
    until(lambda: len(served.server._clients) == MOST_CLIENTS)
    assert closed_after(served.connect()) == b""
    for connection in held:
        connection.close()
    until(lambda: not served.server._clients)
    assert served.ask()[0] == 200


def test_a_port_that_another_has_is_told_and_tried_again(serve: Callable[..., Served]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        served = serve(port=port, retry_s=0.05)
        until(lambda: served.server.closed)
        assert f"port {port}" in served.server.notices[0]
    until(lambda: not served.server.notices)
    assert served.ask()[0] == 200
