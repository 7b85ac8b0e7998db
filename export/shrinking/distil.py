"""A smaller student learns from a finished network: what it says of a window, and how far apart it puts two.

The network is never asked about anything else than what the student sees, masked and disturbed alike: an answer that
rests on something hidden from the student cannot be learnt (Beyer et al. 2022, arXiv 2106.05237).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from agent.dsp.encoder_inputs import InputScaling
from agent.dsp.spectra import FeatureSpec
from export.data.table import Table
from export.network.graph import Conv, Dense, Floats, Graph, embed
from export.network.model import Student
from export.shrinking.transfer_inputs import Drawn, draw
from export.training.batches import windows_of
from export.training.checkpoint import checkpoint_in
from export.training.descent import Descent, one_cycle
from export.training.imitation import embedding_distance, relation_distance
from export.training.objectives.named import objective_of
from export.training.recipe import TrainConfig


class DistilConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the student is made; what it is shown follows the recipe of the network."""

    hidden: tuple[int, ...] = (96, 64)
    seed: int = 0
    steps: int = 2000
    batch: int = 256  # recorded or simulated windows; as many imagined ones come beside them
    dropout: float = 0.0
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    relation_weight: float = 1.0
    label_weight: float = 0.0  # of the network's own objective, the windows' labels against its descriptions
    checkpoint_every: int = 250


@dataclass(frozen=True, slots=True)
class Network:
    """What is learnt from: the folded encoder, how its inputs are scaled, and one description (dim,) per fault."""

    graph: Graph
    scaling: InputScaling
    centres: Floats  # (faults, dim)


def distil(
    table: Table,
    network: Network,
    config: DistilConfig,
    *,
    recipe: TrainConfig,
    spec: FeatureSpec,
    folder: Path | None = None,
) -> tuple[Student, tuple[float, ...]]:
    """A student of `network`, and its losses, from the windows of `table` that are not baselines.

    With a folder, checkpoints go there and an interrupted distillation of the same network and data resumes.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    student = Student(
        network.scaling.size, hidden=config.hidden, dim=network.centres.shape[1], dropout=config.dropout
    ).train()
    cycle = one_cycle(
        student.parameters(), steps=config.steps, learning_rate=config.learning_rate, weight_decay=config.weight_decay
    )
    windows = windows_of(table, scaling=network.scaling, spec=spec, recipe=recipe, rng=rng)
    arrays, every = _numbers(network), config.checkpoint_every
    checkpoint = checkpoint_in(
        folder, "checkpoint.pt", table=table, config=(config, recipe), arrays=arrays, every=every
    )

    def loss_of(step: int) -> Tensor:
        drawn = draw(windows, config.batch, config.batch, rng)
        return _loss(student.raw(torch.from_numpy(drawn.inputs)), drawn, network, config, recipe.objective)

    descent = Descent({"student": student}, cycle, rng=rng, checkpoint=checkpoint)
    losses = descent.run(loss_of, steps=config.steps, name="distilling")
    return student.eval(), losses


def _loss(raw: Tensor, drawn: Drawn, network: Network, config: DistilConfig, objective: str) -> Tensor:
    """Of the student's raw embeddings (n, dim) of what was drawn."""
    target = torch.from_numpy(embed(network.graph, drawn.inputs))
    loss = embedding_distance(raw, target)
    unit = functional.normalize(raw, dim=1)
    loss = loss + config.relation_weight * relation_distance(unit, target)
    if config.label_weight:
        labels = torch.from_numpy(drawn.targets)
        centres, faults = torch.from_numpy(network.centres), torch.arange(len(network.centres))
        loss = loss + config.label_weight * objective_of(objective)(unit[: len(labels)], labels, centres, faults)
    return loss


def _numbers(network: Network) -> tuple[Floats, ...]:
    """Every number that the network says something by."""
    scaling = network.scaling
    layers = [node for node in network.graph.nodes if isinstance(node, Dense | Conv)]
    weights = [array for node in layers for array in (node.weight, node.bias)]
    return (*weights, scaling.mean, scaling.gain, scaling.deviation_gain, network.centres)
