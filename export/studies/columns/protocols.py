"""The eight leak-free columns with one recipe, beside simple recipes, fused experts and, where asked, a raw-window CNN.

Nothing is chosen by what a column scores. Every finished cell is one JSON file under a key of everything that could
change it, so that a run which was stopped goes on, and a changed line of code starts over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from export.data.raw import RawWindows
from export.progress import track
from export.studies.columns.cnn import CnnCell, CnnConfig, cnn_cell, cnn_key
from export.studies.columns.selection import all_folds, same_folds
from export.studies.columns.simple import SimpleConfig, simple_cells
from export.studies.columns.splits import COLUMNS, Column, columns_of
from export.studies.columns.summary import Summary, summarise
from export.studies.columns.training_cache import Material, kept
from export.studies.columns.trials import cells_of, key_of
from export.studies.columns.tryouts import choose_experts
from export.training.recipe import TrainConfig

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RawTrial:
    """How the CNN is trained; `read` gives the raw windows of the recorded table, called when a cell needs them."""

    config: CnnConfig
    read: Callable[[], RawWindows]


def run_protocols(
    material: Material,
    config: TrainConfig,
    *,
    seeds: int,
    folder: Path,
    only: Sequence[str] = COLUMNS,
    simple: SimpleConfig | None = None,
    cnn: RawTrial | None = None,
    tell: Tell = lambda line: None,
) -> Summary:
    """The columns `only` with seeds 0, 1, ...; `tell` hears of each finished cell."""
    columns = {name: column for name, column in columns_of(material.recorded).items() if name in only}
    simple = simple or SimpleConfig()
    inner = simple_cells(material, all_folds(material.recorded), simple, folder=folder, tell=tell)
    same = same_folds(material.recorded)
    distinct = {same.get(name, name): column for name, column in columns.items()}
    beside = simple_cells(material, distinct, simple, folder=folder, tell=tell)
    return summarise(
        students={
            name: cells_of(material, same.get(name, name), column, config, seeds=seeds, folder=folder, tell=tell)
            for name, column in track(list(columns.items()), "column")
        },
        simple={name: beside[same.get(name, name)] for name in columns},
        inner=inner,
        experts=choose_experts(material, inner),
        raw={} if cnn is None else _raw_cells(material, columns, cnn, folder, tell),
        recipe=config,
        cnn=None if cnn is None else cnn.config,
        simulated_windows=0 if material.simulated is None else len(material.simulated),
        key=key_of(material, config),
    )


def _raw_cells(
    material: Material, columns: dict[str, Column], trial: RawTrial, folder: Path, tell: Tell
) -> dict[str, CnnCell]:
    place = folder / f"cnn-{cnn_key(material, trial.config)}"
    read = cache(trial.read)
    cells = {}
    for name, column in track(list(columns.items()), "column of the CNN"):

        def made(column: Column = column) -> CnnCell:
            return cnn_cell(material, column, read(), trial.config)

        cells[name] = kept(place / f"{name}.json", CnnCell, made)
        tell(f"{name:>6} CNN {cells[name].balanced_accuracy:.3f}, {cells[name].seconds:.0f} s")
    return cells
