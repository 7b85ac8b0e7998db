"""The same encoder trained with every objective: one trial per objective, column, share of the windows, and seed.

Whatever differs from trial to trial is drawn by the seed alone, so that trials of one seed differ in nothing but what
they are compared for: the same first weights, the same windows kept of each recording. No teacher takes part.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

import msgspec
import numpy as np
import torch

from agent.errors import ConfigError
from agent.types import FAULTS
from export.data.table import Table
from export.network.graph import Floats
from export.scoring.score import balanced_accuracy, embeddings, nearest
from export.scoring.spread import Spread, spread_of
from export.studies.columns.kept_cells import all_cells
from export.studies.columns.options import unknown_names
from export.studies.columns.processes import minutes_left
from export.studies.columns.splits import COLUMNS, Column, columns_of
from export.studies.columns.training_cache import (
    Material,
    cell_key,
    descriptions,
    fit,
    kept,
    scored_inputs,
    spread_of_training,
)
from export.training.device import CPU
from export.training.objectives.named import problem_with
from export.training.recipe import TrainConfig

FIRST, SECOND = "triplet", "infonce"
"""The claim that is tested: FIRST over SECOND where data are few."""

MINED = ("cosine_triplet/all", "cosine_triplet/hard", "cosine_triplet/semi_hard", "cosine_triplet/batch_hard")
OTHERS = ("squared_triplet/all", "quadruplet", "contrastive", "lifted", "supcon", "sincere", "decoupled")
CONTENDERS = (FIRST, SECOND, *MINED, *OTHERS)
THREE_COLUMNS = ("007", "800", "U+H>C")
"""A bearing size, a speed and a machine that training never heard: one column of each kind."""
SHARES = (1.0, 0.1)

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compared; `plan_of` makes one that can be run."""

    columns: tuple[str, ...]
    objectives: tuple[str, ...]
    shares: tuple[float, ...]  # of the recorded windows trained on, largest first
    seeds: int


@dataclass(frozen=True, slots=True)
class Trial:
    """One training."""

    seed: int
    share: float
    column: str
    objective: str


class TrialCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a trial scored: balanced accuracy of the float net on all eight faults, nearest description, no gate."""

    balanced_accuracy: float  # with the healthy baseline of other speeds
    without_baseline: float
    trained: Spread  # of the windows trained on, simulated ones included
    scored: Spread  # of the windows scored, with the baseline
    windows: int  # recorded ones trained on
    seconds: float


def plan_of(
    columns: Sequence[str] = THREE_COLUMNS,
    *,
    objectives: Sequence[str] = CONTENDERS,
    shares: Sequence[float] = SHARES,
    seeds: int = 3,
) -> Plan:
    """ConfigError names every part that cannot be run, with what may stand there."""
    problems = unknown_names("--columns", columns, COLUMNS)
    problems += [f"--only: {problem}" for name in objectives if (problem := problem_with(name))]
    problems += [f"--shares: {share:g} is not above 0 and at most 1" for share in shares if not 0 < share <= 1]
    problems += [f"--seeds: {seeds} is less than 1"] if seeds < 1 else []
    wanted = {"--columns": columns, "--only": objectives, "--shares": shares}
    problems += [f"{name}: is empty; name at least one" for name, values in wanted.items() if not values]
    if problems:
        raise ConfigError(*problems)
    return Plan(
        tuple(dict.fromkeys(columns)), tuple(dict.fromkeys(objectives)), tuple(sorted(set(shares), reverse=True)), seeds
    )


def trials_of(plan: Plan) -> list[Trial]:
    """Seed by seed, so that a run that was stopped has compared everything as often as time allowed."""
    wanted = product(range(plan.seeds), plan.shares, plan.columns, plan.objectives)
    return [Trial(*parts) for parts in wanted]


def run_trials(
    material: Material,
    config: TrainConfig,
    plan: Plan,
    *,
    folder: Path,
    workers: int = 1,
    device: torch.device = CPU,
    tell: Tell = lambda line: None,
) -> dict[Trial, TrialCell]:
    """Every trial of `plan` with the recipe `config`, by `workers` processes; `tell` hears of each that was not kept.

    The recipe's own seed, objective and teacher count for nothing. `folder` belongs to one `key_of` alone.
    """
    recipe = recipe_of(config)
    columns = columns_of(material.recorded)

    def line(trial: Trial, fresh: Sequence[TrialCell], missing: int) -> str:
        cell, name = fresh[-1], f"{trial.column} share {trial.share:g} seed {trial.seed} {trial.objective}"
        scores = f"{cell.balanced_accuracy:.3f}, without baseline {cell.without_baseline:.3f}"
        return line_of_trial(f"{name}: {scores}", fresh, missing, workers)

    return all_cells(
        trials_of(plan),
        TrialCell,
        path_of=lambda trial: folder / _name(trial),
        make=partial(_made, material=material, columns=columns, recipe=recipe, folder=folder, device=device),
        workers=workers,
        noun="trials",
        tell=tell,
        line=line,
        ready=partial(descriptions, recipe.text),
    )


def line_of_trial(scored: str, fresh: Sequence[TrialCell], missing: int, workers: int) -> str:
    """What is told of the last of `fresh`, of `missing` that are made: how it `scored`, its time, and what is left."""
    left = minutes_left([cell.seconds for cell in fresh], missing, workers)
    return f"{len(fresh)}/{missing} {scored}, {fresh[-1].seconds:.0f} s; about {left} min left"


def recipe_of(config: TrainConfig) -> TrainConfig:
    """`config` without what a trial decides itself, and without a teacher, so that the objective alone is judged."""
    return msgspec.structs.replace(config, seed=0, objective=FIRST, teacher=None)


def key_of(material: Material, config: TrainConfig) -> str:
    """Of the folder that the trials are kept in."""
    return cell_key(material, recipe_of(config), code=Path(__file__))


def trial_cell(material: Material, column: Column, config: TrainConfig, *, device: torch.device = CPU) -> TrialCell:
    """Train on the left of `column`, score the float net on the right."""
    start = time.monotonic()
    fitted = fit(material, column, config, device=device)
    scored, with_reference, bare = scored_inputs(material, column, fitted)
    centres = fitted.centres.astype(np.float32)
    with_baseline, without = (embeddings(fitted.trained.student, inputs) for inputs in (with_reference, bare))
    own = centres[[FAULTS.index(label) for label in scored.labels]]
    return TrialCell(
        balanced_accuracy=_accuracy(with_baseline, centres, scored),
        without_baseline=_accuracy(without, centres, scored),
        trained=spread_of_training(fitted),
        scored=spread_of(with_baseline, own),
        windows=int(column.trained.sum()),
        seconds=time.monotonic() - start,
    )


def thinned(table: Table, column: Column, *, share: float, seed: int) -> Column:
    """`column` trained on `share` of the windows of every recording, and on one of each of its halves at least.

    What a scored window is compared with as healthy stays: that is the machine's own and no training.
    """
    if share == 1:
        return column
    rng = np.random.default_rng([seed, 2])
    trained = np.zeros(len(table), np.bool_)
    for recording in np.unique(table.recordings[column.trained]):
        rows = rng.permutation(np.flatnonzero(column.trained & (table.recordings == recording)))
        first = np.concatenate([rows[table.half[rows] == half][:1] for half in (0, 1)])
        others = rows[~np.isin(rows, first)]
        trained[first] = True
        trained[others[: max(0, round(share * len(rows)) - len(first))]] = True
    return replace(column, trained=trained)


def _accuracy(embedded: Floats, centres: Floats, scored: Table) -> float:
    return balanced_accuracy(nearest(embedded @ centres.T, FAULTS), scored.labels)


def _made(
    trial: Trial,
    *,
    material: Material,
    columns: Mapping[str, Column],
    recipe: TrainConfig,
    folder: Path,
    device: torch.device,
) -> TrialCell:
    thin = thinned(material.recorded, columns[trial.column], share=trial.share, seed=trial.seed)
    config = msgspec.structs.replace(recipe, seed=trial.seed, objective=trial.objective)
    return kept(folder / _name(trial), TrialCell, partial(trial_cell, material, thin, config, device=device))


def _name(trial: Trial) -> str:
    return f"{trial.column}-{trial.share:g}-{trial.objective.replace('/', '.')}-{trial.seed}.json"
