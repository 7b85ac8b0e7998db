"""kill -9 of worker processes at random, again and again, under load: no alert is lost, doubled or left open, and what
is lost of windows is lost of the killed one's sensors alone.

TEXTVIB_KILLS says how often; the figures are printed (`pytest -s`).
"""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mqtt_clients import client_of, leave
from plant import SICK_MM_S, WELL_MM_S, Agent
from waiting import until

KILLS = int(os.environ.get("TEXTVIB_KILLS", "30"))
SEED = 13
SENSORS = tuple(f"pump{number}" for number in range(12))
EVERY_S = 0.04
WORKERS = 3

pytestmark = [pytest.mark.long, pytest.mark.timeout(60 + 20 * KILLS)]


class Sender:
    """Figures of machines, counted, while it is let go on."""

    def __init__(self, broker: Any) -> None:
        self.figures = dict.fromkeys(SENSORS, WELL_MM_S)
        self.sent: Counter[str] = Counter()
        self._client = client_of(broker)
        self._goes, self._ends = threading.Event(), threading.Event()
        self._rests = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def go(self) -> None:
        self._goes.set()

    def rest(self) -> None:
        """Once back, the broker has all that was counted."""
        self._rests.clear()
        self._goes.clear()
        assert self._rests.wait(30)

    def close(self) -> None:
        self._ends.set()
        self._goes.set()
        self._thread.join()
        leave(self._client)

    def _run(self) -> None:
        while not self._ends.is_set():
            last = None
            for sensor, mm_s in list(self.figures.items()) if self._goes.is_set() else ():
                last = self._client.publish(f"plant/{sensor}", str(mm_s), qos=1)
                self.sent[sensor] += 1
            if last is not None:
                last.wait_for_publish(10)
            else:
                self._rests.set()
            self._ends.wait(EVERY_S)


class Heard:
    """What the agent says: diagnoses counted, events in their order."""

    def __init__(self, broker: Any) -> None:
        self.diagnosed: Counter[str] = Counter()
        self.events: dict[int, dict[str, Any]] = {}
        self.repeats: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self.shown: dict[str, bytes] = {}
        self._client = client_of(broker, "textvib/gw/#", self._hear)

    def _hear(self, message: Any) -> None:
        topic = message.topic.removeprefix("textvib/gw/")
        if topic.endswith("/diagnosis"):
            self.diagnosed[topic.split("/")[1]] += 1
        elif topic == "event":
            event = json.loads(message.payload)
            if event["seq"] in self.events:
                self.repeats.append((self.events[event["seq"]], event))
            self.events[event["seq"]] = event
        elif topic.startswith("alert/"):
            self.shown[topic] = message.payload

    @property
    def open(self) -> set[str]:
        """Sensors with an open alert, by the events."""
        last: dict[str, dict[str, Any]] = {}
        for event in sorted(self.events.copy().values(), key=lambda event: event["seq"]):
            last[event["sensor"]] = event
        return {sensor for sensor, event in last.items() if event["event"] != "cleared"}

    def close(self) -> None:
        leave(self._client)


@pytest.fixture
def broker(start_mosquitto) -> Any:
    return start_mosquitto(extra="max_queued_messages 0\nmax_inflight_messages 0")


@pytest.fixture
def agent(broker, tmp_path: Path) -> Iterator[Agent]:
    made = Agent(tmp_path, broker=broker, plant=broker, agent=f"workers = {WORKERS}")
    made.start(*SENSORS)
    yield made
    made.close()


@pytest.fixture
def sender(broker) -> Iterator[Sender]:
    made = Sender(broker)
    yield made
    made.close()


@pytest.fixture
def heard(broker) -> Iterator[Heard]:
    made = Heard(broker)
    yield made
    made.close()


def workers(agent: Agent) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = agent.health["workers"]
    return found


def settled(heard: Heard) -> None:
    """Until nothing more comes."""
    before = -1
    while (now := heard.diagnosed.total()) != before:
        before = now
        time.sleep(0.3)


def test_workers_that_are_killed_at_random_lose_no_alert_and_nobody_elses_windows(agent, sender, heard):
    draw = random.Random(SEED)
    until(lambda: all(worker["running"] for worker in workers(agent)))
    until(lambda: agent.health["sources"]["plant"]["connected"])
    lost, returns = [], []
    for _ in range(KILLS):
        before_sent, before_heard = Counter(sender.sent), Counter(heard.diagnosed)
        sick = {sensor for sensor in SENSORS if draw.random() < 0.5}
        sender.figures = {sensor: SICK_MM_S if sensor in sick else WELL_MM_S for sensor in SENSORS}
        sender.go()
        time.sleep(draw.uniform(0.0, 0.5))
        victim = draw.choice(workers(agent))
        os.kill(victim["pid"], signal.SIGKILL)
        began_s = time.monotonic()
        until(lambda sick=sick: heard.open == sick)
        until(lambda pid=victim["pid"]: all(one["running"] and one["pid"] not in (None, pid) for one in workers(agent)))
        until(lambda: agent.health["sources"]["plant"]["connected"])
        returns.append(time.monotonic() - began_s)
        sender.rest()
        others = [sensor for sensor in SENSORS if sensor not in victim["sensors"]]
        until(
            lambda b=before_sent, h=before_heard, o=others: all(
                sender.sent[sensor] - b[sensor] == heard.diagnosed[sensor] - h[sensor] for sensor in o
            )
        )
        settled(heard)
        lost.append(
            max(
                sender.sent[sensor] - before_sent[sensor] - heard.diagnosed[sensor] + before_heard[sensor]
                for sensor in victim["sensors"]
            )
        )
        assert heard.open == sick
    sender.figures = dict.fromkeys(SENSORS, WELL_MM_S)
    sender.go()
    until(lambda: not heard.open)
    until(lambda: not any(heard.shown.values()))
    stories: dict[str, list[str]] = {}
    for event in sorted(heard.events.values(), key=lambda event: event["seq"]):
        stories.setdefault(event["id"], []).append(event["event"])
    for told in stories.values():
        assert [event for event in told if event != "updated"] == ["raised", "cleared"]
    assert all(first == again for first, again in heard.repeats)
    assert agent.health["open_alerts"] == []
    assert sum(worker["restarts"] for worker in workers(agent)) == KILLS
    away_s = sum(worker["away_s"] for worker in workers(agent))
    print(
        f"\n{KILLS} kills, {len(stories)} alerts, {len(heard.repeats)} repeats; a worker was back after "
        f"{away_s / KILLS:.2f} s on average (the round's end {statistics.median(returns):.2f} s, longest "
        f"{max(returns):.2f} s); windows lost of its sensors {statistics.median(lost):g} of 25 a second, at "
        f"most {max(lost)}; of the others 0"
    )


def test_a_worker_that_hangs_and_the_process_that_they_come_from_are_made_anew(agent, sender, heard):
    until(lambda: all(worker["running"] for worker in workers(agent)))
    first, *others = workers(agent)
    os.kill(first["pid"], signal.SIGSTOP)
    until(lambda: workers(agent)[0]["restarts"] == 1 and workers(agent)[0]["running"], seconds=90)
    assert [worker["restarts"] for worker in workers(agent)[1:]] == [0] * len(others)
    # The first ones were forked from the agent itself: only the one that came after them goes with the nursery.
    nursery = int(Path(f"/proc/{workers(agent)[0]['pid']}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(nursery, signal.SIGKILL)
    until(lambda: workers(agent)[0]["restarts"] == 2 and all(worker["running"] for worker in workers(agent)))
    assert [worker["restarts"] for worker in workers(agent)[1:]] == [0] * len(others)
    until(lambda: agent.health["sources"]["plant"]["connected"])
    sender.figures = dict.fromkeys(SENSORS, SICK_MM_S)
    sender.go()
    until(lambda: heard.open == set(SENSORS))
