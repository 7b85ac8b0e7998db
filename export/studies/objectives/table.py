"""What the trials of `compare` say: a row per objective and share of the windows, and the claim that they test.

Rows are in the order of their score; nothing is left out because of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from export.studies.objectives.compare import FIRST, SECOND, Plan, Trial, TrialCell
from export.studies.objectives.sign_flip import Difference, Verdict, difference_of, verdict_of
from export.training.recipe import TrainConfig

Figure = Literal["balanced_accuracy", "without_baseline"]
FIGURES: tuple[Figure, ...] = ("balanced_accuracy", "without_baseline")


class ObjectiveRow(msgspec.Struct, frozen=True):
    """One objective with one share of the windows. Means are over columns and seeds."""

    objective: str
    share: float
    balanced_accuracy: float  # with the healthy baseline of other speeds
    spread: float  # standard deviation over seeds of the mean over columns, 0 with a single seed
    columns: dict[str, float]  # with the baseline, mean over seeds
    without_baseline: float
    effective_rank: float  # this and the next two: of the windows trained on
    alignment: float
    uniformity: float
    scored_alignment: float  # of the windows scored
    lead: Difference | None  # over SECOND, with the baseline; None for itself and where it was not compared
    seconds: float  # of one training


class Claim(msgspec.Struct, frozen=True):
    """FIRST less SECOND with one share of the windows, in one of the two figures."""

    share: float
    figure: Figure
    difference: Difference
    verdict: Verdict


class Standings(msgspec.Struct, frozen=True):
    """The JSON document of `compare`. `verdict` is that of the smallest share with the baseline: FIRST over SECOND
    where data are few; None where either was not compared."""

    first: str
    second: str
    verdict: Verdict | None
    claims: tuple[Claim, ...]
    growth: Difference | None  # how much more FIRST leads with the smallest share than with the largest
    rows: tuple[ObjectiveRow, ...]
    windows: dict[str, dict[str, int]]  # share -> column -> recorded windows trained on
    simulated_windows: int
    seeds: int
    recipe: TrainConfig
    key: str


def standings_of(
    cells: Mapping[Trial, TrialCell], plan: Plan, *, recipe: TrainConfig, simulated_windows: int, key: str
) -> Standings:
    """Of every trial of `plan`."""
    rows = [_row(cells, plan, objective, share) for share in plan.shares for objective in plan.objectives]
    claims: list[Claim] = []
    if {FIRST, SECOND} <= set(plan.objectives):
        for share in plan.shares:
            for figure in FIGURES:
                difference = difference_of(_leads(cells, plan, FIRST, share, figure))
                claims.append(Claim(share, figure, difference, verdict_of(difference)))
    baseline_claims = [claim for claim in claims if claim.figure == "balanced_accuracy"]
    return Standings(
        first=FIRST,
        second=SECOND,
        verdict=baseline_claims[-1].verdict if baseline_claims else None,
        claims=tuple(claims),
        growth=_growth(cells, plan) if len(baseline_claims) > 1 else None,
        rows=tuple(sorted(rows, key=lambda row: (-row.share, -row.balanced_accuracy))),
        windows={
            f"{share:g}": {name: cells[Trial(0, share, name, plan.objectives[0])].windows for name in plan.columns}
            for share in plan.shares
        },
        simulated_windows=simulated_windows,
        seeds=plan.seeds,
        recipe=recipe,
        key=key,
    )


def _row(cells: Mapping[Trial, TrialCell], plan: Plan, objective: str, share: float) -> ObjectiveRow:
    own = {trial: cell for trial, cell in cells.items() if (trial.objective, trial.share) == (objective, share)}
    seeds = [_mean([c.balanced_accuracy for t, c in own.items() if t.seed == seed]) for seed in range(plan.seeds)]
    compared = SECOND in plan.objectives and objective != SECOND
    return ObjectiveRow(
        objective=objective,
        share=share,
        balanced_accuracy=_mean(seeds),
        spread=float(np.std(seeds, ddof=1)) if len(seeds) > 1 else 0.0,
        columns={
            name: _mean([c.balanced_accuracy for t, c in own.items() if t.column == name]) for name in plan.columns
        },
        without_baseline=_mean([cell.without_baseline for cell in own.values()]),
        effective_rank=_mean([cell.trained.effective_rank for cell in own.values()]),
        alignment=_mean([cell.trained.alignment for cell in own.values()]),
        uniformity=_mean([cell.trained.uniformity for cell in own.values() if cell.trained.uniformity is not None]),
        scored_alignment=_mean([cell.scored.alignment for cell in own.values()]),
        lead=difference_of(_leads(cells, plan, objective, share, "balanced_accuracy")) if compared else None,
        seconds=_mean([cell.seconds for cell in own.values()]),
    )


def _leads(
    cells: Mapping[Trial, TrialCell], plan: Plan, objective: str, share: float, figure: Figure
) -> dict[str, list[float]]:
    """Column -> how far `objective` leads SECOND with each seed."""

    def score(trial: Trial) -> float:
        value: float = getattr(cells[trial], figure)
        return value

    return {
        name: [
            score(Trial(seed, share, name, objective)) - score(Trial(seed, share, name, SECOND))
            for seed in range(plan.seeds)
        ]
        for name in plan.columns
    }


def _growth(cells: Mapping[Trial, TrialCell], plan: Plan) -> Difference:
    few, many = (_leads(cells, plan, FIRST, share, "balanced_accuracy") for share in (plan.shares[-1], plan.shares[0]))
    return difference_of({name: [a - b for a, b in zip(few[name], many[name], strict=True)] for name in plan.columns})


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
