"""The runtime of this computer, and the bundle's encoder in it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

from agent import ports
from agent.bundle.load import Bundle, self_test
from agent.bundle.runtimes import AUTO, RUNTIMES
from agent.bundle.runtimes.trial import try_runtime
from agent.errors import BundleError, ConfigError
from agent.ports import Encoder


def tried_encoder(bundle: Bundle, choice: str = "auto") -> tuple[str, Encoder, tuple[str, ...]]:
    """The bundle's encoder as `load_encoder` gives it, after a trial of its runtime in a process of its own.

    With the runtime's name, and why those that "auto" would rather use cannot be. ConfigError or BundleError where none
    passes.
    """
    return _first_that_passes(bundle, choice, lambda runtime: try_runtime(runtime, bundle.model(runtime)))


def load_encoder(bundle: Bundle, choice: str = "auto") -> tuple[str, Encoder]:
    """The first runtime of `choice` that is installed and passes the self-test, and the bundle's encoder in it."""
    runtime, encoder, _ = _first_that_passes(bundle, choice, lambda _: None)
    return runtime, encoder


def _first_that_passes(
    bundle: Bundle, choice: str, trial: Callable[[str], None]
) -> tuple[str, Encoder, tuple[str, ...]]:
    refused: list[ConfigError | BundleError] = []
    for runtime in installed(choice):
        try:
            trial(runtime)
            encoder: Encoder = ports.load(RUNTIMES, runtime)(bundle.model(runtime))
            self_test(bundle, encoder)
        except (ConfigError, BundleError) as error:
            refused.append(error)
        else:
            return runtime, encoder, tuple(map(str, refused))
    of_bundle = [error for error in refused if isinstance(error, BundleError)]
    raise of_bundle[0] if of_bundle else ConfigError(*map(str, refused))


def runtime_of(choice: str) -> str:
    """The runtime to use: the one chosen, or with "auto" the first that is installed."""
    return installed(choice)[0]


def installed(choice: str) -> list[str]:
    """The runtimes of a choice that are installed, the preferred first; ConfigError where none is."""
    candidates = AUTO if choice == "auto" else (choice,)
    found = [
        runtime
        for runtime in candidates
        if any(importlib.util.find_spec(package) is not None for package in RUNTIMES[runtime].packages)
    ]
    if found:
        return found
    packages = " or ".join(package for runtime in candidates for package in RUNTIMES[runtime].packages)
    raise ConfigError(f"runtime {choice!r} needs the package {packages}; install it or choose another runtime")
