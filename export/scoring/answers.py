"""What is said of windows, counted for each label: right, by its parent, wrong, healthy, or left open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from agent.faults import ABNORMAL, HEALTHY, UNKNOWN, parent_of


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shares of the windows of one label."""

    windows: int
    right: float
    parent: float
    wrong: float  # another name, or a parent that is not its own
    healthy: float
    open: float  # no name: abnormal, unknown, or a window that could not be judged


Levels = dict[str, dict[str, Answers]]
"""What is known -> label -> what is said of its windows."""


def answers_of(called: Sequence[str], label: str, *, unjudged: Iterable[str] = ()) -> Answers:
    """Of windows of the fault `label` or healthy ones; `unjudged` are further words that name nothing."""
    said = np.array(called)
    right, healthy, coarse = said == label, said == HEALTHY, said == (parent_of(label) or "")
    unsaid = np.isin(said, (UNKNOWN, ABNORMAL, *unjudged))
    return Answers(
        windows=len(said),
        right=float(right.mean()),
        parent=float(coarse.mean()),
        wrong=float((~(right | healthy | unsaid | coarse)).mean()),
        healthy=float((healthy & ~right).mean()),
        open=float(unsaid.mean()),
    )


def mean_answers(found: Sequence[Levels]) -> Levels:
    """Those of several trainings that judged the same windows."""
    return {
        level: {label: _mean([one[level][label] for one in found]) for label in labels}
        for level, labels in found[0].items()
    }


def _mean(found: Sequence[Answers]) -> Answers:
    shares = ("right", "parent", "wrong", "healthy", "open")
    return Answers(found[0].windows, *(float(np.mean([getattr(one, name) for one in found])) for name in shares))


def answers_as_text(levels: Mapping[str, Mapping[str, Answers]], *, heading: str, width: int) -> list[str]:
    """A heading, then a row per level and label; `width` is that of a level's name."""
    rows = [f"{heading:<{width}}{'label':<13}{'right':>7}{'parent':>7}{'wrong':>7}{'healthy':>8}{'open':>7}"]
    for name, labels in levels.items():
        for label, said in labels.items():
            shares = f"{said.right:>7.2f}{said.parent:>7.2f}{said.wrong:>7.2f}{said.healthy:>8.2f}{said.open:>7.2f}"
            rows.append(f"{name:<{width}}{label:<13}{shares}")
    return rows
