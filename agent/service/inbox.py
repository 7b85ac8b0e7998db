"""Where sources leave what they read and the worker takes it: bounded per source, the oldest dropped first and counted.

A source that floods loses its own data and nobody else's. The ledger is kept here, since this is the last place that
sees everything a source gave.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.stream.ledger import Balance, Ledger
from agent.types import Item, SampleBlock

MAX_BYTES = 16 << 20
MAX_ITEMS = 20_000
BATCH = 64
"""Items of one source taken at a time, so that many sources take turns."""

ITEM_BYTES = 200
"""What an item weighs beside its samples, roughly."""


@dataclass(slots=True)
class Lane:
    """What one source has waiting."""

    waiting: deque[Item] = field(default_factory=deque)
    bytes: int = 0
    dropped: int = 0


class Inbox:
    """Items from many readers to one worker."""

    def __init__(self, sources: Iterable[str], *, max_bytes: int = MAX_BYTES, max_items: int = MAX_ITEMS) -> None:
        self._lanes = {source: Lane() for source in sources}
        self._max_bytes = max_bytes
        self._max_items = max_items
        self._arrived = threading.Condition()
        self._ledger = Ledger()

    def put(self, source: str, items: Iterable[Item]) -> None:
        """Leave items; older ones of the same source make room where there is none."""
        with self._arrived:
            lane = self._lanes[source]
            for item in items:
                self._ledger.feed(item)
                lane.waiting.append(item)
                lane.bytes += _weight(item)
            while len(lane.waiting) > self._max_items or (lane.bytes > self._max_bytes and len(lane.waiting) > 1):
                self._drop(lane)
            self._arrived.notify()

    def take(self, timeout_s: float) -> list[tuple[str, Item]]:
        """What waits, a batch per source, waiting up to `timeout_s` for the first; empty where nothing came."""
        with self._arrived:
            if not any(lane.waiting for lane in self._lanes.values()):
                self._arrived.wait(timeout_s)
            taken: list[tuple[str, Item]] = []
            for source, lane in self._lanes.items():
                for _ in range(min(BATCH, len(lane.waiting))):
                    item = lane.waiting.popleft()
                    lane.bytes -= _weight(item)
                    taken.append((source, item))
            return taken

    def has_room(self, source: str) -> bool:
        """Whether a source may leave more without losing what it left before."""
        with self._arrived:
            lane = self._lanes[source]
            return len(lane.waiting) < self._max_items // 2 and lane.bytes < self._max_bytes // 2

    @property
    def is_empty(self) -> bool:
        with self._arrived:
            return not any(lane.waiting for lane in self._lanes.values())

    def wake(self) -> None:
        """Let a waiting `take` return at once."""
        with self._arrived:
            self._arrived.notify()

    def dropped(self, source: str) -> int:
        """Items of a source dropped so far."""
        with self._arrived:
            return self._lanes[source].dropped

    def balance(self, sensor: str) -> Balance | None:
        """The accounts of one sensor; None where nothing was heard of it."""
        with self._arrived:
            return self._ledger.balance(sensor)

    def _drop(self, lane: Lane) -> None:
        item = lane.waiting.popleft()
        lane.bytes -= _weight(item)
        lane.dropped += 1
        if isinstance(item, SampleBlock):
            self._ledger.drop(item.stream.sensor, len(item.samples))


def _weight(item: Item) -> int:
    return ITEM_BYTES + (item.samples.nbytes if isinstance(item, SampleBlock) else 0)
