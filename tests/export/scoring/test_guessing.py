"""A run's own figures are held against chance: guessing and labels never recognised are said with both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from export.data.table import Table, join
from export.data.windows import labelled
from export.scoring.doubts import chances_of, doubts_of

LABELS = ("healthy", "inner_race", "ball", "cage")


def windows(label: str, group: str, *, machine: str = "pump", baseline: bool = False) -> Table:
    values = np.zeros((2, 3), np.float32)
    known = np.ones((2, 3), np.bool_)
    about = {"label": label, "group": group, "machine": machine, "recording": group}
    return labelled(values, known, **about, rpm=1500.0, baseline=baseline)


def table(*, groups: int = 2) -> Table:
    return join(
        [
            windows(label, f"{machine}{label}{number}", machine=f"{machine}-1")
            for machine in ("pump", "sim")
            for label in LABELS
            for number in range(groups)
        ]
    )


def figures(pump: float = 0.9, sim: float = 0.8, **recall: float) -> dict[str, Any]:
    shares = dict.fromkeys(LABELS, 0.9) | recall
    return {"balanced_accuracy_by_family": {"pump": pump, "sim": sim}, "recall_per_label": shares}


def test_what_does_better_than_chance_is_not_doubted() -> None:
    assert doubts_of(figures(), table()) == doubts_of(figures(0.31, 0.31), table())
    assert doubts_of(figures(), table()) == ()


def test_a_family_that_is_guessed_is_said_with_its_chance_and_is_not_all() -> None:
    (line,) = doubts_of(figures(pump=0.29), table())
    assert "pump is named no better than by guessing: balanced accuracy 0.29" in line
    assert "whoever always says the same has 0.25" in line


@pytest.mark.parametrize(
    ("held_out", "told"),
    [
        (figures(0.25, 0.3), "sim is named no better"),
        (figures(healthy=0.0), "healthy is hardly ever recognised: in 0%"),
    ],
)
def test_guessing_and_never_hearing_health_are_told(held_out: dict[str, Any], told: str) -> None:
    assert any(told in line for line in doubts_of(held_out, table()))


def test_a_label_that_no_student_can_have_heard_says_nothing_against_a_run() -> None:
    told_once = join([table(), windows("looseness", "one")])
    assert doubts_of(figures(looseness=0.0), told_once) == ()
    one_group_each = join([windows(label, label) for label in LABELS])
    (nothing_known,) = doubts_of(figures(0.0, 0.0, healthy=0.0), one_group_each)
    assert "one group alone" in nothing_known


def test_chance_is_counted_over_labels_that_are_judged() -> None:
    more = [windows("looseness", "b", baseline=True), windows("healthy", "x", machine="fan")]
    assert chances_of(join([table(), *more])) == {"pump": 0.25, "sim": 0.25}
