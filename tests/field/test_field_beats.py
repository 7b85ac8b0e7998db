"""A loop that hangs is noticed, told and mended: a source alone, else by the process's end and the broker's will."""

from __future__ import annotations

import os
import signal
import time

import pytest
from field_agent import Manager, until_online
from hanging_agent import DEADLINES
from waiting import until

NOTICED_S = DEADLINES.turn_s + 3.0  # one turn, two looks, and a busy computer


@pytest.mark.parametrize("loop", ["worker", "publisher"])
def test_a_loop_that_hangs_ends_the_process_with_its_stack_and_the_will_is_published(loop, start_agent, listener):
    agent = start_agent(hangs=loop)
    until_online(listener, agent)
    hung_s = agent.hang()
    assert agent.wait() == os.EX_SOFTWARE
    assert time.monotonic() - hung_s < NOTICED_S + 1.0
    assert f"{loop} hangs: its turn is" in agent.log
    assert "in here_it_hangs" in agent.log
    until(lambda: listener.last("availability") == b"offline", seconds=5)


def test_a_source_that_hangs_is_restarted_alone_and_heard_again(start_agent, listener):
    agent = start_agent(hangs="source")
    until_online(listener, agent)
    listener.shake(1)
    until(lambda: agent.health()["sensors"]["pump_de"]["losses"])
    agent.hang()
    until(lambda: agent.health()["sources"]["plant"]["restarts"] == 1, seconds=NOTICED_S + 2.0)
    until(lambda: agent.health()["sources"]["plant"]["connected"])
    listener.shake(2)
    until(lambda: agent.health()["sensors"]["pump_de"]["losses"]["resets"] == 1)  # a session of its own
    until(lambda: agent.health()["sources"]["plant"]["counters"]["messages"] == 2)
    health = agent.health()
    assert health["sensors"]["pump_de"]["explained"]
    assert health["sources"]["plant"]["outages"] == 1
    assert "source plant: restarted alone" in agent.log
    assert "in here_it_hangs" in agent.log
    assert listener.heard("availability") == [b"online"]
    agent.signal(signal.SIGTERM)
    assert agent.wait() == os.EX_OK


def test_the_service_manager_hears_ready_and_alive_until_a_loop_hangs(start_agent, listener, tmp_path):
    manager = Manager(tmp_path)
    agent = start_agent(hangs="worker", environment={"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": str(900_000)})
    until_online(listener, agent)
    until(lambda: manager.words.count("WATCHDOG=1") >= 3)
    assert manager.words[0] == "READY=1"
    agent.hang()
    assert agent.wait() == os.EX_SOFTWARE
    assert manager.words.count("WATCHDOG=1") < 40
    assert "STOPPING=1" not in manager.words
    manager.close()


def test_the_service_manager_hears_of_the_end(start_agent, listener, tmp_path):
    manager = Manager(tmp_path)
    agent = start_agent(environment={"NOTIFY_SOCKET": str(manager.path)})
    until_online(listener, agent)
    agent.signal(signal.SIGTERM)
    assert agent.wait() == os.EX_OK
    assert manager.words == ["READY=1", "STOPPING=1"]
    manager.close()


@pytest.mark.long
def test_a_process_that_was_stopped_goes_on_and_blames_no_loop(start_agent, listener):
    agent = start_agent(hangs="none")
    until_online(listener, agent)
    agent.signal(signal.SIGSTOP)
    until(lambda: listener.last("availability") == b"offline", seconds=20)  # the broker's, after 1.5 x keepalive
    agent.signal(signal.SIGCONT)
    until(lambda: listener.last("availability") == b"online", seconds=20)
    time.sleep(DEADLINES.turn_s + 0.5)
    assert agent.process.poll() is None
    assert "hangs" not in agent.log


@pytest.mark.long
@pytest.mark.parametrize("loop", ["worker", "publisher", "source"])
def test_a_loop_that_hangs_does_not_keep_the_process_from_ending(loop, start_agent, listener):
    agent = start_agent(hangs=loop)
    until_online(listener, agent)
    asked_s = agent.hang()
    time.sleep(1.0)
    agent.signal(signal.SIGTERM)
    agent.wait(seconds=45)
    assert time.monotonic() - asked_s < 44.0
