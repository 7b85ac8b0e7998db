"""Whether the host application that a Sparkplug node works for is there, as it says itself on its STATE topic.

Specification: Eclipse Sparkplug 3.0.0, 6.4.27 and 5.4: a state older than the one before it counts for nothing.
"""

from __future__ import annotations

import queue
import time

import msgspec

from agent.errors import TransportError

MAX_STATE_BYTES = 4096


class _Told(msgspec.Struct, frozen=True):
    online: bool
    timestamp: int


class PrimaryHost:
    """Heard over one connection; may be asked from any thread."""

    def __init__(self, host_id: str) -> None:
        self.topic = f"spBv1.0/STATE/{host_id}"
        self.is_there = False
        self._told_ms: int | None = None
        self._heard: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def hear(self, payload: bytes) -> None:
        """What came on its topic; anything that is no state is not heeded."""
        if len(payload) > MAX_STATE_BYTES:
            return
        try:
            told = msgspec.json.decode(payload, type=_Told)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if self._told_ms is None or told.timestamp >= self._told_ms:
            self._told_ms, self.is_there = told.timestamp, told.online
            self._heard.put(told.online)

    def await_it(self, timeout_s: float) -> None:
        """TransportError where it is not there within that time."""
        if not self.wait(timeout_s):
            raise TransportError(f"the primary host is away: {self.topic} does not say that it is online")

    def wait(self, timeout_s: float) -> bool:
        """Whether it is there within that time."""
        deadline_s = time.monotonic() + timeout_s
        while not self.is_there:
            try:
                self._heard.get(timeout=max(0.0, deadline_s - time.monotonic()))
            except queue.Empty:
                return False
        return True
