"""A folded graph in float -> the same graph in integers, once, for both writers.

Weights are symmetric int8 per output channel, biases int32 at scale(input) x scale(weight), activations asymmetric int8
per tensor: the scheme of Jacob et al. 2018 (arXiv 1712.05877) that TensorFlow Lite specifies and onnxruntime fuses.
Nodes that only move codes about leave them as they are: what they read and what they make share one scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.dsp.encoder_inputs import CodeScale
from export.network.graph import INPUT, Columns, Conv, Dense, Floats, Graph, Join, Select, run, sources

Ranges = Mapping[str, tuple[float, float]]

LEAST_SCALE = 1e-8  # where a tensor or a channel is all zero


@dataclass(frozen=True, slots=True)
class Integers:
    """Codes of one Dense or Conv; `weight` (out, in, kernel) with one scale per output channel."""

    weight: NDArray[np.int8]
    weight_scales: Floats
    bias: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Quantized:
    """A graph with the integers that both writers put into their files."""

    graph: Graph
    scales: Mapping[str, CodeScale]  # by tensor name
    integers: Mapping[str, Integers]  # by node name

    @property
    def output(self) -> CodeScale:
        return self.scales[self.graph.nodes[-1].name]


def activation_ranges(graph: Graph, inputs: Floats) -> dict[str, tuple[float, float]]:
    """Smallest and largest value of every activation over standardised training `inputs` (batch, n), zero included."""
    found = {}
    for name, values in run(graph, inputs).items():
        found[name] = (min(0.0, float(values.min())), max(0.0, float(values.max())))
    return found


def quantize(graph: Graph, ranges: Ranges, *, input_scale: CodeScale) -> Quantized:
    """Round weights, biases and activation ranges to integers; the input keeps the scale that the agent codes with."""
    scales = _scales(graph, ranges, input_scale)
    layers = [node for node in graph.nodes if isinstance(node, Dense | Conv)]
    return Quantized(graph, scales, {node.name: _integers(node, scales[node.source].scale) for node in layers})


def _scales(graph: Graph, ranges: Ranges, input_scale: CodeScale) -> dict[str, CodeScale]:
    """One scale per tensor; tensors that hand on each other's codes share one, over the ranges of all of them.

    TensorFlow Lite wants this of all that CONCATENATION reads and makes. What shares with the input takes its scale.
    """
    sharing: dict[str, list[str]] = {INPUT: [INPUT]}
    for node in graph.nodes:
        group = [node.name]
        if isinstance(node, Columns | Select | Join):
            group = list(dict.fromkeys([*group, *(name for source in sources(node) for name in sharing[source])]))
        sharing.update(dict.fromkeys(group, group))
    scales = {}
    for name, group in sharing.items():
        if INPUT in group:
            scales[name] = input_scale
        else:
            scales[name] = _asymmetric(min(ranges[each][0] for each in group), max(ranges[each][1] for each in group))
    return scales


def _asymmetric(low: float, high: float) -> CodeScale:
    scale = max((high - low) / 255, LEAST_SCALE)
    return CodeScale(scale, int(np.clip(round(-128 - low / scale), -128, 127)))


def _integers(node: Dense | Conv, input_scale: float) -> Integers:
    weight = node.weight if isinstance(node, Conv) else node.weight[:, :, np.newaxis]
    largest = np.abs(weight).max(axis=(1, 2))
    scales = np.maximum(largest / 127, LEAST_SCALE).astype(np.float32)
    codes = np.clip(np.rint(weight / scales[:, np.newaxis, np.newaxis]), -127, 127).astype(np.int8)
    bias = np.rint(node.bias.astype(np.float64) / (scales.astype(np.float64) * input_scale))
    limit = np.iinfo(np.int32).max
    return Integers(codes, scales, np.clip(bias, -limit, limit).astype(np.int32))
