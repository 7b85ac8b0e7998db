"""Pictures of a training: the loss over its steps, and what held-out windows were taken for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

from agent.types import FAULTS
from export.calibration.temperature import HeldOut
from export.data.table import Table
from export.scoring.score import nearest

mpl.use("Agg")
from matplotlib import pyplot as plt

SMOOTHING = 50  # steps


def draw_curves(path: Path, losses: Sequence[float], held_out: HeldOut, table: Table) -> None:
    """One PNG: smoothed loss on the left, confusion of held-out groups in shares per true fault on the right."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5), layout="constrained")
    width = min(SMOOTHING, len(losses))
    left.plot(np.convolve(losses, np.ones(width) / width, mode="valid"))
    left.set(xlabel="step", ylabel="loss", title=f"training loss, mean of {width} steps")
    predicted, labels = nearest(held_out.similarity, FAULTS), table.labels[held_out.rows]
    counts = np.array([[((labels == true) & (predicted == called)).sum() for called in FAULTS] for true in FAULTS])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    right.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    right.set_xticks(range(len(FAULTS)), FAULTS, rotation=45, ha="right")
    right.set_yticks(range(len(FAULTS)), FAULTS)
    for row in range(len(FAULTS)):
        for column in range(len(FAULTS)):
            right.text(column, row, f"{shares[row, column]:.2f}", ha="center", va="center", fontsize=7)
    right.set(xlabel="said", ylabel="true", title="groups left out of training")
    figure.savefig(path, dpi=100)
    plt.close(figure)
