"""Virtual sensors in real time, over a real broker, or into a file as fast as it goes.

The waiting is done here; what the devices say is decided by their samples and seeds alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from firmware_bridge.device import Said, VirtualSensor
from firmware_bridge.frames import FrameType
from firmware_bridge.line import Line
from firmware_bridge.script import Vibration

STEP_S = 0.02
"""Device time between two looks at the clock."""


def run_paced(
    sensors: Sequence[tuple[VirtualSensor, Vibration]],
    send: Callable[[list[Said]], int],
    *,
    seconds: float | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Let devices speak in real time until `seconds` of device time are over or `stop` is set.

    `send` takes what one device said and answers how many bytes still wait for the line.
    """
    stop = stop or threading.Event()
    started_s = time.monotonic()
    given = [0] * len(sensors)
    waiting = 0
    elapsed_s = 0.0
    while not stop.is_set() and (seconds is None or elapsed_s < seconds):
        stop.wait(max(0.0, started_s + elapsed_s + STEP_S - time.monotonic()))
        elapsed_s = time.monotonic() - started_s if seconds is None else min(time.monotonic() - started_s, seconds)
        for number, (sensor, source) in enumerate(sensors):
            due = int(elapsed_s * sensor.true_rate_hz)
            waiting = send(sensor.produce(source.next(due - given[number]), queue_bytes=waiting))
            given[number] = due


def write_file(sensors: Sequence[tuple[VirtualSensor, Vibration]], line: Line, path: Path, *, seconds: float) -> int:
    """Record `seconds` of device time as fast as possible; the number of bytes written."""
    written = 0
    with path.open("wb") as file:
        for step in range(round(seconds / STEP_S)):
            for sensor, source in sensors:
                first, last = (round(at * STEP_S * sensor.true_rate_hz) for at in (step, step + 1))
                written += sum(map(file.write, line.carry(sensor.produce(source.next(last - first)))))
    return written


def publish_mqtt(
    sensors: Sequence[tuple[VirtualSensor, Vibration]],
    line: Line,
    url: str,
    *,
    password: str | None = None,
    seconds: float | None = None,
) -> None:
    """Speak to the broker and topic of `mqtt://[user@]host[:port]/topic` in real time.

    ValueError where that is no such address, OSError where nobody answers there or the password is wrong.
    """
    from paho.mqtt import client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion
    from paho.mqtt.reasoncodes import ReasonCode

    parts = urlsplit(url)
    topic = parts.path.strip("/")
    if parts.scheme != "mqtt" or not parts.hostname or not topic or "+" in topic or set(url) & set("?#"):
        raise ValueError(f"{url!r} is not an address; write mqtt://[user@]host[:port]/topic")
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    if parts.username:
        client.username_pw_set(parts.username, password)
    answer: list[str | None] = []
    answered = threading.Event()

    last: mqtt.MQTTMessageInfo | None = None

    def on_connect(_client: object, _data: object, _flags: object, reason: ReasonCode, _more: object) -> None:
        answer.append(str(reason) if reason.is_failure else None)
        answered.set()

    def send(said: list[Said]) -> int:
        nonlocal last
        for message in line.publish(said):
            last = client.publish(topic, message, retain=message[1] == FrameType.HELLO)
        return 0

    client.on_connect = on_connect
    try:
        client.connect(parts.hostname, parts.port or 1883, keepalive=30)
    except OSError as error:
        raise ConnectionRefusedError(f"{parts.hostname}:{parts.port or 1883} does not answer: {error}") from error
    client.loop_start()
    try:
        if not answered.wait(10):
            raise ConnectionRefusedError(f"{parts.hostname} accepts the connection but does not speak MQTT")
        if answer[0] is not None:
            raise ConnectionRefusedError(f"{parts.hostname} refuses the connection: {answer[0]}")
        run_paced(sensors, send, seconds=seconds)
        if last is not None and last.rc == mqtt.MQTT_ERR_SUCCESS:
            last.wait_for_publish(10)
    finally:
        client.disconnect()
        client.loop_stop()
