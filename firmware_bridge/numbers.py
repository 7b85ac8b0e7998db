"""A block's payload as numpy integers and back; the only modules here that need numpy are this one and its users.

Frames and decoder stay on the standard library, so that a receiver without numpy can still read a device.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.frames import Data, Format

Counts = NDArray[np.int32]


def counts_of(data: Data) -> Counts:
    """The converter's integers of a block, (n_samples, n_axes)."""
    shape = (data.n_samples, data.n_axes)
    if data.format is Format.I24:
        wide = np.zeros((data.n_samples * data.n_axes, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data.payload, np.uint8).reshape(-1, 3)
        return np.asarray(wide.view("<i4") >> 8, dtype=np.int32).reshape(shape)
    kind = "<i2" if data.format is Format.I16 else "<i4"
    return np.frombuffer(data.payload, kind).astype(np.int32).reshape(shape)


def payload_of(counts: Counts, format_: Format) -> bytes:
    """The bytes of a block, whose integers must fit the format."""
    if format_ is Format.I24:
        return np.ascontiguousarray(counts, "<i4").reshape(-1, 1).view(np.uint8)[:, :3].tobytes()
    return counts.astype("<i2" if format_ is Format.I16 else "<i4").tobytes()
