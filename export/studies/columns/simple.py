"""Simple recipes on the agent's features: what a training must beat to be worth its trouble.

Logistic regression and extra trees on views of the features, as the columns' published table has them, and all fusions
of four of them. They see recordings alone, the same windows on the same sides as the student.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.dsp.features import views
from agent.dsp.spectra import FeatureSpec
from export.data.healthy import healthy_pools, references
from export.network.graph import Floats
from export.progress import track
from export.scoring.score import balanced_accuracy
from export.studies.columns.experts import FUSIONS, SPECTRAL, fuse
from export.studies.columns.splits import Column, healthy_references
from export.studies.columns.training_cache import Material, cell_key, kept
from export.training.familiarity import nearness

TREES = 300
LINES = ("comb", "raw")
ENVELOPE = ("envelope_order", "low_order", "shape")
ALL = (*LINES, *ENVELOPE, "share", "axial", "spectrum")  # not the level: published recordings differ in gain


@dataclass(frozen=True, slots=True)
class Recipe:
    """A classifier and what it looks at."""

    kind: Literal["lr", "et"]
    views: tuple[str, ...]
    minus_healthy: bool = False


RECIPES: Mapping[str, Recipe] = {
    "LR spectrum": Recipe("lr", ("spectrum",)),
    "ET spectrum": Recipe("et", ("spectrum",)),
    "LR comb": Recipe("lr", LINES),
    "LR envelope + comb": Recipe("lr", (*ENVELOPE, *LINES)),
    "ET comb": Recipe("et", LINES),
    "ET envelope + comb": Recipe("et", (*ENVELOPE, *LINES)),
    "ET all": Recipe("et", ALL),
    "ET comb - healthy": Recipe("et", LINES, minus_healthy=True),
    "ET all - healthy": Recipe("et", ALL, minus_healthy=True),
}


@dataclass(frozen=True, slots=True)
class Windows:
    """Features (n, d) with 0 where unknown, their masks, and the healthy reference of each window's machine."""

    values: Floats
    known: NDArray[np.bool_]
    reference: Floats  # NaN where unknown


class SimpleCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the simple recipes, and every fusion of experts, score on the right of one column."""

    balanced_accuracy: dict[str, float]  # a recipe or the name of a fusion -> score
    seconds: float


class SimpleConfig(msgspec.Struct, frozen=True):
    """What the simple recipes' cells depend on beside windows and code."""

    trees: int = TREES


def simple_cell(material: Material, column: Column, config: SimpleConfig) -> SimpleCell:
    """The simple recipes on the same windows as the student's; trained on recordings alone."""
    start = time.monotonic()
    table, scored = material.recorded.take(column.trained), material.recorded.take(column.scored)
    called = predictions(
        Windows(table.values, table.known, references(table, healthy_pools(table))),
        table.labels,
        Windows(scored.values, scored.known, healthy_references(material.recorded, column)),
        recordings=table.recordings,
        spec=material.spec,
        seed=0,
        trees=config.trees,
    )
    accuracy = {name: balanced_accuracy(predicted, scored.labels) for name, predicted in called.items()}
    return SimpleCell(accuracy, time.monotonic() - start)


def simple_cells(
    material: Material,
    columns: Mapping[str, Column],
    config: SimpleConfig,
    *,
    folder: Path,
    tell: Callable[[str], None],
) -> dict[str, SimpleCell]:
    """The cell of every column, kept below `folder`; `tell` hears of each."""
    place = folder / f"simple-{simple_key(material, config)}"
    cells = {}
    for name, column in track(list(columns.items()), "simple recipes of column"):
        cell = kept(place / f"{name}.json", SimpleCell, partial(simple_cell, material, column, config))
        cells[name] = cell
        best = max(RECIPES, key=cell.balanced_accuracy.__getitem__)
        tell(f"{name:>14} best simple recipe {cell.balanced_accuracy[best]:.3f} ({best}), {cell.seconds:.0f} s")
    return cells


def simple_key(material: Material, config: SimpleConfig) -> str:
    """Changes with the recorded windows and the code that a cell depends on; simulated ones are not trained on."""
    return cell_key(replace(material, simulated=None), config, code=Path(__file__))


def predictions(
    train: Windows,
    labels: NDArray[np.str_],
    test: Windows,
    *,
    recordings: NDArray[np.str_],
    spec: FeatureSpec,
    seed: int,
    trees: int = TREES,
) -> dict[str, NDArray[np.str_]]:
    """What every recipe and fusion, trained on one side, calls the windows of the other.

    `labels` and `recordings` are those of the windows trained on.
    """
    probabilities, classes = {}, np.unique(labels)
    for name, recipe in RECIPES.items():
        members = _members(recipe, spec)
        trained, scored = (_inputs(side, recipe)[:, members] for side in (train, test))
        model = _model(recipe, seed, trees).fit(trained, labels)
        probabilities[name] = np.asarray(model.predict_proba(scored), np.float64)
    spectral = RECIPES[SPECTRAL]
    trained, scored = (_inputs(side, spectral)[:, _members(spectral, spec)] for side in (train, test))
    near = nearness(trained, recordings, scored)
    fused = {fusion.name: fuse(probabilities, fusion, near) for fusion in FUSIONS}
    return {name: classes[values.argmax(axis=1)] for name, values in (probabilities | fused).items()}


def _members(recipe: Recipe, spec: FeatureSpec) -> NDArray[np.bool_]:
    members: NDArray[np.bool_] = np.any([views(spec)[view] for view in recipe.views], axis=0)
    return members


def _inputs(windows: Windows, recipe: Recipe) -> Floats:
    if not recipe.minus_healthy:
        return np.where(windows.known, windows.values, np.float32(0))
    both = windows.known & np.isfinite(windows.reference)
    return np.where(both, windows.values - windows.reference, np.float32(0))


def _model(recipe: Recipe, seed: int, trees: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if recipe.kind == "et":
        return ExtraTreesClassifier(trees, class_weight="balanced", random_state=seed)
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000, class_weight="balanced"))
