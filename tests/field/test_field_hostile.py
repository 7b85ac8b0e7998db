"""Messages that are none, floods and signals that cannot be: other sensors lose nothing, what is refused is counted,
and nothing that cannot be judged is called healthy.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
import pytest
from field_agent import Agent, Listener, until_online
from requirements import ROOT
from test_field_soak import HOSTILE
from waiting import until

STEP_S = 0.25
SAMPLES = 1024  # of a step, at 4096 Hz
FLOOD_S = 5.0


def windows(agent: Agent, sensor: str) -> int:
    number: int = agent.health()["sensors"][sensor]["windows"]
    return number


def test_messages_that_are_none_are_counted_and_cost_nobody_else_a_window(
    start_agent: Callable[..., Agent], listener: Listener
) -> None:
    agent = start_agent()
    until_online(listener, agent)
    listener.shake(0)
    until(lambda: agent.health()["sources"]["plant"]["counters"]["messages"] == 1)
    before = windows(agent, "tape")
    for payload in HOSTILE:
        listener._client.publish("plant/pump", payload, qos=1)
    until(lambda: agent.health()["sources"]["plant"]["counters"]["messages"] == 1 + len(HOSTILE))
    refused = len([payload for payload in HOSTILE if payload])  # an empty one empties what is retained
    until(lambda: sum(agent.health()["sources"]["plant"]["faults"].values()) == refused)
    refusals = agent.health()["sources"]["plant"]["refusals"]
    assert all(refusal["where"] == "plant/pump" for refusal in refusals)
    listener.shake(1)
    until(lambda: agent.health()["sensors"]["pump_de"]["losses"]["received"] == 2 * SAMPLES)
    until(lambda: windows(agent, "tape") > before)
    tape = agent.health()["sensors"]["tape"]
    assert (tape["losses"]["dropped_agent"], tape["explained"]) == (0, True)


@pytest.mark.long
@pytest.mark.parametrize(("size", "pause_s"), [(20, 0.0), (1 << 20, 0.05)], ids=["small", "20 MB a second"])
def test_a_flood_on_one_topic_is_counted_and_leaves_the_agent_and_the_other_sensor_alive(
    size: int, pause_s: float, start_agent: Callable[..., Agent], listener: Listener
) -> None:
    agent = start_agent()
    until_online(listener, agent)
    before, warm_mb = windows(agent, "tape"), agent.health()["memory_mb"]
    payload = b'{"x": [' + b"1," * (size // 2) + b"1]}"
    until_s = time.monotonic() + FLOOD_S
    while time.monotonic() < until_s:
        listener._client.publish("plant/pump", payload)
        time.sleep(pause_s)
    until(lambda: windows(agent, "tape") > before + 2, seconds=30)
    health = agent.health()
    plant = health["sources"]["plant"]
    refused = sum(plant["faults"].values()) + plant["dropped_items"] + plant["counters"].get("dropped_unread", 0)
    assert refused > 0
    assert health["memory_mb"] < warm_mb + 80
    assert agent.process.poll() is None
    until(lambda: agent.health()["sensors"]["tape"]["lag_s"] < 5.0, seconds=30)


def bad(kind: str, number: int) -> dict[str, Any]:
    """A quarter of a second of a signal that no machine makes."""
    draw = np.random.default_rng(number)
    good = draw.normal(0, 0.1, SAMPLES)
    made = {
        "zeros": np.zeros(SAMPLES),
        "stuck": np.full(SAMPLES, 0.37),
        "clipped": np.clip(good * 400, -16, 16),
        "steps": np.round(good * 2) / 2,
        "huge": good * 1e9,
        "square": np.where(np.arange(SAMPLES) % 2, 16.0, -16.0),
        "one value among zeros": np.eye(1, SAMPLES, 5)[0] * 16,
    }[kind]
    return {"rate_hz": 4096, "unit": "g", "x": made.round(4).tolist()}


def speak(listener: Listener, message: Callable[[int], dict[str, Any]], seconds: float) -> None:
    began_s = time.monotonic()
    for number in count():
        listener._client.publish("plant/pump", json.dumps(message(number)), qos=1)
        wait_s = began_s + STEP_S * (number + 1) - time.monotonic()
        if time.monotonic() - began_s > seconds:
            return
        time.sleep(max(0.0, wait_s))


KINDS = ("zeros", "stuck", "clipped", "steps", "huge", "square", "one value among zeros")


@pytest.mark.long
@pytest.mark.timeout(300)
def test_after_commissioning_no_signal_that_cannot_be_is_called_healthy(
    start_agent: Callable[..., Agent], listener: Listener
) -> None:
    agent = start_agent()
    until_online(listener, agent)

    def good(number: int) -> dict[str, Any]:
        x = np.random.default_rng(number).normal(0, 0.1, SAMPLES).round(4).tolist()
        return {"rate_hz": 4096, "unit": "g", "x": x}

    speaks = threading.Thread(target=speak, args=(listener, good, 20.0))
    speaks.start()
    command = [sys.executable, "-m", "agent", "commission", "pump_de", "--windows", "24", "--anyway"]
    learnt = subprocess.run(
        [*command, "--state-dir", str(agent.state_dir)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    speaks.join()
    assert learnt.returncode == 0, learnt.stderr
    for kind in KINDS:
        speak(listener, lambda number, kind=kind: bad(kind, number), 5.0)
        state = json.loads(listener.last("sensor/pump_de/state") or b"{}")
        assert state["state"] != "healthy", (kind, state["state"], state["reason"])
    assert agent.process.poll() is None
