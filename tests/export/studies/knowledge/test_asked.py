"""What is asked of rigs left out: the limit is chosen on others alone, and whom questions name is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from one_alert import DIAGNOSIS

from agent.bearings.catalogue import SEARCHED, catalogue, difference
from agent.machine import BallCount
from agent.types import Candidate, Diagnosis, Question, Standing, StandingLine
from export.commands.asked import asked_as_text
from export.studies.knowledge.asked import LIMITS, Asked, Sound, Study, Told, _is_among, _limit, _others

BPFO = catalogue()["6205"].orders.bpfo


def heard(family: str, label: str, above_floor_db: float) -> tuple[Sound, list[Diagnosis]]:
    """A window whose four lines at BPFO stand so high."""
    lines = tuple(StandingLine(k * BPFO, k * BPFO * 23.0, above_floor_db) for k in (1, 2, 3, 4))
    window = replace(DIAGNOSIS, standing=Standing(lines, 600.0, 0.5, (23.0,), None))
    return Sound(family, label, np.zeros((1, 1), np.float32), 1.0, 1380.0, None), [window]


def test_a_limit_is_chosen_on_healthy_windows_of_others_alone() -> None:
    loud, quiet = 12.0, 5.0  # dB: a family of 2.8, and one that no limit would ask about
    others = [heard("hit", "healthy", quiet)]
    assert _limit(others, "cwru") == LIMITS[0]
    mine = [*others, heard("cwru", "healthy", loud), heard("dressed cwru", "healthy", loud)]
    assert _limit([*mine, heard("uestc", "ball", loud), heard("simulated odd", "healthy", loud)], "cwru") == LIMITS[0]
    assert _limit([*mine, heard("dressed uestc", "healthy", loud)], "cwru") == pytest.approx(2.85)
    assert _limit([*mine, heard("dressed uestc", "healthy", 30.0)], "cwru") == LIMITS[-1]


def test_the_true_bearing_is_among_those_asked_about_where_its_like_is() -> None:
    own = catalogue()["6205"].inside
    assert _is_among(own, asking("6308", "6206"))  # a 6206's lines lie within the search for a 6205's
    assert not _is_among(own, asking("6308"))
    assert not _is_among(own, asking())
    assert not _is_among(own, None)
    assert not _is_among(BallCount(9), asking("6205"))


def asking(*bearings: str) -> Question:
    candidates = tuple(Candidate(bearing, "BPFO", 3.58, 0.0, 9) for bearing in bearings)
    return Question("geometry_unknown", None, None, 3.58, 82.0, (), candidates, 44, 2.9, (9,))


def test_every_other_bearing_is_told_whose_lines_are_sought_elsewhere() -> None:
    orders = catalogue()["6205"].orders
    others = _others(catalogue()["6205"].inside)
    alike = [entry for entry in catalogue().values() if difference(orders, entry.orders) <= SEARCHED]
    assert len(others) + len(alike) == len(catalogue())
    assert _others(None) == []


def test_the_table_has_a_row_per_label_and_per_rig() -> None:
    told = Told(10, 6, 1, 2, 1, 4)
    study = Study({"cwru": 2.4}, {"cwru": {"ball": Asked(3, 1, 1, 0, 0, None)}}, {"cwru": told}, {"cwru": told})
    text = asked_as_text(study)
    assert "cwru: ball (2.40)" in text
    assert "cwru: its own" in text
    assert "cwru: another" in text
