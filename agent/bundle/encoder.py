"""The runtime of this computer, and the bundle's encoder in it."""

from __future__ import annotations

import importlib.util

from agent import ports
from agent.bundle.load import Bundle, self_test
from agent.bundle.runtimes import RUNTIMES
from agent.bundle.runtimes.trial import try_runtime
from agent.errors import ConfigError
from agent.ports import Encoder


def tried_runtime(bundle: Bundle, choice: str = "auto") -> tuple[str, tuple[str, ...]]:
    """The runtime to use, after a trial in a process of its own; and why those that "auto" would rather use cannot be.

    ConfigError or BundleError where none passes.
    """
    refusals: list[str] = []
    for runtime in installed(choice):
        try:
            try_runtime(runtime, bundle.model(runtime))
        except ConfigError as error:
            if choice != "auto":
                raise
            refusals.append(str(error))
            continue
        return runtime, tuple(refusals)
    raise ConfigError(*refusals)


def load_encoder(bundle: Bundle, choice: str = "auto") -> tuple[str, Encoder]:
    """The bundle's encoder in the runtime of `choice`, self-tested, and the runtime's name."""
    runtime = runtime_of(choice)
    encoder: Encoder = ports.load(RUNTIMES, runtime)(bundle.model(runtime))
    self_test(bundle, encoder)
    return runtime, encoder


def runtime_of(choice: str) -> str:
    """The runtime to use: the one chosen, or with "auto" the first that is installed."""
    return installed(choice)[0]


def installed(choice: str) -> list[str]:
    """The runtimes of a choice that are installed, the preferred first; ConfigError where none is."""
    candidates = list(RUNTIMES) if choice == "auto" else [choice]
    found = [
        runtime
        for runtime in candidates
        if any(importlib.util.find_spec(package) is not None for package in RUNTIMES[runtime].packages)
    ]
    if found:
        return found
    packages = " or ".join(package for runtime in candidates for package in RUNTIMES[runtime].packages)
    raise ConfigError(f"runtime {choice!r} needs the package {packages}; install it or choose another runtime")
