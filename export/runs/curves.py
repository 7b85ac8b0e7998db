"""Pictures of a training: the loss over its steps, and what held-out windows were taken for, or how space was used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

from agent.types import FAULTS
from export.calibration.temperature import HeldOut
from export.data.table import Table
from export.scoring.score import nearest
from export.training.selfsupervised.watch import Look

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

SMOOTHING = 50  # steps


def draw_curves(path: Path, losses: Sequence[float], held_out: HeldOut, table: Table) -> None:
    """One PNG: smoothed loss on the left, confusion of held-out groups in shares per true fault on the right."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5), layout="constrained")
    _draw_loss(left, losses)
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


def draw_looks(path: Path, losses: Sequence[float], looks: Sequence[Look], title: str) -> None:
    """One PNG: smoothed loss of a pre-training on the left, how its embeddings used their space on the right."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5), layout="constrained")
    _draw_loss(left, losses)
    steps = [look.step for look in looks]
    right.plot(steps, [look.effective_rank for look in looks], color="black", label="effective rank")
    right.set(xlabel="step", ylabel="effective rank", title=title, ylim=(0, None))
    beside = right.twinx()
    beside.plot(steps, [look.alignment for look in looks], label="alignment")
    known = [look for look in looks if look.uniformity is not None]
    beside.plot([look.step for look in known], [look.uniformity for look in known], label="uniformity")
    beside.set_ylabel("alignment, uniformity")
    figure.legend(loc="outside lower right", ncols=3)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _draw_loss(axes: Axes, losses: Sequence[float]) -> None:
    width = max(1, min(SMOOTHING, len(losses) // 4))
    axes.plot(np.convolve(losses, np.ones(width) / width, mode="valid"))
    axes.set(xlabel="step", ylabel="loss", title=f"training loss, mean of {width} steps")
