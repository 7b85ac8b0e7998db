"""Where an interrupted training goes on: everything that its next step depends on, under the key of its run."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from export.data.table import Table
from export.graph import Floats
from export.model import Student
from export.tower import Tower

CHECKPOINT = "checkpoint.pt"


def run_key(table: Table, config: msgspec.Struct, vectors: Floats) -> str:
    """What a checkpoint belongs to: the configuration and every number that it was trained on."""
    digest = hashlib.sha256(msgspec.json.encode(config))
    for array in (*(getattr(table, field.name) for field in fields(Table)), vectors):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def keep(
    path: Path, key: str, student: Student, tower: Tower, optimizer: Any, schedule: Any,
    rng: np.random.Generator, losses: list[float],
) -> None:  # fmt: skip
    """Write a checkpoint beside the old one and put it in its place, so that a kill leaves one of the two."""
    state = {
        "run": key,
        "student": student.state_dict(),
        "tower": tower.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "numpy": rng.bit_generator.state,
        "torch": torch.get_rng_state(),
        "losses": losses,
    }
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def resume(
    path: Path, key: str, student: Student, tower: Tower, optimizer: Any, schedule: Any, rng: np.random.Generator
) -> list[float]:
    """The losses so far, everything else put back; nothing where the checkpoint is of another run."""
    state = torch.load(path, weights_only=True)
    if state["run"] != key:
        return []
    student.load_state_dict(state["student"])
    tower.load_state_dict(state["tower"])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    rng.bit_generator.state = state["numpy"]
    torch.set_rng_state(state["torch"])
    losses: list[float] = state["losses"]
    return losses
