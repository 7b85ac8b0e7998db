"""The way out: for each sink a bounded outbox and one thread that empties it, through any number of outages.

What is retained is kept as its latest value and sent again on every connection, since a broker may have lost it. What
is not retained waits in bounded queues: diagnoses make way before alert events, the oldest first; losses are counted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterable

from agent.errors import ConfigError, TransportError
from agent.ports import Message, Sink
from agent.service.beats import Beat, Deadlines
from agent.sinks import BROKER
from agent.transport.retry import Outage

FLUSH_S = 3.0
IDLE_S = 0.5
CONGESTED_S = 0.02
"""Pause before the next try where the sink has too much under way."""

log = logging.getLogger(__name__)


class Outbox:
    """Messages from the worker to the publishing thread of one sink."""

    def __init__(self, *, limit: int) -> None:
        self._latest: dict[str, Message] = {}  # retained, by topic: as many as the config has topics
        self._retained: OrderedDict[str, Message] = OrderedDict()  # of those, what is to be sent
        self._events: deque[Message] = deque()
        self._rest: deque[Message] = deque()
        self._limit = limit
        self._dropped = 0
        self._arrived = threading.Condition()

    def put(self, message: Message) -> None:
        """Leave a message; never waits."""
        with self._arrived:
            if message.retain:
                self._latest[message.topic] = message
                self._retained[message.topic] = message
            else:
                self._queue(message).append(message)
                self._make_room()
            self._arrived.notify()

    def take(self, timeout_s: float) -> Message | None:
        """The next message, alert events first, waiting up to `timeout_s`."""
        with self._arrived:
            if not self._waiting():
                self._arrived.wait(timeout_s)
            if self._events:
                return self._events.popleft()
            if self._retained:
                return self._retained.popitem(last=False)[1]
            return self._rest.popleft() if self._rest else None

    def put_back(self, message: Message) -> None:
        """Return a message that could not be handed over; it stays first in line, unless a later value replaced it."""
        with self._arrived:
            if message.retain:
                self._retained.setdefault(message.topic, self._latest[message.topic])
            else:
                self._queue(message).appendleft(message)
                self._make_room()

    def repeat_retained(self) -> None:
        """Mark every retained value as to be sent."""
        with self._arrived:
            self._retained.update(self._latest)
            self._arrived.notify()

    def wake(self) -> None:
        with self._arrived:
            self._arrived.notify()

    @property
    def waiting(self) -> int:
        with self._arrived:
            return self._waiting()

    @property
    def dropped(self) -> int:
        with self._arrived:
            return self._dropped

    def _queue(self, message: Message) -> deque[Message]:
        return self._events if message.qos > 0 else self._rest

    def _waiting(self) -> int:
        return len(self._events) + len(self._retained) + len(self._rest)

    def _make_room(self) -> None:
        while len(self._events) + len(self._rest) > self._limit:
            (self._rest or self._events).popleft()
            self._dropped += 1


class Outboxes:
    """One outbox per sink; each gets every message."""

    def __init__(self, outboxes: Iterable[Outbox]) -> None:
        self._outboxes = tuple(outboxes)

    def put(self, message: Message) -> None:
        """Leave a message for every sink; never waits."""
        for outbox in self._outboxes:
            outbox.put(message)

    def wake(self) -> None:
        for outbox in self._outboxes:
            outbox.wake()


class Publisher:
    """The life of a sink; `run` is its thread's body and returns after goodbye, once stopped."""

    def __init__(
        self,
        sink: Sink,
        outbox: Outbox,
        *,
        stop: threading.Event,
        name: str = BROKER,
        beat: Beat | None = None,
        deadlines: Deadlines | None = None,
    ) -> None:
        self.name = name
        self._beat = beat or Beat(f"publisher {name}")
        self._open_s = (deadlines or Deadlines()).open_s
        self.outage = Outage(name if name == BROKER else f"sink {name}")
        self.published = 0
        self._sink = sink
        self._outbox = outbox
        self._stop = stop

    @property
    def connected(self) -> bool:
        return self._sink.connected

    @property
    def waiting(self) -> int:
        """Messages not yet handed over."""
        return self._outbox.waiting

    @property
    def dropped(self) -> int:
        """Messages lost on the way out: for want of room, or refused by the broker."""
        return self._outbox.dropped + self._sink.refused

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                self._beat.bump(within_s=self._open_s)
                self._sink.open()
            except (TransportError, ConfigError) as error:  # a secret that cannot be read now may be there tomorrow
                self._pause(error)
                continue
            self._outbox.repeat_retained()
            self._send_while_connected()
            if not self._stop.is_set():
                self._beat.bump()
                self._sink.close()
                self._pause(self._sink.lost or TransportError("the connection was lost"))
        self._beat.bump()
        self._flush()
        self._sink.close()
        self._beat.end()

    def _send_while_connected(self) -> None:
        while self._sink.connected and not self._stop.is_set():
            self._beat.bump()
            self.outage.works(now_s=time.monotonic())
            message = self._outbox.take(IDLE_S)
            if message is not None and not self._send(message):
                self._stop.wait(CONGESTED_S)

    def _pause(self, error: TransportError | ConfigError) -> None:
        pause_s = self.outage.failed(error, now_s=time.monotonic())
        self._beat.bump(within_s=pause_s + self._beat.turn_s)
        self._stop.wait(pause_s)

    def _flush(self) -> None:
        deadline_s = time.monotonic() + FLUSH_S
        while self._sink.connected and time.monotonic() < deadline_s:
            message = self._outbox.take(0.0)
            if message is None:
                break
            if not self._send(message):
                time.sleep(CONGESTED_S)
        if left := self._outbox.waiting:
            log.warning("%d messages were not published before the end", left)

    def _send(self, message: Message) -> bool:
        sent = self._sink.publish(message)
        if sent:
            self.published += 1
        else:
            self._outbox.put_back(message)
        return sent
