"""Two worker processes under one agent, whose config or bundle changes; page and metrics are of both."""

from __future__ import annotations

import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from reloading import Machines
from two_workers import NAMES, SICK, WELL, Agent
from waiting import until

from agent.bundle.load import DEFAULT
from agent.service.control import Look, ask
from agent.service.requests import TakeFigures

pytestmark = pytest.mark.long

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
    # said again until it is heard: who hears them now may not have subscribed yet when the source is connected
    until(
        lambda: (
            [machines.figure(name, WELL, times=1) for name in NAMES]
            and sorted(machines.story[4:]) == [(name, "cleared", "recovered") for name in NAMES]
        )
    )
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
    assert {bundle.rpartition(" ")[2] for bundle in judging(agent)} == {"worse"}

    ill, well = (worker["sensors"] for worker in agent.workers)
    assert len(ill) == len(well) == 4
    for name in ill[:3]:
        machines.figure(name, SICK)
    until(lambda: judging(agent) == [proven, proven])
    assert agent.health["bundle"] == proven
    until(lambda: any(notice.startswith("bundle_rolled_back") for notice in agent.health["notices"]))
    until(lambda: sorted(agent.health["open_alerts"]) == [])

    def ended() -> list[tuple[str, str, str | None]]:  # as the broker hands it on, after the agent has said so
        return [story for story in machines.story if story[1] == "cleared"]

    until(lambda: len(ended()) >= len(ill[:3]))
    assert sorted(story[0] for story in ended()) == sorted(ill[:3])

    # both go on under the one that has proved itself
    until(lambda: [worker["running"] for worker in agent.workers] == [True, True])
    for name in (ill[3], well[0]):
        until(lambda name=name: machines.figure(name, SICK, times=1) or (name, "raised", None) in machines.story)
    assert [worker["restarts"] for worker in agent.workers] == [0, 0]
    assert agent.failures == []


def judging(agent: Agent) -> list[str]:
    """The bundle by which each worker judges."""
    return [share.bundle for share in agent.daemon._office.hearing.ask(TakeFigures()).result(10)["shares"]]


def scraped(agent: Agent) -> list[str]:
    """What Prometheus would read."""
    endpoint: Any = agent.daemon._office._house.endpoint
    until(lambda: endpoint.port)
    with urllib.request.urlopen(f"http://127.0.0.1:{endpoint.port}/metrics", timeout=10) as page:
        lines: list[str] = page.read().decode().splitlines()
    return lines
