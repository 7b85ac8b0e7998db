"""A sensor's state as one value: what is healthy, what is being learnt, what was counted, and where it was in telling.

It is kept, moved to another process or another computer, and gone on from. What comes back is bounded and checked
before anything of it is used; what it says of another machine, another place or other features is left out and told.
"""

from __future__ import annotations

import hashlib
import math
import time
import zlib
from collections.abc import Mapping
from dataclasses import astuple
from typing import Annotated, Literal, TypeAlias

import msgspec
import numpy as np

from agent.alerting.counted import DecisionCounts
from agent.config.decoding import Id
from agent.config.keys import SensorConfig
from agent.diagnosis.baseline import Baseline
from agent.diagnosis.baseline_bytes import from_bytes
from agent.errors import ConfigError
from agent.machine import SensorSetup
from agent.stream.ledger import Balance

VERSION = 1
MAGIC = b"TVS1"
"""Before the checksum of what follows."""
MAX_BYTES = 8 << 20
"""Of a state as it is moved: hundreds of healthy states at many speeds, or a day of lessons."""

WHOLE = ""
"""Stands for the machine as a whole where a bearing's id stands: MessagePack keys are texts."""

Kept: TypeAlias = dict[Annotated[str, msgspec.Meta(max_length=64)], bytes]
Mark: TypeAlias = Annotated[str, msgspec.Meta(max_length=64)]


class UnderWayState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A commissioning that has not ended: how it was asked for, and what was heard."""

    value: bytes
    lessons: Annotated[tuple[bytes, ...], msgspec.Meta(max_length=20_000)]


class Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a healthy state rests on: who compares them sees whether it still says what it said."""

    place: Mark  # the machine, the place, the axes, and what the samples are measured in
    bearings: dict[Annotated[str, msgspec.Meta(max_length=64)], Mark]  # by id; WHOLE where the machine has none

    def fitting(self, now: Marks) -> frozenset[str | None]:
        """The bearings (None: the machine as a whole) that are the same now, at the same place."""
        if self.place != now.place:
            return frozenset()
        return frozenset(one or None for one, mark in now.bearings.items() if self.bearings.get(one) == mark)

    @property
    def ids(self) -> frozenset[str | None]:
        return frozenset(one or None for one in self.bearings)


class SensorState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is known of one sensor that does not come back by listening."""

    version: Literal[1] = 1
    agent: Id
    sensor: Id
    wall_s: float
    boot: Annotated[str, msgspec.Meta(max_length=64)] | None  # which start of the machine `at_s` is of
    at_s: float  # monotonic
    features: Mark  # which feature definition its healthy states belong to
    marks: Marks  # what they were learnt on
    baselines: Kept = {}
    aside: Kept = {}
    under_way: UnderWayState | None = None
    counts: DecisionCounts = DecisionCounts()
    ledger: Balance = Balance()
    seq: Annotated[int, msgspec.Meta(ge=0, le=1 << 50)] = 0  # of the last event that was said of anything


_DECODER = msgspec.msgpack.Decoder(SensorState)


def encode(state: SensorState) -> bytes:
    """MessagePack behind MAGIC and a checksum; `decode` is its inverse."""
    value = msgspec.msgpack.encode(state)
    return MAGIC + zlib.crc32(value).to_bytes(4, "big") + value


def decode(stored: bytes) -> SensorState:
    """The state that was encoded; ConfigError where it is none, damaged, of a later agent or too large."""
    if len(stored) > MAX_BYTES:
        raise ConfigError(f"state: {len(stored)} bytes are more than {MAX_BYTES}; this is no state of a sensor")
    checksum, value = stored[len(MAGIC) : len(MAGIC) + 4], stored[len(MAGIC) + 4 :]
    if not stored.startswith(MAGIC) or zlib.crc32(value).to_bytes(4, "big") != checksum:
        raise ConfigError("state: cut short or damaged, or no state of a sensor; export it again")
    try:
        version = msgspec.msgpack.decode(value, type=_Version).version
        if version > VERSION:
            raise ConfigError(f"state: written by a later agent (version {version}); update this one")
        state = _DECODER.decode(value)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ConfigError(f"state: no state of a sensor: {error}; export it again") from None
    if min(astuple(state.ledger)) < 0 or not math.isfinite(state.at_s) or not math.isfinite(state.wall_s):
        raise ConfigError("state: holds figures that cannot be; export it again")
    return state


class _Version(msgspec.Struct):
    version: int


def age_s(state: SensorState, boot: str | None) -> float | None:
    """Seconds since it was taken, whatever the wall clock did; None where that was another start of the machine."""
    return max(0.0, time.monotonic() - state.at_s) if boot is not None and state.boot == boot else None


def marks_of(setup: SensorSetup, sensor: SensorConfig) -> Marks:
    """What is learnt as healthy under this config rests on."""
    bearings = {one.id: _mark(one.geometry, one.ratio) for one in setup.bearings}
    return Marks(
        place=_mark(setup.machine.id, setup.position, setup.axis_roles, sensor.unit, sensor.mapping),
        bearings=bearings or {WHOLE: _mark(None)},
    )


def baselines_in(kept: Mapping[str, bytes], *, size: int) -> dict[str | None, Baseline]:
    """Bearing -> healthy state of `size` features; ConfigError where one cannot be."""
    found: dict[str | None, Baseline] = {}
    for bearing, value in kept.items():
        try:
            baseline = from_bytes(value, size=size)
        except (ValueError, msgspec.MsgspecError) as error:
            raise ConfigError(
                f"state: the healthy state of {bearing or 'the machine'} cannot be read: {error}"
            ) from None
        for cell in baseline.cells:
            if not all(np.isfinite(figures).all() for figures in (cell.mean, cell.scatter, cell.rms_g)):
                raise ConfigError(f"state: healthy state of {bearing or 'the machine'} holds what is no number")
        found[bearing or None] = baseline
    return found


def _mark(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
