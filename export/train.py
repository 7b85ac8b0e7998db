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

from agent.features import feature_names
from agent.matching import FAULTS_OF_DEGREE
from agent.scaling import LIMIT, CodeScale, InputScaling, view_shares
from agent.spectra import FeatureSpec
from agent.types import FAULTS
from export.checkpoint import CHECKPOINT, Stateful, keep, resume, run_key
from export.data.table import Table, healthy_pools, references
from export.graph import Floats
from export.masking import Masking, hide, mask_groups
from export.model import Student
from export.objective import OBJECTIVES
from export.progress import track
from export.teacher import Imagined, Teacher, TeacherConfig, imagine
from export.text import NONE, Sentences
from export.tower import Tower

SentenceDraws: TypeAlias = Callable[[np.random.Generator], tuple[NDArray[np.intp], Tensor]]
"""Sentences of one step, as rows, and what they describe, as numbers of FAULTS and one beyond."""

INPUT_SCALE = CodeScale(scale=LIMIT / 127, zero_point=0)
SMALLEST_STD = 0.02
DEGREE_WORTH = 3.0  # of a simulated fault of degree: no recording shows one, while bearing faults have some


class TrainConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a run depends on beside its data."""

    seed: int = 0
    steps: int = 1000
    batch: int = 256
    sentences_per_fault: int = 4  # even; drawn anew for every step, in any language
    objective: str = "triplet"
    text: str = "ngrams+minilm+glossary"
    hidden: tuple[int, ...] = (96, 64)
    dim: int = 64
    dropout: float = 0.2
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
    teacher_weight: float = 1.0  # of the divergence from the teacher's probabilities beside the objective
    teacher_temperature: float = 0.25  # cosine per unit of log probability
    reference_draws: int = 4  # how many commissionings of chance each window sees
    checkpoint_every: int = 250


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run makes."""

    student: Student
    tower: Tower
    scaling: InputScaling
    losses: tuple[float, ...]


def fit_scaling(table: Table, spec: FeatureSpec, hidden: tuple[str, ...]) -> InputScaling:
    """Mean and gain of every feature, and of its difference from the healthy reference, over the training windows."""
    known = table.known
    counts = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, table.values, 0).sum(axis=0, dtype=np.float64) / counts
    variance = np.where(known, (table.values - mean) ** 2, 0).sum(axis=0, dtype=np.float64) / counts
    difference = table.values - references(table, healthy_pools(table))
    both = known & np.isfinite(difference)
    spread = np.where(both, difference, 0).astype(np.float64)
    deviation = np.sqrt((spread**2).sum(axis=0) / np.maximum(both.sum(axis=0), 1))
    visible = np.array([name not in hidden for name in feature_names(spec)])
    gain = np.where(visible & known.any(axis=0), 1 / np.maximum(np.sqrt(variance), SMALLEST_STD), 0)
    deviation_gain = np.where(visible & both.any(axis=0), 1 / np.maximum(deviation, SMALLEST_STD), 0)
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
    student = Student(scaling.size, hidden=config.hidden, dim=config.dim, dropout=config.dropout)
    tower = Tower(vectors.shape[1], config.dim)
    tower.start_from(vectors)
    parameters = [*student.parameters(), *tower.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, total_steps=config.steps)
    objective = OBJECTIVES[config.objective]
    groups = mask_groups(spec)

    rows = np.flatnonzero(~table.baseline)
    targets = np.array([FAULTS.index(label) for label in table.labels])
    relative = np.isin(table.labels, FAULTS_OF_DEGREE)
    chances = sampling_weights(table, rows, config.real_share)
    pools = healthy_pools(table)
    commissioned = [references(table, pools, rng=rng) for _ in range(config.reference_draws)]
    draw_texts = sentence_draws(sentences, config)
    present = [number for number, fault in enumerate(FAULTS) if fault in sentences.faults]

    imagined = _taught(table, rows, chances, commissioned[0], scaling, spec, config)
    losses: list[float] = []
    key = run_key(table, config, vectors)
    parts: dict[str, Stateful] = {"student": student, "tower": tower, "optimizer": optimizer, "schedule": schedule}
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
        if imagined is not None:
            picked = rng.integers(0, len(imagined.values), config.batch)
            known = hide(imagined.known[picked], config.masking, groups, rng)
            reference = imagined.reference[picked]
            blind = rng.random(len(picked)) < config.masking.reference
            reference[blind] = np.nan
            inputs = scaling.inputs(imagined.values[picked], known, reference)
            learner = student(torch.from_numpy(inputs))
            described = texts[text_targets < len(FAULTS)].reshape(len(present), -1, config.dim)
            centres = functional.normalize(described.mean(dim=1), dim=1)
            said = functional.log_softmax(learner @ centres.T / config.teacher_temperature, dim=1)
            taught = torch.from_numpy(
                np.where(blind[:, np.newaxis], imagined.blind[picked], imagined.probability[picked])[:, present]
            )
            loss = loss - config.teacher_weight * (taught * said).sum(dim=1).mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if folder is not None and (step + 1) % config.checkpoint_every == 0:
            keep(folder / CHECKPOINT, key, parts, rng, losses)
    return Trained(student.eval(), tower.eval(), scaling, tuple(losses))


def _taught(
    table: Table, rows: NDArray[np.intp], chances: NDArray[np.float64], reference: Floats, scaling: InputScaling,
    spec: FeatureSpec, config: TrainConfig,
) -> Imagined | None:  # fmt: skip
    """What the teacher, trained on the same windows, says about windows between them; from a generator of its own."""
    if config.teacher is None:
        return None
    teacher = Teacher(scaling, config.teacher, seed=config.seed).fit(
        table.values[rows], table.known[rows], reference[rows], table.labels[rows], chances * len(rows)
    )
    rng = np.random.default_rng([config.seed, 1])
    return imagine(
        table, rows, chances, reference,
        teacher=teacher, scaling=scaling, spec=spec, rng=rng,
        config=msgspec.structs.replace(config.teacher, windows=min(config.teacher.windows, 32 * config.steps)),
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


def sampling_weights(table: Table, rows: NDArray[np.intp], real_share: float) -> NDArray[np.float64]:
    """Chances of `rows` such that every label of every machine family weighs the same within real and simulated.

    Simulated faults of degree weigh more: what no recording shows has only the simulator to be learnt from.
    """
    family = np.array([machine.split("-")[0] for machine in table.machines[rows]])
    labels = table.labels[rows]
    simulated = family == "sim"
    worth = np.where(simulated & np.isin(labels, FAULTS_OF_DEGREE), DEGREE_WORTH, 1.0)
    weights = np.zeros(len(rows))
    for side, share in ((simulated, 1 - real_share), (~simulated, real_share)):
        if side.any():
            _, inverse, counts = np.unique(
                np.char.add(np.char.add(family[side], "/"), labels[side]), return_inverse=True, return_counts=True
            )
            even = worth[side] / counts[inverse]
            weights[side] = share * even / even.sum()
    chances: NDArray[np.float64] = weights / weights.sum()
    return chances
