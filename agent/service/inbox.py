"""Where sources leave what they read and the worker takes it: bounded in bytes and age, and all that goes is counted.

A source that floods loses its own data and nobody else's. A worker that cannot keep up leaves out one sensor's backlog
at a time, by turns: what it then judges is fresh, and the windows of the others stay whole. The ledger is kept here,
since this is the last place that sees everything a source gave.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from agent.stream.ledger import Balance, Ledger
from agent.types import Item, SampleBlock

MAX_BYTES = 16 << 20
MAX_BYTES_IN_ALL = 64 << 20
MAX_ITEMS = 20_000
MAX_AGE_S = 5.0
"""Of what waits, before a sensor's backlog is left out: more than a window and what jitters."""

TURN_S = 0.5
"""Between two sensors whose backlog is left out: the worker catches up meanwhile."""

OVERLOADED_S = 60.0
"""For so long after something was left out the agent is called overloaded."""

BATCH, BLOCKS = 64, 8
"""Items, and blocks among them, of one source taken at a time, so that many sources take turns."""

ITEM_BYTES = 200
"""What an item weighs beside its samples, roughly."""


@dataclass(slots=True)
class Lane:
    """What one source has waiting, each with the monotonic second at which it came."""

    ages: bool  # whether what waits for long is left out
    waiting: deque[tuple[float, Item]] = field(default_factory=deque)
    bytes: int = 0
    dropped: int = 0

    def lag_s(self, now_s: float) -> float:
        return now_s - self.waiting[0][0] if self.waiting else 0.0


class Inbox:
    """Items from many readers to one worker; `patient` sources wait for room, and may wait for as long as it takes."""

    def __init__(
        self,
        sources: Iterable[str],
        *,
        patient: Collection[str] = (),
        max_bytes: int = MAX_BYTES,
        max_bytes_in_all: int = MAX_BYTES_IN_ALL,
        max_items: int = MAX_ITEMS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lanes = {source: Lane(ages=source not in patient) for source in sources}
        self._max_bytes, self._max_bytes_in_all = max_bytes, max_bytes_in_all
        self._max_items = max_items
        self._clock = clock
        self._left_out_s: dict[str | None, float] = {}  # sensor -> when its backlog was last left out
        self._arrived = threading.Condition()
        self._ledger = Ledger()

    def put(self, source: str, items: Iterable[Item]) -> None:
        """Leave items; older ones make room where there is none, and where the worker cannot keep up."""
        with self._arrived:
            lane, now_s = self._lanes.get(source), self._clock()
            if lane is None:  # of a source that was taken away
                return
            for item in items:
                self._ledger.feed(item)
                lane.waiting.append((now_s, item))
                lane.bytes += _weight(item)
            while len(lane.waiting) > self._max_items or (lane.bytes > self._max_bytes and len(lane.waiting) > 1):
                self._drop_oldest(lane)
            self._bound_all()
            self._leave_out(now_s)
            self._arrived.notify()

    def take(self, timeout_s: float) -> list[tuple[str, Item]]:
        """What waits, a batch per source, waiting up to `timeout_s` for the first; empty where nothing came."""
        with self._arrived:
            if not any(lane.waiting for lane in self._lanes.values()):
                self._arrived.wait(timeout_s)
            taken: list[tuple[str, Item]] = []
            for source, lane in self._lanes.items():
                blocks = 0
                for _ in range(min(BATCH, len(lane.waiting))):
                    _, item = lane.waiting.popleft()
                    lane.bytes -= _weight(item)
                    taken.append((source, item))
                    blocks += isinstance(item, SampleBlock)
                    if blocks == BLOCKS:
                        break
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

    def lag_s(self, source: str) -> float:
        """For how long the oldest of what a source left has waited; 0 where nothing waits."""
        with self._arrived:
            return self._lanes[source].lag_s(self._clock())

    def is_overloaded(self, sensor: str) -> bool:
        """Whether, a moment ago, something of a sensor was left out because the worker could not keep up."""
        with self._arrived:
            return self._clock() - self._left_out_s.get(sensor, -math.inf) < OVERLOADED_S

    def dropped(self, source: str) -> int:
        """Items of a source dropped so far."""
        with self._arrived:
            return self._lanes[source].dropped

    def balance(self, sensor: str) -> Balance | None:
        """The accounts of one sensor; None where nothing was heard of it."""
        with self._arrived:
            return self._ledger.balance(sensor)

    def total(self, sensor: str) -> Balance:
        """The accounts of one sensor over all its sessions; of nothing where nothing was heard of it."""
        with self._arrived:
            return self._ledger.total(sensor) or Balance()

    def go_on(self, sensor: str, before: Balance) -> None:
        """Count on from accounts of a sensor that were kept elsewhere."""
        with self._arrived:
            self._ledger.go_on(sensor, before)

    def forget(self, sensor: str) -> None:
        """Another process goes on with the accounts of a sensor."""
        with self._arrived:
            self._ledger.forget(sensor)

    def add(self, source: str, *, patient: bool) -> None:
        """A lane for one more source."""
        with self._arrived:
            self._lanes.setdefault(source, Lane(ages=not patient))

    def remove(self, source: str) -> None:
        """Take a source's lane away, with what nobody took of it."""
        with self._arrived:
            self._lanes.pop(source, None)

    def _bound_all(self) -> None:
        """Where all lanes together hold too much, the fullest makes room."""
        while sum(lane.bytes for lane in self._lanes.values()) > self._max_bytes_in_all:
            fullest = max(self._lanes.values(), key=lambda lane: lane.bytes)
            if len(fullest.waiting) <= 1:
                return
            self._drop_oldest(fullest)

    def _leave_out(self, now_s: float) -> None:
        """Where something has waited for too long: the backlog of the sensor that gave way longest ago."""
        late = [lane for lane in self._lanes.values() if lane.ages and lane.lag_s(now_s) > MAX_AGE_S]
        if not late or now_s - max(self._left_out_s.values(), default=-math.inf) < TURN_S:
            return
        sensors = {_sensor_of(item): lane for lane in late for _, item in lane.waiting}
        sensor = min(sensors, key=lambda sensor: self._left_out_s.get(sensor, -math.inf))
        self._left_out_s[sensor] = now_s
        lane = sensors[sensor]
        for _, item in lane.waiting:
            if _sensor_of(item) == sensor:
                self._count(lane, item)
        lane.waiting = deque(one for one in lane.waiting if _sensor_of(one[1]) != sensor)

    def _drop_oldest(self, lane: Lane) -> None:
        self._count(lane, lane.waiting.popleft()[1])

    def _count(self, lane: Lane, item: Item) -> None:
        lane.bytes -= _weight(item)
        lane.dropped += 1
        if isinstance(item, SampleBlock):
            self._ledger.drop(item.stream.sensor, len(item.values))


def _sensor_of(item: Item) -> str | None:
    return item.stream.sensor if isinstance(item, SampleBlock) else item.sensor


def _weight(item: Item) -> int:
    return ITEM_BYTES + (item.values.nbytes if isinstance(item, SampleBlock) else 0)
