"""The process that serves OPC UA: hears from the agent over the socket that it was started with, and ends with it.

What clients may take is bounded: sessions, subscriptions, what is queued for them, the size of what they send and of
what they do not fetch, and the memory of the process in the end. They may read and subscribe, and change nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import os
import resource
import socket
import struct
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import msgspec
from asyncua import Server, ua
from asyncua.common.connection import TransportLimits
from asyncua.crypto.permission_rules import User, UserRole

from agent.ports import Message
from agent.sinks.framed import length_of, packed
from agent.sinks.opcua_nodes import AddressSpace

MAX_MEMORY_BYTES = 1 << 30
MAX_MESSAGE_BYTES = 1 << 20  # of a client
MAX_UNFETCHED_BYTES = 4 << 20  # by one client
LOOK_S = 0.2
NICENESS = 5  # the agent's own work goes first
TRIES, TRIES_WITHIN_S = 10, 60.0  # passwords that were wrong, of all clients


class Users:
    """Who may come, as asyncua asks; nobody may do more than look."""

    def __init__(self, username: str | None, password: str | None) -> None:
        self._username, self._password = username, password
        self._wrong_s: deque[float] = deque(maxlen=TRIES)

    def get_user(
        self, iserver: object, username: str | None = None, password: str | None = None, certificate: object = None
    ) -> User | None:
        """None: nobody that is let in."""
        if self._username is None or self._password is None:
            return User(role=UserRole.User)
        now_s = time.monotonic()
        if len(self._wrong_s) == TRIES and now_s - self._wrong_s[0] < TRIES_WITHIN_S:
            return None
        given = (username or "", password or "")
        is_right = [hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, self._wanted, strict=True)]
        if all(is_right):
            return User(role=UserRole.User)
        self._wrong_s.append(now_s)
        return None

    @property
    def _wanted(self) -> tuple[str, str]:
        return self._username or "", self._password or ""


async def server_of(settings: dict[str, Any]) -> Server:
    """A server as the agent wants it, not started."""
    server = Server(user_manager=Users(settings["username"], settings["password"]))
    await server.init()
    server.set_endpoint(f"opc.tcp://{settings['host']}:{settings['port']}/textvib")
    server.set_server_name("TextVib Edge")
    server.allow_remote_admin(False)
    await server.set_application_uri("urn:textvib:edge:server")
    has_secret = settings["username"] is not None
    server.set_identity_tokens([ua.UserNameIdentityToken] if has_secret else [ua.AnonymousIdentityToken])
    policy = ua.SecurityPolicyType.NoSecurity
    if settings["cert_file"] is not None:
        await server.load_certificate(settings["cert_file"], form_of(settings["cert_file"]))
        await server.load_private_key(settings["key_file"], format=form_of(settings["key_file"]))
        policy = ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt
    server.set_security_policy([policy])
    chunk = 65_535
    server.limits = TransportLimits(chunk, chunk, MAX_MESSAGE_BYTES // chunk + 1, MAX_MESSAGE_BYTES)
    inner = server.iserver
    inner.max_connections = settings["max_sessions"]
    inner.max_subscriptions = 4 * settings["max_sessions"]
    inner.max_pending_messages_per_connection = 100
    inner.max_monitored_item_queue_size = 1000
    inner.max_unacked_messages_per_subscription = 100
    inner.max_lifetime_count = 1000
    inner.max_session_timeout_ms = 120_000
    inner.max_pending_activation_seconds = 10.0
    return server


def form_of(path: str) -> str:
    """Whether a certificate or key is PEM or DER, by what it holds: names of files say nothing."""
    return "PEM" if b"-----BEGIN" in Path(path).read_bytes()[:MAX_MESSAGE_BYTES] else "DER"


async def keep_bounds(server: Server) -> None:
    """Part with clients that send without an end, or do not fetch what they asked for."""
    while True:
        for client in list(server.bserver.clients if server.bserver else ()):
            transport = client.transport
            if transport is None:
                continue
            if max(len(client._buffer) // 2, transport.get_write_buffer_size()) > MAX_UNFETCHED_BYTES:
                transport.abort()
        await asyncio.sleep(LOOK_S)


async def serve(peer: socket.socket) -> None:
    """Until the agent hangs up."""
    heard, said = await asyncio.open_connection(sock=peer)

    async def hear() -> Any:
        return msgspec.msgpack.decode(
            await heard.readexactly(length_of(await heard.readexactly(struct.calcsize("<I"))))
        )

    def answer(text: str | None) -> None:
        said.write(packed(text))

    settings = await hear()
    try:
        server = await server_of(settings)
        space = AddressSpace(server, root=settings["root"], language=settings["language"])
        await space.build()
        await server.start()
    except (OSError, ValueError, ua.UaError) as error:
        answer(str(error) or type(error).__name__)
        await said.drain()
        return
    bounds = asyncio.create_task(keep_bounds(server))
    answer(None)
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            topic, payload, kind = await hear()
            answer(await space.take(Message(topic, payload, kind=kind), events_wait=settings["events_wait"]))
    bounds.cancel()
    await server.stop()


def main() -> None:
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)  # clients could fill the log
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
