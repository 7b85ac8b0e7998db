"""Messages that were handed to one client of a broker and are not answered yet."""

from __future__ import annotations

import threading

from agent.ports import Heard


class Handed:
    """What was handed to one client, by message id: paho's thread may have the answer before `publish` has the id."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard: dict[int, Heard] = {}
        self._early: dict[int, str | None] = {}

    def note(self, mid: int, heard: Heard) -> None:
        with self._lock:
            if mid not in self._early:
                self._heard[mid] = heard
                return
            refusal = self._early.pop(mid)
        heard(refusal)

    def answer(self, mid: int, refusal: str | None) -> None:
        with self._lock:
            heard = self._heard.pop(mid, None)
            if heard is None:
                self._early[mid] = refusal
        if heard is not None:
            heard(refusal)

    @property
    def waiting(self) -> int:
        with self._lock:
            return len(self._heard)
