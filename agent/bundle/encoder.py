"""The runtime of this computer, and the bundle's encoder in it."""

from __future__ import annotations

import importlib.util

from agent import ports
from agent.bundle.load import Bundle, self_test
from agent.errors import ConfigError
from agent.ports import Encoder

MODULES = {"onnx": ("onnxruntime",), "litert": ("ai_edge_litert", "tflite_runtime")}
"""Runtime -> packages of which one must be there."""


def load_encoder(bundle: Bundle, wanted: str = "auto") -> tuple[str, Encoder]:
    """The bundle's encoder in the runtime `wanted`, self-tested, and the runtime's name."""
    runtime = runtime_of(wanted)
    encoder: Encoder = ports.load(ports.RUNTIMES, runtime)(bundle.model(runtime))
    self_test(bundle, encoder)
    return runtime, encoder


def runtime_of(wanted: str) -> str:
    """The runtime to use: the one wanted, or with "auto" the first that is installed."""
    candidates = list(MODULES) if wanted == "auto" else [wanted]
    for kind in candidates:
        if any(importlib.util.find_spec(module) is not None for module in MODULES[kind]):
            return kind
    packages = " or ".join(module for kind in candidates for module in MODULES[kind])
    raise ConfigError(f"runtime {wanted!r} needs the package {packages}; install it or choose another runtime")
