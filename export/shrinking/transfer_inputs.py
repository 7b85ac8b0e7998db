"""Inputs to learn a finished network by: its own training windows and imagined ones between them, seen as at a sensor.

What an installation may not know is hidden at random, as in training; a label is only given where it can be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.dsp.encoder_inputs import LIMIT, InputScaling
from agent.dsp.spectra import FeatureSpec
from agent.faults import FAULTS_OF_DEGREE
from agent.types import FAULTS
from export.data.healthy import commissionings
from export.data.sampling import sampling_weights
from export.data.table import Table
from export.network.graph import Floats
from export.training.masking import hide, mask_groups
from export.training.teacher import TeacherConfig, mix
from export.training.train import TrainConfig


@dataclass(frozen=True, slots=True)
class Windows:
    """What inputs are drawn from."""

    table: Table
    rows: NDArray[np.intp]  # that are no baselines
    chances: NDArray[np.float64]  # of each row
    commissioned: tuple[Floats, ...]  # references (table rows, d), one per commissioning of chance
    scaling: InputScaling
    spec: FeatureSpec
    recipe: TrainConfig
    groups: Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Encoder inputs; the first ones are recorded or simulated windows with a label, the others imagined."""

    inputs: Floats  # (n, inputs)
    targets: NDArray[np.intp]  # (labelled,) numbers of FAULTS


def windows_of(
    table: Table, *, scaling: InputScaling, spec: FeatureSpec, recipe: TrainConfig, rng: np.random.Generator
) -> Windows:
    """The windows that `recipe` trained on, with commissionings drawn by `rng`."""
    rows = np.flatnonzero(~table.baseline)
    return Windows(
        table=table,
        rows=rows,
        chances=sampling_weights(table, rows, recipe.real_share),
        commissioned=tuple(commissionings(table, scaling.speed_bound, draws=recipe.reference_draws, rng=rng)),
        scaling=scaling,
        spec=spec,
        recipe=recipe,
        groups=mask_groups(spec),
    )


def draw(windows: Windows, labelled: int, imagined: int, rng: np.random.Generator) -> Drawn:
    """`labelled` windows of the table and `imagined` ones between them, masked and disturbed as in training."""
    table, recipe = windows.table, windows.recipe
    batch = rng.choice(windows.rows, labelled, p=windows.chances)
    reference = windows.commissioned[rng.integers(len(windows.commissioned))]
    relative = np.isin(table.labels[batch], FAULTS_OF_DEGREE)  # no such label can be told without a reference
    healthy = np.where(relative[:, np.newaxis], windows.commissioned[-1][batch], reference[batch])  # of this speed
    recorded = _seen(windows, table.values[batch], table.known[batch], healthy, relative, rng)
    measured = recorded[:, : 2 * len(windows.scaling.mean)]  # what follows says what is known, and that is exact
    jitter = rng.normal(0, recipe.noise, measured.shape).astype(np.float32)
    measured[...] = np.clip(np.where(measured == 0, 0, measured + jitter), -LIMIT, LIMIT)  # no sensor exceeds it

    config = msgspec.structs.replace(recipe.teacher or TeacherConfig(), windows=imagined)
    values, known, healthy = mix(
        table.take(windows.rows), [each[windows.rows] for each in windows.commissioned],
        scaling=windows.scaling, spec=windows.spec, config=config, rng=rng,
    )  # fmt: skip
    between = _seen(windows, values, known, healthy, np.zeros(imagined, np.bool_), rng)
    targets = np.array([FAULTS.index(label) for label in table.labels[batch]])
    return Drawn(np.concatenate([recorded, between]), targets)


def _seen(
    windows: Windows, values: Floats, known: NDArray[np.bool_], reference: Floats, keep: NDArray[np.bool_],
    rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """Encoder inputs of windows (n, d) with a part of what is known hidden; the reference stays where `keep`."""
    masking = windows.recipe.masking
    seen = hide(known, masking, dict(windows.groups), rng)
    forgotten = (rng.random(len(values)) < masking.reference) & ~keep
    return windows.scaling.inputs(values, seen, np.where(forgotten[:, np.newaxis], np.float32(np.nan), reference))
