"""The folded encoder as a short list of named nodes, and its arithmetic in float.

Every node names what it reads, so branches are nodes like any other and both writers, the quantizer and the reference
arithmetic below see the same list. Activations are (length, channels); a plain vector has length 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

INPUT = "codes"
"""Name of the tensor that every graph starts from: the standardised features (n,)."""


@dataclass(frozen=True, slots=True)
class Dense:
    """y = weight x + bias over a vector; `weight` (out, in)."""

    name: str
    source: str
    weight: Floats
    bias: Floats
    relu: bool = False


@dataclass(frozen=True, slots=True)
class Conv:
    """Cross-correlation along the length; `weight` (out, in, kernel), zeros padded as (before, after)."""

    name: str
    source: str
    weight: Floats
    bias: Floats
    stride: int = 1
    padding: tuple[int, int] = (0, 0)
    relu: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """A vector seen as (length, channels), channels changing fastest."""

    name: str
    source: str
    channels: int


@dataclass(frozen=True, slots=True)
class Mean:
    """Mean over the length."""

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Select:
    """Some entries of a vector, by number, in the order given."""

    name: str
    source: str
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """Vectors one behind the other."""

    name: str
    sources: tuple[str, ...]


Node: TypeAlias = Dense | Conv | Columns | Mean | Select | Join


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in the order in which they run; the last one is the embedding."""

    inputs: int
    nodes: tuple[Node, ...]

    @property
    def parameters(self) -> int:
        return sum(node.weight.size + node.bias.size for node in self.nodes if isinstance(node, Dense | Conv))


def sources(node: Node) -> tuple[str, ...]:
    """Names of the tensors that a node reads."""
    return node.sources if isinstance(node, Join) else (node.source,)


def shapes(graph: Graph) -> dict[str, tuple[int, int]]:
    """(length, channels) of every tensor by name; ValueError where a node does not fit what it reads."""
    found: dict[str, tuple[int, int]] = {INPUT: (1, graph.inputs)}
    for node in graph.nodes:
        if node.name in found:
            raise ValueError(f"two nodes are called {node.name!r}")
        read = [found[source] for source in sources(node)]
        length, channels = read[0]
        match node:
            case Dense():
                if length != 1 or node.weight.shape[1] != channels:
                    raise ValueError(f"{node.name}: weight {node.weight.shape} cannot read {(length, channels)}")
                found[node.name] = (1, node.weight.shape[0])
            case Conv():
                if node.weight.shape[1] != channels:
                    raise ValueError(f"{node.name}: weight {node.weight.shape} cannot read {(length, channels)}")
                padded = length + sum(node.padding)
                found[node.name] = ((padded - node.weight.shape[2]) // node.stride + 1, node.weight.shape[0])
            case Columns():
                if length != 1 or channels % node.channels:
                    raise ValueError(f"{node.name}: {channels} values do not make columns of {node.channels}")
                found[node.name] = (channels // node.channels, node.channels)
            case Mean():
                found[node.name] = (1, channels)
            case Select():
                if length != 1 or not node.entries or not 0 <= min(node.entries) <= max(node.entries) < channels:
                    raise ValueError(f"{node.name}: {(length, channels)} does not have entries {node.entries}")
                found[node.name] = (1, len(node.entries))
            case Join():
                if any(each != 1 for each, _ in read):
                    raise ValueError(f"{node.name}: {read} are not all vectors")
                found[node.name] = (1, sum(each for _, each in read))
    return found


def multiplications(graph: Graph) -> int:
    """Multiply-accumulates of one run."""
    sizes = shapes(graph)
    return sum(sizes[node.name][0] * node.weight.size for node in graph.nodes if isinstance(node, Dense | Conv))


def run(graph: Graph, inputs: Floats) -> dict[str, Floats]:
    """Every activation by name, (batch, length, channels) each, for standardised `inputs` (batch, n)."""
    tensors: dict[str, Floats] = {INPUT: inputs[:, np.newaxis, :].astype(np.float32)}
    for node in graph.nodes:
        read = [tensors[source] for source in sources(node)]
        x = read[0]
        match node:
            case Dense():
                y = x @ node.weight.T + node.bias
            case Conv():
                y = _correlate(x, node)
            case Columns():
                y = x.reshape(len(x), -1, node.channels)
            case Mean():
                y = x.mean(axis=1, keepdims=True)
            case Select():
                y = x[:, :, list(node.entries)]
            case Join():
                y = np.concatenate(read, axis=2)
        if isinstance(node, Dense | Conv) and node.relu:
            y = np.maximum(y, 0)
        tensors[node.name] = y.astype(np.float32)
    return tensors


def embed(graph: Graph, inputs: Floats) -> Floats:
    """Embeddings of unit length (batch, dim) for standardised `inputs` (batch, n)."""
    raw = run(graph, inputs)[graph.nodes[-1].name][:, 0]
    return unit_rows(raw)


def unit_rows(rows: Floats) -> Floats:
    """Rows of length 1; those that are 0 stay 0."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = (rows / np.maximum(norms, 1e-12)).astype(np.float32)
    return unit


def _correlate(x: Floats, node: Conv) -> Floats:
    padded = np.pad(x, ((0, 0), node.padding, (0, 0)))
    kernel = node.weight.shape[2]
    patches = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=1)[:, :: node.stride]
    result: Floats = np.einsum("blck,ock->blo", patches, node.weight, optimize=True) + node.bias
    return result
