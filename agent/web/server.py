"""The process of the page: listens, lets in so many and so slow ones, and ends when the agent that started it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from agent.config.web import certificates
from agent.errors import ConfigError, TransportError
from agent.service.pulse import EVERY_S, SIGN
from agent.web.app import app_of
from agent.web.asking import SocketAgent
from agent.web.live import MOST_VIEWERS
from agent.web.settings import Settings

NICE = 10
REQUEST_S = 10.0
"""For a whole request; keep-alive connections have as long before the next one."""
MOST_HEADER_BYTES = 16 << 10
MOST_CONNECTIONS = MOST_VIEWERS + 56

log = logging.getLogger(__name__)


class DeadlineProtocol(H11Protocol):
    """Ends a connection whose request does not come whole in its time, however it drips."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._until = self.loop.call_later(REQUEST_S, self._end_unasked)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._until.cancel()
        self._until = self.loop.call_later(REQUEST_S, self._end_unasked)

    def connection_lost(self, exc: Exception | None) -> None:
        self._until.cancel()
        super().connection_lost(exc)

    def _end_unasked(self) -> None:
        is_answered = self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete
        if not is_answered:
            self.transport.abort()


class SupervisedServer(uvicorn.Server):
    """Leaves signals alone: they come to all processes of a service, and the agent says when this one is to end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        yield


def serve(settings: Settings, *, until_eof: bool) -> int:
    """Until a signal comes or, with `until_eof`, standard input ends. TransportError where the port cannot be had."""
    listener = _listener(settings)
    with contextlib.suppress(OSError):  # a sandbox may forbid even this
        os.nice(NICE)
    files: dict[str, Any] = {}
    if settings.cert_file is not None and settings.key_file is not None:
        files["ssl_certfile"], files["ssl_keyfile"] = certificates(settings.cert_file, settings.key_file)
    config = uvicorn.Config(
        app_of(settings, SocketAgent(settings.state_dir)),
        http=DeadlineProtocol,
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        **files,
    )
    server = SupervisedServer(config) if until_eof else uvicorn.Server(config)
    scheme = "https" if settings.is_encrypted else "http"
    host, port = listener.getsockname()[:2]
    log.info("page: %s://%s:%d answers", scheme, f"[{host}]" if ":" in host else host, port)
    asyncio.run(_run(server, listener, until_eof=until_eof))
    return os.EX_OK


async def _run(server: uvicorn.Server, listener: socket.socket, *, until_eof: bool) -> None:
    if until_eof:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _leave_at_eof, server)
        os.set_blocking(sys.stdout.fileno(), False)
        _show_pulse()
    await server.serve(sockets=[listener])


def _show_pulse() -> None:
    """Tell whoever started us that this loop turns, and again in a while."""
    with contextlib.suppress(OSError):  # nobody reads it: who started us is gone, or takes its time
        os.write(sys.stdout.fileno(), SIGN)
    asyncio.get_running_loop().call_later(EVERY_S, _show_pulse)


def _leave_at_eof(server: uvicorn.Server) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        server.should_exit = True


def _listener(settings: Settings) -> socket.socket:
    address, port = settings.listening
    if not settings.listening.is_loopback and settings.password_file is None:
        raise ConfigError("web.listen: beyond this computer a page needs a password; give password_file")
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        why = error.strerror or error
        raise TransportError(
            f"page: port {port} of {address} cannot be had ({why}); end what has it, or choose another"
        ) from error
    listener.setblocking(False)
    return listener
