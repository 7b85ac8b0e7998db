"""Windows without a recording behind them, for tests that train: every fault shows in features of its own."""

from __future__ import annotations

import numpy as np

from agent.dsp.features import feature_names
from agent.dsp.spectra import FeatureSpec
from agent.types import FAULTS
from export.data.table import Table, join
from export.data.windows import labelled

SPEC = FeatureSpec()


def small_table(per_label: int = 12, *, groups: int = 1, seed: int = 0) -> Table:
    """`per_label` windows of each fault of one machine, in as many groups per fault."""
    rng = np.random.default_rng(seed)
    d = len(feature_names(SPEC))
    tables = []
    for number, fault in enumerate(FAULTS):
        for group in range(groups):
            values = rng.normal(size=(per_label // groups, d)).astype(np.float32)
            values[:, number :: len(FAULTS)] += 3
            name = f"{fault}-{group}"
            tables.append(
                labelled(
                    values,
                    np.ones(values.shape, np.bool_),
                    label=fault,
                    group=name,
                    machine="m",
                    recording=name,
                    rpm=1000 + 100 * group,
                    baseline=False,
                    overlap=1,
                )
            )
    return join(tables)
