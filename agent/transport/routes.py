"""Which sensor a stream or topic belongs to, and what the sender leaves unsaid.

A route is data from the config's `[sensors.*]` and `[machines.*]` tables; a source asks `Routes` and never guesses:
what no route names is counted as a fault.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from agent.limits import MAX_RATE_HZ, MIN_RATE_HZ
from agent.transport.mapping import Mapping

MAX_AXES = 16
QUANTITIES = ("rpm", "velocity_rms_mm_s", "acceleration_rms_g", "temperature_c")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Route:
    """One sensor's way through a source.

    A framed stream (serial, binary MQTT, `.vbp`) is found by `stream` and, where one link carries several devices, by
    `device` (its unique id in hex as HELLO gives it; None: any). An MQTT message is found by `topic`, where one `+` per
    level is allowed; a transmitter on a Modbus line by `address`. `quantity` makes it a scalar reading; for "rpm",
    `sensor` is the machine's id. `rate_hz`, `axes`, `unit` and `full_scale` serve senders that declare none; what a
    frame or message declares itself comes first. `snapshots`: the sensor sleeps between what it sends.
    """

    sensor: str
    device: str | None = None
    stream: int | None = None
    topic: str | None = None
    quantity: str | None = None
    axis: str | None = None  # of a scalar reading
    rate_hz: float | None = None
    axes: tuple[str, ...] | None = None
    unit: Literal["g", "m/s2", "raw"] | None = None
    full_scale: float | None = None  # in `unit`
    address: int | None = None
    mapping: Mapping | None = None  # where the messages of `topic` put what; None: as ours do
    snapshots: bool = False


def problems_of(routes: Iterable[Route], where: str) -> list[str]:
    """Every mistake in the routes of one source, one line each; `where` names the source."""
    problems = []
    seen: dict[tuple[object, ...], str] = {}
    for route in routes:
        name = f"{where}, sensor {route.sensor!r}"
        if not _ID.fullmatch(route.sensor):
            problems.append(f"{name}: ids are 1 to 64 letters, digits, - or _")
        if route.stream is not None and not 0 <= route.stream <= 255:
            problems.append(f"{name}: stream {route.stream} is not between 0 and 255")
        if route.device is not None and not re.fullmatch(r"[0-9a-fA-F]{1,64}", route.device):
            problems.append(f"{name}: device {route.device!r} is no hexadecimal id")
        if route.topic is not None and (why := _mistake_of_pattern(route.topic)):
            problems.append(f"{name}: topic {route.topic!r} {why}")
        if route.quantity is not None and route.quantity not in QUANTITIES:
            problems.append(f"{name}: quantity {route.quantity!r} is none of {', '.join(QUANTITIES)}")
        if route.rate_hz is not None and not MIN_RATE_HZ <= route.rate_hz <= MAX_RATE_HZ:
            problems.append(f"{name}: rate_hz {route.rate_hz} is not between {MIN_RATE_HZ:g} and {MAX_RATE_HZ:g}")
        if route.full_scale is not None and not (math.isfinite(route.full_scale) and route.full_scale > 0):
            problems.append(f"{name}: full_scale {route.full_scale} is not above 0")
        device = route.device and route.device.lower()
        key = (device, route.stream, route.address, route.topic, route.quantity, route.axis, route.mapping)
        if key in seen:
            problems.append(f"{name}: is the same stream, address or topic as sensor {seen[key]!r}")
        seen.setdefault(key, route.sensor)
    return problems


def matches(pattern: str, topic: str) -> bool:
    """Whether an MQTT topic matches a pattern, in which `+` stands for exactly one level."""
    expected, levels = pattern.split("/"), topic.split("/")
    return len(expected) == len(levels) and all(e in ("+", x) for e, x in zip(expected, levels, strict=True))


def overlap(one: str, other: str) -> bool:
    """Whether a topic can match both patterns."""
    levels, others = one.split("/"), other.split("/")
    return len(levels) == len(others) and all("+" in (a, b) or a == b for a, b in zip(levels, others, strict=True))


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes of one source, asked per stream or per topic."""

    routes: tuple[Route, ...]

    def of_stream(self, device: str, stream: int) -> Route | None:
        """The route of a framed stream: one that names this device first, then one that names none."""
        near = [route for route in self.routes if route.quantity is None and route.stream in (None, stream)]
        for route in near:
            if route.device is not None and route.device.lower() == device.lower():
                return route
        return next((route for route in near if route.device is None), None)

    def of_topic(self, topic: str) -> tuple[Route, ...]:
        """Every route whose topic is or matches `topic`: one topic may feed a sensor and a machine's speed."""
        exact = tuple(route for route in self.routes if route.topic == topic)
        return exact or tuple(r for r in self.routes if r.topic is not None and matches(r.topic, topic))

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(sorted({route.topic for route in self.routes if route.topic is not None}))


def _mistake_of_pattern(topic: str) -> str | None:
    levels = topic.split("/")
    if not topic or len(topic.encode()) > 1024 or "\0" in topic:
        return "is empty or too long"
    if "#" in topic:
        return "holds '#'; name topics exactly, or one level each by '+'"
    if any("+" in level and level != "+" for level in levels):
        return "holds '+' beside other characters of a level"
    return None
