"""The daemon's side of the control socket: many clients at once, each with so many bytes and so much time.

One thread serves all of them: who is slow to ask or to listen keeps nobody else waiting. Requests are answered one at a
time. Beyond a number of clients, or of bytes that wait, the oldest gives way.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
import threading
import time
from pathlib import Path

import msgspec

from agent.errors import ConfigError
from agent.service.beats import Beat
from agent.service.control import (
    MAX_ANSWER_BYTES,
    MAX_REQUEST_BYTES,
    REQUEST_TIMEOUT_S,
    SOCKET_NAME,
    Handler,
    answer_to,
    is_answered,
)

LOOK_S = 0.5
MAX_CLIENTS = 64
MAX_WAITING_BYTES = 2 * MAX_ANSWER_BYTES
MAX_PATH_BYTES = 107  # of a unix socket, unix(7)
RETRY_S = 30.0
CHUNK_BYTES = 64 << 10
BREATH_S = 0.1
BACKLOG = 128  # who finds that full is turned away at once, unix(7)

log = logging.getLogger(__name__)


class ControlServer:
    """Listens for requests in a thread of its own and lets `handle` answer them."""

    def __init__(
        self,
        state_dir: Path,
        handle: Handler,
        *,
        stop: threading.Event,
        beat: Beat | None = None,
        retry_s: float = RETRY_S,
        request_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        """`request_s`: for a whole request, and again for its answer to be taken."""
        self.path = state_dir / SOCKET_NAME
        self._handle = handle
        self._stop = stop
        self._beat = beat or Beat("control")
        self._retry_s = retry_s
        self._request_s = request_s
        self._listener: socket.socket | None = None
        self._selector = selectors.DefaultSelector()
        self._clients: list[_Client] = []  # the oldest first
        self.closed: str | None = None  # why nobody can ask

    def open(self) -> None:
        """Bind the socket; ConfigError where its path is no good, or where another daemon already answers on it.

        Where the disk or a permission is in the way, `run` tries again.
        """
        if is_answered(self.path):
            raise ConfigError(f"{self.path}: another agent runs with this state_dir; stop it, or give this one its own")
        if len(os.fsencode(self.path)) > MAX_PATH_BYTES - len(".new"):
            raise ConfigError(f"agent.state_dir: {self.path} is too long for a socket; name a shorter folder")
        try:
            self._bind()
        except OSError as error:
            self._say_closed(error)

    def run(self) -> None:
        while not self._stop.is_set():
            self._beat.bump()
            if self._listener is None:
                self._try_again()
            else:
                self._turn()
        for client in [*self._clients]:
            self._drop(client)
        if self._listener is not None:
            self._unbind()
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        self._selector.close()
        self._beat.end()

    def wake(self) -> None:
        """Let `run` look at `stop` now."""
        with contextlib.suppress(OSError):
            is_answered(self.path)

    # -------------------------------------------------------------------------------------------------- the listener

    def _bind(self) -> None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            unready = self.path.with_suffix(".new")
            unready.unlink(missing_ok=True)
            listener.bind(str(unready))
            unready.chmod(0o600)
            listener.listen(BACKLOG)
            listener.setblocking(False)
            unready.replace(self.path)  # only now can it be found, and it answers
        except OSError:
            listener.close()
            raise
        self._selector.register(listener, selectors.EVENT_READ)
        self._listener, self.closed = listener, None

    def _unbind(self) -> None:
        assert self._listener is not None
        self._selector.unregister(self._listener)
        self._listener.close()
        self._listener = None

    def _try_again(self) -> None:
        try:
            self._bind()
            log.info("control: %s answers", self.path)
        except OSError as error:
            self._say_closed(error)
            self._beat.bump(within_s=self._retry_s + self._beat.turn_s)
            self._stop.wait(self._retry_s)

    def _say_closed(self, error: OSError) -> None:
        if self.closed is None:
            log.error("control: %s cannot be made (%s); status and commission cannot ask", self.path, error)
        self.closed = f"{self.path}: cannot be made ({error.strerror}); status and commission cannot ask"

    # --------------------------------------------------------------------------------------------------- the clients

    def _turn(self) -> None:
        found = self._selector.select(LOOK_S)
        for key, _ in found:
            if key.fileobj is self._listener:
                self._let_in()
            elif key.data in self._clients:  # else it had to give way in this very turn
                self._go_on(key.data)
        now_s = time.monotonic()
        for client in [client for client in self._clients if client.until_s < now_s]:
            self._drop(client)
        if not found and not self.path.exists():  # a folder that was emptied, a disk that was changed
            self._unbind()

    def _let_in(self) -> None:
        """All who wait at the door: beyond MAX_CLIENTS the oldest of those inside gives way."""
        assert self._listener is not None
        for _ in range(BACKLOG):
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:  # it has gone away again, or too many files are open
                log.debug("control: a client cannot be let in: %s", error)
                self._stop.wait(BREATH_S)
                return
            client = _Client(connection, within_s=self._request_s)
            self._selector.register(client.connection, selectors.EVENT_READ, client)
            self._clients.append(client)
            if len(self._clients) > MAX_CLIENTS:
                self._drop(self._clients[0])

    def _go_on(self, client: _Client) -> None:
        try:
            if client.is_asking:
                line = client.read()
                if line is not None:
                    self._beat.bump()  # what is asked for has its time, however many ask at once
                    client.answer(msgspec.json.encode(answer_to(line, self._handle)) + b"\n")
                    self._selector.modify(client.connection, selectors.EVENT_WRITE, client)
            elif client.write():
                self._drop(client)
        except OSError as error:
            log.debug("control: a client went away: %s", error)
            self._drop(client)
        while len(self._clients) > 1 and sum(one.waiting for one in self._clients) > MAX_WAITING_BYTES:
            self._drop(self._clients[0])

    def _drop(self, client: _Client) -> None:
        if client in self._clients:
            self._clients.remove(client)
            self._selector.unregister(client.connection)
            client.connection.close()


class _Client:
    """One connection: a line comes in, one goes out; neither is waited for."""

    def __init__(self, connection: socket.socket, *, within_s: float) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.is_asking = True
        self._within_s = within_s
        self.until_s = time.monotonic() + within_s
        self._bytes = bytearray()  # that came in, or are to go out

    @property
    def waiting(self) -> int:
        """How many bytes it keeps here."""
        return len(self._bytes)

    def read(self) -> bytes | None:
        """The line once it is whole, has no end within the bound, or will come no further."""
        chunk = self.connection.recv(CHUNK_BYTES)
        line, newline, _ = chunk.partition(b"\n")
        self._bytes += line
        is_whole = bool(newline) or not chunk or len(self._bytes) > MAX_REQUEST_BYTES
        return bytes(self._bytes[:MAX_REQUEST_BYTES]) if is_whole else None

    def answer(self, line: bytes) -> None:
        """What goes out from now on, in the time that a request has."""
        self.is_asking = False
        self.until_s = time.monotonic() + self._within_s
        self._bytes = bytearray(line)

    def write(self) -> bool:
        """Some of the answer; True once that is all."""
        del self._bytes[: self.connection.send(self._bytes[:CHUNK_BYTES])]
        return not self._bytes
