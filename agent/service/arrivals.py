"""Wakes a thread that waits for messages: at once for what is urgent, and for the rest once several have gathered.

Woken for each of the rest, a thread would take the interpreter from the one that thinks as often as that has a thought.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from types import TracebackType

GATHER_S = 0.05
"""For about so long the rest gathers, where it comes more often than that."""


class Arrivals:
    """A lock, as a context, and what to wait for within it."""

    def __init__(self, *, gather_s: float = GATHER_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._gather_s = gather_s
        self._clock = clock
        self._sent_s = -math.inf
        self._condition = threading.Condition()
        self._gathers_next = False
        self._gathers = False
        self._has_come = False  # since it gathers

    def __enter__(self) -> None:
        self._condition.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._condition.release()

    def tell(self, *, urgent: bool = True) -> None:
        """Something came."""
        self._has_come = True
        if urgent or not self._gathers:
            self._condition.notify()

    def gather(self) -> None:
        """Some of the rest was sent: where some was a moment ago, too, only what is urgent wakes for another one."""
        before_s, self._sent_s = self._sent_s, self._clock()
        self._gathers_next = self._sent_s - before_s < self._gather_s

    def wait(self, timeout_s: float) -> None:
        """Until something comes, or has come while it gathered."""
        if self._gathers_next:
            self._gathers, self._gathers_next, self._has_come = True, False, False
            self._condition.wait(min(timeout_s, self._gather_s))
            self._gathers = False
            if self._has_come:
                return
            timeout_s = max(0.0, timeout_s - self._gather_s)
        self._condition.wait(timeout_s)
