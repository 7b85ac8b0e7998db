"""What a batch shows: everything may be hidden but what a label rests on."""

from __future__ import annotations

import numpy as np
from small_windows import SPEC, small_table

from agent.types import FAULTS
from export.data.table import join
from export.training.batches import inputs_of, windows_of
from export.training.masking import Masking
from export.training.recipe import TrainConfig
from export.training.train import fit_scaling

OF_DEGREE = ("looseness", "imbalance", "misalignment")


def test_the_healthy_reference_is_never_hidden_from_a_fault_of_degree() -> None:
    healthy = small_table(8)
    baseline = healthy.take(healthy.labels == "healthy")
    baseline.baseline[:] = True
    table = join([healthy, baseline])
    recipe = TrainConfig(masking=Masking(reference=1.0))
    rng = np.random.default_rng(0)
    windows = windows_of(table, scaling=fit_scaling(table, SPEC, ()), spec=SPEC, recipe=recipe, rng=rng)
    batch = windows.rows
    for commissioning in range(len(windows.commissioned)):
        compared = inputs_of(windows, batch, commissioning, rng)[:, -1] > 0  # the last input says so
        for fault in FAULTS:
            assert compared[table.labels[batch] == fault].all() == (fault in OF_DEGREE), fault
            assert compared[table.labels[batch] == fault].any() == (fault in OF_DEGREE), fault
