"""The student encoder: encoder inputs -> embedding, small enough that both int8 files fit the bundle.

Dense layers with batch normalisation, which folds into them: at run time there is nothing but products, sums and ReLU.
Branches train side by side in one wide layer, whose mask keeps them apart, and run as layers of their own.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from export.network.branches import Connection, masks
from export.network.dropout import Dropout
from export.network.graph import INPUT, Dense, Floats, Graph, Join, Node, Select

ENTRY_BYTES = 4  # of an input's number, beside one byte per weight


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

    `connections` say what each branch reads; the two layers of all branches come before `hidden`. Where branches are
    `taught` apart (`teacher_loss`), what comes after them sends no gradient back: they learn from lessons alone.
    """

    def __init__(
        self,
        inputs: int,
        *,
        hidden: Sequence[int] = (96, 64),
        dim: int = 64,
        dropout: float = 0.2,
        connections: Sequence[Connection] = (),
        taught: bool = False,
    ) -> None:
        super().__init__()
        masked = masks(inputs, connections)
        sizes = (inputs, *(len(mask) for mask in masked), *hidden)
        free = [nn.Linear(before, after) for before, after in itertools.pairwise(sizes[len(masked) :])]
        self.dense = [*(Connected(torch.from_numpy(mask)) for mask in masked), *free]
        self.norms = [nn.BatchNorm1d(size) for size in sizes[1:]]
        self.inputs, self.connections, self.connected = inputs, tuple(connections), len(masked)
        self.taught = taught
        self.registered = nn.ModuleList([*self.dense, *self.norms])  # plain lists keep the layers' types
        self.dropout = Dropout(dropout)
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
                x = x.detach() if self.taught else x
        return branches, self.last(x)


def fold(student: Student) -> Graph:
    """The student as it runs: batch normalisation folded into the layer before it, and no weights between branches."""
    layers = [_folded(dense, norm) for dense, norm in zip(student.dense, student.norms, strict=True)]
    nodes: list[Node] = []
    source = INPUT
    if student.connections:
        nodes += _branches(student, layers)
        source = nodes[-1].name
    for number, (weight, bias) in enumerate(layers[student.connected :]):
        nodes.append(Dense(f"hidden{number}", source, weight, bias, relu=True))
        source = nodes[-1].name
    nodes.append(Dense("embedding", source, _numpy(student.last.weight), _numpy(student.last.bias)))
    return Graph(student.inputs, tuple(nodes))


def _branches(student: Student, layers: Sequence[tuple[Floats, Floats]]) -> list[Node]:
    """Every branch with its own rows and columns of the first two layers, and their answers joined.

    One that reads nearly every input reads them all, some with zeros, where a list of entries would take more bytes.
    """
    (first_weight, first_bias), (second_weight, second_bias) = layers[: student.connected]
    nodes: list[Node] = []
    firsts, seconds = 0, 0  # rows that belong to the branches before
    for number, connection in enumerate(student.connections):
        source = INPUT
        if ENTRY_BYTES * len(connection.reads) < connection.widths[0] * (student.inputs - len(connection.reads)):
            nodes.append(Select(f"read{number}", source, connection.reads))
            source = nodes[-1].name
        first = slice(firsts, firsts := firsts + connection.widths[0])
        second = slice(seconds, seconds := seconds + connection.widths[1])
        weight = first_weight[first] if source == INPUT else first_weight[first][:, connection.reads]
        nodes.append(Dense(f"first{number}", source, weight, first_bias[first], relu=True))
        nodes.append(
            Dense(f"second{number}", f"first{number}", second_weight[second, first], second_bias[second], relu=True)
        )
    answers = tuple(f"second{number}" for number in range(len(student.connections)))
    return [*nodes, Join("branches", answers)]


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
