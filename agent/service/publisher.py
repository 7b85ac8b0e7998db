"""The way out: for each sink one thread that empties its outbox, through any number of outages.

A row of the store goes when the sink has acknowledged it; what is retained is kept as its latest value and sent again
on every connection, since a broker may have lost it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from agent.errors import ConfigError, TransportError
from agent.ports import Attending, Briefed, Delivering, Message, Noticing, Renewing, Sink
from agent.service.beats import Beat, Deadlines
from agent.service.holds import Refusal
from agent.service.outbox import Outbox
from agent.sinks import BROKER
from agent.transport.retry import Outage

FLUSH_S = 3.0
IDLE_S = 0.5
ANSWER_S = 60.0
"""Without an acknowledgement for so long, a connection that looks well is given up and made anew."""
CONGESTED_S = 0.02
"""Pause before the next try where the sink has too much under way."""

log = logging.getLogger(__name__)


class Rows(Protocol):
    """What is kept of the messages to one sink."""

    def settle(self, sink: str, messages: list[Message]) -> bool:
        """Forget what the sink has, and what was dropped."""

    def is_too_old(self, message: Message) -> bool:
        """Whether a message has waited for longer than it is kept."""


Found = Callable[[str, Mapping[str, bytes]], None]
"""Told once what a sink holds retained from before: its name, and topic -> payload."""


class Publisher:
    """The life of a sink; `run` is its thread's body and returns after goodbye, once stopped.

    With `found`, what the sink retains under `own` topic filters is read once, before anything is sent. `moved` is told
    the same of each other side that a sink of several comes to: it may show what was said to another to be over.
    """

    def __init__(
        self,
        sink: Sink,
        outbox: Outbox,
        *,
        stop: threading.Event,
        name: str = BROKER,
        rows: Rows | None = None,
        own: tuple[str, ...] = (),
        found: Found | None = None,
        moved: Found | None = None,
        answer_s: float = ANSWER_S,
        beat: Beat | None = None,
        deadlines: Deadlines | None = None,
        took: Callable[[float], None] | None = None,
    ) -> None:
        """`took` is told, from any thread, how many seconds a message was under way to the sink that has it."""
        self.name = name
        self._took = took
        self.beat = beat or Beat(f"publisher {name}")
        self._open_s = (deadlines or Deadlines()).open_s
        self.outage = Outage(name if name == BROKER else f"sink {name}")
        self.published = 0
        self.unread = False  # whether the sink did not let us read what it holds of ours
        self._sink = sink
        self._renewing = sink if isinstance(sink, Renewing) else None  # once: asking a protocol takes long
        self._outbox = outbox
        self._stop = stop
        self._rows = rows
        self._own = own
        self._found = found
        self._moved = moved
        self._place: str | None = None  # where it was last
        self._is_hurried = threading.Event()  # not to wait any longer before the next try
        self._answer_s = answer_s

    @property
    def connected(self) -> bool:
        return self._sink.connected

    @property
    def waiting(self) -> int:
        """Messages that the sink does not have yet."""
        return self._outbox.waiting

    @property
    def waiting_events(self) -> int:
        """Of them, events."""
        return self._outbox.waiting_events

    @property
    def waiting_bytes(self) -> int:
        """Of those that are not retained."""
        return self._outbox.bytes

    @property
    def dropped(self) -> int:
        """Messages lost on the way out, for want of room or for their age."""
        return self._outbox.dropped

    @property
    def refused(self) -> int:
        """Refusals by the other side so far; what was refused is tried again."""
        return self._sink.refused

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What is refused at present."""
        return self._outbox.refusals

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should mend although messages go their way."""
        return self._sink.notices if isinstance(self._sink, Noticing) else ()

    def try_again(self) -> None:
        """Try what is away or refused at once; from any thread."""
        self._is_hurried.set()
        self._outbox.try_again()

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                self.beat.bump(within_s=self._open_s)
                if isinstance(self._sink, Briefed):
                    self._sink.brief(self._outbox.standing)
                self._sink.open()
            except (TransportError, ConfigError) as error:  # a secret that cannot be read now may be there tomorrow
                self._tidy()
                self._pause(error)
                continue
            self._outbox.all_back()
            self._outbox.repeat_retained()
            self._read_back()
            end = self._send_while_connected()
            if not self._stop.is_set():
                self.beat.bump()
                self._sink.close()
                self._settle()
                self._pause(self._sink.lost or end)
        self.beat.bump()
        self._flush()
        self._sink.close()
        self._settle()
        self.beat.end()

    def _read_back(self) -> None:
        told = self._found or (self._moved if self._has_moved() else None)
        if told is None:
            return
        held = self._sink.read_back(self._own)
        self.unread = held is None and self._sink.connected
        if held is not None:
            told(self.name, held)
            self._found = None
            self._place = None if self._renewing is None else self._renewing.place

    def _has_moved(self) -> bool:
        sink = self._renewing
        return sink is not None and sink.may_move and sink.place != self._place

    def _send_while_connected(self) -> TransportError:
        """Until stopped or the connection is none any more; why."""
        turn_s = self._sink.publish_s if isinstance(self._sink, Delivering) else None
        while self._sink.connected and not self._stop.is_set():
            self.beat.bump(within_s=turn_s)
            if self._renewing is not None and (renewal := self._renewing.renewal()) is not None:
                return renewal
            if self._outbox.unanswered_s > self._answer_s:
                return TransportError(f"acknowledges nothing for {self._answer_s:g} s")
            if isinstance(self._sink, Attending):
                self._sink.attend()
            self.outage.works(now_s=time.monotonic())
            self._is_hurried.clear()
            message = self._outbox.take(IDLE_S)
            if message is not None and not self._send(message):
                self._stop.wait(CONGESTED_S)
            self._settle()
        return TransportError("the connection was lost")

    def _pause(self, error: TransportError | ConfigError) -> None:
        pause_s = self.outage.failed(error, now_s=time.monotonic())
        self.beat.bump(within_s=pause_s + self.beat.turn_s)
        until_s = time.monotonic() + pause_s
        while (left_s := until_s - time.monotonic()) > 0 and not self._is_hurried.is_set():
            if self._stop.wait(min(left_s, IDLE_S)):
                break
        self._is_hurried.clear()

    def _flush(self) -> None:
        deadline_s = time.monotonic() + FLUSH_S
        while self._sink.connected and self._outbox.sendable and time.monotonic() < deadline_s:
            message = self._outbox.take(CONGESTED_S)
            if message is not None and not self._send(message):
                time.sleep(CONGESTED_S)
            self._settle()
        if left := self._outbox.waiting:
            log.warning("%s: %d messages were not published before the end; events are kept", self.outage.name, left)

    def _send(self, message: Message) -> bool:
        sent = self._sink.publish(message, partial(self._answered, message, time.monotonic()))
        if not sent:
            self._outbox.back(message)
        elif message.qos == 0:
            self.published += 1
        return sent

    def _answered(self, message: Message, since_s: float, refusal: str | None = None) -> None:
        self._outbox.answer(message, refusal)
        if self._took is not None and refusal is None:
            self._took(time.monotonic() - since_s)

    def _settle(self) -> None:
        """Take note of answers; rows of what has arrived go."""
        arrived = []
        for answer in self._outbox.settled():
            if answer.refusal is None:
                self.published += 1
                arrived.append(answer.message)
        self._tidy(arrived)

    def _tidy(self, arrived: list[Message] | None = None) -> None:
        if self._rows is None:
            self._outbox.gone()
            return
        self._outbox.drop(self._rows.is_too_old)
        if settled := [*(arrived or ()), *self._outbox.gone()]:
            self._rows.settle(self.name, settled)
