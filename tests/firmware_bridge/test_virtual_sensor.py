"""The virtual sensor on a real pseudo-terminal, a real broker and in a file, read by strangers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
import serial
from numpy.typing import NDArray
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from firmware_bridge.decoder import Decoder
from firmware_bridge.device import Profile, VirtualSensor
from firmware_bridge.frames import Data, Fault, Flag, Frame, Hello, Status, decode_frame
from firmware_bridge.line import Line
from firmware_bridge.pty_sensor import PtySensor
from firmware_bridge.runners import publish_mqtt, write_file
from firmware_bridge.script import Script

PROFILE = Profile(rate_hz=8000.0, hello_s=0.3, status_s=0.2, queue_bytes=16_000)
MANY = 10 * 256  # samples; a reader who is slow for a moment causes fewer drops


Told: TypeAlias = list[Frame | Fault]


class Ramp:
    """Samples that tell their own index, in steps of 1 mg up to 10 g; `offset_g` can be changed while it runs."""

    def __init__(self) -> None:
        self.given = 0
        self.offset_g = 0.0

    def next(self, n: int) -> NDArray[np.float32]:
        index = np.arange(self.given, self.given + n) % 10_000
        self.given += n
        return np.repeat((index * 1e-3 + self.offset_g)[:, None], 3, axis=1).astype(np.float32)


def read(port: serial.Serial, decoder: Decoder, *, enough: Callable[[Told], bool]) -> Told:
    """Read until enough was heard, however long a busy machine takes for it."""
    heard: Told = []
    deadline_s = time.monotonic() + 30
    while not enough(heard):
        assert time.monotonic() < deadline_s, heard[-3:]
        heard += decoder.feed(port.read(max(1, port.in_waiting)))
    return heard


def blocks_of(heard: Told) -> list[Data]:
    return [frame for frame in heard if isinstance(frame, Data)]


def until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline_s, "did not happen in time"
        time.sleep(0.02)


def drain(port: serial.Serial) -> None:
    for _ in range(100):
        port.read(4096)


def test_a_pty_is_read_as_a_serial_port() -> None:
    patient = replace(PROFILE, queue_bytes=1 << 20)  # a slow reader costs nothing
    device = PtySensor([(VirtualSensor(patient), Ramp())], seconds=1.0)
    end = 8000 // 256 * 256
    with serial.Serial(device.path, 3_000_000, timeout=0.05, exclusive=True) as port, device:
        heard = read(port, Decoder(), enough=lambda heard: any(block.end == end for block in blocks_of(heard)))
        assert device.join(10.0)
    frames = [frame for frame in heard if not isinstance(frame, Fault)]
    assert frames == heard
    assert [block.sample_index for block in blocks_of(heard)] == list(range(0, end, 256))
    assert sum(isinstance(frame, Hello) for frame in frames) == 4  # at 0, 0.3, 0.6 and 0.9 s
    assert sum(isinstance(frame, Status) for frame in frames) == 4


def test_without_a_reader_the_device_drops_whole_blocks_and_says_so() -> None:
    sensor = VirtualSensor(PROFILE)
    device = PtySensor([(sensor, Ramp())])
    with serial.Serial(device.path, timeout=0.05) as port, device:
        decoder = Decoder()
        before = read(port, decoder, enough=lambda heard: len(blocks_of(heard)) > 3)
        until(lambda: sensor.life.dropped_queue > MANY)
        after = read(port, decoder, enough=lambda heard: any(tells_many_drops(frame) for frame in heard))
    heard = before + after
    told = next(place for place, frame in enumerate(heard) if tells_many_drops(frame))
    blocks, status = blocks_of(heard[:told]), heard[told]
    assert isinstance(status, Status)
    jumps = [(a, b) for a, b in pairwise(blocks) if b.sample_index != a.end]
    missing = sum(b.sample_index - a.end for a, b in jumps)
    assert all((b.sample_index - a.end) % 256 == 0 and b.flags & Flag.GAP for a, b in jumps)
    tail = status.produced - status.queued - blocks[-1].end  # dropped since the last block that came
    assert status.dropped_queue == missing + tail
    assert status.queue_high_bytes >= PROFILE.queue_bytes


def tells_many_drops(frame: Frame | Fault) -> bool:
    return isinstance(frame, Status) and frame.dropped_queue > MANY


def test_pulling_the_plug_ends_the_port() -> None:
    device = PtySensor([(VirtualSensor(PROFILE), Ramp())])
    device.start()
    with serial.Serial(device.path, timeout=10) as port:
        assert port.read(100)
        device.stop()
        device.stop()
        with pytest.raises(serial.SerialException, match=r"disconnected|Input/output"):
            drain(port)


def listen(broker: Any, topic: str, enough: Callable[[list[bytes]], bool]) -> Callable[[], list[bytes]]:
    """Subscribe now; call the answer for the messages, once there are enough."""
    messages: list[bytes] = []
    subscribed, done = threading.Event(), threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)

    def on_message(_client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        messages.append(message.payload)
        if enough(messages):
            done.set()

    client.on_message = on_message
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect(broker.host, broker.port)
    client.loop_start()
    client.subscribe(topic, qos=1)
    assert subscribed.wait(10)

    def wait() -> list[bytes]:
        assert done.wait(10)
        client.disconnect()
        client.loop_stop()
        return messages

    return wait


def test_a_broker_gets_unstuffed_frames_and_keeps_the_hello(mosquitto: Any) -> None:
    url = f"mqtt://{mosquitto.host}:{mosquitto.port}/bridge/motor"
    wait = listen(mosquitto, "bridge/motor", lambda messages: sum(message[1] == 2 for message in messages) >= 15)
    publish_mqtt([(VirtualSensor(PROFILE), Ramp())], Line(), url, seconds=0.5)
    frames = [decode_frame(message) for message in wait()]
    assert isinstance(frames[0], Hello)
    assert not [frame for frame in frames if isinstance(frame, Fault)]
    assert [frame.sample_index for frame in frames if isinstance(frame, Data)] == list(range(0, 15 * 256, 256))
    (kept,) = listen(mosquitto, "bridge/motor", lambda messages: len(messages) > 0)()
    assert isinstance(decode_frame(kept), Hello)


@pytest.mark.parametrize("url", ["http://127.0.0.1/a", "mqtt://127.0.0.1", "mqtt:///a", "mqtt://127.0.0.1/a/#"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(ValueError, match="write mqtt://"):
        publish_mqtt([], Line(), url)


def test_a_wrong_password_is_told(start_mosquitto: Callable[..., Any]) -> None:
    broker = start_mosquitto(password="right")
    with pytest.raises(ConnectionRefusedError, match="refuses the connection: Not authorized"):
        publish_mqtt([], Line(), f"mqtt://agent@{broker.host}:{broker.port}/a", password="wrong", seconds=0.1)


def test_a_file_is_what_was_on_the_wire(tmp_path: Path) -> None:
    path = tmp_path / "motor.vbp"
    size = write_file([(VirtualSensor(PROFILE), Ramp())], Line(), path, seconds=2.0)
    raw = path.read_bytes()
    assert size == len(raw)
    said = VirtualSensor(PROFILE).produce(Ramp().next(16_000))
    assert raw == b"".join(Line().carry(said))
    assert isinstance(Decoder().feed(raw)[0], Hello)


def test_what_a_line_remembers_is_what_it_did() -> None:
    said = VirtualSensor(PROFILE).produce(Ramp().next(200 * 256))
    line = Line(frame_loss=0.2, bit_errors=1e-5, seed=4)
    heard = Decoder().feed(b"".join(line.carry(said)))
    frames = [frame for frame in heard if not isinstance(frame, Fault)]
    assert line.frames_lost + line.frames_damaged == len(said) - len(frames)
    assert line.frames_lost > 20
    assert line.frames_damaged > 5
    received = sum(frame.n_samples for frame in frames if isinstance(frame, Data))
    assert line.samples_lost == 200 * 256 - received


def test_things_happen_on_the_sample_that_was_asked_for() -> None:
    def scripted() -> Script:
        ramp = Ramp()
        acts = [(0.02, lambda: setattr(ramp, "offset_g", -5.0)), (0.01, lambda: setattr(ramp, "offset_g", 5.0))]
        return Script(ramp, acts, rate_hz=1000.0)

    whole = scripted().next(40)[:, 0]
    assert whole == pytest.approx(
        np.concatenate((np.zeros(10), np.full(10, 5), np.full(20, -5))) + np.arange(40) / 1000
    )
    for cut in (1, 9, 10, 11, 20, 30):
        source = scripted()
        assert np.array_equal(np.concatenate((source.next(cut), source.next(40 - cut)))[:, 0], whole)
