"""How alike two encoders answer on the same windows: int8 beside float, a student beside the network it learnt from."""

from __future__ import annotations

import msgspec
import numpy as np

from export.network.graph import Floats


class Likeness(msgspec.Struct, frozen=True):
    """Cosines of one window's two embeddings, and how often both are nearest to the same description."""

    windows: int
    cosine_mean: float
    cosine_min: float
    top1_agreement: float


def likeness(said: Floats, wanted: Floats, centres: Floats) -> Likeness:
    """Of unit embeddings (n, dim), beside the descriptions (faults, dim) that both are held against."""
    return likeness_of_named(said, wanted, said @ centres.T, wanted @ centres.T)


def likeness_of_named(said: Floats, wanted: Floats, near: Floats, nearest: Floats) -> Likeness:
    """The same from similarities (n, faults), where not all windows are held against the same descriptions."""
    cosines = np.einsum("ij,ij->i", said, wanted)
    agreement = (near.argmax(axis=1) == nearest.argmax(axis=1)).mean()
    return Likeness(len(said), float(cosines.mean()), float(cosines.min()), float(agreement))
