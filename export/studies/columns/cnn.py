"""A one-dimensional convolutional net on raw samples, trained against the same sentences: what features are worth.

After TextVibCLIP (github.com/youngjr0527/TextVibCLIP): four convolutions with its kernels on standardised pieces of
2048 samples, cosine triplet ranking against text, the nearest description wins. Fewer channels and larger strides make
it small enough for two cores. It sees recordings alone, the same windows on the same sides as the student, and is
scored as float among the labels it was trained on.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from agent.types import FAULTS
from export.data.raw import RawWindows
from export.data.sampling import sampling_weights
from export.network.graph import Floats
from export.scoring.score import balanced_accuracy, nearest
from export.studies.columns.splits import Column
from export.studies.columns.training_cache import Material, cell_key
from export.text.encoders import read_wordings, sentences_of, text_encoder
from export.text.no_fault import WORDINGS
from export.text.tower import Tower, describe_faults
from export.training.descent import Descent, one_cycle
from export.training.objectives.named import objective_of
from export.training.recipe import TrainConfig


class CnnConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a training depends on beside its data."""

    seed: int = 0
    steps: int = 400
    batch: int = 64
    rate_hz: float = 12_000.0
    piece: int = 2048  # samples; a window is heard piece by piece
    channels: tuple[int, ...] = (16, 32, 48, 64)
    kernels: tuple[int, ...] = (16, 32, 64, 32)
    strides: tuple[int, ...] = (4, 4, 4, 2)
    dim: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    sentences_per_fault: int = 4  # even
    objective: str = "triplet"
    text: str = TrainConfig().text
    text_weight: float = 0.5


class CnnCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the net scores in one column, by balanced accuracy."""

    balanced_accuracy: float
    training_accuracy: float  # on the left, whose windows it was trained on
    parameters: int
    steps: int
    seconds: float


class PieceNet(nn.Module):
    """(n, piece) -> unit vectors (n, dim)."""

    def __init__(self, config: CnnConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for after, kernel, stride in zip(config.channels, config.kernels, config.strides, strict=True):
            convolution = nn.Conv1d(before, after, kernel, stride, padding=kernel // 2, bias=False)
            layers += [convolution, nn.BatchNorm1d(after), nn.ReLU()]
            before = after
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(before, config.dim))

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(self.layers(x[:, None]), dim=1)


def cnn_cell(material: Material, column: Column, raw: RawWindows, config: CnnConfig) -> CnnCell:
    """Train on the left of `column`, score on the right; ValueError where `raw` holds other windows than the table."""
    if not np.array_equal(raw.recordings, material.recorded.recordings):
        raise ValueError("the raw windows are not those of the table")
    start = time.monotonic()
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    sentences = sentences_of(read_wordings(WORDINGS), FAULTS)
    vectors = text_encoder(config.text).encode(sentences.texts)
    by_fault = [np.flatnonzero(np.array(sentences.faults) == fault) for fault in FAULTS]
    text_targets = torch.arange(len(FAULTS)).repeat_interleave(config.sentences_per_fault)
    objective = objective_of(config.objective)

    table = material.recorded.take(column.trained)
    samples = raw.samples[column.trained]
    rows = np.flatnonzero(~table.baseline)
    chances = sampling_weights(table, rows, real_share=1.0)
    targets = np.array([FAULTS.index(label) for label in table.labels])
    net, tower = PieceNet(config), Tower(vectors.shape[1], config.dim)
    parameters = [*net.parameters(), *tower.parameters()]
    cycle = one_cycle(
        parameters, steps=config.steps, learning_rate=config.learning_rate, weight_decay=config.weight_decay
    )
    net.train()
    tower.train()

    def loss_of(step: int) -> Tensor:
        batch = rng.choice(rows, config.batch, p=chances)
        begins = rng.integers(0, samples.shape[1] - config.piece + 1, config.batch)
        pieces = samples[batch[:, None], begins[:, None] + np.arange(config.piece)]
        drawn = np.concatenate([rng.choice(group, config.sentences_per_fault) for group in by_fault])
        anchors = net(torch.from_numpy(_standardised(pieces)))
        texts = tower(torch.from_numpy(vectors[drawn]))
        named: Tensor = objective(anchors, torch.from_numpy(targets[batch]), texts, text_targets)
        return named + config.text_weight * objective(texts[::2], text_targets[::2], texts[1::2], text_targets[1::2])

    Descent({"net": net, "tower": tower}, cycle, rng=rng).run(loss_of, steps=config.steps, name="training on samples")

    taught = [fault for fault in FAULTS if (table.labels == fault).any()]
    centres = describe_faults(tower, vectors, sentences, taught)

    def accuracy(side: NDArray[np.bool_]) -> float:
        called = nearest(_embedded(net, raw.samples[side], config.piece) @ centres.T, taught)
        return balanced_accuracy(called, material.recorded.labels[side])

    return CnnCell(
        balanced_accuracy=accuracy(column.scored),
        training_accuracy=accuracy(column.trained),
        parameters=sum(weights.numel() for weights in net.parameters()),
        steps=config.steps,
        seconds=time.monotonic() - start,
    )


def cnn_key(material: Material, config: CnnConfig) -> str:
    """Changes with the recipe, the recorded windows, the wordings and the code that a cell depends on."""
    return cell_key(replace(material, simulated=None), config, code=Path(__file__))


def _embedded(net: PieceNet, samples: Floats, piece: int) -> Floats:
    """(n, dim) mean embedding of each window's whole pieces."""
    net.eval()
    count = samples.shape[1] // piece
    result = []
    with torch.no_grad():
        for window in samples:
            pieces = _standardised(window[: count * piece].reshape(count, piece))
            result.append(net(torch.from_numpy(pieces)).numpy().mean(axis=0))
    return np.array(result, np.float32)


def _standardised(pieces: Floats) -> Floats:
    centred = pieces - pieces.mean(axis=1, keepdims=True)
    scaled: Floats = centred / np.maximum(centred.std(axis=1, keepdims=True), np.float32(1e-12))
    return scaled
