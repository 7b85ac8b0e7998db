"""The eight leak-free columns with one recipe: trained on the left, quantized, and scored on the right as int8.

Nothing is chosen by what a column scores. Every finished cell is one JSON file under a key of everything that could
change it, so that a run which was stopped goes on, and a changed line of code starts over.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

import agent.baseline
import agent.scaling
from agent.runtimes.onnx import OnnxEncoder
from agent.spectra import FeatureSpec
from agent.types import FAULTS
from export.columns import CHASED_BY_NOBODY, COLUMNS, Column, columns_of, healthy_references
from export.convert import integers, range_inputs
from export.data.table import Table, healthy_pools, join, references
from export.figures import Interval, bootstrap_balanced
from export.graph import Floats, embed
from export.model import fold
from export.run import read_json, write_json
from export.score import balanced_accuracy, nearest, recall_per_label
from export.simple import Windows, predictions
from export.text import FOLDER, read_wordings, sentences_of, text_encoder
from export.tower import average_wordings, describe
from export.train import INPUT_SCALE, TrainConfig, train
from export.writers.onnx import onnx_bytes

Kept = TypeVar("Kept", bound=msgspec.Struct)

CODE = Path(__file__).parent
FACELESS = ("cli.py", "judging.py", "card.py", "curves.py", "pictures.py", "hearing.py", "describing.py", "evaluate.py")
"""Modules of export that no cell depends on."""


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column with one seed. Accuracies are balanced: recall averaged over the labels scored."""

    balanced_accuracy: float  # int8, with the healthy baseline of other speeds
    without_baseline: float  # int8
    float_balanced_accuracy: float  # with the baseline
    interval: Interval  # over groups, with the baseline
    per_class_recall: dict[str, float]
    per_group_recall: dict[str, float]
    windows: int
    seconds: float


class SimpleCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the simple recipes score in one column."""

    balanced_accuracy: dict[str, float]
    seconds: float


class ColumnSummary(msgspec.Struct, frozen=True):
    """A column over its seeds; `spread` is the standard deviation, 0 with a single seed."""

    balanced_accuracy: float
    spread: float
    seeds: tuple[float, ...]
    without_baseline: float
    float_balanced_accuracy: float
    interval: Interval  # of the first seed
    per_class_recall: dict[str, float]
    per_group_recall: dict[str, float]
    recipes: dict[str, float]


class Summary(msgspec.Struct, frozen=True):
    """The JSON document of `protocols`; means are over the columns that were run but 014, None where there are none."""

    mean_balanced_accuracy: float | None
    mean_without_baseline: float | None
    mean_float_balanced_accuracy: float | None
    mean_recipes: dict[str, float]
    columns: dict[str, ColumnSummary]
    seeds: int
    simulated_windows: int
    recipe: TrainConfig
    key: str


@dataclass(frozen=True, slots=True)
class Material:
    """What every cell works on: recorded windows, simulated ones for training alone, and how features are read."""

    recorded: Table
    simulated: Table | None
    spec: FeatureSpec


def run_protocols(
    material: Material, config: TrainConfig, *, seeds: int, folder: Path, only: Sequence[str] = COLUMNS,
    trees: int = 300, tell: Callable[[str], None] = lambda line: None,
) -> Summary:  # fmt: skip
    """The columns `only` with seeds 0, 1, ...; `tell` hears of each finished cell."""
    key = key_of(material, config)
    place = folder / key
    place.mkdir(parents=True, exist_ok=True)
    columns = {name: column for name, column in columns_of(material.recorded).items() if name in only}
    cells: dict[str, list[Cell]] = {name: [] for name in columns}
    simple: dict[str, SimpleCell] = {}
    for name, column in columns.items():
        made = partial(simple_cell, material, column, trees)
        simple[name] = _kept(place / f"{name}-simple-{trees}.json", SimpleCell, made)
        best = max(simple[name].balanced_accuracy.items(), key=lambda item: item[1])
        tell(f"{name:>6} best simple recipe {best[1]:.3f} ({best[0]}), {simple[name].seconds:.0f} s")
        for seed in range(seeds):
            seeded = msgspec.structs.replace(config, seed=seed)
            cell = _kept(place / f"{name}-{seed}.json", Cell, partial(cell_of, material, column, seeded))
            cells[name].append(cell)
            tell(
                f"{name:>6} seed {seed} int8 {cell.balanced_accuracy:.3f}, without baseline "
                f"{cell.without_baseline:.3f}, float {cell.float_balanced_accuracy:.3f}, {cell.seconds:.0f} s"
            )
    return _summary(cells, simple, material, config, key)


def cell_of(material: Material, column: Column, config: TrainConfig) -> Cell:
    """Train on the left of `column`, quantize by the left, score on the right."""
    start = time.monotonic()
    recorded = material.recorded.take(column.trained)
    table = recorded if material.simulated is None else join([recorded, material.simulated])
    encoder = text_encoder(config.text)
    sentences = sentences_of(read_wordings(FOLDER / "training.toml"), FAULTS)
    vectors = encoder.encode(sentences.texts)
    trained = train(table, config, spec=material.spec, sentences=sentences, vectors=vectors)
    centres = average_wordings(describe(trained.tower, vectors), sentences, FAULTS).astype(np.float16)
    graph = fold(trained.student.eval())
    net = integers(graph, range_inputs(table, trained.scaling))
    int8 = OnnxEncoder(onnx_bytes(net))

    scored = material.recorded.take(column.scored)
    told = trained.scaling.inputs(scored.values, scored.known, healthy_references(material.recorded, column))
    bare = trained.scaling.inputs(scored.values, scored.known, None)
    with_baseline, without = (
        _named(net.output.decode(np.array([int8.embed(row) for row in INPUT_SCALE.encode(inputs)])), centres)
        for inputs in (told, bare)
    )
    return Cell(
        balanced_accuracy=balanced_accuracy(with_baseline, scored.labels),
        without_baseline=balanced_accuracy(without, scored.labels),
        float_balanced_accuracy=balanced_accuracy(_named(embed(graph, told), centres), scored.labels),
        interval=bootstrap_balanced(with_baseline == scored.labels, scored.labels, scored.groups),
        per_class_recall=recall_per_label(with_baseline, scored.labels),
        per_group_recall={
            str(group): float((with_baseline == scored.labels)[scored.groups == group].mean())
            for group in np.unique(scored.groups)
        },
        windows=len(scored),
        seconds=time.monotonic() - start,
    )


def simple_cell(material: Material, column: Column, trees: int) -> SimpleCell:
    """The simple recipes on the same windows; trained on recordings alone."""
    start = time.monotonic()
    table = material.recorded.take(column.trained)
    scored = material.recorded.take(column.scored)
    called = predictions(
        Windows(table.values, table.known, references(table, healthy_pools(table))),
        table.labels,
        Windows(scored.values, scored.known, healthy_references(material.recorded, column)),
        spec=material.spec,
        seed=0,
        trees=trees,
    )
    accuracy = {name: balanced_accuracy(predicted, scored.labels) for name, predicted in called.items()}
    return SimpleCell(accuracy, time.monotonic() - start)


def key_of(material: Material, config: TrainConfig) -> str:
    """Changes with the recipe (but for its seed), the windows, the wordings and the code that a cell depends on."""
    digest = hashlib.sha256(msgspec.json.encode((msgspec.structs.replace(config, seed=0), material.spec)))
    for table in (material.recorded, material.simulated):
        if table is not None:
            for field in fields(Table):
                digest.update(np.ascontiguousarray(getattr(table, field.name)).tobytes())
    sources = [path for path in sorted(CODE.rglob("*.py")) if path.name not in FACELESS]
    sources += [Path(str(module.__file__)) for module in (agent.baseline, agent.scaling)]
    for path in (*sources, FOLDER / "training.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _named(embedded: Floats, centres: NDArray[np.float16]) -> NDArray[np.str_]:
    return nearest(embedded @ centres.astype(np.float32).T, FAULTS)


def _kept(path: Path, kind: type[Kept], make: Callable[[], Kept]) -> Kept:
    """The cell at `path`, made and written there where it is missing; a kill leaves a whole file or none."""
    if path.exists():
        return read_json(path, kind)
    made = make()
    part = path.with_suffix(".part")
    write_json(part, made)
    part.replace(path)
    return made


def _summary(
    cells: dict[str, list[Cell]], simple: dict[str, SimpleCell], material: Material, config: TrainConfig, key: str
) -> Summary:
    columns = {name: _column_summary(cells[name], simple[name]) for name in cells}
    counted = [column for name, column in columns.items() if name != CHASED_BY_NOBODY]
    recipes = counted[0].recipes if counted else ()
    return Summary(
        mean_balanced_accuracy=_mean([column.balanced_accuracy for column in counted]) if counted else None,
        mean_without_baseline=_mean([column.without_baseline for column in counted]) if counted else None,
        mean_float_balanced_accuracy=_mean([column.float_balanced_accuracy for column in counted]) if counted else None,
        mean_recipes={name: _mean([column.recipes[name] for column in counted]) for name in recipes},
        columns=columns,
        seeds=len(next(iter(cells.values()))),
        simulated_windows=0 if material.simulated is None else len(material.simulated),
        recipe=config,
        key=key,
    )


def _column_summary(cells: Sequence[Cell], simple: SimpleCell) -> ColumnSummary:
    seeds = [cell.balanced_accuracy for cell in cells]
    return ColumnSummary(
        balanced_accuracy=_mean(seeds),
        spread=float(np.std(seeds, ddof=1)) if len(seeds) > 1 else 0.0,
        seeds=tuple(seeds),
        without_baseline=_mean([cell.without_baseline for cell in cells]),
        float_balanced_accuracy=_mean([cell.float_balanced_accuracy for cell in cells]),
        interval=cells[0].interval,
        per_class_recall={k: _mean([cell.per_class_recall[k] for cell in cells]) for k in cells[0].per_class_recall},
        per_group_recall={k: _mean([cell.per_group_recall[k] for cell in cells]) for k in cells[0].per_group_recall},
        recipes=simple.balanced_accuracy,
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
