"""What courses came to, by sequence, objective and way, with the spread over seeds and beside the ceiling."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import numpy as np

from export.studies.continual.study import CEILING, Course, Figures, Plan, Trial, figures_of


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Means over seeds and their sample deviations; `of_ceiling` is the average beside that of joint training."""

    sequence: str
    objective: str
    way: str
    seeds: int
    with_baseline: Figures
    spread: Figures | None  # of the figures with a baseline; None with one seed
    without_baseline: Figures
    of_ceiling: float | None


def rows_of(found: Mapping[Trial, Course], plan: Plan) -> list[Row]:
    """A row for each sequence, objective and way that was run."""
    rows = []
    for sequence in plan.sequences:
        for objective in plan.objectives:
            of_ways = {way: _courses(found, sequence, objective, way) for way in plan.ways}
            ceiling = of_ways.get(CEILING)
            best = None if not ceiling else _mean([figures_of(one.with_baseline) for one in ceiling]).average
            rows += [_row(sequence, objective, way, courses, best) for way, courses in of_ways.items() if courses]
    return rows


def _courses(found: Mapping[Trial, Course], sequence: str, objective: str, way: str) -> list[Course]:
    wanted = (sequence, objective, way)
    return [one for trial, one in found.items() if (trial.sequence, trial.objective, trial.way) == wanted]


def _row(sequence: str, objective: str, way: str, courses: list[Course], ceiling: float | None) -> Row:
    informed = [figures_of(one.with_baseline) for one in courses]
    mean = _mean(informed)
    return Row(
        sequence,
        objective,
        way,
        len(courses),
        mean,
        None if len(courses) < 2 else _reduced(informed, lambda values: float(np.std(values, ddof=1))),
        _mean([figures_of(one.without_baseline) for one in courses]),
        None if not ceiling else mean.average / ceiling,
    )


def _mean(figures: list[Figures]) -> Figures:
    return _reduced(figures, lambda values: float(np.mean(values)))


def _reduced(figures: list[Figures], by: Callable[[list[float]], float]) -> Figures:
    return Figures(by([one.average for one in figures]), by([one.forgetting for one in figures]))
