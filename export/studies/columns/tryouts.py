"""Recipes tried on every inner fold: the student of each, int8, with the healthy baseline of other speeds and without.

What is tried is told apart from what is chosen: all figures are kept, and one rule names one recipe for all columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from export.progress import track
from export.studies.columns.experts import FUSIONS
from export.studies.columns.selection import Choice, all_folds, choose
from export.studies.columns.simple import SimpleCell, SimpleConfig, simple_cells
from export.studies.columns.training_cache import Material
from export.studies.columns.trials import ColumnCell, cells_of
from export.training.recipe import TrainConfig


class Tryouts(msgspec.Struct, frozen=True):
    """The JSON document of `select`. Scores are means over columns; the choice is by the int8 student with baseline."""

    choice: Choice
    experts: Choice  # the fusion of experts, chosen by the same folds
    without_baseline: dict[str, float]  # recipe -> score
    float_score: dict[str, float]
    spread: dict[str, float]  # standard deviation of the score over seeds, 0 with a single one
    recipes: dict[str, TrainConfig]
    seeds: int
    simulated_windows: int
    seconds: float  # that the cells took when they were made


def try_recipes(
    material: Material,
    recipes: Mapping[str, TrainConfig],
    *,
    seeds: int,
    folder: Path,
    simple: SimpleConfig | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Tryouts:
    """Each of `recipes` with seeds 0, 1, ... on every inner fold; `tell` hears of each fold and of each recipe."""
    folds = all_folds(material.recorded)
    beside = simple_cells(material, folds, simple or SimpleConfig(), folder=folder, tell=tell)
    cells: dict[str, dict[str, list[ColumnCell]]] = {}
    for number, (name, config) in enumerate(track(list(recipes.items()), "recipe"), 1):
        tell(f"recipe {number} of {len(recipes)}: {name}")
        cells[name] = {
            fold: cells_of(material, fold, column, config, seeds=seeds, folder=folder, tell=tell)
            for fold, column in track(list(folds.items()), "fold")
        }

    def choice(value: Callable[[list[ColumnCell]], float]) -> Choice:
        scores = {name: {fold: value(made) for fold, made in found.items()} for name, found in cells.items()}
        return choose(scores, material.recorded)

    def score_of(value: Callable[[list[ColumnCell]], float]) -> dict[str, float]:
        return {candidate.name: candidate.score for candidate in choice(value).tried}

    by_seed = [score_of(partial(_of_seed, seed)) for seed in range(seeds)]
    return Tryouts(
        choice=choice(_mean_of("balanced_accuracy")),
        experts=choose_experts(material, beside),
        without_baseline=score_of(_mean_of("without_baseline")),
        float_score=score_of(_mean_of("float_balanced_accuracy")),
        spread={
            name: float(np.std([scores[name] for scores in by_seed], ddof=1)) if seeds > 1 else 0.0 for name in recipes
        },
        recipes=dict(recipes),
        seeds=seeds,
        simulated_windows=0 if material.simulated is None else len(material.simulated),
        seconds=sum(cell.seconds for found in cells.values() for made in found.values() for cell in made)
        + sum(cell.seconds for cell in beside.values()),
    )


def choose_experts(material: Material, inner: Mapping[str, SimpleCell]) -> Choice:
    """The fusion of experts that scores best in `inner`, the cells of all inner folds."""
    scores = {
        fusion.name: {fold: cell.balanced_accuracy[fusion.name] for fold, cell in inner.items()} for fusion in FUSIONS
    }
    return choose(scores, material.recorded)


def _of_seed(seed: int, cells: list[ColumnCell]) -> float:
    return cells[seed].balanced_accuracy


def _mean_of(figure: str) -> Callable[[list[ColumnCell]], float]:
    return lambda cells: float(np.mean([getattr(cell, figure) for cell in cells]))
