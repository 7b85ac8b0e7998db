"""Shows what is on an OPC UA server, and tells events to its clients.

The server is a process of its own (`opcua_server`): what clients do to it costs the agent neither time nor memory, and
it ends with the agent however that ends, since its socket does. Each message is handed over and waited for.
"""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import subprocess
import sys
from typing import Annotated, Any

import msgspec

from agent.errors import ConfigError, TransportError
from agent.messages.words import Language
from agent.ports import Heard, Message
from agent.sinks.framed import Framed
from agent.sinks.key_pairs import problem_of_pair
from agent.transport.broker import is_here
from agent.transport.secrets import path_of, read_secret
from firmware_bridge.installing import pip_line

START_S = 100.0  # a small computer builds the address space of the standard in ten or twenty
ANSWER_S = 10.0
GOODBYE_S = 3.0
LEAST_PASSWORD = 8
"""Letters of a password: what is shorter is guessed."""


def _needed() -> str:
    return f"needs asyncua; install the extra: {pip_line('opcua')}"


class OpcuaConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the server listens, and who may come. Beyond this computer only encrypted, and with a password."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 4840
    username: str | None = None
    password_file: str | None = None
    cert_file: str | None = None  # of the server, in PEM or DER
    key_file: str | None = None
    max_sessions: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    events_wait: bool = True  # for a client that subscribes to events; False: those that nobody hears are gone
    language: Language | None = None  # None: the agent's

    def __post_init__(self) -> None:
        if (self.username is None) != (self.password_file is None):
            raise ValueError("username and password_file belong together; give both, or neither")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together; give both, or neither")
        if not is_here(self.host) and (self.username is None or self.cert_file is None):
            raise ValueError(
                "host: beyond this computer username, password_file, cert_file and key_file are needed; give them,"
                ' or listen on "127.0.0.1"'
            )

    @property
    def files(self) -> dict[str, str | None]:
        return {key: getattr(self, key) for key in ("password_file", "cert_file", "key_file")}

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be mended and shows without opening anything."""
        return () if importlib.util.find_spec("asyncua") else (_needed(),)


class OpcuaSink:
    """One server after the other, each begun by `open`."""

    publish_s = ANSWER_S + GOODBYE_S

    def __init__(self, config: OpcuaConfig, *, availability: str) -> None:
        self.refused = 0
        self.lost: TransportError | None = None
        self._config = config
        self._root = availability.rpartition("/")[0]
        self._process: subprocess.Popen[bytes] | None = None
        self._peer: Framed | None = None

    @property
    def connected(self) -> bool:
        return self._peer is not None and self._process is not None and self._process.poll() is None

    def open(self) -> None:
        """Begin to serve; TransportError where the port is taken, ConfigError where a secret or the package is not
        there."""
        self.close()
        if importlib.util.find_spec("asyncua") is None:
            raise ConfigError(_needed())
        settings = self._settings()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "agent.sinks.opcua_server", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self._peer = Framed(ours)
        failed = self._ask(settings, within_s=START_S)
        if failed is not None:
            self.close()
            raise TransportError(f"cannot serve at {self._config.host}:{self._config.port}: {failed}")
        self.lost = None

    def try_out(self) -> None:
        """See whether it could serve; a port that a running agent serves is taken, and said to be."""
        try:
            self.open()
        finally:
            self.close()

    def publish(self, message: Message, heard: Heard | None = None) -> bool:
        """Show what a message says; an event that no client hears is refused, if it is to wait for one."""
        if not self.connected:
            return False
        try:
            refusal = self._ask([message.topic, message.payload, message.kind], within_s=ANSWER_S)
        except TransportError as error:
            self.lost = error
            self.close()
            return False
        self.refused += refusal is not None
        if heard is not None:
            heard(refusal)
        return True

    def read_back(self, topics: tuple[str, ...]) -> dict[str, bytes] | None:
        """Nothing: what a server showed ended with it."""
        return {}

    def close(self) -> None:
        peer, self._peer = self._peer, None
        process, self._process = self._process, None
        if peer is not None:
            peer.close()
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GOODBYE_S)
            process.kill()
            process.wait()

    def _ask(self, value: object, *, within_s: float) -> str | None:
        assert self._peer is not None
        try:
            answer: str | None = self._peer.ask(value, within_s=within_s)
        except (OSError, msgspec.DecodeError) as error:
            self.close()
            raise TransportError(f"the server does not answer: {error or type(error).__name__}") from error
        return answer

    def _settings(self) -> dict[str, Any]:
        """What the server is told first; secrets are read now."""
        config = self._config
        secret = None if config.password_file is None else read_secret(config.password_file, "password_file")
        if secret is not None and len(secret) < LEAST_PASSWORD:
            raise ConfigError(f"password_file: fewer than {LEAST_PASSWORD} letters; choose a longer password")
        if (unfit := problem_of_pair(config)) is not None:
            raise ConfigError(unfit)
        files = {key: name and str(path_of(name)) for key, name in config.files.items() if key != "password_file"}
        return {
            "root": self._root,
            "host": config.host,
            "port": config.port,
            "username": config.username,
            "password": secret,
            "max_sessions": config.max_sessions,
            "events_wait": config.events_wait,
            "language": config.language or "en",
            **files,
        }
