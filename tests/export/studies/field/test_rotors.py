"""Rotors as a finished bundle names them: with a healthy state of the same speed, and never without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.faults import FAULTS_OF_BEARINGS
from export.studies.field.brito import FAULTS, said_of_brito
from export.studies.field.judged import finished
from export.studies.field.rotor import FIRST_MACHINE, LABELS, LEVELS, NO_BASELINE, judge_rotor, said_of_rotors
from export.studies.field.said import as_levels

OF_THE_ROTOR = {"imbalance", "looseness", "misalignment", "rotor"}


@pytest.mark.long
def test_faults_of_degree_are_named_beside_a_healthy_state_alone() -> None:
    rotor = judge_rotor(finished("default"), FIRST_MACHINE)
    rows = said_of_rotors([rotor], overlap=4)
    assert len(rows) == len(LEVELS) * len(LABELS)
    for row in rows:
        if row.what.endswith((NO_BASELINE, "no speed")):
            assert not OF_THE_ROTOR & row.said.keys(), row
        if row.what.endswith(("no geometry", "no speed")):
            assert not set(FAULTS_OF_BEARINGS) & row.said.keys(), row
    levels = as_levels(rows)
    assert levels["simulated rotors, all known"]["imbalance"].right > 0.8


@pytest.mark.data
@pytest.mark.long
def test_a_recorded_imbalance_is_named_on_every_sensor(shared_data: Path) -> None:
    levels = as_levels(said_of_brito(finished("default"), shared_data / "brito"))
    known, blind = levels["recorded rotor, all known"], levels[f"recorded rotor, {NO_BASELINE}"]
    assert set(known) == set(FAULTS)
    assert known["imbalance"].right == 1
    assert blind["imbalance"].open == 1
