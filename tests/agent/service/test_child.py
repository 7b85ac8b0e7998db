"""A process beside the agent: started again when it ends, ended when the agent does, and never its end."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from waiting import until

from agent.messages.notices import is_known
from agent.service import child as child_module
from agent.service.child import Child
from agent.service.pulse import Felt, Pulse

UNTIL_EOF = "import sys; sys.stdin.read()"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


class Kept:
    def __init__(self, script: str, **options: Any) -> None:
        self.stop = threading.Event()
        self.child = Child("page", [sys.executable, "-c", script], stop=self.stop, back_off_s=0.01, **options)
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


def test_one_that_hangs_is_ended_and_started_again(keep):
    kept = keep("import time; print('.', flush=True); time.sleep(60)", pulse=Pulse(first_s=20.0, within_s=0.05))
    until(lambda: kept.child.starts >= 2)
    assert kept.child.notices == ("page: hangs; it is started again",)
    assert is_known(kept.child.notices[0], "ko")
    kept.end()


def test_a_pulse_is_lost_only_by_who_was_given_time():
    read, write = os.pipe()
    with os.fdopen(read, "rb", 0) as output, os.fdopen(write, "wb", 0) as input_:
        felt = Felt(output, Pulse(first_s=10.0, within_s=3.0))
        assert not any(felt.is_lost(float(second)) for second in range(100, 111))
        input_.write(b"..")
        assert not felt.is_lost(112.0)
        assert not felt.is_lost(114.9)
        assert not felt.is_lost(314.0)  # this process stood still, and the other with it
        assert not felt.is_lost(314.1)
        assert felt.is_lost(315.5)
