"""The one way in while the daemon runs: a unix socket in the state directory, one JSON line in, one JSON line out.

Only the daemon's own user may connect (0600). Requests are bounded and answered one at a time; the worker does
what they ask for, so that nothing of the data path is ever touched from here.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from agent.errors import ConfigError, TextVibError, TransportError
from agent.service.alert_requests import Remote
from agent.service.beats import Beat

SOCKET_NAME = "control.sock"
MAX_REQUEST_BYTES = 64 << 10
MAX_ANSWER_BYTES = 16 << 20
REQUEST_TIMEOUT_S = 5.0
ACCEPT_TIMEOUT_S = 0.5
MAX_PATH_BYTES = 107  # of a unix socket, unix(7)
RETRY_S = 30.0

log = logging.getLogger(__name__)


class Status(msgspec.Struct, frozen=True, tag_field="command", tag="status", forbid_unknown_fields=True):
    """How everything is: answers with the health document and the state of each sensor."""


class Commission(msgspec.Struct, frozen=True, tag_field="command", tag="commission", forbid_unknown_fields=True):
    """Let the next running, steady, good windows of a sensor teach its healthy baseline, if nothing stands against it.

    `windows` None: as many as it takes until the figures have settled. `anyway`: believe it whatever stands against it.
    `after_repair`: set aside what was healthy before, and end what is open.
    """

    sensor: str
    windows: int | None = None
    anyway: bool = False
    after_repair: bool = False


class Learnt(msgspec.Struct, frozen=True, tag_field="command", tag="learnt", forbid_unknown_fields=True):
    """How far the commissioning of a sensor is, or how the latest one ended."""

    sensor: str


class Cancel(msgspec.Struct, frozen=True, tag_field="command", tag="cancel_commission", forbid_unknown_fields=True):
    """Give up the commissioning of a sensor, and take back what was set aside for it."""

    sensor: str


class Forget(msgspec.Struct, frozen=True, tag_field="command", tag="forget", forbid_unknown_fields=True):
    """Forget what was learnt of a sensor's machine, at one speed or at all (`rpm` None)."""

    sensor: str
    rpm: float | None = None


class Record(msgspec.Struct, frozen=True, tag_field="command", tag="record", forbid_unknown_fields=True):
    """Write what a sensor sends for `seconds` to a .vbp file; `path` None: a file of its own in the state directory."""

    sensor: str
    seconds: float
    path: str | None = None


Request: TypeAlias = Status | Commission | Learnt | Cancel | Forget | Record | Remote
Answer: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[Request], Answer]

_REQUESTS = msgspec.json.Decoder(Request)


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
    ) -> None:
        self.path = state_dir / SOCKET_NAME
        self._handle = handle
        self._stop = stop
        self._beat = beat or Beat("control")
        self._retry_s = retry_s
        self._listener: socket.socket | None = None
        self.closed: str | None = None  # why nobody can ask

    def open(self) -> None:
        """Bind the socket; ConfigError where its path is no good, or where another daemon already answers on it.

        Where the disk or a permission is in the way, `run` tries again.
        """
        if _answers(self.path):
            raise ConfigError(f"{self.path}: another agent runs with this state_dir; stop it, or give this one its own")
        if len(os.fsencode(self.path)) > MAX_PATH_BYTES - len(".new"):
            raise ConfigError(f"agent.state_dir: {self.path} is too long for a socket; name a shorter folder")
        try:
            self._bind()
        except OSError as error:
            self._say_closed(error)

    def _bind(self) -> None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            unready = self.path.with_suffix(".new")
            unready.unlink(missing_ok=True)
            listener.bind(str(unready))
            unready.chmod(0o600)
            listener.listen(8)
            listener.settimeout(ACCEPT_TIMEOUT_S)
            unready.replace(self.path)  # only now can it be found, and it answers
        except OSError:
            listener.close()
            raise
        self._listener, self.closed = listener, None

    def run(self) -> None:
        while not self._stop.is_set():
            self._beat.bump()
            if self._listener is None:
                self._try_again()
                continue
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                if not self.path.exists():  # a folder that was emptied, a disk that was changed
                    self._listener.close()
                    self._listener = None
                continue
            with connection:
                self._serve(connection)
        if self._listener is not None:
            self._listener.close()
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        self._beat.end()

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

    def wake(self) -> None:
        """Let `run` look at `stop` now."""
        with contextlib.suppress(OSError):
            _answers(self.path)

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(REQUEST_TIMEOUT_S)
            line = _read_line(connection, MAX_REQUEST_BYTES, within_s=REQUEST_TIMEOUT_S)
            connection.sendall(msgspec.json.encode(self._answer(line)) + b"\n")
        except OSError as error:
            log.debug("control: a client went away: %s", error)

    def _answer(self, line: bytes) -> Answer:
        try:
            return {"ok": True, **self._handle(_REQUESTS.decode(line))}
        except (msgspec.MsgspecError, RecursionError) as error:
            return {"ok": False, "error": f"not a request this agent knows: {error}"}
        except TextVibError as error:
            return {"ok": False, "error": str(error)}


def ask(state_dir: Path, request: Request, *, timeout_s: float = 15.0) -> Answer:
    """The running daemon's answer; TransportError where none runs, ConfigError where it refuses."""
    path = state_dir / SOCKET_NAME
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(path))
            connection.sendall(msgspec.json.encode(request) + b"\n")
            line = _read_line(connection, MAX_ANSWER_BYTES)
        except PermissionError:
            raise ConfigError(
                f"{path}: belongs to another user; run this command as the user that runs the agent"
            ) from None
        except OSError as error:
            raise TransportError(
                f"{path}: no agent answers ({error.strerror or error}); start it with: textvib-agent run CONFIG, "
                "or name its config with --config"
            ) from error
    try:
        answer = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise TransportError(f"{path}: the agent's answer was cut short; try again") from error
    if not answer.pop("ok", False):
        raise ConfigError(str(answer.get("error", "refused")))
    return answer


def _read_line(connection: socket.socket, limit: int, *, within_s: float = math.inf) -> bytes:
    """Up to a newline; TimeoutError where the whole line takes longer than `within_s`, however often a byte comes."""
    line = bytearray()
    until_s = time.monotonic() + within_s
    while not line.endswith(b"\n") and len(line) < limit:
        if time.monotonic() > until_s:
            raise TimeoutError("the request does not end")
        chunk = connection.recv(min(65536, limit - len(line)))
        if not chunk:
            break
        line += chunk
    return bytes(line)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.settimeout(1.0)
            probe.connect(str(path))
        except OSError:
            return False
        return True
