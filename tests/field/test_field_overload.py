"""A computer that is too slow says so, stays near the present, and takes no sensor for lost."""

from __future__ import annotations

import json
import threading
import time
from itertools import count

import pytest
from field_agent import until_online
from waiting import until

from agent.service.inbox import MAX_AGE_S

SLOW_FOR_S = 30.0


@pytest.mark.long
def test_a_worker_that_is_too_slow_leaves_windows_out_and_says_so(start_agent, listener):
    agent = start_agent(hangs="slow")
    until_online(listener, agent)
    stop = threading.Event()

    def shake() -> None:
        began_s = time.monotonic()
        for number in count():
            listener.shake(number)
            if stop.wait(max(0.0, began_s + 0.25 * (number + 1) - time.monotonic())):
                return

    shaking = threading.Thread(target=shake)
    shaking.start()
    try:
        until(lambda: listener.heard("sensor/pump_de/diagnosis"))
        agent.hang()
        lags = []
        until_s = time.monotonic() + SLOW_FOR_S
        while time.monotonic() < until_s:
            sensor = agent.health()["sensors"]["pump_de"]
            lags.append(sensor["lag_s"])
            time.sleep(0.5)
        assert max(lags) < 2 * MAX_AGE_S
        assert max(lags) > 1.0
        sensor = agent.health()["sensors"]["pump_de"]
        assert sensor["overloaded"]
        assert sensor["losses"]["dropped_agent"] > 0
        assert sensor["explained"]
        states = [json.loads(payload) for payload in listener.heard("sensor/pump_de/state")]
        assert any(notice.startswith("overloaded: ") for notice in states[-1]["notices"])
        assert not any(one["state"] == "lost" and one["reason"] == "no_data" for one in states)
        assert "check the sensor's power" not in agent.log
        agent.let_go()
        until(lambda: agent.health()["sensors"]["pump_de"]["lag_s"] < 1.0, seconds=15)
        assert agent.process.poll() is None
    finally:
        stop.set()
        shaking.join()
