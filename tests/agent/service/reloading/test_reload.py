"""A config read again while the agent runs: what did not change goes on to the last sample, all else as it was told."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from line_bundle import RATE
from reloading import SHAKING, Agent, Machines
from waiting import until

from agent.service.control import Commission


@pytest.fixture
def machines(mosquitto, tmp_path: Path) -> Iterator[Machines]:
    made = Machines(mosquitto, f"r-{tmp_path.name[-40:]}".replace("[", "").replace("]", ""))
    yield made
    made.close()


@pytest.fixture
def agent(mosquitto, machines: Machines, tmp_path: Path) -> Iterator[Agent]:
    made = Agent(tmp_path, machines, mosquitto)
    yield made
    made.end()


def judged(agent: Agent, name: str, windows: int) -> Callable[[], bool]:
    return lambda: agent.sensor(name)["windows"] >= windows


def test_an_untouched_sensor_loses_no_sample_and_no_window_while_others_come_and_go(agent, machines):
    agent.configure("kept", "gone")
    agent.start()
    machines.shake("kept", "gone", seconds=2.0)
    until(judged(agent, "kept", 3))
    desk = agent.daemon._office.hearing._worker._desks["kept"]
    threads = agent.daemon._office.hearing.readers.threads
    agent.configure("kept", "new")
    for _ in range(2):
        machines.shake("kept", "gone", seconds=1.0)
        ended = agent.reload()
        machines.shake("kept", "new", seconds=1.0)
    assert ended["done"] == ["nothing has changed"]
    seconds = machines.sent["kept"] // RATE
    until(judged(agent, "kept", 2 * seconds - 1))
    losses = agent.sensor("kept")["losses"]
    assert losses["produced"] == losses["received"] == machines.sent["kept"]
    assert losses["resets"] == losses["overlapping"] == losses["lost_on_wire"] == 0
    until(judged(agent, "new", 1))
    assert set(agent.health["sensors"]) == {"kept", "new"}
    assert agent.daemon._office.hearing._worker._desks["kept"] is desk
    assert agent.daemon._office.hearing.readers.threads == threads
    assert agent.source["outages"] == 0


def test_a_removed_sensor_closes_its_alert_and_leaves_nothing_retained(agent, machines):
    agent.configure("fan", "figures", "kept")
    agent.start()
    machines.figure("fan", 20.0)
    machines.figure("figures", 20.0)
    until(lambda: machines.story == [("fan", "raised", None), ("figures", "raised", None)])
    agent.configure("fan", "kept")
    assert agent.reload()["done"] == ["sensor figures: removed"]
    until(lambda: machines.story[2:] == [("figures", "cleared", "removed")])
    until(lambda: machines.last("alert/figures/machine") == b"" == machines.last("sensor/figures/state"))
    assert len(agent.health["open_alerts"]) == 1
    machines.figure("fan", 1.0)
    until(lambda: machines.story[3:] == [("fan", "cleared", "recovered")])


def test_a_config_that_is_no_good_is_refused_whole_with_every_problem(agent, machines):
    agent.configure("kept")
    agent.start()
    before = agent.daemon._office.hearing._worker._everything.parts
    agent.configure("kept", "new", SHAKING.format(name="x", base="b").replace('"plant"', '"plnt"'), base="other")
    ended = agent.reload()
    assert ended["code"] == 78
    assert ended["done"] == []
    assert any("there is no source 'plnt'" in problem for problem in ended["problems"])
    assert agent.daemon._office.hearing._worker._everything.parts is before
    agent.configure("kept", "new")
    (problem,) = agent.reload()["problems"]
    assert problem.startswith("publish.base_topic: cannot change")
    agent.path.write_text("[agent\n")
    assert "not valid TOML" in agent.reload()["problems"][0]
    assert set(agent.health["sensors"]) == {"kept"}
    machines.shake("kept", seconds=2.0)
    until(judged(agent, "kept", 3))


def commissioned(agent: Agent, machines: Machines, name: str) -> None:
    agent.ask(Commission(name, windows=5, anyway=True))
    machines.shake(name, seconds=5.0)
    until(lambda: agent.sensor(name)["healthy_state"]["speeds"])


def test_a_changed_sensor_keeps_its_healthy_state_where_it_still_says_the_same(agent, machines):
    agent.configure("pump", "kept")
    agent.start()
    commissioned(agent, machines, "pump")
    changed = SHAKING.format(name="pump", base=machines.base)
    agent.configure(changed + "decision = { raise_after = 4 }\n", "kept")
    ended = agent.reload()
    assert (ended["done"], ended["told"]) == (["sensor pump: changed"], [])
    assert agent.sensor("pump")["healthy_state"]["speeds"]
    agent.configure(changed + 'position = "elsewhere"\n', "kept")
    (told,) = agent.reload()["told"]
    assert told.startswith("pump: what was learnt as healthy of de was learnt on another bearing or at another place")
    assert not agent.sensor("pump")["healthy_state"]["speeds"]
    assert told in agent.health["notices"]
    agent.configure(changed, "kept")  # where it was learnt: it serves again
    assert agent.reload()["told"] == []
    assert agent.sensor("pump")["healthy_state"]["speeds"]
    assert told not in agent.health["notices"]


def test_sighup_reloads_and_the_service_manager_hears_when_it_begins_and_ends(agent, tmp_path, monkeypatch):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    manager.settimeout(20)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    agent.configure("fan")
    agent.start()
    assert manager.recv(4096) == b"READY=1"
    for names in (("fan", "figures"), ("[broken",)):
        agent.configure(*names)
        agent.hups.append((1, 0.0))
        assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", manager.recv(4096))
        assert manager.recv(4096) == b"READY=1"
        assert set(agent.health["sensors"]) == {"fan", "figures"}
    monkeypatch.delenv("NOTIFY_SOCKET")
    manager.close()


def test_another_broker_gets_what_waits_for_the_old_one(agent, machines):
    agent.configure("fan", port=1)  # nobody listens
    agent.start(connects=False)
    machines.figure("fan", 20.0)
    until(lambda: len(agent.health["open_alerts"]) == 1)
    machines.figure("fan", 1.0)
    until(lambda: not agent.health["open_alerts"])
    assert machines.story == []
    agent.configure("fan", port=agent.broker.port)
    assert agent.reload()["done"] == ["sink broker: changed"]
    until(lambda: machines.story == [("fan", "raised", None), ("fan", "cleared", "recovered")])
    state = machines.last("sensor/fan/state")
    assert state is not None
    assert json.loads(state)["state"] == "healthy"
    assert agent.health["publishing"]["dropped"] == 0
