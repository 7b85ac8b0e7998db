"""The runtime of this computer, and the bundle's encoder in it."""

from __future__ import annotations

import importlib.util

from agent import ports
from agent.bundle.load import Bundle, self_test
from agent.bundle.runtimes import RUNTIMES
from agent.errors import ConfigError
from agent.ports import Encoder


def load_encoder(bundle: Bundle, choice: str = "auto") -> tuple[str, Encoder]:
    """The bundle's encoder in the runtime of `choice`, self-tested, and the runtime's name."""
    runtime = runtime_of(choice)
    encoder: Encoder = ports.load(RUNTIMES, runtime)(bundle.model(runtime))
    self_test(bundle, encoder)
    return runtime, encoder


def runtime_of(choice: str) -> str:
    """The runtime to use: the one chosen, or with "auto" the first that is installed."""
    candidates = list(RUNTIMES) if choice == "auto" else [choice]
    for runtime in candidates:
        if any(importlib.util.find_spec(package) is not None for package in RUNTIMES[runtime].packages):
            return runtime
    packages = " or ".join(package for runtime in candidates for package in RUNTIMES[runtime].packages)
    raise ConfigError(f"runtime {choice!r} needs the package {packages}; install it or choose another runtime")
