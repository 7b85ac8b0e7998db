"""What a plant says and its vibration contradicts is a state with its reason, never `idle` and never `healthy`."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mqtt_clients import client_of, leave
from plant import SENSOR, SICK_MM_S, WELL_MM_S, Agent, Listener
from waiting import until

RATE_HZ, COUNT = 2048, 128
NOISE = np.random.default_rng(0).normal(0, 0.1, 64 * COUNT).round(4)
SPEED = '[machines.{name}.speed]\ntopic = "plant/{name}/rpm"\nsource = "plant"\nmaintenance_after_min = 0.02\n'
SAMPLES = '[machines.{name}]\n[sensors.{name}]\nsource = "plant"\ntopic = "plant/{name}"\nmachine = "{name}"\n'


class Plant:
    """Says on each topic what it was told to say last, again and again."""

    def __init__(self, broker: Any) -> None:
        self._client = client_of(broker)
        self._says: dict[str, tuple[float, Callable[[int], object]]] = {}  # topic -> pause, message by number
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def say(self, topic: str, message: Callable[[int], object] | None, *, every_s: float = 0.1) -> None:
        """From now on; None: silence."""
        says = {other: told for other, told in self._says.items() if other != topic}
        self._says = says if message is None else says | {topic: (every_s, message)}

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        leave(self._client)

    def _run(self) -> None:
        began_s, sent = time.monotonic(), dict[str, int]()
        while not self._stop.wait(0.02):
            for topic, (every_s, message) in self._says.items():
                if sent.get(topic, -1) < (due := int((time.monotonic() - began_s) / every_s)):
                    sent[topic] = due
                    self._client.publish(topic, json.dumps(message(due)))


class Field:
    """One agent for all cases, each with machines of its own."""

    def __init__(self, broker: Any, folder: Path) -> None:
        self.plant = Plant(broker)
        self.listener = Listener(broker)
        figures = [SENSOR.format(name=name) + SPEED.format(name=name) for name in ("zero", "still", "silent")]
        waves = [SAMPLES.format(name=name) for name in ("slow", "twins", "named")]
        self.agent = Agent(folder, broker=broker, plant=broker, more="", tables="".join([*figures, *waves]))
        self.agent.start()

    def state(self, sensor: str) -> tuple[str, str | None]:
        said = json.loads(self.listener.last(f"sensor/{sensor}/state") or b"{}")
        return said.get("state", ""), said.get("reason")

    def states(self, sensor: str) -> set[str]:
        """All that were ever said."""
        topic = f"textvib/gw/sensor/{sensor}/state"
        return {json.loads(payload)["state"] for name, payload in list(self.listener.heard) if name == topic}

    def notices(self, sensor: str) -> str:
        return "\n".join(json.loads(self.listener.last(f"sensor/{sensor}/state") or b"{}").get("notices", ()))

    def close(self) -> None:
        for one in (self.plant, self.agent, self.listener):
            one.close()


@pytest.fixture(scope="module")
def field(mosquitto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    made = Field(mosquitto, tmp_path_factory.mktemp("contradictions"))
    yield made
    made.close()


def batch(number: int, *, first: int = 0, **more: object) -> dict[str, object]:
    x = NOISE[number % 64 * COUNT : (number % 64 + 1) * COUNT].tolist()
    return {"rate_hz": RATE_HZ, "unit": "g", "seq": number + first, "x": x, **more}


def test_whoever_says_zero_silences_no_machine(field: Field) -> None:
    field.plant.say("plant/zero/rpm", lambda _: {"rpm": 0})
    field.plant.say("plant/zero", lambda _: {"value": 1.8})  # zone B: as it runs, and no alert
    until(lambda: field.state("zero") == ("invalid", "speed_contradicts"))
    assert "speed_contradicts: " in field.notices("zero")
    field.plant.say("plant/zero", lambda _: {"value": SICK_MM_S})
    until(lambda: any((e["sensor"], e["event"]) == ("zero", "raised") for e in field.listener.events))
    assert "idle" not in field.states("zero")
    assert any(notice.startswith("zero: speed_contradicts: ") for notice in field.agent.health["notices"])
    field.plant.say("plant/zero/rpm", lambda _: {"rpm": 1500})
    field.plant.say("plant/zero", lambda _: {"value": WELL_MM_S})
    until(lambda: field.state("zero") == ("healthy", None))


def test_a_machine_that_stands_is_idle(field: Field) -> None:
    field.plant.say("plant/still/rpm", lambda _: {"rpm": 0})
    field.plant.say("plant/still", lambda _: {"value": 0.2})
    until(lambda: field.state("still") == ("idle", None))


def test_samples_at_another_rate_than_they_say_are_invalid_from_the_start(field: Field) -> None:
    field.plant.say("plant/slow", batch, every_s=COUNT / RATE_HZ / 0.85)
    until(lambda: field.state("slow") == ("invalid", "rate_mismatch"))
    assert "healthy" not in field.states("slow")


@pytest.mark.long
def test_two_senders_are_named_in_state_and_health(field: Field) -> None:
    field.plant.say("plant/named", lambda n: batch(n // 2, device=f"esp{n % 2}"), every_s=COUNT / RATE_HZ / 2)
    until(lambda: "second_sender: " in field.notices("named"))
    assert "esp0" in field.notices("named")
    assert "esp1" in field.notices("named")
    refused = field.agent.health["sources"]["plant"]["refusals"]
    assert any((one["kind"], one["sensor"]) == ("second_sender", "named") for one in refused)


@pytest.mark.long
def test_two_senders_who_count_alike_are_invalid(field: Field) -> None:
    def by_turns(number: int) -> dict[str, object]:
        return batch(number // 2, x=(NOISE[:COUNT] * (1 + number % 2)).round(4).tolist())

    field.plant.say("plant/twins", by_turns, every_s=COUNT / RATE_HZ / 2)
    until(lambda: field.state("twins") == ("invalid", "second_sender"))


@pytest.mark.long
def test_a_tacho_that_falls_silent_is_told_and_detection_goes_on(field: Field) -> None:
    field.plant.say("plant/silent/rpm", lambda _: {"rpm": 1500})
    field.plant.say("plant/silent", lambda _: {"value": WELL_MM_S})
    until(lambda: field.state("silent") == ("healthy", None))
    field.plant.say("plant/silent/rpm", None)
    until(lambda: "speed_silent: " in field.notices("silent"), seconds=30)
    until(lambda: field.listener.last("maintenance/silent"), seconds=15)
    field.plant.say("plant/silent", lambda _: {"value": SICK_MM_S})
    until(lambda: any((e["sensor"], e["event"]) == ("silent", "raised") for e in field.listener.events))
    assert "unsteady" not in field.states("silent")
    field.plant.say("plant/silent/rpm", lambda _: {"rpm": 1500})
    until(lambda: field.listener.last("maintenance/silent") == b"")
    events = [json.loads(p) for topic, p in list(field.listener.heard) if topic == "textvib/gw/maintenance"]
    assert [(one["machine"], one["event"]) for one in events] == [("silent", "raised"), ("silent", "cleared")]
    until(lambda: "speed_silent: " not in field.notices("silent"))
