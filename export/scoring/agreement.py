"""How alike two encoders answer on the same windows: int8 beside float, a student beside the network it learnt from."""

from __future__ import annotations

import msgspec
import numpy as np

from export.network.graph import Floats


class Agreement(msgspec.Struct, frozen=True):
    """Cosines of one window's two embeddings, and how often both are nearest to the same description."""

    windows: int
    cosine_mean: float
    cosine_min: float
    top1_agreement: float


def agreement_of(compared: Floats, reference: Floats, centres: Floats) -> Agreement:
    """Of unit embeddings (n, dim), beside the descriptions (faults, dim) that both are held against."""
    return agreement_of_named(compared, reference, compared @ centres.T, reference @ centres.T)


def agreement_of_named(compared: Floats, reference: Floats, near: Floats, nearest: Floats) -> Agreement:
    """The same from similarities (n, faults), where not all windows are held against the same descriptions."""
    cosines = np.einsum("ij,ij->i", compared, reference)
    agreement = (near.argmax(axis=1) == nearest.argmax(axis=1)).mean()
    return Agreement(len(compared), float(cosines.mean()), float(cosines.min()), float(agreement))
