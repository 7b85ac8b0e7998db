"""The agent for a long time, with everything that goes wrong mixed by chance: nothing grows, nothing is invented, and
every sample is accounted for.

A minute in `make field`; TEXTVIB_SOAK_S=600 for as long as the published figures have, TEXTVIB_SOAK_SENSORS for as many
sensors as the machine bears.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from field_agent import Agent, Listener
from mqtt_clients import client_of, leave
from waiting import until

from firmware_bridge.device import Profile, Troubles, VirtualSensor
from firmware_bridge.frames import FrameType
from firmware_bridge.line import Line
from firmware_bridge.runners import run_paced
from simulator import demo_source, typical_condition

SOAK_S = float(os.environ.get("TEXTVIB_SOAK_S", "60"))
SENSORS = int(os.environ.get("TEXTVIB_SOAK_SENSORS", "2"))
SEED = 20260101
LEARNT_WINDOWS = 240
BUFFER_S = 24.0  # of simulated vibration, played again and again: simulating costs more than judging
WARM_S = 30.0  # after commissioning
WARM_SHARE = 0.3
"""Of the soak: the first flood, the first full disk and the like each take what is kept for the next one."""
MOST_GROWTH_MB = 2.0

CONFIG = """
[agent]
id = "gw"
state_dir = "state"
[broker]
host = "{host}"
port = {port}
keepalive_s = 5
[publish]
commands = true
[[sources]]
name = "plant"
kind = "mqtt"
broker = {{ host = "{host}", port = {plant_port} }}
"""
MACHINE = """
[machines.m{number}]
speed = {{ rpm = 1797 }}
bearings.de = {{ geometry = "6205" }}
[sensors.s{number}]
source = "plant"
topic = "plant/s{number}"
stream = 0
machine = "m{number}"
"""
HOSTILE = (
    b"",
    b"{",
    b"[1, 2, 3]",
    b'{"x": [1e400]}',
    b'{"x": "' + b"9" * 100_000 + b'"}',
    b"[" * 50_000,
    b'{"rate_hz": -1, "x": [0]}',
    b'{"x": [null, "a", {}]}',
    b"\xff\xfe\x00\x00",
    b"\x00" * 4096,
    b'{"x": [1], "x": [2], "unit": "\\ud800"}',
    "가나다".encode("utf-16"),
    b"NaN",
)
"""Messages that are none."""


class Played:
    """A stretch of simulated vibration, again and again; healthy, or damaged while told so."""

    def __init__(self, rate_hz: float, seed: int) -> None:
        self._healthy = _stretch("healthy", rate_hz, seed)
        self._damaged = _stretch("outer_race", rate_hz, seed)
        self.is_damaged = False
        self._at = 0

    def next(self, count: int) -> Any:
        samples = self._damaged if self.is_damaged else self._healthy
        picked = np.arange(self._at, self._at + count) % len(samples)
        self._at += count
        return samples[picked]


def _stretch(fault: str, rate_hz: float, seed: int) -> Any:
    source = demo_source("healthy", rate_hz=rate_hz, seed=seed)
    source.change(condition=typical_condition(fault))
    return np.asarray(source.next(int(BUFFER_S * rate_hz)))


class Plant:
    """The sensors, each speaking in real time from a thread of its own, and what is done to them."""

    def __init__(self, broker: Any, count: int) -> None:
        self._broker = broker
        self.stop = threading.Event()
        self.lines = [Line(seed=SEED + number) for number in range(count)]
        troubles = Troubles(clock_error=0.01, fifo_overruns=0.02, queue_stalls=0.02, resets=1 / 90)
        quiet = Troubles(clock_error=0.01)
        self.devices = [
            VirtualSensor(Profile(uid=bytes([number]) * 16), troubles if number % 2 else quiet, seed=number)
            for number in range(count)
        ]
        self.played = [Played(device.true_rate_hz, number) for number, device in enumerate(self.devices)]
        self.silent: set[int] = set()
        self.client = client_of(broker)
        self._threads = [threading.Thread(target=self._speak, args=(number,), daemon=True) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def _speak(self, number: int) -> None:
        def send(said: Any) -> int:
            if number not in self.silent:
                for message in self.lines[number].publish(said):
                    self.client.publish(f"plant/s{number}", message, retain=message[1] == FrameType.HELLO)
            return 0

        run_paced([(self.devices[number], self.played[number])], send, stop=self.stop)

    def close(self) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join()
        leave(self.client)


class Troublemaker:
    """One trouble after the other, as chance has it; the last sensor alone is ever damaged."""

    def __init__(self, agent: Agent, plant: Plant, listener: Listener, broker: Any, draw: random.Random) -> None:
        self._agent, self._plant, self._listener, self._broker, self._draw = agent, plant, listener, broker, draw
        self.done: Counter[str] = Counter()

    def one(self) -> None:
        trouble: Callable[[], None] = self._draw.choice(
            (self.hostile, self.flood, self.silence, self.bad_line, self.broker, self.pause, self.disk, self.asks)
        )
        self.done[trouble.__name__] += 1
        trouble()

    def hostile(self) -> None:
        for _ in range(20):
            topic = f"plant/s{self._draw.randrange(SENSORS)}"
            self._plant.client.publish(topic, self._draw.choice(HOSTILE))

    def flood(self) -> None:
        for _ in range(3000):
            self._plant.client.publish(f"plant/s{self._draw.randrange(SENSORS)}", b'{"x": 1}')

    def silence(self) -> None:
        number = self._draw.randrange(SENSORS)
        self._plant.silent.add(number)
        time.sleep(self._draw.uniform(0.5, 3.0))
        self._plant.silent.discard(number)

    def bad_line(self) -> None:
        line = self._draw.choice(self._plant.lines)
        line.frame_loss, line.bit_errors = 0.05, 1e-6
        time.sleep(self._draw.uniform(0.5, 3.0))
        line.frame_loss, line.bit_errors = 0.0, 0.0

    def broker(self) -> None:
        self._broker._process.terminate()
        self._broker._process.wait()
        time.sleep(self._draw.uniform(0.0, 3.0))
        self._broker.start()

    def pause(self) -> None:
        self._agent.signal(signal.SIGSTOP)
        time.sleep(self._draw.uniform(0.1, 1.5))
        self._agent.signal(signal.SIGCONT)

    def disk(self) -> None:
        self._agent.fill_disk()
        time.sleep(self._draw.uniform(0.5, 3.0))
        self._agent.fill_disk(full=False)

    def asks(self) -> None:
        words = self._draw.choice(("acknowledge", "shelve", "unshelve", "close", "commission", "nonsense"))
        command = {"command": words, "alert": "s", "by": "soak", **({"for": "1m"} if words == "shelve" else {})}
        with contextlib.suppress(Exception):
            self._listener._client.publish("textvib/gw/command", json.dumps(command), qos=1)
        self._agent.status()


@pytest.fixture
def plant(start_mosquitto: Any) -> Iterator[Plant]:
    made = Plant(start_mosquitto(), SENSORS + 1)
    yield made
    made.close()


@pytest.mark.long
@pytest.mark.timeout(SOAK_S + 900)
def test_nothing_grows_nothing_is_invented_and_every_sample_is_accounted_for(
    plant: Plant, broker: Any, listener: Listener, tmp_path: Path
) -> None:
    machines = "".join(MACHINE.format(number=number) for number in range(SENSORS + 1))
    where = {"host": broker.host, "port": broker.port, "plant_port": plant._broker.port}
    (tmp_path / "agent.toml").write_text(CONFIG.format(**where) + machines)
    agent = Agent(tmp_path)
    try:
        soak(agent, plant, listener, broker)
    finally:
        agent.end()


def soak(agent: Agent, plant: Plant, listener: Listener, broker: Any) -> None:
    names = [f"s{number}" for number in range(SENSORS + 1)]
    until(lambda: all(listener.last(f"sensor/{name}/diagnosis") for name in names), seconds=60)
    learn(agent, names)
    time.sleep(WARM_S)
    draw, troubles = random.Random(SEED), Troublemaker(agent, plant, listener, broker, random.Random(SEED))
    began_s, memory = time.monotonic(), list[tuple[float, float]]()
    while (passed_s := time.monotonic() - began_s) < SOAK_S:
        plant.played[-1].is_damaged = 0.25 < passed_s / SOAK_S < 0.6
        troubles.one()
        time.sleep(draw.uniform(0.5, 2.0))
        memory.append((passed_s, agent.health()["memory_mb"]))
    time.sleep(3.0)
    plant.stop.set()
    time.sleep(3.0)
    until(lambda: agent.health()["state_kept"], seconds=45)
    health = agent.health()
    told(health, troubles, memory, listener)
    assert agent.process.poll() is None
    assert growth_mb(memory) <= MOST_GROWTH_MB
    for name in names:
        losses = health["sensors"][name]["losses"]
        assert health["sensors"][name]["explained"], (name, losses)
    raised = {json.loads(event)["sensor"] for event in listener.heard("event")}
    assert raised <= {names[-1]}
    assert health["publishing"]["dropped"] == 0
    agent.signal(signal.SIGTERM)
    assert agent.wait() == os.EX_OK


def learn(agent: Agent, names: list[str]) -> None:
    """Commission every sensor while nothing goes wrong but its own clock."""
    from agent.service.control import Commission, ask

    for name in names:
        ask(agent.state_dir, Commission(sensor=name, windows=LEARNT_WINDOWS, anyway=True))
    until(lambda: not agent.status()["learning"], seconds=LEARNT_WINDOWS + 240)


def growth_mb(memory: list[tuple[float, float]]) -> float:
    """From the median of the tenth of the soak after warm-up to that of its last tenth."""

    def median_mb(begin: float) -> float:
        return median(mb for at_s, mb in memory if begin <= at_s / SOAK_S < begin + 0.1)

    return median_mb(0.9) - median_mb(WARM_SHARE)


def told(health: dict[str, Any], troubles: Troublemaker, memory: list[tuple[float, float]], heard: Listener) -> None:
    """The figures, for the page of the field."""
    sums: Counter[str] = Counter()
    for sensor in health["sensors"].values():
        sums.update({key: value for key, value in sensor["losses"].items() if isinstance(value, int)})
    events = Counter(json.loads(event)["event"] for event in heard.heard("event"))
    print(f"{len(health['sensors'])} sensors, {SOAK_S:g} s, troubles {dict(troubles.done)}")
    tenths = [[mb for at_s, mb in memory if int(10 * at_s / SOAK_S) == tenth] for tenth in range(10)]
    print(f"memory by tenths {[round(median(tenth), 1) for tenth in tenths if tenth]} MB")
    print(f"samples {dict(sums)}; events {dict(events)}; faults {health['sources']['plant']['faults']}")
