"""Baselines as the bytes in which they are kept; what an older agent kept is read as far as it goes."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from agent.diagnosis.baseline import Baseline, SpeedCell
from agent.dsp.shaft import ORDERS
from agent.types import Doubt


class _StoredCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    rpm: float | None
    count: int
    mean: list[float]
    scatter: list[float]
    seen: list[int]
    rms_g: float
    shaft_db: list[float | None] | None = None
    impulses: float | None = None
    doubts: tuple[Doubt, ...] = ()
    seconds: float | None = None


def to_bytes(baseline: Baseline) -> bytes:
    """MessagePack of a baseline; `from_bytes` is its inverse."""
    return msgspec.msgpack.encode([_stored(cell) for cell in baseline.cells])


def _stored(cell: SpeedCell) -> _StoredCell:
    levels = None if cell.shaft_db is None else cell.shaft_db.tolist()
    return _StoredCell(
        rpm=cell.rpm,
        count=cell.count,
        mean=cell.mean.tolist(),
        scatter=cell.scatter.tolist(),
        seen=cell.seen.tolist(),
        rms_g=cell.rms_g,
        shaft_db=None if levels is None else [value if math.isfinite(value) else None for value in levels],
        impulses=cell.impulses,
        doubts=cell.doubts,
        seconds=cell.seconds,
    )


def from_bytes(stored: bytes, *, size: int) -> Baseline:
    """The baseline of `to_bytes`; ValueError where it is damaged or of another number of features than `size`."""
    cells = msgspec.msgpack.decode(stored, type=list[_StoredCell])
    for cell in cells:
        if not (len(cell.mean) == len(cell.scatter) == len(cell.seen) == size):
            raise ValueError(f"a baseline cell holds {len(cell.mean)} features, not {size}")
        if cell.shaft_db is not None and len(cell.shaft_db) != len(ORDERS) + 1:
            raise ValueError(f"a baseline cell holds {len(cell.shaft_db)} levels of the shaft, not {len(ORDERS) + 1}")
    return Baseline(
        tuple(
            SpeedCell(
                c.rpm,
                c.count,
                np.array(c.mean),
                np.array(c.scatter),
                np.array(c.seen, np.int64),
                c.rms_g,
                None if c.shaft_db is None else np.array(c.shaft_db, np.float64),
                c.impulses,
                c.doubts,
                c.seconds,
            )
            for c in cells
        )
    )
