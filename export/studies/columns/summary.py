"""What the cells of `protocols` add up to; every figure is a plain mean over seeds or columns.

Column 014 is in no mean over columns: its outer race shows none of the lines that an outer race shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from export.scoring.answers import Levels, mean_answers
from export.scoring.statistics import Interval, Tally, bootstrap_mean
from export.studies.columns.cnn import CnnCell, CnnConfig
from export.studies.columns.experts import FUSED, FUSED_BY_NEARNESS
from export.studies.columns.selection import Choice
from export.studies.columns.simple import RECIPES, SimpleCell
from export.studies.columns.splits import CHASED_BY_NOBODY
from export.studies.columns.trials import ColumnCell
from export.training.recipe import TrainConfig

ROWS: Mapping[str, str] = {name: name for name in RECIPES} | {
    "four experts fused": FUSED.name,
    "  spectrum by nearness": FUSED_BY_NEARNESS.name,
}
"""Row of the table -> its name in a SimpleCell."""
SELECTED = "  selected inside"
APART = "  selected apart"
"""Fused experts, selected on the inner folds: one choice for all columns; and for each by folds apart from it."""


class ColumnSummary(msgspec.Struct, frozen=True):
    """A column over its seeds; `spread` is the standard deviation, 0 with a single seed."""

    balanced_accuracy: float
    spread: float
    seeds: tuple[float, ...]
    without_baseline: float
    float_balanced_accuracy: float
    interval: Interval | None  # over bearings, all seeds together; None where each label has a single bearing
    per_class_recall: dict[str, float]
    per_group_recall: dict[str, float]
    effective_rank: float
    levels: Levels  # the agent's own rule, mean over seeds
    recipes: dict[str, float]
    cnn: float | None


class Summary(msgspec.Struct, frozen=True):
    """The JSON document of `protocols`; means are over the columns that were run but 014, None where there are none."""

    mean_balanced_accuracy: float | None
    mean_interval: Interval | None  # bearings drawn anew in each column; one with a single one per label adds no spread
    mean_without_baseline: float | None
    mean_float_balanced_accuracy: float | None
    mean_recipes: dict[str, float]
    mean_cnn: float | None
    columns: dict[str, ColumnSummary]
    experts: Choice
    seconds: dict[str, float]  # part -> what its cells took when they were made
    seeds: int
    simulated_windows: int
    recipe: TrainConfig
    cnn: CnnConfig | None
    key: str


def summarise(
    *,
    students: Mapping[str, Sequence[ColumnCell]],
    simple: Mapping[str, SimpleCell],
    inner: Mapping[str, SimpleCell],
    experts: Choice,
    raw: Mapping[str, CnnCell],
    recipe: TrainConfig,
    cnn: CnnConfig | None,
    simulated_windows: int,
    key: str,
) -> Summary:
    """Cells by column, those of the inner folds by fold."""
    columns = {name: _column(name, cells, simple[name], experts, raw.get(name)) for name, cells in students.items()}
    counted = {name: column for name, column in columns.items() if name != CHASED_BY_NOBODY}
    rows = next(iter(counted.values())).recipes if counted else ()
    tallies = [_pooled(students[name]) for name in counted]
    return Summary(
        mean_balanced_accuracy=_mean(column.balanced_accuracy for column in counted.values()),
        mean_interval=_interval(tallies),
        mean_without_baseline=_mean(column.without_baseline for column in counted.values()),
        mean_float_balanced_accuracy=_mean(column.float_balanced_accuracy for column in counted.values()),
        mean_recipes={row: float(np.mean([column.recipes[row] for column in counted.values()])) for row in rows},
        mean_cnn=_mean(raw[name].balanced_accuracy for name in counted if name in raw),
        columns=columns,
        experts=experts,
        seconds={
            "students": sum(cell.seconds for cells in students.values() for cell in cells),
            "simple recipes": sum(cell.seconds for cell in simple.values()),
            "their inner folds": sum(cell.seconds for cell in inner.values()),
            **({"CNN": sum(cell.seconds for cell in raw.values())} if raw else {}),
        },
        seeds=len(next(iter(students.values()))),
        simulated_windows=simulated_windows,
        recipe=recipe,
        cnn=cnn,
        key=key,
    )


def _column(
    name: str, cells: Sequence[ColumnCell], simple: SimpleCell, experts: Choice, raw: CnnCell | None
) -> ColumnSummary:
    seeds = [cell.balanced_accuracy for cell in cells]
    pooled = _pooled(cells)
    score = simple.balanced_accuracy
    return ColumnSummary(
        balanced_accuracy=float(np.mean(seeds)),
        spread=float(np.std(seeds, ddof=1)) if len(seeds) > 1 else 0.0,
        seeds=tuple(seeds),
        without_baseline=float(np.mean([cell.without_baseline for cell in cells])),
        float_balanced_accuracy=float(np.mean([cell.float_balanced_accuracy for cell in cells])),
        interval=_interval([pooled]),
        per_class_recall={label: _share(groups.values()) for label, groups in pooled.items()},
        per_group_recall={group: _share([found]) for groups in pooled.values() for group, found in groups.items()},
        effective_rank=float(np.mean([cell.spread.effective_rank for cell in cells])),
        levels=mean_answers([cell.levels for cell in cells]),
        recipes={row: score[own] for row, own in ROWS.items()}
        | {SELECTED: score[experts.chosen], APART: score[experts.apart[name]]},
        cnn=None if raw is None else raw.balanced_accuracy,
    )


def _pooled(cells: Sequence[ColumnCell]) -> dict[str, dict[str, tuple[int, int]]]:
    """The tallies of all seeds as one: recalls of it are means over the seeds."""
    return {
        label: {
            group: (sum(cell.tally[label][group][0] for cell in cells), len(cells) * windows)
            for group, (_, windows) in groups.items()
        }
        for label, groups in cells[0].tally.items()
    }


def _interval(tallies: Sequence[Tally]) -> Interval | None:
    if not any(len(groups) > 1 for tally in tallies for groups in tally.values()):
        return None
    return bootstrap_mean(tallies)


def _share(found: Iterable[tuple[int, int]]) -> float:
    right, windows = np.sum(list(found), axis=0)
    return float(right / windows)


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return float(np.mean(found)) if found else None
