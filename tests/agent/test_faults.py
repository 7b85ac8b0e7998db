"""The table of faults: what derives from it follows it, and a row more is all that a new fault needs of the agent."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from requirements import ROOT

from agent import faults, types
from agent.diagnosis.line_check import objection_to
from agent.diagnosis.matching import Calibration, LineLimits, nameable
from agent.dsp.features import PATTERNS
from agent.faults import HEALTHY, TABLE, Fault, ids, own_lines
from agent.machine import FaultOrders
from agent.types import LineHeights, Match

ROWS = {fault.id: fault for fault in TABLE}


def test_the_table_says_what_bundles_and_messages_that_are_out_there_say() -> None:
    """Printing order, the fields of heights and what limits speak of: bundles, state files and readers have them."""
    assert faults.FAULTS == (
        "healthy",
        "inner_race",
        "outer_race",
        "ball",
        "cage",
        "looseness",
        "imbalance",
        "misalignment",
    )
    assert [field.name for field in fields(LineHeights)] == ["inner_race", "outer_race", "ball", "above_healthy"]
    assert faults.STRUCK_EVERY_TIME == ("inner_race", "outer_race")
    assert faults.FAULTS_OF_BEARINGS == ("inner_race", "outer_race", "ball", "cage")
    assert faults.FAULTS_OF_DEGREE == ("looseness", "imbalance", "misalignment")


@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.id)
def test_a_row_names_what_there_is_and_contradicts_nothing(fault: Fault) -> None:
    assert set(fault.lines) <= set(PATTERNS)
    assert fault.frequency is None or fault.frequency in [field.name for field in fields(FaultOrders)]
    assert fault.lines or not fault.struck_every_time
    assert fault.needs_baseline or fault.kind != "degree"
    assert (fault.kind == "healthy") == (fault.id == HEALTHY)
    assert fault.id not in (faults.UNKNOWN, faults.INVALID)


def test_ids_are_unique_and_no_parent_is_described_yet() -> None:
    assert len(ROWS) == len(TABLE)
    assert {fault.id: fault.parent for fault in TABLE if fault.parent} == {
        **dict.fromkeys(faults.FAULTS_OF_BEARINGS, "bearing"),
        "looseness": "rotor",
        "imbalance": "rotor",
    }
    assert not {fault.parent for fault in TABLE} & set(ROWS)


def test_lists_follow_a_table() -> None:
    more = (*TABLE, Fault("gear_mesh", "degree", lines=("shaft",), struck_every_time=True, needs_baseline=True))
    assert ids(table=more) == (*faults.FAULTS, "gear_mesh")
    assert ids(lambda fault: fault.needs_baseline, table=more) == (*faults.FAULTS_OF_DEGREE, "gear_mesh")
    assert own_lines(more) == {**faults.OWN_LINES, "gear_mesh": ("shaft",)}
    less = tuple(replace(fault, lines=()) for fault in TABLE)
    assert own_lines(less) == {}


def test_every_value_of_types_is_the_table_s_own() -> None:
    assert types.FAULTS is faults.FAULTS
    assert (types.HEALTHY, types.UNKNOWN, types.INVALID) == (faults.HEALTHY, faults.UNKNOWN, faults.INVALID)


@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.id)
def test_what_may_be_named_follows_each_row(fault: Fault) -> None:
    matches = tuple(Match(name, 0.5, 0.5) for name in dict.fromkeys((HEALTHY, fault.id)))

    def named(**known: bool) -> bool:
        return fault.id in {match.fault for match in nameable(matches, **known)}

    assert named(has_baseline=True, hears_bearings=True)
    assert named(has_baseline=False, hears_bearings=True) == (not fault.needs_baseline)
    assert named(has_baseline=True, hears_bearings=False) == (fault.kind != "bearing element")


@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.id)
def test_what_lines_may_say_follows_each_row(fault: Fault) -> None:
    limits = Calibration(1.0, 0.0, 0.0, lines=LineLimits(named=1.0, unnamed=2.0, absent={fault.id: 0.5}))
    silent = LineHeights(*np.zeros(len(faults.OWN_LINES)), above_healthy=True)
    missing = objection_to(fault.id, silent, limits)
    assert (missing is not None) == fault.struck_every_time


SCRIPT = """
import msgspec, numpy as np
from agent import faults, types
from agent.diagnosis import evidence, line_check, matching
from agent.machine import Geometry
from agent.messages.payloads import schemas
from agent.types import LineHeights, Match

matches = (Match("roller_end", 0.9, 0.9),)
assert types.FAULTS == faults.FAULTS and faults.FAULTS[-1] == "roller_end"
assert matching.nameable(matches, has_baseline=True, hears_bearings=False) == ()
assert matching.nameable(matches, has_baseline=False, hears_bearings=True) == ()
assert matching.nameable(matches, has_baseline=True, hears_bearings=True) == matches
heights = line_check.as_value(np.array([0, 0, 0, 9], np.float32), above_healthy=True)
assert msgspec.to_builtins(heights)["roller_end"] == 9.0
limits = matching.Calibration(1.0, 0.0, 0.0, lines=matching.LineLimits(1.0, 2.0, {"roller_end": 0.5}))
assert line_check.objection_to("inner_race", heights, limits).lines == "roller_end"
assert line_check.objection_to("roller_end", heights, limits) is None
assert line_check.objection_to("roller_end", LineHeights(0, 0, 0, 0, True), limits).reason == "lines_missing"
assert b'"roller_end"' in schemas()["alert.json"]
"""


def test_a_row_is_all_that_a_new_fault_needs_of_the_agent(tmp_path: Path) -> None:
    """A copy of the agent with one row more, in an interpreter of its own."""
    shutil.copytree(ROOT / "agent", tmp_path / "agent", ignore=shutil.ignore_patterns("bundles", "__pycache__"))
    table = tmp_path / "agent" / "faults.py"
    last = '    Fault("misalignment", "degree", needs_baseline=True),\n'
    row = '    Fault("roller_end", "bearing element", lines=("ftf",), struck_every_time=True, needs_baseline=True),\n'
    source = table.read_text(encoding="utf-8")
    assert last in source
    table.write_text(source.replace(last, last + row), encoding="utf-8")
    ran = subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
