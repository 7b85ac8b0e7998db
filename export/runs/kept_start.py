"""What a run keeps of a student that began without labels: the start of its folds, for all who make them again.

`start.npz` lies in the folder of a run whose folds began there, with the hashes of files that were heard without a
label and not with one since: they are new to whoever goes on, and no fold may have heard them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from agent.dsp.encoder_inputs import InputScaling, view_shares
from export.runs.folder import Run, RunError
from export.training.start import Start

FILE = "start.npz"
SCALING, UNLABELLED, WEIGHT = "scaling", "unlabelled", "weight/"


def keep_start(folder: Path, start: Start | None, unlabelled: Iterable[int]) -> None:
    """Write the start of the folds, None for chance, and the hashes of files heard `unlabelled`, or nothing."""
    hashes = np.array(sorted(unlabelled), "<u8")
    arrays: dict[str, Any] = {UNLABELLED: hashes}
    if start is not None:
        scaling = start.scaling
        arrays[SCALING] = np.stack([scaling.mean, scaling.gain, scaling.deviation_gain])
        arrays |= {f"{WEIGHT}{name}": value.numpy() for name, value in (start.weights or {}).items()}
    if start is None and not len(hashes):
        (folder / FILE).unlink(missing_ok=True)
        return
    with (folder / FILE).open("wb") as file:
        np.savez(file, **arrays)


def start_in(run: Run) -> Start | None:
    """That of the run's folds; None where they began by chance. RunError where it is missing or cannot be read."""
    if run.config.begun is None or not run.config.begun.folds:
        return None
    arrays = _arrays(run)
    if SCALING not in arrays:
        raise _damaged(run)
    rows, shares = arrays[SCALING], view_shares(run.config.spec)
    if rows.shape != (3, len(shares)):
        raise _damaged(run)
    weights = {
        name.removeprefix(WEIGHT): torch.from_numpy(value) for name, value in arrays.items() if name.startswith(WEIGHT)
    }
    return Start(InputScaling(rows[0], rows[1], rows[2], shares), weights)


def unlabelled_in(run: Run) -> frozenset[int]:
    """Hashes of the files that the run's student has heard without labels alone."""
    if run.config.begun is None or not (run.folder / FILE).is_file():
        return frozenset()
    return frozenset(_arrays(run)[UNLABELLED].tolist())


def _arrays(run: Run) -> Mapping[str, Any]:
    try:
        with (run.folder / FILE).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {UNLABELLED: np.array([], "<u8"), **{name: arrays[name] for name in arrays.files}}
    except Exception as error:  # numpy and zipfile raise nearly anything on a damaged file
        raise _damaged(run) from error


def _damaged(run: Run) -> RunError:
    return RunError(
        f"{run.folder / FILE}: is missing or damaged; take the run folder from a copy, or make it anew "
        "(`python -m export train --from` with --replace)"
    )
