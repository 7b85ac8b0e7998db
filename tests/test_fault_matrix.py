"""Every fault of the virtual sensor, from its samples to the agent's state: the right end, the right confidence, and
every sample accounted for against what the device and the line themselves remember."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from agent.assembly import load_encoder
from agent.bundle import load_bundle
from agent.catalogue import geometry_of
from agent.decision import DecisionConfig
from agent.ledger import Balance, Ledger
from agent.machine import Bearing, Machine, SensorSetup
from agent.pipeline import Pipeline
from agent.sources.routes import Route, Routes
from agent.types import Alert, DeviceStatus, Diagnosis, Item, SampleBlock, SourceFault, State, StateChange
from agent.vbp import FrameReader
from firmware_bridge.decoder import Decoder
from firmware_bridge.device import Profile, Said, Troubles, VirtualSensor
from firmware_bridge.frames import Data, Status
from firmware_bridge.line import Line
from simulator import demo_source, typical_condition

RATE_HZ = 12_800.0
SECONDS = 16.0
SICK_SECONDS = 24.0
STEP_S = 0.02
LEARN_WINDOWS = 12
PROFILE = Profile(rate_hz=RATE_HZ, hello_s=1.0, status_s=1.0)
SETUP = SensorSetup("pump", Machine("m", rpm=1797.0, speed_source="config"), (Bearing("de", geometry_of("6205")),))
CONFIG = DecisionConfig()


@dataclass(frozen=True, slots=True)
class Truth:
    """What the device and the line knew when a STATUS was said; its sums run over one session."""

    produced: int
    dropped_fifo: int
    dropped_queue: int
    queued: int
    lost: int  # on the line, in this session


class Receiver:
    """The agent's side of one line, on a clock that is the device's own true time plus the delay of the line."""

    def __init__(self, *, live: bool = True) -> None:
        bundle = load_bundle("default")
        self.pipeline = Pipeline(SETUP, bundle=bundle, encoder=load_encoder(bundle)[1], config=CONFIG)
        self.pipeline.commission(LEARN_WINDOWS)
        self.ledger = Ledger()
        self.reader = FrameReader(Routes((Route("pump"),)), live=live)
        self.items: list[Item] = []
        self.diagnoses: list[Diagnosis] = []
        self.alerts: list[Alert] = []
        self.states: list[StateChange] = []
        self.settled: list[tuple[Balance, Truth]] = []
        self.now_s = 0.0
        self._decoder = Decoder()
        self._delay_s = np.random.default_rng(99)

    def hear(self, piece: bytes, *, sent_s: float, truth: Truth | None) -> None:
        """One frame as it came over the wire; `truth` where it was a STATUS."""
        self.now_s = max(self.now_s, sent_s + float(self._delay_s.exponential(0.001)))
        for frame in self._decoder.feed(piece):
            for item in self.reader.feed(frame, arrival_s=self.now_s, wall_s=None):
                self.take(item, truth)

    def take(self, item: Item, truth: Truth | None) -> None:
        self.items.append(item)
        self.ledger.feed(item)
        if isinstance(item, DeviceStatus) and truth is not None:
            balance = self.ledger.balance("pump")
            assert balance is not None
            self.settled.append((balance, truth))
        for output in self.pipeline.feed(item):
            match output:
                case Diagnosis():
                    self.diagnoses.append(output)
                case Alert():
                    self.alerts.append(output)
                case StateChange():
                    self.states.append(output)

    @property
    def faults(self) -> Counter[str]:
        return Counter(item.kind for item in self.items if isinstance(item, SourceFault))


class Sender:
    """One device, its motor and its line, and the truth about them."""

    def __init__(self, sensor: VirtualSensor, line: Line, *, seed: int = 5) -> None:
        self.sensor = sensor
        self.line = line
        self.motor = demo_source("healthy", rate_hz=sensor.true_rate_hz, seed=seed)
        self._given = 0
        self._session: int | None = None
        self._lost_before = 0  # on the line, in sessions that ended

    def speak(self, receiver: Receiver, *, until_s: float) -> None:
        """The samples up to `until_s`, spoken to the receiver frame by frame."""
        due = round(until_s * self.sensor.true_rate_hz)
        said = self.sensor.produce(self.motor.next(due - self._given))
        self._given = due
        for item in said:
            truth = self._truth(item)
            for piece in self.line.carry([item]):
                receiver.hear(piece, sent_s=until_s, truth=truth)

    def _truth(self, item: Said) -> Truth | None:
        if not isinstance(item, bytes) and item.session != self._session:
            self._session, self._lost_before = item.session, self.line.samples_lost
        if not isinstance(item, Status):
            return None
        lost = self.line.samples_lost - self._lost_before
        return Truth(item.produced, item.dropped_fifo, item.dropped_queue, item.queued, lost)


@dataclass(frozen=True, slots=True)
class Outcome:
    receiver: Receiver
    sender: Sender


def run(
    troubles: Troubles,
    line: Line,
    *,
    seconds: float = SECONDS,
    live: bool = True,
    sick_from_s: float | None = None,
) -> Outcome:
    """`seconds` of device time, as fast as they go; from `sick_from_s` on the outer race is damaged."""
    receiver, sender = Receiver(live=live), Sender(VirtualSensor(PROFILE, troubles, seed=7), line)
    for step in range(1, round(seconds / STEP_S) + 1):
        if sick_from_s is not None and step == round(sick_from_s / STEP_S):
            sender.motor.change(condition=typical_condition("outer_race"))
        sender.speak(receiver, until_s=step * STEP_S)
    return Outcome(receiver, sender)


CELLS: dict[str, Callable[[], Outcome]] = {
    "good": lambda: run(Troubles(), Line()),
    "jitter": lambda: run(Troubles(jitter_us=1500), Line()),
    "frame_drops": lambda: run(Troubles(), Line(frame_loss=0.02, seed=2)),
    "bit_errors": lambda: run(Troubles(), Line(bit_errors=1e-6, seed=3)),
    "clock_fast": lambda: run(Troubles(clock_error=0.04), Line()),
    "clock_slow": lambda: run(Troubles(clock_error=-0.04), Line()),
    "fifo_overruns": lambda: run(Troubles(fifo_overruns=0.4), Line()),
    "queue_stalls": lambda: run(Troubles(queue_stalls=0.4), Line()),
    "resets": lambda: run(Troubles(resets=0.15), Line()),
    "frozen_clock": lambda: run(Troubles(clock="frozen"), Line()),
    "missing_clock": lambda: run(Troubles(clock="none"), Line()),
}
outcome_of = cache(lambda cell: CELLS[cell]())
if __name__ == "__main__":
    import time
    for c in CELLS:
        t=time.time(); o=outcome_of(c); r=o.receiver
        print(c, round(time.time()-t,2), r.pipeline.state, [(s.state.value, s.reason, round(s.time_s,1)) for s in r.states], len(r.alerts), len(r.diagnoses), r.diagnoses[-1].rate, Counter(d.rate.origin for d in r.diagnoses), r.faults, Counter(d.fault for d in r.diagnoses))
        print("   ", r.settled[-1], o.sender.line.samples_lost, o.sender.line.frames_lost, o.sender.line.frames_damaged, r.ledger.total("pump"), o.sender.sensor.life)
