"""A run folder: everything that one training leaves behind, so that quantizing and packing need nothing else.

`order.json config.json table.npz sentences.json trained.pt tower.npz calibration.json deviation.json trained_on.npy
metrics.json curves.png`, where it began without labels `start.npz`, after quantizing `encoder.onnx encoder.tflite
quantized.json`, and after packing `packed.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from agent.diagnosis.baseline import DeviationScale
from agent.diagnosis.matching import Calibration
from agent.dsp.encoder_inputs import CodeScale, InputScaling, view_shares
from agent.dsp.spectra import FeatureSpec
from export.data.table import Table, load, save
from export.network.graph import Floats, Graph
from export.network.model import Student, fold
from export.runs.run_files import (
    RunError,
    check_whole,
    read_json,
    read_metrics,
    read_tower,
    told_if_damaged,
    write_json,
)
from export.scoring.agreement import Agreement
from export.scoring.forgetting import Forgets
from export.shrinking.aware import AwareConfig
from export.shrinking.distil import DistilConfig
from export.text.encoders import EncodedSentences, Sentences, TextEncoder, encoder_name, text_encoder
from export.text.no_fault import WORDINGS, sentences_of_digest
from export.text.tower import Tower, fault_centres, load_tower, tower_bytes
from export.training.continuing import ContinueConfig
from export.training.recipe import TrainConfig
from export.training.train import Trained, student_of

__all__ = [
    "SENTENCES",
    "BegunWith",
    "Continued",
    "Descriptions",
    "ForgetsOfRun",
    "QuantizedConfig",
    "Run",
    "RunConfig",
    "RunError",
    "forgets_of",
    "load_run",
    "load_trained",
    "read_descriptions",
    "read_json",
    "save_run",
    "write_json",
]

SENTENCES = "sentences.json"
"""What the tower learnt from: kept, as a later version may train with others, and the run still be gone on with."""


class Continued(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a run went on from another one."""

    config: ContinueConfig
    recordings: int
    run_sha256: str  # of the `trained.pt` that it went on from


class BegunWith(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the first student of a run had learnt without labels."""

    objective: str
    sha256: str  # of its weights then
    folds: bool = False  # whether the students of the folds began there, too; what they began with is then kept


class RunConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`config.json`: the recipe and where its data came from; a distilled run keeps both of its network."""

    train: TrainConfig
    spec: FeatureSpec
    recordings: int
    machines_simulated: int
    hop_s: float
    text_encoder: str
    wordings_sha256: str
    distilled: tuple[DistilConfig, ...] = ()  # students in turn, each of the one before; the first of `train`'s
    continued: tuple[Continued, ...] = ()  # in turn, each of the one before; the first of `train`'s
    deviation_of: str | None = None  # the bundle whose limits of deviation were taken, for want of healthy recordings
    begun: BegunWith | None = None  # None: from chance
    network_sha256: str | None = None  # of the `trained.pt` that the last one learnt from


class QuantizedConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`quantized.json`."""

    inputs: CodeScale
    outputs: CodeScale
    parameters: int
    multiplications: int
    float_likeness: Agreement  # to the float student, on the windows that ranges were read off
    aware: AwareConfig | None = None  # where the weights were trained as integers
    post_training: Agreement | None = None  # of the integers that they would have been without


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder that has been trained."""

    folder: Path
    config: RunConfig
    table: Table
    scaling: InputScaling
    graph: Graph
    tower: bytes
    calibration: Calibration
    deviation: DeviationScale

    @property
    def metrics(self) -> dict[str, object]:
        """All figures of the run; RunError where some are missing that a bundle tells."""
        return read_metrics(self.folder / "metrics.json")

    @property
    def held_out(self) -> Mapping[str, Any]:
        """The figures on groups left out."""
        found: Mapping[str, Any] = msgspec.convert(self.metrics["held_out_groups"], dict[str, Any])
        return found


def save_run(
    folder: Path,
    *,
    config: RunConfig,
    table: Table,
    sentences: Sentences,
    trained: Trained,
    calibration: Calibration,
    deviation: DeviationScale,
    heard: Floats,
) -> None:
    """Write everything but metrics and curves; `heard` (n, dim) is kept with the tower (`heard_windows`)."""
    write_json(folder / "config.json", config)
    write_json(folder / "calibration.json", calibration)
    write_json(folder / "deviation.json", deviation)
    save(table, folder / "table.npz")
    write_json(folder / SENTENCES, sentences)
    scaling = trained.scaling
    np.save(folder / "scaling.npy", np.stack([scaling.mean, scaling.gain, scaling.deviation_gain]))
    torch.save(trained.student.state_dict(), folder / "trained.pt")
    (folder / "tower.npz").write_bytes(tower_bytes(trained.tower, config.text_encoder, heard=heard))


def load_run(folder: Path) -> Run:
    """A run as `save_run` left it; RunError where it never finished or one of its files is damaged."""
    check_whole(folder)
    config = read_json(folder / "config.json", RunConfig)
    with told_if_damaged(folder / "scaling.npy") as path:
        rows = np.load(path, allow_pickle=False)
        scaling = InputScaling(rows[0], rows[1], rows[2], view_shares(config.spec))
    with told_if_damaged(folder / "table.npz") as path:
        table = load(path)
    return Run(
        folder=folder,
        config=config,
        table=table,
        scaling=scaling,
        graph=fold(_student(folder, config, scaling)),
        tower=read_tower(folder / "tower.npz"),
        calibration=read_json(folder / "calibration.json", Calibration),
        deviation=read_json(folder / "deviation.json", DeviationScale),
    )


def load_trained(run: Run, encoder: TextEncoder) -> Trained:
    """Student and tower as the training of a run left them, to go on with; its losses are not kept."""
    return Trained(_student(run.folder, run.config, run.scaling), load_tower(run.tower, encoder), run.scaling, ())


def _student(folder: Path, config: RunConfig, scaling: InputScaling) -> Student:
    recipe = config.train
    if config.distilled:
        student = Student(scaling.size, hidden=config.distilled[-1].hidden, dim=recipe.dim)
    else:
        student = student_of(recipe, config.spec, scaling)
    with told_if_damaged(folder / "trained.pt") as path:
        student.load_state_dict(torch.load(path, weights_only=True))
    return student.eval()


@dataclass(frozen=True, slots=True)
class Descriptions:
    """The training wordings as a run reads them."""

    encoder: TextEncoder
    tower: Tower
    texts: EncodedSentences  # before the tower
    centres: Floats  # (faults, dim) unit vectors, after it, averaged


def read_descriptions(run: Run) -> Descriptions:
    """The sentences that the run was trained with, through its tower; RunError where nobody has them any longer."""
    sentences = _sentences_of(run)
    encoder = text_encoder(encoder_name(run.tower))
    texts, tower = EncodedSentences(sentences, encoder.encode(sentences.texts)), load_tower(run.tower, encoder)
    return Descriptions(encoder, tower, texts, fault_centres(tower, texts))


def _sentences_of(run: Run) -> Sentences:
    if (run.folder / SENTENCES).exists():
        return read_json(run.folder / SENTENCES, Sentences)
    sentences = sentences_of_digest(run.config.wordings_sha256)  # runs of before, which kept none
    if sentences is None:
        raise RunError(f"{WORDINGS.parent}: changed since the run {run.folder} was trained; train again")
    return sentences


class ForgetsOfRun(msgspec.Struct, frozen=True):
    """What a run that went on lost of what it knew before, with a healthy state and without one."""

    left_out_groups: dict[str, Forgets]  # of groups that no network concerned had heard
    heard_windows: dict[str, Forgets]  # of windows that it heard again

    @property
    def worst(self) -> float:
        """Balanced accuracy lost on average over families, of groups left out."""
        return max(one.mean for one in self.left_out_groups.values())


def forgets_of(run: Run) -> ForgetsOfRun | None:
    """What `run` forgets; None where it did not go on from another one."""
    found = run.metrics.get("forgets")
    return None if found is None else msgspec.convert(found, ForgetsOfRun)
