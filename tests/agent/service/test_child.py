"""A process beside the agent: started again when it ends, ended when the agent does, and never its end."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from waiting import until

from agent.service import child as child_module
from agent.service.child import Child

UNTIL_EOF = "import sys; sys.stdin.read()"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


class Kept:
    def __init__(self, script: str) -> None:
        self.stop = threading.Event()
        self.child = Child("page", [sys.executable, "-c", script], stop=self.stop, back_off_s=0.01)
        self.thread = threading.Thread(target=self.child.run)
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def keep(monkeypatch: pytest.MonkeyPatch) -> type[Kept]:
    monkeypatch.setattr(child_module, "LOOK_S", 0.01)
    monkeypatch.setattr(child_module, "GOODBYE_S", 0.3)
    return Kept


def test_it_ends_when_its_input_does(keep):
    kept = keep(UNTIL_EOF)
    until(lambda: kept.child.pid)
    pid = kept.child.pid
    kept.end()
    assert not Path(f"/proc/{pid}").exists()
    assert kept.child.starts == 1


def test_one_that_does_not_listen_is_ended_by_force(keep):
    kept = keep(DEAF)
    until(lambda: kept.child.pid)
    pid = kept.child.pid
    kept.end()
    assert not Path(f"/proc/{pid}").exists()


def test_one_that_fails_is_started_again_and_told(keep):
    kept = keep("raise SystemExit(7)")
    until(lambda: kept.child.starts >= 2)
    assert kept.child.notices == ("page: ended with exit code 7; it is started again",)
    kept.end()


def test_one_that_cannot_be_started_is_told(keep):
    stop = threading.Event()
    child = Child("page", ["/nowhere/at/all"], stop=stop, back_off_s=0.01)
    thread = threading.Thread(target=child.run)
    thread.start()
    until(lambda: child.notices)
    assert "cannot be started" in child.notices[0]
    stop.set()
    thread.join(5)
