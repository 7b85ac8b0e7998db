"""The student encoder: encoder inputs -> embedding, small enough that both int8 files fit the bundle.

Dense layers with batch normalisation, which folds into them: at run time there is nothing but products, sums and ReLU.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from export.graph import INPUT, Dense, Floats, Graph


class Connected(nn.Linear):
    """A dense layer whose units read what `mask` (out, in) lets them, starting as wide as in layers so small."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.mask: Tensor
        self.register_buffer("mask", mask, persistent=False)
        with torch.no_grad():
            self.weight.mul_(mask * (mask.shape[1] / mask.sum(dim=1, keepdim=True).clamp_min(1)).sqrt())

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight * self.mask, self.bias)


class Student(nn.Module):
    """(n, inputs) -> unit vectors (n, dim).

    `connections` (out, in) say what the units of the first layers may read; their sizes come before `hidden`.
    """

    def __init__(
        self, inputs: int, *, hidden: Sequence[int] = (96, 64), dim: int = 64, dropout: float = 0.2,
        connections: Sequence[NDArray[np.bool_]] = (),
    ) -> None:  # fmt: skip
        super().__init__()
        sizes = (inputs, *(len(mask) for mask in connections), *hidden)
        free = [nn.Linear(before, after) for before, after in itertools.pairwise(sizes[len(connections) :])]
        self.dense = [*(Connected(torch.from_numpy(mask)) for mask in connections), *free]
        self.norms = [nn.BatchNorm1d(size) for size in sizes[1:]]
        self.connected = len(connections)
        self.registered = nn.ModuleList([*self.dense, *self.norms])  # plain lists keep the layers' types
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(sizes[-1], dim)

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(self.raw(x), dim=1)

    def raw(self, x: Tensor) -> Tensor:
        """Embeddings before they are brought to unit length."""
        return self.reading(x)[1]

    def reading(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What the branches make of inputs (n, all their second widths), and the raw embeddings."""
        branches = x
        for number, (dense, norm) in enumerate(zip(self.dense, self.norms, strict=True), start=1):
            x = self.dropout(functional.relu(norm(dense(x))))
            if number == self.connected:
                branches = x
        return branches, self.last(x)


def fold(student: Student) -> Graph:
    """The student as it runs: batch normalisation folded into the layer before it."""
    nodes: list[Dense] = []
    source = INPUT
    for number, (dense, norm) in enumerate(zip(student.dense, student.norms, strict=True)):
        weight, bias = _folded(dense, norm)
        nodes.append(Dense(f"hidden{number}", source, weight, bias, relu=True))
        source = nodes[-1].name
    nodes.append(Dense("embedding", source, _numpy(student.last.weight), _numpy(student.last.bias)))
    return Graph(nodes[0].weight.shape[1], tuple(nodes))


def _folded(dense: nn.Linear, norm: nn.BatchNorm1d) -> tuple[Floats, Floats]:
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a batch normalisation that keeps no running statistics cannot be folded")
    gain = _numpy(norm.weight) / np.sqrt(_numpy(norm.running_var) + norm.eps)
    return (
        (_weight(dense) * gain[:, None]).astype(np.float32),
        ((_numpy(dense.bias) - _numpy(norm.running_mean)) * gain + _numpy(norm.bias)).astype(np.float32),
    )


def _numpy(tensor: Tensor) -> Floats:
    values: Floats = tensor.detach().to(torch.float32).numpy().copy()
    return values


def _weight(dense: nn.Linear) -> Floats:
    return _numpy(dense.weight * dense.mask if isinstance(dense, Connected) else dense.weight)
