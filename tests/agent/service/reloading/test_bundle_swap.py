"""A bundle exchanged while the agent runs: watched, taken back by itself where it is no good, kept where it is."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from line_bundle import BUNDLE, LineEncoder, bundle
from reloading import Agent, Machines, other_bundle
from waiting import until

from agent.diagnosis.baseline import DeviationScale
from agent.dsp.features import FeatureSpec
from agent.service.control import Commission, Status

NAMES = ("pump_a", "pump_b", "pump_c")


@pytest.fixture(scope="module")
def machines(mosquitto) -> Iterator[Machines]:
    made = Machines(mosquitto, "bundle-swap")
    yield made
    made.close()


@pytest.fixture(scope="module")
def agent(mosquitto, machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """One for all cases: each leaves it with the bundle that it found, or one that is as good."""
    made = Agent(tmp_path_factory.mktemp("swap"), machines, mosquitto)
    made.configure(*NAMES)
    made.start()
    for name in NAMES:
        made.ask(Commission(name, windows=5, anyway=True))
    machines.shake(*NAMES, seconds=5.0)
    until(lambda: all(made.sensor(name)["healthy_state"]["speeds"] for name in NAMES))
    yield made
    made.end()


@pytest.fixture(autouse=True)
def from_here(agent: Agent, machines: Machines) -> None:
    """Each case begins with the bundle that has proved itself."""
    agent.bundle = BUNDLE
    agent.reload()
    assert running(agent) == "test 1"
    machines.heard.clear()


def running(agent: Agent) -> str:
    name: str = agent.health["bundle"]
    return name


def learnt(agent: Agent) -> list[bool]:
    return [bool(agent.sensor(name)["healthy_state"]["speeds"]) for name in NAMES]


def exchange(agent: Agent, encoder: object, version: str, **changes: object) -> str:
    """Have another bundle run; the name of that before it."""
    before = running(agent)
    agent.bundle, agent.encoder = other_bundle(version, **changes), encoder
    (done,) = agent.reload()["done"]
    assert done == f"bundle: test {version} instead of {before}; it is watched"
    assert running(agent) == f"test {version}"
    return before


def rolled_back(agent: Agent, before: str) -> str:
    """The notice that says so."""
    until(lambda: running(agent) == before)
    (notice,) = (notice for notice in agent.health["notices"] if notice.startswith("bundle_rolled_back"))
    return notice


class Failing:
    """An encoder that fails once it runs in earnest, or gives what is no embedding."""

    def __init__(self, answer: np.ndarray | None) -> None:
        self.answer = answer

    def embed(self, codes: np.ndarray) -> np.ndarray:
        if self.answer is None:
            raise RuntimeError("no such operator")
        return self.answer


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "its encoder fails: RuntimeError: no such operator"),
        (np.zeros(3, np.int8), "its encoder gives what is no embedding (int8 (3,))"),
        (np.ones(7, np.int8), "its encoder gives what is no embedding (int8 (7,))"),
    ],
)
def test_a_bundle_that_does_not_compute_is_taken_back_and_says_nothing(agent, machines, answer, why):
    windows = agent.sensor(NAMES[-1])["windows"]
    before = exchange(agent, Failing(answer), why)
    machines.shake(*NAMES, seconds=2.0)
    assert why in rolled_back(agent, before)
    until(lambda: agent.sensor(NAMES[-1])["windows"] >= windows + 4)
    said = [json.loads(payload) for topic, payload in machines.heard if topic.endswith("diagnosis")]
    assert {one["fault"] for one in said} == {"healthy"}
    assert all(learnt(agent))
    assert all(agent.sensor(name)["losses"]["lost_on_wire"] == 0 for name in NAMES)
    assert agent.reload()["done"] == ["nothing has changed"]
    assert running(agent) == before


def test_a_storm_of_alerts_takes_a_bundle_back_and_ends_what_it_raised(agent, machines):
    size = len(agent.bundle.manifest.deviation.typical_sd)
    narrow = DeviationScale(typical_sd=(1e-6,) * size, limits={"level": 1e-3})
    before = exchange(agent, LineEncoder(), "storm", deviation=narrow)
    machines.shake(*NAMES, seconds=4.0)
    assert "it raised alerts of 3 of 3 bearings" in rolled_back(agent, before)
    until(lambda: len(machines.story) == 6)
    assert sorted(machines.story[:3]) == [(name, "raised", None) for name in NAMES]
    assert sorted(machines.story[3:]) == [(name, "cleared", "rolled_back") for name in NAMES]
    machines.shake(*NAMES, seconds=2.0)
    until(lambda: {state["state"] for state in agent.ask(Status())["states"].values()} == {"healthy"})
    assert len(machines.story) == 6


def test_a_bundle_that_computes_is_kept_with_what_was_learnt_and_an_alert_that_stands(agent, machines):
    machines.shake(NAMES[0], seconds=4.0, faulty=True)
    until(lambda: machines.story == [(NAMES[0], "raised", None)])
    exchange(agent, LineEncoder(), "good")
    windows = agent.sensor(NAMES[0])["windows"]
    machines.shake(NAMES[0], seconds=4.0, faulty=True)
    until(lambda: agent.sensor(NAMES[0])["windows"] == windows + 8)
    assert len(agent.health["open_alerts"]) == 1
    machines.shake(NAMES[0], seconds=4.0)
    until(lambda: machines.story[1:] == [(NAMES[0], "cleared", "recovered")])
    assert all(learnt(agent))
    assert running(agent) == "test good"
    assert not any(notice.startswith("bundle_rolled_back") for notice in agent.health["notices"])


def test_another_definition_of_features_is_told_to_be_learnt_anew_and_taken_back_with_all(agent, machines):
    before = running(agent)
    agent.bundle = other_bundle("long windows", bundle(FeatureSpec(window_s=2.0, hop_s=0.5)))
    agent.encoder = Failing(None)
    assert agent.reload()["told"] == [
        f"{name}: its baseline was learnt with other features than this bundle's; commission it again" for name in NAMES
    ]
    assert not any(learnt(agent))
    machines.shake(*NAMES, seconds=3.0)
    rolled_back(agent, before)
    assert all(learnt(agent))
    assert not any("commission it again" in notice for notice in agent.health["notices"])
