"""Few labels as a picture: balanced accuracy over the number of labels, a line per start, a panel per column."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

from export.studies.fewlabels.study import NONE
from export.studies.fewlabels.summary import Worth

mpl.use("Agg")
from matplotlib import pyplot as plt

CHANCE = 1 / 8  # of eight faults


def draw_worth(path: Path, worth: Worth) -> None:
    """One PNG; the mean over columns, with the spread over seeds, comes last."""
    panels = (*worth.columns, "mean")
    figure, axes = plt.subplots(
        1, len(panels), figsize=(4 * len(panels), 4.5), layout="constrained", sharey=True, squeeze=False
    )
    ways = list(dict.fromkeys(row.way for row in worth.rows))
    for panel, name in zip(axes[0], panels, strict=True):
        for way in ways:
            rows = [row for row in worth.rows if row.way == way]
            scores = [row.balanced_accuracy if name == "mean" else row.columns[name] for row in rows]
            spreads = [row.spread or 0.0 for row in rows] if name == "mean" else None
            style = {"color": "black", "linewidth": 2.5} if way == NONE else {}
            counts = [row.labels for row in rows]
            panel.errorbar(counts, scores, yerr=spreads, marker="o", capsize=3, label=way, **style)
        panel.axhline(CHANCE, color="grey", linestyle=":")
        panel.set(xscale="log", xlabel="labelled windows per fault and machine", title=name)
    axes[0, 0].set_ylabel("balanced accuracy, with healthy state")
    axes[0, -1].legend(fontsize=8)
    figure.savefig(path, dpi=100)
    plt.close(figure)
