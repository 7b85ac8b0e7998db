"""A folded graph trained on as the integers that it becomes: quantization-aware training against its own float answers.

The pass below is the runtimes' int8 arithmetic on the integers of `quantize`, with roundings that let gradients
through (straight-through estimator: Bengio et al. 2013, arXiv 1308.3432; for this scheme: Jacob et al. 2018, arXiv
1712.05877). Activation ranges stay those read off the float graph, so what was trained is what ships.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from agent.dsp.encoder_inputs import CodeScale
from export.network.graph import INPUT, Columns, Conv, Dense, Graph, Join, Mean, Select, run, sources
from export.shrinking.quantize import LEAST_SCALE, Quantized, Ranges, quantize
from export.shrinking.transfer_inputs import draw
from export.training.batches import Windows
from export.training.checkpoint import checkpoint_in
from export.training.descent import Descent

LOWEST, HIGHEST = -128, 127
WIDEST = 127  # of a weight's code


class AwareConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long and how fast."""

    steps: int = 300
    batch: int = 256  # recorded or simulated windows; as many imagined ones come beside them
    learning_rate: float = 3e-4
    seed: int = 0
    checkpoint_every: int = 100


class Layer(torch.nn.Module):
    """Float weights (out, in, kernel) and biases of one Dense or Conv, on their way to integers."""

    def __init__(self, node: Dense | Conv) -> None:
        super().__init__()
        weight = node.weight if isinstance(node, Conv) else node.weight[:, :, np.newaxis]
        self.weight = torch.nn.Parameter(torch.from_numpy(weight.copy()))
        self.bias = torch.nn.Parameter(torch.from_numpy(node.bias.copy()))

    def scales(self) -> Tensor:
        """One per output channel, as `quantize` chooses them."""
        return (self.weight.detach().abs().amax(dim=(1, 2)) / WIDEST).clamp_min(LEAST_SCALE)


def train_aware(
    graph: Graph,
    ranges: Ranges,
    windows: Windows,
    config: AwareConfig,
    *,
    input_scale: CodeScale,
    folder: Path | None = None,
) -> Quantized:
    """Integers of `graph` within `ranges` whose embeddings are trained towards its float ones, on inputs of `windows`.

    With a folder, checkpoints go there and an interrupted training of the same graph and data resumes.
    """
    rng = np.random.default_rng(config.seed)
    net = quantize(graph, ranges, input_scale=input_scale)
    layers = layers_of(graph)
    module = torch.nn.ModuleDict(layers)
    optimizer = torch.optim.Adam(module.parameters(), lr=config.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    checkpoint = checkpoint_in(
        folder,
        "aware.pt",
        table=windows.table,
        config=(config, windows.recipe),
        arrays=[weights.detach().numpy() for weights in module.parameters()],
        every=config.checkpoint_every,
    )

    def loss_of(step: int) -> Tensor:
        inputs = draw(windows, config.batch, config.batch, rng).inputs
        floats = torch.from_numpy(run(graph, inputs)[graph.nodes[-1].name][:, 0])
        codes = torch.from_numpy(input_scale.encode(inputs))
        decoded = (integer_pass(graph, net.scales, layers, codes) - net.output.zero_point) * net.output.scale
        return (decoded - floats).square().sum(dim=1).mean()

    descent = Descent({"layers": module}, (optimizer, schedule), rng=rng, checkpoint=checkpoint)
    descent.run(loss_of, steps=config.steps, name="quantization-aware training")
    return quantize(with_layers(graph, layers), ranges, input_scale=input_scale)


def layers_of(graph: Graph) -> dict[str, Layer]:
    """What can be trained in a graph, by the name of its node."""
    return {node.name: Layer(node) for node in graph.nodes if isinstance(node, Dense | Conv)}


def with_layers(graph: Graph, layers: Mapping[str, Layer]) -> Graph:
    """The graph with the weights and biases of `layers`."""
    nodes = []
    for node in graph.nodes:
        if isinstance(node, Dense | Conv):
            layer = layers[node.name]
            weight, bias = layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy()
            node = replace(node, weight=weight if isinstance(node, Conv) else weight[:, :, 0], bias=bias)
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def integer_pass(graph: Graph, scales: Mapping[str, CodeScale], layers: Mapping[str, Layer], codes: Tensor) -> Tensor:
    """Codes (batch, dim) of the last node for input `codes` (batch, n), whole numbers in float64, with gradients."""
    tensors = {INPUT: codes.double()[:, :, None]}  # (batch, channels, length)
    for node in graph.nodes:
        read = [tensors[name] for name in sources(node)]
        x, source, target = read[0], scales[sources(node)[0]], scales[node.name]
        match node:
            case Columns():
                tensors[node.name] = x[:, :, 0].reshape(len(x), -1, node.channels).transpose(1, 2)
            case Mean():
                mean = (x - source.zero_point).mean(dim=2, keepdim=True)
                tensors[node.name] = _codes(mean * (source.scale / target.scale), target)
            case Select():
                tensors[node.name] = x[:, list(node.entries)]
            case Join():
                tensors[node.name] = torch.cat(read, dim=1)
            case Dense() | Conv():
                tensors[node.name] = _products(x - source.zero_point, node, layers[node.name], source, target)
    return tensors[graph.nodes[-1].name][:, :, 0]


def _products(x: Tensor, node: Dense | Conv, layer: Layer, source: CodeScale, target: CodeScale) -> Tensor:
    """One Dense or Conv: sums of integer products, brought to the target's scale and rounded once."""
    scales = layer.scales()
    weight = rounded(layer.weight / scales[:, None, None])
    bias = rounded(layer.bias.double() / (scales.double() * source.scale))
    stride, padding = (node.stride, node.padding) if isinstance(node, Conv) else (1, (0, 0))
    sums = functional.conv1d(functional.pad(x, padding), weight.double(), bias, stride=stride)
    multiplier = (
        scales * float(np.float32(source.scale)) / float(np.float32(target.scale))
    )  # in float32, as the runtimes do
    result = _codes(sums * multiplier.double()[:, None], target)
    return result.clamp_min(target.zero_point) if node.relu else result


def _codes(values: Tensor, scale: CodeScale) -> Tensor:
    return (rounded(values) + scale.zero_point).clamp(LOWEST, HIGHEST)


def rounded(values: Tensor) -> Tensor:
    """The nearest whole numbers, exactly, with the gradient of the values themselves."""
    return values + (values.round() - values).detach()
