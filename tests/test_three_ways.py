"""The same quantized blocks with the same device time give the same diagnoses, whichever way they come."""

from __future__ import annotations

import os
import pty
import threading
import time
import tty
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from agent.alerting.window_rules import DecisionConfig
from agent.bearings.given import inside_of
from agent.bundle.encoder import load_encoder
from agent.bundle.load import load_bundle
from agent.errors import EndOfStream
from agent.machine import Bearing, Machine, SensorSetup
from agent.pipeline import Pipeline
from agent.ports import Source
from agent.sources.mqtt import MqttConfig, MqttSource
from agent.sources.replay import ReplayConfig, ReplaySource
from agent.sources.serial import SerialConfig, SerialSource
from agent.transport.mqtt import Broker
from agent.transport.routes import Route
from agent.types import Diagnosis, SampleBlock
from firmware_bridge.device import Profile, Troubles, VirtualSensor
from firmware_bridge.frames import Frame, encode, frame_bytes
from simulator import demo_source

SECONDS = 6.0
PROFILE = Profile(rate_hz=12_800.0, hello_s=1.0)
SETUP = SensorSetup("pump", Machine("m", rpm=1797.0, speed_source="config"), (Bearing("de", inside_of("6205")),))


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    """Six seconds of a motor with a damaged outer race, from a sensor that is 3 % too fast."""
    device = VirtualSensor(PROFILE, Troubles(clock_error=0.03), seed=3)
    motor = demo_source("outer_race", rate_hz=device.true_rate_hz, seed=3)
    said = device.produce(motor.next(round(SECONDS * device.true_rate_hz)))
    return [frame for frame in said if not isinstance(frame, bytes)]


@pytest.fixture(scope="module")
def by_file(frames: list[Frame], tmp_path_factory: pytest.TempPathFactory) -> list[Diagnosis]:
    path = tmp_path_factory.mktemp("three") / "motor.vbp"
    path.write_bytes(b"".join(map(frame_bytes, frames)))
    source = ReplaySource(ReplayConfig(files=(str(path),), speed=0.0), (Route("pump"),))
    return diagnose(source, frames, speak=lambda: None)


def samples_in(frames: list[Frame]) -> int:
    return sum(getattr(frame, "n_samples", 0) for frame in frames)


def diagnose(source: Source, frames: list[Frame], *, speak: Callable[[], None]) -> list[Diagnosis]:
    """What the data path says once every sample has come through `source`; `speak` sends them."""
    bundle = load_bundle("default")
    pipeline = Pipeline(SETUP, bundle=bundle, encoder=load_encoder(bundle)[1], config=DecisionConfig())
    wanted, received, found = samples_in(frames), 0, []
    source.open()
    speaker = threading.Thread(target=speak)
    speaker.start()
    deadline = time.monotonic() + 30
    while received < wanted and time.monotonic() < deadline:
        try:
            items = source.read(0.5)
        except EndOfStream:
            break
        for item in items:
            received += len(item.samples) if isinstance(item, SampleBlock) else 0
            found += [output for output in pipeline.feed(item) if isinstance(output, Diagnosis)]
    speaker.join()
    source.close()
    assert received == wanted
    return found


def bare(diagnoses: list[Diagnosis]) -> list[Any]:
    """Diagnoses without the two times that belong to the host."""
    return [replace(diagnosis, time_s=0.0, wall_s=None, session=0) for diagnosis in diagnoses]


def test_a_file_is_diagnosed_with_the_measured_rate(by_file: list[Diagnosis]) -> None:
    assert len(by_file) >= 7
    assert {diagnosis.fault for diagnosis in by_file} == {"outer_race"}
    for diagnosis in by_file:
        assert diagnosis.rate.origin == "device_time"
        assert diagnosis.rate.hz == pytest.approx(12_800 * 1.03, rel=1e-4)


def test_a_pseudo_terminal_gives_the_same(frames: list[Frame], by_file: list[Diagnosis]) -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)

    def speak() -> None:
        wire = b"".join(map(frame_bytes, frames))
        for at in range(0, len(wire), 1111):
            os.write(ours, wire[at : at + 1111])

    source = SerialSource(SerialConfig(port=os.ttyname(theirs)), (Route("pump"),))
    try:
        assert bare(diagnose(source, frames, speak=speak)) == bare(by_file)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_real_mosquitto_gives_the_same(frames: list[Frame], by_file: list[Diagnosis], mosquitto: Any) -> None:
    broker = Broker(host=mosquitto.host, port=mosquitto.port)
    source = MqttSource(MqttConfig(broker=broker), (Route("pump", topic="three/ways"),))

    def speak() -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.connect(mosquitto.host, mosquitto.port)
        client.loop_start()
        for frame in frames:
            client.publish("three/ways", encode(frame), qos=1).wait_for_publish(5)
        client.disconnect()
        client.loop_stop()

    assert bare(diagnose(source, frames, speak=speak)) == bare(by_file)


def test_files_cut_elsewhere_give_the_same(frames: list[Frame], by_file: list[Diagnosis], tmp_path: Path) -> None:
    """The order of HELLO and STATUS between the blocks is nothing that a diagnosis depends on."""
    blocks = [frame for frame in frames if hasattr(frame, "n_samples")]
    path = tmp_path / "plain.vbp"
    path.write_bytes(b"".join(map(frame_bytes, [frames[0], *blocks])))
    source = ReplaySource(ReplayConfig(files=(str(path),), speed=0.0), (Route("pump"),))
    assert bare(diagnose(source, frames, speak=lambda: None)) == bare(by_file)
