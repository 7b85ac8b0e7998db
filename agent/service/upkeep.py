"""What is to be done for all sensors at once between two messages: the store's disk, what sinks still show, and what
people say of alerts that are over."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping

from agent.service.bulletin import Bulletin
from agent.service.house import House
from agent.service.past_words import PastWords
from agent.service.requests import Found, SaveAgain

TICK_S = 0.5


class Upkeep:
    """`begin` and `turn` are for the thread that keeps and tells, `found` for any."""

    def __init__(
        self,
        house: House,
        *,
        bulletin: Bulletin,
        words: PastWords,
        wake: Callable[[], None],
        tell: Callable[[SaveAgain | Found], object],
    ) -> None:
        """`wake` has `turn` called soon; `tell` leaves a request for whoever hears sensors."""
        self._house, self._bulletin, self._words = house, bulletin, words
        self._wake, self._tell = wake, tell
        self._found: queue.SimpleQueue[tuple[str, Mapping[str, bytes], bool]] = queue.SimpleQueue()
        self._ticked_s = 0.0

    def begin(self) -> None:
        """At the start: what is open, and what sinks may still show."""
        self._bulletin.take_up_alerts(self._house.parts.setups)
        self._words.begin()

    def found(self, sink: str, held: Mapping[str, bytes], *, moved: bool = False) -> None:
        """Be told what a sink holds retained from before; or, having moved, where it is now."""
        self._found.put((sink, held, moved))
        self._wake()

    def turn(self, now_s: float) -> None:
        """Look at what waits; and, every now and then, at the disk."""
        while not self._found.empty():
            sink, held, moved = self._found.get()
            (self._bulletin.tidy if moved else self._bulletin.reconcile)(sink, held)
        self._words.turn()
        if now_s - self._ticked_s >= TICK_S:
            self._ticked_s = now_s
            self._house.tick(now_s)
            self._mind_the_store(now_s)

    def _mind_the_store(self, now_s: float) -> None:
        """Save again what the store has lost; take up what it can be read again to hold."""
        store = self._house.store
        if store.is_emptied:
            store.is_saved_again()
            self._bulletin.save_alerts_again()
            self._tell(SaveAgain())
        if store.look(now_s):
            self._tell(Found(self._bulletin.take_up_found(self._house.parts.setups)))
