"""What courses with few labels came to: a row per way and number of labels, with its lead over training from chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from export.studies.fewlabels.study import NONE, CourseCell, Plan, Trial
from export.studies.objectives.sign_flip import Difference, difference_of


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Means over columns and seeds, of as many seeds as all columns were finished with."""

    way: str
    labels: int
    seeds: int
    balanced_accuracy: float
    spread: float | None  # sample deviation over seeds of the mean over columns; None with one seed
    without_baseline: float
    columns: dict[str, float]
    lead: Difference | None  # over NONE, paired by column and seed; None for itself and where it was not run
    effective_rank: tuple[float, float] | None  # before and after the pre-training


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many recorded windows a column's courses heard."""

    labelled: dict[int, int]  # windows per fault and machine -> labelled ones
    unlabelled: int


class Worth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The JSON document of `few-labels`."""

    rows: tuple[Row, ...]
    columns: dict[str, Columns]


def worth_of(found: Mapping[Trial, CourseCell], plan: Plan) -> Worth:
    """Of every course of `plan`."""
    rows = [_row(found, plan, way, labels) for labels in plan.labels for way in plan.ways]
    columns = {}
    for name in plan.columns:
        own = {trial: cell for trial, cell in found.items() if trial.column == name}
        labelled = {trial.labels: cell.labelled for trial, cell in own.items()}
        columns[name] = Columns(labelled, max(cell.unlabelled for cell in own.values()))
    return Worth(tuple(rows), columns)


def _row(found: Mapping[Trial, CourseCell], plan: Plan, way: str, labels: int) -> Row:
    cells = {name: [found[Trial(seed, name, way, labels)] for seed in range(plan.seeds)] for name in plan.columns}
    every = [cell for column in cells.values() for cell in column]
    seeds = np.mean([[cell.balanced_accuracy for cell in column] for column in cells.values()], axis=0)
    ranks = [(c.before.effective_rank, c.after.effective_rank) for c in every if c.before and c.after]
    return Row(
        way=way,
        labels=labels,
        seeds=plan.seeds,
        balanced_accuracy=float(seeds.mean()),
        spread=float(seeds.std(ddof=1)) if len(seeds) > 1 else None,
        without_baseline=_mean([cell.without_baseline for cell in every]),
        columns={name: _mean([cell.balanced_accuracy for cell in column]) for name, column in cells.items()},
        lead=difference_of(_leads(found, plan, way, labels)) if NONE in plan.ways and way != NONE else None,
        effective_rank=(_mean([one for one, _ in ranks]), _mean([other for _, other in ranks])) if ranks else None,
    )


def _leads(found: Mapping[Trial, CourseCell], plan: Plan, way: str, labels: int) -> dict[str, list[float]]:
    """Column -> how far `way` leads NONE with each seed."""
    return {
        name: [
            found[Trial(seed, name, way, labels)].balanced_accuracy
            - found[Trial(seed, name, NONE, labels)].balanced_accuracy
            for seed in range(plan.seeds)
        ]
        for name in plan.columns
    }


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
