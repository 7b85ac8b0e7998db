"""What goes to who looks: asked once for all of them, nothing for nobody, everything for who comes late."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fake_agent import FakeAgent, floats
from starlette.types import Message

from agent.config.web import Listening
from agent.errors import ConfigError, TransportError
from agent.service.control import Look, Status
from agent.web import live as live_module
from agent.web.app import app_of
from agent.web.asking import AWAY, SocketAgent
from agent.web.frames import frame
from agent.web.hub import Hub
from agent.web.live import MOST_VIEWERS, Live
from agent.web.settings import Settings


class Viewer:
    """A browser that reads one stream of an application, without a network."""

    def __init__(self, app: Any, query: str, **headers: str) -> None:
        self.events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.status = 0
        self.gone = asyncio.Event()
        told = [(b"host", b"127.0.0.1"), *((k.encode(), v.encode()) for k, v in headers.items())]
        self._scope = {
            "type": "http",
            "method": "GET",
            "path": "/events",
            "raw_path": b"/events",
            "query_string": query.encode(),
            "headers": told,
            "scheme": "http",
            "server": ("127.0.0.1", 8640),
            "root_path": "",
        }
        self.task = asyncio.create_task(app(self._scope, self._receive, self._send))
        self._has_asked = False

    async def next(self, event: str) -> Any:
        async with asyncio.timeout(5):
            while True:
                name, data = await self.events.get()
                if name == event:
                    return data

    async def leave(self) -> None:
        self.gone.set()
        await asyncio.wait_for(self.task, 5)

    async def _receive(self) -> Message:
        if not self._has_asked:
            self._has_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        for part in message.get("body", b"").decode().split("\n\n"):
            if part.startswith("event: "):
                name, _, data = part.partition("\ndata: ")
                self.events.put_nowait((name.removeprefix("event: "), json.loads(data)))


def app_with(agent: FakeAgent, tmp_path: Path) -> tuple[Any, Live]:
    live = Live(agent, overview_s=0.01, look_s=0.01)
    return app_of(Settings(tmp_path, Listening("127.0.0.1", 8640)), agent, live=live), live


def running(body: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(20):
            await body()

    asyncio.run(within())


def test_many_who_look_ask_no_more_than_one(tmp_path):
    async def body() -> None:
        agent = FakeAgent()
        app, live = app_with(agent, tmp_path)
        viewers = [Viewer(app, "") for _ in range(20)]
        for viewer in viewers:
            assert (await viewer.next("overview"))["sensors"][0]["id"] == "pump_de"
        asked = len(agent.asked)
        assert asked < 20
        assert {type(one) for one in agent.asked} == {Status}
        for viewer in viewers:
            await viewer.leave()
        assert live.overviews.viewers() == live.viewers == 0
        await live.close()

    running(body)


def test_nobody_who_looks_is_nobody_who_asks():
    async def body() -> None:
        asked: list[str] = []

        async def fetch(key: str, before: int | None) -> int:
            asked.append(key)
            return (before or 0) + 1

        hub: Hub[str, int] = Hub(fetch, lambda error: -1, every_s=0.001, linger_s=0.01)
        async with aclosing(hub.watch("a")) as told:
            seen = [await anext(told) for _ in range(3)]
        assert seen == sorted(set(seen))
        await asyncio.sleep(0.05)
        count = len(asked)
        await asyncio.sleep(0.05)
        assert len(asked) == count
        async with aclosing(hub.watch("a")) as told:  # and who comes back is told anew
            assert await anext(told) == 1
        await hub.close()

    running(body)


def test_who_changes_something_sees_it_at_once():
    async def body() -> None:
        async def fetch(key: str, before: int | None) -> int:
            return (before or 0) + 1

        hub: Hub[str, int] = Hub(fetch, lambda error: -1, every_s=60.0)
        async with aclosing(hub.watch("a")) as told:
            assert await anext(told) == 1
            hub.hurry()
            assert await anext(told) == 2
        await hub.close()

    running(body)


def test_who_is_away_is_said_and_the_next_answer_too(tmp_path):
    async def body() -> None:
        agent = FakeAgent()
        agent.trouble = TransportError(AWAY)
        app, live = app_with(agent, tmp_path)
        viewer = Viewer(app, "health=1")
        assert (await viewer.next("away"))["why"] == "away"
        agent.trouble = None
        assert (await viewer.next("health"))["agent"] == "gw"
        await viewer.leave()
        await live.close()

    running(body)


def test_a_sensor_that_is_none_is_said_beside_all_the_others(tmp_path):
    async def body() -> None:
        agent = FakeAgent()
        app, live = app_with(agent, tmp_path)
        ask = agent.ask

        async def refusing(request: Any) -> Any:
            if isinstance(request, Look):
                raise ConfigError("there is no sensor 'x'")
            return await ask(request)

        agent.ask = refusing  # type: ignore[method-assign]
        viewer = Viewer(app, "sensor=x")
        assert "no sensor" in (await viewer.next("unseen"))["text"]
        await viewer.next("overview")
        await viewer.leave()
        await live.close()

    running(body)


def test_who_comes_late_is_told_all_and_then_what_is_new(tmp_path):
    async def body() -> None:
        agent = FakeAgent()
        app, live = app_with(agent, tmp_path)
        first = Viewer(app, "sensor=pump_de")
        told = await first.next("look")
        assert (told["goes_on"], len(told["course"]["wall_s"])) == (False, 1)
        agent.number = 2
        told = await first.next("look")
        assert told["goes_on"]
        second = Viewer(app, "sensor=pump_de")
        assert not (await second.next("look"))["goes_on"]
        assert {one.after for one in agent.asked if isinstance(one, Look)} >= {0, 1}
        for viewer in (first, second):
            await viewer.leave()
        await live.close()

    running(body)


def test_the_language_is_that_of_who_looks(tmp_path):
    async def body() -> None:
        agent = FakeAgent()
        app, live = app_with(agent, tmp_path)
        korean = Viewer(app, "", **{"accept-language": "ko-KR,ko;q=0.9"})
        chosen = Viewer(app, "", **{"accept-language": "ko", "cookie": "textvib_language=en"})
        await korean.next("overview")
        await chosen.next("overview")
        assert {one.language for one in agent.asked} == {"ko", "en"}
        for viewer in (korean, chosen):
            await viewer.leave()
        await live.close()

    running(body)


def test_only_so_many_look_at_once(tmp_path):
    async def body() -> None:
        app, live = app_with(FakeAgent(), tmp_path)
        live.viewers = MOST_VIEWERS
        viewer = Viewer(app, "")
        await viewer.task
        assert viewer.status == 503
        await live.close()

    running(body)


def test_who_takes_nothing_is_let_go(tmp_path, monkeypatch):
    monkeypatch.setattr(live_module, "SEND_S", 0.05)

    async def body() -> None:
        app, live = app_with(FakeAgent(), tmp_path)
        slow = Viewer(app, "")
        sends = 0

        async def hanging(message: Message) -> None:
            nonlocal sends
            sends += 1
            if message["type"] == "http.response.body":
                await asyncio.sleep(60)

        slow.task.cancel()
        await asyncio.gather(slow.task, return_exceptions=True)
        task = asyncio.create_task(app(slow._scope, slow._receive, hanging))
        await asyncio.wait_for(task, 5)
        assert sends == 2
        assert live.viewers == 0
        await live.close()

    running(body)


def test_a_frame_is_one_line_of_json():
    assert frame("look", {"a": "b\nc", "n": float("nan")}) == b'event: look\ndata: {"a":"b\\nc","n":null}\n\n'


def test_the_agent_is_asked_over_its_socket(tmp_path):
    async def body() -> None:
        heard: list[bytes] = []
        answers = [b'{"ok": true, "a": 1}\n', b'{"ok": false, "error": "no"}\n', b'{"ok": tr', b"[]\n"]

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.readline())
            writer.write(answers.pop(0))
            writer.close()

        agent = SocketAgent(tmp_path)
        with pytest.raises(TransportError):
            await agent.ask(Status())
        async with await asyncio.start_unix_server(serve, tmp_path / "control.sock"):
            assert await agent.ask(Look("pump_de", after=3)) == {"a": 1}
            with pytest.raises(ConfigError, match="no"):
                await agent.ask(Status())
            for _ in range(2):
                with pytest.raises(TransportError):
                    await agent.ask(Status())
        assert msgspec.json.decode(heard[0])["sensor"] == "pump_de"

    running(body)


def test_an_agent_that_does_not_answer_is_away(tmp_path):
    async def body() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        async with await asyncio.start_unix_server(silent, tmp_path / "control.sock"):
            with pytest.raises(TransportError):
                await SocketAgent(tmp_path, patience_s=0.05).ask(Status())

    running(body)


def test_figures_over_time_come_as_columns(tmp_path):
    async def body() -> None:
        app, live = app_with(FakeAgent(), tmp_path)
        viewer = Viewer(app, "sensor=pump_de")
        course = (await viewer.next("look"))["course"]
        assert course["wall_s"] == [1001.0]
        assert floats(course["figures"]["rpm"]).tolist() == [1500.0]
        await viewer.leave()
        await live.close()

    running(body)
