"""The threads that publish, one per sink: begun, and exchanged where the config changes.

What waits for a sink waits on for the one that takes its name: the new thread begins where the old one has ended, so
that the order of events stays.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from agent.errors import WordError
from agent.ports import Hearing, Numbering, Sink
from agent.service.beats import Beats, Deadlines
from agent.service.keeping.sink_rows import SinkRows
from agent.service.outbox import Outbox
from agent.service.publisher import Found, Publisher
from agent.service.readers import Threads
from agent.sinks import BROKER

Took = Callable[[float], None]
Heeds = Callable[[bytes, Callable[[], object]], None]
"""Hears a command, and says when it is answered."""

log = logging.getLogger(__name__)


class Publishers:
    """`by_sink` may be looked at from any thread; the rest is for one at a time."""

    def __init__(
        self,
        *,
        rows: SinkRows,
        own: tuple[str, ...],
        found: Found,
        moved: Found,
        command: tuple[str, Heeds],
        beats: Beats,
        deadlines: Deadlines,
        thread: Threads,
        took: Took | None = None,
    ) -> None:
        """`own`: filters of what is retained of this agent; `found` is told once what a sink holds there, `moved` what
        another broker in its place holds; `command`: the topic of commands and who hears them; `took` is told how many
        seconds a message was under way."""
        self.by_sink: dict[str, Publisher] = {}
        self._rows, self._own, self._found, self._moved = rows, own, found, moved
        self._command, self._took = command, took
        self._beats, self._deadlines, self._thread = beats, deadlines, thread
        self._stops: dict[str, threading.Event] = {}
        self._threads: dict[str, threading.Thread] = {}

    @property
    def threads(self) -> list[threading.Thread]:
        return list(self._threads.values())

    def add(self, name: str, sink: Sink, outbox: Outbox, *, commands: bool) -> None:
        """One more sink, or another one in the place of that of its name, not opened yet."""
        if commands and isinstance(sink, Hearing):
            sink.listen(*self._command)
        if isinstance(sink, Numbering):
            sink.number_connections(partial(self._rows.next_connection, name))
        if name in self.by_sink:
            self._beats.remove(self.by_sink[name].beat)
        self._stops[name] = threading.Event()
        publisher = Publisher(
            sink,
            outbox,
            stop=self._stops[name],
            name=name,
            rows=self._rows,
            own=self._own,
            found=self._found,
            moved=self._moved,
            beat=self._beats.add(name_of_thread(name), turn_s=self._deadlines.turn_s),
            deadlines=self._deadlines,
            took=self._took,
        )
        self.by_sink = {**self.by_sink, name: publisher}

    def start(self, name: str) -> None:
        """Begin to publish, once what published there before has ended."""
        before, publisher = self._threads.get(name), self.by_sink[name]

        def run() -> None:
            if before is not None:
                before.join()
            publisher.run()

        self._threads[name] = self._thread(name_of_thread(name), run)
        self._threads[name].start()

    def try_again(self, sink: str | None) -> dict[str, tuple[int, int]]:
        """Have one sink, or all, try at once what is away or refused; how many messages wait for each, and how many of
        them are events.

        WordError where there is no such sink.
        """
        if sink is not None and sink not in self.by_sink:
            raise WordError(f"there is no sink {sink!r}; known: {', '.join(self.by_sink)}")
        chosen = {name: one for name, one in self.by_sink.items() if sink in (None, name)}
        for publisher in chosen.values():
            publisher.try_again()
        return {name: (publisher.waiting, publisher.waiting_events) for name, publisher in chosen.items()}

    def leave(self, name: str, outbox: Outbox) -> None:
        """Say goodbye to a sink: what waits is sent if that takes no longer than at the end, else it is kept."""
        self._stops[name].set()
        outbox.wake()

    def remove(self, name: str) -> None:
        """Forget a sink that was left; its thread ends when it has said goodbye."""
        self.by_sink = {other: one for other, one in self.by_sink.items() if other != name}

    def end(self) -> None:
        """Let all of them say goodbye."""
        for stop in list(self._stops.values()):
            stop.set()


def name_of_thread(sink: str) -> str:
    """Of a sink's thread and beat."""
    return "publisher" if sink == BROKER else f"publisher {sink}"
