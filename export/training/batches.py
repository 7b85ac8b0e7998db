"""Batches of a training: windows drawn by their worth, seen as at a sensor that may know less than the recording did.

What an installation may not know is hidden at random; a label is only given where it can be told, so that a fault of
degree keeps the healthy reference that it is a degree of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.dsp.encoder_inputs import InputScaling
from agent.dsp.spectra import FeatureSpec
from agent.faults import FAULTS_OF_DEGREE
from agent.types import FAULTS
from export.data.healthy import commissionings
from export.data.sampling import sampling_weights
from export.data.table import Table
from export.network.graph import Floats
from export.training.masking import hide, mask_groups
from export.training.recipe import TrainConfig


@dataclass(frozen=True, slots=True)
class Windows:
    """What batches are drawn from."""

    table: Table
    targets: NDArray[np.intp]  # (table rows,) numbers of FAULTS
    rows: NDArray[np.intp]  # that are no baselines
    chances: NDArray[np.float64]  # of each row
    commissioned: tuple[Floats, ...]  # references (table rows, d), one per commissioning of chance; here comes last
    scaling: InputScaling
    spec: FeatureSpec
    recipe: TrainConfig
    groups: Mapping[str, NDArray[np.bool_]]


def windows_of(
    table: Table, *, scaling: InputScaling, spec: FeatureSpec, recipe: TrainConfig, rng: np.random.Generator
) -> Windows:
    """The windows that `recipe` trains on, with commissionings drawn by `rng`."""
    rows = np.flatnonzero(~table.baseline)
    return Windows(
        table=table,
        targets=np.array([FAULTS.index(label) for label in table.labels]),
        rows=rows,
        chances=sampling_weights(table, rows, recipe.real_share, foreign_share=recipe.foreign_share),
        commissioned=tuple(commissionings(table, scaling.speed_bound, draws=recipe.reference_draws, rng=rng)),
        scaling=scaling,
        spec=spec,
        recipe=recipe,
        groups=mask_groups(spec),
    )


def draw_rows(windows: Windows, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Rows of the table, (count,)."""
    return rng.choice(windows.rows, count, p=windows.chances)


def inputs_of(windows: Windows, batch: NDArray[np.intp], commissioning: int, rng: np.random.Generator) -> Floats:
    """Encoder inputs (batch, inputs) of rows, beside the healthy reference of that commissioning of chance.

    A fault of degree is learnt beside a reference of its own speed and never without.
    """
    table, commissioned = windows.table, windows.commissioned
    of_degree = np.isin(table.labels[batch], FAULTS_OF_DEGREE)
    healthy = np.where(of_degree[:, np.newaxis], commissioned[-1][batch], commissioned[commissioning][batch])
    return seen(windows, table.values[batch], table.known[batch], healthy, keep=of_degree, rng=rng)


def seen(
    windows: Windows,
    values: Floats,
    known: NDArray[np.bool_],
    healthy: Floats,
    *,
    keep: NDArray[np.bool_],
    rng: np.random.Generator,
) -> Floats:
    """Encoder inputs of windows (n, d), a part of what is known hidden; the reference `healthy` stays where `keep`."""
    masking = windows.recipe.masking
    left = hide(known, masking, dict(windows.groups), rng)
    forgotten = (rng.random(len(values)) < masking.reference) & ~keep
    return windows.scaling.inputs(values, left, np.where(forgotten[:, np.newaxis], np.float32(np.nan), healthy))
