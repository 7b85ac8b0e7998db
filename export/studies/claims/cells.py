"""One trial of the claims: an objective at one point of the axes, trained on one side and scored on another.

Trials of one seed differ in nothing but what they are compared for. No teacher takes part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
import torch

from export.data.table import Table
from export.studies.columns.splits import Column, columns_of
from export.studies.columns.training_cache import Material, cell_key, kept
from export.studies.objectives.compare import TrialCell, trial_cell
from export.training.device import CPU
from export.training.recipe import TrainConfig

RECIPE = TrainConfig(steps=120, text_steps=60, teacher=None)
"""Of every trial: short, so that seeds can be many."""
BATCH = 64
SENTENCES = (4, 32)
"""Of each fault and of none, in every step: those of other faults are a vibration's negatives, whatever the batch."""
FEW_SENTENCES = (2, 2)

COLUMNS = ("007", "800", "U+H>C")
"""A bearing size, a speed and a machine that training never heard."""
STRANGERS = ("U+H>C", "C+H>U")
"""Machines that training never heard. HIT is no third: it shows no ball fault and 147 windows."""
DOMAINS = (1, 2, 3)
"""What is trained on before a stranger: the first of its two rigs, both, both and simulated machines."""
FIRST_RIG = {"U+H>C": "uestc", "C+H>U": "cwru"}

Sides: TypeAlias = Mapping[tuple[str, int], tuple[Material, Column]]
"""(column, domains) -> what is trained on and scored"""


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An objective at a point of the axes; the defaults are the point where all axes cross."""

    objective: str
    batch: int = BATCH  # vibrations in each step
    windows: int = 0  # recorded ones of each fault and machine; 0: all
    sentences: tuple[int, int] = SENTENCES
    steps: float = 1.0  # of the recipe's
    domains: int = DOMAINS[-1]


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One training."""

    setting: Setting
    column: str
    seed: int

    @property
    def name(self) -> str:
        """Of the file that it is kept in, without its ending."""
        s = self.setting
        point = f"b{s.batch}-w{s.windows}-n{s.sentences[0]}.{s.sentences[1]}-s{s.steps:g}-d{s.domains}"
        return f"{self.column}-{s.objective.replace('/', '.')}-{point}-{self.seed}"


def sides_of(material: Material) -> Sides:
    """Of every column; with fewer domains than all only of strangers."""
    columns = columns_of(material.recorded)
    found = {(name, DOMAINS[-1]): (material, columns[name]) for name in (*COLUMNS, *STRANGERS)}
    recorded_alone = replace(material, simulated=None)
    for name in STRANGERS:
        one = columns[name].trained & (material.recorded.families == FIRST_RIG[name])
        found[name, 1] = (recorded_alone, replace(columns[name], trained=one))
        found[name, 2] = (recorded_alone, columns[name])
    return found


def few_windows(table: Table, column: Column, *, windows: int, seed: int) -> Column:
    """`column` trained on `windows` of each fault and machine, of either half of a recording first; 0: on all.

    What a scored window is compared with as healthy stays: that is the machine's own and no training.
    """
    if not windows:
        return column
    rng = np.random.default_rng([seed, 3])
    trained = np.zeros(len(table), np.bool_)
    for machine in np.unique(table.machines[column.trained]):
        for label in np.unique(table.labels[column.trained & (table.machines == machine)]):
            own = column.trained & (table.machines == machine) & (table.labels == label)
            rows = rng.permutation(np.flatnonzero(own))
            first = np.concatenate([rows[table.half[rows] == half][:1] for half in (0, 1)])
            chosen = np.concatenate([first, rows[~np.isin(rows, first)]])[:windows]
            trained[chosen] = True
    return replace(column, trained=trained)


def recipe_of(setting: Setting, recipe: TrainConfig, *, seed: int) -> TrainConfig:
    """`recipe` at the point of `setting`."""
    per_fault, of_none = setting.sentences
    return msgspec.structs.replace(
        recipe,
        seed=seed,
        objective=setting.objective,
        batch=setting.batch,
        steps=max(2, round(setting.steps * recipe.steps)),
        sentences_per_fault=per_fault,
        no_fault_sentences=of_none,
    )


def made(trial: Trial, sides: Sides, recipe: TrainConfig, *, folder: Path, device: torch.device = CPU) -> TrialCell:
    """The cell of `trial`, kept in `folder`, which belongs to one `key_of` alone."""
    material, column = sides[trial.column, trial.setting.domains]
    thin = few_windows(material.recorded, column, windows=trial.setting.windows, seed=trial.seed)
    config = recipe_of(trial.setting, recipe, seed=trial.seed)
    return kept(path_of(trial, folder), TrialCell, partial(trial_cell, material, thin, config, device=device))


def path_of(trial: Trial, folder: Path) -> Path:
    """Where the cell of `trial` is kept."""
    return folder / f"{trial.name}.json"


def key_of(material: Material, recipe: TrainConfig) -> str:
    """Of the folder that pilot, plan and trials are kept in."""
    return cell_key(material, recipe, code=Path(__file__))


def trials_of(settings: Sequence[Setting], columns: Sequence[str], seed: int) -> list[Trial]:
    """Every setting on every column with one seed."""
    return [Trial(setting, column, seed) for column in columns for setting in settings]
