"""The study from pilot to last trial: each is kept as it is finished, and what was killed goes on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from agent.errors import ConfigError
from export.progress import track
from export.runs.folder import read_json
from export.studies.claims.asked import Scores
from export.studies.claims.cells import Sides, Trial, made, path_of, sides_of
from export.studies.claims.plan import Plan, Wanted, kept_plan, pilot_trials, plan_of, trials_planned, write_plan
from export.studies.columns.training_cache import Material, descriptions
from export.studies.objectives.compare import TrialCell
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
    device: torch.device = CPU,
    tell: Tell = lambda line: None,
) -> tuple[Plan, Cells]:
    """The plan and every trial of it; `folder` belongs to one key alone. ConfigError where the plan cannot change."""
    trials = folder / "trials"
    sides = sides_of(material)
    plan = kept_plan(folder / "plan.json", wanted, trials=trials.glob("*.json"))
    if plan is None:
        tell(f"pilot: {wanted.pilot_seeds} seeds, of which none is a trial")
        cells = _run(pilot_trials(wanted), sides, recipe, folder / "pilot", device, tell)
        plan = plan_of(wanted, scores_of(cells), [cell.seconds for cell in cells.values()])
        write_plan(folder, plan)
        tell(f"wrote {folder / 'plan.json'} and plan.md: {plan.trials} trials, SHA-256 {plan.sha256[:16]}")
    return plan, _run(trials_planned(plan), sides, recipe, trials, device, tell)


def so_far(folder: Path, wanted: Wanted) -> tuple[Plan, Cells]:
    """The plan in `folder` and what is finished of its trials; ConfigError where there is no plan for `wanted`."""
    trials = folder / "trials"
    plan = kept_plan(folder / "plan.json", wanted, trials=trials.glob("*.json"))
    if plan is None:
        raise ConfigError(f"--so-far: {folder / 'plan.json'}: no plan for this yet; leave --so-far away to make it")
    places = {trial: path_of(trial, trials) for trial in trials_planned(plan)}
    return plan, {trial: read_json(path, TrialCell) for trial, path in places.items() if path.exists()}


def scores_of(cells: Cells) -> Scores:
    """The figure that claims are judged by: balanced accuracy with the healthy baseline of other speeds."""
    return {trial: cell.balanced_accuracy for trial, cell in cells.items()}


def _run(
    trials: Sequence[Trial], sides: Sides, recipe: TrainConfig, folder: Path, device: torch.device, tell: Tell
) -> Cells:
    missing = sum(not path_of(trial, folder).exists() for trial in trials)
    if missing < len(trials):
        tell(f"{len(trials) - missing} of {len(trials)} trials are kept in {folder}")
    if missing:
        descriptions(recipe.text)
    cells: Cells = {}
    took_s: list[float] = []
    for trial in track(trials, "trials", total=len(trials)):
        fresh = not path_of(trial, folder).exists()
        cells[trial] = cell = made(trial, sides, recipe, folder=folder, device=device)
        if fresh:
            took_s.append(cell.seconds)
            left_s = sum(took_s) / len(took_s) * (missing - len(took_s))
            tell(
                f"{len(took_s)}/{missing} {trial.name}: {cell.balanced_accuracy:.3f}, {cell.seconds:.0f} s; "
                f"about {math.ceil(left_s / 60)} min left"
            )
    return cells
