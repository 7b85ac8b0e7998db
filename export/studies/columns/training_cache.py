"""Experiments in cells: one training on one column each, kept as a file that nothing but a change of its causes undoes.

The key of a cell is everything that could change what stands in it: the recipe, the windows, the wordings and the code
that makes it, found by following that code's imports. So a run that was stopped goes on, and nothing stale is read.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

import agent.diagnosis.baseline
import agent.dsp.encoder_inputs
from agent.dsp.spectra import FeatureSpec
from agent.types import FAULTS
from export.data.foreign import OtherMachines
from export.data.table import Table, join
from export.network.graph import Floats, Graph
from export.network.model import fold
from export.runs.folder import read_json, write_json
from export.scoring.score import embeddings, encoder_inputs
from export.scoring.spread import Spread, spread_of
from export.studies.columns.splits import Column, healthy_references
from export.text.encoders import EncodedSentences, text_encoder
from export.text.glossary import GLOSSARY
from export.text.no_fault import TRAINING, WORDINGS, training_sentences
from export.text.said import SAID
from export.text.tower import fault_centres
from export.training.device import CPU
from export.training.recipe import TrainConfig
from export.training.train import Trained, train

Kept = TypeVar("Kept", bound=msgspec.Struct)

ROOT = Path(__file__).parents[3]
TRAINED_ON = (WORDINGS, TRAINING, SAID, GLOSSARY)
BESIDE = (agent.diagnosis.baseline, agent.dsp.encoder_inputs)
"""What cells read of the agent; its features are in the windows."""


@dataclass(frozen=True, slots=True)
class Material:
    """What every cell works on: recorded windows, simulated ones for training alone, and how features are read.

    `foreign` makes healthy machines of other kinds of the recordings that a side may hear.
    """

    recorded: Table
    simulated: Table | None
    spec: FeatureSpec
    foreign: OtherMachines | None = None


@dataclass(frozen=True, slots=True)
class Fitted:
    """A training on the left of a column: its windows, the float net and the descriptions as a bundle keeps them."""

    table: Table
    trained: Trained
    graph: Graph
    centres: NDArray[np.float16]  # (faults, dim)


def fit(material: Material, column: Column, config: TrainConfig, *, device: torch.device = CPU) -> Fitted:
    """Train on `training_table`."""
    table = training_table(material, column, foreign=config.foreign_share > 0)
    texts = descriptions(config.text)
    trained = train(table, config, spec=material.spec, texts=texts, device=device)
    centres = fault_centres(trained.tower, texts).astype(np.float16)
    return Fitted(table, trained, fold(trained.student.eval()), centres)


def training_table(material: Material, column: Column, *, foreign: bool) -> Table:
    """What is left of `column`, all that is simulated, and, if `foreign`, machines of other kinds made of the two."""
    recorded = material.recorded.take(column.trained)
    tables = [recorded] if material.simulated is None else [recorded, material.simulated]
    if foreign:
        if material.foreign is None:
            raise ValueError("a recipe with foreign_share needs machines of other kinds to learn from")
        tables.append(material.foreign.learnt(set(recorded.recordings.tolist())))
    return join(tables)


@cache
def descriptions(text: str) -> EncodedSentences:
    """Training sentences and their fixed vectors by the text encoder of that name, the same for every cell; kept,
    since reading them takes longer than some trainings."""
    sentences = training_sentences()
    return EncodedSentences(sentences, text_encoder(text).encode(sentences.texts))


def scored_inputs(material: Material, column: Column, fitted: Fitted) -> tuple[Table, Floats, Floats]:
    """The windows right of `column`, and the encoder's inputs with the healthy baseline of other speeds and without."""
    scored = material.recorded.take(column.scored)
    scaling = fitted.trained.scaling
    healthy = healthy_references(material.recorded, column, scaling.speed_bound)
    with_reference = scaling.inputs(scored.values, scored.known, healthy)
    return scored, with_reference, scaling.inputs(scored.values, scored.known, None)


def spread_of_training(fitted: Fitted) -> Spread:
    """How the windows trained on use the space, told their machine's healthy state where it is known."""
    embedded = embeddings(fitted.trained.student, encoder_inputs(fitted.table, fitted.trained.scaling))
    own = fitted.centres[[FAULTS.index(label) for label in fitted.table.labels]].astype(np.float32)
    return spread_of(embedded[~fitted.table.baseline], own[~fitted.table.baseline])


def kept(path: Path, kind: type[Kept], make: Callable[[], Kept]) -> Kept:
    """The cell at `path`, made and written there where it is missing; a kill leaves a whole file or none."""
    if path.exists():
        return read_json(path, kind)
    made = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    write_json(part, made)
    part.replace(path)
    return made


def cell_key(material: Material, recipe: msgspec.Struct, *, code: Path) -> str:
    """Changes with the recipe, the windows, the wordings and all of export that the module file `code` runs.

    What differs between cells of one key, such as the seed, belongs into their file names and not into `recipe`.
    """
    digest = hashlib.sha256(msgspec.json.encode((recipe, material.spec)))
    for table in (material.recorded, material.simulated):
        if table is not None:
            for field in fields(Table):
                digest.update(np.ascontiguousarray(getattr(table, field.name)).tobytes())
    for path in (*imported(code), *(Path(str(module.__file__)) for module in BESIDE), *TRAINED_ON):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def imported(code: Path) -> list[Path]:
    """`code` and every module of export that it imports, or that those do, anywhere in their text; sorted."""
    found: set[Path] = set()
    pending = {code.resolve()}
    while pending:
        path = pending.pop()
        found.add(path)
        pending |= _imports(path.read_bytes()) - found
    return sorted(found)


@cache
def _imports(source: bytes) -> frozenset[Path]:
    """Files of export that a module's source imports; kept, since every cell asks for the key of the same modules."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    places = [ROOT.joinpath(*name.split(".")) for name in names if name.split(".")[0] == "export"]
    return frozenset(
        path for place in places for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()
    )
