"""What a sink said of messages; topics that it refused wait before they are tried again, for longer each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.ports import Message

FIRST_S = 1.0
LONGEST_S = 300.0
"""Pauses before what was refused is tried again: twice as long each time, up to this."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A message whose fate is known; `refusal` None: the sink has it."""

    message: Message
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a sink refuses now, and why."""

    topic: str
    reason: str


@dataclass(slots=True)
class _Hold:
    """A topic that waits after a refusal."""

    reason: str
    pause_s: float
    until_s: float  # by the clock


class Holds:
    """Of one sink, whose outbox guards it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_topic: dict[str, _Hold] = {}

    def hold(self, topic: str, reason: str) -> None:
        """It was refused."""
        before = self._by_topic.get(topic)
        pause_s = FIRST_S if before is None else min(2 * before.pause_s, LONGEST_S)
        self._by_topic[topic] = _Hold(reason, pause_s, self._clock() + pause_s)

    def let_go(self, topic: str) -> None:
        """It was taken."""
        self._by_topic.pop(topic, None)

    def end_pauses(self) -> None:
        """What was refused is tried at once; it is refused no less for that."""
        for one in self._by_topic.values():
            one.until_s = self._clock()

    def is_held(self, topic: str) -> bool:
        one = self._by_topic.get(topic)
        return one is not None and self._clock() < one.until_s

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What is refused at present, and tried again."""
        return tuple(Refusal(topic, one.reason) for topic, one in sorted(self._by_topic.items()))
