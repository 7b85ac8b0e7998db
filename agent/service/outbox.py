"""What waits on its way to one sink, and in which order it goes: nothing here waits, and nothing here touches a disk.

Events go one after another: the next leaves once the sink has acknowledged the one before, so that no loss, repeat or
refusal turns their order round. Of a retained topic the latest value goes. The rest (diagnoses) is sent, several at a
time, and forgotten. Where there is no room, it makes way before events, the oldest first; what was dropped is counted.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable

from agent.ports import Message
from agent.service.arrivals import Arrivals
from agent.service.holds import Holds, Refusal, Settled

MAX_BYTES = 16 << 20


class Outbox:
    """Messages from the worker to the publishing thread of one sink.

    `limit` counts the messages that may be lost; `max_bytes` bounds events and those together. `waiting` are events
    from before a restart, oldest first.
    """

    def __init__(
        self,
        *,
        limit: int,
        max_bytes: int = MAX_BYTES,
        waiting: Iterable[Message] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._latest: dict[str, Message] = {}  # retained, by topic: as many as the config has topics
        self._retained: OrderedDict[str, Message] = OrderedDict()  # of those, what is to be sent
        self._events: deque[Message] = deque(waiting)
        self._rest: deque[Message] = deque()
        self._event: Message | None = None  # under way
        self._sent: dict[str, Message] = {}  # retained, under way, by topic
        self._answers: deque[Settled] = deque()
        self._taken_s: dict[str, float] = {}  # by topic: when what is under way there was taken
        self._holds = Holds(clock)
        self._limit, self._max_bytes = limit, max_bytes
        self._bytes, self._dropped = sum(len(message.payload) for message in self._events), 0
        self._gone: list[Message] = []  # events dropped, whose rows are to go
        self._arrived = Arrivals()
        self._make_room()

    def limit(self, most: int) -> None:
        """Another number of messages that may be lost."""
        with self._arrived:
            self._limit = most
            self._make_room()

    def put(self, message: Message) -> None:
        """Leave a message; never waits."""
        with self._arrived:
            if message.retain:
                self._latest[message.topic] = message
                self._retained[message.topic] = message
            else:
                (self._events if message.qos > 0 else self._rest).append(message)
                self._bytes += len(message.payload)
                self._make_room()
            self._arrived.tell(urgent=message.qos > 0)

    def take(self, timeout_s: float) -> Message | None:
        """The next message, events first, waiting up to `timeout_s`; it counts as under way until `answer` or `back`.

        None also where an answer came: see `settled`.
        """
        with self._arrived:
            message = self._next()
            if message is None and not self._answers:
                self._arrived.wait(timeout_s)
                message = self._next()
            if message is not None and message.qos > 0:
                self._taken_s[message.topic] = self._clock()
            return message

    def answer(self, message: Message, refusal: str | None = None) -> None:
        """What became of a message that was taken, from any thread; of one that must not arrive nothing is kept."""
        with self._arrived:
            if message.qos > 0:
                self._answers.append(Settled(message, refusal))
                self._arrived.tell()

    def settled(self) -> list[Settled]:
        """Answers since the last call; what was refused waits here again, for longer each time."""
        with self._arrived:
            answers = list(self._answers)
            self._answers.clear()
            return [answer for answer in answers if self._settle(answer)]

    def back(self, message: Message) -> None:
        """Return a message that was taken and could not be handed over; it is next in line, unless a later value
        replaced it."""
        with self._arrived:
            if message.retain:
                self._sent.pop(message.topic, None)
                self._retained.setdefault(message.topic, self._latest[message.topic])
            elif message is self._event:
                self._event = None
                self._events.appendleft(message)
            else:
                self._rest.appendleft(message)
                self._bytes += len(message.payload)

    def all_back(self) -> None:
        """Return everything under way: the connection ended. Who connects anew may have been given rights, so what was
        refused is tried at once."""
        for message in [self._event, *self._sent.values()]:
            if message is not None:
                self.back(message)
        with self._arrived:
            self._answers.clear()
            self._holds.end_pauses()

    def repeat_retained(self) -> None:
        """Mark every retained value as to be sent."""
        with self._arrived:
            self._retained.update(self._latest)
            self._arrived.tell()

    @property
    def standing(self) -> tuple[Message, ...]:
        """The latest value of every retained topic, sent or not."""
        with self._arrived:
            return tuple(self._latest.values())

    def drop(self, is_too_old: Callable[[Message], bool]) -> None:
        """Drop the oldest events as long as they are too old."""
        with self._arrived:
            while self._events and is_too_old(self._events[0]):
                self._drop(self._events)

    def gone(self) -> list[Message]:
        """Events dropped since the last call."""
        with self._arrived:
            gone, self._gone = self._gone, []
            return gone

    def try_again(self) -> None:
        """What was refused is to be tried at once."""
        with self._arrived:
            self._holds.end_pauses()
            self._arrived.tell()

    def wake(self) -> None:
        with self._arrived:
            self._arrived.tell()

    @property
    def waiting(self) -> int:
        """Messages that the sink does not have yet, those under way included."""
        with self._arrived:
            return self.waiting_events + len(self._sent) + len(self._retained) + len(self._rest)

    @property
    def waiting_events(self) -> int:
        """Those of them that go one after another."""
        return len(self._events) + (self._event is not None)

    @property
    def unanswered_s(self) -> float:
        """For how long the sink has owed the answer that it owes for longest."""
        with self._arrived:
            topics = [*self._sent, *([self._event.topic] if self._event else [])]
            return max((self._clock() - self._taken_s[topic] for topic in topics), default=0.0)

    @property
    def sendable(self) -> bool:
        """Whether anything waits that is not held back by a refusal, or is under way."""
        with self._arrived:
            if self._event is not None or self._sent or self._rest:
                return True
            topics = [*(message.topic for message in list(self._events)[:1]), *self._retained]
            return any(not self._holds.is_held(topic) for topic in topics)

    @property
    def bytes(self) -> int:
        """Of the payloads of all that waits and is not retained."""
        with self._arrived:
            return self._bytes

    @property
    def dropped(self) -> int:
        with self._arrived:
            return self._dropped

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What is refused at present, and tried again."""
        with self._arrived:
            return self._holds.refusals

    def _next(self) -> Message | None:
        if self._event is None and self._events and not self._holds.is_held(self._events[0].topic):
            self._event = self._events.popleft()
            return self._event
        for topic, message in self._retained.items():
            if topic not in self._sent and not self._holds.is_held(topic):
                del self._retained[topic]
                if message.qos > 0:
                    self._sent[topic] = message
                return message
        if not self._rest:
            return None
        message = self._rest.popleft()
        self._bytes -= len(message.payload)
        self._arrived.gather()
        return message

    def _settle(self, answer: Settled) -> bool:
        """Whether the answer was to something under way."""
        message, refusal = answer.message, answer.refusal
        if message is not self._event and message is not self._sent.get(message.topic):
            return False
        if refusal is None:
            self._holds.let_go(message.topic)
        else:
            self._holds.hold(message.topic, refusal)
        if message.retain:
            del self._sent[message.topic]
            if refusal is not None:
                self._retained.setdefault(message.topic, self._latest[message.topic])
            elif not message.payload and self._latest.get(message.topic) is message:
                del self._latest[message.topic]  # emptied: nothing to repeat
            return True
        self._event = None
        if refusal is None:
            self._bytes -= len(message.payload)
        else:
            self._events.appendleft(message)
        return True

    def _make_room(self) -> None:
        while len(self._rest) > self._limit:
            self._drop(self._rest)
        while self._bytes > self._max_bytes and (self._rest or self._events):
            self._drop(self._rest or self._events)

    def _drop(self, queue: deque[Message]) -> None:
        message = queue.popleft()
        self._bytes -= len(message.payload)
        self._dropped += 1
        if message.qos > 0:
            self._gone.append(message)
