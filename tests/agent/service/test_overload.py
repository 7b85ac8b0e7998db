"""Where the worker cannot keep up, one sensor after the other is left out, whole, counted, and told."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from agent.service.inbox import BLOCKS, MAX_AGE_S, OVERLOADED_S, TURN_S, Inbox
from agent.service.sensor import OVERLOADED, SensorDesk
from agent.types import SampleBlock, State, StateChange, Stream

RATE_HZ = 1000.0
BLOCK_S = 0.25
SENSORS = ("a", "b", "c")


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def block(sensor: str, number: int, samples: int = round(BLOCK_S * RATE_HZ)) -> SampleBlock:
    return SampleBlock(Stream(sensor, RATE_HZ), number * samples, np.zeros((samples, 1), np.float32))


class Scene:
    """Three sensors on one line, and a worker that takes so many blocks a second."""

    def __init__(self, *, per_s: float, patient: bool = False) -> None:
        self.clock = Clock()
        self.inbox = Inbox(["line"], clock=self.clock, patient=["line"] if patient else [])
        self.judged: dict[str, list[int]] = {sensor: [] for sensor in SENSORS}
        self.lags: list[float] = []
        self._per_s, self._credit, self._ready = per_s, 0.0, list[Any]()

    def run(self, seconds: float) -> None:
        for number in range(round(seconds / BLOCK_S)):
            self.inbox.put("line", [block(sensor, number) for sensor in SENSORS])
            self._work()
            self.clock.now_s += BLOCK_S
            self.lags.append(self.inbox.lag_s("line"))

    def _work(self) -> None:
        self._credit += self._per_s * BLOCK_S
        while self._credit >= 1:
            self._ready = self._ready or self.inbox.take(0.0)
            if not self._ready:
                self._credit = 0.0
                return
            _, item = self._ready.pop(0)
            self.judged[item.stream.sensor].append(item.start)
            self._credit -= 1


def test_a_worker_that_keeps_up_leaves_nothing_out() -> None:
    scene = Scene(per_s=13.0)  # 12 come
    scene.run(60.0)
    assert scene.inbox.dropped("line") == 0
    assert max(scene.lags) <= BLOCK_S
    assert not any(scene.inbox.is_overloaded(sensor) for sensor in SENSORS)


def test_a_worker_that_is_2_4_times_too_slow_stays_near_the_present_by_turns() -> None:
    scene = Scene(per_s=5.0)
    scene.run(150.0)
    assert max(scene.lags) < 2 * MAX_AGE_S
    assert all(scene.inbox.is_overloaded(sensor) for sensor in SENSORS)
    counts = {sensor: len(starts) for sensor, starts in scene.judged.items()}
    assert max(counts.values()) < 1.5 * min(counts.values())
    for sensor in SENSORS:
        balance = scene.inbox.balance(sensor)
        assert balance is not None
        assert balance.explained
        assert balance.dropped_agent > 0.3 * balance.received
        # What is judged comes in stretches that hold windows of two seconds.
        starts = scene.judged[sensor]
        gaps = sum(after - before > BLOCK_S * RATE_HZ for before, after in pairwise(starts))
        assert len(starts) * BLOCK_S / (gaps + 1) > 2.0


def test_overload_is_forgotten_after_a_while() -> None:
    scene = Scene(per_s=5.0)
    scene.run(30.0)
    assert scene.inbox.is_overloaded("a")
    scene.clock.now_s += OVERLOADED_S + 1.0
    assert not scene.inbox.is_overloaded("a")


def test_a_recording_waits_for_as_long_as_it_takes() -> None:
    scene = Scene(per_s=1.0, patient=True)
    scene.run(60.0)
    assert scene.inbox.dropped("line") == 0
    assert max(scene.lags) > 10 * MAX_AGE_S


def test_one_sensor_gives_way_at_a_time() -> None:
    clock = Clock()
    inbox = Inbox(["line"], clock=clock)
    inbox.put("line", [block(sensor, 0) for sensor in SENSORS])
    clock.now_s += MAX_AGE_S + 0.1
    for turn, left in enumerate([2, 1, 0]):
        inbox.put("line", [])
        inbox.put("line", [])  # its turn is not over
        assert inbox.dropped("line") == 3 - left, turn
        clock.now_s += TURN_S
    assert inbox.is_empty


def test_all_lanes_together_are_bounded_and_the_fullest_pays() -> None:
    inbox = Inbox(["loud", "quiet"], clock=Clock(), max_bytes_in_all=100_000)
    inbox.put("quiet", [block("b", 0)])
    inbox.put("loud", [block("a", number, samples=5000) for number in range(8)])
    assert inbox.dropped("quiet") == 0
    assert inbox.dropped("loud") == 4


def test_few_blocks_are_taken_at_a_time() -> None:
    inbox = Inbox(["line"], clock=Clock())
    inbox.put("line", [block("a", number) for number in range(20)])
    assert len(inbox.take(0.0)) == BLOCKS


class Silent:
    """A pipeline that finds its sensor lost."""

    setup = SimpleNamespace(sensor="a")

    def tick(self, now_s: float) -> list[StateChange]:
        return [StateChange("a", State.LOST, "no_window", now_s, None)]


def test_a_sensor_that_was_left_out_is_not_to_blame() -> None:
    pipeline: Any = Silent()
    desk = SensorDesk(pipeline)
    (change,) = desk.tick(1.0, overloaded=True)
    assert isinstance(change, StateChange)
    assert (change.state, change.reason) == (State.LOST, OVERLOADED)
    (change,) = desk.tick(1.0)
    assert isinstance(change, StateChange)
    assert change.reason == "no_window"
