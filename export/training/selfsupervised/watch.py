"""Whether embeddings collapse while they are learnt without labels: looked at now and then on the same windows.

A loss without negatives can fall to its best by saying the same of every window, and it does not show in the loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from export.network.graph import Floats, embed
from export.network.model import Student, fold
from export.scoring.spread import spread_of

LEAST_RANK = 4.0
"""Dimensions below which eight faults cannot lie apart as they should: their descriptions span seven."""
LOST_SHARE = 0.5  # of the rank before training, whose loss is a collapse, too


class Look(msgspec.Struct, frozen=True):
    """What embeddings were after so many steps."""

    step: int
    effective_rank: float
    alignment: float  # to the embedding of another view of the same window, 0 to 4; lower is nearer
    uniformity: float | None  # of pairs of windows; 0 is one point, lower fills the sphere better


class Watch:
    """Keeps what was seen of `student` on inputs (n, inputs) and on another view of each."""

    def __init__(self, student: Student, inputs: Floats, others: Floats) -> None:
        self._student, self._inputs, self._others = student, inputs, others
        self.looks: list[Look] = []

    def look(self, step: int) -> Look:
        """Embed both views as the edge would and keep what that shows; training goes on as it was."""
        learning = self._student.training
        graph = fold(self._student.eval())
        self._student.train(learning)
        spread = spread_of(embed(graph, self._inputs), embed(graph, self._others))
        self.looks.append(Look(step, spread.effective_rank, spread.alignment, spread.uniformity))
        return self.looks[-1]

    def state_dict(self) -> Any:
        return {"looks": [msgspec.to_builtins(look) for look in self.looks]}

    def load_state_dict(self, state_dict: Mapping[str, Any], /) -> Any:
        self.looks = msgspec.convert(state_dict["looks"], list[Look])


def verdict_of(looks: list[Look]) -> tuple[bool, str]:
    """Whether embeddings have collapsed by the last look, and one line that says so either way."""
    first, last = looks[0], looks[-1]
    figures = (
        f"effective rank {first.effective_rank:.1f} -> {last.effective_rank:.1f}, alignment {first.alignment:.2f} -> "
        f"{last.alignment:.2f}, uniformity {_said(first.uniformity)} -> {_said(last.uniformity)}"
    )
    if last.effective_rank < max(LEAST_RANK, LOST_SHARE * first.effective_rank):
        return True, (
            f"WARNING: embeddings collapsed ({figures}): windows of different states say nearly the same, and training "
            "from here starts worse than from chance; take another objective, or fewer steps"
        )
    return False, f"no collapse: {figures}"


def _said(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"
