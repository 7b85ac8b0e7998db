"""Two worker processes under one agent: one is killed, the other is heard on, alerts stay single, all is answered."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from reloading import Machines
from two_workers import NAMES, SICK, WELL, Agent
from waiting import until

from agent.errors import BundleError, ConfigError
from agent.service.alert_requests import Acknowledge
from agent.service.control import ExportState, Forget, Learnt, Status, ask


def test_a_killed_worker_comes_back_and_nobody_hears_an_alert_twice(agent: Agent, machines: Machines) -> None:
    agent.start()
    until(lambda: agent.health["sources"]["plant"]["connected"])
    one, other = agent.workers
    assert sorted(one["sensors"] + other["sensors"]) == sorted(NAMES)
    for name in NAMES:
        machines.figure(name, SICK)
    until(lambda: sorted(machines.story) == [(name, "raised", None) for name in NAMES])

    messages = agent.health["sources"]["plant"]["counters"]["messages"]
    os.kill(one["pid"], signal.SIGKILL)
    kept = other["sensors"][0]
    diagnosed = len(machines.heard)
    machines.figure(kept, SICK)  # whether or not its neighbour is back
    until(lambda: any(topic == f"sensor/{kept}/diagnosis" for topic, _ in machines.heard[diagnosed:]))
    until(lambda: agent.workers[0]["running"] and agent.workers[0]["pid"] not in (None, one["pid"]))
    until(lambda: agent.health["sources"]["plant"]["connected"])
    assert [worker["restarts"] for worker in agent.workers] == [1, 0]
    assert agent.workers[0]["away_s"] > 0
    assert agent.health["sources"]["plant"]["counters"]["messages"] >= messages  # with those that went before
    for name in NAMES:
        machines.figure(name, SICK)
    until(lambda: len(agent.health["open_alerts"]) == len(NAMES))

    # whoever asks is answered by whom it is about
    lost = one["sensors"][0]
    seen = ask(agent.state_dir, Acknowledge(f"{lost}/machine", by="Kim", was="ball"))
    assert (seen["sensor"], seen["kept"]) == (lost, False)  # figures are no windows
    until(lambda: machines.story[4:] == [(lost, "updated", "acknowledged")])
    again = ask(agent.state_dir, Acknowledge(f"{lost}/machine", was="씰마모"))
    assert (seen["before"], again["before"]) == (None, "ball")
    until(lambda: machines.story[5:] == [(lost, "updated", "acknowledged")])
    assert ask(agent.state_dir, Learnt(kept))["learning"] is None
    assert ask(agent.state_dir, ExportState(lost))["state"]
    assert set(ask(agent.state_dir, Status())["states"]) == set(NAMES)
    for request, words in (
        (Learnt("nobody"), "there is no sensor 'nobody'"),
        (Acknowledge("none"), "not an open alert"),
        (Acknowledge("none", was="ball"), "there is no alert 'none'"),
    ):
        with pytest.raises(ConfigError, match=words):
            ask(agent.state_dir, request)
    with pytest.raises(ConfigError, match="nothing was learnt"):
        ask(agent.state_dir, Forget(kept))

    # a config that is read again reaches both
    agent.configure(*NAMES[1:], "fe")
    done = agent.reload()["done"]
    assert sorted(done) == ["sensor fa: removed", "sensor fe: added"]
    until(lambda: machines.story[6:] == [("fa", "cleared", "removed")])
    until(lambda: machines.figure("fe", SICK, times=1) or machines.story[7:] == [("fe", "raised", None)])

    for name in (*NAMES[1:], "fe"):
        machines.figure(name, WELL)
    until(lambda: sorted(machines.story[8:]) == [(name, "cleared", "recovered") for name in (*NAMES[1:], "fe")])
    assert agent.health["open_alerts"] == []

    # what an alert was of a sensor that is no more
    assert ask(agent.state_dir, Acknowledge("fa/machine", was="cage"))["over"]
    until(lambda: machines.story[-1] == ("fa", "cleared", "judged"))
    assert agent.failures == []


def test_a_bundle_that_no_worker_can_load_ends_the_agent_before_anything_is_opened(
    agent: Agent, machines: Machines, tmp_path: Path
) -> None:
    hearers: Any = agent.daemon._office.hearing
    broken = tmp_path / "bundle"
    broken.mkdir()
    (broken / "manifest.json").write_text("{")
    hearers._copy_of = lambda manifest: str(broken)
    agent.start()
    (error,) = agent.failures
    assert isinstance(error, BundleError)
    assert machines.heard == []
