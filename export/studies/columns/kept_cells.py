"""The cells of a study: those that are kept are read, the others made, kept and told of, in one process or several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from export.progress import track
from export.runs.folder import read_json
from export.studies.columns.processes import made_in

Trial = TypeVar("Trial")
Cell = TypeVar("Cell", bound=msgspec.Struct)


def finished_cells(trials: Sequence[Trial], kind: type[Cell], *, path_of: Callable[[Trial], Path]) -> dict[Trial, Cell]:
    """Those of `trials` that are kept already, by trial, in their order."""
    places = {trial: path_of(trial) for trial in trials}
    return {trial: read_json(path, kind) for trial, path in places.items() if path.exists()}


def all_cells(
    trials: Sequence[Trial],
    kind: type[Cell],
    *,
    path_of: Callable[[Trial], Path],
    make: Callable[[Trial], Cell],
    workers: int,
    noun: str,
    tell: Callable[[str], None],
    line: Callable[[Trial, Sequence[Cell], int], str],
    ready: Callable[[], object] | None = None,
) -> dict[Trial, Cell]:
    """The cells of all `trials`, in their order; `make` makes one and keeps it at its path.

    `tell` hears how many were kept, and of each that is made `line`: given its trial, the cells made so far, its own
    the last of them, and how many there will be. `workers` and `ready` as in `made_in`.
    """
    cells = finished_cells(trials, kind, path_of=path_of)
    if cells:
        tell(f"{len(cells)} of {len(trials)} {noun} are kept in {path_of(trials[0]).parent}")
    missing = [trial for trial in trials if trial not in cells]
    fresh: list[Cell] = []
    with made_in(workers, make, missing, ready=ready) as finished:
        for trial, cell in track(finished, noun, total=len(missing)):
            cells[trial] = cell
            fresh.append(cell)
            tell(line(trial, fresh, len(missing)))
    return {trial: cells[trial] for trial in trials}
