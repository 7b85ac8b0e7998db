"""How embeddings use their space: whether they collapse, stay near their descriptions, and fill the sphere.

Unit vectors in, one number out; figures to read beside a score, never to select by.
"""

from __future__ import annotations

import msgspec
import numpy as np

from export.network.graph import Floats

MOST_PAIRED = 2000  # rows whose pairs are compared; more are thinned evenly


class Spread(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one set of embeddings. `uniformity` is None for fewer than two of them."""

    effective_rank: float
    alignment: float
    uniformity: float | None


def spread_of(vectors: Floats, partners: Floats) -> Spread:
    """Of embeddings (n, dim), n at least 1, and the descriptions of what they are (n, dim)."""
    even = uniformity(vectors)
    return Spread(effective_rank(vectors), alignment(vectors, partners), None if np.isnan(even) else even)


def effective_rank(vectors: Floats) -> float:
    """Dimensions that (n, dim) vectors really use: exp of the entropy of the singular values' shares.

    Roy & Vetterli 2007, The effective rank (EUSIPCO). 1 where all vectors lie on one line, at most dim.
    """
    values = np.linalg.svd(vectors.astype(np.float64), compute_uv=False)
    shares = values[values > 0] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def alignment(vectors: Floats, partners: Floats) -> float:
    """Mean squared distance of each vector to its own partner, 0 to 4 (Wang & Isola 2020, arXiv 2005.10242)."""
    return float(np.square(vectors.astype(np.float64) - partners).sum(axis=1).mean())


def uniformity(vectors: Floats, *, t: float = 2.0) -> float:
    """Log of the mean of exp(-t |x - y|^2) over pairs, 0 where all are one point (Wang & Isola 2020).

    NaN for fewer than two vectors.
    """
    if len(vectors) < 2:
        return float("nan")
    count = min(len(vectors), MOST_PAIRED)
    chosen = vectors[np.linspace(0, len(vectors) - 1, count).astype(np.intp)].astype(np.float64)
    squares = np.square(chosen).sum(axis=1)
    distances = squares[:, None] + squares[None, :] - 2 * chosen @ chosen.T
    pairs = np.triu_indices(count, 1)
    return float(np.log(np.exp(-t * np.maximum(distances[pairs], 0)).mean()))
