"""A serial line that carries everything but frames: counted, bounded, and the first good frame after it is heard."""

from __future__ import annotations

import os
import random
import threading
import tty
from collections.abc import Callable
from pathlib import Path

import pytest
from field_agent import Agent, Listener, until_online, write_config
from waiting import until

from firmware_bridge.device import Profile, VirtualSensor
from firmware_bridge.frames import frame_bytes
from firmware_bridge.line import Line
from firmware_bridge.runners import run_paced
from simulator import demo_source

SENSOR = """
[[sources]]
name = "line"
kind = "serial"
port = "{port}"
[sensors.fan]
source = "line"
stream = 0
machine = "pump"
"""
BOOT = b"ets Jul 29 2019 12:21:46\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\nload:0x3fff0030,len:1184\r\n"


def forged(draw: random.Random) -> bytes:
    """A real frame with one byte changed: its checksum no longer fits."""
    said = [one for one in VirtualSensor(Profile()).produce([[0.0] * 3] * 512) if not isinstance(one, bytes)]
    wire = bytearray(frame_bytes(draw.choice(said)))
    wire[draw.randrange(2, len(wire) - 2)] ^= 1 << draw.randrange(8)
    return bytes(wire)


def noise_of(kind: str) -> list[bytes]:
    draw = random.Random(5)
    match kind:
        case "boot text":
            return [BOOT] * 200
        case "noise":
            return [draw.randbytes(1 << 16) for _ in range(64)]
        case "no delimiter":
            return [bytes(draw.randrange(1, 256) for _ in range(1 << 14)) * 4 for _ in range(32)]
        case _:
            return [forged(draw) for _ in range(1000)]


@pytest.mark.long
@pytest.mark.timeout(240)
def test_what_is_no_frame_is_counted_bounded_and_costs_no_frame_after_it(
    start_agent: Callable[..., Agent], listener: Listener, tmp_path: Path
) -> None:
    ours, theirs = os.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    write_config(tmp_path, listener.broker, more=SENSOR.format(port=os.ttyname(theirs)))
    agent = start_agent()
    until_online(listener, agent)
    warm_mb = agent.health()["memory_mb"]
    for kind in ("boot text", "noise", "no delimiter", "forged"):
        before = agent.health()["sources"]["line"]["counters"]["bytes"]
        pieces = noise_of(kind)
        for piece in pieces:
            os.write(ours, piece)
        until(
            lambda before=before, pieces=pieces: (
                agent.health()["sources"]["line"]["counters"]["bytes"] >= before + sum(map(len, pieces))
            )
        )
    assert agent.health()["memory_mb"] < warm_mb + 20
    assert agent.health()["sensors"]["fan"]["windows"] == 0
    stop, device = threading.Event(), VirtualSensor(Profile())
    source, line = demo_source("healthy", rate_hz=device.true_rate_hz), Line()

    def send(said: list) -> int:
        for piece in line.carry(said):
            os.write(ours, piece)
        return 0

    speaks = threading.Thread(target=run_paced, args=([(device, source)], send), kwargs={"stop": stop})
    speaks.start()
    try:
        until(lambda: agent.health()["sensors"]["fan"]["windows"] > 2)
        assert agent.health()["sensors"]["fan"]["explained"]
    finally:
        stop.set()
        speaks.join()
        os.close(ours)
        os.close(theirs)
