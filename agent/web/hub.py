"""One question to the agent for all who look at the same thing, asked again and again while anybody does.

A new viewer is told at once what the others know. Who takes too long to take it misses what lies between.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from contextlib import suppress
from typing import Generic, TypeVar

from agent.errors import TextVibError

Key = TypeVar("Key", bound=Hashable)
Told = TypeVar("Told")

LINGER_S = 5.0
"""For so long what was known is kept when the last viewer has gone: most come back from a look at something else."""


class Hub(Generic[Key, Told]):
    """`fetch(key, before)` makes what is told next out of what was told before; an error of its own is `away`.

    None of `fetch`: there is nothing new, and nobody is told anything.
    """

    def __init__(
        self,
        fetch: Callable[[Key, Told | None], Awaitable[Told | None]],
        away: Callable[[TextVibError], Told],
        *,
        every_s: float,
        linger_s: float = LINGER_S,
    ) -> None:
        self._fetch = fetch
        self._away = away
        self._every_s = every_s
        self._linger_s = linger_s
        self._topics: dict[Key, _Topic[Told]] = {}

    def viewers(self) -> int:
        return sum(topic.viewers for topic in self._topics.values())

    async def watch(self, key: Key) -> AsyncGenerator[Told, None]:
        """What is told of `key`, from the latest on."""
        topic = self._topics.get(key)
        if topic is None:
            topic = self._topics[key] = _Topic()
            topic.task = asyncio.create_task(self._ask(key, topic))
        topic.viewers += 1
        topic.wanted.set()
        seen = 0
        try:
            while True:
                if topic.number == seen:
                    await topic.changed.wait()
                    continue
                seen = topic.number
                assert topic.told is not None
                yield topic.told
        finally:
            topic.viewers -= 1

    async def _ask(self, key: Key, topic: _Topic[Told]) -> None:
        good: Told | None = None
        try:
            while True:
                if not topic.viewers:
                    topic.wanted.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(topic.wanted.wait(), self._linger_s)
                    if not topic.viewers:
                        return
                try:
                    told = await self._fetch(key, good)
                    good = good if told is None else told
                except TextVibError as error:
                    told = self._away(error)
                if told is not None:
                    topic.tell(told)
                topic.hurried.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(topic.hurried.wait(), self._every_s)
        finally:
            self._topics.pop(key, None)

    def hurry(self) -> None:
        """Something was changed: ask again now, so that who changed it sees it."""
        for topic in self._topics.values():
            topic.hurried.set()

    async def close(self) -> None:
        """Ask no more."""
        tasks = [topic.task for topic in self._topics.values() if topic.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Topic(Generic[Told]):
    def __init__(self) -> None:
        self.told: Told | None = None
        self.number = 0  # of what was told
        self.viewers = 0
        self.changed = asyncio.Event()  # another one for each that is told
        self.wanted = asyncio.Event()
        self.hurried = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def tell(self, told: Told) -> None:
        self.told, self.number = told, self.number + 1
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()
