"""Inputs to learn a finished network by: its training windows and imagined ones between them, seen as in training."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.dsp.encoder_inputs import LIMIT
from export.network.graph import Floats
from export.training.batches import Windows, draw_rows, inputs_of, seen
from export.training.teacher import mix
from export.training.teacher_recipe import TeacherConfig


@dataclass(frozen=True, slots=True)
class Drawn:
    """Encoder inputs; the first ones are recorded or simulated windows with a label, the others imagined."""

    inputs: Floats  # (n, inputs)
    targets: NDArray[np.intp]  # (labelled,) numbers of FAULTS


def draw(windows: Windows, labelled: int, imagined: int, rng: np.random.Generator) -> Drawn:
    """`labelled` windows of the table and `imagined` ones between them, masked and disturbed as in training."""
    recipe = windows.recipe
    batch = draw_rows(windows, labelled, rng)
    recorded = inputs_of(windows, batch, int(rng.integers(len(windows.commissioned))), rng)
    measured = recorded[:, : 2 * len(windows.scaling.mean)]  # what follows says what is known, and that is exact
    jitter = rng.normal(0, recipe.noise, measured.shape).astype(np.float32)
    measured[...] = np.clip(np.where(measured == 0, 0, measured + jitter), -LIMIT, LIMIT)  # no sensor exceeds it

    values, known, healthy = mix(
        windows.table.take(windows.rows),
        [reference[windows.rows] for reference in windows.commissioned],
        scaling=windows.scaling,
        spec=windows.spec,
        config=msgspec.structs.replace(recipe.teacher or TeacherConfig(), windows=imagined),
        rng=rng,
        foreign_share=recipe.foreign_share,
    )
    between = seen(windows, values, known, healthy, keep=np.zeros(imagined, np.bool_), rng=rng)
    return Drawn(np.concatenate([recorded, between]), windows.targets[batch])
