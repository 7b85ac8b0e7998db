"""An evaluation as pictures: which faults were taken for which, and how near the descriptions lie to each of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np

from export.evaluation.evaluate import Evaluation

mpl.use("Agg")
from matplotlib import pyplot as plt


def draw_evaluation(folder: Path, evaluation: Evaluation) -> tuple[Path, Path]:
    """`confusion.png` and `similarity.png` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    confusion, similarity = folder / "confusion.png", folder / "similarity.png"
    low, high = evaluation.interval.low, evaluation.interval.high
    title = f"{evaluation.bundle}: balanced accuracy {evaluation.balanced_accuracy:.3f} ({low:.3f} to {high:.3f})"
    _draw(confusion, evaluation.confusion, title=title, limits=(0, 1), colours="Blues", columns="nearest description")
    title = f"{evaluation.bundle}: mean cosine of window and description"
    _draw(similarity, evaluation.similarity, title=title, limits=(-1, 1), colours="RdBu_r", columns="description")
    return confusion, similarity


def _draw(
    path: Path,
    cells: Mapping[str, Mapping[str, float]],
    *,
    title: str,
    limits: tuple[float, float],
    colours: str,
    columns: str,
) -> None:
    rows, names = list(cells), list(next(iter(cells.values())))
    values = np.array([[cells[row][name] for name in names] for row in rows])
    size = (3 + 0.8 * len(names), 2.5 + 0.6 * len(rows))
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    axes.imshow(values, vmin=limits[0], vmax=limits[1], cmap=colours)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    for (row, column), value in np.ndenumerate(values):
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=8)
    axes.set(xlabel=columns, ylabel="label")
    axes.set_title(title, fontsize=9)
    figure.savefig(path, dpi=100)
    plt.close(figure)
