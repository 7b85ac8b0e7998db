"""Tells a web address of events by POST: another program's webhook, a chat (Slack, Mattermost, Google Chat), ntfy.

A status of 200 to 299 is the acknowledgement; anything else refuses the event, which is tried again. No redirect is
followed, and of an answer its first line alone is read, within the time given.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

import msgspec

from agent.errors import ConfigError, TransportError
from agent.ports import Message
from agent.sinks.notes import NoteSink
from agent.sinks.telling import Note, Telling
from agent.transport.broker import is_here
from agent.transport.secrets import read_secret, trusting

MAX_ANSWER_BYTES = 4096
MIN_WAIT_S = 0.001  # 0 would mean not to wait, and is another error
MENDS = {401: "check token_file", 403: "check token_file", 404: "check url", 410: "check url", 413: "it is too long"}
MOVED = range(300, 400)

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: .*)?")


class WebhookConfig(Telling, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where to, in which form, and how it is proven to come from us."""

    url: str
    form: Literal["event", "chat", "text"] = "event"  # the event's own JSON, {"text": ...}, or plain text
    token_file: str | None = None  # sent as a bearer token
    signing_key_file: str | None = None  # of HMAC-SHA256 over the body, in X-TextVib-Signature
    ca_file: str | None = None  # None: the system's certificate authorities
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=30)] = 10.0

    def __post_init__(self) -> None:
        address_of(self.url)

    @property
    def files(self) -> dict[str, str | None]:
        return {key: getattr(self, key) for key in ("token_file", "signing_key_file", "ca_file")}

    @property
    def remarks(self) -> tuple[str, ...]:
        """What works and should not stay so."""
        address = address_of(self.url)
        if address.scheme == "https" or self.token_file is None or is_here(address.hostname or ""):
            return ()
        return ("the token travels readable; use https://",)


def address_of(url: str) -> SplitResult:
    """The parts of a web address; ValueError says what is wrong with it."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"url: {url!r} is no address: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii() or not url.isprintable():
        raise ValueError(f"url: {url!r} is no address; write https://host/path")
    if " " in url:
        raise ValueError("url: has a space; write it as %20")
    if parts.username is not None or parts.password is not None:
        raise ValueError("url: holds a password, and is shown in logs; put a token into token_file instead")
    return parts


class WebhookSink(NoteSink):
    """Events to a web address."""

    def __init__(self, config: WebhookConfig, *, availability: str) -> None:
        super().__init__(config, Webhook(config))


class Webhook:
    """One web address; a connection for each note."""

    def __init__(self, config: WebhookConfig) -> None:
        self._config = config
        self._url = address_of(config.url)

    @property
    def notices(self) -> tuple[str, ...]:
        return ()

    def visit(self) -> None:
        """Let ourselves be connected, with TLS where the address asks for it, and say nothing."""
        self._headers(b"")  # what is wrong with a secret is told before an event needs it
        connection = self._connection()
        try:
            connection.connect()
        except (OSError, HTTPException) as error:
            raise self._lost(error) from error
        finally:
            connection.close()

    def deliver(self, note: Note, message: Message) -> str | None:
        body, kind = self._body(note, message)
        headers = {
            "Content-Type": kind,
            "User-Agent": "textvib",
            "Connection": "close",
            "Idempotency-Key": f"{note.event.agent}/{message.seq}",
            **self._headers(body),
        }
        path = self._url.path or "/"
        until_s = time.monotonic() + self._config.timeout_s
        connection = self._connection()
        try:
            connection.request("POST", f"{path}?{self._url.query}" if self._url.query else path, body, headers)
            status = _status(connection.sock, until_s)
        except (OSError, HTTPException) as error:
            raise self._lost(error) from error
        finally:
            connection.close()
        if 200 <= status < 300:
            return None
        mend = "it has moved: correct url" if status in MOVED else MENDS.get(status)
        return f"HTTP {status}" if mend is None else f"HTTP {status}; {mend}"

    def _body(self, note: Note, message: Message) -> tuple[bytes, str]:
        said = f"{note.headline}\n{note.body}"
        match self._config.form:
            case "event":
                return message.payload, "application/json"
            case "chat":
                return msgspec.json.encode({"text": said}), "application/json"
            case "text":
                return said.encode(), "text/plain; charset=utf-8"

    def _headers(self, body: bytes) -> dict[str, str]:
        headers = {}
        if self._config.token_file is not None:
            token = read_secret(self._config.token_file, "token_file").strip()
            if not token.isascii() or not token.isprintable():
                raise ConfigError(f"token_file: {self._config.token_file}: holds more than one line of ASCII")
            headers["Authorization"] = f"Bearer {token}"
        if self._config.signing_key_file is not None:
            key = read_secret(self._config.signing_key_file, "signing_key_file").encode()
            headers["X-TextVib-Signature"] = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"
        return headers

    def _connection(self) -> HTTPConnection:
        host, port, timeout_s = self._url.hostname or "", self._url.port, self._config.timeout_s
        if self._url.scheme == "http":
            return HTTPConnection(host, port, timeout=timeout_s)
        return HTTPSConnection(host, port, timeout=timeout_s, context=trusting(self._config.ca_file))

    def _lost(self, error: Exception) -> TransportError:
        return TransportError(f"{self._url.hostname}: {str(error) or type(error).__name__}")


def _status(answer: socket.socket, until_s: float) -> int:
    """Of an HTTP answer; informational ones before it are passed over. TransportError where none comes in time."""
    begins = True
    for line in _lines(answer, until_s):
        found = _STATUS.fullmatch(line) if begins else None
        if begins and found is None:
            break
        if found is not None and found[1][:1] != b"1":
            return int(found[1])
        begins = not line  # behind an empty line the next answer begins
    raise TransportError("what answers does not speak HTTP; check url")


def _lines(answer: socket.socket, until_s: float) -> Iterator[bytes]:
    """Without their ends; TimeoutError where the time is over, at most MAX_ANSWER_BYTES in all."""
    heard = b""
    left = MAX_ANSWER_BYTES
    while left > 0:
        *lines, heard = heard.split(b"\n")
        yield from (line.removesuffix(b"\r") for line in lines)
        answer.settimeout(max(MIN_WAIT_S, until_s - time.monotonic()))
        piece = answer.recv(left)
        if not piece or time.monotonic() > until_s:
            raise TimeoutError("no answer in time") if piece else TransportError("it hung up without an answer")
        left -= len(piece)
        heard += piece
