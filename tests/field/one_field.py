"""One field: a broker that may go away, a plant's broker that stays up, transmitters, and the agent between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from plant import SICK_MM_S, Agent, Listener, Transmitters
from waiting import until

PERSISTENT = "persistence true\npersistence_location {folder}/\nautosave_interval 1"
"""Brokers of plants keep what is retained over a restart."""


class Field:
    """Everything of one test."""

    def __init__(self, start: Callable[..., Any], folder: Path) -> None:
        self.folder = folder
        self.start_broker = start
        (folder / "kept").mkdir()
        self.broker = start(extra=PERSISTENT.format(folder=folder / "kept"))
        self.plant = start()
        self.transmitters = Transmitters(self.plant)
        self.agent = Agent(folder, broker=self.broker, plant=self.plant)
        self.listeners: list[Listener] = []

    def listen(self) -> Listener:
        self.listeners.append(Listener(self.broker))
        return self.listeners[-1]

    def broker_away(self) -> None:
        """As a plant's broker is stopped: it keeps what is retained."""
        self.broker._process.terminate()
        self.broker._process.wait()

    def close(self) -> None:
        for one in (self.transmitters, self.agent, *self.listeners):
            one.close()


def retained(field: Field) -> dict[str, bytes]:
    """Of alerts and states, by what follows the agent's own root."""
    late = field.listen()
    late.client.publish("textvib/last", b"x", qos=1)
    until(lambda: any(topic == "textvib/last" for topic, _ in late.heard))
    own = {topic.removeprefix("textvib/gw/"): payload for topic, payload in late.heard if payload}
    return {topic: payload for topic, payload in own.items() if topic.startswith(("alert/", "sensor/"))}


def raised(field: Field, listener: Listener, *sensors: str) -> None:
    field.transmitters.say(**dict.fromkeys(sensors, SICK_MM_S))
    until(lambda: {event["sensor"] for event in listener.events} >= set(sensors))
    until(lambda: all(listener.last(f"alert/{sensor}/machine") for sensor in sensors))
