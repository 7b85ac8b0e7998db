"""Where an interrupted training goes on: everything that its next step depends on, under the key of its run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from export.data.table import Table

LAYOUT = b"parts"  # of the file; one of another layout belongs to no run


class Stateful(Protocol):
    """Networks, optimizers and schedules alike."""

    def state_dict(self) -> Any: ...

    def load_state_dict(self, state_dict: Any, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a training is kept, what it belongs to (`run_key`), and after how many steps each."""

    path: Path
    key: str
    every: int


def run_key(table: Table, config: object, *arrays: NDArray[np.generic]) -> str:
    """What a checkpoint belongs to: the configuration, as JSON, and every number that it was trained on."""
    digest = hashlib.sha256(LAYOUT + msgspec.json.encode(config))
    for array in (*(getattr(table, field.name) for field in fields(Table)), *arrays):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def checkpoint_in(
    folder: Path | None, name: str, *, table: Table, config: object, arrays: Iterable[NDArray[np.generic]], every: int
) -> Checkpoint | None:
    """That of a training of `table` and `arrays` by `config`; None without a folder."""
    return None if folder is None else Checkpoint(folder / name, run_key(table, config, *arrays), every)


def keep(checkpoint: Checkpoint, parts: Mapping[str, Stateful], rng: np.random.Generator, losses: list[float]) -> None:
    """Write a checkpoint beside the old one and put it in its place, so that a kill leaves one of the two."""
    state = {
        "run": checkpoint.key,
        "parts": {name: part.state_dict() for name, part in parts.items()},
        "numpy": rng.bit_generator.state,
        "torch": torch.get_rng_state(),
        "losses": losses,
    }
    part = checkpoint.path.with_suffix(".part")
    torch.save(state, part)
    part.replace(checkpoint.path)


def resume(checkpoint: Checkpoint, parts: Mapping[str, Stateful], rng: np.random.Generator) -> list[float]:
    """The losses so far, everything else put back; nothing where there is no checkpoint or one of another run."""
    if not checkpoint.path.exists():
        return []
    state = torch.load(checkpoint.path, weights_only=True, map_location="cpu")
    if state["run"] != checkpoint.key:
        return []
    for name, part in parts.items():
        part.load_state_dict(state["parts"][name])
    rng.bit_generator.state = state["numpy"]
    torch.set_rng_state(state["torch"])
    losses: list[float] = state["losses"]
    return losses
