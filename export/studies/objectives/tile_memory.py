"""What plain and tiled losses take of memory and time, by batch: `python -m export.studies.objectives.tile_memory`.

Every cell is a process of its own, whose peak resident memory is read once with the vectors alone and once after a
step down the loss: allocators give little back, so that one process could not tell two cells apart.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import product

import torch
from torch.nn import functional

from export.training.objectives import OBJECTIVES

BATCHES = (256, 1024, 4096, 16384)
NAMES = ("infonce", "infonce/tiled", "triplet", "triplet/tiled")
LABELS, DIM = 9, 64


def peak_mb() -> float:
    """Of this process, resident, since it began."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str, batch: int) -> tuple[float, float]:
    """MB beyond the vectors and seconds of one forward and backward pass; `batch` vibrations and as many sentences."""
    generator = torch.Generator().manual_seed(0)
    anchors, texts = (
        functional.normalize(torch.randn(batch, DIM, generator=generator), dim=1).requires_grad_() for _ in range(2)
    )
    labels = torch.arange(batch) % LABELS
    few = torch.arange(2 * LABELS)
    torch.autograd.backward(OBJECTIVES[name](anchors[few], labels[few], texts[few], labels[few]))  # what is loaded once
    before, start = peak_mb(), time.perf_counter()
    torch.autograd.backward(OBJECTIVES[name](anchors, labels, texts, labels))
    return peak_mb() - before, time.perf_counter() - start


def main() -> None:
    """One row per loss and batch."""
    print(f"{'loss':<16}{'batch':>8}{'MB':>10}{'s':>10}")
    context = multiprocessing.get_context("fork")  # what is loaded is not loaded anew for every cell
    for batch, name in product(BATCHES, NAMES):
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            megabytes, seconds = pool.submit(measure, name, batch).result()
        print(f"{name:<16}{batch:>8}{megabytes:>10.1f}{seconds:>10.3f}", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)  # a forked process has none of the threads of its parent
    main()
