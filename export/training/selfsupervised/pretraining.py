"""Trains the student on windows without labels, from arrays to weights and scaling; reads from top to bottom.

Two views of one machine state go in: two windows of its recording or one, through views on samples that were made
before, with bands dropped, and with what an installation may not know hidden. A run that was killed goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agent.dsp.encoder_inputs import InputScaling
from agent.dsp.spectra import FeatureSpec
from export.data.healthy import commissionings
from export.data.partners import partners_of, states_of
from export.data.sampling import simulated_rows
from export.data.unlabelled import Unlabelled
from export.data.views import GAIN_DB, band_edges, louder, spans_of, without_bands
from export.network.graph import Floats
from export.training.checkpoint import Stateful, checkpoint_in
from export.training.descent import Descent, one_cycle
from export.training.masking import Masking, hide, mask_groups
from export.training.names import SelfSupervised
from export.training.recipe import TrainConfig
from export.training.selfsupervised import SELF_SUPERVISED
from export.training.selfsupervised.pairs import Pair
from export.training.selfsupervised.watch import Look, Watch
from export.training.start import Start, learnt_weights
from export.training.train import fit_scaling, student_of

WATCHED = 512  # windows


class PretrainConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a student learns before anybody has labelled anything; what it is made of follows its recipe."""

    objective: SelfSupervised = "simclr"  # fills its space most, with the fewest parts: decision 0037
    seed: int = 0
    steps: int = 1000
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    width: int = 64  # of projections, which are thrown away
    views: int = 3  # on the samples of each window, made once, beside the window as it was heard
    time_shift: float = 0.5  # chance that the other view is of another window of the same state
    real_share: float = 0.85  # of every batch; the rest is simulated
    noise: float = 0.3  # standard deviations added to every known input
    masking: Masking = Masking()
    look_every: int = 50  # steps
    checkpoint_every: int = 250


@dataclass(frozen=True, slots=True)
class Pretrained:
    """What a pre-training leaves: where a training may start from, and what was seen on the way."""

    start: Start
    losses: tuple[float, ...]
    looks: tuple[Look, ...]


def pretrain(
    heard: Unlabelled,
    config: PretrainConfig,
    *,
    recipe: TrainConfig,
    spec: FeatureSpec,
    folder: Path | None = None,
) -> Pretrained:
    """Train the student of `recipe` on `heard`; with a folder, checkpoints go there and an interrupted run resumes."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    scaling = fit_scaling(heard.table, spec, recipe.hidden_features)
    # Nobody teaches yet: branches that are taught apart later learn from what comes after them until then.
    student = student_of(msgspec.structs.replace(recipe, seed=config.seed, teacher=None), spec, scaling)
    head = SELF_SUPERVISED[config.objective](student, config.width)
    material = material_of(heard, scaling, spec, recipe=recipe, config=config, rng=rng)
    watch = Watch(student, *watched_inputs(material, np.random.default_rng([config.seed, 1])))

    networks: Mapping[str, Stateful] = {"student": student, "head": head, "watch": watch}
    parameters = [part for network in (student, head) for part in network.parameters() if part.requires_grad]
    cycle = one_cycle(
        parameters, steps=config.steps, learning_rate=config.learning_rate, weight_decay=config.weight_decay
    )
    arrays = [heard.views.values, heard.views.known]
    checkpoint = checkpoint_in(
        folder,
        "checkpoint.pt",
        table=heard.table,
        config=(config, recipe),
        arrays=arrays,
        every=config.checkpoint_every,
    )
    descent = Descent(networks, cycle, rng=rng, checkpoint=checkpoint)
    student.train()

    def loss_of(step: int) -> Tensor:
        if step % config.look_every == 0:
            watch.look(step)
        return head.loss(student, draw_pair(material, step, rng))

    losses = descent.run(loss_of, steps=config.steps, name="learning without labels")
    watch.look(config.steps)
    return Pretrained(Start(scaling, learnt_weights(student)), losses, tuple(watch.looks))


@dataclass(frozen=True, slots=True)
class Material:
    """What pairs are drawn from."""

    values: Floats  # (1 + views, n, d): as heard, then by each view
    known: NDArray[np.bool_]  # (1 + views, n, d)
    states: NDArray[np.intp]  # (n,)
    partners: list[NDArray[np.intp]]  # (n,) rows of the same state
    rows: NDArray[np.intp]  # that batches are drawn from
    chances: NDArray[np.float64]  # of each
    commissioned: tuple[Floats, ...]  # healthy references (n, d), one per commissioning of chance
    scaling: InputScaling
    spec: FeatureSpec
    config: PretrainConfig
    groups: Mapping[str, NDArray[np.bool_]]
    edges: NDArray[np.float64]  # (d, 2) in Hz


def material_of(
    heard: Unlabelled,
    scaling: InputScaling,
    spec: FeatureSpec,
    *,
    recipe: TrainConfig,
    config: PretrainConfig,
    rng: np.random.Generator,
) -> Material:
    """Of unlabelled windows; each machine state weighs the same within what is recorded and what is simulated."""
    table, states = heard.table, states_of(heard.table)
    rows, simulated = np.arange(len(table)), simulated_rows(table)
    chances = np.zeros(len(table))
    for side, share in ((simulated, 1 - config.real_share), (~simulated, config.real_share)):
        if side.any():
            _, place, counts = np.unique(states[side], return_inverse=True, return_counts=True)
            chances[side] = share / len(counts) / counts[place]
    return Material(
        values=np.concatenate([table.values[np.newaxis], heard.views.values]),
        known=np.concatenate([table.known[np.newaxis], heard.views.known]),
        states=states,
        partners=partners_of(table),
        rows=rows,
        chances=chances / chances.sum(),
        commissioned=tuple(commissionings(table, scaling.speed_bound, draws=recipe.reference_draws, rng=rng)),
        scaling=scaling,
        spec=spec,
        config=config,
        groups=mask_groups(spec),
        edges=band_edges(spec),
    )


def draw_pair(material: Material, step: int, rng: np.random.Generator) -> Pair:
    """Two views of each window of a batch, beside the healthy reference of a commissioning of chance."""
    config = material.config
    rows = rng.choice(material.rows, config.batch, p=material.chances)
    shifted = rng.random(len(rows)) < config.time_shift
    others = np.array(
        [rng.choice(material.partners[row]) if shift else row for row, shift in zip(rows, shifted, strict=True)]
    )
    healthy = material.commissioned[step % len(material.commissioned)]
    one, other = (_seen(material, part, healthy[part], rng) for part in (rows, others))
    return Pair(torch.from_numpy(one), torch.from_numpy(other), torch.from_numpy(material.states[rows]))


def watched_inputs(material: Material, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Inputs of windows as they were heard, evenly spread, and of a view of each, with nothing else hidden."""
    count = min(WATCHED, len(material.rows))
    rows = material.rows[np.linspace(0, len(material.rows) - 1, count).astype(np.intp)]
    healthy = material.commissioned[-1][rows]
    views = rng.integers(len(material.values), size=count)
    others = np.array([rng.choice(material.partners[row]) for row in rows])
    return (
        material.scaling.inputs(material.values[0, rows], material.known[0, rows], healthy),
        material.scaling.inputs(material.values[views, others], material.known[views, others], healthy),
    )


def _seen(material: Material, rows: NDArray[np.intp], healthy: Floats, rng: np.random.Generator) -> Floats:
    """Encoder inputs (n, inputs) of one view of each row."""
    config = material.config
    views = rng.integers(len(material.values), size=len(rows))
    known = without_bands(material.known[views, rows], material.edges, spans_of(len(rows), material.spec, rng))
    known = hide(known, config.masking, dict(material.groups), rng)
    forgotten = rng.random(len(rows)) < config.masking.reference
    reference = np.where(forgotten[:, np.newaxis], np.float32(np.nan), healthy)
    gains_db = rng.uniform(-GAIN_DB, GAIN_DB, len(rows))
    values = louder(material.values[views, rows], gains_db, material.spec)
    inputs = material.scaling.inputs(values, known, reference)
    jitter = rng.normal(0, config.noise, inputs.shape).astype(np.float32)
    return np.where(inputs == 0, inputs, inputs + jitter)
