"""The study from pilot to last trial: each is kept as it is finished, and what was killed goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch

from agent.errors import ConfigError
from export.progress import track
from export.runs.folder import read_json
from export.studies.claims.asked import Scores
from export.studies.claims.cells import Sides, Trial, made, path_of, sides_of
from export.studies.claims.plan import Plan, Wanted, kept_plan, pilot_trials, plan_of, trials_planned, write_plan
from export.studies.columns.processes import made_in, minutes_left
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
    return plan, _finished(trials_planned(plan), trials)


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
    cells = _finished(trials, folder)
    if cells:
        tell(f"{len(cells)} of {len(trials)} trials are kept in {folder}")
    missing = [trial for trial in trials if trial not in cells]
    make = partial(made, sides=sides, recipe=recipe, folder=folder, device=device)
    took_s: list[float] = []
    with made_in(workers, make, missing, ready=partial(descriptions, recipe.text)) as finished:
        for trial, cell in track(finished, "trials", total=len(missing)):
            cells[trial] = cell
            took_s.append(cell.seconds)
            tell(
                f"{len(took_s)}/{len(missing)} {trial.name}: {cell.balanced_accuracy:.3f}, {cell.seconds:.0f} s; "
                f"about {minutes_left(took_s, len(missing), workers)} min left"
            )
    return {trial: cells[trial] for trial in trials}


def _finished(trials: Sequence[Trial], folder: Path) -> Cells:
    places = {trial: path_of(trial, folder) for trial in trials}
    return {trial: read_json(path, TrialCell) for trial, path in places.items() if path.exists()}
