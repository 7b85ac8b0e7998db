"""What a page costs, printed beside what the same windows cost without one; nothing is asserted about time."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from page_story import Story

from agent.alerting.window_rules import DecisionConfig
from agent.bundle.encoder import load_encoder
from agent.bundle.load import load_bundle
from agent.machine import Bearing, Geometry, Machine, SensorSetup
from agent.messages.compose import Speaker
from agent.pipeline import Pipeline
from agent.service.control import Status, ask
from agent.service.health import Everything
from agent.service.process import memory_mb
from agent.service.sensor import SensorDesk
from agent.service.surveying import look_of
from agent.service.watching.looking import Looking
from agent.service.watching.onlooker import Onlooker
from agent.types import SampleBlock, Stream
from simulator import demo_source

RATE_HZ, RPM = 25_600.0, 1797.0
WINDOWS = 120
VIEWERS = 100
pytestmark = pytest.mark.long


def test_what_a_viewer_costs_the_thread_that_judges() -> None:
    bundle = load_bundle("default")
    _, encoder = load_encoder(bundle, "auto")
    setup = SensorSetup("a", Machine("m", rpm=RPM), bearings=(Bearing("de", Geometry(9, 7.94, 39.04)),))
    speaker = Speaker(
        agent="gw", site=None, language="en", descriptions=bundle.descriptions, setups={"a": setup}, calibration=None
    )
    hop = int(RATE_HZ * bundle.spec.hop_s)
    looking = {"nobody looks": Looking(), "somebody looks": Looking()}
    desks = {
        name: SensorDesk(
            Pipeline(
                setup,
                bundle=bundle,
                encoder=encoder,
                config=DecisionConfig(),
                witness=Onlooker(None, None, one),
            )
        )
        for name, one in {"no page": None, **looking}.items()
    }
    parts = SimpleNamespace(speaker=speaker, bundle=bundle)
    seen = cast(Everything, SimpleNamespace(parts=parts, looking=looking["somebody looks"]))
    source = demo_source("outer_race", rate_hz=RATE_HZ, rpm=RPM, seed=3)
    took: dict[str, list[float]] = {name: [] for name in desks}
    answered: list[float] = []
    number = 0
    for turn in range(WINDOWS):
        block = SampleBlock(
            Stream("a", RATE_HZ, axes=("x", "y", "z"), unit="g"), turn * hop, source.next(hop), None, turn * 0.5
        )
        for name in [*desks][turn % 3 :] + [*desks][: turn % 3]:
            began_s = time.thread_time()
            desks[name].feed(block)
            answer: Any = None
            if name == "somebody looks" and turn % 2:
                answer = look_of(seen, desks[name], after=number)
                number = answer["number"]
            took[name].append(time.thread_time() - began_s)
            if answer is not None:
                began_s = time.thread_time()
                msgspec.json.encode(answer)
                answered.append(time.thread_time() - began_s)
    assert number > WINDOWS // 2
    warm = {name: values[20:] for name, values in took.items()}
    for name, values in warm.items():
        pairs = [a + b for a, b in zip(values[0::2], values[1::2], strict=True)]
        print(f"{name}: {1e3 * median(pairs) / 2:.2f} ms a window (lowest {1e3 * min(pairs) / 2:.2f})")
    print(f"answer put into JSON, by the control thread: {1e3 * median(answered):.2f} ms a second")


def test_what_a_hundred_idle_viewers_cost_the_page(tmp_path: Path) -> None:
    story = Story(tmp_path)
    try:
        story.wait()
        (page,) = story.page_pids()
        _look(story, 1, seconds=3.0)
        without = memory_mb(page)
        with_them = _look(story, VIEWERS, seconds=10.0, of=page)
        assert without is not None
        print(f"page: {without} MB with no viewer, {with_them} MB with {VIEWERS} ({with_them - without:+.1f} MB)")
        print(f"agent: {ask(tmp_path / 'state', Status())['health']['memory_mb']} MB")
    finally:
        assert story.end() == 0


def _look(story: Story, count: int, *, seconds: float, of: int | None = None) -> float:
    """Let so many look for a while; how much memory a process had at most meanwhile."""
    request = b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: en\r\n\r\n"
    viewers = [socket.create_connection(("127.0.0.1", story.port)) for _ in range(count)]
    heard, most = 0, 0.0
    for viewer in viewers:
        viewer.sendall(request)
        viewer.setblocking(False)
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        time.sleep(0.1)
        most = max(most, 0.0 if of is None else memory_mb(of) or 0.0)
        for viewer in viewers:
            try:
                heard += len(viewer.recv(1 << 20))
            except BlockingIOError:
                continue
    for viewer in viewers:
        viewer.close()
    assert heard > 1000 * count
    return most
