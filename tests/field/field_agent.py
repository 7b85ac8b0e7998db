"""A real agent process between a real broker and a plant, for cases of what goes wrong in the field."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from mqtt_clients import client_of, leave
from requirements import ROOT
from waiting import until

from agent.service.control import Status, ask

CONFIG = """
[agent]
id = "gw"
state_dir = "state"
[broker]
host = "{host}"
port = {port}
keepalive_s = 5
{broker}
[[sources]]
name = "plant"
kind = "mqtt"
[[sources]]
name = "tape"
kind = "replay"
files = ["tape.npy"]
loop = true
rate_hz = 4096
axes = ["x"]
unit = "g"
[machines.pump]
[sensors.pump_de]
source = "plant"
topic = "plant/pump"
machine = "pump"
[sensors.tape]
source = "tape"
machine = "pump"
"""
HANGING = Path(__file__).with_name("hanging_agent.py")


class Listener:
    """Hears everything on the broker, with the second at which it came."""

    def __init__(self, broker: Any) -> None:
        self.broker = broker
        self.messages: list[tuple[float, str, bytes]] = []
        self._client = client_of(broker, "#", lambda m: self.messages.append((time.monotonic(), m.topic, m.payload)))

    def heard(self, topic: str) -> list[bytes]:
        return [payload for _, name, payload in list(self.messages) if name == f"textvib/gw/{topic}"]

    def last(self, topic: str) -> bytes | None:
        return (self.heard(topic) or [None])[-1]

    def shake(self, number: int) -> None:
        """A quarter of a second of samples, without a clock or numbers of its own."""
        x = np.random.default_rng(number).normal(0, 0.1, 1024).round(4).tolist()
        self._client.publish("plant/pump", json.dumps({"rate_hz": 4096, "unit": "g", "x": x}), qos=1)

    def close(self) -> None:
        leave(self._client)


class Manager:
    """What a service manager hears on its socket."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.setblocking(False)
        self._words: list[str] = []

    @property
    def words(self) -> list[str]:
        """Everything said so far."""
        while True:
            try:
                self._words.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return self._words

    def close(self) -> None:
        self.socket.close()


class Agent:
    """`textvib-agent run` in a process of its own; or one of which the loop `hangs` does so once told."""

    def __init__(
        self,
        folder: Path,
        *,
        hangs: str | None = None,
        environment: dict[str, str] | None = None,
        before: list[str] | None = None,
    ) -> None:
        self.config = folder / "agent.toml"
        self.state_dir = folder / "state"
        self._flag = folder / "hang"
        self._log: list[str] = []
        command = (
            [sys.executable, "-m", "agent", "run", str(self.config)]
            if hangs is None
            else [sys.executable, str(HANGING), str(self.config), hangs, str(self._flag)]
        )
        self.process = subprocess.Popen(
            [*(before or []), *command],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {}),
        )
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            self._log.extend(lines)

    @property
    def log(self) -> str:
        if self.process.poll() is not None:
            self._listening.join(5)
        return "".join(self._log)

    def fill_disk(self, *, full: bool = True) -> None:
        """Let no file grow any more, as on a full disk; or again."""
        _, most = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (0 if full else most, most))

    def hang(self) -> float:
        """Let the loop hang from now on; the second at which that was."""
        self._flag.touch()
        return time.monotonic()

    def let_go(self) -> None:
        """Let a loop be quick again that was slow."""
        self._flag.unlink()

    def health(self) -> dict[str, Any]:
        health: dict[str, Any] = self.status()["health"]
        return health

    def status(self) -> dict[str, Any]:
        return ask(self.state_dir, Status())

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, *, seconds: float = 40.0) -> int:
        return self.process.wait(seconds)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        self._listening.join(5)


def write_config(folder: Path, broker: Any, *, more: str = "", keys: str = "") -> None:
    """The config of `Agent`, and the recording that it plays."""
    np.save(folder / "tape.npy", np.random.default_rng(1).normal(0, 0.1, 40_960).astype(np.float32))
    (folder / "agent.toml").write_text(CONFIG.format(host=broker.host, port=broker.port, broker=keys) + more)


def until_online(listener: Listener, agent: Agent) -> None:
    until(lambda: listener.last("availability") == b"online" or agent.process.poll() is not None)
    assert agent.process.poll() is None, agent.log
    until(lambda: listener.heard("sensor/tape/diagnosis"))
