"""The three places where the outside world plugs in, and the tables that find an alternative by its name.

A table maps a name to "module:Class"; the module is imported on use, so an agent that reads serial never loads paho for
its sources, and one that runs ONNX never loads LiteRT.
"""

from __future__ import annotations

import importlib
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from agent.errors import ConfigError
from agent.types import Counters, Item

SOURCES = {
    "serial": "agent.sources.serial:SerialSource",
    "serial_csv": "agent.sources.serial_csv:SerialCsvSource",
    "witmotion": "agent.sources.witmotion:WitmotionSource",
    "modbus": "agent.sources.modbus:ModbusSource",
    "mqtt": "agent.sources.mqtt:MqttSource",
    "replay": "agent.sources.replay:ReplaySource",
}
RUNTIMES = {
    "onnx": "agent.bundle.runtimes.onnx:OnnxEncoder",
    "litert": "agent.bundle.runtimes.litert:LiteRtEncoder",
}
SINKS = {
    "mqtt": "agent.sinks.mqtt:MqttSink",
}


@runtime_checkable
class Source(Protocol):
    """Something samples come from. The daemon owns the thread, the retries and the queue; a source only reads.

    Built from its config struct `cls(config, sensors)` without touching the outside world.
    """

    name: str

    def open(self) -> None:
        """Connect; raises TransportError (retried) or ConfigError (not)."""

    def read(self, timeout_s: float) -> list[Item]:
        """What arrived within `timeout_s`; raises TransportError when the link is gone, EndOfStream at the end."""

    def close(self) -> None:
        """Let go of the outside world; never raises, may be called twice."""

    def counters(self) -> Counters:
        """Monotonic counters since construction, surviving re-opens (frames, bytes, crc errors, ...)."""


@runtime_checkable
class Encoder(Protocol):
    """A quantized encoder; built by `cls(model_bytes)`, one thread, no file access."""

    def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
        """int8 feature codes (n,) -> int8 embedding codes (dim,), as the model's own integers."""


@runtime_checkable
class Sink(Protocol):
    """Somewhere outputs go."""

    def publish(self, topic: str, payload: bytes, *, retain: bool, qos: int) -> bool:
        """Hand over one message; False when it had to be dropped (counted by the caller)."""


def load(table: dict[str, str], kind: str) -> type:
    """The class registered under `kind`; ConfigError names what there is instead."""
    try:
        module, name = table[kind].split(":")
    except KeyError:
        raise ConfigError(f"unknown kind {kind!r}; known: {', '.join(sorted(table))}") from None
    loaded: type = getattr(importlib.import_module(module), name)
    return loaded
