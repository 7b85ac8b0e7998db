"""What a run's own figures say against it: families and labels that its students name no better than a guess would.

The figures are those of groups left out (`held_out_groups` of `metrics.json`). Whoever says the same of every window is
right in 1 / labels of balanced accuracy, whatever he says; that is what chance stands for here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agent.faults import HEALTHY
from export.data.sampling import foreign_rows
from export.data.table import Table

MARGIN = 0.05
"""Balanced accuracy above chance up to which a family counts as guessed; another seed alone moves it by .02 to .04."""
NEVER = 0.05
"""Recall up to which a label counts as never recognised."""
FEWEST_GROUPS = 2
"""Of a label: with one group alone, no student that is asked about it has heard it."""
WAY_OUT = (
    "train longer (--steps, or a recipe that has more), add recordings, or continue a run that knows more; figures by "
    "family and label are in metrics.json (held_out_groups)"
)


def chances_of(table: Table) -> dict[str, float]:
    """Family -> balanced accuracy of whoever always says the same, for those with more than one label to tell apart."""
    judged = ~table.baseline & ~foreign_rows(table)
    families, labels = table.families[judged], table.labels[judged]
    counts = {str(family): len(np.unique(labels[families == family])) for family in np.unique(families)}
    return {family: 1 / count for family, count in counts.items() if count > 1}


def doubts_of(held_out: Mapping[str, Any], table: Table) -> tuple[str, ...]:
    """What `held_out_groups` of a run with the windows `table` gives reason to doubt, in sentences for a person."""
    accuracy: Mapping[str, float] = held_out["balanced_accuracy_by_family"]
    recall: Mapping[str, float] = held_out["recall_per_label"]
    known, chances = _told_twice(table), chances_of(table)
    if not known:
        return ("every label is of one group alone: no figure says whether anything else is recognised",)
    measured = {family: chance for family, chance in chances.items() if family in accuracy}
    guessed = [family for family, chance in measured.items() if accuracy[family] <= chance + MARGIN]
    missed = [label for label, share in recall.items() if label in known and share <= NEVER]
    lines = [
        f"{family} is named no better than by guessing: balanced accuracy {accuracy[family]:.2f}, where whoever always "
        f"says the same has {measured[family]:.2f}"
        for family in guessed
    ]
    lines += [
        f"{label} is hardly ever recognised: in {recall[label]:.0%} of its windows of groups left out"
        + (", so that machines in order are given the names of faults" if label == HEALTHY else "")
        for label in missed
    ]
    return tuple(lines)


def warnings_of(doubts: Sequence[str]) -> list[str]:
    """The same as a command tells them, with what to do about it."""
    return [*(f"WARNING: {doubt}" for doubt in doubts), *([f"way out: {WAY_OUT}"] if doubts else [])]


def _told_twice(table: Table) -> set[str]:
    """Labels of which a student that is asked about one group can have heard another."""
    rows = ~table.baseline & ~foreign_rows(table)
    labels, groups = table.labels[rows], table.groups[rows]
    counts = {str(label): len(np.unique(groups[labels == label])) for label in np.unique(labels)}
    return {label for label, count in counts.items() if count >= FEWEST_GROUPS}
