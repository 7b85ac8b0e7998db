"""What a finished bundle says of windows, counted: by the daemon's own rule, on machines that no training holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from agent.faults import FAULTS, HEALTHY, PARENTS, parent_of
from agent.types import INVALID
from export.evaluation.edge_replay import IDLE
from export.scoring.answers import Answers, Levels, answers_of
from export.scoring.statistics import Share, share_of_count

NAMES = frozenset((*FAULTS, *PARENTS)) - {HEALTHY}


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of all windows of one kind."""

    what: str
    label: str  # "healthy" or a fault id
    machines: int
    windows: int
    said: dict[str, float]  # fault, parent, "healthy", "abnormal", "unknown", "invalid" or "idle" -> share of windows
    answers: Answers
    right: Share | None  # called by its label, or by that label's parent
    named: Share | None  # any fault or parent is said
    alerts: dict[str, int]  # name in an alert that was raised -> how often


def pooled(what: str, label: str, said: Mapping[str, Counter[str]], alerts: Counter[str], *, overlap: float) -> Said:
    """The windows of machines (name -> what is said of how many), each counting alike; `overlap` is window over hop."""
    counts = sum(said.values(), Counter[str]())
    windows = sum(counts.values())
    called = [name for name, count in counts.items() for _ in range(count)]
    right = sum(counts[name] for name in {label, parent_of(label) or label})
    return Said(
        what=what,
        label=label,
        machines=len(said),
        windows=windows,
        answers=answers_of(called, label, unjudged=(INVALID, IDLE)),
        said={name: count / windows for name, count in counts.most_common()},
        right=share_of_count(right, windows, overlap=overlap),
        named=share_of_count(sum(counts[name] for name in NAMES), windows, overlap=overlap),
        alerts=dict(alerts),
    )


def as_levels(rows: Sequence[Said]) -> Levels:
    """What the rows are of -> label -> what is said of its windows."""
    levels: Levels = {}
    for row in rows:
        levels.setdefault(row.what, {})[row.label] = row.answers
    return levels
