"""Asks the running agent over its control socket without waiting for it in a thread."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Protocol

import msgspec

from agent.errors import TransportError
from agent.service.control import MAX_ANSWER_BYTES, SOCKET_NAME, Answer, Request, refusal_of

PATIENCE_S = 12.0
AWAY = "no agent answers"


class Agent(Protocol):
    """Who answers what a page asks."""

    async def ask(self, request: Request) -> Answer:
        """The answer; TransportError where nobody answers, ConfigError where it refuses."""


class SocketAgent:
    """The agent of a state directory."""

    def __init__(self, state_dir: Path, *, patience_s: float = PATIENCE_S) -> None:
        self._path = state_dir / SOCKET_NAME
        self._patience_s = patience_s

    async def ask(self, request: Request) -> Answer:
        """The answer; TransportError where nobody answers, ConfigError where it refuses."""
        try:
            line = await asyncio.wait_for(self._line(request), self._patience_s)
            answer = msgspec.json.decode(line, type=dict[str, Any])
        except (OSError, TimeoutError, ValueError, msgspec.MsgspecError) as error:
            raise TransportError(AWAY) from error
        if not answer.pop("ok", False):
            raise refusal_of(answer)
        return answer

    async def _line(self, request: Request) -> bytes:
        reader, writer = await asyncio.open_unix_connection(str(self._path), limit=MAX_ANSWER_BYTES)
        try:
            writer.write(msgspec.json.encode(request) + b"\n")
            await writer.drain()
            return await reader.readline()
        finally:
            writer.close()
