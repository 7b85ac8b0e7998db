"""Trainings with few labels, from chance and from what was learnt without any: one course per way, column and seed.

All courses of a seed see the same labelled windows and differ in where they start alone. A pre-training serves all
numbers of labels of its column, which it knows nothing of. No teacher takes part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import msgspec
import numpy as np

from export.data.table import join
from export.data.unlabelled import Unlabelled, as_heard, together, unlabelled
from export.data.viewed import Viewed
from export.network.graph import Floats
from export.network.model import fold
from export.progress import track
from export.scoring.score import balanced_accuracy, named
from export.studies.columns.options import known_names
from export.studies.columns.splits import COLUMNS, Column, columns_of
from export.studies.columns.training_cache import Fitted, Material, cell_key, descriptions, kept, scored_inputs
from export.studies.fewlabels.sides import heard_without_labels, with_few_labels
from export.text.tower import fault_centres
from export.training.recipe import TrainConfig
from export.training.selfsupervised import SELF_SUPERVISED
from export.training.selfsupervised.pretraining import PretrainConfig, Pretrained, pretrain
from export.training.selfsupervised.watch import Look
from export.training.start import Start
from export.training.train import fit_scaling, train

NONE = "none"
"""The same training from chance."""
SCALING = "scaling"
"""From chance, too, but inputs are scaled as over the windows without labels: what no weight has to do with."""
ALL_WAYS = (NONE, SCALING, *SELF_SUPERVISED)
THREE_COLUMNS = ("007", "800", "U+H>C")
"""A bearing size, a speed and a machine that no label is of."""
LABELS = (1, 5, 20)


class CourseCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Balanced accuracy of the float net on all eight faults, nearest description, no gate."""

    balanced_accuracy: float  # with the healthy state of other speeds
    without_baseline: float
    labelled: int  # recorded windows
    unlabelled: int
    before: Look | None  # embeddings before and after the pre-training, if there was one
    after: Look | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run; `plan_of` makes one that can be."""

    columns: tuple[str, ...]
    ways: tuple[str, ...]
    labels: tuple[int, ...]  # windows per fault and machine
    seeds: int


@dataclass(frozen=True, slots=True)
class Trial:
    """One course."""

    seed: int
    column: str
    way: str
    labels: int


class _Causes(msgspec.Struct, frozen=True):
    """All that a course depends on beside its windows and its trial."""

    recipe: TrainConfig
    config: PretrainConfig
    views: str  # digest of the views on samples


def plan_of(
    columns: Sequence[str] | None = None,
    ways: Sequence[str] | None = None,
    labels: Sequence[int] = LABELS,
    *,
    seeds: int,
) -> Plan:
    """ConfigError names every part that cannot be run, with what may stand there; None is the default."""
    wanted = {"--columns": (columns or THREE_COLUMNS, COLUMNS), "--ways": (ways or ALL_WAYS, ALL_WAYS)}
    chosen, starts = known_names(wanted)
    return Plan(chosen, starts, tuple(sorted(set(labels))), seeds)


def recipe_of(recipe: TrainConfig) -> TrainConfig:
    """`recipe` without a teacher, and with few sentences in each step: what is judged is where the student starts."""
    return msgspec.structs.replace(
        recipe, seed=0, teacher=None, text_steps=20, no_fault_sentences=8, sentences_per_fault=2
    )


def trials_of(plan: Plan) -> Iterator[Trial]:
    """Seed by seed, so that what was stopped has compared everything as often as time allowed."""
    for parts in product(range(plan.seeds), plan.columns, plan.ways, plan.labels):
        yield Trial(*parts)


def run_courses(
    material: Material,
    views: Viewed,
    recipe: TrainConfig,
    config: PretrainConfig,
    plan: Plan,
    *,
    folder: Path,
    tell: Callable[[str], None] = lambda line: None,
) -> dict[Trial, CourseCell]:
    """Every course of `plan`, kept below `folder` as it is finished; `views` are of the recorded windows."""
    causes = _Causes(recipe, config, _digest(views))
    place = folder / cell_key(material, causes, code=Path(__file__))
    columns = columns_of(material.recorded)
    starts = _Starts(material, views, recipe, config)
    found = {}
    for trial in track(list(trials_of(plan)), "courses"):
        path = place / f"{trial.column}-{trial.way}-{trial.labels}-{trial.seed}.json"
        made = partial(_course, material, columns[trial.column], trial, recipe, starts)
        found[trial] = kept(path, CourseCell, made)
        score = found[trial]
        tell(
            f"seed {trial.seed}, {trial.column}, {trial.labels} labels, {trial.way}: {score.balanced_accuracy:.3f}, "
            f"without baseline {score.without_baseline:.3f}"
        )
    return found


class _Starts:
    """Makes the pre-training of a course and keeps the last one: the next courses start from the same."""

    def __init__(self, material: Material, views: Viewed, recipe: TrainConfig, config: PretrainConfig) -> None:
        self._material, self._views, self._recipe, self._config = material, views, recipe, config
        self._last: tuple[tuple[int, str, str], Pretrained] | None = None

    def of(self, column: Column, trial: Trial) -> Pretrained | None:
        if trial.way == NONE:
            return None
        key = (trial.seed, trial.column, trial.way)
        if self._last is None or self._last[0] != key:
            self._last = (key, self._made(column, trial))
        return self._last[1]

    def _made(self, column: Column, trial: Trial) -> Pretrained:
        heard = heard_in(self._material, self._views, column)
        config = msgspec.structs.replace(self._config, seed=trial.seed)
        spec, recipe = self._material.spec, self._recipe
        if trial.way == SCALING:
            return Pretrained(Start(fit_scaling(heard.table, spec, recipe.hidden_features)), (), ())
        return pretrain(heard, msgspec.structs.replace(config, objective=trial.way), recipe=recipe, spec=spec)


def _digest(views: Viewed) -> str:
    return hashlib.sha256(views.values.tobytes() + views.known.tobytes()).hexdigest()


def heard_in(material: Material, views: Viewed, column: Column) -> Unlabelled:
    """All that a pre-training for `column` hears, simulated machines beside it."""
    rows = heard_without_labels(material.recorded, column)
    part = Unlabelled(unlabelled(material.recorded.take(rows)), Viewed(views.values[:, rows], views.known[:, rows]))
    return part if material.simulated is None else together([part, as_heard(material.simulated, len(views.values))])


def _course(material: Material, column: Column, trial: Trial, recipe: TrainConfig, starts: _Starts) -> CourseCell:
    few = with_few_labels(material.recorded, column, per_fault=trial.labels, seed=trial.seed)
    table = few if material.simulated is None else join([few, material.simulated])
    begun = starts.of(column, trial)
    config, texts = msgspec.structs.replace(recipe, seed=trial.seed), descriptions(recipe.text)
    trained = train(table, config, spec=material.spec, texts=texts, start=None if begun is None else begun.start)
    centres: Floats = fault_centres(trained.tower, texts)
    fitted = Fitted(table, trained, fold(trained.student.eval()), centres.astype(np.float16))
    scored, informed, blind = scored_inputs(material, column, fitted)
    accuracies = [
        balanced_accuracy(named(inputs, fitted.graph, centres), scored.labels) for inputs in (informed, blind)
    ]
    looks = begun.looks if begun is not None else ()
    return CourseCell(
        balanced_accuracy=accuracies[0],
        without_baseline=accuracies[1],
        labelled=int((~few.baseline).sum()),
        unlabelled=0 if begun is None else int(heard_without_labels(material.recorded, column).sum()),
        before=looks[0] if looks else None,
        after=looks[-1] if looks else None,
    )
