"""Trains student and text tower together, from arrays to a run folder; reads from top to bottom.

Everything random comes from one seed; a run that was killed goes on where its last checkpoint left it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
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
from export.network.model import Student
from export.progress import busy
from export.text.encoders import EncodedSentences
from export.text.tower import Tower
from export.training.batches import Windows, draw_rows, inputs_of, windows_of
from export.training.checkpoint import checkpoint_in
from export.training.descent import Descent, one_cycle
from export.training.device import CPU, device_of
from export.training.objectives import QUEUED
from export.training.objectives.named import objective_of
from export.training.queue import Queue
from export.training.recipe import TrainConfig
from export.training.sentences import SentenceDraws, sentence_draws, separate_texts, text_term
from export.training.start import Start, begun_with
from export.training.teacher import Teacher, imagine
from export.training.teacher_loss import Lessons

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
    start: Start | None = None,
    device: torch.device = CPU,
) -> Trained:
    """Train on the windows of `table` that are not baselines, towards `texts`, from `start` or from chance.

    Every label of the table needs sentences; a fault that has neither windows nor sentences is not learnt.
    With a folder, checkpoints go there and an interrupted run with the same config and data resumes.
    All draws are the processor's, so that another `device` changes results by rounding alone; what is returned lies on
    the processor.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    with busy("scaling of inputs"):
        scaling = fit_scaling(table, spec, config.hidden_features)
    student = student_of(config, spec, scaling)
    scaling = begun_with(start, student, scaling)
    student.to(device)
    tower = Tower(texts.vectors.shape[1], config.dim)
    tower.start_from(texts.vectors)
    tower.to(device)
    windows = windows_of(table, scaling=scaling, spec=spec, recipe=config, rng=rng)
    with busy("the experts learn"):
        lessons = lessons_of(windows)

    networks: dict[str, nn.Module] = {"student": student, "tower": tower}
    if lessons is not None:
        networks["lessons"] = lessons.to(device)
    queue = queue_of(config)
    if queue is not None:
        networks["queue"] = queue.to(device)
    parameters = [parameter for network in networks.values() for parameter in network.parameters()]
    cycle = one_cycle(
        parameters, steps=config.steps, learning_rate=config.learning_rate, weight_decay=config.weight_decay
    )
    arrays, every = [texts.vectors, *(() if start is None else start.arrays)], config.checkpoint_every
    checkpoint = checkpoint_in(folder, "checkpoint.pt", table=table, config=config, arrays=arrays, every=every)
    descent = Descent(networks, cycle, rng=rng, checkpoint=checkpoint)
    draw_texts = sentence_draws(texts.sentences, config)
    if not descent.losses:
        separate_texts(tower, config, texts, draw_texts, rng)
    student.train()
    tower.train()
    step_loss = StepLoss(student, tower, lessons, windows, texts, draw_texts, rng, queue)
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
    queue: Queue | None = None  # sentences of the steps before, as the tower read them then

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
        loss = _objective(raw, targets, texts, text_targets, config, self.queue)
        if self.queue is not None:
            self.queue.push(texts, text_targets)
        if self.lessons is None:
            return loss
        present = [number for number, fault in enumerate(FAULTS) if fault in self.texts.sentences.faults]
        described = texts[text_targets < len(FAULTS)].reshape(len(present), -1, config.dim)
        centres = functional.normalize(described.mean(dim=1), dim=1)
        return loss + config.teacher_weight * self.lessons.loss(self.student, centres, present, rng)


def _objective(
    raw: Tensor, targets: Tensor, texts: Tensor, text_targets: Tensor, config: TrainConfig, queue: Queue | None
) -> Tensor:
    """Of raw embeddings (batch, dim) and described sentences (texts, dim), beside which those queued stand."""
    objective = objective_of(config.objective)
    held, held_targets = (texts[:0], text_targets[:0]) if queue is None else queue.contents()
    contrast, labels = torch.cat([texts, held]), torch.cat([text_targets, held_targets])
    loss: Tensor = objective(functional.normalize(raw, dim=1), targets, contrast, labels)
    # Sentences of one fault towards each other, those of different faults apart: without it all texts may collapse.
    loss = loss + config.text_weight * text_term(objective, texts, text_targets)
    length: Tensor = (raw.norm(dim=1) - 1).square().mean()
    return loss + config.length_weight * length


def queue_of(config: TrainConfig) -> Queue | None:
    """For the sentences of the steps before, where the objective of `config` wants any; one of its networks."""
    plain, _, _ = config.objective.partition("@")
    return Queue(QUEUED[plain], config.dim) if plain in QUEUED else None


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
