"""A plant for tests in the field: the agent as a process of its own, transmitters on a broker that stays up, and the
broker that the agent publishes to, which the test may take away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from mqtt_clients import client_of, leave
from requirements import ROOT
from waiting import until

from agent.errors import ConfigError, TransportError
from agent.service.control import Request, Status, ask

SICK_MM_S, WELL_MM_S = 20.0, 1.0
EVERY_S = 0.05

CONFIG = """
[agent]
id = "gw"
state_dir = "{state}"
{agent}
[broker]
host = "{host}"
port = {port}
{broker}
[publish]
commands = true
[decision]
raise_after = 3
clear_after = 3
lost_after_s = 1.0
[[sources]]
name = "plant"
kind = "mqtt"
broker = {{ host = "{plant_host}", port = {plant_port} }}
"""
SENSOR = """
[machines.{name}]
iso_group = 2
foundation = "rigid"
[sensors.{name}]
source = "plant"
topic = "plant/{name}"
quantity = "velocity_rms_mm_s"
machine = "{name}"
"""


class Transmitters:
    """Figures of machines, again and again, each as sick as the test says."""

    def __init__(self, broker: Any) -> None:
        self._client = client_of(broker)
        self._figures: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def say(self, **figures: float | None) -> None:
        """Sensor -> mm/s from now on; None: silence."""
        self._figures = {name: mm_s for name, mm_s in (self._figures | figures).items() if mm_s is not None}

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        leave(self._client)

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            for name, mm_s in self._figures.items():
                self._client.publish(f"plant/{name}", str(mm_s))


class Listener:
    """What the broker says, heard from now on."""

    def __init__(self, broker: Any) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.client = client_of(broker, "textvib/#", lambda m: self.heard.append((m.topic, m.payload)))

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(payload) for topic, payload in list(self.heard) if topic == "textvib/gw/event"]

    @property
    def story(self) -> list[tuple[str, str, str | None]]:
        """Sensor, event and reason of each event, repeats left out."""
        by_seq = {event["seq"]: event for event in self.events}
        return [(event["sensor"], event["event"], event["reason"]) for event in by_seq.values()]

    def last(self, topic: str) -> bytes | None:
        return next((payload for heard, payload in reversed(self.heard) if heard == f"textvib/gw/{topic}"), None)

    def close(self) -> None:
        leave(self.client)


class Agent:
    """`run` as a process of its own."""

    def __init__(
        self, folder: Path, *, broker: Any, plant: Any, more: str = "", tables: str = "", agent: str = ""
    ) -> None:
        self.state = folder / "state"
        self.config = folder / "agent.toml"
        self._tables = tables
        self._where = {"host": broker.host, "port": broker.port, "state": self.state, "broker": more, "agent": agent}
        self._where |= {"plant_host": plant.host, "plant_port": plant.port}
        self._log = (folder / "log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None
        self.environment: dict[str, str] = {}

    def uses(self, broker: Any, keys: str = "") -> None:
        """Another broker from the next start on, with further keys of its table."""
        self._where |= {"host": broker.host, "port": broker.port, "broker": keys}

    def start(self, *sensors: str) -> None:
        text = CONFIG.format(**self._where) + "".join(SENSOR.format(name=name) for name in sensors) + self._tables
        self.config.write_text(text)
        program = [sys.executable, "-m", "agent", "run", str(self.config)]
        surroundings = os.environ | self.environment
        self._process = subprocess.Popen(program, cwd=ROOT, stderr=self._log, env=surroundings)
        until(lambda: self.status() is not None)

    def status(self) -> dict[str, Any] | None:
        try:
            return ask(self.state, Status())
        except (TransportError, ConfigError):
            return None

    @property
    def health(self) -> dict[str, Any]:
        status = self.status()
        assert status is not None
        health: dict[str, Any] = status["health"]
        return health

    def ask(self, request: Request) -> dict[str, Any]:
        return ask(self.state, request)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the command line, about this agent."""
        program = [sys.executable, "-m", "agent", *words, "--state-dir", str(self.state)]
        return subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    def kill(self, number: int = signal.SIGKILL) -> int:
        """End it by a signal; its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(30)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
        self._log.close()


def settle(seconds: float = 0.5) -> None:
    """Time in which something that must not happen could."""
    time.sleep(seconds)
