"""One trial of a recipe: trained on the left of a column, quantized by the left, scored on the right as int8.

The right side's labels are read to score and for nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.bundle.runtimes.onnx import OnnxEncoder
from agent.types import FAULTS
from export.data.table import Table
from export.network.graph import Floats, embed, unit_rows
from export.progress import track
from export.runs.quantize_run import integers, range_inputs
from export.scoring.answers import Levels
from export.scoring.score import balanced_accuracy, nearest
from export.scoring.spread import Spread
from export.scoring.statistics import tally_of
from export.shrinking.writers.onnx import onnx_bytes
from export.studies.columns.levels import said_at_levels
from export.studies.columns.splits import Column
from export.studies.columns.training_cache import Material, cell_key, fit, kept, scored_inputs, spread_of_training
from export.training.recipe import TrainConfig
from export.training.train import INPUT_SCALE


class ColumnCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column with one seed. Accuracies are balanced: recall averaged over the labels scored."""

    balanced_accuracy: float  # int8, with the healthy baseline of other speeds
    without_baseline: float  # int8
    float_balanced_accuracy: float  # with the baseline
    tally: dict[str, dict[str, tuple[int, int]]]  # label -> group -> windows called right, windows; with the baseline
    spread: Spread  # of the windows trained on, float
    windows: int
    seconds: float
    levels: Levels = {}  # what the agent's own rule says of them, int8, by what is known


def cell_of(material: Material, column: Column, config: TrainConfig) -> ColumnCell:
    """Train on the left of `column`, quantize by the left, score on the right."""
    start = time.monotonic()
    fitted = fit(material, column, config)
    net = integers(fitted.graph, range_inputs(fitted.table, fitted.trained.scaling))
    int8 = OnnxEncoder(onnx_bytes(net))

    def embedded(inputs: Floats) -> Floats:
        return net.output.decode(np.array([int8.embed(row) for row in INPUT_SCALE.encode(inputs)]))

    def likeness(windows: Table, healthy: Floats | None) -> Floats:
        units = unit_rows(embedded(fitted.trained.scaling.inputs(windows.values, windows.known, healthy)))
        return units @ unit_rows(fitted.centres.astype(np.float32)).T

    scored, with_reference, bare = scored_inputs(material, column, fitted)
    with_baseline, without = (_named(embedded(inputs), fitted.centres) for inputs in (with_reference, bare))
    return ColumnCell(
        balanced_accuracy=balanced_accuracy(with_baseline, scored.labels),
        without_baseline=balanced_accuracy(without, scored.labels),
        float_balanced_accuracy=balanced_accuracy(
            _named(embed(fitted.graph, with_reference), fitted.centres), scored.labels
        ),
        tally=tally_of(with_baseline == scored.labels, scored.labels, scored.groups),
        spread=spread_of_training(fitted),
        windows=len(scored),
        seconds=time.monotonic() - start,
        levels=said_at_levels(material, column, likeness, fitted.trained.scaling.speed_bound),
    )


def cells_of(
    material: Material,
    name: str,
    column: Column,
    config: TrainConfig,
    *,
    seeds: int,
    folder: Path,
    tell: Callable[[str], None],
) -> list[ColumnCell]:
    """The cells of a column or fold with seeds 0, 1, ..., kept below `folder`; `tell` hears of each."""
    place = folder / f"student-{key_of(material, config)}"
    cells = []
    for seed in track(range(seeds), "seed"):
        seeded = msgspec.structs.replace(config, seed=seed)
        cell = kept(place / f"{name}-{seed}.json", ColumnCell, partial(cell_of, material, column, seeded))
        cells.append(cell)
        tell(
            f"{name:>14} seed {seed} int8 {cell.balanced_accuracy:.3f}, without baseline "
            f"{cell.without_baseline:.3f}, float {cell.float_balanced_accuracy:.3f}, {cell.seconds:.0f} s"
        )
    return cells


def key_of(material: Material, config: TrainConfig) -> str:
    """Changes with the recipe (but for its seed), the windows, the wordings and the code that a cell depends on."""
    return cell_key(material, msgspec.structs.replace(config, seed=0), code=Path(__file__))


def _named(embedded: Floats, centres: NDArray[np.float16]) -> NDArray[np.str_]:
    return nearest(embedded @ centres.astype(np.float32).T, FAULTS)
