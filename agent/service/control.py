"""The one way in while the daemon runs: a unix socket in the state directory, one JSON line in, one JSON line out.

What may be asked, and how a command asks it; `control_server` is the daemon's side. Only the daemon's own user may
connect (0600). The worker does what is asked for, so that nothing of the data path is ever touched from here.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from agent.errors import ConfigError, DoubtedError, TextVibError, TransportError
from agent.messages.words import Language, as_language
from agent.service.alert_requests import Remote

SOCKET_NAME = "control.sock"
MAX_REQUEST_BYTES = 64 << 10
MAX_ANSWER_BYTES = 16 << 20
REQUEST_TIMEOUT_S = 5.0
CROWDED_S = 0.05
CODES = (DoubtedError.exit_code, os.EX_USAGE, os.EX_DATAERR, os.EX_TEMPFAIL, os.EX_CONFIG)
"""Exit codes that an agent may name for what it refuses; an older one names none."""


class Status(msgspec.Struct, frozen=True, tag_field="command", tag="status", forbid_unknown_fields=True):
    """How everything is: answers with the health document and the state of each sensor.

    `language` None: the agent's own. `whole`: with all that a page shows, as `surveying` says.
    """

    language: Language | None = None
    whole: bool = False


class Look(msgspec.Struct, frozen=True, tag_field="command", tag="look", forbid_unknown_fields=True):
    """The latest window of a sensor and what was made of it, and how its figures went, as far as newer than `after`."""

    sensor: str
    after: int = 0
    language: Language | None = None


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


class ExportState(msgspec.Struct, frozen=True, tag_field="command", tag="export_state", forbid_unknown_fields=True):
    """All that is known of a sensor, to be moved."""

    sensor: str


class ImportState(msgspec.Struct, frozen=True, tag_field="command", tag="import_state", forbid_unknown_fields=True):
    """A piece of what was known of a sensor elsewhere, from byte `start` on; after the `last` one the sensor goes on
    with it, `instead` of what is known here."""

    sensor: str
    state: bytes
    start: int = 0
    last: bool = True
    instead: bool = False


class Reload(msgspec.Struct, frozen=True, tag_field="command", tag="reload", forbid_unknown_fields=True):
    """Read the config again; answers with the number of this reload."""


class Reloading(msgspec.Struct, frozen=True, tag_field="command", tag="reloading", forbid_unknown_fields=True):
    """How a reload ended, or that it has not yet."""

    number: int


class Retry(msgspec.Struct, frozen=True, tag_field="command", tag="retry", forbid_unknown_fields=True):
    """Try at once to reach a sink, or all (None), and send what was refused; answers with what waits for each."""

    sink: str | None = None


Asked: TypeAlias = Status | Look | Commission | Learnt | Cancel | Forget | Record | ExportState | ImportState | Remote
"""What the worker answers."""

Request: TypeAlias = Asked | Reload | Reloading | Retry
Answer: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[Request], Answer]

_REQUESTS = msgspec.json.Decoder(Request)


class RefusedError(ConfigError):
    """The agent refuses; in the words of the code, which whoever asked puts into their language, or else the agent's
    `language`; with the exit code of what it refused for."""

    def __init__(self, *problems: str, language: Language | None, code: int = ConfigError.exit_code) -> None:
        super().__init__(*problems)
        self.language = language
        self.exit_code = code


def refusal_of(answer: Answer) -> RefusedError:
    """What an answer that is not `ok` says."""
    told, code = answer.get("language"), answer.get("code")
    return RefusedError(
        str(answer.get("error", "refused")),
        language=None if told is None else as_language(told),
        code=code if code in CODES else ConfigError.exit_code,
    )


def answer_to(line: bytes, handle: Handler) -> Answer:
    """What to answer to one line; a refusal is an answer, too."""
    try:
        return {"ok": True, **handle(_REQUESTS.decode(line))}
    except (msgspec.MsgspecError, RecursionError) as error:
        return {"ok": False, "error": f"not a request this agent knows: {error}"}
    except RefusedError as error:
        return {"ok": False, "error": str(error), "code": error.exit_code, "language": error.language}
    except TextVibError as error:
        return {"ok": False, "error": str(error), "code": error.exit_code}


def ask(state_dir: Path, request: Request, *, timeout_s: float = 15.0) -> Answer:
    """The running daemon's answer; TransportError where none runs, ConfigError where it refuses."""
    path = state_dir / SOCKET_NAME
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            _connect(connection, path, timeout_s=timeout_s)
            connection.sendall(_line_of(request))
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
        raise refusal_of(answer)
    return answer


def _line_of(request: Request) -> bytes:
    try:
        return msgspec.json.encode(request) + b"\n"
    except UnicodeEncodeError:
        raise ConfigError("the command line holds bytes that are no UTF-8; type the name again") from None


def _connect(connection: socket.socket, path: Path, *, timeout_s: float) -> None:
    """Once there is room at the door: a crowd before it is no reason to give up."""
    until_s = time.monotonic() + timeout_s
    while True:
        try:
            connection.connect(str(path))
            return
        except BlockingIOError:
            if time.monotonic() > until_s:
                raise
            time.sleep(CROWDED_S)


def _read_line(connection: socket.socket, limit: int) -> bytes:
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < limit:
        chunk = connection.recv(min(65536, limit - len(line)))
        if not chunk:
            break
        line += chunk
    return bytes(line)


def is_answered(path: Path) -> bool:
    """Whether a daemon takes connections there; one that runs looks up at it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.settimeout(1.0)
            probe.connect(str(path))
        except OSError:
            return False
        return True
