"""The stream of events to one browser: all sensors, and one of them or the agent's health where it looks at that.

Nothing is asked of the agent for who has gone: a viewer that does not take what is sent is let go.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from agent.errors import TextVibError
from agent.messages.words import Language
from agent.web import overview, sensor_view
from agent.web.asking import Agent
from agent.web.frames import KEEP_ALIVE, frame
from agent.web.hub import Hub
from agent.web.languages import language_of
from agent.web.overview import Overview
from agent.web.sensor_view import View, Wanted

MOST_VIEWERS = 200
SEND_S = 10.0
OVERVIEW_EVERY_S, LOOK_EVERY_S = 2.0, 1.0
KEEP_ALIVE_S = 15.0


@dataclass(frozen=True, slots=True)
class Refused:
    """Why one sensor cannot be looked at now."""

    frame: bytes


class Live:
    """The hubs that all viewers share."""

    def __init__(self, agent: Agent, *, overview_s: float = OVERVIEW_EVERY_S, look_s: float = LOOK_EVERY_S) -> None:
        async def survey(language: Language, before: Overview | None) -> Overview:
            return await overview.survey(agent, language)

        async def look(wanted: Wanted, before: View | Refused | None) -> View | Refused | None:
            return await sensor_view.look(agent, wanted, before if isinstance(before, View) else None)

        self.overviews: Hub[Language, Overview] = Hub(survey, overview.away, every_s=overview_s)
        self.looks: Hub[Wanted, View | Refused] = Hub(look, _refused, every_s=look_s)
        self.viewers = 0

    async def events(self, request: Request) -> Response:
        """`/events`, with `sensor` and `bearing`, or `health=1`."""
        if self.viewers >= MOST_VIEWERS:
            return PlainTextResponse("too many look at once; try again\n", 503, {"Retry-After": "30"})
        asked, language = request.query_params, language_of(request)
        sensor = asked.get("sensor", "")
        if sensor:
            return EventStream(self, self._of_sensor(Wanted(sensor[:64], asked.get("bearing", "")[:64], language)))
        return EventStream(self, self._of_all(language, with_health="health" in asked))

    async def close(self) -> None:
        await self.overviews.close()
        await self.looks.close()

    async def _of_all(self, language: Language, *, with_health: bool) -> AsyncIterator[bytes]:
        async with aclosing(self.overviews.watch(language)) as told:
            async for one in told:
                yield one.sensors
                if with_health and one.health is not one.sensors:
                    yield one.health

    async def _of_sensor(self, wanted: Wanted) -> AsyncIterator[bytes]:
        """Both at once: what the sensor says goes on whatever the others do."""
        waiting: asyncio.Queue[bytes] = asyncio.Queue(1)
        pumps = [
            asyncio.create_task(_pump(self._of_all(wanted.language, with_health=False), waiting)),
            asyncio.create_task(_pump(self._looks(wanted), waiting)),
        ]
        try:
            while True:
                yield await waiting.get()
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _looks(self, wanted: Wanted) -> AsyncIterator[bytes]:
        known: int | None = None
        async with aclosing(self.looks.watch(wanted)) as told:
            async for one in told:
                if isinstance(one, View):
                    yield one.told if one.after == known else one.whole
                    known = one.number
                else:
                    yield one.frame


class EventStream(Response):
    """Server-sent events until the browser goes, or takes too long to take them."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, frames: AsyncIterator[bytes]) -> None:
        super().__init__(None, 200, {"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._live = live
        self._frames = frames

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._live.viewers += 1
        gone = asyncio.create_task(_goes(receive))
        sending = asyncio.create_task(self._send(send))
        try:
            await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._live.viewers -= 1
            for task in (gone, sending):
                task.cancel()
            await asyncio.gather(gone, sending, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        with suppress(TimeoutError):
            async for content in _kept_alive(self._frames):
                async with asyncio.timeout(SEND_S):
                    await send({"type": "http.response.body", "body": content, "more_body": True})


def _refused(error: TextVibError) -> Refused:
    return Refused(frame("unseen", {"text": str(error)}))


async def _goes(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _pump(frames: AsyncIterator[bytes], waiting: asyncio.Queue[bytes]) -> None:
    async for one in frames:
        await waiting.put(one)


async def _kept_alive(frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Frames, and a comment where none comes for a while."""
    following = asyncio.ensure_future(_next(frames))
    try:
        while True:
            done, _ = await asyncio.wait((following,), timeout=KEEP_ALIVE_S)
            if not done:
                yield KEEP_ALIVE
                continue
            one = following.result()
            if one is None:
                return
            yield one
            following = asyncio.ensure_future(_next(frames))
    finally:
        following.cancel()


async def _next(frames: AsyncIterator[bytes]) -> bytes | None:
    return await anext(frames, None)
