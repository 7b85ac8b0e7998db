"""The registrar of a worker process: everything that it is handed goes over the link, and answers come back over it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import msgspec

from agent.messages.words import Language
from agent.ports import Message
from agent.service.keeping.sensor_state import SensorState
from agent.service.process import shared_out_mb
from agent.service.registrar import Interrupted, Known, Learnt
from agent.service.share import Share, Stage
from agent.service.watching.stopwatch import Durations
from agent.service.workers.link import Link
from agent.service.workers.spoken import (
    AddLessons,
    AskKnown,
    AskUnderWay,
    GiveUp,
    Learn,
    Notice,
    Put,
    Replied,
    SaveRows,
    SayAlert,
    SayHealth,
    SaySilence,
    Standing,
    Unsay,
)
from agent.types import Alert


class RemoteRegistrar:
    """Keeps the `Registrar` protocol; `hear` and `stand` are for the thread that hears."""

    def __init__(self, link: Link, *, boot: int, standing: Standing, durations: Durations | None = None) -> None:
        self._link = link
        self._boot, self._standing = boot, standing
        self._durations = durations
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._asked: dict[int, Future[Any]] = {}

    def hear(self, replied: Replied) -> None:
        """What was asked for has come."""
        with self._lock:
            future = self._asked.pop(replied.number, None)
        if future is not None:
            future.set_result(replied.value)

    def stand(self, standing: Standing) -> None:
        """How the store is now."""
        self._standing = standing

    @property
    def boot(self) -> int:
        return self._boot

    @property
    def is_kept(self) -> bool:
        return self._standing.is_kept

    @property
    def troubles(self) -> tuple[str, ...]:
        return self._standing.troubles

    def known(self, sensor: str, *, features: str) -> Known:
        return msgspec.convert(self._ask(lambda number: AskKnown(number, sensor, features)), Known)

    def under_way(self, sensor: str, *, features: str) -> Interrupted | None:
        found = self._ask(lambda number: AskUnderWay(number, sensor, features))
        return None if found is None else msgspec.convert(found, Interrupted)

    def learn(self, learnt: Learnt) -> bool:
        return bool(self._ask(lambda number: Learn(number, learnt)))

    def add_lessons(self, sensor: str, lessons: Sequence[bytes]) -> None:
        self._link.say(AddLessons(sensor, tuple(lessons)))

    def give_up(self, sensor: str) -> None:
        self._link.say(GiveUp(sensor))

    def save_rows(self, rows: Sequence[SensorState]) -> None:
        self._link.say(SaveRows(tuple(rows)))

    def notice(self, text: str) -> None:
        self._link.say(Notice(text[:4096]))

    def unsay(self, sensor: str) -> None:
        self._link.say(Unsay(sensor))

    def put(self, messages: Sequence[Message]) -> None:
        self._link.say(Put(tuple(messages)), may_be_lost=True)

    def say_alert(self, alert: Alert) -> None:
        self._link.say(SayAlert(alert))

    def say_silence(self, machine: str, *, silent_s: float, over: bool) -> None:
        self._link.say(SaySilence(machine, silent_s, over))

    def health(self, share: Share, *, language: Language) -> Share:
        return self.whole(share)

    def say_health(self, share: Share) -> None:
        self._link.say(SayHealth(self.whole(share)))

    def whole(self, share: Share) -> Share:
        """With what a process of its own has to tell beside."""
        timed = {} if self._durations is None else self._durations.read()
        stages = {name: Stage(tuple(one.counts), one.seconds) for name, one in timed.items()}
        return msgspec.structs.replace(share, memory_mb=shared_out_mb(), shed=self._link.shed, stages=stages)

    def _ask(self, question: Callable[[int], AskKnown | AskUnderWay | Learn]) -> Any:
        """The answer, however long it takes: who does not answer is watched, and ends with this process."""
        number, future = next(self._numbers), Future[Any]()
        with self._lock:
            self._asked[number] = future
        self._link.say(question(number))
        return future.result()
