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
from torch import Tensor
from torch.nn import functional

from agent.dsp.encoder_inputs import LIMIT, CodeScale, InputScaling, view_shares
from agent.dsp.features import feature_names
from agent.dsp.spectra import FeatureSpec
from agent.faults import FAULTS_OF_DEGREE
from agent.types import FAULTS
from export.data.healthy import commissionings, covering_pools, healthy_pools, references
from export.data.sampling import sampling_weights
from export.data.table import Table
from export.network.branches import BRANCHES, Branch, connections
from export.network.graph import Floats
from export.network.model import Student
from export.progress import track
from export.text.encoders import NONE, Sentences
from export.text.tower import Tower
from export.training.checkpoint import CHECKPOINT, Stateful, keep, resume, run_key
from export.training.masking import Masking, hide, mask_groups
from export.training.objectives import OBJECTIVES
from export.training.teacher import Teacher, TeacherConfig, imagine
from export.training.teacher_loss import Lessons

SentenceDraws: TypeAlias = Callable[[np.random.Generator], tuple[NDArray[np.intp], Tensor]]
"""Sentences of one step, as rows, and what they describe, as numbers of FAULTS and one beyond."""

INPUT_SCALE = CodeScale(scale=LIMIT / 127, zero_point=0)
SMALLEST_STD = 0.02


class TrainConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a run depends on beside its data."""

    seed: int = 0
    steps: int = 2000
    batch: int = 256
    sentences_per_fault: int = 4  # even; drawn anew for every step, in any language
    objective: str = "triplet"
    text: str = "ngrams+minilm+glossary"
    branches: tuple[Branch, ...] = BRANCHES  # what its first two layers read; none: everything
    hidden: tuple[int, ...] = (96, 64)
    dim: int = 64
    dropout: float = 0.0
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    no_fault_sentences: int = 32  # even; as many per step that describe no fault, where there are any to draw from
    text_steps: int = 300  # at most, on sentences alone, before the first vibration
    text_weight: float = 0.5
    length_weight: float = 0.05  # keeps raw embeddings near length 1, so that one int8 range fits them all
    real_share: float = 0.85  # of every batch; the rest is simulated, and teaches what no recording shows
    hidden_features: tuple[str, ...] = ("level",)  # published recordings differ in gain: their level means nothing
    masking: Masking = Masking()
    noise: float = 0.3  # standard deviations added to every known input: another machine's figures differ a little
    teacher: TeacherConfig | None = TeacherConfig()
    teacher_weight: float = 20.0  # of the divergence from the teacher's probabilities beside the objective; 0: untaught
    branch_weight: float = 0.5  # of the divergence of each branch from its expert, within the teacher's
    teacher_temperature: float = 0.15  # cosine per unit of log probability
    reference_draws: int = 4  # how many commissionings of chance each window sees
    checkpoint_every: int = 250

    @property
    def taught(self) -> bool:
        """Whether experts teach the student beside the objective."""
        return self.teacher is not None and self.teacher_weight > 0


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
        scaling.size, hidden=config.hidden, dim=config.dim, dropout=config.dropout,
        connections=connections(spec, config.branches), taught=config.taught,
    )  # fmt: skip


def fit_scaling(table: Table, spec: FeatureSpec, hidden: tuple[str, ...]) -> InputScaling:
    """Mean and gain of every feature, and of its difference from the healthy reference, over the training windows."""
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
    table: Table, config: TrainConfig, *, spec: FeatureSpec, sentences: Sentences, vectors: Floats,
    folder: Path | None = None,
) -> Trained:  # fmt: skip
    """Train on the windows of `table` that are not baselines. `vectors` (sentences, text dim) are fixed.

    Every label of the table needs sentences; a fault that has neither windows nor sentences is not learnt.
    With a folder, checkpoints go there and an interrupted run with the same config and data resumes.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    scaling = fit_scaling(table, spec, config.hidden_features)
    student = student_of(config, spec, scaling)
    tower = Tower(vectors.shape[1], config.dim)
    tower.start_from(vectors)
    objective = OBJECTIVES[config.objective]
    groups = mask_groups(spec)

    rows = np.flatnonzero(~table.baseline)
    targets = np.array([FAULTS.index(label) for label in table.labels])
    relative = np.isin(table.labels, FAULTS_OF_DEGREE)
    chances = sampling_weights(table, rows, config.real_share)
    commissioned = commissionings(table, scaling.speed_bound, draws=config.reference_draws, rng=rng)
    draw_texts = sentence_draws(sentences, config)
    present = [number for number, fault in enumerate(FAULTS) if fault in sentences.faults]

    lessons = _lessons(table, commissioned, scaling, spec, config)
    parameters = [*student.parameters(), *tower.parameters(), *(lessons.parameters() if lessons is not None else ())]
    optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, total_steps=config.steps)

    losses: list[float] = []
    key = run_key(table, config, vectors)
    parts: dict[str, Stateful] = {"student": student, "tower": tower, "optimizer": optimizer, "schedule": schedule}
    if lessons is not None:
        parts["lessons"] = lessons
    if folder is not None:
        losses = resume(folder / CHECKPOINT, key, parts, rng)
    if not losses:
        separate_texts(tower, config, vectors, draw_texts, rng)
    for step in track(range(len(losses), config.steps), "training"):
        student.train()
        tower.train()
        batch = rng.choice(rows, config.batch, p=chances)
        known = hide(table.known[batch], config.masking, groups, rng)
        reference = commissioned[step % len(commissioned)][batch]
        reference[relative[batch]] = commissioned[-1][batch][relative[batch]]  # learnt at this speed
        forgotten = rng.random(len(batch)) < config.masking.reference
        reference[forgotten & ~relative[batch]] = np.nan
        inputs = scaling.inputs(table.values[batch], known, reference)
        drawn, text_targets = draw_texts(rng)

        jitter = rng.normal(0, config.noise, inputs.shape).astype(np.float32)
        raw = student.raw(torch.from_numpy(np.where(inputs == 0, inputs, inputs + jitter)))
        anchors = functional.normalize(raw, dim=1)
        texts = tower(torch.from_numpy(vectors[drawn]))
        loss = objective(anchors, torch.from_numpy(targets[batch]), texts, text_targets)
        # Sentences of one fault towards each other, those of different faults apart: without it all texts may collapse.
        loss = loss + config.text_weight * objective(texts[::2], text_targets[::2], texts[1::2], text_targets[1::2])
        loss = loss + config.length_weight * (raw.norm(dim=1) - 1).square().mean()
        if lessons is not None:
            described = texts[text_targets < len(FAULTS)].reshape(len(present), -1, config.dim)
            centres = functional.normalize(described.mean(dim=1), dim=1)
            loss = loss + config.teacher_weight * lessons.loss(student, centres, present, rng)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if folder is not None and (step + 1) % config.checkpoint_every == 0:
            keep(folder / CHECKPOINT, key, parts, rng, losses)
    tower.settle(vectors, sentences)
    return Trained(student.eval(), tower.eval(), scaling, tuple(losses))


def _lessons(
    table: Table, commissioned: list[Floats], scaling: InputScaling, spec: FeatureSpec, config: TrainConfig
) -> Lessons | None:
    """What the teacher, trained on the same windows, says about windows between them; from a generator of its own."""
    if config.teacher is None or not config.taught:
        return None
    rows = np.flatnonzero(~table.baseline)
    learnt, references = table.take(rows), [reference[rows] for reference in commissioned]
    teacher = Teacher(scaling, spec, config.teacher, seed=config.seed).fit(
        learnt, elsewhere=references[0], here=references[-1]
    )
    imagined = imagine(
        learnt, references,
        teacher=teacher, scaling=scaling, spec=spec, rng=np.random.default_rng([config.seed, 1]),
        config=msgspec.structs.replace(config.teacher, windows=min(config.teacher.windows, 32 * config.steps)),
        masking=msgspec.structs.replace(config.masking, spectrum=config.masking.view),
    )  # fmt: skip
    return Lessons(
        imagined, scaling, config.branches,
        batch=config.batch, blindness=config.masking.reference, temperature=config.teacher_temperature,
        branch_weight=config.branch_weight,
    )  # fmt: skip


def sentence_draws(sentences: Sentences, config: TrainConfig) -> SentenceDraws:
    """Draws `sentences_per_fault` of every fault that has any, in the order of FAULTS, then those that describe none.

    These are one more target, beyond FAULTS: away from every fault, and no vibration's.
    """
    labels = np.array(sentences.faults)
    wanted = dict.fromkeys(FAULTS, config.sentences_per_fault) | {NONE: config.no_fault_sentences}
    numbers = [number for number, label in enumerate(wanted) if wanted[label] and (labels == label).any()]
    counts = [list(wanted.values())[number] for number in numbers]
    pools = [np.flatnonzero(labels == list(wanted)[number]) for number in numbers]
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
    for _ in range(min(config.text_steps, config.steps)):
        (one, targets), (other, _) = draw(rng), draw(rng)
        loss = OBJECTIVES["supcon"](
            tower(torch.from_numpy(vectors[one])), targets, tower(torch.from_numpy(vectors[other])), targets
        )
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
