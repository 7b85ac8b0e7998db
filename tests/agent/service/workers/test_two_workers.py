"""Two worker processes under one agent: one is killed, the other is heard on, alerts stay single, all is answered."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from reloading import FIGURE, HEAD, Machines
from waiting import until

from agent.bundle.encoder import runtime_of
from agent.bundle.load import DEFAULT
from agent.config.load import load_config
from agent.errors import BundleError, ConfigError, TransportError
from agent.service.alert_requests import Acknowledge
from agent.service.assembly import Parts, assemble
from agent.service.control import ExportState, Forget, Learnt, Look, Reload, Reloading, Status, ask
from agent.service.daemon import Daemon

NAMES = ("fa", "fb", "fc", "fd")
SICK, WELL = 20.0, 1.0


class Agent:
    """A daemon in this process, whose workers are real."""

    def __init__(
        self, folder: Path, broker: Any, base: str, *, names: tuple[str, ...] = NAMES, more: str = "", bundle: str = ""
    ) -> None:
        self.path, self.state_dir = folder / "agent.toml", folder / "state"
        self._keys = {"id": "gw", "host": broker.host, "port": broker.port, "base": base}
        self._keys |= {"plant_host": broker.host, "plant_port": broker.port}
        self.bundle = bundle or "default"
        self.configure(*names, more=more)
        self.failures: list[BaseException] = []
        self.daemon = Daemon(self.parts(), reassemble=self.parts, goodbyes_s=2.0)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def configure(self, *names: str, more: str = "") -> None:
        head = HEAD.format(**self._keys).replace('id = "gw"', f'id = "gw"\nworkers = 2\nbundle = "{self.bundle}"')
        head = head.replace('"state"', f'"{self.state_dir}"')
        tables = "".join(FIGURE.format(name=name, base=self._keys["base"]) for name in names)
        self.path.write_text(head + tables + more.format(**self._keys))

    def parts(self, running: Parts | None = None) -> Parts:
        return assemble(load_config(self.path), running=running, runtime=runtime_of("auto"), judges=False)

    def start(self) -> None:
        self._thread.start()
        until(lambda: self.failures or (self.state_dir / "control.sock").exists())
        until(lambda: self.failures or all(worker["running"] for worker in self.workers))

    def _run(self) -> None:
        try:
            self.daemon.run()
        except BaseException as error:
            self.failures.append(error)

    @property
    def health(self) -> dict[str, Any]:
        try:
            health: dict[str, Any] = ask(self.state_dir, Status())["health"]
        except (TransportError, ConfigError):  # it is not there yet, or not any more
            return {"workers": [{"running": False}]}
        return health

    @property
    def workers(self) -> list[dict[str, Any]]:
        workers: list[dict[str, Any]] = self.health["workers"]
        return workers

    def reload(self) -> dict[str, Any]:
        number = ask(self.state_dir, Reload())["number"]
        until(lambda: ask(self.state_dir, Reloading(number))["ended"] is not None)
        ended: dict[str, Any] = ask(self.state_dir, Reloading(number))["ended"]
        return ended

    def end(self) -> None:
        self.daemon.stop()
        self._thread.join(30)
        assert not self._thread.is_alive()


@pytest.fixture
def base(request: pytest.FixtureRequest) -> str:
    """Topics of each case's own."""
    return f"two-workers-{abs(hash(request.node.name)) % 10**6}"


@pytest.fixture
def machines(mosquitto: Any, base: str) -> Iterator[Machines]:
    made = Machines(mosquitto, base)
    yield made
    made.close()


@pytest.fixture
def agent(request: pytest.FixtureRequest, tmp_path: Path, mosquitto: Any, base: str) -> Iterator[Agent]:
    """With what the case's parameter says of it."""
    made = Agent(tmp_path, mosquitto, base, **getattr(request, "param", {}))
    yield made
    made.end()


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
    assert ask(agent.state_dir, Acknowledge(f"{lost}/machine", by="Kim"))["sensor"] == lost
    until(lambda: machines.story[4:] == [(lost, "updated", "acknowledged")])
    assert ask(agent.state_dir, Learnt(kept))["learning"] is None
    assert ask(agent.state_dir, ExportState(lost))["state"]
    assert set(ask(agent.state_dir, Status())["states"]) == set(NAMES)
    for request, words in (
        (Learnt("nobody"), "there is no sensor 'nobody'"),
        (Acknowledge("none"), "not an open alert"),
    ):
        with pytest.raises(ConfigError, match=words):
            ask(agent.state_dir, request)
    with pytest.raises(ConfigError, match="nothing was learnt"):
        ask(agent.state_dir, Forget(kept))

    # a config that is read again reaches both
    agent.configure(*NAMES[1:], "fe")
    done = agent.reload()["done"]
    assert sorted(done) == ["sensor fa: removed", "sensor fe: added"]
    until(lambda: machines.story[5:] == [("fa", "cleared", "removed")])
    until(lambda: machines.figure("fe", SICK, times=1) or machines.story[6:] == [("fe", "raised", None)])

    for name in (*NAMES[1:], "fe"):
        machines.figure(name, WELL)
    until(lambda: sorted(machines.story[7:]) == [(name, "cleared", "recovered") for name in (*NAMES[1:], "fe")])
    assert agent.health["open_alerts"] == []
    assert agent.failures == []


ALL_TOPICS = """
[machines.all]
iso_group = 2
foundation = "rigid"
[sensors.all]
source = "plant"
topic = "{base}-plant/+"
quantity = "velocity_rms_mm_s"
machine = "all"
"""
"""A sensor by a pattern that every other topic fits: one process hears them all."""

ENDPOINT = """
[metrics]
enabled = true
port = 0
[web]
listen = "127.0.0.1:0"
"""
EIGHT = tuple(f"m{number}" for number in range(8))


@pytest.mark.long
@pytest.mark.parametrize("agent", [{"more": ENDPOINT}], indirect=True)
def test_a_sensor_that_moves_takes_its_alert_along_and_page_and_metrics_are_of_all(
    agent: Agent, machines: Machines
) -> None:
    agent.start()
    until(lambda: agent.health["sources"]["plant"]["connected"])
    shares = [set(worker["sensors"]) for worker in agent.workers]
    assert all(shares)
    for name in NAMES:
        machines.figure(name, SICK)
    until(lambda: sorted(machines.story) == [(name, "raised", None) for name in NAMES])

    # whoever looks or scrapes sees all, whichever process hears it
    for name in NAMES:
        assert ask(agent.state_dir, Look(name))["number"] == 4
    lines = scraped(agent)
    for name in NAMES:
        (windows,) = (line for line in lines if line.startswith("textvib_windows_total") and f'sensor="{name}"' in line)
        assert float(windows.rsplit(" ", 1)[1]) == 4

    agent.configure(*NAMES, more=ENDPOINT + ALL_TOPICS)
    assert agent.reload()["done"] == ["sensor all: added"]
    until(lambda: sorted(map(len, (worker["sensors"] for worker in agent.workers))) == [0, len(NAMES) + 1])
    assert [worker["restarts"] for worker in agent.workers] == [0, 0]
    until(lambda: agent.health["sources"]["plant"]["connected"])
    assert len(agent.health["open_alerts"]) == len(NAMES)
    for name in NAMES:
        machines.figure(name, WELL)
    until(lambda: sorted(machines.story[4:]) == [(name, "cleared", "recovered") for name in NAMES])
    assert agent.health["open_alerts"] == []
    assert agent.failures == []


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The one that ships, to be replaced."""
    return Path(shutil.copytree(DEFAULT, tmp_path / "bundle"))


@pytest.fixture
def eight(tmp_path: Path, mosquitto: Any, base: str, bundle: Path) -> Iterator[Agent]:
    made = Agent(tmp_path, mosquitto, base, names=EIGHT, bundle=str(bundle))
    yield made
    made.end()


@pytest.mark.long
def test_a_bundle_that_one_worker_takes_back_is_taken_back_by_all(
    eight: Agent, bundle: Path, machines: Machines
) -> None:
    """Of eight machines three fall ill as soon as it runs, in one process: half of what that one hears is a storm."""
    agent = eight
    agent.start()
    until(lambda: agent.health["sources"]["plant"]["connected"])
    proven = agent.health["bundle"]
    manifest = msgspec.json.decode((bundle / "manifest.json").read_bytes())
    (bundle / "manifest.json").write_bytes(msgspec.json.encode(manifest | {"version": "worse"}))
    (done,) = agent.reload()["done"]
    assert "worse instead of" in done
    assert agent.health["bundle"].endswith(" worse")

    ill, well = (worker["sensors"] for worker in agent.workers)
    assert len(ill) == len(well) == 4
    for name in ill[:3]:
        machines.figure(name, SICK)
    until(lambda: agent.health["bundle"] == proven)
    until(lambda: any(notice.startswith("bundle_rolled_back") for notice in agent.health["notices"]))
    until(lambda: sorted(agent.health["open_alerts"]) == [])
    ended = [story for story in machines.story if story[1] == "cleared"]
    assert sorted(story[0] for story in ended) == sorted(ill[:3])

    # both go on under the one that has proved itself
    until(lambda: [worker["running"] for worker in agent.workers] == [True, True])
    for name in (ill[3], well[0]):
        until(lambda name=name: machines.figure(name, SICK, times=1) or (name, "raised", None) in machines.story)
    assert [worker["restarts"] for worker in agent.workers] == [0, 0]
    assert agent.failures == []


def scraped(agent: Agent) -> list[str]:
    """What Prometheus would read."""
    endpoint: Any = agent.daemon._office._house.endpoint
    until(lambda: endpoint.port)
    with urllib.request.urlopen(f"http://127.0.0.1:{endpoint.port}/metrics", timeout=10) as page:
        lines: list[str] = page.read().decode().splitlines()
    return lines


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
