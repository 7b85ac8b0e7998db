"""The page's process on a real port: who drips is ended, who is too large is refused, and it leaves when it is to."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_mosquitto import free_port
from requirements import ROOT
from waiting import until

from agent.config.web import Listening
from agent.errors import ConfigError, TransportError
from agent.web import server as server_module
from agent.web.settings import Settings

START = """
import sys
from agent.web import server
server.REQUEST_S = 0.3
server.NICE = 0
from agent.cli import main
sys.exit(main(sys.argv[1:]))
"""


class Served:
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        listen = f"127.0.0.1:{self.port}"
        command = ["page", "--until-eof", "--state-dir", str(folder), "--listen", listen]
        self.process = subprocess.Popen([sys.executable, "-c", START, *command], cwd=ROOT, stdin=subprocess.PIPE)
        until(self._answers)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ended_after_s(self, head: bytes, drip: bytes) -> float:
        """How long who sends a beginning and then drips stays connected."""
        began_s = time.monotonic()
        with self.connect() as slow:
            slow.sendall(head)
            slow.settimeout(0.05)
            while time.monotonic() - began_s < 10:
                try:
                    slow.sendall(drip)
                    if not slow.recv(1000):
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
        return time.monotonic() - began_s

    def said_to(self, request: bytes) -> bytes:
        with self.connect() as client, contextlib.suppress(ConnectionError):
            client.sendall(request)
            return client.recv(1000)
        return b""

    def _answers(self) -> bool:
        assert self.process.poll() is None
        with contextlib.suppress(OSError), self.connect():
            return True
        return False


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("page"))
    yield made
    made.process.send_signal(signal.SIGTERM)  # comes to all processes of a service; the agent says when it is to end
    made.process.send_signal(signal.SIGINT)
    assert made.said_to(b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert made.process.stdin is not None
    made.process.stdin.close()
    assert made.process.wait(20) == 0


@pytest.mark.parametrize(
    ("head", "drip"),
    [
        (b"", b""),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"X: 1\r\n"),
        (b"POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4000\r\n", b""),
        (b"POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4000\r\n\r\n", b"x"),
    ],
    ids=["silent", "headers", "cut", "body"],
)
def test_a_request_that_drips_is_ended(served, head, drip):
    assert served.ended_after_s(head, drip) < 5


def test_headers_without_an_end_are_refused(served):
    said = served.said_to(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 40_000)
    assert said == b"" or b" 400 " in said.splitlines()[0]


def test_what_is_no_http_is_refused(served):
    assert b" 400 " in served.said_to(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").splitlines()[0]


def test_a_stream_outlives_the_time_that_a_request_has(served):
    with served.connect() as viewer:
        viewer.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        until_s, told = time.monotonic() + 0.9, b""
        viewer.settimeout(0.1)
        while time.monotonic() < until_s:
            with contextlib.suppress(TimeoutError):
                part = viewer.recv(4096)
                assert part, "ended"
                told += part
        assert b"event: away" in told


def test_a_port_that_is_taken_is_said(served, tmp_path):
    settings = Settings(tmp_path, Listening("127.0.0.1", served.port))
    with pytest.raises(TransportError, match=f"port {served.port} of 127.0.0.1 cannot be had"):
        server_module.serve(settings, until_eof=False)


def test_beyond_this_computer_it_never_listens_without_a_password(tmp_path):
    with pytest.raises(ConfigError, match="needs a password"):
        server_module.serve(Settings(tmp_path, Listening("0.0.0.0", 0)), until_eof=False)
