"""Where an interrupted training goes on: everything that its next step depends on, under the key of its run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from export.data.table import Table

CHECKPOINT = "checkpoint.pt"
LAYOUT = b"parts"  # of the file; one of another layout belongs to no run


class Stateful(Protocol):
    """Networks, optimizers and schedules alike."""

    def state_dict(self) -> Any: ...

    def load_state_dict(self, state_dict: Any, /) -> Any: ...


def run_key(table: Table, config: object, *arrays: NDArray[np.generic]) -> str:
    """What a checkpoint belongs to: the configuration, as JSON, and every number that it was trained on."""
    digest = hashlib.sha256(LAYOUT + msgspec.json.encode(config))
    for array in (*(getattr(table, field.name) for field in fields(Table)), *arrays):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def keep(path: Path, key: str, parts: Mapping[str, Stateful], rng: np.random.Generator, losses: list[float]) -> None:
    """Write a checkpoint beside the old one and put it in its place, so that a kill leaves one of the two."""
    state = {
        "run": key,
        "parts": {name: part.state_dict() for name, part in parts.items()},
        "numpy": rng.bit_generator.state,
        "torch": torch.get_rng_state(),
        "losses": losses,
    }
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def resume(path: Path, key: str, parts: Mapping[str, Stateful], rng: np.random.Generator) -> list[float]:
    """The losses so far, everything else put back; nothing where there is no checkpoint or one of another run."""
    if not path.exists():
        return []
    state = torch.load(path, weights_only=True)
    if state["run"] != key:
        return []
    for name, part in parts.items():
        part.load_state_dict(state["parts"][name])
    rng.bit_generator.state = state["numpy"]
    torch.set_rng_state(state["torch"])
    losses: list[float] = state["losses"]
    return losses
