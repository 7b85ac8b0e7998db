"""Trains student and text tower together, from arrays to a run folder; reads from top to bottom.

Everything random comes from one seed; a run that was killed goes on where its last checkpoint left it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from agent.dsp.encoder_inputs import LIMIT, CodeScale, InputScaling, view_shares
from agent.dsp.features import feature_names
from agent.dsp.spectra import FeatureSpec
from agent.types import FAULTS
from export.data.healthy import covering_pools, healthy_pools, references
from export.data.sampling import foreign_rows
from export.data.table import Table
from export.network.branches import connections
from export.network.graph import Floats
from export.network.model import Student
from export.progress import busy, track
from export.text.encoders import NONE, EncodedSentences, Sentences
from export.text.tower import Tower
from export.training.batches import Windows, draw_rows, inputs_of, windows_of
from export.training.checkpoint import checkpoint_in
from export.training.descent import Descent, one_cycle, step_down
from export.training.device import CPU, device_of
from export.training.objectives import OBJECTIVES
from export.training.objectives.named import objective_of
from export.training.recipe import TrainConfig
from export.training.teacher import Teacher, imagine
from export.training.teacher_loss import Lessons

SentenceDraws: TypeAlias = Callable[[np.random.Generator], tuple[NDArray[np.intp], Tensor]]
"""Sentences of one step, as rows, and what they describe, as numbers of FAULTS and one beyond."""

INPUT_SCALE = CodeScale(scale=LIMIT / 127, zero_point=0)
SMALLEST_STD = 0.02


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run makes."""

    student: Student
    tower: Tower
    scaling: InputScaling
    losses: tuple[float, ...]


def student_of(config: TrainConfig, spec: FeatureSpec, scaling: InputScaling) -> Student:
    """The untrained student of a recipe."""
    return Student(
        scaling.size,
        hidden=config.hidden,
        dim=config.dim,
        dropout=config.dropout,
        connections=connections(spec, config.branches),
        taught=config.taught,
    )


def fit_scaling(table: Table, spec: FeatureSpec, hidden: tuple[str, ...]) -> InputScaling:
    """Mean and gain of every feature, and of its difference from the healthy reference, over the training windows.

    Machines of other kinds stay out: how far faults move a feature is what it is measured by.
    """
    table = table.take(~foreign_rows(table))
    known = table.known
    counts = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, table.values, 0).sum(axis=0, dtype=np.float64) / counts
    variance = np.where(known, (table.values - mean) ** 2, 0).sum(axis=0, dtype=np.float64) / counts
    compared, squares = np.zeros(known.shape[1]), np.zeros(known.shape[1])
    for pools in (healthy_pools(table), covering_pools(table)):
        difference = table.values - references(table, pools)
        both = known & np.isfinite(difference)
        compared += both.sum(axis=0)
        squares += (np.where(both, difference, 0).astype(np.float64) ** 2).sum(axis=0)
    deviation = np.sqrt(squares / np.maximum(compared, 1))
    visible = np.array([name not in hidden for name in feature_names(spec)])
    gain = np.where(visible & known.any(axis=0), 1 / np.maximum(np.sqrt(variance), SMALLEST_STD), 0)
    deviation_gain = np.where(visible & (compared > 0), 1 / np.maximum(deviation, SMALLEST_STD), 0)
    return InputScaling(
        mean.astype(np.float32), gain.astype(np.float32), deviation_gain.astype(np.float32), view_shares(spec)
    )


def train(
    table: Table,
    config: TrainConfig,
    *,
    spec: FeatureSpec,
    texts: EncodedSentences,
    folder: Path | None = None,
    device: torch.device = CPU,
) -> Trained:
    """Train on the windows of `table` that are not baselines, towards `texts`; what comes of it is on the processor.

    Every label of the table needs sentences; a fault that has neither windows nor sentences is not learnt.
    With a folder, checkpoints go there and an interrupted run with the same config and data resumes.
    All draws are the processor's, so that another `device` changes results by rounding alone.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    scaling = fit_scaling(table, spec, config.hidden_features)
    student = student_of(config, spec, scaling).to(device)
    tower = Tower(texts.vectors.shape[1], config.dim)
    tower.start_from(texts.vectors)
    tower.to(device)
    windows = windows_of(table, scaling=scaling, spec=spec, recipe=config, rng=rng)
    with busy("the experts learn"):
        lessons = lessons_of(windows)

    networks: dict[str, nn.Module] = {"student": student, "tower": tower}
    if lessons is not None:
        networks["lessons"] = lessons.to(device)
    parameters = [parameter for network in networks.values() for parameter in network.parameters()]
    cycle = one_cycle(
        parameters, steps=config.steps, learning_rate=config.learning_rate, weight_decay=config.weight_decay
    )
    arrays, every = [texts.vectors], config.checkpoint_every
    checkpoint = checkpoint_in(folder, "checkpoint.pt", table=table, config=config, arrays=arrays, every=every)
    descent = Descent(networks, cycle, rng=rng, checkpoint=checkpoint)
    draw_texts = sentence_draws(texts.sentences, config)
    if not descent.losses:
        separate_texts(tower, config, texts.vectors, draw_texts, rng)
    student.train()
    tower.train()
    step_loss = StepLoss(student, tower, lessons, windows, texts, draw_texts, rng)
    losses = descent.run(step_loss, steps=config.steps, name="training")
    student.to(CPU)
    tower.to(CPU)
    tower.settle(texts.vectors, texts.sentences)
    return Trained(student.eval(), tower.eval(), scaling, losses)


@dataclass(frozen=True, slots=True)
class StepLoss:
    """What one step goes down: windows towards the sentences of their fault, and what the teacher says between them."""

    student: Student
    tower: Tower
    lessons: Lessons | None
    windows: Windows
    texts: EncodedSentences
    draw_texts: SentenceDraws
    rng: np.random.Generator

    def __call__(self, step: int) -> Tensor:
        """Of a batch drawn for this step; the order of the draws is what a seed means."""
        windows, config, rng = self.windows, self.windows.recipe, self.rng
        batch = draw_rows(windows, config.batch, rng)
        inputs = inputs_of(windows, batch, step % len(windows.commissioned), rng)
        drawn, text_targets = self.draw_texts(rng)
        jitter = rng.normal(0, config.noise, inputs.shape).astype(np.float32)
        device = device_of(self.student)
        raw = self.student.raw(torch.from_numpy(np.where(inputs == 0, inputs, inputs + jitter)).to(device))
        texts = self.tower(torch.from_numpy(self.texts.vectors[drawn]).to(device))
        targets, text_targets = torch.from_numpy(windows.targets[batch]).to(device), text_targets.to(device)
        loss = _objective(raw, targets, texts, text_targets, config)
        if self.lessons is None:
            return loss
        present = [number for number, fault in enumerate(FAULTS) if fault in self.texts.sentences.faults]
        described = texts[text_targets < len(FAULTS)].reshape(len(present), -1, config.dim)
        centres = functional.normalize(described.mean(dim=1), dim=1)
        return loss + config.teacher_weight * self.lessons.loss(self.student, centres, present, rng)


def _objective(raw: Tensor, targets: Tensor, texts: Tensor, text_targets: Tensor, config: TrainConfig) -> Tensor:
    """Of raw embeddings (batch, dim) and described sentences (texts, dim)."""
    objective = objective_of(config.objective)
    loss: Tensor = objective(functional.normalize(raw, dim=1), targets, texts, text_targets)
    # Sentences of one fault towards each other, those of different faults apart: without it all texts may collapse.
    loss = loss + config.text_weight * objective(texts[::2], text_targets[::2], texts[1::2], text_targets[1::2])
    length: Tensor = (raw.norm(dim=1) - 1).square().mean()
    return loss + config.length_weight * length


def lessons_of(windows: Windows) -> Lessons | None:
    """What the teacher, trained on the same windows, says about windows between them; from a generator of its own.

    None where nobody teaches, or where one fault alone is there to learn from.
    """
    config, scaling, spec = windows.recipe, windows.scaling, windows.spec
    if config.teacher is None or not config.taught:
        return None
    learnt = windows.table.take(windows.rows)
    references = [reference[windows.rows] for reference in windows.commissioned]
    foreign = config.foreign_share
    teacher = Teacher(scaling, spec, config.teacher, seed=config.seed, foreign_share=foreign)
    teacher.fit(learnt, elsewhere=references[0], here=references[-1])
    if not teacher.trained:
        return None
    imagined = imagine(
        learnt,
        references,
        teacher=teacher,
        scaling=scaling,
        spec=spec,
        rng=np.random.default_rng([config.seed, 1]),
        config=msgspec.structs.replace(config.teacher, windows=min(config.teacher.windows, 32 * config.steps)),
        masking=msgspec.structs.replace(config.masking, spectrum=config.masking.view),
        foreign_share=foreign,
    )
    return Lessons(imagined, scaling, config)


def sentence_draws(sentences: Sentences, config: TrainConfig) -> SentenceDraws:
    """Draws `sentences_per_fault` of every fault that has any, in the order of FAULTS, then those that describe none.

    These are one more target, beyond FAULTS: away from every fault, and no vibration's.
    """
    labels = np.array(sentences.faults)
    per_fault = dict.fromkeys(FAULTS, config.sentences_per_fault) | {NONE: config.no_fault_sentences}
    numbers = [number for number, label in enumerate(per_fault) if per_fault[label] and (labels == label).any()]
    counts = [list(per_fault.values())[number] for number in numbers]
    pools = [np.flatnonzero(labels == list(per_fault)[number]) for number in numbers]
    targets = torch.tensor(numbers).repeat_interleave(torch.tensor(counts))

    def draw(rng: np.random.Generator) -> tuple[NDArray[np.intp], Tensor]:
        return np.concatenate([rng.choice(pool, count) for pool, count in zip(pools, counts, strict=True)]), targets

    return draw


def separate_texts(
    tower: Tower, config: TrainConfig, vectors: Floats, draw: SentenceDraws, rng: np.random.Generator
) -> None:
    """Train the tower on sentences alone, so that vibrations start from descriptions that already stand apart."""
    optimizer = torch.optim.AdamW(tower.parameters(), lr=config.learning_rate / 2, weight_decay=config.weight_decay)
    tower.train()
    device = device_of(tower)
    for _ in track(range(min(config.text_steps, config.steps)), "sentences told apart, step"):
        (one, targets), (other, _) = draw(rng), draw(rng)
        first, second = (tower(torch.from_numpy(vectors[rows]).to(device)) for rows in (one, other))
        loss = OBJECTIVES["supcon"](first, targets.to(device), second, targets.to(device))
        step_down(optimizer, loss)
