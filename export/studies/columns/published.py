"""The windows that the leak-free columns are made of: the published sets, and simulated machines for training alone.

Every command that trains on columns reads them here, so that all of them work on the same windows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent.dsp.spectra import FeatureSpec
from export.data.foreign import OtherMachines
from export.data.layouts import rows_below
from export.data.manifest import ManifestError
from export.data.simulated import simulated_table
from export.data.windows import table_of
from export.runs.train_run import FIRST_SIMULATED
from export.studies.columns.training_cache import Material

FOLDERS = ("cwru", "hit_selfbuilt", "uestc")


def read_material(data: Path, *, cache: Path, machines: int, tell: Callable[[str], None]) -> Material:
    """Below the folder `data`, with `machines` simulated ones; `tell` hears of each recording that was left out.

    ManifestError where a set is missing or `machines` is negative.
    """
    if machines < 0:
        raise ManifestError("--machines must be at least 0")
    missing = [name for name in FOLDERS if not (data / name).is_dir()]
    if missing:
        raise ManifestError(f"{data}: the columns need the folders {', '.join(missing)}")
    spec = FeatureSpec()
    found = rows_below(data)
    recorded, notes = table_of(found.rows, spec, cache=cache)
    for line in (*found.skipped, *notes):
        tell(f"skipped {line}")
    seeds = range(FIRST_SIMULATED, FIRST_SIMULATED + machines)
    simulated = simulated_table(seeds, spec, cache=cache) if machines else None
    return Material(recorded, simulated, spec, OtherMachines(tuple(found.rows), spec, cache))
