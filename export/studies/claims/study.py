"""The study from pilot to last trial: each is kept as it is finished, and what was killed goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch

from agent.errors import ConfigError
from export.studies.claims.asked import Scores
from export.studies.claims.cells import Sides, Trial, made, path_of, sides_of
from export.studies.claims.plan import Plan, Wanted, kept_plan, pilot_trials, plan_of, trials_planned, write_plan
from export.studies.columns.kept_cells import all_cells, finished_cells
from export.studies.columns.training_cache import Material, descriptions
from export.studies.objectives.compare import TrialCell, line_of_trial
from export.training.device import CPU
from export.training.recipe import TrainConfig

Tell = Callable[[str], None]
Cells = dict[Trial, TrialCell]


def run_study(
    material: Material,
    recipe: TrainConfig,
    wanted: Wanted,
    *,
    folder: Path,
    workers: int = 1,
    device: torch.device = CPU,
    tell: Tell = lambda line: None,
) -> tuple[Plan, Cells]:
    """The plan and every trial of it; `folder` belongs to one key alone. ConfigError where the plan cannot change.

    Neither depends on how many `workers` there are: another number may go on with what is finished.
    """
    trials = folder / "trials"
    run = partial(_run, sides=sides_of(material), recipe=recipe, workers=workers, device=device, tell=tell)
    plan = kept_plan(folder / "plan.json", wanted, trials=trials.glob("*.json"))
    if plan is None:
        tell(f"pilot: {wanted.pilot_seeds} seeds, of which none is a trial")
        cells = run(pilot_trials(wanted), folder / "pilot")
        plan = plan_of(wanted, scores_of(cells), [cell.seconds for cell in cells.values()])
        write_plan(folder, plan)
        tell(f"wrote {folder / 'plan.json'} and plan.md: {plan.trials} trials, SHA-256 {plan.sha256[:16]}")
    return plan, run(trials_planned(plan), trials)


def so_far(folder: Path, wanted: Wanted) -> tuple[Plan, Cells]:
    """The plan in `folder` and what is finished of its trials; ConfigError where there is no plan for `wanted`."""
    trials = folder / "trials"
    plan = kept_plan(folder / "plan.json", wanted, trials=trials.glob("*.json"))
    if plan is None:
        raise ConfigError(f"--so-far: {folder / 'plan.json'}: no plan for this yet; leave --so-far away to make it")
    return plan, finished_cells(trials_planned(plan), TrialCell, path_of=partial(path_of, folder=trials))


def scores_of(cells: Cells) -> Scores:
    """The figure that claims are judged by: balanced accuracy with the healthy baseline of other speeds."""
    return {trial: cell.balanced_accuracy for trial, cell in cells.items()}


def _run(
    trials: Sequence[Trial],
    folder: Path,
    *,
    sides: Sides,
    recipe: TrainConfig,
    workers: int,
    device: torch.device,
    tell: Tell,
) -> Cells:
    def line(trial: Trial, fresh: Sequence[TrialCell], missing: int) -> str:
        return line_of_trial(f"{trial.name}: {fresh[-1].balanced_accuracy:.3f}", fresh, missing, workers)

    return all_cells(
        trials,
        TrialCell,
        path_of=partial(path_of, folder=folder),
        make=partial(made, sides=sides, recipe=recipe, folder=folder, device=device),
        workers=workers,
        noun="trials",
        tell=tell,
        line=line,
        ready=partial(descriptions, recipe.text),
    )
