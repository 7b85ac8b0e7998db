"""One domain after another, by every way to keep what was learnt: accuracy in the end, and what was forgotten.

All ways start from the same network of the first domain and see the same windows in the same order. The floor goes on
with the new windows alone; the ceiling is trained anew on all windows so far, at each stage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import msgspec
import numpy as np

from agent.dsp.spectra import FeatureSpec
from export.data.store import kept_rows
from export.data.table import join
from export.network.model import fold
from export.scoring.score import balanced_accuracy, named
from export.studies.columns.kept_cells import all_cells
from export.studies.columns.options import known_names
from export.studies.columns.training_cache import Material, cell_key, descriptions, kept
from export.studies.continual.domains import SEQUENCES, Domain, scored_inputs
from export.text.encoders import EncodedSentences
from export.text.tower import fault_centres
from export.training.continuing import ContinueConfig, go_on
from export.training.objectives import OBJECTIVES
from export.training.recipe import TrainConfig
from export.training.train import Trained, train

CEILING = "joint"
FLOOR = "fine-tuning"
WAYS: Mapping[str, tuple[bool, bool]] = {
    FLOOR: (False, False),
    "rehearsal": (True, False),
    "distillation": (False, True),
    "both": (True, True),
}
"""Name -> whether windows are heard again, and whether the old network is imitated."""
ALL_WAYS = (*WAYS, CEILING)
COMPARED = ("triplet", "infonce")


class Course(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Balanced accuracy after each stage (row) on each domain (column), with a healthy state and without one."""

    with_baseline: list[list[float]]
    without_baseline: list[list[float]]


class Figures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a course; both as Lopez-Paz and Ranzato 2017 (arXiv 1706.08840), section 2, define them."""

    average: float  # over domains, after the last stage
    forgetting: float  # what domains but the last lost since they were learnt: the negative of backward transfer


class _Causes(msgspec.Struct, frozen=True):
    """All that a course depends on beside its windows and its trial."""

    recipe: TrainConfig
    config: ContinueConfig


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run: every sequence with every objective, way and seed."""

    sequences: tuple[str, ...]
    objectives: tuple[str, ...]
    ways: tuple[str, ...]
    seeds: int
    first_seed: int = 0


def plan_of(
    sequences: Sequence[str] | None = None,
    objectives: Sequence[str] | None = None,
    ways: Sequence[str] | None = None,
    *,
    seeds: int,
    first_seed: int = 0,
) -> Plan:
    """ConfigError names every part that cannot be run, with what may stand there; None is the default."""
    wanted = {
        "--sequences": (sequences or tuple(SEQUENCES), tuple(SEQUENCES)),
        "--objectives": (objectives or COMPARED, tuple(OBJECTIVES)),
        "--ways": (ways or ALL_WAYS, ALL_WAYS),
    }
    sequences, objectives, ways = known_names(wanted)
    return Plan(sequences, objectives, ways, seeds, first_seed)


@dataclass(frozen=True, slots=True)
class Trial:
    """One course."""

    seed: int
    sequence: str
    objective: str
    way: str


def trials_of(plan: Plan) -> Iterator[Trial]:
    """Seed by seed, so that what was stopped has compared everything as often as time allowed."""
    seeds = range(plan.first_seed, plan.first_seed + plan.seeds)
    for parts in product(seeds, plan.sequences, plan.objectives, plan.ways):
        yield Trial(*parts)


def run_courses(
    material: Material,
    recipe: TrainConfig,
    config: ContinueConfig,
    plan: Plan,
    *,
    folder: Path,
    workers: int = 1,
    tell: Callable[[str], None] = lambda line: None,
) -> dict[Trial, Course]:
    """Every course of `plan`, by `workers` processes, kept below `folder` as it is finished.

    No teacher takes part: the ways alone differ.
    """
    recipe = msgspec.structs.replace(recipe, seed=0, teacher=None)
    place = folder / cell_key(material, _Causes(recipe, config), code=Path(__file__))
    domains = {name: SEQUENCES[name](material) for name in plan.sequences}
    texts = descriptions(recipe.text)

    def line(trial: Trial, fresh: Sequence[Course], _missing: int) -> str:
        average = figures_of(fresh[-1].with_baseline).average
        return f"{trial.sequence}, {trial.objective}, {trial.way}, seed {trial.seed}: {average:.3f}"

    return all_cells(
        list(trials_of(plan)),
        Course,
        path_of=partial(_path, place=place),
        make=partial(
            _made, domains=domains, recipe=recipe, config=config, place=place, texts=texts, spec=material.spec
        ),
        workers=workers,
        noun="courses",
        tell=tell,
        line=line,
    )


def _made(
    trial: Trial,
    *,
    domains: Mapping[str, Sequence[Domain]],
    recipe: TrainConfig,
    config: ContinueConfig,
    place: Path,
    texts: EncodedSentences,
    spec: FeatureSpec,
) -> Course:
    own = msgspec.structs.replace(recipe, seed=trial.seed, objective=trial.objective)
    later = msgspec.structs.replace(config, seed=trial.seed)
    course = partial(course_of, domains[trial.sequence], own, later, trial.way, texts=texts, spec=spec)
    return kept(_path(trial, place), Course, course)


def _path(trial: Trial, place: Path) -> Path:
    return place / f"{trial.sequence}-{trial.objective.replace('/', '_')}-{trial.way}-{trial.seed}.json"


def course_of(
    domains: Sequence[Domain],
    recipe: TrainConfig,
    config: ContinueConfig,
    way: str,
    *,
    texts: EncodedSentences,
    spec: FeatureSpec,
) -> Course:
    """One way through `domains`; each stage may hear of those before what a bounded store has carried on."""
    heard = domains[0].trained
    trained = train(heard, recipe, spec=spec, texts=texts)
    scores = [_scores(trained, domains, texts)]
    for number, domain in enumerate(domains[1:], start=1):
        if way == CEILING:
            trained = train(join([one.trained for one in domains[: number + 1]]), recipe, spec=spec, texts=texts)
        else:
            again, imitated = WAYS[way]
            stage = config if imitated else msgspec.structs.replace(config, imitation_weight=0.0)
            store = heard.take(kept_rows(heard, config.keep if again else 0))
            trained = go_on(trained, store, domain.trained, stage, recipe=recipe, spec=spec, texts=texts)
            heard = join([store, domain.trained])
        scores.append(_scores(trained, domains, texts))
    return Course([list(row) for row, _ in scores], [list(row) for _, row in scores])


def _scores(
    trained: Trained, domains: Sequence[Domain], texts: EncodedSentences
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """On each domain, with a healthy state and without one."""
    centres = fault_centres(trained.tower, texts)
    graph = fold(trained.student)
    pairs = [
        tuple(
            balanced_accuracy(named(inputs, graph, centres), domain.scored.labels)
            for inputs in scored_inputs(domain, trained.scaling)
        )
        for domain in domains
    ]
    informed, blind = zip(*pairs, strict=True)
    return informed, blind


def figures_of(course: Sequence[Sequence[float]]) -> Figures:
    """Of balanced accuracies after each stage (row) on each domain (column)."""
    last = course[-1]
    lost = [course[number][number] - last[number] for number in range(len(course) - 1)]
    return Figures(float(np.mean(last)), float(np.mean(lost)))
