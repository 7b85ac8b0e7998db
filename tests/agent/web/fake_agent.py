"""An agent that answers a page without a daemon: what it was asked is noted, its answers are those of a real one."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from agent.diagnosis.unnamed import unnamed
from agent.dsp.spectra import FeatureSpec
from agent.errors import TextVibError
from agent.machine import Bearing, Geometry, Machine, SensorSetup
from agent.recordings.kept_writer import setup_row
from agent.service.control import Answer, Asked, Look, Status
from agent.service.watching.course import Course
from agent.types import Diagnosis, Rate, Speed, Stream, Window

RATE_HZ, RPM = 8000.0, 1500.0
SIZE = 16_000
SETUP = SensorSetup(
    "pump_de", Machine("pump", rpm=RPM), bearings=(Bearing("de", Geometry(9, 7.94, 39.04)), Bearing("nde", None))
)
SPEC = FeatureSpec()


def struck_samples(*, seed: int = 1) -> np.ndarray:
    """(n, 1) a resonance struck at the outer race's rate, in noise."""
    bearing = SETUP.bearings[0].orders
    assert bearing is not None
    t = np.arange(SIZE) / RATE_HZ
    since = np.mod(t, 60 / RPM / bearing.bpfo)
    struck = np.exp(-since * 600) * np.sin(2 * np.pi * 2900 * since)
    noise = 0.05 * np.random.default_rng(seed).standard_normal(SIZE)
    return (struck + noise).astype(np.float32)[:, None]


def window(start: int = 0) -> Window:
    return Window(Stream("pump_de", RATE_HZ, unit="g"), start, struck_samples(), Rate(RATE_HZ, "declared"), 2.0, None)


def diagnosis(bearing: str | None = "de", *, steady: bool = True) -> Diagnosis:
    return unnamed(
        "pump_de",
        bearing,
        window_start=0,
        session=0,
        wall_s=None,
        time_s=2.0,
        rate=Rate(RATE_HZ, "declared"),
        speed=Speed(RPM, "config", steady=steady),
        quality=None,
        running=True,
        evidence=None,
    )


def looked(number: int, *, with_window: bool = True) -> Answer:
    """An answer to `look`, as it comes through the socket."""
    course = Course()
    for n in range(1, number + 1):
        course.add(n, 1000.0 + n, diagnosis())
    seen = window(SIZE * number)
    told = {
        "start": seen.start,
        "wall_s": None,
        "arrival_s": 2.0,
        "clipped": 0,
        "stream": msgspec.to_builtins(seen.stream),
        "rate": msgspec.to_builtins(seen.rate),
        "samples": seen.samples.tobytes(),
    }
    return through_json(
        {
            "number": number,
            "setup": msgspec.to_builtins(setup_row(SETUP)),
            "spec": msgspec.to_builtins(SPEC),
            "window": told if with_window else None,
            "diagnoses": msgspec.msgpack.encode((diagnosis("de"), diagnosis("nde")) if with_window else ()),
            "said": [{"bearing": "de", "text": {"title": "Healthy"}}] if with_window else [],
            "courses": [{"bearing": "de", "faults": course.faults, "rows": course.since(0)}],
            "titles": {},
        }
    )


def surveyed(**changed: Any) -> Answer:
    """An answer to `status`, as far as a page reads it."""
    state = {"state": "healthy", "title": "Healthy", "reason_text": None, "since": None, "deviation": 0.4}
    state |= {"bearing": "de", "nearest": [], "speed": {"rpm": RPM}, "asks": None, "notices": []}
    health = {"agent": "gw", "site": None, "version": "1", "bundle": "b", "runtime": "onnx", "notices": []}
    health["sensors"] = {"pump_de": {"healthy_state": None}}
    rows: dict[str, Any] = {"pump_de": {}}
    return {
        "health": health,
        "states": {"pump_de": {**state, **changed}},
        "alerts": {"pump_de": []},
        "severity": rows,
        "ended": {},
        "machines": rows,
        "learning": {},
        "healthy": {"pump_de": "healthy at 1500 rpm"},
        "kept": {},
        "titles": {"healthy": "Healthy", "outer_race": "Bearing outer race fault"},
    }


def through_json(answer: Answer) -> Answer:
    return dict(msgspec.json.decode(msgspec.json.encode(answer)))


class FakeAgent:
    """Answers `status` and `look`; everything else as told, or with a refusal."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.number = 1
        self.trouble: TextVibError | None = None
        self.answered: Callable[[Asked], Answer] = lambda asked: {}

    async def ask(self, request: Asked) -> Answer:
        self.asked.append(request)
        if self.trouble is not None:
            raise self.trouble
        match request:
            case Status():
                return surveyed()
            case Look():
                return looked(self.number)
            case _:
                return self.answered(request)


def floats(packed: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), "<f4")
