"""A sensor's state moved from one agent to another by the command line: all of it goes on there, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from reloading import Agent, Machines
from waiting import until

from agent.cli import main
from agent.service.alert_requests import Close
from agent.service.control import Commission, Forget
from agent.service.keeping.sensor_state import decode, encode


@pytest.fixture(scope="module")
def machines(mosquitto) -> Iterator[Machines]:
    made = Machines(mosquitto, "moving")
    yield made
    made.close()


@pytest.fixture(scope="module")
def there(mosquitto, machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """An agent that has learnt a machine, counted its samples, and has an alert of it open."""
    made = Agent(tmp_path_factory.mktemp("there"), machines, mosquitto)
    made.configure("pump", id="other")
    made.start()
    made.ask(Commission("pump", windows=5, anyway=True))
    machines.shake("pump", seconds=5.0)
    until(lambda: made.sensor("pump")["healthy_state"]["speeds"])
    machines.shake("pump", seconds=3.0, faulty=True)
    until(lambda: made.health["open_alerts"])
    until(lambda: made.sensor("pump")["windows"] == 15)
    yield made
    made.end()


@pytest.fixture(scope="module")
def state(there: Agent, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("state") / "pump.state"
    assert main(["state", "export", "pump", "--out", str(file), "--state-dir", str(there.state_dir)]) == 0
    return file


@pytest.fixture(scope="module")
def agent(mosquitto, machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    made = Agent(tmp_path_factory.mktemp("here"), machines, mosquitto)
    made.configure("pump", "fresh")
    made.start()
    yield made
    made.end()


@pytest.fixture(autouse=True)
def nothing_known(agent: Agent, machines: Machines) -> None:
    for alert in agent.health["open_alerts"]:
        agent.ask(Close(alert))
    for name in ("pump", "fresh"):
        if agent.sensor(name)["healthy_state"]["speeds"]:
            agent.ask(Forget(name))
    machines.heard.clear()


def taken_in(agent: Agent, file: Path, *more: str, sensor: str = "pump") -> int:
    return main(["state", "import", sensor, str(file), *more, "--state-dir", str(agent.state_dir)])


def test_healthy_state_accounts_and_the_open_alert_go_on(agent, there, machines, state, capsys):
    before = agent.daemon._office.hearing.inbox.total("pump").received
    (alert,) = (one.alert for one in decode(state.read_bytes()).counts.bearings)
    assert taken_in(agent, state) == 0
    assert capsys.readouterr().out == "pump: goes on with it\n"
    assert agent.sensor("pump")["healthy_state"]["speeds"] == there.sensor("pump")["healthy_state"]["speeds"]
    assert agent.health["open_alerts"] == [alert.id]
    until(lambda: machines.story == [("pump", "updated", "moved")])
    until(lambda: machines.last("alert/pump/de") is not None)  # what is shown comes after the event
    assert json.loads(machines.last("alert/pump/de"))["id"] == alert.id
    moved = decode(state.read_bytes()).ledger.received
    assert agent.daemon._office.hearing.inbox.total("pump").received == before + moved > before
    assert taken_in(agent, state) == 78  # an alert is open by now
    machines.shake("pump", seconds=4.0)
    until(lambda: machines.story[1:] == [("pump", "cleared", "recovered")])
    assert taken_in(agent, state) == 78  # what is known here is not thrown away unasked
    assert "--replace" in capsys.readouterr().err
    assert taken_in(agent, state, "--replace") == 0


def test_what_was_moved_survives_a_restart(agent, machines, state):
    assert taken_in(agent, state) == 0
    alerts, speeds = agent.health["open_alerts"], agent.sensor("pump")["healthy_state"]["speeds"]
    agent.end()
    agent.start()
    assert agent.health["open_alerts"] == alerts
    assert agent.sensor("pump")["healthy_state"]["speeds"] == speeds


def test_a_state_that_does_not_fit_is_refused_and_nothing_is_changed(agent, state, tmp_path, capsys):
    def refusal(content: bytes, *, sensor: str = "pump") -> str:
        (tmp_path / "wrong").write_bytes(content)
        assert taken_in(agent, tmp_path / "wrong", sensor=sensor) == (64 if sensor == "nobody" else 78)
        assert agent.health["open_alerts"] == []
        assert not agent.sensor("pump")["healthy_state"]["speeds"]
        return capsys.readouterr().err

    whole = state.read_bytes()
    known = decode(whole)

    def changed(**changes: object) -> bytes:
        return encode(msgspec.structs.replace(known, **changes))

    assert "cut short or damaged" in refusal(whole[:-1])
    assert "larger than" in refusal(bytes(9 << 20))
    assert "there is no sensor 'nobody'" in refusal(whole, sensor="nobody")
    assert "on another machine, bearing or place than fresh" in refusal(whole, sensor="fresh")
    assert "learnt with other features" in refusal(changed(features="1:other"))
    assert "cannot be read" in refusal(changed(baselines={"de": b"\x90\x01"}))
    (counts,) = known.counts.bearings
    worded = replace(counts.alert, fault="no such fault", diagnosis=replace(counts.alert.diagnosis, matches=()))
    alien = replace(known.counts, bearings=(replace(counts, alert=worded),))
    assert "of 'no such fault' has no words in this bundle" in refusal(changed(counts=alien))
    alien = replace(known.counts, bearings=(replace(counts, alert=replace(counts.alert, opened_wall_s=1e30)),))
    assert "cannot be put into words" in refusal(changed(counts=alien))


def test_a_missing_file_and_an_unknown_sensor_are_refused_in_a_line(agent, there, tmp_path, capsys):
    assert taken_in(agent, tmp_path / "missing") == 78
    assert "cannot be read" in capsys.readouterr().err
    assert main(["state", "export", "nobody", "--out", "x", "--state-dir", str(there.state_dir)]) == 64
    assert "there is no sensor 'nobody'" in capsys.readouterr().err


def test_a_state_of_this_very_agent_brings_no_alert_back_that_has_ended(there, machines, state, capsys):
    for alert in there.health["open_alerts"]:
        there.ask(Close(alert))
    assert taken_in(there, state, "--replace") == 0
    assert "its alerts are left out: they were ended here since" in capsys.readouterr().out
    assert there.health["open_alerts"] == []


def test_a_commissioning_under_way_goes_on_where_it_is_moved_to(agent, machines, tmp_path):
    agent.ask(Commission("fresh", windows=10, anyway=True))
    machines.shake("fresh", seconds=3.0)
    until(lambda: agent.sensor("fresh")["healthy_state"]["learning"]["windows"] == 5)
    file = tmp_path / "fresh.state"
    assert main(["state", "export", "fresh", "--out", str(file), "--state-dir", str(agent.state_dir)]) == 0
    moved = decode(file.read_bytes()).under_way
    assert moved is not None
    assert len(moved.lessons) == 5
    assert taken_in(agent, file, sensor="fresh") == 78
    main(["commission", "fresh", "--cancel", "--state-dir", str(agent.state_dir)])
    assert taken_in(agent, file, sensor="fresh") == 0
    assert agent.sensor("fresh")["healthy_state"]["learning"]["windows"] == 5
    machines.shake("fresh", seconds=3.0)
    until(lambda: agent.sensor("fresh")["healthy_state"]["speeds"])
