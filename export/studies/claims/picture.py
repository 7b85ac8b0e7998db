"""Claims and axes as one picture: differences beside what matters, and a panel for each axis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from export.studies.claims.axes import Axis, Point, axes
from export.studies.claims.findings import Findings
from export.studies.claims.verdicts import Decision, Verdict

mpl.use("Agg")
from matplotlib import pyplot as plt

COLOURS: dict[Verdict, str] = {
    "supported": "tab:green",
    "refuted": "tab:red",
    "smaller": "tab:blue",
    "undecided": "grey",
}
MARKS = "osD^v"
ACROSS = 4


def draw_findings(path: Path, findings: Findings) -> None:
    """One PNG: above, each claim's difference with its interval of 95 %; below, the axes."""
    drawn = [axis for axis in axes() if any(point.axis == axis.name for point in findings.points)]
    down = int(np.ceil(len(drawn) / ACROSS))
    figure = plt.figure(figsize=(4 * ACROSS, 5 + 3 * down), layout="constrained")
    grid = figure.add_gridspec(1 + down, ACROSS, height_ratios=[1.6, *[1.0] * down])
    _draw_claims(figure.add_subplot(grid[0, :]), findings.decisions, findings.plan.wanted.delta)
    for number, axis in enumerate(drawn):
        panel = figure.add_subplot(grid[1 + number // ACROSS, number % ACROSS])
        _draw_axis(panel, axis, [point for point in findings.points if point.axis == axis.name])
    figure.suptitle(
        f"{findings.finished} of {findings.plan.trials} trials; points: mean over columns, spread over seeds",
        fontsize=9,
    )
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _draw_claims(panel: Any, decisions: Sequence[Decision], delta: float) -> None:
    shown = [one for one in decisions if one.difference is not None][::-1]
    panel.axvspan(-delta, delta, color="whitesmoke", label=f"within {delta:g}")
    panel.axvline(0, color="black", linewidth=0.5)
    for place, one in enumerate(shown):
        if one.difference is None:
            continue
        bounds, colour = one.difference.interval, COLOURS[one.verdict]
        if bounds is not None:
            panel.plot([bounds.low, bounds.high], [place, place], color=colour)
        panel.plot([one.difference.mean], [place], "o", color=colour)
    panel.set_yticks(range(len(shown)), [f"{one.claim}: {one.verdict}" for one in shown])
    panel.set(xlabel="difference, positive where it is as was said; 95 % of each claim alone")
    panel.legend(loc="lower right", fontsize=7)


def _draw_axis(panel: Any, axis: Axis, points: Sequence[Point]) -> None:
    for mark, objective in zip(MARKS, dict.fromkeys(point.objective for point in points), strict=False):
        own = [point for point in points if point.objective == objective]
        places = [axis.at.index(point.at) for point in own]
        means, spreads = [point.balanced_accuracy for point in own], [point.spread for point in own]
        panel.errorbar(places, means, yerr=spreads, fmt=f"{mark}-", markersize=4, capsize=2, label=objective)
    panel.set_xticks(range(len(axis.at)), axis.at)
    panel.set(xlabel=axis.name, ylabel="balanced accuracy")
    panel.legend(loc="best", fontsize=7)
