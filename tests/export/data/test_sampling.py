"""How much a simulated window is worth beside another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_windows import small_table

from agent.types import FAULTS
from export.data.sampling import sampling_weights
from export.data.table import join

OF_DEGREE = ("looseness", "imbalance", "misalignment")


def test_a_simulated_fault_of_degree_is_drawn_three_times_as_often_as_another_fault() -> None:
    recorded, simulated = small_table(4), small_table(6)
    table = join([recorded, replace(simulated, machines=np.full(len(simulated), "sim-1"))])
    weights = sampling_weights(table, np.arange(len(table)), 0.4)
    made_up = np.arange(len(table)) >= len(recorded)
    assert weights[made_up].sum() == pytest.approx(0.6)
    for fault in FAULTS:
        shares = [weights[(table.labels == fault) & side].sum() for side in (made_up, ~made_up)]
        worth = 3 if fault in OF_DEGREE else 1
        assert shares == pytest.approx([0.6 * worth / (3 * 3 + 5), 0.4 / 8])
