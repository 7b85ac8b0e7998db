"""An agent in this process that reads its config again, with a real broker and machines whose samples are counted."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
from line_bundle import BUNDLE, RATE, LineEncoder, signal
from mqtt_clients import client_of, leave
from waiting import until

from agent.bundle.load import Bundle
from agent.config.load import load_config
from agent.config.resolve import decisions, sensor_setups
from agent.errors import ConfigError
from agent.messages.topics import Topics
from agent.service.assembly import Parts, sinks_of, sources_of, speaker_of
from agent.service.control import Reload, Reloading, Request, Status, ask
from agent.service.daemon import Daemon
from agent.service.reloading.changes import needs_restart

HOP = RATE // 2
HEAD = """
[agent]
id = "{id}"
state_dir = "state"
[broker]
host = "{host}"
port = {port}
[publish]
base_topic = "{base}"
[decision]
raise_after = 3
clear_after = 3
[[sources]]
name = "plant"
kind = "mqtt"
broker = {{ host = "{plant_host}", port = {plant_port} }}
"""
SHAKING = """
[machines.{name}]
speed = {{ rpm = 1500, tolerance = 0 }}
[machines.{name}.bearings.de]
geometry = "6205"
[sensors.{name}]
source = "plant"
topic = "{base}-plant/{name}"
machine = "{name}"
"""
FIGURE = """
[machines.{name}]
iso_group = 2
foundation = "rigid"
[sensors.{name}]
source = "plant"
topic = "{base}-plant/{name}"
quantity = "velocity_rms_mm_s"
machine = "{name}"
"""


class Machines:
    """Sends what sensors send, and hears what the agent says."""

    def __init__(self, broker: Any, base: str) -> None:
        self.base = base
        self.heard: list[tuple[str, bytes]] = []
        self.sent: dict[str, int] = {}  # samples
        self._client = client_of(broker, f"{base}/#", self._hear)

    def _hear(self, message: Any) -> None:
        self.heard.append((message.topic.removeprefix(f"{self.base}/gw/"), message.payload))

    def shake(self, *names: str, seconds: float = 1.0, faulty: bool = False) -> None:
        """Samples of machines, half a second a message, numbered on."""
        for row in range(0, round(seconds * RATE), HOP):
            for name in names:
                x, y = signal(seconds, faulty=faulty)[row : row + HOP].T.round(5).tolist()
                start = self.sent.get(name, 0)
                batch = {"seq": start // HOP, "t0": start / RATE, "rate_hz": RATE, "unit": "g", "x": x, "y": y}
                self._client.publish(f"{self.base}-plant/{name}", json.dumps(batch), qos=1).wait_for_publish(5)
                self.sent[name] = start + HOP

    def figure(self, name: str, mm_s: float, *, times: int = 4) -> None:
        for _ in range(times):
            self._client.publish(f"{self.base}-plant/{name}", str(mm_s), qos=1).wait_for_publish(5)

    def last(self, topic: str) -> bytes | None:
        return next((payload for heard, payload in reversed(self.heard) if heard == topic), None)

    @property
    def story(self) -> list[tuple[str, str, str | None]]:
        """Sensor, event and reason of each event."""
        events = [json.loads(payload) for topic, payload in list(self.heard) if topic == "event"]
        return [(event["sensor"], event["event"], event["reason"]) for event in events]

    def close(self) -> None:
        leave(self._client)


class Agent:
    """A daemon in a thread, whose bundle and config the test changes before it reads them again."""

    def __init__(self, folder: Path, machines: Machines, broker: Any) -> None:
        self.path, self.state_dir = folder / "agent.toml", folder / "state"
        self.machines, self.broker = machines, broker
        self.keys: dict[str, Any] = {"id": "gw", "host": broker.host, "port": broker.port, "base": machines.base}
        self.keys |= {"plant_host": broker.host, "plant_port": broker.port}
        self.bundle: Bundle = BUNDLE
        self.encoder: Any = LineEncoder()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=lambda: None)

    def configure(self, *tables: str, more: str = "", **keys: Any) -> None:
        """Write the config: tables of sensors, or their names of which the first letter says what they send."""
        self.keys |= keys
        text = HEAD.format(**self.keys) + more
        for table in tables:
            shown = FIGURE if table.startswith("f") else SHAKING
            text += table if "[" in table else shown.format(name=table, base=self.machines.base)
        self.path.write_text(text)

    def parts(self, running: Parts | None = None) -> Parts:
        config = load_config(self.path)
        if running is not None and (problems := needs_restart(running.config, config)):
            raise ConfigError(*problems)
        setups, topics = sensor_setups(config), Topics(config.publish.base_topic, config.agent.id)
        is_same = running is not None and running.bundle is self.bundle
        return Parts(
            config=config,
            bundle=self.bundle,
            runtime="test",
            encoder=running.encoder if running is not None and is_same else self.encoder,
            setups=setups,
            decisions=decisions(config),
            sources=sources_of(config),
            sinks=sinks_of(config, topics),
            topics=topics,
            speaker=speaker_of(config, self.bundle, setups),
        )

    def start(self, *, connects: bool = True) -> None:
        self.hups: list[tuple[int, float]] = []
        self.daemon = Daemon(self.parts(), reassemble=self.parts, hups=self.hups, goodbyes_s=2.0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        until(lambda: (self.state_dir / "control.sock").exists())
        until(lambda: self.source["connected"] and self.health["publishing"]["connected"] is connects)

    def _run(self) -> None:
        try:
            self.daemon.run()
        except BaseException as error:
            self.error = error

    def ask(self, request: Request) -> dict[str, Any]:
        return ask(self.state_dir, request)

    @property
    def health(self) -> dict[str, Any]:
        health: dict[str, Any] = self.ask(Status())["health"]
        return health

    @property
    def source(self) -> dict[str, Any]:
        source: dict[str, Any] = self.health["sources"]["plant"]
        return source

    def sensor(self, name: str) -> dict[str, Any]:
        sensor: dict[str, Any] = self.health["sensors"][name]
        return sensor

    def reload(self) -> dict[str, Any]:
        """Read the config again; how that ended."""
        number = self.ask(Reload())["number"]
        until(lambda: self.ask(Reloading(number))["ended"] is not None, seconds=30)
        ended: dict[str, Any] = self.ask(Reloading(number))["ended"]
        return ended

    def end(self) -> None:
        if self._thread.is_alive():
            self.daemon.stop()
            self._thread.join(20)
            assert not self._thread.is_alive()
        assert self.error is None


def other_bundle(version: str, base: Bundle = BUNDLE, **changes: Any) -> Bundle:
    """The same bundle under another version, so that it counts as another one."""
    return replace(base, manifest=msgspec.structs.replace(base.manifest, version=version, **changes))
