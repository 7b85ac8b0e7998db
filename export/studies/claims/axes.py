"""The axes that the trials lie on: what each objective scores at every point, to be looked at and not decided by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from agent.types import FAULTS
from export.studies.claims.asked import (
    BATCHES,
    EARLY,
    INFONCE,
    MARGINS,
    TEMPERATURES,
    TRIPLET,
    WINDOWS,
    Scores,
    infonce_at,
    triplet_at,
)
from export.studies.claims.cells import COLUMNS, DOMAINS, FEW_SENTENCES, SENTENCES, STRANGERS, Setting, Trial


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Means over columns and seeds; every seed with which all columns are finished."""

    axis: str
    at: str
    objective: str
    balanced_accuracy: float
    spread: float  # over seeds, of the mean over columns; 0 with one
    columns: dict[str, float]
    seeds: int


class Axis(msgspec.Struct, frozen=True):
    """Settings by objective, in the order of `at`."""

    name: str
    at: tuple[str, ...]
    settings: dict[str, tuple[Setting, ...]]
    columns: tuple[str, ...] = COLUMNS


def axes(others: Sequence[str] = ()) -> tuple[Axis, ...]:
    """All of them; `others` are compared on the first two."""
    pair = (TRIPLET, INFONCE)
    every = (*pair, *others)
    sentences = (FEW_SENTENCES, SENTENCES)
    return (
        Axis(
            "vibrations per step",
            tuple(map(str, BATCHES)),
            {name: tuple(Setting(name, batch=batch) for batch in BATCHES) for name in every},
        ),
        Axis(
            "windows per fault and machine",
            tuple(str(count) if count else "all" for count in WINDOWS),
            {name: tuple(Setting(name, windows=count) for count in WINDOWS) for name in every},
        ),
        Axis("temperature", _numbers(TEMPERATURES), {INFONCE: tuple(Setting(infonce_at(v)) for v in TEMPERATURES)}),
        Axis("margin", _numbers(MARGINS), {TRIPLET: tuple(Setting(triplet_at(v)) for v in MARGINS)}),
        Axis(
            "sentences per step",
            tuple(str(len(FAULTS) * one + none) for one, none in sentences),
            {name: tuple(Setting(name, sentences=counts) for counts in sentences) for name in pair},
        ),
        Axis(
            "steps, of all",
            _numbers((EARLY, 1.0)),
            {name: tuple(Setting(name, steps=share) for share in (EARLY, 1.0)) for name in pair},
        ),
        Axis(
            "training domains",
            tuple(map(str, DOMAINS)),
            {name: tuple(Setting(name, domains=count) for count in DOMAINS) for name in pair},
            STRANGERS,
        ),
    )


def points_of(scores: Scores, axes_drawn: Sequence[Axis], seeds: Sequence[int]) -> tuple[Point, ...]:
    """Of every setting with which at least one seed is finished on all columns of its axis."""
    found = []
    for axis in axes_drawn:
        for objective, settings in axis.settings.items():
            for at, setting in zip(axis.at, settings, strict=True):
                by_seed = _by_seed(scores, setting, axis.columns, seeds)
                if by_seed:
                    found.append(_point(axis, at, objective, by_seed))
    return tuple(found)


def _numbers(values: Sequence[float]) -> tuple[str, ...]:
    return tuple(f"{value:g}" for value in values)


def _by_seed(
    scores: Scores, setting: Setting, columns: Sequence[str], seeds: Sequence[int]
) -> list[Mapping[str, float]]:
    trials = [{column: Trial(setting, column, seed) for column in columns} for seed in seeds]
    return [
        {column: scores[trial] for column, trial in own.items()}
        for own in trials
        if all(trial in scores for trial in own.values())
    ]


def _point(axis: Axis, at: str, objective: str, by_seed: Sequence[Mapping[str, float]]) -> Point:
    means = [float(np.mean(list(own.values()))) for own in by_seed]
    return Point(
        axis=axis.name,
        at=at,
        objective=objective,
        balanced_accuracy=float(np.mean(means)),
        spread=float(np.std(means, ddof=1)) if len(means) > 1 else 0.0,
        columns={column: float(np.mean([own[column] for own in by_seed])) for column in axis.columns},
        seeds=len(by_seed),
    )
