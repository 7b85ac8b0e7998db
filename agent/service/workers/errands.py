"""What other threads leave for the one that waits on sockets, and how it is woken for that."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from agent.errors import TextVibError, TransportError


class Errands:
    """`leave` and `wake` may be called from any thread, the rest is for the one that does them."""

    def __init__(self) -> None:
        self.woken, self._wakes = socket.socketpair()
        for one in (self.woken, self._wakes):
            one.setblocking(False)
        self._waiting: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._is_closed = False

    def wake(self) -> None:
        """Have `woken` be readable."""
        with contextlib.suppress(OSError):  # it is already, or nobody is to be woken any more
            self._wakes.send(b"!")

    def leave(self, do: Callable[[], Any]) -> Future[Any]:
        """Have something done; what it gives, or the TextVibError that it raises, comes in time."""
        future: Future[Any] = Future()
        with self._lock:
            if self._is_closed:
                future.set_exception(TransportError("the agent ends"))
                return future
            self._waiting.put((do, future))
        self.wake()
        return future

    def do(self) -> None:
        """Everything that was left."""
        with contextlib.suppress(OSError):
            self.woken.recv(4096)
        while not self._waiting.empty():
            do, future = self._waiting.get()
            try:
                future.set_result(do())
            except TextVibError as error:
                future.set_exception(error)

    def close(self) -> None:
        """Nothing is done any more."""
        with self._lock:
            self._is_closed = True
        while not self._waiting.empty():
            self._waiting.get()[1].set_exception(TransportError("the agent ends"))
        self.woken.close()
        self._wakes.close()
