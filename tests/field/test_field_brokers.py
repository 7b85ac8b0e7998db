"""Brokers, certificates and client ids as plants change them under a running agent: nothing is lost, all is told."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from plant import SICK_MM_S, WELL_MM_S, Agent, Listener, Transmitters
from real_mosquitto import free_port
from waiting import until

PERSISTENT = "persistence true\npersistence_location {folder}/\nautosave_interval 1"


class Field:
    """Transmitters on a broker that stays, agents, and the brokers that they publish to."""

    def __init__(self, start_broker: Callable[..., Any], folder: Path) -> None:
        self.folder = folder
        self.start_broker = start_broker
        self.plant = start_broker()
        self.transmitters = Transmitters(self.plant)
        self._opened: list[Any] = [self.transmitters]

    def keeping_broker(self, name: str) -> Any:
        """One that keeps what is retained, and sessions, over a restart."""
        (self.folder / name).mkdir()
        return self.start_broker(extra=PERSISTENT.format(folder=self.folder / name))

    def agent(self, broker: Any, more: str = "", *, name: str = "agent") -> Agent:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        self._opened.append(Agent(folder, broker=broker, plant=self.plant, more=more))
        agent: Agent = self._opened[-1]
        return agent

    def listen(self, broker: Any) -> Listener:
        self._opened.append(Listener(broker))
        listener: Listener = self._opened[-1]
        return listener

    def close(self) -> None:
        for one in reversed(self._opened):
            one.close()


@pytest.fixture
def field(start_mosquitto: Callable[..., Any], tmp_path: Path) -> Iterator[Field]:
    made = Field(start_mosquitto, tmp_path)
    yield made
    made.close()


def away(broker: Any) -> None:
    """As a plant's broker is stopped: it keeps what it has."""
    broker._process.terminate()
    broker._process.wait()


def told(agent: Agent, words: str) -> bool:
    return any(words in notice for notice in agent.health["notices"])


@pytest.mark.long
def test_the_next_broker_serves_while_the_first_is_away_and_no_ghost_stays_there(field: Field) -> None:
    first, second = field.keeping_broker("first"), field.start_broker()
    on_second = field.listen(second)
    agent = field.agent(first, f'fallbacks = ["127.0.0.1:{second.port}"]\nreturn_after_s = 1')
    agent.start("press")
    field.transmitters.say(press=SICK_MM_S)
    late = field.listen(first)
    until(lambda: late.last("alert/press/machine"))
    away(first)
    until(lambda: told(agent, f"127.0.0.1:{second.port} serves, since those before it are away"), seconds=20)
    until(lambda: on_second.last("alert/press/machine"))  # what is open is shown there, too
    field.transmitters.say(press=WELL_MM_S)
    until(lambda: ("press", "cleared", "recovered") in on_second.story)
    first.start()
    until(lambda: on_second.last("availability") == b"offline", seconds=20)
    back = field.listen(first)
    until(lambda: back.last("availability") == b"online")
    until(lambda: agent.health["publishing"]["connected"] and not told(agent, "serves, since"))
    until(lambda: back.last("alert/press/machine") in (None, b"") and back.last("sensor/press/state"))
    assert back.story == []  # that it ended was said once
    field.transmitters.say(press=SICK_MM_S)
    until(lambda: ("press", "raised", None) in back.story)


@pytest.mark.long
def test_certificates_that_are_renewed_are_taken_up_and_no_event_is_lost(field: Field) -> None:
    served, port = field.folder / "served", free_port()
    old, new = Authority(field.folder / "old", "Old CA"), Authority(field.folder / "new", "New CA")
    served.mkdir()

    def serve(authority: Authority) -> None:
        for made, name in zip(authority.sign("broker"), ("server.crt", "server.key"), strict=True):
            shutil.copy(made, served / name)

    serve(old)
    lines = [f"listener {port} 127.0.0.1", f"certfile {served}/server.crt", f"keyfile {served}/server.key"]
    broker = field.start_broker(extra="\n".join(lines))
    listener = field.listen(broker)
    trusted = field.folder / "ca.crt"
    shutil.copy(old.ca, trusted)
    broker.host, plain = f"mqtts://127.0.0.1:{port}", (broker.host, broker.port)
    broker.port = 0
    agent = field.agent(broker, f'ca_file = "{trusted}"')
    agent.start("press", "fan")
    until(lambda: agent.health["publishing"]["connected"])
    trusted.write_text("half a certi")  # is being written, or broken: the connection that works stays
    until(lambda: told(agent, "the new ones do not serve"), seconds=20)
    assert agent.health["publishing"]["connected"]
    broker.host, broker.port = plain
    away(broker)
    serve(new)
    field.transmitters.say(press=SICK_MM_S, fan=SICK_MM_S)
    until(lambda: len(agent.health["open_alerts"]) == 2)
    broker.start()
    until(lambda: "tls: " in (agent.health["publishing"]["error"] or ""), seconds=20)
    shutil.copy(new.ca, trusted)
    listener = field.listen(broker)
    until(lambda: sorted(story[0] for story in listener.story) == ["fan", "press"], seconds=60)
    assert [event["seq"] for event in listener.events] == [1, 2]
    assert agent.kill(signal.SIGTERM) == os.EX_OK


@pytest.mark.long
def test_a_command_said_while_the_agent_is_away_is_done_when_it_is_back(field: Field) -> None:
    broker = field.keeping_broker("broker")
    listener, agent = field.listen(broker), field.agent(broker)
    agent.start("press")
    field.transmitters.say(press=SICK_MM_S)
    until(lambda: ("press", "raised", None) in listener.story)
    agent.kill()
    command = json.dumps({"command": "acknowledge", "alert": "press/machine", "by": "HMI"})
    listener.client.publish("textvib/gw/command", command, qos=1).wait_for_publish(5)
    agent.start("press")
    until(lambda: ("press", "updated", "acknowledged") in listener.story)


@pytest.mark.long
def test_two_agents_of_one_name_are_told_so_and_do_not_fight(field: Field) -> None:
    broker = field.start_broker()
    first, second = (field.agent(broker, name=name) for name in ("first", "second"))
    first.start("press")
    until(lambda: first.health["publishing"]["connected"])
    second.start("press")
    words = "another client with the id 'textvib-gw'"
    until(lambda: told(first, words) or told(second, words), seconds=20)
    loser = first if told(first, words) else second
    until(lambda: "give each agent an [agent] id of its own" in (loser.health["publishing"]["error"] or ""))
    assert sum(one.health["publishing"]["outages"] for one in (first, second)) <= 3
