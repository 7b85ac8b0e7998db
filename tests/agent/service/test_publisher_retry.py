"""Sinks that are away or refuse are tried at once where somebody asks for it, and not after their pause."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from waiting import until

from agent.cli import main
from agent.errors import ConfigError, TransportError
from agent.service.control import Request, Retry
from agent.service.control_server import ControlServer
from agent.service.outbox import Outbox
from agent.service.publisher import Publisher
from agent.service.publishers import Publishers


class Away:
    """A sink that is away, for an hour each time."""

    connected, refused = False, 0

    def __init__(self) -> None:
        self.opened = 0

    def open(self) -> None:
        self.opened += 1
        error = TransportError("away")
        error.least_pause_s = 3600.0
        raise error

    def close(self) -> None:
        pass


def publishers(**sinks: Publisher) -> Publishers:
    made = Publishers.__new__(Publishers)  # of all that it needs, those that run
    made.by_sink = sinks
    return made


def test_a_sink_that_is_away_is_tried_at_once() -> None:
    sink, stop = Away(), threading.Event()
    anything: Any = sink
    publisher = Publisher(anything, Outbox(limit=5), stop=stop)
    thread = threading.Thread(target=publisher.run, daemon=True)
    thread.start()
    until(lambda: publisher.outage.error)
    assert publishers(mail=publisher).try_again(None) == {"mail": (0, 0)}
    until(lambda: sink.opened == 2)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    with pytest.raises(ConfigError, match="no sink 'nosuch'; known: mail"):
        publishers(mail=publisher).try_again("nosuch")


def test_the_command_says_what_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[Request] = []

    def handle(request: Request) -> dict[str, Any]:
        asked.append(request)
        return {"waiting": {"broker": 3}, "waiting_events": {"broker": 1}, "language": "ko"}

    stop = threading.Event()
    server = ControlServer(tmp_path, handle, stop=stop)
    server.open()
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert main(["retry", "--state-dir", str(tmp_path)]) == os.EX_OK
    assert "broker: 지금 다시 시도합니다(대기 메시지 3건, 그중 경보·정비 이벤트 1건)" in capsys.readouterr().out
    assert main(["retry", "broker", "--state-dir", str(tmp_path), "--language", "en"]) == os.EX_OK
    assert "3 messages wait" in capsys.readouterr().out
    assert asked == [Retry(None), Retry("broker")]
    stop.set()
    server.wake()
    thread.join()
