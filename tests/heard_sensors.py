"""What was heard of one sensor of each kind, made without a port and without a broker."""

from __future__ import annotations

import json
import random
import struct
from functools import cache
from pathlib import Path

import numpy as np
from requirements import ROOT

from agent.explain.ports import explain_port
from agent.explain.reading import Arrived
from agent.explain.topics import explain_topic
from agent.recordings.vbp_writer import Framer
from agent.setup.found import Found
from agent.setup.interview import Interview
from agent.transport.broker import Broker
from agent.types import SampleBlock, Stream
from firmware_bridge.frames import frame_bytes

CAPTURES = ROOT / "tests" / "cases" / "captures"
BROKER = Broker(host="10.0.0.7")


def gauss(count: int = 100, spread: float = 1.0) -> list[float]:
    generator = random.Random(count)
    return [round(generator.gauss(0, spread), 4) for _ in range(count)]


def on_topic(message: object, name: str) -> Found:
    """Twenty messages, ten a second; bytes as they are, all else as JSON."""
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    return Found(explain_topic(name, [Arrived(data, 0.1 * n) for n in range(20)]), BROKER)


def framed() -> bytes:
    """A second of our own frames."""
    framer = Framer("s")
    noise = np.random.default_rng(1).normal(0, 0.1, (1600, 2)).astype(np.float32)
    stream = Stream("s", 1600.0, ("x", "y"), "g", 16.0)
    blocks = [SampleBlock(stream, 160 * k, noise[160 * k : 160 * (k + 1)]) for k in range(10)]
    return b"".join(frame_bytes(frame) for block in blocks for frame in framer.frames_of(block))


def on_port(data: bytes, name: str = "/dev/ttyUSB0", *, baud: int = 115_200) -> Found:
    return Found(explain_port(name, data, seconds=5.0, baud=baud))


@cache
def heard() -> dict[str, Found]:
    """One of each."""
    wit = (b"\x55\x61" + struct.pack("<9h", 0, 0, 2048, 1, 2, 3, 4, 5, 6)) * 500
    return {
        "frames": on_port(framed(), "/dev/ttyUSB0"),
        "rows": on_port((CAPTURES / "plotter.csv").read_bytes(), "/dev/ttyUSB1"),
        "motion frames": on_port(wit, "/dev/ttyUSB2", baud=9600),
        "batches": on_topic({"rate_hz": 4000, "unit": "g", "x": gauss()}, "plant/pump/acc"),
        "mapped": on_topic({"ts": 1, "acc": {"x": gauss(), "y": gauss()}}, "plant/fan/acc"),
        "figure": on_topic(b"2.8", "plant/press/velocity"),
        "bare": on_topic(b"2.8", "plant/press/a"),
        "speed": on_topic(b"1797", "plant/pump/rpm"),
        "words": on_topic(b"online", "plant/state"),
    }


def interview_of(folder: Path, *names: str, **changed: object) -> Interview:
    """One that has heard these."""
    found = heard()
    (folder / "secrets").mkdir(exist_ok=True)
    told = {"found": tuple(found[name] for name in names), "broker": BROKER, "secrets": folder / "secrets"}
    return Interview(folder, **{**told, **changed})  # type: ignore[arg-type]
