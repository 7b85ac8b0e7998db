"""Every fault of the virtual sensor, from its samples to the agent's state: the right end, the right confidence, and
every sample accounted for against what the device and the line themselves remember."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, Protocol

import numpy as np
import pytest

from agent.alerting.window_rules import DecisionConfig
from agent.bearings.given import inside_of
from agent.bundle.encoder import load_encoder
from agent.bundle.load import load_bundle
from agent.machine import Bearing, Machine, SensorSetup
from agent.pipeline import Pipeline
from agent.stream.ledger import Balance, Ledger
from agent.transport.routes import Route, Routes
from agent.transport.vbp import FrameReader
from agent.types import (
    Alert,
    DeviceStatus,
    Diagnosis,
    Item,
    Output,
    SampleBlock,
    Samples,
    SourceFault,
    State,
    StateChange,
)
from firmware_bridge.decoder import Decoder
from firmware_bridge.device import Profile, Said, Troubles, VirtualSensor
from firmware_bridge.frames import Status
from firmware_bridge.line import Line
from simulator import demo_source, typical_condition

RATE_HZ = 12_800.0
SECONDS = 24.0
LONGEST_S = 40.0  # in which a clock shows how well it goes
SEED = 5  # of the motor
STEP_S = 0.02
LEARN_WINDOWS = 12
PROFILE = Profile(rate_hz=RATE_HZ, hello_s=1.0, status_s=1.0)
LONG_BLOCKS = replace(PROFILE, block_samples=1024)  # where every loss breaks a window, few large frames lose less
SETUP = SensorSetup("pump", Machine("m", rpm=1797.0, speed_source="config"), (Bearing("de", inside_of("6205")),))
CONFIG = DecisionConfig()
IMPATIENT = DecisionConfig(lost_after_s=10.0)


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

    def __init__(self, *, live: bool = True, config: DecisionConfig = CONFIG) -> None:
        bundle = load_bundle("default")
        self.pipeline = Pipeline(SETUP, bundle=bundle, encoder=load_encoder(bundle)[1], config=config)
        self.pipeline.healthy.commission(LEARN_WINDOWS)
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

    def wait(self, now_s: float) -> None:
        """Time passes."""
        self.now_s = max(self.now_s, now_s)
        self._note(self.pipeline.tick(self.now_s))

    def take(self, item: Item, truth: Truth | None) -> None:
        self.items.append(item)
        self.ledger.feed(item)
        if isinstance(item, DeviceStatus) and truth is not None:
            balance = self.ledger.balance("pump")
            assert balance is not None
            self.settled.append((balance, truth))
        self._note(self.pipeline.feed(item))

    def _note(self, outputs: list[Output]) -> None:
        for output in outputs:
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


@cache
def recorded(rate_hz: float) -> Samples:
    """What the healthy motor of every cell does: made once for each true rate."""
    return demo_source("healthy", rate_hz=rate_hz, seed=SEED).next(round(LONGEST_S * rate_hz))


class Motor(Protocol):
    def next(self, n: int, /) -> Samples: ...


class HealthyMotor:
    """The healthy motor played, which shakes as the simulated one does and costs nothing."""

    def __init__(self, rate_hz: float) -> None:
        self._samples = recorded(rate_hz)
        self._given = 0

    def next(self, n: int) -> Samples:
        self._given += n
        assert self._given <= len(self._samples)
        return self._samples[self._given - n : self._given]


class Sender:
    """One device, its motor and its line, and the truth about them."""

    def __init__(self, sensor: VirtualSensor, line: Line, *, motor: Motor) -> None:
        self.sensor = sensor
        self.line = line
        self.motor = motor
        self._given = 0
        self._session: int | None = None
        self._lost_before = 0  # on the line, in sessions that ended

    def speak(self, receiver: Receiver, *, until_s: float, at_s: float | None = None) -> None:
        """The samples up to `until_s` of the device's time, told frame by frame, by the receiver's clock at `at_s`."""
        due = round(until_s * self.sensor.true_rate_hz)
        said = self.sensor.produce(self.motor.next(due - self._given))
        self._given = due
        for item in said:
            truth = self._truth(item)
            for piece in self.line.carry([item]):
                receiver.hear(piece, sent_s=until_s if at_s is None else at_s, truth=truth)

    def _truth(self, item: Said) -> Truth | None:
        if not isinstance(item, bytes) and item.session != self._session:
            self._session, self._lost_before = item.session, self.line.samples_lost
        if not isinstance(item, Status):
            return None
        lost = self.line.samples_lost - self._lost_before
        return Truth(item.produced, item.dropped_fifo, item.dropped_queue, item.queued, lost)


def terms_of(balance: Balance) -> int:
    """What `produced` must be the sum of."""
    booked = balance.received + balance.lost_on_wire + balance.rejected + balance.in_flight + balance.before_hello
    return booked + balance.dropped_fifo + balance.dropped_queue


@dataclass(frozen=True, slots=True)
class Outcome:
    receiver: Receiver
    sender: Sender


def run(
    troubles: Troubles | None = None,
    line: Line | None = None,
    *,
    profile: Profile = PROFILE,
    seconds: float = SECONDS,
    falls_sick: bool = False,
    live: bool = True,
) -> Outcome:
    """Device time as fast as it goes; `falls_sick` damages the outer race once the machine was found healthy."""
    receiver = Receiver(live=live)
    sensor = VirtualSensor(profile, troubles, seed=7)
    changing = demo_source("healthy", rate_hz=sensor.true_rate_hz, seed=SEED) if falls_sick else None
    sender = Sender(sensor, line or Line(), motor=changing or HealthyMotor(sensor.true_rate_hz))
    for step in range(1, round(seconds / STEP_S) + 1):
        if changing and receiver.pipeline.decision.state is State.HEALTHY:
            changing.change(condition=typical_condition("outer_race"))
            changing = None
        sender.speak(receiver, until_s=step * STEP_S)
        receiver.wait(step * STEP_S)
    return Outcome(receiver, sender)


CELLS: dict[str, Callable[[], Outcome]] = {
    "good": lambda: run(seconds=LONGEST_S),
    "jitter": lambda: run(Troubles(jitter_us=1500)),
    "frame_drops": lambda: run(line=Line(frame_loss=0.05, seed=2), profile=LONG_BLOCKS, seconds=LONGEST_S),
    "bit_errors": lambda: run(line=Line(bit_errors=1e-6, seed=3)),
    "clock_fast": lambda: run(Troubles(clock_error=0.04), seconds=LONGEST_S),
    "clock_slow": lambda: run(Troubles(clock_error=-0.04), seconds=LONGEST_S),
    "fifo_overruns": lambda: run(Troubles(fifo_overruns=0.3)),
    "queue_stalls": lambda: run(Troubles(queue_stalls=0.3)),
    "resets": lambda: run(Troubles(resets=0.25)),
    "frozen_clock": lambda: run(Troubles(clock="frozen")),
    "missing_clock": lambda: run(Troubles(clock="none")),
}
outcome_of = cache(lambda cell: CELLS[cell]())


@pytest.mark.parametrize("cell", CELLS)
def test_a_healthy_machine_ends_healthy_and_nobody_is_alarmed(cell: str) -> None:
    receiver = outcome_of(cell).receiver
    assert receiver.pipeline.decision.state is State.HEALTHY
    assert receiver.alerts == []
    assert {change.state for change in receiver.states} == {State.LEARNING, State.HEALTHY}


@pytest.mark.parametrize("cell", CELLS)
def test_the_balance_adds_up_at_every_status_and_is_the_truth(cell: str) -> None:
    outcome = outcome_of(cell)
    assert len(outcome.receiver.settled) >= 0.9 * SECONDS - 1  # a status each second, but for the line's losses
    for balance, truth in outcome.receiver.settled:
        assert balance.explained
        assert balance.produced == truth.produced == terms_of(balance)
        assert (balance.dropped_fifo, balance.dropped_queue) == (truth.dropped_fifo, truth.dropped_queue)
        assert balance.in_flight == truth.queued
        assert balance.lost_on_wire + balance.before_hello + balance.rejected == truth.lost
    life, last = outcome.sender.sensor.life, outcome.receiver.settled[-1][0]
    assert last.produced > life.produced - 2 * RATE_HZ  # the last status period but one is accounted for


@pytest.mark.parametrize(
    ("cell", "term"),
    [
        ("frame_drops", "lost_on_wire"),
        ("bit_errors", "lost_on_wire"),
        ("fifo_overruns", "dropped_fifo"),
        ("queue_stalls", "dropped_queue"),
        ("resets", "resets"),
    ],
)
def test_a_loss_is_booked_where_it_happened_and_nowhere_else(cell: str, term: str) -> None:
    last = outcome_of(cell).receiver.settled[-1][0]
    losses = ("lost_on_wire", "dropped_fifo", "dropped_queue", "rejected", "resets")
    assert [name for name in losses if getattr(last, name)] == [term]


def test_without_trouble_nothing_is_lost() -> None:
    for cell in ("good", "jitter", "clock_fast", "clock_slow", "frozen_clock", "missing_clock"):
        last = outcome_of(cell).receiver.settled[-1][0]
        assert last.received == last.produced - last.in_flight


def test_damage_on_the_line_is_counted_frame_by_frame() -> None:
    outcome = outcome_of("bit_errors")
    assert outcome.sender.line.frames_damaged >= 5
    # A flipped delimiter leaves nothing to refuse, or takes the next frame's with it.
    assert 0 < sum(outcome.receiver.faults.values()) <= outcome.sender.line.frames_damaged + 1


def test_every_reset_is_a_session_of_its_own() -> None:
    outcome = outcome_of("resets")
    sessions = {item.stream.session for item in outcome.receiver.items if isinstance(item, SampleBlock)}
    total = outcome.receiver.ledger.total("pump")
    assert total is not None
    assert total.resets == len(sessions) - 1 >= 3
    assert total.explained
    assert terms_of(total) == total.produced
    assert sum(outcome.receiver.faults.values()) >= total.resets  # half a frame and a boot message each


# ------------------------------------------------------------------------------------------------- what time is worth


@pytest.mark.parametrize(("cell", "factor"), [("good", 1.0), ("clock_fast", 1.04), ("clock_slow", 0.96)])
def test_a_wrong_oscillator_is_measured_by_the_device_s_own_clock(cell: str, factor: float) -> None:
    rate = outcome_of(cell).receiver.diagnoses[-1].rate
    assert rate.origin == "device_time"
    assert rate.hz == pytest.approx(RATE_HZ * factor, rel=2e-5)
    assert rate.error_ppm is not None
    assert rate.error_ppm < 1


@pytest.mark.parametrize("cell", ["good", "clock_fast", "clock_slow", "frame_drops"])
def test_the_device_s_clock_does_not_drift_however_wrong_its_sensor_s_oscillator_is(cell: str) -> None:
    drift = outcome_of(cell).receiver.pipeline.windower.drift
    assert drift is not None
    assert abs(drift.ppm) <= drift.error_ppm < 50


@pytest.mark.parametrize("cell", ["frozen_clock", "missing_clock"])
def test_a_clock_that_tells_no_time_has_no_drift(cell: str) -> None:
    assert outcome_of(cell).receiver.pipeline.windower.drift is None


def test_jitter_costs_confidence_but_hardly_any_truth() -> None:
    good, late = (outcome_of(cell).receiver.diagnoses[-1].rate for cell in ("good", "jitter"))
    assert late.origin == "device_time"
    assert late.hz == pytest.approx(RATE_HZ, rel=2e-5)
    assert good.error_ppm is not None
    assert late.error_ppm is not None
    assert late.error_ppm > 3 * good.error_ppm


@pytest.mark.parametrize("cell", ["frozen_clock", "missing_clock"])
def test_without_device_time_the_rate_rests_on_arrival_and_says_so(cell: str) -> None:
    receiver, good = outcome_of(cell).receiver, outcome_of("good").receiver
    assert {diagnosis.rate.origin for diagnosis in receiver.diagnoses} <= {"arrival", "declared"}
    rate, better = receiver.diagnoses[-1].rate, good.diagnoses[-1].rate
    assert rate.origin == "arrival"
    assert rate.hz == pytest.approx(RATE_HZ, rel=1e-4)
    assert rate.error_ppm is not None
    assert better.error_ppm is not None
    assert rate.error_ppm > 3 * better.error_ppm
    strays = [one.pipeline.windower.counters()["device_time_strays"] for one in (receiver, good)]
    assert (strays[0] > 0) == (cell == "frozen_clock")
    assert strays[1] == 0


@pytest.mark.parametrize("clock", ["frozen", "none"])
def test_a_recording_without_device_time_has_only_the_declared_rate(clock: Literal["frozen", "none"]) -> None:
    outcome = run(Troubles(clock=clock, clock_error=0.04), live=False)
    rate = outcome.receiver.diagnoses[-1].rate
    assert (rate.hz, rate.origin, rate.error_ppm) == (RATE_HZ, "declared", None)
    assert outcome.receiver.alerts == []


# ------------------------------------------------------------------------------------------------- sick, and doubtful


def test_damage_is_found_although_every_twentieth_frame_is_lost() -> None:
    outcome = run(line=Line(frame_loss=0.05, seed=2), profile=LONG_BLOCKS, seconds=60.0, falls_sick=True)
    receiver = outcome.receiver
    assert outcome.sender.line.frames_lost > 20
    assert [change.state for change in receiver.states] == [State.LEARNING, State.HEALTHY, State.FAULT]
    (raised,) = [alert for alert in receiver.alerts if alert.event == "raised"]
    assert (raised.fault, raised.bearing) == ("outer_race", "de")
    assert raised.time_s > receiver.states[1].time_s
    assert receiver.settled[-1][0].explained


def test_a_line_too_torn_for_a_single_window_is_lost_and_never_healthy() -> None:
    receiver = run(line=Line(frame_loss=0.2, seed=2), seconds=LONGEST_S).receiver
    assert receiver.diagnoses == []
    assert [(change.state, change.reason) for change in receiver.states] == [(State.LOST, "no_window")]
    assert all(balance.explained for balance, _ in receiver.settled)


def test_two_devices_with_one_id_are_said_and_end_without_a_verdict() -> None:
    """The second, on a sick machine, is plugged in once the first has been found healthy."""
    receiver = Receiver(config=IMPATIENT)
    first = Sender(VirtualSensor(PROFILE, seed=7), Line(), motor=HealthyMotor(RATE_HZ))
    sick = demo_source("healthy", rate_hz=RATE_HZ, seed=SEED)
    sick.change(condition=typical_condition("outer_race"))
    second = Sender(VirtualSensor(PROFILE, seed=8), Line(), motor=sick)
    joined_s = 20.0
    for step in range(1, round((joined_s + 2 * PROFILE.hello_s + IMPATIENT.lost_after_s + 2.0) / STEP_S) + 1):
        at_s = step * STEP_S
        first.speak(receiver, until_s=at_s)
        if at_s > joined_s:
            second.speak(receiver, until_s=at_s - joined_s, at_s=at_s)
        receiver.wait(at_s)
    assert [change.state for change in receiver.states] == [State.LEARNING, State.HEALTHY, State.LOST]
    assert receiver.states[1].time_s < joined_s
    assert receiver.alerts == []
    assert receiver.faults["duplicate_device"] > IMPATIENT.lost_after_s
    blocks = [item for item in receiver.items if isinstance(item, SampleBlock)]
    assert blocks[-1].arrival_s < joined_s + 2 * PROFILE.hello_s  # refused from the first HELLO that contradicts
    assert receiver.diagnoses[-1].time_s <= joined_s + 2 * PROFILE.hello_s
