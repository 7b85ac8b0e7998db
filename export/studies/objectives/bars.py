"""A comparison of objectives as a picture: a bar per objective, its spread over seeds, and a dot per column."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

from export.studies.objectives.table import Standings

mpl.use("Agg")
from matplotlib import pyplot as plt

MARKS = "osD^vP*X"
CHANCE = 1 / 8  # of eight faults


def draw_standings(path: Path, standings: Standings) -> None:
    """One PNG: a panel per share of the windows, objectives in the order of the first panel."""
    order = list(dict.fromkeys(row.objective for row in standings.rows))[::-1]
    panels = len(standings.windows)
    figure, axes = plt.subplots(
        1, panels, figsize=(1.5 + 5 * panels, 1.5 + 0.4 * len(order)), layout="constrained", sharey=True, squeeze=False
    )
    for panel, (share, windows) in zip(axes[0], standings.windows.items(), strict=True):
        rows = {row.objective: row for row in standings.rows if f"{row.share:g}" == share}
        places = np.arange(len(order))
        means, spreads = ([getattr(rows[name], what) for name in order] for what in ("balanced_accuracy", "spread"))
        panel.barh(places, means, xerr=spreads, color="lightsteelblue", ecolor="black", capsize=3)
        for mark, column in zip(MARKS, windows, strict=False):
            panel.plot([rows[name].columns[column] for name in order], places, mark, markersize=4, label=column)
        panel.axvline(CHANCE, color="grey", linestyle=":", label="chance")
        panel.set_yticks(places, order)
        panel.set(
            xlim=(0, 1), xlabel="balanced accuracy, with baseline", title=f"{100 * float(share):g} % of the windows"
        )
    axes[0, -1].legend(loc="lower right", fontsize=7)
    figure.suptitle(f"mean over columns, spread over {standings.seeds} seeds", fontsize=9)
    figure.savefig(path, dpi=100)
    plt.close(figure)
