"""The table of faults: what derives from it follows it, and a row more is all that a new fault needs of the agent."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from curves import logistic
from requirements import ROOT

from agent import faults, types
from agent.diagnosis.grounds import Grounds
from agent.diagnosis.line_check import objection_to
from agent.diagnosis.matching import Calibration, LineLimits, SignLimits
from agent.diagnosis.naming import name_on
from agent.dsp.patterns import PATTERNS
from agent.faults import HEALTHY, TABLE, Fault, ids, own_lines
from agent.machine import FaultOrders
from agent.types import LineHeights, Match, ShaftGrowth, Signs

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
    assert fault.id not in (faults.UNKNOWN, faults.ABNORMAL, faults.INVALID)
    assert fault.kind != "parent" or (faults.children_of(fault.id) and fault.parent is None)


def test_ids_are_unique_and_every_parent_is_a_row_that_no_bundle_need_describe() -> None:
    assert len(ROWS) == len(TABLE)
    assert {fault.id: fault.parent for fault in TABLE if fault.parent} == {
        **dict.fromkeys(faults.FAULTS_OF_BEARINGS, "bearing"),
        "looseness": "rotor",
        "imbalance": "rotor",
    }
    assert faults.PARENTS == ("bearing", "rotor") == (faults.BEARING, faults.ROTOR)
    assert {fault.parent for fault in TABLE if fault.parent} == set(faults.PARENTS) <= set(ROWS)
    assert not set(faults.PARENTS) & set(faults.FAULTS)
    assert faults.children_of("bearing") == faults.FAULTS_OF_BEARINGS
    assert faults.children_of("rotor") == ("looseness", "imbalance")
    assert faults.parent_of("ball") == "bearing"
    assert [faults.parent_of(name) for name in ("bearing", "misalignment", faults.UNKNOWN, "no_row")] == [None] * 4


def test_lists_follow_a_table() -> None:
    more = (*TABLE, Fault("gear_mesh", "degree", lines=("shaft",), struck_every_time=True, needs_baseline=True))
    assert ids(table=more) == (*faults.FAULTS, *faults.PARENTS, "gear_mesh")
    assert ids(lambda fault: fault.needs_baseline, table=more) == (*faults.FAULTS_OF_DEGREE, "rotor", "gear_mesh")
    assert own_lines(more) == {**faults.OWN_LINES, "gear_mesh": ("shaft",)}
    less = tuple(replace(fault, lines=()) for fault in TABLE)
    assert own_lines(less) == {}


def test_every_value_of_types_is_the_table_s_own() -> None:
    assert types.FAULTS is faults.FAULTS
    assert (types.HEALTHY, types.UNKNOWN, types.INVALID) == (faults.HEALTHY, faults.UNKNOWN, faults.INVALID)


GROWTH = {
    "imbalance": ShaftGrowth(0.0, 15.0, 1.0, 1.0, 0.0),
    "looseness": ShaftGrowth(12.0, 15.0, 14.0, 13.0, 0.0),
    "misalignment": ShaftGrowth(0.0, 2.0, 15.0, 1.0, 0.0),
}
SIGNS = SignLimits(impulses=0.3, damage=logistic(10.0, -3.0), own=dict.fromkeys(faults.OWN_LINES, 1.0))


@pytest.mark.parametrize("fault", faults.FAULTS[1:])
def test_what_may_be_named_follows_each_row(fault: str) -> None:
    """With every sign of it there is, a fault of degree needs a healthy state, and a bearing's to be heard."""
    row = ROWS[fault]

    def named(*, has_baseline: bool, hears_bearings: bool) -> str:
        signs = Signs(9.0 if row.kind == "bearing element" else 0.0, True, GROWTH.get(fault))
        heights = LineHeights(*(9.0 * (name == fault) for name in faults.OWN_LINES), above_healthy=True)
        grounds = Grounds(
            matches=(Match(fault, 0.9, 0.9), Match(HEALTHY, 0.1, 0.1)),
            knows_speed=True,
            knows_geometry=True,
            has_baseline=has_baseline,
            within_baseline=False,
            deviates=has_baseline,
            hears_bearings=hears_bearings,
            heights=heights,
            signs=signs,
        )
        return name_on(grounds, Calibration(0.1, 0.0, 0.0, signs=SIGNS)).fault

    best = fault if row.lines or row.kind == "degree" else row.parent  # a cage draws no lines of its own
    assert named(has_baseline=True, hears_bearings=True) == best
    assert named(has_baseline=False, hears_bearings=True) == (faults.UNKNOWN if row.needs_baseline else best)
    deaf = faults.ABNORMAL if row.kind == "bearing element" else best
    assert named(has_baseline=True, hears_bearings=False) == deaf


@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.id)
def test_what_lines_may_say_follows_each_row(fault: Fault) -> None:
    limits = Calibration(1.0, 0.0, 0.0, lines=LineLimits(named=1.0, unnamed=2.0, absent={fault.id: 0.5}))
    silent = LineHeights(*np.zeros(len(faults.OWN_LINES)), above_healthy=True)
    missing = objection_to(fault.id, silent, limits)
    assert (missing is not None) == fault.struck_every_time


SCRIPT = """
from dataclasses import replace
import msgspec, numpy as np
from agent import faults, types
from agent.diagnosis import evidence, line_check, matching, naming
from agent.machine import Geometry
from agent.messages.payloads import schemas
from agent.types import LineHeights, Match, Signs

matches = (Match("roller_end", 0.9, 0.9),)
assert types.FAULTS == faults.FAULTS and faults.FAULTS[-1] == "roller_end"
heights = line_check.as_value(np.array([0, 0, 0, 9], np.float32), above_healthy=True)
assert msgspec.to_builtins(heights)["roller_end"] == 9.0
limits = matching.Calibration(1.0, 0.0, 0.0, lines=matching.LineLimits(1.0, 2.0, {"roller_end": 0.5}))
assert line_check.objection_to("inner_race", heights, limits).lines == "roller_end"
assert line_check.objection_to("roller_end", heights, limits) is None
assert line_check.objection_to("roller_end", LineHeights(0, 0, 0, 0, True), limits).reason == "lines_missing"
damage = matching.Curve((0.0, 1.0), (0.0, 1.0))
signs = matching.Calibration(1.0, 0.0, 0.0, signs=matching.SignLimits(0.3, damage, {"roller_end": 1.0}))
heard = dict(knows_speed=True, knows_geometry=True, has_baseline=True, within_baseline=False, deviates=True)
grounds = naming.Grounds(matches, **heard, hears_bearings=True, heights=heights, signs=Signs(1.0, True, None))
assert naming.name_on(grounds, signs).fault == "roller_end"
assert naming.name_on(replace(grounds, knows_geometry=False), signs).fault == "bearing"
assert naming.name_on(replace(grounds, hears_bearings=False), signs).fault == "abnormal"
assert b'"roller_end"' in schemas()["alert.json"]
"""


def test_a_row_is_all_that_a_new_fault_needs_of_the_agent(tmp_path: Path) -> None:
    """A copy of the agent with one row more, in an interpreter of its own."""
    shutil.copytree(ROOT / "agent", tmp_path / "agent", ignore=shutil.ignore_patterns("bundles", "__pycache__"))
    table = tmp_path / "agent" / "faults.py"
    last = '    Fault("misalignment", "degree", needs_baseline=True),\n'
    row = '    Fault("roller_end", "bearing element", "bearing", lines=("ftf",), struck_every_time=True),\n'
    source = table.read_text(encoding="utf-8")
    assert last in source
    table.write_text(source.replace(last, last + row), encoding="utf-8")
    ran = subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
