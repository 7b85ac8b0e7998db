"""Small graphs of every kind of node, for tests of the arithmetic and of both writers."""

from __future__ import annotations

import numpy as np

from agent.dsp.encoder_inputs import CodeScale
from export.network.graph import Columns, Conv, Dense, Join, Mean, Node, Select

SCALE = CodeScale(6 / 127, 0)
N = 60


def weights(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def mlp(rng: np.random.Generator) -> tuple[Node, ...]:
    return (
        Dense("hidden", "codes", weights(rng, 32, N), weights(rng, 32, 4)[:, 0], relu=True),
        Dense("embedding", "hidden", weights(rng, 16, 32), weights(rng, 16, 4)[:, 0]),
    )


def convolutions(rng: np.random.Generator) -> tuple[Node, ...]:
    return (
        Columns("columns", "codes", 3),
        Conv("first", "columns", weights(rng, 8, 3, 5), weights(rng, 8, 4)[:, 0], 2, (2, 2), relu=True),
        Conv("second", "first", weights(rng, 12, 8, 3), weights(rng, 12, 4)[:, 0], 1, (0, 1), relu=True),
        Mean("mean", "second"),
        Dense("embedding", "mean", weights(rng, 16, 12), weights(rng, 16, 4)[:, 0]),
    )


def parts(rng: np.random.Generator) -> tuple[Node, ...]:
    """Branches that read parts of the input in any order, joined with parts of each other and of the input itself."""
    one, other = (tuple(rng.permutation(N)[:count].tolist()) for count in (11, 7))
    return (
        Select("some", "codes", one),
        Dense("left", "some", 3 * weights(rng, 9, 11), weights(rng, 9, 4)[:, 0], relu=True),
        Dense("right", "codes", weights(rng, 12, N), weights(rng, 12, 4)[:, 0], relu=True),
        Select("half", "right", (5, 0, 3, 3)),
        Join("both", ("half", "left")),
        Dense("hidden", "both", weights(rng, 10, 13), weights(rng, 10, 4)[:, 0], relu=True),
        Select("others", "codes", other),
        Join("inputs", ("others", "some")),
        Dense("shortcut", "inputs", weights(rng, 8, 18), weights(rng, 8, 4)[:, 0], relu=True),
        Join("all", ("hidden", "shortcut")),
        Dense("embedding", "all", weights(rng, 16, 18), weights(rng, 16, 4)[:, 0]),
    )


def branches(rng: np.random.Generator) -> tuple[Node, ...]:
    """The last node reads the input again: nodes name what they read, they need not form a chain."""
    return (
        Dense("unused", "codes", weights(rng, 4, N), weights(rng, 4, 4)[:, 0], relu=True),
        Dense("embedding", "codes", weights(rng, 16, N), weights(rng, 16, 4)[:, 0]),
    )
