"""What it costs to describe every fault in sentences that training never saw, on windows that training never saw.

One training per column and seed; the same embeddings are then held against the descriptions of training and against
those of unseen.toml, in Korean, in English and in both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from agent.types import FAULTS
from export.network.graph import embed
from export.progress import track
from export.scoring.score import balanced_accuracy, nearest
from export.studies.columns.splits import CHASED_BY_NOBODY, COLUMNS, Column, columns_of
from export.studies.columns.training_cache import Material, fit, kept, scored_inputs
from export.text.encoders import FOLDER, LANGUAGES, read_wordings, sentences_of, text_encoder
from export.text.tower import describe_faults
from export.training.recipe import TrainConfig

BOTH = "+".join(LANGUAGES)


class SwapCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Balanced accuracies of one column and seed, float, with the healthy baseline of other speeds."""

    column: str
    seed: int
    usual: float
    swapped: dict[str, float]  # by the language of the never-seen sentences
    seconds: float


class SwapSummary(msgspec.Struct, frozen=True):
    """Costs are mean accuracies lost; a negative one is a gain."""

    cells: tuple[SwapCell, ...]
    cost: dict[str, float]  # mean over the columns but 014
    worst: dict[str, float]  # of these columns, its seeds averaged


def run_swaps(
    material: Material,
    config: TrainConfig,
    *,
    folder: Path,
    only: Sequence[str] = COLUMNS,
    seeds: int = 1,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[SwapCell, ...]:
    """A cell for each of the columns `only` and each seed; `tell` hears of every one."""
    cells = []
    for name, column in track(list(columns_of(material.recorded).items()), "column"):
        for seed in range(seeds if name in only else 0):
            seeded = msgspec.structs.replace(config, seed=seed)
            make = partial(swap_cell, material, name, column, seeded)
            cells.append(kept(folder / f"{name}-{seed}.json", SwapCell, make))
            costs = ", ".join(f"{how} {cells[-1].usual - score:+.3f}" for how, score in cells[-1].swapped.items())
            tell(f"{name:>6} seed {seed} usual {cells[-1].usual:.3f}, never-seen sentences cost {costs}")
    return tuple(cells)


def swap_cell(material: Material, name: str, column: Column, config: TrainConfig) -> SwapCell:
    """Train on the left of `column`, score its right by the usual and by never-seen descriptions."""
    start = time.monotonic()
    fitted = fit(material, column, config)
    scored, with_reference, _ = scored_inputs(material, column, fitted)
    embedded = embed(fitted.graph, with_reference)
    wordings, encoder = read_wordings(FOLDER / "unseen.toml"), text_encoder(config.text)
    swapped = {}
    for how, languages in {**{one: (one,) for one in LANGUAGES}, BOTH: LANGUAGES}.items():
        never_seen = sentences_of({language: wordings[language] for language in languages}, FAULTS)
        centres = describe_faults(fitted.trained.tower, encoder.encode(never_seen.texts), never_seen, FAULTS)
        swapped[how] = balanced_accuracy(nearest(embedded @ centres.T, FAULTS), scored.labels)
    usual = nearest(embedded @ fitted.centres.astype(np.float32).T, FAULTS)
    return SwapCell(name, config.seed, balanced_accuracy(usual, scored.labels), swapped, time.monotonic() - start)


def summary_of(cells: Sequence[SwapCell]) -> SwapSummary:
    """Means over seeds, then over columns."""
    costs: dict[str, dict[str, list[float]]] = {}
    for cell in cells:
        if cell.column != CHASED_BY_NOBODY:
            for how, score in cell.swapped.items():
                costs.setdefault(how, {}).setdefault(cell.column, []).append(cell.usual - score)
    per_column = {how: [float(np.mean(seeds)) for seeds in table.values()] for how, table in costs.items()}
    return SwapSummary(
        tuple(cells),
        {how: float(np.mean(values)) for how, values in per_column.items()},
        {how: max(values) for how, values in per_column.items()},
    )


def as_text(summary: SwapSummary) -> str:
    """For people."""
    rows = [f"{'never-seen sentences':<24}{'mean cost':>10}{'worst column':>14}"]
    rows += [f"{how:<24}{cost:>10.3f}{summary.worst[how]:>14.3f}" for how, cost in summary.cost.items()]
    return "\n".join([*rows, "balanced accuracy lost, over the columns that were run but 014"])
